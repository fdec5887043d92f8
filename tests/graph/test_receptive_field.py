from __future__ import annotations

import math
import random
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import pytest
import torch
import torch.nn.functional as F  # noqa: N812 - its usual name
from torch import Tensor

from netviz_desktop.graph import ModelGraph, Node, Parameter
from netviz_desktop.graph.receptive_field import Axis, Field, receptive_fields

SIZE = 121  # pixels a side: larger than most fields of these nets, and odd
MARGIN = 24  # pixels at the border, where a cell may look at some layer's padding


@dataclass
class Net:
    """Grows as a graph and as what plain torch computes, side by side.

    Every weight is positive, so that the gradient is non-zero exactly where a cell looks.
    """

    dialect: str
    x: Tensor = field(default_factory=lambda: torch.rand(1, 1, SIZE, SIZE).requires_grad_())
    nodes: list[Node] = field(default_factory=list)
    values: dict[str, Tensor] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.values["x"] = self.x

    def add(
        self,
        op_type: str,
        inputs: list[str],
        computed: Tensor,
        parameters: tuple[Parameter, ...] = (),
        **attributes: Any,
    ) -> str:
        name = f"v{len(self.nodes)}"
        names = tuple(inputs)
        self.nodes.append(Node(name, op_type, "", name, (), names, (name,), attributes, parameters))
        self.values[name] = computed
        return name

    def conv(self, name: str, k: int, s: int, p: int, d: int = 1) -> str:
        given = self.values[name]
        computed = F.conv2d(given, torch.rand(1, 1, k, k) + 0.1, None, s, p, d)
        weight = (Parameter(f"w{len(self.nodes)}", (1, 1, k, k), "float32"),)
        if self.dialect == "onnx":
            return self.add(
                "Conv", [name], computed, weight, kernel_shape=[k, k], strides=[s, s],
                pads=[p] * 4, dilations=[d, d],
            )  # fmt: skip
        return self.add(
            "conv2d", [name], computed, weight, stride=[s, s], padding=[p, p], dilation=d
        )

    def pool(self, name: str, k: int, s: int, p: int, *, ceil: bool) -> str:
        # averaged, because a maximum lets one pixel through; it looks at the same ones
        computed = F.avg_pool2d(self.values[name], k, s, p, ceil_mode=ceil)
        if self.dialect == "onnx":
            return self.add(
                "MaxPool", [name], computed, kernel_shape=[k, k], strides=[s, s], pads=[p] * 4,
                ceil_mode=int(ceil),
            )  # fmt: skip
        stride = None if s == k else s
        return self.add(
            "max_pool2d", [name], computed, kernel_size=k, stride=stride, padding=p, ceil_mode=ceil
        )

    def sum(self, one: str, other: str) -> str:
        computed = self.values[one] + self.values[other]
        return self.add("Add" if self.dialect == "onnx" else "add_", [one, other], computed)

    def fields(self, **kwargs: Any) -> dict[str, Field]:
        graph = ModelGraph("test", "test", ("x",), (self.nodes[-1].id,), tuple(self.nodes), {})
        shapes = {name: tuple(value.shape) for name, value in self.values.items()}
        return receptive_fields(graph, shapes, "x", **kwargs)

    def footprint(self, name: str, row: int, column: int) -> tuple[float, float, float, float]:
        """First and last row, first and last column that this cell depends on."""
        cell = self.values[name][0, 0, row, column]
        (gradient,) = torch.autograd.grad(cell, self.x, retain_graph=True)
        rows = gradient[0, 0].abs().sum(1).nonzero()
        columns = gradient[0, 0].abs().sum(0).nonzero()
        return rows[0].item(), rows[-1].item(), columns[0].item(), columns[-1].item()


def seen(axis: Axis, cell: int) -> tuple[float, float]:
    """The first and last pixel on the image."""
    centre = axis.start + cell * axis.jump
    reach = (axis.size - 1) / 2
    return max(centre - reach, 0), min(centre + reach, SIZE - 1)


def random_net(seed: int, dialect: str) -> Net:
    torch.manual_seed(seed)
    choose = random.Random(seed)
    net = Net(dialect)
    last = "x"
    while net.values[last].shape[2] > 6 and len(net.nodes) < 7:
        kind = choose.choice(["conv", "conv", "dilated", "pool", "residual", "asymmetric"])
        if kind == "conv":
            k = choose.randint(1, 5)
            last = net.conv(last, k, choose.randint(1, 2), choose.randint(0, k // 2))
        elif kind == "dilated":
            last = net.conv(last, 3, 1, choose.randint(0, 2), 2)
        elif kind == "pool":
            k = choose.randint(2, 3)
            s = choose.randint(1, k)
            last = net.pool(last, k, s, choose.randint(0, k // 2), ceil=choose.random() < 0.5)
        elif kind == "residual":
            last = net.sum(last, net.conv(net.conv(last, 3, 1, 1), 5, 1, 2))
        else:  # two branches whose windows do not share a centre
            last = net.sum(net.conv(last, 2, 2, 0), net.conv(last, 4, 2, 1))
    return net


@pytest.mark.parametrize("dialect", ["onnx", "torch"])
@pytest.mark.parametrize("seed", range(16))
def test_a_field_is_where_the_gradient_is_not_zero(seed: int, dialect: str) -> None:
    net = random_net(seed, dialect)
    fields = net.fields()
    exact = 0
    for node in net.nodes:
        cells = net.values[node.id].shape[2]
        for cell in (0, cells // 2, cells - 1):
            first_row, last_row, first_column, last_column = net.footprint(node.id, cell, 0)
            first, last = seen(fields[node.id][2], cell)
            if first > MARGIN and last < SIZE - 1 - MARGIN:
                assert (first, last) == (first_row, last_row), node
                exact += 1
            assert first <= first_row <= last_row <= last, node
            assert 0 <= first_column <= last_column <= seen(fields[node.id][3], 0)[1], node
    assert exact >= 2


@pytest.mark.parametrize("automatic", ["SAME_UPPER", "SAME_LOWER", "VALID"])
@pytest.mark.parametrize(("k", "s"), [(3, 2), (4, 1), (2, 2), (5, 3)])
def test_automatic_padding_counts_as_onnx_says(automatic: str, k: int, s: int) -> None:
    before = after = 0
    if automatic != "VALID":
        total = max((math.ceil(SIZE / s) - 1) * s + k - SIZE, 0)
        before, after = total // 2, total - total // 2
        if automatic == "SAME_LOWER":
            before, after = after, before
    net = Net("onnx")
    computed = F.conv2d(
        F.pad(net.x, (before, after, before, after)), torch.ones(1, 1, k, k), None, s
    )
    name = net.add("Conv", ["x"], computed, kernel_shape=[k, k], strides=[s, s], auto_pad=automatic)
    cell = computed.shape[2] - 1
    axis = net.fields()[name][2]
    assert seen(axis, cell) == net.footprint(name, cell, 0)[:2]
    assert seen(axis, 0) == net.footprint(name, 0, 0)[:2]


def test_pads_may_differ_at_both_ends() -> None:
    net = Net("onnx")
    computed = F.conv2d(F.pad(net.x, (2, 0, 0, 1)), torch.ones(1, 1, 3, 3))
    name = net.add("Conv", ["x"], computed, kernel_shape=[3, 3], pads=[0, 2, 1, 0])
    field = net.fields()[name]
    assert (field[2].start, field[3].start) == (1, -1)


@pytest.mark.filterwarnings("ignore:Using padding='same' with even kernel:UserWarning")
def test_padding_by_the_word_same_is_torchs() -> None:
    net = Net("torch")
    computed = F.conv2d(net.x, torch.ones(1, 1, 4, 4), padding="same")
    weight = (Parameter("w", (1, 1, 4, 4), "float32"),)
    name = net.add("conv2d", ["x"], computed, weight, padding="same", stride=1)
    assert seen(net.fields()[name][2], 20) == net.footprint(name, 20, 20)[:2]


@pytest.mark.parametrize(
    ("op_type", "attributes", "compute"),
    [
        ("avg_pool2d", {"kernel_size": 2}, lambda x: F.avg_pool2d(x, 2)),
        ("adaptive_avg_pool2d", {"output_size": 12}, lambda x: F.adaptive_avg_pool2d(x, 12)),
        ("pad", {"pad": [1, 2, 3, 0]}, lambda x: F.pad(x, (1, 2, 3, 0))),
        ("Pad", {"pads": [0, 0, 3, 1, 0, 0, 0, 2]}, lambda x: F.pad(x, (1, 2, 3, 0))),
        ("getitem", {"index": ":, :, 3:, -24::2"}, lambda x: x[:, :, 3:, -24::2]),
        (
            "Slice",
            {"starts": [3, -24], "ends": [99, 99], "axes": [2, 3], "steps": [1, 2]},
            lambda x: x[:, :, 3:, -24::2],
        ),
        ("getitem", {"index": ":, :1"}, lambda x: x[:, :1]),
        ("reshape", {}, lambda x: x.reshape(1, 1, 1, *x.shape[2:]).squeeze(1)),
    ],
)
def test_what_only_moves_cells_is_followed_exactly(
    op_type: str, attributes: dict[str, Any], compute: Callable[[Tensor], Tensor]
) -> None:
    net = Net("torch")
    net.x = torch.rand(1, 1, 60, 60).requires_grad_()
    net.values["x"] = net.x
    name = net.add(op_type, ["x"], compute(net.x), **attributes)
    after = net.conv(name, 1, 1, 0)
    field = net.fields()[after]
    for cell in (4, 5):
        assert seen(field[2], cell) + seen(field[3], cell) == net.footprint(after, cell, cell)


def test_space_to_depth_gathers_a_block_and_depth_to_space_spreads_it_again() -> None:
    net = Net("torch")
    net.x = torch.rand(1, 1, 60, 60).requires_grad_()
    net.values["x"] = net.x
    deep = net.add("pixel_unshuffle", ["x"], F.pixel_unshuffle(net.x, 2))
    mixed = net.add("mean", [deep], net.values[deep].mean(1, keepdim=True))
    wide = net.add("pixel_shuffle", [deep], F.pixel_shuffle(net.values[deep], 2))
    fields = net.fields()
    assert seen(fields[mixed][2], 5) + seen(fields[mixed][3], 7) == net.footprint(mixed, 5, 7)
    assert (fields[wide][2].start, fields[wide][2].jump) == (0, 1)


def test_a_transpose_takes_the_axes_along() -> None:
    net = Net("onnx")
    strided = net.add(
        "Conv", ["x"], F.conv2d(net.x, torch.ones(1, 1, 1, 3), None, (1, 2)),
        kernel_shape=[1, 3], strides=[1, 2], pads=[0, 0, 0, 0],
    )  # fmt: skip
    last = net.add(
        "Transpose", [strided], net.values[strided].permute(0, 2, 3, 1), perm=[0, 2, 3, 1]
    )
    field = net.fields()
    assert field[last] == {1: field[strided][2], 2: field[strided][3]}
    assert [axis.of for axis in field[last].values()] == [2, 3]


@pytest.mark.parametrize("kernel", [2, 3, 4])
def test_a_transposed_convolution_looks_around_the_middle_of_what_it_reads(kernel: int) -> None:
    net = Net("torch")
    net.x = torch.rand(1, 1, 12, 12).requires_grad_()
    net.values["x"] = net.x
    computed = F.conv_transpose2d(net.x, torch.ones(1, 1, kernel, kernel), None, 2, 1)
    weight = (Parameter("w", (1, 1, kernel, kernel), "float32"),)
    name = net.add("conv_transpose2d", ["x"], computed, weight, stride=[2, 2], padding=[1, 1])
    axis = net.fields()[name][2]
    assert axis.jump == 0.5
    # cell by cell it is a whole number of pixels; two neighbours together share the centre
    footprints = [net.footprint(name, cell, 10)[:2] for cell in (10, 11)]
    centre = sum(first + last for first, last in footprints) / 4
    assert axis.start + 10.5 * axis.jump == pytest.approx(centre, abs=0.5)
    assert all(last - first + 1 <= axis.size for first, last in footprints)


@pytest.mark.parametrize(
    "attributes",
    [
        {"mode": "nearest"},
        {"mode": "bilinear", "align_corners": False},
        {"mode": "bilinear", "align_corners": True},
    ],
)
def test_a_resized_map_lies_over_what_it_was_made_from(attributes: dict[str, Any]) -> None:
    net = Net("torch")
    net.x = torch.rand(1, 1, 12, 12).requires_grad_()
    net.values["x"] = net.x
    name = net.add("interpolate", ["x"], F.interpolate(net.x, (24, 24), **attributes), **attributes)
    axis = net.fields()[name][2]
    ramp = torch.arange(12.0).expand(1, 1, 12, 12)
    looked_at = F.interpolate(ramp, (24, 24), **attributes)[0, 0, 0]
    expected = torch.tensor([axis.start + cell * axis.jump for cell in range(24)])
    if attributes["mode"] == "nearest":  # two cells a pixel: right on average
        looked_at, expected = looked_at.view(12, 2).mean(1), expected.view(12, 2).mean(1)
    assert torch.allclose(looked_at[1:-1], expected[1:-1], atol=1e-5)


def test_squeeze_and_excitation_sees_all_and_stays_in_place() -> None:
    net = Net("torch")
    features = net.conv("x", 3, 2, 1)
    pooled = net.add("mean", [features], net.values[features].mean((2, 3), keepdim=True))
    gate = net.add("sigmoid", [pooled], net.values[pooled].sigmoid())
    scaled = net.add("mul", [features, gate], net.values[features] * net.values[gate])
    axis = net.fields()[scaled][2]
    assert math.isinf(axis.size)
    assert (axis.start, axis.jump) == (0, 2)


def test_paths_of_different_strides_have_no_common_field() -> None:
    net = Net("torch")
    one = net.conv("x", 3, 1, 1)
    other = net.conv("x", 3, 2, 1)
    wide = net.add("upsample_by_magic", [other], F.interpolate(net.values[other], (SIZE, SIZE)))
    both = net.sum(one, wide)
    assert wide not in net.fields()
    assert both not in net.fields()


def test_what_does_not_depend_on_the_input_does_not_matter() -> None:
    net = Net("torch")
    features = net.conv("x", 3, 1, 1)
    net.values["table"] = torch.rand(1, 1, SIZE, SIZE)
    total = net.sum(features, "table")
    assert net.fields()[total] == net.fields()[features]


def test_pads_that_another_value_holds_are_looked_up() -> None:
    net = Net("onnx")
    name = net.add("Pad", ["x", "pads"], F.pad(net.x, (1, 2, 3, 0)))
    held = {"pads": [0.0, 0, 3, 1, 0, 0, 0, 2]}
    field = net.fields(constant=held.get)[name]
    assert (field[2].start, field[3].start) == (-3, -1)
    assert name not in net.fields()


def test_resnet_cells_are_centred_on_multiples_of_32_and_vgg_on_none() -> None:
    """Plain resizing puts them at 32 i + 15.5."""
    resnet = Net("torch")
    last = resnet.pool(resnet.conv("x", 7, 2, 3), 3, 2, 1, ceil=False)
    for stride in (1, 2, 2, 2):
        last = resnet.conv(resnet.conv(last, 3, stride, 1), 3, 1, 1)
    axis = resnet.fields()[last][2]
    assert (axis.start, axis.jump) == (0, 32)

    vgg = Net("torch")
    last = "x"
    for convolutions in (2, 2, 3, 3):
        for _ in range(convolutions):
            last = vgg.conv(last, 3, 1, 1)
        last = vgg.pool(last, 2, 2, 0, ceil=False)
    axis = vgg.fields()[last][2]
    assert (axis.start, axis.jump) == (7.5, 16)


@pytest.mark.parametrize("seed", range(4))
def test_what_several_cells_see_together_is_where_any_gradient_of_theirs_is(seed: int) -> None:
    net = random_net(seed, "torch")
    for name, found in net.fields().items():
        if name == "x":
            continue
        cells = net.values[name].shape[2]
        first, last = cells // 2, min(cells // 2 + 1, cells - 1)
        begin, end = found[2].seen(first, last)
        if begin > MARGIN and end < SIZE - MARGIN:
            top = net.footprint(name, first, 0)[0]
            bottom = net.footprint(name, last, 0)[1]
            assert (begin, end) == (top, bottom + 1)
