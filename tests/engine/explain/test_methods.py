"""Every method against somebody else's, and against its own equations."""

from __future__ import annotations

import copy
import warnings
from dataclasses import replace

import pytest
import torch
import torch.nn.functional as F  # noqa: N812 - its usual name
from torch import Tensor, nn

with warnings.catch_warnings():
    warnings.simplefilter("ignore")  # what its imports say is not ours
    from captum.attr import InputXGradient, LayerGradCam, LayerGradientXActivation, Saliency

from netviz_desktop.engine import explain, runners
from netviz_desktop.engine.explain import Case
from netviz_desktop.engine.forward_pass import ForwardPass
from netviz_desktop.graph import ModelGraph
from netviz_desktop.graph.channels_last import channels_last
from netviz_desktop.problems import Problem
from netviz_desktop.readers import OpenedModel

TARGET = 3
NOTHING = ModelGraph("test", "test", (), (), (), {})
LAYER_METHODS = ("grad-cam", "hires-cam", "layer-cam", "xgrad-cam")


@pytest.fixture
def image() -> Tensor:
    return torch.randn(1, 3, 32, 32, generator=torch.Generator().manual_seed(1))


def run(module: nn.Module, image: Tensor) -> ForwardPass:
    opened = OpenedModel(NOTHING, executable=module)
    runner = runners.runner(opened, torch.device("cpu"))
    return runner.run({runner.inputs[0].name: image})


def case(module: nn.Module, image: Tensor, node: str = "", target: int = TARGET) -> Case:
    forward = run(module, image)

    def again(_: object) -> ForwardPass:
        raise AssertionError("none of these runs the model again")

    return Case(forward, target, node, forward.graph.inputs[0], again)


@pytest.mark.parametrize(
    ("node", "layer"), [("0.conv2d", 0), ("1.relu", 1), ("2.conv2d", 2), ("3.relu", 3)]
)
def test_grad_cam_is_captums(net: nn.Sequential, image: Tensor, node: str, layer: int) -> None:
    expected = LayerGradCam(net, net[layer]).attribute(image, TARGET)[0, 0]
    found = explain.explain("grad-cam", case(net, image, node), {})
    assert torch.allclose(found, expected, rtol=1e-5, atol=1e-7)
    assert (found < 0).any()


@pytest.mark.parametrize("layer", [1, 3])
def test_hires_cam_is_captums_gradient_times_activation(
    net: nn.Sequential, image: Tensor, layer: int
) -> None:
    expected = LayerGradientXActivation(net, net[layer]).attribute(image, TARGET)[0].sum(0)
    found = explain.explain("hires-cam", case(net, image, f"{layer}.relu"), {})
    assert torch.allclose(found, expected, rtol=1e-5, atol=1e-7)


def test_saliency_is_captums_with_its_sign(net: nn.Sequential, image: Tensor) -> None:
    expected = Saliency(net).attribute(image.clone().requires_grad_(), TARGET, abs=False)
    found = explain.explain("saliency", case(net, image), {})
    assert torch.allclose(found, expected, rtol=1e-5, atol=1e-8)
    assert (found < 0).any()


def test_input_x_gradient_is_captums(net: nn.Sequential, image: Tensor) -> None:
    expected = InputXGradient(net).attribute(image.clone().requires_grad_(), TARGET)
    found = explain.explain("input-x-gradient", case(net, image), {})
    assert torch.allclose(found, expected, rtol=1e-5, atol=1e-8)


def features_and_gradient(net: nn.Sequential, image: Tensor, layers: int) -> tuple[Tensor, Tensor]:
    features = net[:layers](image).detach().requires_grad_()
    (gradient,) = torch.autograd.grad(net[layers:](features)[0, TARGET], features)
    return features.detach()[0], gradient[0]


def test_layer_cam_is_its_equations(net: nn.Sequential, image: Tensor) -> None:
    """Jiang et al. 2021, eq. 4 to 6, cell by cell."""
    features, gradient = features_and_gradient(net, image, 2)
    found = explain.explain("layer-cam", case(net, image, "1.relu"), {})
    for i, j in ((0, 0), (3, 9), (15, 15)):
        expected = sum(
            max(float(gradient[k, i, j]), 0) * float(features[k, i, j]) for k in range(6)
        )
        assert float(found[i, j]) == pytest.approx(expected, rel=1e-5, abs=1e-9)


def test_xgrad_cam_is_its_equations(net: nn.Sequential, image: Tensor) -> None:
    """Fu et al. 2020, eq. 8, channel by channel."""
    features, gradient = features_and_gradient(net, image, 2)
    expected = torch.zeros(16, 16)
    for a, g in zip(features, gradient, strict=True):
        if a.sum() != 0:
            expected += (g * a / a.sum()).sum() * a
    found = explain.explain("xgrad-cam", case(net, image, "1.relu"), {})
    assert torch.allclose(found, expected, rtol=1e-4, atol=1e-8)


def test_a_channel_that_is_dead_adds_nothing_to_xgrad_cam(
    net: nn.Sequential, image: Tensor
) -> None:
    with torch.no_grad():
        net[0].weight[2], net[0].bias[2] = 0, -1
    assert explain.explain("xgrad-cam", case(net, image, "1.relu"), {}).isfinite().all()


def test_before_pool_and_linear_the_weights_are_the_linears(
    net: nn.Sequential, image: Tensor
) -> None:
    """d y / d A_k = w_k / (H W) everywhere: all layer methods but LayerCAM agree."""
    weight = net[6].weight[TARGET] / 64
    expected = (weight[:, None, None] * net[:4](image)[0]).sum(0)
    for method in ("grad-cam", "hires-cam", "xgrad-cam"):
        found = explain.explain(method, case(net, image, "3.relu"), {})
        assert torch.allclose(found, expected, rtol=1e-4, atol=1e-8), method


class Functional(nn.Module):
    def __init__(self, net: nn.Sequential) -> None:
        super().__init__()
        self.one, self.two, self.fc = net[0], net[2], net[6]

    def forward(self, x: Tensor) -> Tensor:
        x = F.relu(self.one(x))
        return self.fc(F.relu(self.two(x)).mean((2, 3)))


class InPlace(Functional):
    def forward(self, x: Tensor) -> Tensor:
        x = self.one(x).relu_()
        x = self.two(x)
        x.relu_()
        return self.fc(x.mean((2, 3)))


class Reused(Functional):
    def __init__(self, net: nn.Sequential) -> None:
        super().__init__(net)
        self.act = nn.ReLU()

    def forward(self, x: Tensor) -> Tensor:
        return self.fc(self.act(self.two(self.act(self.one(x)))).mean((2, 3)))


class Softmax(Functional):
    def forward(self, x: Tensor) -> Tensor:
        return super().forward(x).softmax(1)


class ChannelsLast(Functional):
    def forward(self, x: Tensor) -> Tensor:
        x = F.relu(self.one(x)).permute(0, 2, 3, 1)
        x = self.two((x + 0).permute(0, 3, 1, 2))
        return self.fc(F.relu(x).mean((2, 3)))


@pytest.mark.parametrize("method", LAYER_METHODS)
@pytest.mark.parametrize(
    ("variant", "node"),
    [
        (Functional, "relu"),
        (InPlace, "relu_"),
        (Reused, "act.relu"),
        (Softmax, "relu"),
        (ChannelsLast, "relu"),
    ],
)
def test_however_a_network_is_written_its_map_is_the_same(
    net: nn.Sequential, image: Tensor, method: str, variant: type[Functional], node: str
) -> None:
    expected = explain.explain(method, case(net, image, "1.relu"), {})
    found = explain.explain(method, case(variant(net).eval(), image, node), {})
    assert torch.allclose(found, expected, rtol=1e-5, atol=1e-7)


@pytest.mark.parametrize("method", LAYER_METHODS)
def test_a_layer_with_its_channels_last_has_the_same_map(
    net: nn.Sequential, image: Tensor, method: str
) -> None:
    expected = explain.explain(method, case(net, image, "1.relu"), {})
    turned = case(ChannelsLast(net).eval(), image, "add")
    shapes = {name: tuple(r.tensor.shape) for name, r in turned.run.values.items()}
    last = channels_last(turned.run.graph, shapes)
    found = explain.explain(method, replace(turned, channels_last=last), {})
    assert torch.allclose(found, expected, rtol=1e-5, atol=1e-7)


@pytest.mark.parametrize("method", [info.id for info in explain.methods()])
def test_the_model_is_left_as_it_was(net: nn.Sequential, image: Tensor, method: str) -> None:
    net.train()
    net[0].weight.requires_grad_(False)
    before = copy.deepcopy(net.state_dict())
    explain.explain(method, case(net, image, "1.relu"), {})
    assert all(torch.equal(before[name], now) for name, now in net.state_dict().items())
    assert all(parameter.grad is None for parameter in net.parameters())
    assert [p.requires_grad for p in net.parameters()] == [False] + [True] * 5
    assert all(part.training for part in net.modules())
    assert not any(part._forward_hooks or part._backward_hooks for part in net.modules())


@pytest.mark.parametrize("method", [info.id for info in explain.methods()])
def test_other_weights_give_another_map(net: nn.Sequential, image: Tensor, method: str) -> None:
    before = explain.explain(method, case(net, image, "1.relu"), {})
    torch.manual_seed(99)
    for part in (net[2], net[6]):
        part.reset_parameters()
    after = explain.explain(method, case(net, image, "1.relu"), {})
    assert not torch.allclose(before, after, rtol=0.1)


@pytest.mark.parametrize("node", ["6.linear", "5.flatten"])
@pytest.mark.parametrize("method", LAYER_METHODS)
def test_a_layer_without_height_and_width_is_a_problem(
    net: nn.Sequential, image: Tensor, method: str, node: str
) -> None:
    with pytest.raises(Problem, match="without height and width"):
        explain.explain(method, case(net, image, node), {})


def test_a_target_that_is_not_there_is_a_problem(net: nn.Sequential, image: Tensor) -> None:
    with pytest.raises(Problem):
        explain.explain("grad-cam", case(net, image, "1.relu", target=5), {})


def test_a_method_or_parameter_that_is_not_there_is_a_problem(
    net: nn.Sequential, image: Tensor
) -> None:
    with pytest.raises(Problem, match="grad-cat"):
        explain.explain("grad-cat", case(net, image), {})
    with pytest.raises(Problem, match="steps"):
        explain.explain("grad-cam", case(net, image, "1.relu"), {"steps": 3})


def test_methods_say_what_they_are_and_where_they_come_from() -> None:
    found = explain.methods()
    assert found[0].id == "grad-cam"
    assert {"saliency", *LAYER_METHODS} <= {info.id for info in found}
    for info in found:
        assert "https://" in info.source
        assert info.help.endswith(".")
