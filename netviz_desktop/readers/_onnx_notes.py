"""What a person should know about single ONNX nodes: what they are there for."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import onnx

from netviz_desktop.problems import short
from netviz_desktop.readers._onnx_roles import LOW_BIT
from netviz_desktop.readers._onnx_subgraphs import FunctionKey, contents, function_key
from netviz_desktop.readers._onnx_tensors import StoredTensor

_CHANNEL_OPS = frozenset(
    """Conv ConvTranspose MaxPool AveragePool GlobalAveragePool GlobalMaxPool
    BatchNormalization InstanceNormalization Resize DepthToSpace SpaceToDepth""".split()
)
_AXES_CHANGE = frozenset(
    "Reshape Flatten Squeeze Unsqueeze MatMul Gemm Gather Shape Size LSTM GRU RNN".split()
)
_LAYOUTS = {
    3: ("channels last (NLC)", "channels first (NCL)"),
    4: ("channels last (NHWC)", "channels first (NCHW)"),
    5: ("channels last (NDHWC)", "channels first (NCDHW)"),
}


def notes(
    nodes: Sequence[onnx.NodeProto],
    ids: Sequence[str],
    order: Sequence[int],
    constants: Mapping[str, StoredTensor],
    functions: Mapping[FunctionKey, onnx.FunctionProto],
) -> dict[int, str]:
    """By index, one or two sentences on each node that has something to it.

    Args:
        order: the nodes' indices, in an order in which they can run.
    """
    said = _of_layouts(nodes, ids, order) | _of_quantised_weights(nodes, ids, constants)
    for index, node in enumerate(nodes if functions else ()):
        function = functions.get(function_key(node))
        if function is not None:
            said[index] = f"The model defines it as a function of {contents(function.node)}."
    return said


# --- channels last and first -------------------------------------------------------------


def _of_layouts(
    nodes: Sequence[onnx.NodeProto], ids: Sequence[str], order: Sequence[int]
) -> dict[int, str]:
    """Keras and TensorFlow keep channels last, ONNX's convolutions take them first: exporters
    put transposes around them, and between the two channels stand first."""
    if all(node.op_type != "Transpose" for node in nodes):
        return {}
    turned: dict[str, tuple[int, bool]] = {}
    """Value with channels first -> the transpose that made it so, and whether an operator that
    needs that has come since."""
    useful: dict[int, bool] = {}  # transpose -> it turns to channels first, not last
    partner: dict[int, int] = {}
    producer_op: dict[str, str] = {}
    for index in order:
        node = nodes[index]
        producer_op |= dict.fromkeys(node.output, node.op_type)
        if node.op_type == "Transpose" and len(node.input) == len(node.output) == 1:
            read, written = node.input[0], node.output[0]
            to_first, to_last = _directions(node)
            if to_last and read in turned:
                first, needed = turned[read]
                if needed:
                    useful |= {first: True, index: False}
                    partner.setdefault(first, index)
                    partner[index] = first
            elif to_last and producer_op.get(read) in _CHANNEL_OPS:
                useful[index] = False
            elif to_first:
                turned[written] = (index, False)
        elif node.op_type not in _AXES_CHANGE:
            before = next((turned[name] for name in node.input if name in turned), None)
            if before is not None:
                needed = before[1] or node.op_type in _CHANNEL_OPS
                turned |= dict.fromkeys(node.output, (before[0], needed))
                if node.op_type in _CHANNEL_OPS:
                    useful[before[0]] = True
    return {
        index: _layout_note(nodes[index], to_first, ids[partner[index]] if index in partner else "")
        for index, to_first in useful.items()
    }


def _directions(node: onnx.NodeProto) -> tuple[bool, bool]:
    """Whether it turns channels last into channels first, and whether the other way round."""
    axes = _axes(node)
    rank = len(axes)
    if rank not in _LAYOUTS:
        return False, False
    inner = range(1, rank - 1)
    return axes == [0, rank - 1, *inner], axes == [0, *(axis + 1 for axis in inner), 1]


def _axes(node: onnx.NodeProto) -> list[int]:
    return list(next((a.ints for a in node.attribute if a.name == "perm"), ()))


def _layout_note(node: onnx.NodeProto, to_first: bool, partner: str) -> str:
    last, first = _LAYOUTS[len(_axes(node))]
    before, after = (last, first) if to_first else (first, last)
    also = f"; its partner is “{short(partner)}”" if partner else ""
    return f"Only turns {before} into {after}{also}."


# --- quantised weights -------------------------------------------------------------------


def _of_quantised_weights(
    nodes: Sequence[onnx.NodeProto], ids: Sequence[str], constants: Mapping[str, StoredTensor]
) -> dict[int, str]:
    if not any(weight.dtype in LOW_BIT for weight in constants.values()):
        return {}
    said = {}
    made: dict[str, int] = {}  # value of a Cast -> its index
    for index, node in enumerate(nodes):
        weight = constants.get(node.input[0]) if node.input else None
        if weight is not None and weight.dtype in LOW_BIT and weight.shape:
            if node.op_type == "DequantizeLinear":
                said[index] = (
                    f"Turns its {weight.dtype} weight into floats: (weight − zero point) × scale."
                )
            elif node.op_type == "Cast" and node.output:
                made[node.output[0]] = index
    for index, node in enumerate(nodes):
        for name in node.input:
            if name in made and node.op_type in ("Mul", "Sub"):
                cast = made[name]
                what = constants[nodes[cast].input[0]].dtype
                after = "scales it" if node.op_type == "Mul" else "takes its zero point off"
                said[cast] = f"Turns its {what} weight into floats; “{short(ids[index])}” {after}."
    return said
