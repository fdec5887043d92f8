from __future__ import annotations

import math
from dataclasses import dataclass

import pytest
import torch
import torch.nn.functional as F  # noqa: N812 - its usual name
from torch import Tensor

from netviz_desktop.engine.placement import place
from netviz_desktop.graph import ModelGraph, Node
from netviz_desktop.graph.receptive_field import Axis, Field, receptive_fields


@dataclass(frozen=True)
class Stack:
    """Blurring convolutions, one after the other: (kernel, stride, padding) each."""

    windows: tuple[tuple[int, int, int], ...]
    size: int

    def features(self, image: Tensor) -> Tensor:
        for k, s, p in self.windows:
            image = F.conv2d(image, torch.ones(1, 1, k, k) / k**2, None, s, p)
        return image

    def field(self) -> Field:
        nodes, shapes = [], {"x": (1, 1, self.size, self.size)}
        value = torch.zeros(1, 1, self.size, self.size)
        last = "x"
        for i, (k, s, p) in enumerate(self.windows):
            attributes = {"kernel_shape": [k, k], "strides": [s, s], "pads": [p] * 4}
            node = Node(f"n{i}", "Conv", "", "", (), (last,), (f"v{i}",), attributes)
            value = F.conv2d(value, torch.ones(1, 1, k, k), None, s, p)
            nodes.append(node)
            last = f"v{i}"
            shapes[last] = tuple(value.shape)
        graph = ModelGraph("test", "test", ("x",), (last,), tuple(nodes), {})
        return receptive_fields(graph, shapes, "x")[last]


NETS = {
    "same": Stack(((3, 1, 1), (3, 1, 1), (2, 2, 0), (3, 1, 1), (2, 2, 0)), 96),
    "resnet": Stack(((7, 2, 3), (3, 2, 1), (3, 2, 1), (3, 2, 1), (3, 2, 1)), 224),
    "valid": Stack(((3, 2, 0),) * 5, 255),
    "keras": Stack(((3, 1, 0), (2, 2, 0)) * 3, 64),
}


def centroid(image: Tensor) -> tuple[float, float]:
    weight = image / image.sum()
    rows = torch.arange(image.shape[0], dtype=image.dtype)
    columns = torch.arange(image.shape[1], dtype=image.dtype)
    return float((weight.sum(1) * rows).sum()), float((weight.sum(0) * columns).sum())


@pytest.mark.parametrize("net", NETS.values(), ids=NETS.keys())
@pytest.mark.parametrize("where", [(0.4, 0.55), (0.5, 0.5), (0.58, 0.45)])
def test_a_patch_is_found_where_it_is(net: Stack, where: tuple[float, float]) -> None:
    image = torch.zeros(1, 1, net.size, net.size)
    row, column = (int(share * net.size) for share in where)
    half = net.size // 16
    image[..., row - half : row + half + 1, column - half : column + half + 1] = 1
    placed = place(net.features(image)[0, 0], net.field(), (net.size, net.size)).placed
    found = centroid(placed)
    assert math.dist(found, (row, column)) <= 2


def test_plain_stretching_misses_by_half_a_cell_and_the_sentence_says_so() -> None:
    net = NETS["resnet"]
    image = torch.zeros(1, 1, 224, 224)
    image[..., 90:111, 90:111] = 1
    raw = net.features(image)[0, 0]
    stretched = place(raw, None, (224, 224))
    assert math.dist(centroid(stretched.placed), (100, 100)) > 15
    assert "not known" in stretched.sentence
    placed = place(raw, net.field(), (224, 224))
    assert "32 × 32 pixels apart" in placed.sentence
    assert "off by 15.5 pixels" in placed.sentence


def test_each_cell_keeps_its_value_at_its_own_centre() -> None:
    raw = torch.randn(5, 7)
    field = {2: Axis(2, 9, 3, 8), 3: Axis(3, 9, 2, 4)}
    placed = place(raw, field, (40, 32)).placed
    assert torch.equal(placed[3::8, 2::4][:5, :7], raw)


def test_between_two_centres_it_is_linear_and_beyond_the_last_it_stays() -> None:
    raw = torch.tensor([[-1.0, 3.0]])
    placed = place(raw, {2: Axis(2, 1, 0, 4), 3: Axis(3, 1, 4, 4)}, (2, 12)).placed
    assert placed[0].tolist() == [-1, -1, -1, -1, -1, 0, 1, 2, 3, 3, 3, 3]
    assert torch.equal(placed[0], placed[1])


def test_where_cells_are_spread_evenly_it_equals_bilinear_interpolation() -> None:
    raw = torch.randn(7, 7)
    axis = Axis(2, 40, 3.5, 8)
    placed = place(raw, {2: axis, 3: Axis(3, 40, 3.5, 8)}, (56, 56))
    expected = F.interpolate(raw[None, None], (56, 56), mode="bilinear", align_corners=False)
    assert torch.allclose(placed.placed, expected[0, 0], atol=1e-5)
    assert "off by" not in placed.sentence


def test_axes_that_were_swapped_are_stretched() -> None:
    field = {2: Axis(3, 1, 0, 1), 3: Axis(2, 1, 0, 1)}
    assert "not known" in place(torch.randn(4, 4), field, (4, 4)).sentence


def test_a_map_of_one_cell_fills_everything() -> None:
    placed = place(torch.full((1, 1), 2.0), {2: Axis(2, 9, 4, 8), 3: Axis(3, 9, 4, 8)}, (8, 8))
    assert torch.equal(placed.placed, torch.full((8, 8), 2.0))
