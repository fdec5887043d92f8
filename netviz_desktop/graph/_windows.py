"""How a node's attributes describe its window, whether they are ONNX's or torch's."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TypeAlias

from netviz_desktop.graph.model import Attribute, Node

Shape: TypeAlias = tuple[int, ...]
_Constant: TypeAlias = Callable[[str], Sequence[float] | None]


@dataclass(frozen=True)
class Window:
    """Along one axis; `pad` is what is added before the first cell."""

    kernel: int = 1
    stride: int = 1
    pad: float = 0
    dilation: int = 1

    @property
    def extent(self) -> int:
        return self.dilation * (self.kernel - 1) + 1


def window(node: Node, given: Shape, shapes: Mapping[str, Shape]) -> dict[int, Window] | None:
    """Axis of the input -> the window along it; None when the node does not say."""
    count = len(given) - 2
    kernel = _kernel(node, count, shapes)
    if kernel is None or count < 1:
        return None
    # torch: a pool without a stride steps by its kernel
    steps_by_kernel = "_pool" in node.op_type and not node.attributes.get("stride")
    strides = kernel if steps_by_kernel else _ints(node, ("strides", "stride"), count, 1)
    dilations = _ints(node, ("dilations", "dilation"), count, 1)
    if strides is None or dilations is None:
        return None
    result = {}
    for i in range(count):
        plain = Window(kernel[i], strides[i], 0, dilations[i])
        pad = _pad_before(node, i, count, given[i + 2], plain)
        if pad is None:
            return None
        result[i + 2] = Window(kernel[i], strides[i], pad, dilations[i])
    return result


def pooled(before: int, after: int) -> tuple[float, float, float]:
    """Adaptive pooling: the centre of cell 0, the step, and how many cells one takes in."""
    step = before / after
    reach = max(
        math.ceil((i + 1) * before / after) - i * before // after for i in range(min(after, 512))
    )
    return (step - 1) / 2, step, reach


def resized(node: Node, before: int, after: int) -> tuple[float, float, float]:
    """As `pooled`, for a resize."""
    mode = str(node.attributes.get("mode") or node.op_type).lower()
    way = str(node.attributes.get("coordinate_transformation_mode") or "half_pixel")
    corners = node.attributes.get("align_corners") is True or way == "align_corners"
    reach = 4.0 if "cubic" in mode else 2.0 if "linear" in mode else 1.0
    if corners:
        return 0.0, (before - 1) / (after - 1) if after > 1 else 0.0, reach
    step = before / after
    if way == "asymmetric" and "linear" in mode:
        return 0.0, step, reach
    return (step - 1) / 2, step, reach


def permutation(node: Node, rank: int) -> list[int] | None:
    """Position in the output -> axis of the input."""
    given = node.attributes
    for name in ("perm", "dims", "dim", "order"):
        order = given.get(name)
        if isinstance(order, list) and len(order) == rank:
            return [int(axis) % rank for axis in order if isinstance(axis, int)]
    plain = [axis for axis in given.values() if isinstance(axis, int)]
    if node.op_type == "permute" and len(plain) == rank:  # x.permute(0, 2, 3, 1)
        return [axis % rank for axis in plain]
    pairs = (("dim0", "dim1"), ("axis0", "axis1"), ("source", "destination"))
    for first, second in pairs:
        a, b = given.get(first), given.get(second)
        if isinstance(a, int) and isinstance(b, int):
            order = list(range(rank))
            if first == "source":
                order.insert(b % rank, order.pop(a % rank))
            else:
                order[a % rank], order[b % rank] = order[b % rank], order[a % rank]
            return order
    return list(range(rank))[::-1] if node.op_type == "Transpose" and "perm" not in given else None


def pads(node: Node, rank: int, constant: _Constant) -> list[float] | None:
    """What is added before each axis."""
    torch_pads = node.attributes.get("pad")
    if isinstance(torch_pads, list):  # last axis first, before and after in turn
        befores = [float(p) for p in torch_pads[::2] if isinstance(p, (int, float))]
        return ([0.0] * rank + befores[::-1])[-rank:]
    onnx_pads: Sequence[float] | None = _numbers(node.attributes.get("pads"))
    if onnx_pads is None and len(node.inputs) > 1:
        onnx_pads = constant(node.inputs[1])
    if onnx_pads is None:
        return None
    axes: Sequence[float] | None = range(rank)
    if len(node.inputs) > 3 and node.inputs[3]:
        axes = constant(node.inputs[3])
    if axes is None or len(onnx_pads) != 2 * len(axes):
        return None
    result = [0.0] * rank
    for axis, before in zip(axes, onnx_pads, strict=False):
        result[int(axis) % rank] = float(before)
    return result


def slices(node: Node, given: Shape, constant: _Constant) -> dict[int, tuple[float, float]] | None:
    """Axis -> the first cell taken, and the step."""
    if node.op_type == "getitem":
        return indexed(str(node.attributes.get("index", "")), given)
    if node.op_type != "Slice":
        return None
    names = ("starts", "ends", "axes", "steps")
    found = [
        _numbers(node.attributes.get(name))
        or (constant(node.inputs[i]) if i < len(node.inputs) and node.inputs[i] else None)
        for i, name in enumerate(names, start=1)
    ]
    starts, _, axes, steps = found
    if starts is None:
        return None
    result = {}
    for i, start in enumerate(starts):
        axis = int(axes[i] if axes is not None else i) % len(given)
        step = float(steps[i]) if steps is not None else 1.0
        first = start + given[axis] if start < 0 else min(start, given[axis])
        result[axis] = (float(max(first, 0)), step)
    return result


def indexed(text: str, given: Shape) -> dict[int, tuple[float, float]] | None:
    """Of `x[:, :, 1:, ::2]`; None for anything but slices."""
    result = {}
    for axis, part in enumerate(text.split(",")):
        numbers = part.strip().split(":")
        if len(numbers) < 2 or not all(n.lstrip("-").isdecimal() or not n for n in numbers):
            return None
        start, step = int(numbers[0] or 0), int("".join(numbers[2:]) or 1)
        if axis >= len(given):
            return None
        first = start + given[axis] if start < 0 else min(start, given[axis])
        result[axis] = (float(max(first, 0)), float(step))
    return result


def _kernel(node: Node, count: int, shapes: Mapping[str, Shape]) -> list[int] | None:
    said = _ints(node, ("kernel_shape", "kernel_size"), count, None)
    if said is not None:
        return said
    for parameter in node.parameters:
        if len(parameter.shape) == count + 2:
            return list(parameter.shape[2:])
    for name in node.inputs[1:]:
        if len(shapes.get(name, ())) == count + 2:
            return list(shapes[name][2:])
    return None


def _pad_before(node: Node, i: int, count: int, size: int, w: Window) -> float | None:
    padding = node.attributes.get("padding")
    automatic = str(node.attributes.get("auto_pad") or "NOTSET")
    if padding == "same":
        return (w.extent - 1) // 2
    if automatic.startswith("SAME"):
        total = max((math.ceil(size / w.stride) - 1) * w.stride + w.extent - size, 0)
        if "ranspose" in node.op_type:
            total = max(w.extent - w.stride, 0)
        return total // 2 if automatic == "SAME_UPPER" else total - total // 2
    if padding == "valid" or automatic == "VALID":
        return 0
    both = _numbers(node.attributes.get("pads"))
    if both is not None and len(both) == 2 * count:
        return both[i]
    same = _ints(node, ("padding",), count, 0)
    return None if same is None else same[i]


def _ints(node: Node, names: Sequence[str], count: int, default: int | None) -> list[int] | None:
    """The first of these attributes, once for every axis."""
    for name in names:
        found = node.attributes.get(name)
        if isinstance(found, int):
            return [found] * count
        numbers = _numbers(found)
        if numbers:
            whole = [int(number) for number in numbers]
            return whole * count if len(whole) == 1 else whole if len(whole) == count else None
    return None if default is None else [default] * count


def _numbers(found: Attribute) -> list[float] | None:
    if not isinstance(found, list):
        return None
    return [float(n) for n in found if isinstance(n, (int, float))]
