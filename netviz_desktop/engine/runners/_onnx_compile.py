"""ONNX nodes -> steps: everything about a node that can be settled before a run, settled."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Any

import onnx
from onnx import defs, helper
from torch import Tensor

from netviz_desktop.engine import onnx_ops
from netviz_desktop.engine.runners import _onnx_tiers as tiers
from netviz_desktop.engine.runners import _onnxruntime
from netviz_desktop.engine.runners._onnx_program import (
    NODE_FAILURES,
    Context,
    Program,
    Step,
    node_problem,
)
from netviz_desktop.engine.runners._onnx_values import to_torch
from netviz_desktop.problems import Problem
from netviz_desktop.readers._onnx_tensors import StoredTensor

_DEEPEST_CALL = 64  # of functions that call functions
_IGNORED = frozenset({"consumed_inputs"})  # an optimisation hint of opset 1


def compiled_step(
    node: onnx.NodeProto,
    node_id: str,
    opsets: Mapping[str, int],
    context: Context,
    before: Sequence[Step] = (),
) -> Step:
    """The step for a node: by the operator table, else its function body, else forward only.

    A node that nothing runs, or that is malformed, raises its Problem when it is run.

    Args:
        before: the steps of the same graph that come before it.
    """
    inputs = tuple(node.input)
    while inputs and not inputs[-1]:
        inputs = inputs[:-1]
    bodies: dict[str, Program] = {}
    functions: dict[Any, Program] = {}
    fault = ""
    fallback = tiers.reference_kernel(node, opsets)
    opset = opsets.get(node.domain, 1)
    entry = onnx_ops.find(node.op_type, node.domain, opset)
    tier = tiers.TORCH
    try:
        if entry is not None:
            kernel, bodies = _table_kernel(node, node_id, inputs, entry, opset, opsets, context)
            if "between" in entry.wants:
                bodies["between"] = _between(node, before, context)
        else:
            tier = tiers.tier_of(node, opsets, context.functions)
            if tier in (tiers.LOCAL_FUNCTION, tiers.SCHEMA_FUNCTION):
                kernel = _function_kernel(node, tier, opset, opsets, context, functions)
            elif tier == tiers.REFERENCE:
                kernel = fallback
            elif tier == tiers.ONNXRUNTIME:
                kernel = _onnxruntime.kernel(node, opsets)
            else:
                raise tiers.unknown(node, node_id)
    except NODE_FAILURES as error:
        problem = node_problem(node_id, node.op_type, error)
        kernel, fault = tiers.raising(problem), problem.what
    except Problem as problem:
        kernel, fault = tiers.raising(problem), problem.what
    return Step(
        node_id, node.op_type, kernel, inputs, tuple(node.output), tier, bodies, functions,
        moves=entry is not None and entry.moves,
        rounds=entry is not None and entry.rounds,
        fallback=fallback,
        fault=fault,
    )  # fmt: skip


def compiled_graph(
    graph: onnx.GraphProto, opsets: Mapping[str, int], context: Context, prefix: str
) -> Program:
    """A subgraph; `prefix` begins the ids of its nodes."""
    constants = {
        tensor.name: to_torch(StoredTensor(context.path, tensor.name, tensor)(), context.device)
        for tensor in graph.initializer
    }
    for sparse in graph.sparse_initializer:
        name = sparse.values.name
        dense = StoredTensor(context.path, name, sparse)()
        constants[name] = to_torch(dense, context.device)
    steps = [
        compiled_step(node, f"{prefix}/{node.name or f'{node.op_type}_{i}'}", opsets, context)
        for i, node in enumerate(graph.node)
    ]
    inputs = [i.name for i in graph.input]
    return Program(inputs, [o.name for o in graph.output], steps, constants, context)


def _table_kernel(
    node: onnx.NodeProto,
    node_id: str,
    inputs: Sequence[str],
    entry: onnx_ops.Op,
    opset: int,
    opsets: Mapping[str, int],
    context: Context,
) -> tuple[Callable[..., Any], dict[str, Program]]:
    """Args:
    inputs: without those left out at the end.
    """
    least, most = entry.inputs
    given = len(inputs)
    if not least <= given <= most:
        takes = f"{least}" if least == most else f"{least} to {most}"
        error = ValueError(f"it takes {takes} inputs and has {given}")
        raise node_problem(node_id, node.op_type, error)
    keywords: dict[str, Any] = {}
    bodies: dict[str, Program] = {}
    for attribute in node.attribute:
        if attribute.name not in entry.attributes:
            if attribute.name in _IGNORED:
                continue
            error = ValueError(f"its attribute “{attribute.name}” is not known")
            raise node_problem(node_id, node.op_type, error)
        if attribute.type == onnx.AttributeProto.GRAPH:
            inner = f"{node_id}/{attribute.name}"
            bodies[attribute.name] = compiled_graph(attribute.g, opsets, context, inner)
        else:
            keywords[attribute.name] = _attribute(attribute, context)
    if "opset_version" in entry.wants:
        keywords["opset_version"] = opset
    if "output_count" in entry.wants:
        keywords["output_count"] = len(node.output)
    if "device" in entry.wants:
        keywords["device"] = context.device
    kernel = partial(entry.function, **keywords) if keywords else entry.function
    return kernel, bodies


def _between(node: onnx.NodeProto, before: Sequence[Step], context: Context) -> Program:
    """The steps that lead from the values that the node's `xs` and `zs` name to its `y`."""
    attributes = {attribute.name: attribute for attribute in node.attribute}
    names = [
        name.decode("utf-8", "replace")
        for key in ("xs", "zs")
        if key in attributes
        for name in attributes[key].strings
    ]
    y = attributes["y"].s.decode("utf-8", "replace") if "y" in attributes else ""
    wanted, steps = {y} - set(names), []
    for step in reversed(before):
        if wanted.intersection(step.outputs):
            steps.append(step)
            wanted |= step.reads() - set(names)
    return Program(names, [y], steps[::-1], {}, context)


def _attribute(attribute: onnx.AttributeProto, context: Context) -> Any:
    kind = onnx.AttributeProto
    value = helper.get_attribute_value(attribute)
    match attribute.type:
        case kind.STRING:
            return value.decode("utf-8", "replace")
        case kind.STRINGS:
            return [text.decode("utf-8", "replace") for text in value]
        case kind.FLOATS | kind.INTS:
            return list(value)
        case kind.TENSOR | kind.SPARSE_TENSOR:
            stored = StoredTensor(context.path, attribute.name, value)
            return to_torch(stored(), context.device)
        case kind.TENSORS:
            return [
                to_torch(StoredTensor(context.path, attribute.name, tensor)(), context.device)
                for tensor in value
            ]
        case _:
            return value


def _function_kernel(
    node: onnx.NodeProto,
    tier: str,
    opset: int,
    opsets: Mapping[str, int],
    context: Context,
    made: dict[Any, Program],
) -> Callable[..., Any]:
    """A function body, compiled when it is first run: only then are its inputs' types known.

    Args:
        made: where the compiled bodies are kept.
    """

    def kernel(*arguments: Any) -> Any:
        types = tuple(map(_type_key, arguments))
        if types not in made:
            if tier == tiers.LOCAL_FUNCTION:
                function = context.functions[(node.domain, node.op_type, node.overload)]
            else:
                function = tiers.schema_function(node, opset, arguments)
            made[types] = _compiled_function(node, function, opset, opsets, context)
        context.depth += 1
        try:
            if context.depth > _DEEPEST_CALL:
                raise RecursionError("functions call each other without end")
            return made[types].run(arguments, {})
        finally:
            context.depth -= 1

    return kernel


def _compiled_function(
    node: onnx.NodeProto,
    function: onnx.FunctionProto,
    opset: int,
    opsets: Mapping[str, int],
    context: Context,
) -> Program:
    bound = {attribute.name: attribute for attribute in function.attribute_proto}
    try:
        schema = defs.get_schema(node.op_type, opset, node.domain)
        for name, described in schema.attributes.items():
            if described.default_value.type:
                bound[name] = described.default_value
    except defs.SchemaError:
        pass  # a function of the model's own states its defaults itself
    bound |= {attribute.name: attribute for attribute in node.attribute}
    imports = {o.domain: o.version for o in function.opset_import}
    imports.setdefault("", opsets.get("", defs.onnx_opset_version()))
    steps = [
        compiled_step(
            tiers.with_attributes(inner, bound),
            f"{node.name or node.op_type}/{inner.name or inner.op_type}",
            imports,
            context,
        )
        for inner in function.node
    ]
    # A body need not compute what the node leaves out: "" is always there, and None.
    wanted = [
        inner if outer else "" for inner, outer in zip(function.output, node.output, strict=False)
    ]
    return Program(function.input, wanted, steps, {}, context)


def _type_key(argument: Any) -> Any:
    if isinstance(argument, Tensor):
        return argument.dtype, tuple(argument.shape)
    return type(argument)
