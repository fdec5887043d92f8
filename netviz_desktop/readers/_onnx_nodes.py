"""One ONNX node as a `Node`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import onnx

from netviz_desktop.graph import Attribute, Node, Parameter
from netviz_desktop.readers._onnx_attributes import described, text, written_out
from netviz_desktop.readers._onnx_roles import is_short_setting, is_weight, roles
from netviz_desktop.readers._onnx_scopes import scope_of
from netviz_desktop.readers._onnx_subgraphs import Read
from netviz_desktop.readers._onnx_tensors import StoredTensor
from netviz_desktop.readers._source_line import source_line

_BUFFERS = frozenset({"running mean", "running variance"})


def as_node(
    proto: onnx.NodeProto,
    node_id: str,
    inputs: tuple[str, ...],
    outputs: tuple[str, ...],
    opsets: Mapping[str, int],
    constants: Mapping[str, StoredTensor],
    *,
    outside: Sequence[str] = (),
    inside: Sequence[Read] = (),
    note: str = "",
    fault: str = "",
    bodies: tuple[str, ...] = (),
) -> tuple[Node, dict[str, StoredTensor]]:
    """The node, and what it reads from the file that are weights, by parameter name.

    Args:
        inputs, outputs: its own, as `wires` has them.
        constants: what the graph around it has from the file, by value name.
        outside: values that graphs inside it take from around it.
        inside: what nodes inside it read from the file.
    """
    attributes: dict[str, Attribute] = {}
    found = []
    if inside or not constants.keys().isdisjoint(inputs):
        named = roles(proto, opsets.get(proto.domain, 1))
        for read, role in zip(inputs, named, strict=True):
            constant = constants.get(read)
            if constant is None:
                continue
            if role and is_short_setting(proto, constant, role):
                attributes[role] = written_out(constant)
            if is_weight(proto, constant, role):
                found.append((read, constant, role))
    for child, at, read, tensor in inside:
        role = roles(child, opsets.get(child.domain, 1))[at]
        if is_weight(child, tensor, role):
            found.append((read, tensor, role))
    parameters = {
        read: Parameter(read, t.shape, t.dtype, role, buffer=role in _BUFFERS)
        for read, t, role in reversed(found)
    }
    if proto.attribute:
        attributes |= {a.name: described(a) for a in proto.attribute}
    node = Node(
        id=node_id,
        op_type=proto.op_type,
        domain=proto.domain or "ai.onnx",
        name=proto.name,
        scope=scope_of(proto),
        inputs=inputs + tuple(dict.fromkeys(outside)) if outside else inputs,
        outputs=outputs,
        attributes=attributes,
        parameters=tuple(reversed(parameters.values())),
        note=note,
        fault=fault,
        source=_source(proto),
        bodies=bodies,
    )
    return node, {read: tensor for read, tensor, _ in found}


def _source(proto: onnx.NodeProto) -> str:
    """As torch's exporter notes it."""
    if not proto.metadata_props:
        return ""
    said = {entry.key: entry.value for entry in proto.metadata_props}
    if (stack := said.get("pkg.torch.onnx.stack_trace")) is None:
        return ""
    return source_line(text(stack), text(said.get("pkg.torch.onnx.class_hierarchy", "")))
