"""Weights by name, as `torch.save(model.state_dict(), path)` writes them; often inside a
training checkpoint. The architecture comes from a function that the person names."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from netviz_desktop.problems import Problem
from netviz_desktop.readers import Format, OpenedModel, Options
from netviz_desktop.readers._allowed_globals import dangerous
from netviz_desktop.readers._module_tree import is_module, module_tree, weight_tree
from netviz_desktop.readers._person_code import from_person, made_by
from netviz_desktop.readers._stubs import StubTensor
from netviz_desktop.readers._torch_file import TorchFile, may_be_torch_file, torch_file

if TYPE_CHECKING:
    from torch import Tensor, nn

_LABEL = "PyTorch state dict"
_KEYS = ("state_dict", "model_state_dict", "model", "model_state", "net", "network", "weights")
_WRAPPERS = ("module.", "_orig_mod.", "model.", "net.", "network.")
_DEEPEST = 3


def _recognises(path: Path, head: bytes) -> int:
    if not may_be_torch_file(path, head):
        return 0
    try:
        file = torch_file(path)
    except Problem:
        return 0  # the reader of modules says what is wrong
    return 3 if not _holds_module(file) and _weights_in(file.root) else 0


FORMAT = Format("state-dict", _LABEL, (".pth", ".pt", ".bin", ".ckpt"), _recognises)


def read(path: Path, options: Options) -> OpenedModel:
    """Raises: Problem: it is damaged; or the architecture cannot be made, or does not fit."""
    file = torch_file(path)
    if commands := dangerous(file.called):
        raise Problem(
            f"{path.name} would call {', '.join(commands)} when it is loaded: "
            "no model needs that, so nothing of it was run.",
            "Delete it, and get the model from a source that you know.",
        )
    weights = _weights_in(file.root)
    if options.model_code is None:
        problem = Problem(
            f"{path.name} holds weights without an architecture: "
            "only their names and shapes are shown.",
            "Name the function that makes the network: “Model code…” or "
            "--model-code package.module:function.",
        )
        return OpenedModel(
            weight_tree(weights, format_label=_LABEL, name=path.stem),
            _readers(file, weights),
            None,
            problem,
            needs_code=True,
        )
    module = _module(options.model_code, path)
    fitting = _renamed_to_fit(module, weights)
    _check(module, fitting, options.model_code, path)
    _load(module, file, fitting)
    graph = module_tree(module, format_label=_LABEL, name=path.stem)
    return OpenedModel(graph, _readers(file, fitting), module)


def _holds_module(file: TorchFile) -> bool:
    root = file.root
    return is_module(root) or (isinstance(root, dict) and any(map(is_module, root.values())))


def _weights_in(root: Any) -> dict[str, StubTensor]:
    """The most likely state dict: under a usual key, otherwise the one with most weights."""
    found = list(_state_dicts(root, "", 0))
    for key in _KEYS:
        for name, weights in found:
            if name == key:
                return weights
    return max((weights for _, weights in found), key=len, default={})


def _state_dicts(item: Any, name: str, depth: int) -> Iterator[tuple[str, dict[str, StubTensor]]]:
    if not isinstance(item, dict):
        return
    weights = {k: v for k, v in item.items() if isinstance(k, str) and isinstance(v, StubTensor)}
    if weights:
        yield name, weights
    if depth < _DEEPEST:
        for key, inner in item.items():
            if isinstance(key, str) and "optim" not in key:
                yield from _state_dicts(inner, key, depth + 1)


def _readers(file: TorchFile, weights: dict[str, StubTensor]) -> MappingProxyType[str, Any]:
    return MappingProxyType({name: file.reader(tensor) for name, tensor in weights.items()})


def _module(code: str, path: Path) -> nn.Module:
    from torch import nn

    module = made_by(code, path.parent)
    if not isinstance(module, nn.Module):
        raise Problem(
            f"“{code}” gives {type(module).__name__}, not an nn.Module.",
            "Name a function that gives the network when it is called without arguments.",
        )
    return module


def _renamed_to_fit(module: nn.Module, weights: dict[str, StubTensor]) -> dict[str, StubTensor]:
    """Without the prefix that DataParallel, torch.compile or a trainer put before each name."""
    expected = module.state_dict().keys()
    if not weights.keys() & expected:
        for prefix in _WRAPPERS:
            stripped = {
                k.removeprefix(prefix): v for k, v in weights.items() if k.startswith(prefix)
            }
            if stripped.keys() & expected:
                return stripped
    return weights


def _check(module: nn.Module, weights: dict[str, StubTensor], code: str, path: Path) -> None:
    expected: dict[str, Tensor] = module.state_dict()
    # Files older than this counter lack it, and it does not take part in a run.
    missing = [n for n in expected if n not in weights and not n.endswith("num_batches_tracked")]
    unexpected = [name for name in weights if name not in expected]
    other_shape = [
        f"{name} {weights[name].shape} instead of {tuple(tensor.shape)}"
        for name, tensor in expected.items()
        if name in weights and weights[name].shape != tuple(tensor.shape)
    ]
    faults = [
        f"{len(names)} {what} ({', '.join(names[:3])}{', …' if len(names) > 3 else ''})"
        for what, names in (
            ("missing", missing), ("unexpected", unexpected), ("of another shape", other_shape)
        )
        if names
    ]  # fmt: skip
    if faults:
        raise Problem(
            f"The weights in {path.name} do not fit “{code}”: {'; '.join(faults)}.",
            "Name the function that makes the network these weights were trained in.",
        )


def _load(module: nn.Module, file: TorchFile, weights: dict[str, StubTensor]) -> None:
    with from_person(f"Loading {file.path.name}", file.path.parent):
        module.load_state_dict(
            {name: _tensor(file, stub) for name, stub in weights.items()}, strict=False
        )


def _tensor(file: TorchFile, stub: StubTensor) -> Tensor:
    import torch

    numbers = file.reader(stub)()
    dtype: torch.dtype = getattr(torch, stub.dtype)
    if numbers.dtype.isbuiltin == 1:
        return torch.from_numpy(numbers)
    # ml_dtypes are strangers to torch: hand over the bytes.
    return torch.from_numpy(numbers.view(f"u{numbers.dtype.itemsize}")).view(dtype)
