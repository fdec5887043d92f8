"""TorchScript files against the plain modules they were made of, with torch's own hooks."""

from __future__ import annotations

import gc
import warnings
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

import pytest
import torch
import torch.nn.functional as F  # noqa: N812 - as everybody calls it
from torch import Tensor, nn

from netviz_desktop import readers
from netviz_desktop.engine.forward_pass import ForwardPass
from netviz_desktop.engine.runners import Runner, runner
from netviz_desktop.engine.runners._recorder import Recorder
from netviz_desktop.engine.session import Session
from netviz_desktop.graph import ModelGraph
from netviz_desktop.problems import Cancelled, Problem
from netviz_desktop.readers import OpenedModel

CPU = torch.device("cpu")
NOTHING_KNOWN = ModelGraph("PyTorch module", "test", (), (), (), {})


class InPlace(nn.Module):
    """As SqueezeNet: one ReLU for two places, both in place."""

    def __init__(self) -> None:
        super().__init__()
        self.features = nn.Sequential(
            nn.Conv2d(3, 6, 3, stride=2), nn.ReLU(inplace=True), nn.MaxPool2d(3, 2, ceil_mode=True)
        )
        self.left = nn.Conv2d(6, 4, 1)
        self.right = nn.Conv2d(6, 4, 3, padding=1)
        self.relu = nn.ReLU(inplace=True)
        self.classifier = nn.Sequential(
            nn.Dropout(0.5), nn.Conv2d(8, 5, 1), nn.AdaptiveAvgPool2d(1), nn.Flatten()
        )

    def forward(self, x: Tensor) -> Tensor:
        x = self.features(x)
        x = torch.cat([self.relu(self.left(x)), self.relu(self.right(x))], 1)
        return self.classifier(x)


class Residual(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(3, 6, 3, padding=1, bias=False)
        self.bn1 = nn.BatchNorm2d(6)
        self.relu = nn.ReLU(inplace=True)
        self.conv2 = nn.Conv2d(6, 6, 3, padding=1, bias=False)
        self.bn2 = nn.BatchNorm2d(6)
        self.fc = nn.Linear(6, 4)

    def forward(self, x: Tensor) -> Tensor:
        x = self.relu(self.bn1(self.conv1(x)))
        y = self.bn2(self.conv2(x))
        y += x
        return self.fc(self.relu(y).mean((2, 3)))


class Reused(nn.Module):
    """One block in two places, under one name and under two."""

    def __init__(self) -> None:
        super().__init__()
        self.block = nn.Sequential(nn.Conv2d(3, 3, 3, padding=1), nn.Tanh())
        self.same = self.block
        self.stages = nn.ModuleList([nn.Conv2d(3, 3, 1), nn.Conv2d(3, 3, 1)])
        self.head = nn.Linear(3, 2)

    def forward(self, x: Tensor) -> Tensor:
        x = self.same(self.block(self.block(x)))
        for stage in self.stages:
            x = stage(x)
        return self.head(x.mean((2, 3)))


class Functional(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.randn(4, 3, 3, 3))
        self.register_buffer("scale", torch.tensor(2.0))

    def forward(self, x: Tensor) -> Tensor:
        x = F.relu(F.conv2d(x, self.weight, padding=1) * self.scale)
        x = F.interpolate(x, scale_factor=0.5)
        return 1 - torch.sigmoid(x).amax(dim=(2, 3))


class UNet(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.down = nn.Conv2d(3, 4, 3, padding=1)
        self.norm = nn.GroupNorm(2, 4)
        self.deep = nn.Conv2d(4, 8, 3, stride=2, padding=1)
        self.up = nn.ConvTranspose2d(8, 4, 2, stride=2)
        self.upsample = nn.Upsample(scale_factor=2.0, mode="bilinear", align_corners=False)
        self.out = nn.Conv2d(16, 2, 1)

    def forward(self, x: Tensor) -> Tensor:
        high = F.silu(self.norm(self.down(x)))
        low = F.gelu(self.deep(high))
        return self.out(torch.cat([self.up(low), high, self.upsample(low)], 1))


class Vision(nn.Module):
    """A transformer on patches, with nn.MultiheadAttention."""

    def __init__(self) -> None:
        super().__init__()
        self.patches = nn.Conv2d(3, 8, 4, stride=4)
        self.token = nn.Parameter(torch.randn(1, 1, 8))
        self.norm1 = nn.LayerNorm(8)
        self.attention = nn.MultiheadAttention(8, 2, batch_first=True)
        self.norm2 = nn.LayerNorm(8)
        self.mlp = nn.Sequential(nn.Linear(8, 16), nn.GELU(), nn.Linear(16, 8))
        self.head = nn.Linear(8, 3)

    def forward(self, image: Tensor) -> Tensor:
        x = self.patches(image).flatten(2).transpose(1, 2)
        x = torch.cat([self.token.expand(x.shape[0], -1, -1), x], 1)
        y = self.norm1(x)
        x = x + self.attention(y, y, y)[0]
        x = x + self.mlp(self.norm2(x))
        return self.head(x[:, 0])


class Heads(nn.Module):
    """Attention by hand, with arithmetic on sizes, as timm and nanoGPT have it."""

    def __init__(self) -> None:
        super().__init__()
        self.qkv = nn.Linear(8, 24)
        self.out = nn.Linear(8, 8)

    def forward(self, x: Tensor) -> Tensor:
        n, t, c = x.shape
        qkv = self.qkv(x).reshape(n, t, 3, 2, c // 2).permute(2, 0, 3, 1, 4)
        q, k, v = qkv.unbind(0)
        weights = ((q * (c // 2) ** -0.5) @ k.transpose(-2, -1)).softmax(dim=-1)
        mask = torch.ones(t, t, dtype=torch.bool).tril()
        weights = weights.masked_fill(~mask, 0.0)
        return self.out((weights @ v).transpose(1, 2).reshape(n, t, c))


class Recurrent(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.rnn = nn.LSTM(5, 7, num_layers=2, batch_first=True)
        self.gru = nn.GRU(7, 4, batch_first=True, bidirectional=True)
        self.head = nn.Linear(8, 2)

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor]:
        sequence, (state, _) = self.rnn(x)
        sequence, _ = self.gru(sequence)
        return self.head(sequence[:, -1]), state


class Branching(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.small = nn.Linear(6, 3)
        self.large = nn.Linear(6, 3)

    def forward(self, x: Tensor) -> Tensor:
        x = self.large(x).exp() if bool(x.sum() > 0) else self.small(x)
        return x * 2


class Looping(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.fc = nn.Linear(4, 4)

    def forward(self, x: Tensor) -> Tensor:
        turns = 0
        while bool(x.abs().sum() < 10.0) and turns < 5:
            x = self.fc(x).relu() + 1
            turns += 1
        for at in range(3):
            if at == 1:
                continue
            x = x * (at + 1)
        return x


class Containers(nn.Module):
    """Lists that grow, are sorted and sliced; dicts; text; early returns of checks."""

    def __init__(self) -> None:
        super().__init__()
        self.convs = nn.ModuleList([nn.Conv2d(3, 2, 1), nn.Conv2d(3, 2, 3, padding=1)])
        self.sizes: list[int] = [3, 1, 2]

    def forward(self, x: Tensor) -> dict[str, Tensor]:
        if x.dim() != 4:
            raise ValueError(f"expected 4 dimensions, got {x.dim()}")
        maps: list[Tensor] = []
        found: dict[str, Tensor] = {}
        for conv in self.convs:
            maps.insert(len(maps), conv(x))
            maps.append(maps.pop())
        maps.extend([maps[0] * 2.0])
        sizes = [size * 2 for size in self.sizes]
        sizes.sort()
        sizes[0] = sizes[-1] + len(maps)
        last = maps.pop()
        found["sum"] = torch.stack(maps).sum(0) + float(sizes[0])
        found["last"] = last.view(x.shape[0], -1)[:, : sizes[1]]
        if "missing" in found:
            found["sum"] = found["missing"]
        kept: list[Tensor] = []
        for name, item in found.items():
            if name != "last":
                kept.append(item)
        found["mean"] = kept[0].mean((2, 3))
        return found


class Output(NamedTuple):
    logits: Tensor
    features: Tensor


class Named(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.conv = nn.Conv2d(3, 4, 3)
        self.fc = nn.Linear(4, 2)

    def forward(self, x: Tensor) -> Output:
        features = self.conv(x)
        return Output(self.fc(features.mean((2, 3))), features)


class TwoInputs(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.left = nn.Linear(4, 3)
        self.right = nn.Linear(4, 3)

    def forward(self, query: Tensor, key: Tensor) -> Tensor:
        return self.left(query) @ self.right(key).t()


class Tokens(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.embedding = nn.Embedding(11, 6)
        self.positions = nn.Parameter(torch.randn(1, 16, 6))
        self.head = nn.Linear(6, 3)

    def forward(self, ids: Tensor) -> Tensor:
        x = self.embedding(ids) + self.positions[:, : ids.shape[1]]
        return self.head(torch.tanh(x).mean(1))


class Remembering(nn.Module):
    """Writes to its buffers and to an attribute; calls a method."""

    def __init__(self) -> None:
        super().__init__()
        self.fc = nn.Linear(4, 4)
        self.register_buffer("runs", torch.zeros(1))
        self.register_buffer("state", torch.zeros(2, 4))
        self.turn = 0

    def halved(self, x: Tensor) -> Tensor:
        return self.fc(x) / 2

    def forward(self, x: Tensor) -> Tensor:
        self.runs += 1
        self.turn += 1
        self.state = self.halved(self.state + x)
        return self.state + self.runs * self.turn


class Volume(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.conv1 = nn.Conv1d(2, 3, 3, padding="same")
        self.norm = nn.InstanceNorm1d(3, affine=True)
        self.act = nn.Hardswish(inplace=True)
        self.bn = nn.BatchNorm1d(3)
        self.fc = nn.Linear(3, 2)

    def forward(self, x: Tensor) -> Tensor:
        first, second = self.bn(self.act(self.norm(self.conv1(x)))).chunk(2, dim=2)
        x = F.dropout(F.pad(first * second, (1, 1)), 0.3, self.training)
        return F.log_softmax(self.fc(F.relu6(x).max(2)[0]), dim=1)


def image() -> Tensor:
    return torch.randn(1, 3, 16, 16)


@dataclass(frozen=True)
class Net:
    make: Callable[[], nn.Module]
    inputs: Callable[[], tuple[Tensor, ...]]
    ways: tuple[str, ...] = ("trace", "script")


NETS = {
    "in place": Net(InPlace, lambda: (torch.randn(1, 3, 33, 33),)),
    "residual": Net(Residual, lambda: (image(),)),
    "reused": Net(Reused, lambda: (image(),)),
    "functional": Net(Functional, lambda: (image(),)),
    "U-Net": Net(UNet, lambda: (image(),)),
    "vision transformer": Net(Vision, lambda: (image(),)),
    "heads": Net(Heads, lambda: (torch.randn(2, 5, 8),)),
    "LSTM, GRU": Net(Recurrent, lambda: (torch.randn(2, 9, 5),)),
    "branch taken": Net(Branching, lambda: (torch.ones(2, 6),), ("script",)),
    "branch not taken": Net(Branching, lambda: (-torch.ones(2, 6),), ("script",)),
    "loop": Net(Looping, lambda: (torch.rand(1, 4),), ("script",)),
    "containers": Net(Containers, lambda: (image(),), ("script",)),
    "named tuple": Net(Named, lambda: (image(),)),
    "two inputs": Net(TwoInputs, lambda: (torch.randn(2, 4), torch.randn(3, 4))),
    "tokens": Net(Tokens, lambda: (torch.tensor([[1, 5, 7]]),)),
    "remembering": Net(Remembering, lambda: (torch.randn(2, 4),), ("script",)),
    "volume": Net(Volume, lambda: (torch.randn(2, 2, 10),)),
}
CASES = [(name, way) for name, net in NETS.items() for way in net.ways]
FROZEN = [name for name in NETS if name not in ("remembering", "branch taken")]


def saved(
    folder: Path, module: nn.Module, inputs: tuple[Tensor, ...], way: str, *, freeze: bool = False
) -> Path:
    path = folder / "net.pt"
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # torch.jit is deprecated; a tracer warns of sizes
        if way == "trace":
            made = torch.jit.trace(module, inputs, check_trace=False, strict=False)
        else:
            made = torch.jit.script(module)
        if freeze:
            made = torch.jit.freeze(made)
        torch.jit.save(made, path)
    return path


def opened(path: Path, **options: Any) -> tuple[OpenedModel, Runner]:
    model = readers.read(path, readers.Options(**options))
    return model, runner(model, CPU)


def run(path: Path, inputs: tuple[Tensor, ...], **options: Any) -> ForwardPass:
    found = opened(path)[1]
    given = dict(zip((value.name for value in found.inputs), inputs, strict=True))
    return found.run(given, **options)


def tensors(found: Any) -> list[Tensor]:
    if isinstance(found, Tensor):
        return [found]
    items = found.values() if isinstance(found, dict) else found
    return [tensor for item in items for tensor in tensors(item)]


@dataclass
class Judged:
    """One call of a module, as plain torch and its hooks see it."""

    path: str
    output: Tensor
    gradient: Tensor | None = None


def judge(module: nn.Module, inputs: tuple[Tensor, ...]) -> tuple[list[Judged], list[Tensor]]:
    """Every leaf module's outputs, and the gradients there of the first output's first number."""
    module.requires_grad_(requires_grad=False)
    calls: list[Judged] = []

    def hook(path: str) -> Callable[..., None]:
        def seen(_module: nn.Module, _inputs: Any, output: Any) -> None:
            tensor = tensors(output)[0]
            call = Judged(path, tensor.detach().clone())
            calls.append(call)
            if tensor.requires_grad:
                tensor.register_hook(lambda g: setattr(call, "gradient", g.clone()))

        return seen

    handles = [
        part.register_forward_hook(hook(path))
        for path, part in module.named_modules()
        if path and not [*part.children()]
    ]
    fed = [x.clone().requires_grad_() if x.is_floating_point() else x for x in inputs]
    if not any(x.requires_grad for x in fed):
        module.requires_grad_()  # tokens: gradients begin at the embedding
    outputs = tensors(module(*(x.clone() for x in fed)))
    outputs[0].reshape(-1)[0].backward()
    for handle in handles:
        handle.remove()
    return calls, [output.detach() for output in outputs]


def made(name: str) -> tuple[nn.Module, tuple[Tensor, ...]]:
    torch.manual_seed(0)
    return NETS[name].make().eval(), NETS[name].inputs()


@pytest.fixture(params=CASES, ids=lambda case: f"{case[0]}-{case[1]}")
def case(request: pytest.FixtureRequest) -> tuple[str, str]:
    return request.param


def test_outputs_and_module_outputs_and_their_gradients_equal_plain_torch(case, tmp_path):
    name, way = case
    module, inputs = made(name)
    path = saved(tmp_path, module, inputs, way)
    passed = run(path, inputs)
    calls, outputs = judge(module, inputs)

    for found, output in zip(passed.graph.outputs, outputs, strict=True):
        torch.testing.assert_close(passed.value(found), output, rtol=1e-6, atol=1e-6)
    passed.logits = passed.graph.outputs[0]
    nodes: dict[str, list[str]] = {}
    for node in passed.graph.nodes:
        nodes.setdefault(node.name, []).append(node.id)
    compared = 0
    for call in calls:
        if call.path not in nodes or "attention" in call.path or call.path in ("rnn", "gru"):
            continue
        found = [n for n in nodes[call.path] if passed.activation(n).shape == call.output.shape]
        node = next(n for n in found if torch.equal(passed.activation(n), call.output))
        if call.gradient is not None:
            gradient = passed.gradient(0, node)
            torch.testing.assert_close(gradient, call.gradient, rtol=1e-6, atol=1e-7)
            compared += 1
    assert compared > 0 or name == "functional"


@pytest.mark.parametrize("name", FROZEN)
def test_frozen_files_run(name, tmp_path):
    module, inputs = made(name)
    path = saved(tmp_path, module, inputs, NETS[name].ways[-1], freeze=True)
    passed = run(path, inputs)
    outputs = tensors(module(*(x.clone() for x in inputs)))

    for found, output in zip(passed.graph.outputs, outputs, strict=True):
        torch.testing.assert_close(passed.value(found), output, rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize(
    "name", ["in place", "residual", "reused", "U-Net", "two inputs", "volume"]
)
def test_nodes_are_those_of_the_plain_module(name, tmp_path):
    module, inputs = made(name)
    plain = runner(OpenedModel(NOTHING_KNOWN, executable=module), CPU)
    expected = plain.run(dict(zip((v.name for v in plain.inputs), inputs, strict=True))).graph
    for way in NETS[name].ways:
        graph = run(saved(tmp_path, module, inputs, way), inputs).graph
        assert [node.id for node in graph.nodes] == [node.id for node in expected.nodes]
        assert [node.inputs for node in graph.nodes] == [node.inputs for node in expected.nodes]
        assert graph.parameter_count == expected.parameter_count


@pytest.mark.parametrize("way", ["trace", "script"])
def test_grad_cam_is_that_of_the_plain_module(way, tmp_path):
    module, inputs = made("residual")
    session = Session("cpu")
    session.open(saved(tmp_path, module, inputs, way))
    session.run(inputs[0].numpy())
    found = session.explain("grad-cam", node="bn2.batch_norm", target=2).raw

    kept: list[Tensor] = []

    def keep(_module: nn.Module, _inputs: Any, output: Tensor) -> Tensor:
        kept.append(output)
        return output * 1  # what the next layers may write over

    module.bn2.register_forward_hook(keep)
    score = module(inputs[0].clone())[0, 2]
    (gradient,) = torch.autograd.grad(score, kept)
    weight = gradient.mean((2, 3), keepdim=True)
    expected = (weight * kept[0]).sum(1)[0].detach()
    torch.testing.assert_close(torch.from_numpy(found), expected, rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize("way", ["trace", "script"])
def test_the_graph_is_drawn_before_the_first_run(way, tmp_path):
    module, inputs = made("in place")
    found = opened(saved(tmp_path, module, inputs, way))[1]

    assert found.inputs[0].name == "x"
    size = 33 if way == "trace" else None  # a traced file remembers what it was traced with
    assert found.inputs[0].shape == (None, 3, size, size)
    shape = tuple(
        1 if n is None and at == 0 else n or 224 for at, n in enumerate(found.inputs[0].shape)
    )
    passed = found.run({"x": torch.randn(shape)})
    assert passed.graph == found.graph


def test_branches_and_loops_on_numbers_are_drawn_with_both_ways(tmp_path):
    module, inputs = made("branch taken")
    graph = opened(saved(tmp_path, module, inputs, "script"))[1].graph
    ops = {node.id: node for node in graph.nodes}
    assert {"large.linear", "small.linear"} < ops.keys()
    assert ops["If"].inputs == ("gt", "exp", "small.linear")
    assert graph.values["If"].shape == (1, 3)

    module, inputs = made("loop")
    graph = opened(saved(tmp_path, module, inputs, "script"))[1].graph
    assert [n.op_type for n in graph.nodes if n.op_type == "Loop"] == ["Loop"]


class Unguessable(nn.Module):
    """Says what it takes by raising."""

    def __init__(self) -> None:
        super().__init__()
        self.fc = nn.Linear(4, 2)

    def forward(self, x: Tensor, scale: int) -> Tensor:
        if x.shape[0] != 3 or scale < 1:
            raise ValueError("not this")
        if scale > 2:
            x = x * 2
        return self.fc(x) * scale


def test_what_cannot_be_guessed_is_drawn_as_it_is_written(tmp_path):
    torch.manual_seed(0)
    module = Unguessable()
    found = opened(saved(tmp_path, module, (), "script"))[1]
    assert [node.id for node in found.graph.nodes] == ["mul", "If", "fc.linear", "mul#2"]
    assert [p.name for p in found.graph.node("fc.linear").parameters] == ["fc.weight", "fc.bias"]

    x = torch.randn(3, 4)
    passed = found.run({"x": x, "scale": torch.tensor(4)})
    assert torch.equal(passed.value("output"), module(x, 4).detach())
    with pytest.raises(Problem, match="before its first layer: ScriptError: ValueError: not this"):
        found.run({"x": x, "scale": torch.tensor(0)})


class Forked(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.fc = nn.Linear(4, 4)

    def forward(self, x: Tensor) -> Tensor:
        later = torch.jit.fork(torch.relu, x)
        return self.fc(x) + torch.jit.wait(later)


def test_what_cannot_be_interpreted_runs_by_itself_and_says_so(tmp_path):
    torch.manual_seed(0)
    module, x = Forked().eval(), torch.randn(2, 4)
    passed = run(saved(tmp_path, module, (x,), "script"), (x,))

    torch.testing.assert_close(passed.value("output"), (module.fc(x) + x.relu()).detach())
    assert {node.execution for node in passed.graph.nodes} == {"TorchScript"}
    assert all("by TorchScript itself" in node.note for node in passed.graph.nodes)
    leaf = x.clone().requires_grad_()
    (expected,) = torch.autograd.grad((module.fc(leaf) + leaf.relu())[0, 1], leaf)
    passed.logits = "output"
    torch.testing.assert_close(passed.gradients(1)["x"], expected)


@pytest.mark.parametrize("way", ["trace", "script"])
def test_a_node_knows_the_line_that_computes_it(way, tmp_path):
    module, inputs = made("residual")
    graph = run(saved(tmp_path, module, inputs, way), inputs).graph
    line = Residual.forward.__code__.co_firstlineno + 3
    assert graph.node("add_").source == f"test_torchscript.py:{line} in forward"


def test_the_file_is_afterwards_exactly_as_it_was(tmp_path):
    module, inputs = made("remembering")
    found = opened(saved(tmp_path, module.train(), inputs, "script"))[1]
    script = found._loaded.script

    def state() -> Any:
        return (
            {name: tensor.clone().tolist() for name, tensor in script.state_dict().items()},
            [part.training for part in script.modules()],
            [(p.requires_grad, p.grad) for p in script.parameters()],
            script.turn,
            len(torch.nn.modules.module._global_forward_hooks),
            torch.is_grad_enabled(),
        )

    before = state()
    first = found.run({"x": inputs[0]})
    first.gradients(0)
    assert state() == before
    assert torch.equal(found.run({"x": inputs[0]}).value("output"), first.value("output"))


class Endless(nn.Module):
    def forward(self, x: Tensor) -> Tensor:
        at = 0
        while at >= 0:
            at = (at + 1) % 7
        return x


@pytest.mark.parametrize("way", ["trace", "script"])
def test_a_run_that_nobody_holds_leaves_nothing_in_memory(way, tmp_path):
    module, inputs = made("residual")
    path = saved(tmp_path, module, inputs, way)
    gc.collect()
    gc.disable()  # and nobody needs to look for it
    try:
        run(path, inputs)
    finally:
        gc.enable()
    assert not [found for found in gc.get_objects() if type(found) is Recorder]


def test_a_loop_without_an_end_can_be_cancelled(tmp_path, monkeypatch):
    monkeypatch.setattr("netviz_desktop.engine.runners.torchscript._SECONDS_OF_DRAWING", 0.1)
    found = opened(saved(tmp_path, Endless(), (torch.ones(1),), "script"))[1]

    def step(_done: float, what: str) -> None:
        assert what == "Running a loop"
        raise Cancelled

    with pytest.raises(Cancelled):
        found.run({"x": torch.ones(1)}, step=step)


def test_drawing_a_loop_without_an_end_can_be_cancelled(tmp_path):
    saved(tmp_path, Endless(), (torch.ones(1),), "script")
    asked = []

    def step(_done: float, what: str) -> None:
        asked.append(what)
        if what == "Running a loop":
            raise Cancelled

    with pytest.raises(Cancelled):
        Session("cpu").open(next(tmp_path.iterdir()), step=step)
    assert asked.count("Running a loop") == 1


class Tied(nn.Module):
    """A buffer that is drawn without its numbers, one weight under two names, a constant."""

    def __init__(self) -> None:
        super().__init__()
        self.embedding = nn.Embedding(7, 4)
        self.head = nn.Linear(4, 7, bias=False)
        self.head.weight = self.embedding.weight
        self.register_buffer("scale", torch.tensor([0.5, 2.0, 1.0, 3.0]))

    def forward(self, x: Tensor) -> Tensor:
        size = int(torch.tensor(x.shape[1]) * torch.tensor(2) / torch.tensor(2))
        return self.head(self.embedding(x)[:, :size] * self.scale + torch.tensor([1.0, 2, 3, 4]))


def test_a_large_file_is_drawn_without_its_weights_and_run_with_them(tmp_path, monkeypatch):
    net, tokens = Tied().eval(), torch.tensor([[1, 2, 6]])
    path = tmp_path / "net.pt"
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        torch.jit.trace(net, tokens).save(path)
    small = Session("cpu")
    small.open(path)
    monkeypatch.setattr("netviz_desktop.engine.runners.torchscript._LARGE_BYTES", 0)
    large = Session("cpu")
    large.open(path)

    assert large.graph == small.graph
    assert large.inputs == small.inputs

    large.run(tokens.numpy())
    torch.testing.assert_close(torch.from_numpy(large.value(large.graph.outputs[0])), net(tokens))
    small.run(tokens.numpy())
    assert large.graph == small.graph


def test_the_weights_of_a_large_file_are_not_read_to_open_it(tmp_path, monkeypatch):
    monkeypatch.setattr("netviz_desktop.engine.runners.torchscript._LARGE_BYTES", 0)

    def read(*_: object) -> None:
        raise AssertionError

    monkeypatch.setattr("netviz_desktop.engine.runners.torchscript.loaded", read)
    saved(tmp_path, nn.Sequential(nn.Conv2d(3, 4, 3), nn.ReLU()), (), "script")
    session = Session("cpu")
    session.open(next(tmp_path.iterdir()))

    assert [node.op_type for node in session.graph.nodes] == ["conv2d", "relu"]


class Doubling(nn.Module):
    def forward(self, x: Tensor) -> Tensor:
        items = [1]
        while len(items) > 0:
            items = items + items
        return x


class Repeating(nn.Module):
    def forward(self, x: Tensor) -> Tensor:
        return x + len([0] * 200_000_000_000)


class Spelling(nn.Module):
    def forward(self, x: Tensor) -> Tensor:
        said = "a"
        for _ in range(60):
            said = said + said
        return x + len(said)


@pytest.mark.parametrize("kind", [Doubling, Repeating, Spelling])
def test_what_would_fill_the_memory_is_a_problem(kind, tmp_path):
    found = opened(saved(tmp_path, kind(), (torch.ones(1),), "script"))[1]

    with pytest.raises(Problem, match="memory"):
        found.run({"x": torch.ones(1)})


def test_whole_numbers_have_64_bits(tmp_path):
    class Hash(nn.Module):
        def forward(self, x: Tensor) -> Tensor:
            state = 1
            for at in range(9):
                state = state * 6364136223846793005 + at
            return x + (state >> 40)

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        judge = torch.jit.script(Hash())
        found = opened(saved(tmp_path, Hash(), (torch.ones(1),), "script"))[1]
        wanted = judge(torch.ones(1))

    assert torch.equal(found.run({"x": torch.ones(1)}).value("output"), wanted)


def test_a_list_of_tensors_is_given_as_one(tmp_path):
    class Images(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.conv = nn.Conv2d(3, 2, 1)

        def forward(self, images: list[Tensor]) -> list[Tensor]:
            return [self.conv(image) for image in images]

    torch.manual_seed(0)
    module, x = Images(), torch.randn(2, 3, 4, 4)
    passed = run(saved(tmp_path, module, (), "script"), (x,))
    assert passed.graph.outputs == ("output.0", "output.1")
    torch.testing.assert_close(passed.value("output.1"), module.conv(x[1]).detach())


def test_an_input_of_another_name_is_a_problem(tmp_path):
    module, inputs = made("residual")
    found = opened(saved(tmp_path, module, inputs, "script"))[1]
    with pytest.raises(Problem, match="takes x, but was given picture"):
        found.run({"picture": inputs[0]})
