"""Where on the input each cell of a value looks: receptive fields, from the graph alone.

Along every spatial axis cell i of a value is centred on input pixel `start + i * jump` and
sees `size` pixels (Araujo et al. 2019, https://distill.pub/2019/computing-receptive-fields).
Paths that meet again see together: the field is the union of theirs.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from types import ModuleType
from typing import TypeAlias

from netviz_desktop.graph import _keras_windows, _windows
from netviz_desktop.graph._windows import Shape, Window
from netviz_desktop.graph.model import ModelGraph, Node


@dataclass(frozen=True)
class Axis:
    """One axis of a value, as seen from the input.

    Args:
        of: the input's axis that it follows.
        size: pixels that a cell sees; infinite when some path sees everything.
        start: the pixel on which cell 0 is centred; pixel centres are whole numbers.
        jump: pixels from one cell to the next.
    """

    of: int
    size: float = 1.0
    start: float = 0.0
    jump: float = 1.0

    def seen(self, first: int, last: int) -> tuple[float, float]:
        """Where on the input what the cells from `first` to `last` see begins and ends, in
        pixels from the outer edge of pixel 0; padding lies outside of the input."""
        if math.isinf(self.size):
            return -math.inf, math.inf
        begin = self.start + first * self.jump - self.size / 2 + 0.5
        return begin, begin + (last - first) * self.jump + self.size


Field: TypeAlias = Mapping[int, Axis]
"""Axis of the value -> how it follows the input."""

Constant: TypeAlias = Callable[[str], Sequence[float] | None]
"""The numbers of a value that no input changes (pads, starts, scales); None: not known."""


def receptive_fields(
    graph: ModelGraph,
    shapes: Mapping[str, Shape],
    source: str,
    axes: tuple[int, ...] = (2, 3),
    constant: Constant | None = None,
) -> dict[str, Field]:
    """The fields of every value for which they are known, by value name.

    Normalisation over a whole map counts as seeing one cell.

    Args:
        shapes: of the values in one run.
        source: the input that is looked at; its `axes` are the spatial ones.
    """
    walk = _Walk(shapes, axes, constant or (lambda _: None))
    walk.fields[source] = {axis: Axis(axis) for axis in axes}
    for node in graph.nodes:
        walk.visit(node)
    return {name: field for name, field in walk.fields.items() if field is not None}


def plain_op(op_type: str) -> str:
    """One spelling for MaxPool, relu_ and Relu: maxpool, relu, relu."""
    return op_type.lower().strip("_")


class _Walk:
    def __init__(
        self, shapes: Mapping[str, Shape], axes: tuple[int, ...], constant: Constant
    ) -> None:
        self.shapes = shapes
        self.axes = axes
        self.constant = constant
        self.fields: dict[str, Field | None] = {}
        """None: it depends on the input in a way that is not known."""

    def visit(self, node: Node) -> None:
        dependent = [name for name in node.inputs if name in self.fields]
        if not dependent:
            return
        outputs = [name for name in node.outputs if name]
        rule = _RULES.get(plain_op(node.op_type))
        known = all(n in self.shapes for n in (*dependent, *outputs[:1])) and bool(outputs)
        found = rule(self, node, dependent) if rule is not None and known else None
        for name in outputs:
            self.fields[name] = found or None

    def shape(self, name: str) -> Shape:
        return self.shapes[name]

    def _cells(self, shape: Shape) -> Shape:
        """The extents of a map; channels stand last where the input's do."""
        return shape[1:-1] if self.axes == (1, 2) else shape[2:]

    # --- rules: a node that has at least one dependent input -> its output's field ---------

    def window(self, node: Node, dependent: list[str]) -> Field | None:
        field = self.fields[dependent[0]]
        found = _of(node).window(node, self.shape(dependent[0]), self.shapes)
        if field is None or found is None or len(dependent) > 1:
            return None
        return _mapped(field, lambda position: found.get(position, Window()))

    def transposed(self, node: Node, dependent: list[str]) -> Field | None:
        field = self.fields[dependent[0]]
        found = _of(node).window(node, self.shape(dependent[0]), self.shapes)
        if field is None or found is None or len(dependent) > 1:
            return None
        result = {}
        for position, axis in field.items():
            w = found.get(position, Window())
            start = axis.start + axis.jump * (w.pad - (w.extent - 1) / 2) / w.stride
            size = axis.size + axis.jump * ((w.extent - 1) // w.stride)
            result[position] = replace(axis, size=size, start=start, jump=axis.jump / w.stride)
        return result

    def adaptive(self, node: Node, dependent: list[str]) -> Field | None:
        return self._scaled(node, dependent, pooled=True)

    def resized(self, node: Node, dependent: list[str]) -> Field | None:
        return self._scaled(node, dependent, pooled=False)

    def _scaled(self, node: Node, dependent: list[str], *, pooled: bool) -> Field | None:
        """Cells spread evenly over the same extent."""
        field = self.fields[dependent[0]]
        given, made = self.shape(dependent[0]), self.shape(node.outputs[0])
        if field is None or len(given) != len(made):
            return None
        result = {}
        for position, axis in field.items():
            before, after = given[position], made[position]
            if before == after:
                result[position] = axis
                continue
            first, step, reach = (
                _windows.pooled(before, after) if pooled else _of(node).resized(node, before, after)
            )
            result[position] = _composed(axis, first, step, reach)
        return result

    def passed(self, node: Node, dependent: list[str]) -> Field | None:
        """Cell by cell, with broadcasting: the union over all inputs."""
        made = self.shape(node.outputs[0])
        fields: list[Field] = []
        sees_all = False
        for name in dependent:
            shape, field = self.shape(name), self.fields[name]
            shift = len(made) - len(shape)
            if math.prod(self._cells(shape)) == 1 and math.prod(self._cells(made)) > 1:
                sees_all = True  # one number for the whole map: squeeze and excitation
            elif field is None or any(made[p + shift] != shape[p] for p in field):
                return None
            else:
                fields.append({position + shift: axis for position, axis in field.items()})
        united = _united(fields)
        if united is None or not sees_all:
            return united
        return {position: replace(axis, size=math.inf) for position, axis in united.items()}

    def concatenated(self, node: Node, dependent: list[str]) -> Field | None:
        fields = [self.fields[name] for name in dependent]
        made = self.shape(node.outputs[0])
        if any(field is None for field in fields):
            return None
        united = _united([field for field in fields if field is not None])
        kept = all(self.shape(name)[p] == made[p] for p in united or {} for name in dependent)
        return united if kept else None

    def kept(self, node: Node, dependent: list[str]) -> Field | None:
        """Something about channels: the extents along the field's axes stay."""
        field = self.fields[dependent[0]]
        given, made = self.shape(dependent[0]), self.shape(node.outputs[0])
        if field is None or len(given) != len(made) or any(given[p] != made[p] for p in field):
            return None
        return field

    def moved(self, node: Node, dependent: list[str]) -> Field | None:
        field = self.fields[dependent[0]]
        order = _of(node).permutation(node, len(self.shape(dependent[0])))
        if field is None or order is None:
            return None
        return {new: field[old] for new, old in enumerate(order) if old in field}

    def reshaped(self, node: Node, dependent: list[str]) -> Field | None:
        """Row-major order stays: what lies at the end and keeps its extents is the same."""
        field = self.fields[dependent[0]]
        given, made = self.shape(dependent[0]), self.shape(node.outputs[0])
        if field is None:
            return None
        tail = len(given) - min(field)
        if tail > len(made) or given[-tail:] != made[-tail:]:
            return None
        return {position - len(given) + len(made): axis for position, axis in field.items()}

    def padded(self, node: Node, dependent: list[str]) -> Field | None:
        field = self.fields[dependent[0]]
        given, made = self.shape(dependent[0]), self.shape(node.outputs[0])
        begins = _of(node).pads(node, len(given), self.constant)
        if field is None:
            return None
        if begins is None:
            return field if all(given[p] == made[p] for p in field) else None
        return {p: _composed(axis, -begins[p], 1, 1) for p, axis in field.items()}

    def sliced(self, node: Node, dependent: list[str]) -> Field | None:
        field = self.fields[dependent[0]]
        given = self.shape(dependent[0])
        if field is None:
            return None
        steps = _of(node).slices(node, given, self.constant)
        if steps is None:
            return self.kept(node, dependent)
        result = {}
        for p, axis in field.items():
            first, step = steps.get(p, (0.0, 1.0))
            result[p] = _composed(axis, first, step, 1)
        return result

    def unfolded(self, node: Node, dependent: list[str]) -> Field | None:
        """Space to depth: each cell takes in a block."""
        return self._blocks(node, dependent)

    def folded(self, node: Node, dependent: list[str]) -> Field | None:
        """Depth to space: each cell becomes a block."""
        return self._blocks(node, dependent)

    def _blocks(self, node: Node, dependent: list[str]) -> Field | None:
        field = self.fields[dependent[0]]
        given, made = self.shape(dependent[0]), self.shape(node.outputs[0])
        if field is None or len(given) != len(made):
            return None
        result = {}
        for p, axis in field.items():
            step = given[p] / made[p]
            result[p] = _composed(axis, (step - 1) / 2, step, max(1.0, step))
        return result


def _of(node: Node) -> ModuleType:
    """What reads the settings of this node."""
    return _keras_windows if node.domain == "keras" else _windows


def _mapped(field: Field, window: Callable[[int], Window]) -> Field:
    result = {}
    for position, axis in field.items():
        w = window(position)
        result[position] = _composed(axis, (w.extent - 1) / 2 - w.pad, w.stride, w.extent)
    return result


def _composed(axis: Axis, first: float, step: float, reach: float) -> Axis:
    """A cell that takes `reach` cells of `axis`, cell 0 centred on cell `first` of it."""
    return replace(
        axis,
        size=axis.size + (reach - 1) * axis.jump,
        start=axis.start + first * axis.jump,
        jump=axis.jump * step,
    )


def _united(fields: Sequence[Field]) -> Field | None:
    """The union, where all agree on where they go."""
    if not fields:
        return None
    result = dict(fields[0])
    for field in fields[1:]:
        if field.keys() != result.keys():
            return None
        for position, other in field.items():
            axis = result[position]
            if axis.of != other.of or not math.isclose(axis.jump, other.jump):
                return None
            result[position] = _union(axis, other)
    return result


def _union(a: Axis, b: Axis) -> Axis:
    if math.isinf(a.size) or math.isinf(b.size):
        start = a.start if math.isinf(b.size) else b.start
        return replace(a, start=start, size=math.inf)
    low = min(a.start - a.size / 2, b.start - b.size / 2)
    high = max(a.start + a.size / 2, b.start + b.size / 2)
    return replace(a, start=(low + high) / 2, size=high - low)


_Rule: TypeAlias = Callable[[_Walk, Node, list[str]], "Field | None"]

_BY_RULE: dict[_Rule, str] = {
    _Walk.window: (
        "conv conv1d conv2d conv3d convolution convinteger qlinearconv "
        "maxpool max_pool1d max_pool2d max_pool3d max_pool1d_with_indices "
        "max_pool2d_with_indices max_pool3d_with_indices averagepool avg_pool1d avg_pool2d "
        "depthwiseconv2d separableconv2d convolution2d "
        "maxpooling1d maxpooling2d maxpooling3d averagepooling1d averagepooling2d "
        "averagepooling3d "
        "avg_pool3d qlinearaveragepool lppool lp_pool1d lp_pool2d lp_pool3d"
    ),
    _Walk.transposed: (
        "convtranspose conv_transpose1d conv_transpose2d conv_transpose3d deconvolution "
        "conv1dtranspose conv2dtranspose conv3dtranspose"
    ),
    _Walk.adaptive: (
        "adaptive_avg_pool1d adaptive_avg_pool2d adaptive_avg_pool3d adaptive_max_pool1d "
        "adaptive_max_pool2d adaptive_max_pool3d globalaveragepooling2d globalmaxpooling2d "
        "adaptiveaveragepooling2d adaptivemaxpooling2d"
    ),
    _Walk.resized: (
        "resize upsample interpolate upsample_nearest upsample_bilinear upsample_nearest1d "
        "upsample_nearest2d upsample_nearest3d upsample_linear1d upsample_bilinear2d "
        "upsample_bicubic2d upsample_trilinear3d upsampling1d upsampling2d upsampling3d resizing"
    ),
    _Walk.passed: (
        "relu relu6 leakyrelu leaky_relu prelu rrelu elu selu celu gelu silu swish mish sigmoid "
        "hardsigmoid hard_sigmoid hardswish hard_swish hardtanh tanh softplus softsign "
        "logsigmoid log_sigmoid threshold thresholdedrelu tanhshrink hardshrink softshrink "
        "clip clamp clamp_min clamp_max abs neg negative exp log log1p sqrt rsqrt reciprocal "
        "square erf floor ceil round sign sin cos not "
        "add sub subtract mul multiply div divide true_divide truediv rsub pow max min maximum "
        "minimum sum mean_of where mod fmod and or xor "
        "identity dropout dropout2d dropout3d feature_dropout alpha_dropout "
        "feature_alpha_dropout clone contiguous alias detach cast castlike to type_as float "
        "half double type "
        "batchnormalization batch_norm instancenormalization instance_norm groupnormalization "
        "group_norm layernormalization layer_norm rmsnormalization rms_norm lrn "
        "local_response_norm lpnormalization normalize meanvariancenormalization "
        "quantizelinear dequantizelinear qlinearadd qlinearmul qlinearsigmoid qlinearleakyrelu "
        "fake_quantize_per_tensor_affine "
        "inputlayer activation linear exponential hard_silu rescaling normalization average "
        "gaussiannoise gaussiandropout alphadropout spatialdropout2d activityregularization "
        "unitnormalization layerscale stochasticdepth truedivide negative power randomflip "
        "randomrotation randomzoom randomtranslation randomcontrast randombrightness"
    ),
    _Walk.concatenated: "concat cat concatenate qlinearconcat",
    _Walk.kept: (
        "softmax logsoftmax log_softmax softmin channel_shuffle channelshuffle split chunk "
        "tensor_split unbind glu reducemean reducemax reducesum reducemin mean amax amin "
        "dense einsumdense"
    ),
    _Walk.moved: "transpose permute swapaxes swapdims movedim",
    _Walk.reshaped: "reshape view flatten unflatten squeeze unsqueeze",
    _Walk.padded: "pad constantpad zeropadding1d zeropadding2d zeropadding3d cropping2d",
    _Walk.sliced: "slice getitem narrow",
    _Walk.unfolded: "spacetodepth pixel_unshuffle",
    _Walk.folded: "depthtospace pixel_shuffle",
}

_RULES: dict[str, _Rule] = {op: rule for rule, ops in _BY_RULE.items() for op in ops.split()}

MAPPING_OPS = frozenset(
    op for rule in (_Walk.window, _Walk.transposed, _Walk.resized) for op in _BY_RULE[rule].split()
)
"""Operations whose output is a map, whatever came before: convolutions, pools, resizes."""

KEEPING_OPS = frozenset(
    op
    for rule in (_Walk.passed, _Walk.concatenated, _Walk.kept, _Walk.moved, _Walk.padded)
    for op in _BY_RULE[rule].split()
) | {"slice", "getitem", "narrow"}
"""Operations whose output is a map if one of their inputs is."""
