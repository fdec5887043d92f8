"""An ONNX graph as a `ModelGraph`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import onnx

from netviz_desktop.graph import Attribute, Dimension, ModelGraph, Node, Parameter, Value
from netviz_desktop.problems import Problem
from netviz_desktop.readers._onnx_attributes import described, text, written_out
from netviz_desktop.readers._onnx_faults import Wiring, faults
from netviz_desktop.readers._onnx_notes import notes
from netviz_desktop.readers._onnx_order import execution_order, node_ids, producers
from netviz_desktop.readers._onnx_roles import is_short_setting, is_weight, roles
from netviz_desktop.readers._onnx_scopes import classes, scope_of
from netviz_desktop.readers._onnx_subgraphs import Held, Inside, reads
from netviz_desktop.readers._onnx_tensors import StoredTensor, dtype_name

_BUFFERS = frozenset({"running mean", "running variance"})


@dataclass(frozen=True)
class Drawn:
    """An ONNX graph as it is drawn.

    Args:
        weights: by parameter name.
        order: indices of the drawn nodes, as far as possible in an order in which they run.
        ids: the node id for each index.
        faults: by node id, in running order, why the model cannot be run.
    """

    graph: ModelGraph
    weights: dict[str, StoredTensor]
    order: tuple[int, ...]
    ids: tuple[str, ...]
    faults: dict[str, Problem]


def drawn(
    model: onnx.ModelProto,
    constants: Mapping[str, StoredTensor],
    folded: frozenset[int],
    path: Path,
    held: Held,
) -> Drawn:
    """The graph, and what stops it from being run.

    Constants (initialisers, and the outputs of Constant nodes, which are folded away) that a
    node reads are its *parameters* when they hold weights: floating point, or integers of
    at most 8 bits, of at least one dimension, in an input that is no setting such as a
    clipping limit or a quantisation scale. All others stay inputs by name; short ones are
    written out among the attributes, under the name that the operator gives the input.
    What the nodes inside a subgraph or a function read are parameters of the node that holds
    it; what a subgraph takes from outside are its inputs too, after its own.

    Args:
        constants: every tensor that the main graph has from the file, by value name.
        folded: indices of the Constant nodes that are not drawn.
    """
    graph = model.graph
    protos = list(graph.node)
    values = _values(graph, constants)
    opsets = {opset.domain: opset.version for opset in model.opset_import}
    functions = {(f.domain, f.name, f.overload): f for f in model.functions}
    ids, producer = node_ids(protos), producers(protos)
    read_by = [reads(proto) for proto in protos]
    order = [i for i in execution_order(read_by, producer) if i not in folded]
    inside = Inside(path, functions, held)
    given = {value.name for value in graph.input}
    read_inside = {index: inside.reads(protos[index], ids[index], constants) for index in order}
    tensors = {
        index: [
            *(constants[name] for name in protos[index].input if name in constants),
            *(tensor for _, _, _, tensor in read_inside[index]),
        ]
        for index in order
    }
    known = frozenset(given | constants.keys())
    stopping = faults(path, model, Wiring(ids, read_by, producer, order, tensors, known))
    said = notes(protos, ids, order, constants, functions)
    nodes = []
    weights: dict[str, StoredTensor] = {}
    for index in order:
        proto = protos[index]
        outputs = tuple(proto.output)
        for output in outputs:
            if output and output not in values:
                values[output] = Value(output)
        inputs = tuple(proto.input)
        settings: dict[str, Attribute] = {}
        found = []
        if tensors[index]:
            named = roles(proto, opsets.get(proto.domain, 1))
            for read, role in zip(inputs, named, strict=True):
                constant = constants.get(read)
                if constant is None:
                    continue
                if role and is_short_setting(proto, constant, role):
                    settings[role] = written_out(constant)
                if is_weight(proto, constant, role):
                    found.append((read, constant, role))
        for child, at, read, tensor in read_inside[index]:
            role = roles(child, opsets.get(child.domain, 1))[at]
            if is_weight(child, tensor, role):
                found.append((read, tensor, role))
        parameters = {
            read: Parameter(read, t.shape, t.dtype, role, buffer=role in _BUFFERS)
            for read, t, role in found[::-1]
        }
        weights |= {read: tensor for read, tensor, _ in found}
        from_outside = [
            name
            for name in read_by[index][len(inputs) :]
            if name not in constants and (name in producer or name in given) and name not in inputs
        ]
        nodes.append(
            Node(
                id=ids[index],
                op_type=proto.op_type,
                domain=proto.domain or "ai.onnx",
                name=proto.name,
                scope=scope_of(proto),
                inputs=inputs + tuple(dict.fromkeys(from_outside)),
                outputs=outputs,
                attributes=settings | {a.name: described(a) for a in proto.attribute},
                parameters=tuple(reversed(parameters.values())),
                note=said.get(index, ""),
                fault=stopping[index].what if index in stopping else "",
            )
        )
    model_graph = ModelGraph(
        format="ONNX",
        name=graph.name or path.stem,
        inputs=tuple(i.name for i in graph.input if i.name not in constants),
        outputs=tuple(o.name for o in graph.output),
        nodes=tuple(nodes),
        values=values | {n: Value(n, t.shape, t.dtype) for n, t in weights.items()},
        metadata=_metadata(model),
        modules=classes(protos),
    )
    by_id = {ids[index]: problem for index, problem in stopping.items()}
    return Drawn(model_graph, weights, tuple(order), tuple(ids), by_id)


def _values(graph: onnx.GraphProto, constants: Mapping[str, StoredTensor]) -> dict[str, Value]:
    values = {name: Value(name, tensor.shape, tensor.dtype) for name, tensor in constants.items()}
    for declared in (*graph.input, *graph.output, *graph.value_info):
        name = declared.name
        if name in constants or not name:
            continue
        value = _value(declared)
        if name not in values or values[name].shape is None:
            values[name] = value
    given = {i.name for i in graph.input}
    for name in given & set(values):
        value = values[name]
        if name not in constants and value.shape is not None and 0 in value.shape:
            values[name] = Value(name, tuple(d or None for d in value.shape), value.dtype)
    return values


def _value(declared: onnx.ValueInfoProto) -> Value:
    if not declared.type.HasField("tensor_type"):
        return Value(declared.name)
    tensor = declared.type.tensor_type
    dtype = dtype_name(tensor.elem_type)
    if not tensor.HasField("shape"):
        return Value(declared.name, None, dtype)
    return Value(declared.name, tuple(map(_dimension, tensor.shape.dim)), dtype)


def _dimension(dim: onnx.TensorShapeProto.Dimension) -> Dimension:
    if dim.HasField("dim_value"):
        return int(dim.dim_value) if dim.dim_value >= 0 else None
    # Shape inference makes up names where it knows nothing.
    name = text(dim.dim_param)
    return None if name.startswith("unk__") else name or None


def _metadata(model: onnx.ModelProto) -> dict[str, str]:
    opsets = ", ".join(
        f"{text(opset.domain) or 'ai.onnx'} {opset.version}" for opset in model.opset_import
    )
    producer = " ".join(filter(None, map(text, (model.producer_name, model.producer_version))))
    stated = {
        "ir_version": str(model.ir_version),
        "opset": opsets,
        "producer": producer,
        "domain": text(model.domain),
        "model_version": str(model.model_version) if model.model_version else "",
        "doc": text(model.doc_string),
        "graph_doc": text(model.graph.doc_string),
        "functions": ", ".join(function.name for function in model.functions),
    }
    stated = {key: said for key, said in stated.items() if said}
    return stated | {text(entry.key): text(entry.value) for entry in model.metadata_props}
