"""An ONNX graph as a `ModelGraph`."""

from __future__ import annotations

import ast
from collections import deque
from collections.abc import Mapping
from pathlib import Path

import onnx
from onnx import defs

from netviz_desktop.graph import Dimension, ModelGraph, Node, Parameter, Value
from netviz_desktop.problems import Problem
from netviz_desktop.readers._onnx_attributes import described, text, written_out
from netviz_desktop.readers._onnx_subgraphs import Held, inner_reads, reads
from netviz_desktop.readers._onnx_tensors import StoredTensor, dtype_name

_SHOWN_NUMBERS = 16  # a constant setting of at most so many is written out

# Inputs that hold a setting, not a weight, though they may be of floating point.
_SETTINGS = {
    "BatchNormalization": frozenset({"training_mode"}),
    "Clip": frozenset({"min", "max"}),
    "DequantizeLinear": frozenset({"x_scale", "x_zero_point"}),
    "Dropout": frozenset({"ratio", "training_mode"}),
    "NonMaxSuppression": frozenset({"iou_threshold", "score_threshold"}),
    "OneHot": frozenset({"values"}),
    "Pad": frozenset({"constant_value"}),
    "QuantizeLinear": frozenset({"y_scale", "y_zero_point"}),
    "Resize": frozenset({"roi", "scales"}),
    "Upsample": frozenset({"scales"}),
}

# What the inputs are called, where the schema says X, W, B or there is none.
_ROLES = {
    "Conv": ("input", "weight", "bias"),
    "ConvTranspose": ("input", "weight", "bias"),
    "ConvInteger": ("x", "weight", "x_zero_point", "w_zero_point"),
    "DeformConv": ("input", "weight", "offset", "bias", "mask"),
    "FusedConv": ("input", "weight", "bias", "z"),
    "FusedGemm": ("input", "weight", "bias"),
    "FusedMatMul": ("weight", "weight"),
    "Gemm": ("weight", "weight", "bias"),
    "MatMul": ("weight", "weight"),
    "BiasGelu": ("input", "bias"),
    "FastGelu": ("input", "bias"),
    "SkipLayerNormalization": ("input", "skip", "scale", "bias", "bias"),
    "SkipSimplifiedLayerNormalization": ("input", "skip", "scale", "bias"),
    "Gather": ("weight", "indices"),
    "BatchNormalization": ("input", "scale", "bias", "running mean", "running variance"),
    "InstanceNormalization": ("input", "scale", "bias"),
    "GroupNormalization": ("input", "scale", "bias"),
    "LayerNormalization": ("input", "scale", "bias"),
    "RMSNormalization": ("input", "scale"),
    "SimplifiedLayerNormalization": ("input", "scale"),
}

_BUFFERS = frozenset({"running mean", "running variance"})
_LOW_BIT = frozenset({"int8", "uint8", "int4", "uint4", "int2", "uint2"})
_CHANNEL_OPS = frozenset(
    [
        "Conv",
        "ConvTranspose",
        "MaxPool",
        "AveragePool",
        "GlobalAveragePool",
        "GlobalMaxPool",
        "BatchNormalization",
        "InstanceNormalization",
        "Resize",
        "DepthToSpace",
        "SpaceToDepth",
    ]
)
_LAYOUTS = {
    (0, 3, 1, 2): "Turns channels last (NHWC) into channels first (NCHW).",
    (0, 2, 3, 1): "Turns channels first (NCHW) into channels last (NHWC).",
}
_FX_PLACEHOLDER = "_empty_nn_module_stack"


def node_ids(nodes: list[onnx.NodeProto]) -> list[str]:
    """A stable, unique id for each node: its name; `op_index` without one; a second one
    of the same name gets `#2`."""
    ids: list[str] = []
    used: dict[str, int] = {}
    for index, node in enumerate(nodes):
        wanted = node.name or f"{node.op_type}_{index}"
        given = wanted
        while given in used:
            used[wanted] += 1
            given = f"{wanted}#{used[wanted]}"
        used.setdefault(given, 1)
        ids.append(given)
    return ids


def execution_order(nodes: list[onnx.NodeProto], file_name: str) -> list[int]:
    """Indices of the nodes in an order in which they can run: the file's, if it is one.

    Raises:
        Problem: the nodes wait for each other in a circle, or two compute one value.
    """
    producer: dict[str, int] = {}
    for index, node in enumerate(nodes):
        for name in node.output:
            if name and name in producer:
                raise Problem(
                    f"{file_name} is invalid: two nodes compute the value “{name}”.",
                    "Export the model again, with unique value names.",
                )
            producer[name] = index
    producer.pop("", None)
    waits_for: list[set[int]] = []
    feeds: list[list[int]] = [[] for _ in nodes]
    for index, node in enumerate(nodes):
        sources = {producer[name] for name in reads(node) if name in producer}
        waits_for.append(sources)
        for source in sources:
            feeds[source].append(index)
    if all(source < index for index, sources in enumerate(waits_for) for source in sources):
        return list(range(len(nodes)))
    ready = deque(index for index, sources in enumerate(waits_for) if not sources)
    order = []
    while ready:
        index = ready.popleft()
        order.append(index)
        for after in feeds[index]:
            waits_for[after].discard(index)
            if not waits_for[after]:
                ready.append(after)
    if len(order) < len(nodes):
        stuck = next(node for node, sources in zip(nodes, waits_for, strict=True) if sources)
        raise Problem(
            f"{file_name} is invalid: the node “{stuck.name or stuck.op_type}” waits, in a "
            "circle, for its own output.",
            "Export the model again; loops are written with the Loop and Scan operators.",
        )
    return order


def model_graph(
    model: onnx.ModelProto,
    ids: list[str],
    order: list[int],
    constants: Mapping[str, StoredTensor],
    folded: frozenset[int],
    path: Path,
    held: Held,
) -> tuple[ModelGraph, dict[str, StoredTensor]]:
    """The graph as it is drawn, and its weights by parameter name.

    Constants (initialisers, and the outputs of Constant nodes, which are folded away) that a
    node reads are its *parameters* when they hold weights: floating point, or integers of
    at most 8 bits, of at least one dimension, in an input that is no setting such as a
    clipping limit or a quantisation scale. All others stay inputs by name; short ones are
    written out among the attributes, under the name that the operator gives the input.
    What the nodes inside a subgraph read are parameters of the node that holds it.

    Args:
        constants: every tensor that the main graph has from the file, by value name.
        folded: indices of the Constant nodes that are not drawn.
    """
    graph = model.graph
    values = _values(graph, constants)
    opsets = {opset.domain: opset.version for opset in model.opset_import}
    consumers: dict[str, list[str]] = {}
    producers: dict[str, str] = {}
    for node in graph.node:
        for read in node.input:
            consumers.setdefault(read, []).append(node.op_type)
        for written in node.output:
            producers[written] = node.op_type
    known = set(values) | set(producers)
    nodes = []
    weights: dict[str, StoredTensor] = {}
    for index in order:
        proto = graph.node[index]
        for output in proto.output:
            if output and output not in values:
                values[output] = Value(output)
        if index in folded:
            continue
        roles = _roles(proto, opsets.get(proto.domain, 1))
        settings = {
            role: written_out(constants[read])
            for read, role in zip(proto.input, roles, strict=True)
            if read in constants and role and _is_short_setting(proto, constants[read], role)
        }
        found = [
            (read, constants[read], role)
            for read, role in zip(proto.input, roles, strict=True)
            if read in constants and _is_weight(proto, constants[read], role)
        ]
        for child, at, read, tensor in inner_reads(proto, ids[index], path, constants, held):
            role = _roles(child, opsets.get(child.domain, 1))[at]
            if _is_weight(child, tensor, role):
                found.append((read, tensor, role))
        parameters = {
            read: Parameter(read, t.shape, t.dtype, role, buffer=role in _BUFFERS)
            for read, t, role in found[::-1]
        }
        weights |= {read: tensor for read, tensor, _ in found}
        nodes.append(
            Node(
                id=ids[index],
                op_type=proto.op_type,
                domain=proto.domain or "ai.onnx",
                name=proto.name,
                scope=_scope(proto),
                inputs=tuple(proto.input),
                outputs=tuple(proto.output),
                attributes=settings | {a.name: described(a) for a in proto.attribute},
                parameters=tuple(reversed(parameters.values())),
                note=_note(proto, known, consumers, producers),
            )
        )
    drawn = ModelGraph(
        format="ONNX",
        name=graph.name or path.stem,
        inputs=tuple(i.name for i in graph.input if i.name not in constants),
        outputs=tuple(o.name for o in graph.output),
        nodes=tuple(nodes),
        values=values | {n: Value(n, t.shape, t.dtype) for n, t in weights.items()},
        metadata=_metadata(model),
    )
    return drawn, weights


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


def _roles(node: onnx.NodeProto, opset: int) -> tuple[str, ...]:
    named: tuple[str, ...] = _ROLES.get(node.op_type, ())
    if not named:
        try:
            schema = defs.get_schema(node.op_type, opset, node.domain)
        except defs.SchemaError:
            return ("",) * len(node.input)
        named = tuple(
            "" if formal.option == defs.OpSchema.FormalParameterOption.Variadic else formal.name
            for formal in schema.inputs
        )
    return (named + ("",) * len(node.input))[: len(node.input)]


def _is_weight(node: onnx.NodeProto, tensor: StoredTensor, role: str) -> bool:
    if not tensor.shape or role in _SETTINGS.get(node.op_type, ()):
        return False
    bias = node.op_type.startswith(("DequantizeLinear", "QLinear", "QGemm"))
    return "float" in tensor.dtype or tensor.dtype in _LOW_BIT or (bias and tensor.dtype == "int32")


def _is_short_setting(node: onnx.NodeProto, tensor: StoredTensor, role: str) -> bool:
    return (
        isinstance(tensor.proto, onnx.TensorProto)
        and tensor.proto.data_location != onnx.TensorProto.EXTERNAL
        and 0 <= tensor.count <= _SHOWN_NUMBERS
        and not _is_weight(node, tensor, role)
    )


def _scope(node: onnx.NodeProto) -> tuple[str, ...]:
    """The module path: from what torch.onnx notes on the node, else from its name."""
    for entry in node.metadata_props:
        if entry.key == "pkg.torch.onnx.name_scopes":
            try:
                scopes = ast.literal_eval(text(entry.value))
            except (ValueError, SyntaxError, RecursionError, MemoryError):
                break
            if isinstance(scopes, list) and scopes and all(isinstance(s, str) for s in scopes):
                modules = [s for s in scopes[:-1] if s and not s.startswith(_FX_PLACEHOLDER)]
                return tuple(modules[-1].split(".")) if modules else ()
    parts = [part for part in node.name.split("/") if part][:-1]
    scope: list[str] = []
    for part in parts:
        # torch's older exporter repeats a container's name in its children: features.3
        last = scope[-1] if scope else None
        path = part.split(".")
        scope.append(path[-1] if last is not None and path[:-1] and path[-2] == last else part)
    return tuple(scope)


def _note(
    node: onnx.NodeProto,
    known: set[str],
    consumers: Mapping[str, list[str]],
    producers: Mapping[str, str],
) -> str:
    for name in node.input:
        if name and name not in known:
            return f"Its input “{name}” is computed nowhere, so the model cannot be run."
    if node.op_type == "Transpose" and node.input and node.output:
        order = tuple(next((a.ints for a in node.attribute if a.name == "perm"), ()))
        into = consumers.get(node.output[0], [])
        from_ = producers.get(node.input[0], "")
        if order in _LAYOUTS and (_CHANNEL_OPS.intersection(into) or from_ in _CHANNEL_OPS):
            return _LAYOUTS[order]
    return ""


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
