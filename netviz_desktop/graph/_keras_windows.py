"""How the settings of a Keras layer describe its window: as `_windows` for ONNX and torch.

"same" pads like TensorFlow: with a stride of 2 often nothing before the first cell and one
after the last.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence

from netviz_desktop.graph import _windows as windows
from netviz_desktop.graph._windows import Shape, Window
from netviz_desktop.graph.model import Attribute, Node

_Constant = Callable[[str], Sequence[float] | None]

_REACH = {"bilinear": 2.0, "bicubic": 4.0, "lanczos3": 6.0, "lanczos5": 10.0}


def first_spatial_axis(node: Node) -> int:
    return 2 if node.attributes.get("data_format") == "channels_first" else 1


def window(node: Node, given: Shape, _shapes: Mapping[str, Shape]) -> dict[int, Window] | None:
    """As `_windows.window`."""
    count = len(given) - 2
    said = node.attributes
    kernel = _ints(said.get("kernel_size", said.get("pool_size")), count)
    if kernel is None or count < 1:
        return None
    steps_by_kernel = "pool_size" in said and said.get("strides") is None
    strides = kernel if steps_by_kernel else _ints(said.get("strides", 1), count)
    dilations = _ints(said.get("dilation_rate", 1), count)
    if strides is None or dilations is None:
        return None
    first = first_spatial_axis(node)
    result = {}
    for i in range(count):
        w = Window(kernel[i], strides[i], 0, dilations[i])
        pad = _pad_before(node, given[first + i], w)
        result[first + i] = Window(kernel[i], strides[i], pad, dilations[i])
    return result


def resized(node: Node, before: int, after: int) -> tuple[float, float, float]:
    """As `_windows.resized`."""
    step = before / after
    reach = _REACH.get(str(node.attributes.get("interpolation")), 1.0)
    return (step - 1) / 2, step, reach


def permutation(node: Node, rank: int) -> list[int] | None:
    """As `_windows.permutation`; a Permute layer leaves the batch out."""
    order = node.attributes.get("dims")
    if node.op_type == "Permute" and isinstance(order, list) and len(order) == rank - 1:
        return [0, *(axis for axis in order if isinstance(axis, int))]
    return windows.permutation(node, rank)


def pads(node: Node, rank: int, _constant: _Constant) -> list[float] | None:
    """As `_windows.pads`; what a Cropping layer takes away is negative."""
    crops = "cropping" in node.attributes
    said = node.attributes["cropping"] if crops else node.attributes.get("padding")
    sides = said if isinstance(said, list) else [said] * (rank - 2)
    if len(sides) != rank - 2:
        return None
    result = [0.0] * rank
    for i, side in enumerate(sides):
        before = side[0] if isinstance(side, list) and side else side
        if not isinstance(before, int):
            return None
        result[first_spatial_axis(node) + i] = float(-before if crops else before)
    return result


def slices(node: Node, given: Shape, _constant: _Constant) -> dict[int, tuple[float, float]] | None:
    """As `_windows.slices`, of `x[:, 1:]`."""
    index = node.attributes.get("index")
    return windows.indexed(index, given) if isinstance(index, str) else None


def _pad_before(node: Node, size: int, w: Window) -> float:
    padding = node.attributes.get("padding")
    if padding == "causal":
        return w.extent - 1
    if padding != "same":
        return 0
    if "ranspose" in node.op_type:
        return max(w.extent - w.stride, 0) // 2
    return max((math.ceil(size / w.stride) - 1) * w.stride + w.extent - size, 0) // 2


def _ints(found: Attribute, count: int) -> list[int] | None:
    if isinstance(found, int):
        return [found] * count
    if not isinstance(found, list) or not all(isinstance(n, int) and n > 0 for n in found):
        return None
    return found * count if len(found) == 1 else found if len(found) == count else None
