"""An ONNX graph as a `ModelGraph`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import onnx

from netviz_desktop.graph import ModelGraph, Value
from netviz_desktop.problems import Problem
from netviz_desktop.readers._onnx_attributes import text
from netviz_desktop.readers._onnx_bodies import Bodies
from netviz_desktop.readers._onnx_faults import Wiring, faults
from netviz_desktop.readers._onnx_nodes import as_node
from netviz_desktop.readers._onnx_notes import notes
from netviz_desktop.readers._onnx_order import execution_order, node_ids, producers
from netviz_desktop.readers._onnx_scopes import classes
from netviz_desktop.readers._onnx_subgraphs import Inside, taken, wires
from netviz_desktop.readers._onnx_tensors import StoredTensor
from netviz_desktop.readers._onnx_values import values_of


@dataclass(frozen=True)
class Drawn:
    """An ONNX graph as it is drawn.

    Args:
        weights: by parameter name.
        order: indices of the drawn nodes, as far as possible in an order in which they run.
        ids: the node id for each index.
        faults: by node id, in running order, why the model cannot be run.
        bodies: what is inside nodes.
    """

    graph: ModelGraph
    weights: dict[str, StoredTensor]
    order: tuple[int, ...]
    ids: tuple[str, ...]
    faults: dict[str, Problem]
    bodies: Bodies


def drawn(
    model: onnx.ModelProto,
    constants: Mapping[str, StoredTensor],
    folded: frozenset[int],
    path: Path,
    inferred: frozenset[str] = frozenset(),
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
        inferred: values whose shapes the file does not say.
    """
    graph = model.graph
    protos = list(graph.node)
    values = values_of(graph, constants, inferred)
    opsets = {opset.domain: opset.version for opset in model.opset_import}
    functions = {(f.domain, f.name, f.overload): f for f in model.functions}
    inputs, outputs = zip(*map(wires, protos), strict=True) if protos else ((), ())
    ids, producer = node_ids(protos), producers(outputs)
    read_by = [read + taken(proto) for read, proto in zip(inputs, protos, strict=True)]
    order = [i for i in execution_order(read_by, producer) if i not in folded]
    inside = Inside(path, functions)
    given = {value.name for value in graph.input}
    read_inside = {index: inside.reads(protos[index], ids[index], constants) for index in order}
    stored = constants.keys()
    tensors = {
        index: [
            *[constants[name] for name in inputs[index] if name in constants],
            *[tensor for _, _, _, tensor in read_inside[index]],
        ]
        for index in order
        if read_inside[index] or not stored.isdisjoint(read_by[index])
    }
    known = frozenset(given | constants.keys())
    stopping = faults(path, model, Wiring(ids, read_by, outputs, producer, order, tensors, known))
    said = notes(protos, ids, order, constants, functions)
    bodies = Bodies(path, model)
    nodes = []
    weights: dict[str, StoredTensor] = {}
    for index in order:
        proto = protos[index]
        for output in outputs[index]:
            if output and output not in values:
                values[output] = Value(output)
        node, read = as_node(
            proto,
            ids[index],
            inputs[index],
            outputs[index],
            opsets,
            constants,
            outside=[
                name
                for name in read_by[index][len(inputs[index]) :]
                if name not in constants
                and (name in producer or name in given)
                and name not in inputs[index]
            ],
            inside=read_inside[index],
            note=said.get(index, ""),
            fault=stopping[index].what if index in stopping else "",
            bodies=bodies.of(proto, ids[index], constants, values),
        )
        nodes.append(node)
        weights |= read
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
    return Drawn(model_graph, weights, tuple(order), tuple(ids), by_id, bodies)


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
