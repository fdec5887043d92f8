"""The recorder against plain torch with forward hooks, on networks that make it hard."""

from __future__ import annotations

import gc
import hashlib
import warnings
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pytest
import torch
import torch.nn.functional as F  # noqa: N812 - as everybody calls it
from torch import Tensor, nn

from netviz_desktop.engine import memory
from netviz_desktop.engine.forward_pass import ForwardPass, RunStopped
from netviz_desktop.engine.runners import runner
from netviz_desktop.graph import ModelGraph, Node, Parameter
from netviz_desktop.problems import Cancelled, Problem
from netviz_desktop.readers import OpenedModel
from tests.engine.runners.architectures import CASES as ARCHITECTURES

CPU = torch.device("cpu")
NOTHING_KNOWN = ModelGraph("PyTorch module", "test", (), (), (), {})


class Fire(nn.Module):
    def __init__(self, channels: int, squeeze: int, expand: int) -> None:
        super().__init__()
        self.squeeze = nn.Conv2d(channels, squeeze, 1)
        self.activation = nn.ReLU(inplace=True)
        self.expand1x1 = nn.Conv2d(squeeze, expand, 1)
        self.expand3x3 = nn.Conv2d(squeeze, expand, 3, padding=1)
        self.expanded = nn.ReLU(inplace=True)

    def forward(self, x: Tensor) -> Tensor:
        x = self.activation(self.squeeze(x))
        return torch.cat([self.expanded(self.expand1x1(x)), self.expanded(self.expand3x3(x))], 1)


def squeeze_net() -> nn.Module:
    return nn.Sequential(
        nn.Conv2d(3, 8, 3, stride=2),
        nn.ReLU(inplace=True),
        nn.MaxPool2d(3, 2, ceil_mode=True),
        Fire(8, 4, 8),
        nn.Dropout(0.5),
        nn.Conv2d(16, 5, 1),
        nn.AdaptiveAvgPool2d(1),
        nn.Flatten(),
    )


class Residual(nn.Module):
    """In-place additions and a ReLU that two places share, as in torchvision's ResNet."""

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


class Attentive(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.patches = nn.Conv2d(3, 8, 4, stride=4)
        self.attention = nn.MultiheadAttention(8, 2, batch_first=True)
        self.norm = nn.LayerNorm(8)
        self.head = nn.Linear(8, 3)

    def forward(self, image: Tensor) -> dict[str, Tensor]:
        tokens = self.patches(image).flatten(2).transpose(1, 2)
        attended, weights = self.attention(tokens, tokens, tokens)
        tokens = self.norm(tokens + attended)
        return {"logits": self.head(tokens[:, 0]), "attention": weights}


class Recurrent(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.rnn = nn.LSTM(5, 7, num_layers=2, batch_first=True)
        self.head = nn.Linear(7, 2)

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor]:
        sequence, (state, _) = self.rnn(x)
        return self.head(sequence[:, -1]), state


class Functional(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.randn(4, 3, 3, 3))
        self.register_buffer("scale", torch.tensor(2.0))

    def forward(self, x: Tensor) -> Tensor:
        x = F.relu(F.conv2d(x, self.weight, padding=1) * self.scale)
        x = F.interpolate(x, scale_factor=0.5)
        return 1 - torch.sigmoid(x).amax(dim=(2, 3))


class Branching(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.small = nn.Linear(6, 3)
        self.large = nn.Linear(6, 3)

    def forward(self, x: Tensor) -> Tensor:
        if x.sum().item() > 0:
            return self.large(x).exp()
        return self.small(x)


class Overwriting(nn.Module):
    """Writes over what autograd saved, which a plain backward pass refuses."""

    def __init__(self) -> None:
        super().__init__()
        self.fc = nn.Linear(6, 6)

    def forward(self, x: Tensor) -> Tensor:
        x = self.fc(x)
        y = x.exp()
        z = y * 2
        y += 1
        x[:, 0] = 0
        x[:, 1:3].mul_(3)
        return z * y + x


class Tokens(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.embedding = nn.Embedding(11, 6)
        self.positions = nn.Parameter(torch.randn(1, 16, 6))
        self.head = nn.Linear(6, 3)

    def forward(self, ids: Tensor) -> Tensor:
        x = self.embedding(ids) + self.positions[:, : ids.shape[1]]
        return self.head(torch.tanh(x).mean(1))


def swish(x: Tensor) -> Tensor:
    return x * torch.sigmoid(x) + 1


class Helped(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.fc = nn.Linear(4, 4)
        with warnings.catch_warnings():  # published networks still use what torch deprecated
            warnings.simplefilter("ignore", DeprecationWarning)
            self.helper = torch.jit.script(swish)

    def forward(self, x: Tensor) -> Tensor:
        return self.fc(self.helper(self.fc(x)))


def image() -> Tensor:
    return torch.randn(1, 3, 16, 16)


CASES: dict[str, tuple[Callable[[], nn.Module], Callable[[], Tensor]]] = {
    "SqueezeNet": (squeeze_net, lambda: torch.randn(1, 3, 33, 33)),
    "residual": (Residual, image),
    "attention": (Attentive, image),
    "LSTM": (Recurrent, lambda: torch.randn(2, 9, 5)),
    "branch taken": (Branching, lambda: torch.ones(2, 6)),
    "branch not taken": (Branching, lambda: -torch.ones(2, 6)),
}


@pytest.fixture(params=CASES)
def case(request: pytest.FixtureRequest) -> tuple[nn.Module, Tensor]:
    torch.manual_seed(0)
    make, make_input = CASES[request.param]
    return make().eval(), make_input()


def run(module: nn.Module, x: Tensor, **options: Any) -> ForwardPass:
    found = runner(OpenedModel(NOTHING_KNOWN, executable=module), CPU)
    return found.run({found.inputs[0].name: x}, **options)


def first_tensor(found: Any) -> Tensor:
    while not isinstance(found, Tensor):
        found = next(iter(found.values() if isinstance(found, dict) else found))
    return found


@dataclass
class Judged:
    """One call of a module, as plain torch and its hooks see it."""

    path: str
    output: Tensor
    gradient: Tensor | None = None


def judge(module: nn.Module, x: Tensor) -> tuple[list[Judged], Tensor]:
    """Every leaf module's outputs and their gradients of the first element of the output.

    Parameters are frozen: torch multiplies matrices in another way when they are trained.
    """
    module.requires_grad_(requires_grad=False)
    calls: list[Judged] = []

    def hook(path: str) -> Callable[..., None]:
        def seen(_module: nn.Module, _inputs: Any, output: Any) -> None:
            tensor = first_tensor(output)
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
    output = first_tensor(module(x.clone().requires_grad_().clone()))
    output.reshape(-1)[0].backward()
    for handle in handles:
        handle.remove()
    return calls, output.detach()


def nodes_by_call(run: ForwardPass) -> dict[str, list[str]]:
    """Module path -> ids of the last node of each of its calls."""
    found: dict[str, list[str]] = {}
    for node in run.graph.nodes:
        found.setdefault(node.name, []).append(node.id)
    return found


def test_activations_equal_plain_torch_exactly(case: tuple[nn.Module, Tensor]) -> None:
    module, x = case
    calls, output = judge(module, x)
    passed = run(module, x)

    assert torch.equal(passed.value(passed.graph.outputs[0]), output)
    nodes = nodes_by_call(passed)
    compared = [
        torch.equal(passed.activation(nodes[call.path].pop(0)), call.output)
        for call in calls
        if call.path in nodes and "attention" not in call.path and "rnn" not in call.path
    ]
    assert all(compared)
    assert len(compared) > 0


def test_gradients_equal_those_of_hooks(case: tuple[nn.Module, Tensor]) -> None:
    module, x = case
    calls, _ = judge(module, x)
    passed = run(module, x)

    first_output = passed.graph.outputs[0]
    passed.logits = first_output
    nodes = nodes_by_call(passed)
    compared = 0
    for call in calls:
        if call.gradient is None or call.path not in nodes or call.path in ("attention", "rnn"):
            continue
        node = nodes[call.path].pop(0)
        torch.testing.assert_close(passed.gradient(0, node), call.gradient, rtol=0, atol=0)
        compared += 1
    assert compared > 0


def test_functional_operations_are_as_in_plain_torch() -> None:
    torch.manual_seed(0)
    module, x = Functional(), image()
    passed = run(module, x)

    leaf = x.clone().requires_grad_()
    convolved = F.conv2d(leaf, module.weight.detach(), padding=1)
    scaled = convolved * 2
    pooled = torch.sigmoid(F.interpolate(scaled.relu(), scale_factor=0.5)).amax(dim=(2, 3))
    assert [n.id for n in passed.graph.nodes] == [
        "conv2d", "mul", "relu", "interpolate", "sigmoid", "amax", "rsub",
    ]  # fmt: skip
    assert passed.graph.node("mul").inputs == ("conv2d", "scale")
    assert torch.equal(passed.activation("mul"), scaled)
    assert torch.equal(passed.value("output"), 1 - pooled)
    expected = torch.autograd.grad((1 - pooled)[0, 2], [convolved, leaf])
    assert torch.equal(passed.gradient(2, "conv2d"), expected[0])
    assert torch.equal(passed.gradients(2)["x"], expected[1])


def test_a_value_that_is_written_over_stays_as_it_was() -> None:
    torch.manual_seed(0)
    module, x = nn.Sequential(nn.Linear(4, 4), nn.ReLU(inplace=True)), torch.randn(3, 4)
    passed = run(module, x)

    before = module[0](x)
    assert (before < 0).any()
    assert torch.equal(passed.activation("0.linear"), before)
    assert torch.equal(passed.activation("1.relu"), before.clamp(min=0))


def test_gradients_go_through_what_a_plain_backward_refuses() -> None:
    torch.manual_seed(0)
    module, x = Overwriting(), torch.randn(2, 6)
    with pytest.raises(RuntimeError, match="modified by an inplace operation"):
        module(x.clone().requires_grad_()).sum().backward()

    passed = run(module, x)

    leaf = x.clone().requires_grad_()
    h = module.fc(leaf)
    factors = torch.tensor([0.0, 3.0, 3.0, 1.0, 1.0, 1.0])
    expected = h.exp() * 2 * (h.exp() + 1) + h * factors
    torch.testing.assert_close(passed.value("output"), expected)
    (gradient,) = torch.autograd.grad(expected.reshape(-1)[1], leaf)
    name = passed.graph.inputs[0]
    torch.testing.assert_close(passed.gradients(1)[name], gradient)


def test_a_write_through_a_view_reaches_who_reads_the_whole() -> None:
    graph = run(Overwriting(), torch.randn(2, 6)).graph

    last = graph.nodes[-1]
    writer = graph.producer[last.inputs[1]]
    assert graph.node(writer).op_type == "mul_"


def test_a_node_has_its_module_arguments_and_weights() -> None:
    graph = run(squeeze_net(), image()).graph

    node = graph.node("3.expand3x3.conv2d")
    assert node.op_type == "conv2d"
    assert node.scope == ("3", "expand3x3")
    assert node.attributes["padding"] == [1, 1]
    assert node.inputs == ("3.activation.relu", "3.expand3x3.weight", "3.expand3x3.bias")
    assert [p.shape for p in node.parameters] == [(8, 4, 3, 3), (8,)]
    assert graph.node("3.cat").inputs == ("3.expanded.relu", "3.expanded.relu#2")
    assert graph.node("3.cat").attributes == {"dim": 1}
    assert graph.inputs == ("input",)
    assert graph.outputs == ("output",)


def test_the_parameter_count_is_pytorchs_own() -> None:
    module = Residual()
    assert run(module, image()).graph.parameter_count == sum(p.numel() for p in module.parameters())


def test_the_graph_is_drawn_before_the_first_run() -> None:
    found = runner(OpenedModel(NOTHING_KNOWN, executable=Residual()), CPU)

    assert [node.id for node in found.graph.nodes][:3] == [
        "conv1.conv2d",
        "bn1.batch_norm",
        "relu.relu",
    ]
    assert found.inputs[0].name == "x"
    assert found.inputs[0].shape == (None, 3, None, None)
    assert found.run({"x": torch.randn(1, 3, 224, 224)}).graph == found.graph


@pytest.mark.parametrize("side", [8, 28, 299])
def test_a_network_of_one_size_tells_it(side: int) -> None:
    features = (side - 2) ** 2
    module = nn.Sequential(nn.Conv2d(1, 1, 3), nn.Flatten(), nn.Linear(features, 2))
    found = runner(OpenedModel(NOTHING_KNOWN, executable=module), CPU)

    assert found.inputs[0].shape == (None, 1, side, side)


def test_a_branch_on_numbers_is_looked_at_with_numbers() -> None:
    found = runner(OpenedModel(NOTHING_KNOWN, executable=Branching()), CPU)

    assert [node.id for node in found.graph.nodes] == ["sum", "small.linear"]


class Deciding(nn.Module):
    """Nothing but an argument differs between the ways that it goes."""

    def forward(self, x: Tensor) -> Tensor:
        return x.flip(2 if x.sum().item() > 0 else 3) * 2


def test_a_run_that_goes_another_way_than_the_last_has_the_graph_of_its_own_way() -> None:
    known = OpenedModel(NOTHING_KNOWN, executable=Deciding())
    found = runner(known, CPU)
    x = torch.rand(1, 1, 4, 4)

    graphs = [found.run({"x": given}).graph for given in (x, 2 * x, -x, x)]

    assert [graph.node("flip").attributes for graph in graphs] == [
        {"dims": 2}, {"dims": 2}, {"dims": 3}, {"dims": 2},
    ]  # fmt: skip
    larger = found.run({"x": torch.rand(1, 1, 5, 5)}).graph
    assert larger.values["flip"].shape == (1, 1, 5, 5)


class Forgetting(nn.Module):
    def forward(self, x: Tensor) -> Tensor:
        x = x * 3
        y = x.exp()
        x.detach_()
        return y.flatten(1)


def test_what_autograd_is_told_to_forget_keeps_the_gradient_that_it_had() -> None:
    found = run(Forgetting(), torch.zeros(1, 2))

    assert found.gradient(1, "mul").tolist() == [[0.0, 1.0]]


def test_outputs_in_a_dict_keep_their_keys() -> None:
    passed = run(Attentive(), image())

    assert passed.graph.outputs == ("logits", "attention")
    assert passed.logits == "logits"
    assert passed.value("attention").shape == (1, 16, 16)
    attention = next(n for n in passed.graph.nodes if n.op_type == "multi_head_attention_forward")
    assert attention.attributes["num_heads"] == 2


def test_outputs_in_a_tuple_are_numbered() -> None:
    assert run(Recurrent(), torch.randn(1, 3, 5)).graph.outputs == ("output.0", "output.1")


def test_gradients_of_a_network_of_tokens_begin_at_the_embedding() -> None:
    torch.manual_seed(0)
    module, ids = Tokens(), torch.tensor([[1, 5, 7]])
    passed = run(module, ids)

    embedded = module.embedding(ids).detach().requires_grad_()
    output = module.head(torch.tanh(embedded + module.positions[:, :3]).mean(1))
    (expected,) = torch.autograd.grad(output[0, 2], embedded)
    torch.testing.assert_close(passed.gradient(2, "embedding.embedding"), expected)
    assert passed.graph.values["ids"].dtype == "int64"


class Masked(nn.Module):
    """Transformers' way: the mask becomes numbers, and those are written to."""

    def __init__(self) -> None:
        super().__init__()
        self.embedding = nn.Embedding(11, 6)
        self.attention = nn.MultiheadAttention(6, 2, batch_first=True)
        self.head = nn.Linear(6, 3)

    def forward(self, ids: Tensor, mask: Tensor) -> Tensor:
        added = torch.zeros_like(mask, dtype=torch.float32).masked_fill_(mask, -1e9)
        x = self.embedding(ids)
        x *= 2
        x, _ = self.attention(x, x, x, key_padding_mask=added)
        return self.head(x[:, 0])


def test_what_is_made_of_tokens_may_be_written_over() -> None:
    torch.manual_seed(0)
    module = Masked().eval()
    ids, mask = torch.tensor([[1, 5, 7]]), torch.tensor([[False, False, True]])
    found = runner(OpenedModel(NOTHING_KNOWN, executable=module), CPU)
    assert found is not None
    passed = found.run({"ids": ids, "mask": mask})

    torch.testing.assert_close(passed.value("output"), module(ids, mask).detach())
    assert passed.gradient(0, "embedding.embedding")[0, 1].abs().max() > 0
    assert passed.gradient(0, "embedding.embedding")[0, 2].abs().max() == 0  # masked


def test_operations_of_scripted_helpers_are_nodes() -> None:
    torch.manual_seed(0)
    module, x = Helped(), torch.randn(1, 4)
    passed = run(module, x)

    assert torch.equal(passed.value("output"), module(x))
    assert [n.op_type for n in passed.graph.nodes] == ["linear", "sigmoid", "mul", "add", "linear"]
    leaf = x.clone().requires_grad_()
    (expected,) = torch.autograd.grad(module(leaf)[0, 1], leaf)
    torch.testing.assert_close(passed.gradients(1)["x"], expected)


def test_a_scripted_layer_runs_like_any_other() -> None:
    torch.manual_seed(0)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        layer = torch.jit.script(nn.Sequential(nn.Linear(4, 4), nn.ReLU()))
    module, x = nn.Sequential(nn.Linear(4, 4), layer), torch.randn(2, 4)

    passed = run(module, x)

    assert torch.equal(passed.value("output"), module(x))
    assert passed.graph.nodes[-1].scope[0] == "1"


def test_vmap_shows_what_it_computes() -> None:
    class Mapped(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.fc = nn.Linear(4, 4)

        def forward(self, x: Tensor) -> Tensor:
            return torch.vmap(lambda row: self.fc(row) * 2)(x)

    torch.manual_seed(0)
    module, x = Mapped(), torch.randn(2, 4)
    passed = run(module, x)

    assert torch.equal(passed.value("output"), module(x))
    leaf = x.clone().requires_grad_()
    (expected,) = torch.autograd.grad(module(leaf)[0, 1], leaf)
    torch.testing.assert_close(passed.gradients(1)["x"], expected)


def test_running_statistics_that_a_run_writes_get_their_numbers_back() -> None:
    class AlwaysTraining(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.bn = nn.BatchNorm1d(4)

        def forward(self, x: Tensor) -> Tensor:
            return F.batch_norm(x, self.bn.running_mean, self.bn.running_var, training=True)

    module, x = AlwaysTraining(), torch.randn(6, 4)
    before = state_of(module)

    passed = run(module, x)

    torch.testing.assert_close(passed.value("output").mean(0), torch.zeros(4))
    assert state_of(module) == before


def test_dropout_at_rest_is_a_node_beside_its_input() -> None:
    class Skipping(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.fc = nn.Linear(4, 4)
            self.dropout = nn.Dropout()

        def forward(self, x: Tensor) -> Tensor:
            x = self.fc(x)
            return x + self.dropout(x).tanh()

    graph = run(Skipping(), torch.randn(1, 4)).graph

    assert [n.op_type for n in graph.nodes] == ["linear", "dropout", "tanh", "add"]
    assert graph.node("add").inputs == ("fc.linear", "tanh")


def test_numpy_and_python_numbers_in_forward_do_no_harm() -> None:
    class Mixed(nn.Module):
        def forward(self, x: Tensor) -> Tensor:
            scale = float(x.abs().max()) + float(x.numpy().sum()) + x.tolist()[0][0]
            return x * scale + torch.from_numpy(x.numpy())

    x = torch.randn(1, 4)
    assert torch.equal(run(Mixed(), x).value("output"), Mixed()(x))


def test_without_gradients_there_are_activations_alone() -> None:
    passed = run(Residual(), image(), gradients=False)

    assert all(recorded.edge is None for recorded in passed.values.values())
    assert passed.activation("bn2.batch_norm").shape == (1, 6, 16, 16)


def state_of(module: nn.Module) -> tuple[Any, ...]:
    digest = hashlib.sha256()
    for tensor in module.state_dict().values():
        digest.update(tensor.numpy().tobytes())
    return (
        digest.hexdigest(),
        [part.training for part in module.modules()],
        [(p.requires_grad, p.grad) for p in module.parameters()],
        [
            (len(part._forward_hooks), len(part._forward_pre_hooks), sorted(vars(part)))
            for part in module.modules()
        ],
        len(torch.nn.modules.module._global_forward_hooks),
        len(torch.nn.modules.module._global_forward_pre_hooks),
        torch.backends.mha.get_fastpath_enabled(),
        torch.is_grad_enabled(),
    )


class Remembering(nn.Module):
    """Leaves traces in its buffers and attributes, and can be told to raise."""

    def __init__(self) -> None:
        super().__init__()
        self.fc = nn.Linear(4, 4)
        self.register_buffer("runs", torch.zeros(1))
        self.register_buffer("memory", torch.zeros(1, 4))
        self.fails = False

    def forward(self, x: Tensor) -> Tensor:
        self.runs += 1
        self.memory.copy_(x)
        self.last = self.fc(x)
        self.memory = self.memory * 2
        if self.fails and x.sum() != 0:
            raise ValueError("not today\nsecond line")
        return self.last + self.memory


def test_the_model_is_afterwards_exactly_as_it_was() -> None:
    module = Remembering().train()
    module.fc.eval()
    module.fc.bias.requires_grad_(requires_grad=False)
    x = torch.ones(1, 4)
    before, expected = state_of(module), module.fc(x) + 2 * x

    passed = run(module, x)
    passed.gradients(0)

    assert torch.equal(passed.value("output"), expected)
    assert state_of(module) == before
    assert torch.equal(module.runs, torch.zeros(1))
    assert torch.equal(x, torch.ones(1, 4))
    assert not x.requires_grad


def test_the_model_is_as_it_was_after_it_raised_and_the_problem_says_where() -> None:
    module = Remembering().train()
    module.fails = True
    before = state_of(module)

    with pytest.raises(
        Problem, match="Remembering stopped in its forward: ValueError: not today\nCheck"
    ):
        run(module, torch.ones(1, 4))

    assert state_of(module) == before


def test_the_model_is_as_it_was_after_it_was_cancelled() -> None:
    module = Residual().train()
    before = state_of(module)
    steps: list[tuple[float, str]] = []

    def step(done: float, what: str) -> None:
        steps.append((done, what))
        if len(steps) == 3:
            raise Cancelled

    with pytest.raises(Cancelled):
        run(module, image(), step=step)

    assert state_of(module) == before
    assert [what for _, what in steps][-1] == "Running relu.relu"
    assert all(0 < done < 1 for done, _ in steps)


def test_an_input_that_does_not_fit_is_a_problem_that_names_the_layer() -> None:
    with pytest.raises(Problem) as raised:
        run(squeeze_net(), torch.randn(1, 1, 33, 33))

    assert "in 0 (Conv2d): RuntimeError: " in raised.value.what
    assert "(1, 1, 33, 33)" in raised.value.remedy


def test_an_input_of_another_name_is_a_problem() -> None:
    found = runner(OpenedModel(NOTHING_KNOWN, executable=Residual()), CPU)

    with pytest.raises(Problem, match="takes x, but was given picture"):
        found.run({"picture": image()})


def test_a_module_that_gives_back_no_tensor_is_a_problem() -> None:
    class Mute(nn.Module):
        def forward(self, x: Tensor) -> None:
            x + 1

    with pytest.raises(Problem, match="gave back no tensor"):
        run(Mute(), torch.ones(1))


class WritesOverSaved(nn.Module):
    """The product saves what it writes over, and a view of it keeps it from being replaced."""

    def __init__(self) -> None:
        super().__init__()
        self.fc = nn.Linear(6, 6)

    def forward(self, x: Tensor) -> Tensor:
        x = self.fc(x)
        first = x[:, :1]
        x *= x.sigmoid()
        return x + first


@pytest.mark.parametrize(
    ("make", "x"),
    [(Residual, torch.ones(1, 3, 16, 16)), (WritesOverSaved, torch.ones(2, 6))],
)
def test_nobody_holds_the_values_of_a_run_that_is_gone(
    make: Callable[[], nn.Module], x: Tensor
) -> None:
    gc.collect()
    gc.disable()  # what holds itself in a circle through autograd no search ever finds
    try:
        passed = run(make(), x)
        kept = [recorded.tensor for recorded in passed.values.values()]
        del passed
        mine = Counter(map(memory.storage_of, kept))
        assert {memory.storage_of(t): memory.users_of(t) for t in kept} == mine
    finally:
        gc.enable()


def stopped(module: nn.Module, x: Tensor) -> RunStopped:
    with pytest.raises(RunStopped) as raised:
        run(module, x)
    return raised.value


def test_a_run_that_stops_shows_how_far_it_went() -> None:
    module = nn.Sequential(nn.Linear(4, 6), nn.ReLU(), nn.Linear(5, 2))
    problem = stopped(module, x := torch.randn(1, 4))

    graph = problem.run.graph
    assert [node.id for node in graph.nodes] == ["0.linear", "1.relu", "2.linear"]
    last = graph.nodes[-1]
    assert problem.node == last.id
    assert last.inputs == ("1.relu", "2.weight", "2.bias")
    assert "mat1 and mat2 shapes cannot be multiplied" in last.fault
    assert not any(node.fault for node in graph.nodes[:-1])
    assert torch.equal(problem.run.activation("1.relu"), module[0](x).relu())
    with pytest.raises(Problem, match="stopped before it gave a score"):
        problem.run.gradient(0, "1.relu")


def test_a_module_whose_own_code_raises_is_the_last_node() -> None:
    class Needing(nn.Module):
        def forward(self, x: Tensor) -> Tensor:
            if x.sum() != 0:
                import a_module_that_nobody_has  # type: ignore[import-not-found]  # noqa: F401
            return x * 2

    problem = stopped(nn.Sequential(nn.Linear(4, 4), Needing()), torch.ones(1, 4))

    last = problem.run.graph.nodes[-1]
    assert (last.id, last.op_type, last.scope) == ("1.Needing", "Needing", ("1",))
    assert last.inputs == ("0.linear",)
    assert "No module named 'a_module_that_nobody_has'" in last.fault
    assert problem.remedy.startswith("Install what is missing")


def test_where_no_guess_fits_the_furthest_one_is_drawn() -> None:
    class Selective(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.first, self.second, self.last = nn.Linear(4, 4), nn.Linear(4, 4), nn.Linear(9, 2)

        def forward(self, x: Tensor) -> Tensor:
            return self.last(self.second(self.first(x)).reshape(1, 9))

    tree = ModelGraph("PyTorch module", "test", (), (), (last_of_tree(),), {})
    found = runner(OpenedModel(tree, executable=Selective()), CPU)

    nodes = {node.id: node for node in found.graph.nodes}
    assert [*nodes] == ["first.linear", "second.linear", "reshape", "last"]
    assert "invalid for input of size" in nodes["reshape"].fault
    assert found.graph.metadata["structure"].startswith("Recorded on a guessed input")


def last_of_tree() -> Node:
    weight = Parameter("last.weight", (2, 9), "float32", "weight")
    return Node("last", "Linear", "torch.nn", "last", (), (), (), {}, (weight,))


@pytest.mark.parametrize(
    ("name", "shapes"),
    [
        ("BERT", {"input_ids": (None, None), "attention_mask": (None, None)}),
        ("LSTM and GRU", {"x": (None, 16, 4), "lengths": (None,)}),
        ("graph network", {"x": (None, 4), "edge_index": (None, None)}),
        ("two images", {"first": (None, 3, None, None), "second": (None, 3, None, None)}),
        ("dictionary", {"image": (None, 3, None, None), "input_ids": (None, None)}),
    ],
)
def test_several_inputs_are_guessed_by_their_names(
    name: str, shapes: dict[str, tuple[int | None, ...]]
) -> None:
    make, _ = ARCHITECTURES[name]
    found = runner(OpenedModel(NOTHING_KNOWN, executable=make()), CPU)

    assert len(found.graph.nodes) > 2
    assert not any(node.fault for node in found.graph.nodes)
    assert {value.name: value.shape for value in found.inputs} == shapes


def test_what_autograd_refuses_runs_without_gradients_and_says_so() -> None:
    class WritesIntoParts(nn.Module):
        def forward(self, x: Tensor) -> Tensor:
            first, second = (x * 2).chunk(2, dim=1)
            first.relu_()
            return first + second

    x = torch.randn(1, 4)
    passed = run(WritesIntoParts(), x)

    assert torch.equal(passed.value("output"), (2 * x[:, :2]).relu() + 2 * x[:, 2:])
    assert "allows no gradients" in passed.gradient_state(0, "add")


def test_nested_tensors_are_said() -> None:
    class Nesting(nn.Module):
        def forward(self, x: Tensor) -> Tensor:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore", UserWarning)  # torch calls them a prototype
                nested = torch.nested.nested_tensor([x[0, :2], x[0, 2:]])
            return torch.nested.to_padded_tensor(nested, 0.0)

    problem = stopped(Nesting(), torch.randn(1, 5, 4))

    assert "samples have different shapes" in problem.what
    assert problem.run.graph.node(problem.node).fault == problem.what


def test_random_numbers_are_the_same_in_every_run() -> None:
    class Random(nn.Module):
        def forward(self, x: Tensor) -> Tensor:
            return x + torch.rand_like(x)

    x = torch.zeros(1, 4)
    assert torch.equal(run(Random(), x).value("output"), run(Random(), x).value("output"))


def test_an_activation_that_an_operation_replaces_takes_no_memory_twice() -> None:
    module = nn.Sequential(nn.Linear(4, 4), nn.ReLU(inplace=True), nn.Linear(4, 4))
    passed = run(module, torch.randn(2, 4))

    kept = {recorded.tensor.untyped_storage().data_ptr() for recorded in passed.values.values()}
    assert len(kept) == len(passed.values) == 4
