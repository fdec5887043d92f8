"""Exported programs against the plain modules that they were made of."""

from __future__ import annotations

import json
import logging
import warnings
import zipfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import torch
import torch.nn.functional as F  # noqa: N812 - as everybody calls it
from torch import Tensor, nn

import netviz_desktop
from netviz_desktop.engine.forward_pass import ForwardPass
from netviz_desktop.engine.runners import Runner, runner
from netviz_desktop.graph import ModelGraph
from netviz_desktop.problems import Cancelled, Problem
from netviz_desktop.readers import OpenedModel, read

CPU = torch.device("cpu")


def cnn() -> nn.Module:
    return nn.Sequential(
        nn.Conv2d(3, 8, 3, padding=1),
        nn.BatchNorm2d(8),
        nn.ReLU(),
        nn.MaxPool2d(2),
        nn.Conv2d(8, 6, 3),
        nn.Hardswish(),
        nn.AdaptiveAvgPool2d(1),
        nn.Flatten(),
        nn.Dropout(0.5),
        nn.Linear(6, 5),
    )


class InPlace(nn.Module):
    """One ReLU that overwrites, in two places; sums and slices that overwrite."""

    def __init__(self) -> None:
        super().__init__()
        self.first, self.second = nn.Conv2d(3, 4, 3, padding=1), nn.Conv2d(4, 4, 3, padding=1)
        self.act, self.head = nn.ReLU(inplace=True), nn.Linear(4, 5)

    def forward(self, x: Tensor) -> Tensor:
        x = self.act(self.first(x))
        y = self.second(x)
        y += x
        y = self.act(y)
        y[:, 0] = 0.5
        y[:, 1:3].mul_(2)
        return self.head(y.mean((2, 3)))


class Residual(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.stem, self.norm = nn.Conv2d(3, 6, 3, 2, 1, bias=False), nn.BatchNorm2d(6)
        self.blocks = nn.ModuleList(
            nn.Sequential(nn.Conv2d(6, 6, 3, padding=1), nn.GroupNorm(2, 6), nn.GELU())
            for _ in range(2)
        )

    def forward(self, x: Tensor) -> Tensor:
        x = F.silu(self.norm(self.stem(x)))
        for block in self.blocks:
            x = x + block(x)
        return x.mean([2, 3])


class Reused(nn.Module):
    """Modules called twice, and a weight that two of them share."""

    def __init__(self) -> None:
        super().__init__()
        self.conv, self.act = nn.Conv2d(3, 3, 3, padding=1), nn.ReLU()
        self.up, self.down = nn.Linear(4, 4, bias=False), nn.Linear(4, 4, bias=False)
        self.down.weight = self.up.weight

    def forward(self, x: Tensor) -> Tensor:
        for _ in range(2):
            x = self.act(self.conv(x))
        return self.down(self.up(F.adaptive_avg_pool2d(x, (2, 2)).flatten(2))).mean(1)


class UNet(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.down, self.deep = nn.Conv2d(1, 4, 3, padding=1), nn.Conv2d(4, 8, 3, padding=1)
        self.up, self.out = nn.ConvTranspose2d(8, 4, 2, 2), nn.Conv2d(8, 2, 3, padding=1)

    def forward(self, x: Tensor) -> Tensor:
        kept = F.relu(self.down(x))
        deep = self.up(F.relu(self.deep(F.max_pool2d(kept, 2))))
        deep = F.interpolate(deep, size=kept.shape[2:], mode="bilinear", align_corners=False)
        return self.out(torch.cat([kept, deep], 1))


class VisionTransformer(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.patch = nn.Conv2d(1, 8, 4, 4)
        self.token = nn.Parameter(torch.randn(1, 1, 8))
        layer = nn.TransformerEncoderLayer(8, 2, 16, batch_first=True, norm_first=True)
        self.encoder = nn.TransformerEncoder(layer, 2, enable_nested_tensor=False)
        self.head = nn.Linear(8, 5)

    def forward(self, x: Tensor) -> Tensor:
        x = self.patch(x).flatten(2).transpose(1, 2)
        x = torch.cat([self.token.expand(x.shape[0], -1, -1), x], 1)
        return self.head(self.encoder(x)[:, 0])


class Recurrent(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.rnn, self.head = nn.LSTM(6, 4, batch_first=True, bidirectional=True), nn.Linear(8, 3)

    def forward(self, x: Tensor) -> Tensor:
        states, _ = self.rnn(x)
        return self.head(states[:, -1])


class Tokens(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.embedding, self.head = nn.Embedding(20, 6), nn.Linear(6, 4)

    def forward(self, ids: Tensor, mask: Tensor) -> Tensor:
        found = self.embedding(ids) * mask.unsqueeze(-1)
        return self.head(found.sum(1) / mask.sum(1, keepdim=True))


class Several(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.conv, self.linear = nn.Conv2d(3, 4, 3), nn.Linear(5, 4)

    def forward(self, image: Tensor, extra: dict[str, Tensor]) -> dict[str, Any]:
        seen = self.conv(image).amax((2, 3))
        both = seen + self.linear(extra["meta"])
        return {"sum": both, "parts": (seen, extra["scale"] * 2), "nothing": None}


class Frozen(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.body, self.head = nn.Sequential(nn.Conv2d(3, 4, 3), nn.ReLU()), nn.Linear(4, 3)

    def forward(self, x: Tensor) -> Tensor:
        with torch.no_grad():
            seen = self.body(x)
        return self.head(seen.mean((2, 3)) + x.mean())


class Branching(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.a, self.b, self.head = nn.Linear(4, 4), nn.Linear(4, 4), nn.Linear(4, 3)

    def forward(self, x: Tensor) -> Tensor:
        return self.head(
            torch.cond(x.sum() > 0, lambda x: self.a(x).relu(), lambda x: self.b(x).tanh(), (x,))
        )

    def eager(self, x: Tensor) -> Tensor:
        return self.head(self.a(x).relu() if x.sum() > 0 else self.b(x).tanh())


class Looping(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.linear = nn.Linear(4, 4)

    def forward(self, x: Tensor) -> Tensor:
        count = torch.tensor(0)
        return torch._higher_order_ops.while_loop(
            lambda i, _: i < 3, lambda i, x: (i + 1, x * 1.5), (count, self.linear(x))
        )[1]


class Remembering(nn.Module):
    """A buffer that each call writes to, one that is no part of the state dict, a constant."""

    def __init__(self) -> None:
        super().__init__()
        self.linear = nn.Linear(4, 4)
        self.register_buffer("cache", torch.ones(2, 4))
        self.register_buffer("scale", torch.full((4,), 2.0), persistent=False)

    def forward(self, x: Tensor) -> Tensor:
        self.cache.copy_(self.cache * 0.5 + self.linear(x) * self.scale)
        self.cache[0] = 0
        return self.cache + torch.tensor([1.0, 2.0, 3.0, 4.0])


@dataclass(frozen=True)
class Case:
    """Args:
    make: the module.
    inputs: what it is exported with and run on, by the names of the program's inputs.
    """

    make: Callable[[], nn.Module]
    inputs: dict[str, Tensor]
    decomposed: bool = False


def image(channels: int = 3, side: int = 12) -> Tensor:
    return torch.randn(1, channels, side, side, generator=torch.Generator().manual_seed(1))


CASES = {
    "cnn": Case(cnn, {"input": image()}),
    "in place": Case(InPlace, {"x": image()}),
    "residual": Case(Residual, {"x": image()}),
    "reused": Case(Reused, {"x": image()}),
    "u-net": Case(UNet, {"x": image(1)}),
    "vision transformer": Case(VisionTransformer, {"x": image(1)}),
    "recurrent": Case(Recurrent, {"x": image(1, 6)[0]}),
    "tokens": Case(Tokens, {"ids": torch.tensor([[3, 1, 4], [1, 5, 9]]), "mask": torch.ones(2, 3)}),
    "remembering": Case(Remembering, {"x": torch.ones(2, 4)}),
    "cnn, decomposed": Case(cnn, {"input": image()}, decomposed=True),
    "transformer, decomposed": Case(VisionTransformer, {"x": image(1)}, decomposed=True),
    "remembering, decomposed": Case(Remembering, {"x": torch.ones(2, 4)}, decomposed=True),
}


def exported(
    path: Path, module: nn.Module, inputs: tuple[Any, ...], *, decomposed: bool = False, **how: Any
) -> Path:
    torch._dynamo.reset()
    logging.getLogger("torch").setLevel(logging.ERROR)  # it says what it is unsure of
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        program = torch.export.export(module, inputs, **how)
        torch.export.save(program.run_decompositions() if decomposed else program, path)
    return path


def made(case: Case) -> nn.Module:
    torch.manual_seed(0)
    return case.make().eval()


def opened(path: Path) -> tuple[OpenedModel, Runner]:
    found = read(path)
    return found, runner(found, CPU)


@pytest.fixture(scope="module")
def paths(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Path]:
    """The case's file; each is exported once."""
    folder = tmp_path_factory.mktemp("exported")
    known: dict[str, Path] = {}

    def path(name: str) -> Path:
        if name not in known:
            case = CASES[name]
            inputs = tuple(case.inputs.values())
            known[name] = exported(
                folder / f"{len(known)}.pt2", made(case), inputs, decomposed=case.decomposed
            )
        return known[name]

    return path


@dataclass
class Seen:
    """What a module's output was when it was computed, and its gradient."""

    value: Tensor
    gradient: Tensor | None = None


def hooked(
    module: nn.Module, inputs: tuple[Tensor, ...], target: int
) -> tuple[Tensor, dict[str, list[Seen]]]:
    """The module's own output, and what hooks see of every module without parts."""
    seen: dict[str, list[Seen]] = {}

    def hook(name: str, output: Any) -> None:
        if isinstance(output, Tensor):
            found = Seen(output.detach().clone())
            seen.setdefault(name, []).append(found)
            if output.requires_grad:
                output.register_hook(lambda gradient: setattr(found, "gradient", gradient.clone()))

    for name, part in module.named_modules():
        if not any(part.children()):
            part.register_forward_hook(lambda _m, _i, output, name=name: hook(name, output))
    fed = [t.clone().requires_grad_() if t.is_floating_point() else t for t in inputs]
    with torch.autograd.graph.allow_mutation_on_saved_tensors():
        output = module(*(t.clone() for t in fed))
        output.flatten()[target].backward()
    return output.detach(), seen


def ran(path: Path, inputs: dict[str, Tensor]) -> ForwardPass:
    return opened(path)[1].run(inputs)


@pytest.mark.parametrize("name", CASES)
def test_outputs_and_what_every_module_gives_are_what_hooks_see(name, paths):
    case = CASES[name]
    run = ran(paths(name), case.inputs)
    output, seen = hooked(made(case), tuple(case.inputs.values()), target=1)
    close(run.value(run.graph.outputs[0]), output)
    compared = 0
    for path, calls in seen.items():
        nodes = [node.id for node in run.graph.nodes if node.name == path]
        if len(nodes) < len(calls):
            continue  # a call that leaves no trace
        last = nodes[-1:] if len(calls) == 1 else nodes  # of what is computed in several steps
        for node, call in zip(last, calls, strict=True):
            close(run.activation(node), call.value)
            if call.gradient is not None:
                close(run.gradient(1, node), call.gradient)
                compared += 1
    assert compared >= 1


@pytest.mark.parametrize("name", [name for name in CASES if "decomposed" not in name])
def test_nodes_are_called_as_in_a_run_of_the_module_itself(name, paths):
    """What torch computes in several steps is named as its parts."""
    case, module = CASES[name], made(CASES[name])
    found = ran(paths(name), case.inputs)
    nothing_known = ModelGraph("PyTorch module", "test", (), (), (), {})
    judge = runner(OpenedModel(nothing_known, executable=module), CPU)
    own = judge.run(case.inputs)
    ids = {node.id for node in found.graph.nodes}
    in_parts = {node.id for node in own.graph.nodes} - ids
    assert all(any(node.startswith(f"{whole}.") for node in ids) for whole in in_parts - {"tensor"})
    assert len(in_parts) <= 2
    assert found.graph.outputs == own.graph.outputs
    for node in own.graph.nodes:
        if node.id in ids:
            close(found.activation(node.id), own.activation(node.id))
            op_type = found.graph.node(node.id).op_type
            assert op_type.strip("_") == node.op_type.strip("_") or node.op_type in (
                "getitem",
                "interpolate",
            )


@pytest.mark.parametrize("name", CASES)
def test_a_run_computes_every_value_of_the_graph_that_was_drawn(name, paths):
    _, runs = opened(paths(name))
    before = runs.graph
    run = runs.run(CASES[name].inputs)
    assert run.graph == before
    read_somewhere = {value for node in before.nodes for value in node.inputs}
    computed = {value for node in before.nodes for value in node.outputs if value}
    known = {*computed, *before.inputs, *before.parameters}
    assert read_somewhere <= known
    assert computed <= run.values.keys()


def test_a_run_leaves_the_weights_and_the_next_run_as_they_were(paths):
    _, runs = opened(paths("remembering"))
    inputs = CASES["remembering"].inputs
    first = runs.run(inputs)
    assert torch.equal(first.value("output"), runs.run(inputs).value("output"))


def test_grad_cam_is_the_papers_equation_on_the_module(paths):
    module, x = made(CASES["cnn"]), CASES["cnn"].inputs["input"]
    seen: dict[str, Tensor] = {}
    module[4].register_forward_hook(lambda _m, _i, output: seen.update(a=output))
    score = module(x.clone().requires_grad_())[0, 2]
    (gradient,) = torch.autograd.grad(score, seen["a"])
    weight = gradient.mean((2, 3), keepdim=True)
    expected = (weight * seen["a"]).sum(1).clamp(min=0)[0]
    session = netviz_desktop.open(paths("cnn"))
    session.run(x.numpy())
    found = session.explain("grad-cam", node="4.conv2d", target=2)
    close(torch.from_numpy(found.raw), expected.detach())


def test_what_is_read_after_a_slice_was_written_is_what_the_write_computed(paths):
    run = ran(paths("in place"), CASES["in place"].inputs)
    mean = run.graph.node("mean")
    (written,) = mean.inputs
    assert run.graph.producer[written] == "mul_"
    assert (run.value(written)[:, 0] == 0.5).all()
    assert (run.activation("act.relu#2")[:, 0] != 0.5).any()


def test_of_a_branch_the_one_is_computed_that_the_input_takes(tmp_path):
    module = made(Case(Branching, {}))
    path = exported(tmp_path / "model.pt2", module, (torch.ones(2, 4),))
    found, runs = opened(path)
    branch = found.graph.node("cond")
    assert branch.attributes == {
        "true_graph_0": "2 nodes: linear, relu",
        "false_graph_0": "2 nodes: linear, tanh",
    }
    assert {p.name for p in branch.parameters} == {"a.weight", "a.bias", "b.weight", "b.bias"}
    for sign in (1, -1):
        x = (sign * torch.ones(2, 4)).requires_grad_()
        run = runs.run({"x": x.detach()})
        expected = module.eager(x)
        close(run.value("output"), expected)
        expected[0, 1].backward()
        (gradient,) = torch.autograd.grad(
            [run.values["output"].edge],
            [run.values["x"].edge],
            [torch.eye(2, 3).roll(1, 1) * torch.tensor([[1.0], [0.0]])],
        )
        close(gradient, x.grad)


def test_a_loop_runs_as_one_node_and_stops_when_it_is_told_to(tmp_path):
    module = made(Case(Looping, {}))
    x = torch.ones(2, 4)
    _, runs = opened(exported(tmp_path / "model.pt2", module, (x,)))
    close(runs.run({"x": x}).value("output"), module.linear(x) * 1.5**3)

    def step(_done: float, what: str) -> None:
        if what == "Running":
            raise Cancelled

    with pytest.raises(Cancelled):
        runs.run({"x": x}, step=step)


def test_what_the_model_computes_without_gradients_stands_in_its_module(tmp_path):
    x = image()
    module = made(Case(Frozen, {}))
    _, runs = opened(exported(tmp_path / "model.pt2", module, (x,)))
    assert [node.id for node in runs.graph.nodes][:2] == ["body.0.conv2d", "body.1.relu"]
    run = runs.run({"x": x})
    close(run.activation("body.1.relu"), module.body(x))
    with pytest.raises(Problem, match=r"body.1.relu has no gradient"):
        run.gradient(0, "body.1.relu")


def test_several_inputs_and_outputs_have_the_names_of_the_signature(tmp_path):
    module = made(Case(Several, {}))
    meta, scale = torch.randn(1, 5), torch.randn(3)
    inputs = (image(), {"meta": meta, "scale": scale})
    _, runs = opened(exported(tmp_path / "model.pt2", module, inputs))
    assert [value.name for value in runs.inputs] == ["image", "extra_meta", "extra_scale"]
    run = runs.run({"image": inputs[0], "extra_meta": meta, "extra_scale": scale})
    expected = module(*inputs)
    assert run.graph.outputs == ("sum", "parts.0", "parts.1")
    close(run.value("sum"), expected["sum"])
    close(run.value("parts.1"), expected["parts"][1])
    with pytest.raises(Problem, match="“extra_meta” is missing"):
        runs.run({"image": inputs[0]})


def test_a_dynamic_batch_is_free_and_other_sizes_are_not(tmp_path):
    module, batch = made(CASES["cnn"]), torch.export.Dim("batch")
    path = exported(
        tmp_path / "model.pt2", module, (image().repeat(2, 1, 1, 1),),
        dynamic_shapes=({0: batch},),
    )  # fmt: skip
    _, runs = opened(path)
    for size in (1, 3):
        x = image().repeat(size, 1, 1, 1)
        close(runs.run({"input": x}).value("output"), module(x))
    with pytest.raises(Problem) as caught:
        runs.run({"input": image(side=20)})
    assert caught.value.what == (
        "The input “input” takes (batch, 3, 12, 12) and was given (1, 3, 20, 20)."
    )


def test_a_size_that_is_computed_may_be_one_of_those_it_is_computed_of(tmp_path):
    class Twice(nn.Module):
        def forward(self, x: Tensor) -> Tensor:
            return x.sum() + x.new_ones(x.shape[0] * 2, 3)

    path = exported(
        tmp_path / "twice.pt2", Twice(), (torch.ones(2, 3),),
        dynamic_shapes=({0: torch.export.Dim("batch")},),
    )  # fmt: skip
    for size in (1, 3):
        x = torch.rand(size, 3)
        close(ran(path, {"x": x}).value("output"), Twice()(x))


def test_a_program_in_training_mode_says_so_and_keeps_its_statistics(tmp_path):
    module = nn.Sequential(nn.Conv2d(3, 4, 3), nn.BatchNorm2d(4), nn.Dropout(0.5)).train()
    path = exported(tmp_path / "model.pt2", module, (image(),))
    _, runs = opened(path)
    notes = {node.id: node.note for node in runs.graph.nodes if node.note}
    assert notes == {
        "1.batch_norm": "Exported in training mode: it normalises by the batch it is given.",
        "2.dropout": "Exported in training mode: it drops at random.",
    }
    first, second = (runs.run({"input": image()}).activation("1.batch_norm") for _ in range(2))
    assert torch.equal(first, second)
    assert torch.equal(runs._stored["1.running_mean"], torch.zeros(4))


def test_where_torch_has_no_derivative_the_gradient_is_said_to_be_missing(tmp_path):
    class Widening(nn.Module):
        def forward(self, x: Tensor) -> Tensor:
            return torch.ops.prims.convert_element_type(x.tanh(), torch.float64).exp()

    x = torch.ones(1, 3)
    run = ran(exported(tmp_path / "model.pt2", Widening(), (x,)), {"x": x})
    close(run.value("output"), x.tanh().double().exp())
    assert run.gradient_state(0, "tanh") == (
        "Its gradient through “convert_element_type”, which has no derivative, is missing."
    )
    assert run.gradient_state(0, "convert_element_type") == ""
    assert run.gradients(0)["convert_element_type"].count_nonzero() == 1


def test_an_operator_that_is_not_known_is_drawn_and_named(tmp_path):
    library = torch.library.Library("somebodys", "DEF")
    library.define("twice(Tensor x) -> Tensor")
    library.impl("twice", lambda x: x * 2, "CompositeExplicitAutograd")

    class Foreign(nn.Module):
        def forward(self, x: Tensor) -> Tensor:
            return torch.ops.somebodys.twice(x.relu()) + 1

    path = exported(tmp_path / "model.pt2", Foreign(), (torch.ones(3),))
    assert read(path).structure_only is None  # registered here, so it runs
    library._destroy()
    session = netviz_desktop.open(path)
    assert session.structure_only.node == "twice"
    assert session.graph.node("twice").fault == (
        "It calls torch.ops.somebodys.twice.default, an operator that is not known here."
    )
    with pytest.raises(Problem, match=r"not run because of twice: it calls"):
        session.run(torch.ones(3).numpy())


@pytest.mark.parametrize(
    "target",
    [
        "torch.os.system",
        "torch.hub.load",
        "torch.ops.aten.from_file.default",
        "torch.ops.aten.save.default",
        "torch.ops.load_library",
        "_operator.attrgetter",
        "math.__loader__.load_module",
        "print",
    ],
)
def test_what_is_no_operator_on_tensors_is_never_called(target, paths, tmp_path):
    path = tmp_path / "hostile.pt2"

    def change(program: dict[str, Any]) -> None:
        program["graph_module"]["graph"]["nodes"][2]["target"] = target

    edited(paths("cnn"), path, change)
    found = read(path)
    assert found.executable is None
    assert len(found.graph.nodes) == 10
    assert found.graph.node(found.structure_only.node).fault.startswith("It calls")


def edited(source: Path, path: Path, change: Callable[[dict[str, Any]], None]) -> None:
    """A copy of the file with another program in it."""
    with zipfile.ZipFile(source) as old, zipfile.ZipFile(path, "w") as new:
        for name in old.namelist():
            content = old.read(name)
            if name.endswith("models/model.json"):
                program = json.loads(content)
                change(program)
                content = json.dumps(program).encode()
            new.writestr(name, content)


def close(found: Tensor, expected: Tensor) -> None:
    torch.testing.assert_close(found, expected.detach(), rtol=1e-4, atol=1e-6)
