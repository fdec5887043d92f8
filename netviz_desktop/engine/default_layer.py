"""The layer that a method of layers takes when none is named."""

from __future__ import annotations

import math
from collections.abc import Collection

from netviz_desktop.engine.forward_pass import ForwardPass
from netviz_desktop.graph import Node
from netviz_desktop.graph.receptive_field import KEEPING_OPS, MAPPING_OPS, plain_op

_PASS_ON = frozenset(
    "identity dropout dropout2d dropout3d feature_dropout clone contiguous alias cast to "
    "float half detach quantizelinear dequantizelinear pad constantpad spatialdropout2d "
    "gaussiandropout gaussiannoise activityregularization zeropadding2d inputlayer".split()
)
_POOLS = frozenset(
    "maxpool max_pool2d averagepool avg_pool2d adaptive_avg_pool2d adaptive_max_pool2d "
    "qlinearaveragepool maxpooling2d averagepooling2d globalaveragepooling2d "
    "globalmaxpooling2d adaptiveaveragepooling2d adaptivemaxpooling2d".split()
)


def default_layer(run: ForwardPass, channels_last: Collection[str] = ()) -> tuple[str | None, str]:
    """The deepest node with a map of features, and one sentence why; (None, why not).

    It lies on the way to the scores, is at least two cells large, is differentiable, and
    its channels are not the classes themselves. What only passes a map on (dropout, a
    pool, its padding) gives way to what computed it.
    """
    maps = _maps(run, channels_last)
    candidates = maps & _leading(run)
    for node in reversed(run.graph.nodes):
        if _output(node) in candidates and _suits(run, _output(node), channels_last):
            chosen = _computed_by(run, node, maps, channels_last)
            size = _size(run, _output(chosen), channels_last)
            return chosen.id, (
                "The last layer before the scores whose features still lie on a map: "
                f"{chosen.op_type}, {size}."
            )
    return None, "No node before the scores computes a map of features with height and width."


def _maps(run: ForwardPass, channels_last: Collection[str]) -> set[str]:
    """Values that are pictures: what convolutions and pools compute, and what keeps it so,
    as a product with weights does where channels stand last. Attention weights, 4-D as
    well, are none."""
    found = {name for name in run.graph.inputs if _is_4d(run, name)}
    for node in run.graph.nodes:
        op, output = plain_op(node.op_type), _output(node)
        if not _is_4d(run, output):
            continue
        keeps = op in KEEPING_OPS or (op in ("matmul", "linear") and output in channels_last)
        stays = keeps and not found.isdisjoint(node.inputs)
        if stays or op in MAPPING_OPS or op in _POOLS:
            found.add(output)
    return found


def _leading(run: ForwardPass) -> set[str]:
    """Values that the scores depend on."""
    found = {run.target_value}
    for node in reversed(run.graph.nodes):
        if not found.isdisjoint(node.outputs):
            found.update(node.inputs)
    return found


def _suits(run: ForwardPass, name: str, channels_last: Collection[str]) -> bool:
    recorded = run.values[name]
    if recorded.tensor.ndim != 4:
        return False
    channels, height, width = _chw(run, name, channels_last)
    return (
        recorded.edge is not None
        and recorded.tensor.is_floating_point()
        and height * width > 1
        and channels != _classes(run, channels_last)
        and name not in run.graph.inputs
        and not name.startswith(tuple(f"{given}:" for given in run.graph.inputs))  # InputLayer's
    )


def _classes(run: ForwardPass, channels_last: Collection[str]) -> int:
    if _is_4d(run, run.target_value):  # scores at each pixel of a map
        return _chw(run, run.target_value, channels_last)[0]
    return math.prod(run.value(run.target_value).shape[1:])


def _computed_by(
    run: ForwardPass, node: Node, maps: set[str], channels_last: Collection[str]
) -> Node:
    """Back through what computes no features of its own."""
    found = node
    while plain_op(node.op_type) in _PASS_ON | _POOLS and node.inputs[0] in maps:
        before = run.graph.producer.get(node.inputs[0])
        if before is None:
            break
        node = run.graph.node(before)
        if _suits(run, _output(node), channels_last):
            found = node
    return found


def _output(node: Node) -> str:
    return node.outputs[0] if node.outputs else ""


def _is_4d(run: ForwardPass, name: str) -> bool:
    return name in run.values and run.values[name].tensor.ndim == 4


def _chw(run: ForwardPass, name: str, channels_last: Collection[str]) -> tuple[int, int, int]:
    _, a, b, c = run.value(name).shape
    return (c, a, b) if name in channels_last else (a, b, c)


def _size(run: ForwardPass, name: str, channels_last: Collection[str]) -> str:
    channels, height, width = _chw(run, name, channels_last)
    return f"{channels} channels of {height} × {width}"
