"""Which values keep their channels in the last axis: (N, H, W, C) instead of (N, C, H, W)."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping

from netviz_desktop.graph import _keras_windows, _windows
from netviz_desktop.graph.model import ModelGraph, Node
from netviz_desktop.graph.receptive_field import KEEPING_OPS, MAPPING_OPS, plain_op


def channels_last(
    graph: ModelGraph, shapes: Mapping[str, tuple[int, ...]], inputs: Iterable[str] = ()
) -> frozenset[str]:
    """Names of the 4-D values whose channels stand last.

    Those of `inputs` are known to; from there and from every transpose to (N, H, W, C) it
    goes on through whatever leaves axes in place, until a transpose back. Keras puts them
    last, unless a layer says otherwise.
    """
    found = set(inputs)
    if is_keras_channels_last(graph):
        found.update(name for name in graph.inputs if len(shapes.get(name, ())) == 4)
    for node in graph.nodes:
        op = plain_op(node.op_type)
        reading = [name for name in node.inputs if len(shapes.get(name, ())) == 4]
        outputs = [name for name in node.outputs if len(shapes.get(name, ())) == 4]
        if node.domain == "keras":
            if _stays_last(node, reading, found):
                found.update(outputs)
            continue
        if not reading or not outputs or op in MAPPING_OPS:
            continue
        before = reading[0] in found
        if op in ("transpose", "permute"):
            order = _windows.permutation(node, 4)
            after = order == [0, 2, 3, 1] if not before else order == [0, 1, 2, 3]
        else:
            after = before and (op in KEEPING_OPS or op in ("matmul", "linear"))
        if after:
            found.update(outputs)
    return frozenset(found)


def is_keras_channels_last(graph: ModelGraph) -> bool:
    """Whether it consists of Keras layers, none of which says that channels come first."""
    return any(node.domain == "keras" for node in graph.nodes) and not any(
        node.attributes.get("data_format") == "channels_first" for node in graph.nodes
    )


def _stays_last(node: Node, reading: list[str], found: Collection[str]) -> bool:
    said = node.attributes.get("data_format")
    if said is not None:
        return said == "channels_last"
    before = not reading or reading[0] in found  # a Reshape of a vector makes a map
    if node.op_type in ("Permute", "Transpose"):
        order = _keras_windows.permutation(node, 4)
        return order == [0, 2, 3, 1] if not before else order == [0, 1, 2, 3]
    return before
