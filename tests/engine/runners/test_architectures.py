"""The recorder on every family of networks, against plain torch with forward hooks."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pytest
import torch
from torch import Tensor, nn
from torch.autograd.graph import allow_mutation_on_saved_tensors

from netviz_desktop.engine import memory
from netviz_desktop.engine.forward_pass import ForwardPass
from netviz_desktop.engine.runners import runner
from netviz_desktop.graph import ModelGraph
from netviz_desktop.readers import OpenedModel
from tests.engine.runners.architectures import CASES, FromDictionary

NOTHING_KNOWN = ModelGraph("PyTorch module", "test", (), (), (), {})


@pytest.fixture(params=CASES)
def case(request: pytest.FixtureRequest) -> tuple[nn.Module, dict[str, Tensor]]:
    torch.manual_seed(0)
    make, make_inputs = CASES[request.param]
    return make().train(), make_inputs()


def run(module: nn.Module, inputs: dict[str, Tensor]) -> ForwardPass:
    found = runner(OpenedModel(NOTHING_KNOWN, executable=module), torch.device("cpu"))
    return found.run(inputs)


@dataclass
class Output:
    """A tensor that a call of a module gave, as plain torch and its hooks see it."""

    path: str
    tensor: Tensor
    gradient: Tensor | None = None


@dataclass
class Judged:
    outputs: list[Output]
    results: list[Tensor]
    target: int


def judge(module: nn.Module, inputs: dict[str, Tensor]) -> Judged:
    """Every call of every module, and its gradient of one element of the first result.

    Parameters are frozen: torch multiplies matrices in another way when they are trained.
    """
    outputs: list[Output] = []

    def listen(path: str) -> Callable[..., None]:
        def hook(_module: nn.Module, _inputs: Any, result: Any) -> None:
            for tensor in tensors_in(result):
                output = Output(path, tensor.detach().clone())
                outputs.append(output)
                if tensor.requires_grad:
                    tensor.register_hook(lambda g, o=output: setattr(o, "gradient", g.clone()))

        return hook

    def begin(_module: nn.Module, _inputs: Any, result: Tensor) -> Tensor:
        return result if result.requires_grad else result.requires_grad_().clone()

    module = module.eval().requires_grad_(requires_grad=False)
    parts = dict(module.named_modules())
    handles = [p.register_forward_hook(begin) for p in parts.values() if type(p) is nn.Embedding]
    handles += [part.register_forward_hook(listen(path)) for path, part in parts.items()]
    given = {name: leaf(tensor) for name, tensor in inputs.items()}
    fused = torch.backends.mha.get_fastpath_enabled()
    torch.backends.mha.set_fastpath_enabled(False)
    try:
        with allow_mutation_on_saved_tensors():
            result = module(given) if isinstance(module, FromDictionary) else module(**given)
            results = tensors_in(result)
            target = results[0].numel() // 2
            results[0].reshape(-1)[target].backward()
    finally:
        torch.backends.mha.set_fastpath_enabled(fused)
        for handle in handles:
            handle.remove()
    return Judged(outputs, [result.detach() for result in results], target)


def leaf(tensor: Tensor) -> Tensor:
    return tensor.clone().requires_grad_().clone() if tensor.is_floating_point() else tensor.clone()


def tensors_in(found: Any) -> list[Tensor]:
    if isinstance(found, Tensor):
        return [found]
    if hasattr(found, "__dataclass_fields__"):
        found = vars(found)
    if isinstance(found, dict):
        found = list(found.values())
    if isinstance(found, (list, tuple)):
        return [tensor for item in found for tensor in tensors_in(item)]
    return []


def test_every_value_and_gradient_is_what_hooks_see(
    case: tuple[nn.Module, dict[str, Tensor]],
) -> None:
    module, inputs = case
    passed = run(module, inputs)
    expected = judge(module, inputs)

    graph = passed.graph
    assert [passed.value(name).shape for name in graph.outputs] == [
        result.shape for result in expected.results
    ]
    for name, result in zip(graph.outputs, expected.results, strict=True):
        assert torch.equal(passed.value(name), result)
    passed.logits = graph.outputs[0]
    gradients = passed.gradients(expected.target)
    for output in expected.outputs:
        same = [
            name
            for name, recorded in passed.values.items()
            if recorded.tensor.shape == output.tensor.shape
            and recorded.tensor.dtype == output.tensor.dtype
            and torch.equal(recorded.tensor, output.tensor)
        ]
        assert same, f"what {output.path} gave is no value of the run"
        if output.gradient is not None:
            found = [gradients.get(n, torch.zeros_like(passed.value(n))) for n in same]
            assert any(
                torch.allclose(gradient, output.gradient, rtol=1e-6, atol=1e-7)
                for gradient in found
            ), f"the gradient of what {output.path} gave"
    assert expected.outputs


def test_the_module_is_afterwards_exactly_as_it_was(
    case: tuple[nn.Module, dict[str, Tensor]],
) -> None:
    module, inputs = case
    next(module.parameters()).grad = torch.ones_like(next(module.parameters()))
    before, given = state_of(module), [tensor.clone() for tensor in inputs.values()]

    passed = run(module, inputs)
    passed.gradients(0)

    assert state_of(module) == before
    assert all(
        torch.equal(a, b) and not a.requires_grad
        for a, b in zip(inputs.values(), given, strict=True)
    )


def test_within_little_memory_every_number_is_the_same(
    case: tuple[nn.Module, dict[str, Tensor]],
) -> None:
    module, inputs = case
    expected = run(module, inputs)
    with memory.within(64):
        passed = run(module, inputs)

    assert expected.bytes_on_disk == 0
    assert passed.bytes_on_disk > 0
    assert passed.graph == expected.graph
    for name, recorded in expected.values.items():
        assert torch.equal(passed.value(name), recorded.tensor)
    gradients = passed.gradients(0)
    for name, gradient in expected.gradients(0).items():
        torch.testing.assert_close(gradients[name], gradient, rtol=1e-6, atol=1e-7)


def state_of(module: nn.Module) -> tuple[Any, ...]:
    digest = hashlib.sha256()
    for tensor in [*module.parameters(), *module.buffers()]:
        digest.update(tensor.detach().numpy().tobytes())
    return (
        digest.hexdigest(),
        [(part.training, {k: id(v) for k, v in vars(part).items()}) for part in module.modules()],
        [(id(p), p.requires_grad, id(p.grad), p._version) for p in module.parameters()],
        [(id(b), b.requires_grad) for b in module.buffers()],
        [(len(p._forward_hooks), len(p._forward_pre_hooks)) for p in module.modules()],
        len(torch.nn.modules.module._global_forward_hooks),
        len(torch.nn.modules.module._global_forward_pre_hooks),
        torch.get_rng_state().tolist(),
        torch.backends.mha.get_fastpath_enabled(),
        torch.is_grad_enabled(),
    )
