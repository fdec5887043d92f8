from __future__ import annotations

import pytest
import torch
import torch.nn.functional as F  # noqa: N812 - its usual name
from torch import Tensor, nn

from netviz_desktop.engine import runners
from netviz_desktop.engine.default_layer import default_layer
from netviz_desktop.engine.forward_pass import ForwardPass
from netviz_desktop.graph import ModelGraph
from netviz_desktop.graph.channels_last import channels_last
from netviz_desktop.readers import OpenedModel


def run(module: nn.Module, *shape: int) -> ForwardPass:
    opened = OpenedModel(ModelGraph("t", "t", (), (), (), {}), executable=module.eval())
    runner = runners.runner(opened, torch.device("cpu"))
    return runner.run({runner.inputs[0].name: torch.rand(*shape or (1, 3, 32, 32))})


def conv(inputs: int, outputs: int) -> nn.Conv2d:
    return nn.Conv2d(inputs, outputs, 3, padding=1)


def head(features: int) -> tuple[nn.Module, ...]:
    return nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(features, 5)


def test_it_is_the_last_activation_before_global_pooling() -> None:
    net = nn.Sequential(conv(3, 4), nn.ReLU(), conv(4, 8), nn.ReLU(), *head(8))
    node, reason = default_layer(run(net))
    assert node == "3.relu"
    assert reason == (
        "The last layer before the scores whose features still lie on a map: "
        "relu, 8 channels of 32 × 32."
    )


def test_dropout_and_pools_give_way_to_what_computed_the_features() -> None:
    net = nn.Sequential(
        conv(3, 8),
        nn.ReLU(),
        nn.MaxPool2d(2),
        nn.Dropout(),
        nn.AdaptiveAvgPool2d(4),
        nn.Flatten(),
        nn.Linear(128, 5),
    )
    assert default_layer(run(net))[0] == "1.relu"


def test_padding_before_a_pool_gives_way_too() -> None:
    net = nn.Sequential(conv(3, 8), nn.ReLU(), nn.ZeroPad2d(1), nn.AvgPool2d(2), *head(8))
    assert default_layer(run(net))[0] == "1.relu"


def test_a_map_of_scores_at_each_pixel_is_no_layer_of_features() -> None:
    net = nn.Sequential(conv(3, 8), nn.ReLU(), conv(8, 4))
    assert default_layer(run(net))[0] == "1.relu"


class ChannelsLast(nn.Module):
    """Swin's way: maps of (N, H, W, C), merged by slices and a product with weights."""

    def __init__(self) -> None:
        super().__init__()
        self.patches, self.merge = nn.Conv2d(3, 6, 4, 4), nn.Linear(12, 8)
        self.norm, self.fc = nn.LayerNorm(8), nn.Linear(8, 5)

    def forward(self, x: Tensor) -> Tensor:
        x = self.patches(x).permute(0, 2, 3, 1)
        x = self.merge(torch.cat([x[:, 0::2, 0::2], x[:, 1::2, 1::2]], -1))
        return self.fc(self.norm(x).mean((1, 2)))


def test_maps_stay_maps_where_channels_stand_last() -> None:
    passed = run(ChannelsLast())
    shapes = {name: tuple(recorded.tensor.shape) for name, recorded in passed.values.items()}
    node, reason = default_layer(passed, channels_last(passed.graph, shapes))
    assert node == "norm.layer_norm"
    assert reason.endswith("layer_norm, 8 channels of 4 × 4.")


def test_a_map_of_the_classes_themselves_is_no_layer_of_features() -> None:
    """SqueezeNet's way: a convolution to the classes, then the mean."""
    to_classes = (conv(8, 5), nn.ReLU(), nn.AdaptiveAvgPool2d(1), nn.Flatten())
    net = nn.Sequential(conv(3, 8), nn.ReLU(), nn.Dropout(), *to_classes)
    assert default_layer(run(net))[0] == "1.relu"


class Branches(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.a, self.b, self.side = conv(3, 4), conv(3, 4), conv(4, 4)
        self.fc = nn.Linear(8, 5)

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor]:
        joined = torch.cat([F.relu(self.a(x)), F.relu(self.b(x))], 1)
        scores = self.fc(joined.mean((2, 3)))
        return scores, self.side(joined[:, :4])


def test_where_branches_meet_is_deeper_than_each_and_side_branches_do_not_count() -> None:
    assert default_layer(run(Branches()))[0] == "cat"


class Attention(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.patches = nn.Conv2d(3, 8, 8, 8)
        self.fc = nn.Linear(8, 5)

    def forward(self, x: Tensor) -> Tensor:
        tokens = self.patches(x).flatten(2).transpose(1, 2)
        heads = tokens.reshape(x.shape[0], 16, 2, 4).transpose(1, 2)
        weights = (heads @ heads.transpose(2, 3) / 2).softmax(-1)
        mixed = (weights @ heads).transpose(1, 2).reshape(x.shape[0], 16, 8)
        return self.fc(mixed.mean(1))


def test_the_weights_of_attention_are_no_map_of_features() -> None:
    assert default_layer(run(Attention()))[0] == "patches.conv2d"


def test_the_batch_does_not_matter() -> None:
    net = nn.Sequential(conv(3, 8), nn.ReLU(), *head(8))
    assert default_layer(run(net, 5, 3, 8, 8))[0] == "1.relu"


@pytest.mark.parametrize(
    ("net", "shape"),
    [
        (nn.Sequential(nn.Flatten(), nn.Linear(12, 5)), (1, 3, 2, 2)),
        (nn.Sequential(nn.Linear(12, 4), nn.ReLU(), nn.Linear(4, 5)), (1, 12)),
    ],
)
def test_a_network_without_maps_has_none_and_says_so(
    net: nn.Module, shape: tuple[int, ...]
) -> None:
    node, reason = default_layer(run(net, *shape))
    assert node is None
    assert "No node" in reason
