"""The shapes that ONNX infers, without what its inference comes to grief over.

It trusts what it reads. Some operators of an input without a type, or a number that fits no
axis, make it read beyond its own memory, which ends the process; a vector of 2^31 makes it
count for minutes, and so do functions that call functions.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import onnx
from onnx.checker import ValidationError
from onnx.shape_inference import InferenceError

from netviz_desktop.readers._onnx_subgraphs import FunctionKey, function_key, subgraphs

_NOT_INFERRED = "not inferred"  # a domain of which nothing is known
# Found by asking for each operator with each of its inputs missing.
_NEED_A_TYPE = frozenset(
    {"DictVectorizer", "EyeLike", "LabelEncoder", "RegexFullMatch", "TreeEnsemble"}
)
_LARGEST_SETTING = 2**31
_LARGEST_COUNTED = 100_000
_MOST_NODES = 1_000_000  # of all functions written out where they are called


def infer_shapes(model: onnx.ModelProto) -> frozenset[str]:
    """Add to the model what can be inferred; where nothing can, it stays as it is.

    Returns:
        The names of the values whose shapes only the inference says.
    """
    declared = (*model.graph.input, *model.graph.value_info)
    typed = {value.name for value in declared if value.HasField("type")}
    is_safe = all(_is_safe(node, typed) for node in _all_nodes(model))
    found = _inferred(model if is_safe and not model.functions else _made_safe(model, typed))
    if found is None:
        return frozenset()
    said = _shaped((*model.graph.input, *model.graph.value_info, *model.graph.output))
    for name in ("value_info", "output"):
        model.graph.ClearField(name)
        getattr(model.graph, name).extend(getattr(found.graph, name))
    return _shaped((*model.graph.value_info, *model.graph.output)) - said


def _shaped(values: Iterable[onnx.ValueInfoProto]) -> frozenset[str]:
    """Names of those with a shape."""
    return frozenset(value.name for value in values if value.type.tensor_type.HasField("shape"))


def _made_safe(model: onnx.ModelProto, typed: set[str]) -> onnx.ModelProto:
    """A copy without what must not be inferred."""
    asked = onnx.ModelProto()
    asked.CopyFrom(model)
    if _written_out(asked) > _MOST_NODES:
        asked.ClearField("functions")
    for node in _all_nodes(asked):
        if not _is_safe(node, typed):
            node.domain = _NOT_INFERRED
    return asked


def _inferred(model: onnx.ModelProto) -> onnx.ModelProto | None:
    for data_prop in (False,) if _has_long_vectors(model.graph) else (True, False):
        try:
            return onnx.shape_inference.infer_shapes(
                model, check_type=False, strict_mode=False, data_prop=data_prop
            )
        except (InferenceError, ValidationError, RuntimeError, ValueError, MemoryError):
            continue  # what the file declares is still true
    return None


def _all_nodes(model: onnx.ModelProto) -> list[onnx.NodeProto]:
    return _nodes((*model.graph.node, *(node for f in model.functions for node in f.node)))


def _nodes(nodes: Iterable[onnx.NodeProto]) -> list[onnx.NodeProto]:
    """These, and all that are inside them."""
    found = list(nodes)
    for node in found:  # grows while it is read
        if node.attribute:
            found += [inner for _, graph in subgraphs(node) for inner in graph.node]
    return found


def _is_safe(node: onnx.NodeProto, typed: set[str]) -> bool:
    if node.op_type in _NEED_A_TYPE and not typed.issuperset(node.input[:1] or [""]):
        return False
    return node.op_type == "Constant" or all(
        -_LARGEST_SETTING < attribute.i < _LARGEST_SETTING for attribute in node.attribute
    )


def _has_long_vectors(graph: onnx.GraphProto) -> bool:
    """Whether numbers that shapes are made of are too many to be followed."""
    for value in (*graph.input, *graph.value_info, *graph.output):
        dims = value.type.tensor_type.shape.dim
        if len(dims) == 1 and dims[0].dim_value > _LARGEST_COUNTED:
            return True
    return False


def _written_out(model: onnx.ModelProto) -> int:
    """How many nodes there are where every call is replaced by what it calls, or just more
    than are inferred; functions that call each other in a circle are such."""
    functions = {(f.domain, f.name, f.overload): _nodes(f.node) for f in model.functions}
    calls = {key: _calls(nodes, functions) for key, nodes in functions.items()}
    sizes: dict[FunctionKey, int] = {}
    waiting, begun = list(functions), set[FunctionKey]()
    while waiting:
        key = waiting[-1]
        missing = [called for called in calls[key] if called not in sizes]
        if key in sizes:
            waiting.pop()
        elif not missing:
            total = len(functions[key]) + sum(sizes[called] for called in calls[key])
            sizes[key] = min(total, _MOST_NODES + 1)
        elif key in begun:
            return _MOST_NODES + 1
        else:
            begun.add(key)
            waiting += missing
    nodes = _nodes(model.graph.node)
    return len(nodes) + sum(sizes[called] for called in _calls(nodes, functions))


def _calls(
    nodes: Iterable[onnx.NodeProto], functions: Mapping[FunctionKey, object]
) -> list[FunctionKey]:
    return [key for node in nodes if (key := function_key(node)) in functions]
