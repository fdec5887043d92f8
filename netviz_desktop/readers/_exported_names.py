"""How the nodes, places and sizes of an exported program are called.

Names follow those that an eager run of the same module gives: the same node has the same id
in both.
"""

from __future__ import annotations

import ast
import json
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from functools import lru_cache
from typing import Any

from netviz_desktop.graph import Dimension, Value
from netviz_desktop.readers._exported_schema import Call, NamedTuple, Size, TensorMeta
from netviz_desktop.readers._source_line import source_line

_IN_PLACE = frozenset(
    f"__i{operator}__"
    for operator in "add sub mul truediv floordiv mod pow and or xor lshift rshift".split()
)
_COMPUTED_ATTRIBUTES = {
    "numpy_T": "T", "mT": "mT", "matrix_H": "H", "mH": "mH", "real": "real", "imag": "imag",
}  # fmt: skip
_LONGEST_EXPRESSION = 500
_MADE_UP = re.compile(r"\b[su]\d+\b")  # by torch.export, for sizes that may vary
_AXES = {
    2: {0: "batch"},
    3: {0: "batch", 1: "length"},
    4: {0: "batch", 2: "height", 3: "width"},
}  # of an input with so many


def domain(target: str) -> str:
    """aten, prims, higher_order, operator, a library of custom operators."""
    parts = target.split(".")
    return parts[2] if target.startswith("torch.ops.") and len(parts) > 3 else parts[0].lstrip("_")


def operator(target: str) -> str:
    """conv2d, for "torch.ops.aten.conv2d.default"."""
    parts = target.split(".")
    if target.startswith("torch.ops.") and len(parts) > 3:
        return _plain(parts[3])
    return _plain(parts[-1])


def torch_call(call: Call) -> tuple[str, str]:
    """The call of a torch function that this node is a part of: what tells it from others,
    and how an eager run calls it; empty where the file does not say."""
    key, _, function = call.metadata.get("torch_fn", "").partition(";")
    name = function.partition(".")[2].partition(".")[0]
    if name == "__get__":
        aten = call.target.split(".")[-2] if "." in call.target else ""
        return key, _COMPUTED_ATTRIBUTES.get(aten, "")
    return key, _plain(name)


def _plain(name: str) -> str:
    if name.startswith("__") and name.endswith("__") and len(name) > 4:
        return f"{name[3:-2]}_" if name in _IN_PLACE else name[2:-2]
    return name.lstrip("_") or name


def module(call: Call) -> tuple[str, str]:
    """The path and the class of the module that computes it; "" for the whole."""
    return _module(call.metadata.get("nn_module_stack", "").rpartition(";")[2])


def modules(calls: Iterable[Call]) -> dict[str, str]:
    """Path -> class of every module that computes something, and of those around them."""
    stacks = dict.fromkeys(call.metadata.get("nn_module_stack", "") for call in calls)
    entries = dict.fromkeys(entry for stack in stacks for entry in stack.split(";"))
    return {path: kind for path, kind in map(_module, entries) if path}


def _module(entry: str) -> tuple[str, str]:
    _, _, rest = entry.partition(",")
    path, _, kind = rest.rpartition(",")
    if not kind or path.startswith("_empty_nn_module_stack"):
        return "", ""
    path = re.sub(r"^(L\['self'\]|L__self__)\.?", "", path)
    return path, kind.rpartition(".")[2]


def source(call: Call) -> str:
    """ "net.py:31 in forward"."""
    said = call.metadata
    return source_line(said.get("stack_trace", ""), said.get("nn_module_stack", ""))


def shape(meta: TensorMeta) -> tuple[Dimension, ...]:
    return tuple(dimension(size) for size in meta.sizes)


def dimension(size: Size) -> Dimension:
    """A known size, "batch", "2*batch"; None for an expression that is not read."""
    if isinstance(size.as_int, int):
        return size.as_int
    return _spelled(getattr(size.as_expr, "expr_str", ""))


def in_words(values: Mapping[str, Value], inputs: Iterable[str]) -> dict[str, Value]:
    """With "batch" and the like in place of the symbols that torch makes up, such as s77."""
    words: dict[str, str] = {}
    for name in inputs:
        shape = values[name].shape or ()
        for axis, size in enumerate(shape):
            if isinstance(size, str) and _MADE_UP.fullmatch(size) and size not in words:
                word = _AXES.get(len(shape), _AXES[2]).get(axis, "size")
                taken = sum(known.startswith(word) for known in words.values())
                words[size] = f"{word}_{taken + 1}" if taken else word
    if not words:
        return dict(values)

    def said(size: Dimension) -> Dimension:
        if not isinstance(size, str):
            return size
        return _MADE_UP.sub(lambda found: words.get(found[0], found[0]), size)

    return {
        name: replace(value, shape=value.shape and tuple(map(said, value.shape)))
        for name, value in values.items()
    }


@lru_cache(maxsize=4096)
def _spelled(text: str) -> str | None:
    if not text or len(text) > _LONGEST_EXPRESSION:
        return None
    try:
        return _infix(ast.parse(text, mode="eval").body)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return None


def _infix(node: ast.expr) -> str | None:
    """sympy writes Mul(Integer(2), Symbol('s0', positive=True)), in older files 2*s0."""
    match node:
        case ast.Name(name):
            return name
        case ast.Constant(int(number)):
            return str(number)
        case ast.Call(ast.Name("Symbol"), [ast.Constant(str(name)), *_]):
            return name
        case ast.Call(ast.Name("Integer"), [number]):
            return ast.unparse(number)
        case ast.Call(ast.Name(function), arguments):
            parts = [_infix(argument) for argument in arguments]
            if None in parts:
                return None
            sign = {"Mul": "*", "Add": "+", "Pow": "**", "FloorDiv": "//", "Mod": "%"}.get(function)
            if sign is None:
                return f"{function}({', '.join(map(str, parts))})"
            return sign.join(f"({p})" if sign != "+" and "+" in str(p) else str(p) for p in parts)
        case ast.BinOp() | ast.UnaryOp():
            return ast.unparse(node).replace(" ", "")
    return None


def output_names(spec: str, tuples: Mapping[str, NamedTuple]) -> list[str]:
    """How the outputs are called, in their order: "output" for a single tensor; those of a
    dict by their keys; others by their place: "output.1". Empty where `spec` does not say."""
    try:
        _, root = json.loads(spec)
        return list(_leaves(root, tuples))
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError):
        return []


def _leaves(root: dict[str, Any], tuples: Mapping[str, NamedTuple]) -> Iterator[str]:
    waiting: list[tuple[dict[str, Any], str, bool]] = [(root, "output", False)]
    while waiting:
        spec, name, inside = waiting.pop()
        children = spec["children_spec"]
        if spec["type"] is None:
            yield name
            continue
        keys = _keys(spec, tuples)
        if len(keys) == len(children):
            names = [f"{name}.{key}" if inside else key for key in keys]
        else:
            names = [f"{name}.{place}" for place in range(len(children))]
        inner = [(child, key, True) for child, key in zip(children, names, strict=True)]
        waiting.extend(reversed(inner))


def _keys(spec: dict[str, Any], tuples: Mapping[str, NamedTuple]) -> list[str]:
    context = str(spec["context"])
    if context in tuples:
        return tuples[context].field_names
    said = json.loads(context)
    if isinstance(said, list) and len(said) == 2 and isinstance(said[1], list):
        said = said[1]  # a defaultdict's or a dataclass' keys, after what makes it
    return [str(key) for key in said] if isinstance(said, list) else []
