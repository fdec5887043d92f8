"""Which values keep their channels in the last axis: (N, H, W, C) instead of (N, C, H, W)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from netviz_desktop.graph import _windows as windows
from netviz_desktop.graph.model import ModelGraph
from netviz_desktop.graph.receptive_field import KEEPING_OPS, MAPPING_OPS, plain_op


def channels_last(
    graph: ModelGraph, shapes: Mapping[str, tuple[int, ...]], inputs: Iterable[str] = ()
) -> frozenset[str]:
    """Names of the 4-D values whose channels stand last.

    Those of `inputs` are known to; from there and from every transpose to (N, H, W, C) it
    goes on through whatever leaves axes in place, until a transpose back.
    """
    found = set(inputs)
    for node in graph.nodes:
        op = plain_op(node.op_type)
        reading = [name for name in node.inputs if len(shapes.get(name, ())) == 4]
        outputs = [name for name in node.outputs if len(shapes.get(name, ())) == 4]
        if not reading or not outputs or op in MAPPING_OPS:
            continue
        before = reading[0] in found
        if op in ("transpose", "permute"):
            order = windows.permutation(node, 4)
            after = order == [0, 2, 3, 1] if not before else order == [0, 1, 2, 3]
        else:
            after = before and (op in KEEPING_OPS or op in ("matmul", "linear"))
        if after:
            found.update(outputs)
    return frozenset(found)
