"""What runs an operator that the table does not hold: its function body; else ONNX's reference
evaluator or onnxruntime, which have no gradient."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import onnx
from onnx import defs, helper
from torch import Tensor

from netviz_desktop.engine.runners import _onnxruntime
from netviz_desktop.engine.runners._onnx_values import from_numpy, to_numpy, type_of
from netviz_desktop.problems import Problem, short

# As `Node.execution` has them.
TORCH = "torch"
LOCAL_FUNCTION = "function of the model"
SCHEMA_FUNCTION = "ONNX function body"
REFERENCE = "reference evaluator"
ONNXRUNTIME = "onnxruntime"
UNKNOWN = ""

FORWARD_ONLY = frozenset({REFERENCE, ONNXRUNTIME})


def tier_of(
    node: onnx.NodeProto,
    opsets: Mapping[str, int],
    functions: Mapping[tuple[str, str, str], onnx.FunctionProto],
) -> str:
    """What runs this node, given that the table does not."""
    if (node.domain, node.op_type, node.overload) in functions:
        return LOCAL_FUNCTION
    try:
        schema = defs.get_schema(node.op_type, opsets.get(node.domain, 1), node.domain)
    except defs.SchemaError:
        return ONNXRUNTIME if _onnxruntime.runs(node) else UNKNOWN
    if schema.has_function or schema.has_context_dependent_function:
        return SCHEMA_FUNCTION
    return REFERENCE if _in_reference(node, opsets) else UNKNOWN


def note(tier: str) -> str:
    """What a person should know about a node of a tier."""
    return "Runs forward only: its gradient ends here." if tier in FORWARD_ONLY else ""


def schema_function(
    node: onnx.NodeProto, opset: int, arguments: tuple[Any, ...]
) -> onnx.FunctionProto:
    """The body that ONNX gives an operator, for inputs of these types.

    Raises:
        NotImplementedError: it has none for them.
    """
    schema = defs.get_schema(node.op_type, opset, node.domain)
    if schema.has_context_dependent_function:
        versions = schema.context_dependent_function_opset_versions
        usable = [version for version in versions if version <= opset] or versions
        types = [type_of(argument).SerializeToString() for argument in arguments]
        types += [onnx.TypeProto().SerializeToString()] * (len(node.input) - len(types))
        serialized = schema.get_context_dependent_function_with_opset_version(
            max(usable), node.SerializeToString(), types
        )
    else:
        versions = schema.function_opset_versions
        usable = [version for version in versions if version <= opset] or versions
        serialized = schema.get_function_with_opset_version(max(usable))
    if not serialized:
        raise NotImplementedError("ONNX defines no function body for inputs of these types")
    body = onnx.FunctionProto()
    body.ParseFromString(serialized)
    if not body.opset_import:
        body.opset_import.append(helper.make_opsetid("", max(usable)))
    return body


def with_attributes(
    node: onnx.NodeProto, bound: Mapping[str, onnx.AttributeProto]
) -> onnx.NodeProto:
    """A node of a function body, its references to the caller's attributes filled in."""
    filled = onnx.NodeProto()
    filled.CopyFrom(node)
    del filled.attribute[:]
    for attribute in node.attribute:
        if attribute.ref_attr_name:
            given = bound.get(attribute.ref_attr_name)
            if given is not None:
                added = filled.attribute.add()
                added.CopyFrom(given)
                added.name = attribute.name
            continue
        added = filled.attribute.add()
        added.CopyFrom(attribute)
        if attribute.HasField("g"):
            inner = [with_attributes(child, bound) for child in attribute.g.node]
            del added.g.node[:]
            added.g.node.extend(inner)
    return filled


def reference_kernel(node: onnx.NodeProto, opsets: Mapping[str, int]) -> Callable[..., Any]:
    """The node in ONNX's reference evaluator, on numpy."""
    evaluator: Any = None

    def kernel(*arguments: Any) -> tuple[Any, ...]:
        nonlocal evaluator
        if evaluator is None:
            evaluator = _evaluator(node, opsets)
        feeds = {
            name: to_numpy(argument)
            for name, argument in zip(node.input, arguments, strict=False)
            if name
        }
        device = next((a.device for a in arguments if isinstance(a, Tensor)), None)
        results = evaluator.run(None, feeds)
        given = iter(results)
        return tuple(from_numpy(next(given), device) if name else None for name in node.output)

    return kernel


def unknown(node: onnx.NodeProto, node_id: str) -> Problem:
    """Nothing runs this operator."""
    domain = node.domain or "ai.onnx"
    why = f"there is no operator {short(node.op_type)} in {short(domain)} that is known here"
    remedy = "Export the model with standard ONNX operators."
    if node.domain == "com.microsoft" and not _onnxruntime.installed():
        why += "; onnxruntime, which may know it, is not installed"
        remedy = "onnxruntime may know it: pip install onnxruntime."
    return Problem(
        f"Node “{short(node_id)}” cannot be run: {why}.",
        remedy,
    )


def raising(problem: Problem) -> Callable[..., Any]:
    def kernel(*arguments: Any) -> Any:
        del arguments
        raise Problem(problem.what, problem.remedy)

    return kernel


def _in_reference(node: onnx.NodeProto, opsets: Mapping[str, int]) -> bool:
    try:
        _evaluator(node, opsets)
    except (NotImplementedError, RuntimeError, ValueError, KeyError, TypeError, AssertionError):
        return False  # whatever it raises, it is not what runs this node
    return True


def _evaluator(node: onnx.NodeProto, opsets: Mapping[str, int]) -> Any:
    from onnx.reference import ReferenceEvaluator

    graph = onnx.GraphProto(name="one node")
    graph.node.append(node)
    for name in dict.fromkeys(filter(None, node.input)):
        graph.input.add().name = name
    for name in filter(None, node.output):
        graph.output.add().name = name
    imports = [helper.make_opsetid(domain, version) for domain, version in opsets.items()]
    return ReferenceEvaluator(helper.make_model(graph, opset_imports=imports))
