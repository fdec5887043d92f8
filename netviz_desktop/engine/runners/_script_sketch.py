"""The graph of a TorchScript program as it is written, where it cannot be run without numbers.

Both branches of an "If" are drawn, and the body of a "Loop" once; what they give is one thing
or the other. Nothing is computed, so no shapes are known.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from torch import Tensor

from netviz_desktop.engine.runners._script_loading import Loaded
from netviz_desktop.engine.runners._script_ops import RENAMED
from netviz_desktop.engine.runners._script_prims import called_by, functional_name
from netviz_desktop.graph import ModelGraph, Node, Parameter, Value

_MOST_NODES = 20_000
_DEEPEST = 100


@dataclass
class _Module:
    held: Any
    path: str


@dataclass
class _Sketch:
    """A value of the program is a `_Module`, a tuple or list of values, the names of the
    graph's values that it is made of, as a set, or None."""

    loaded: Loaded
    names: dict[int, str]
    parameters: dict[str, Parameter]
    nodes: list[Node] = field(default_factory=list)
    calls: dict[str, int] = field(default_factory=lambda: defaultdict(int))

    def function(self, name: str, given: list[Any], path: str, depth: int) -> list[Any]:
        found = self.loaded.unit.find_function(name)
        if found is None or depth > _DEEPEST:
            return [frozenset(_names(given))]
        return self.block(found.graph, {}, given, path, (name.rpartition(".")[2], depth))

    def block(
        self,
        block: Any,
        values: dict[int, Any],
        given: list[Any],
        path: str,
        where: tuple[str, int],
    ) -> list[Any]:
        values.update(zip((value.unique() for value in block.inputs()), given, strict=False))
        for node in block.nodes():
            if len(self.nodes) < _MOST_NODES:
                inputs = [values.get(value.unique()) for value in node.inputs()]
                outputs = list(node.outputs())
                found = self.values_of(node, inputs, values, path, where)
                values.update(zip((v.unique() for v in outputs), found, strict=False))
        return [values.get(value.unique()) for value in block.outputs()]

    def values_of(
        self,
        node: Any,
        inputs: list[Any],
        values: dict[int, Any],
        path: str,
        where: tuple[str, int],
    ) -> list[Any]:
        kind, function = node.kind(), where[0]
        if kind == "prim::Constant":
            held = node.output().toIValue() if "value" in node.attributeNames() else None
            return [self.weight(held)]
        if kind == "prim::GetAttr":
            return [self.attribute(inputs[0], node.s("name"))]
        if kind in ("prim::CallMethod", "prim::CallFunction"):
            return self.call(node, inputs, path, where)
        blocks = list(node.blocks())
        if blocks:
            given = inputs[2:] if kind == "prim::Loop" else []
            first = [None, *given] if kind == "prim::Loop" else []
            found = [self.block(block, values, first, path, where) for block in blocks]
            ways = [given, found[0][1:]] if kind == "prim::Loop" else found
            return self.joined(node, inputs, ways, path, function)
        if kind in ("prim::TupleConstruct", "prim::ListConstruct"):
            return [tuple(inputs)]
        if kind in ("prim::TupleUnpack", "prim::ListUnpack") and isinstance(inputs[0], tuple):
            return list(inputs[0])
        if kind == "prim::TupleIndex" and isinstance(inputs[0], tuple):
            at = next(value.toIValue() for value in list(node.inputs())[1:])
            return [inputs[0][at]]
        return self.operation(node, kind.partition("::")[2], inputs, path, function)

    def call(self, node: Any, inputs: list[Any], path: str, where: tuple[str, int]) -> list[Any]:
        function, depth = where
        if node.kind() == "prim::CallFunction":
            name = called_by(node)
            one_node = functional_name(name)
            if one_node:
                return self.operation(node, one_node, inputs[1:], path, function)
            return self.function(name, inputs[1:], path, depth + 1)
        target, method = inputs[0], node.s("name")
        if not isinstance(target, _Module):
            return [frozenset(_names(inputs))]
        inner = target.path if method.startswith("forward") else path
        name = f"{target.held._type().qualified_name()}.{method}"
        return self.function(name, inputs, inner, depth + 1)

    def attribute(self, target: Any, name: str) -> Any:
        if not isinstance(target, _Module):
            return None
        found = target.held.getattr(name)
        if hasattr(found, "_type"):
            return _Module(found, f"{target.path}.{name}" if target.path else name)
        return self.weight(found)

    def weight(self, held: Any) -> Any:
        if isinstance(held, (list, tuple)):
            return tuple(self.weight(item) for item in held)
        name = self.names.get(id(held)) if isinstance(held, Tensor) else None
        return None if name is None else frozenset((name,))

    def joined(
        self, node: Any, inputs: list[Any], ways: list[list[Any]], path: str, function: str
    ) -> list[Any]:
        """A node where tensors meet; elsewhere the first way that is known."""
        kinds = [str(value.type()) for value in node.outputs()]
        meeting = [at for at, kind in enumerate(kinds) if kind == "Tensor"]
        found = [
            next((way[at] for way in ways if way[at] is not None), None) for at in range(len(kinds))
        ]
        if meeting:
            read = [*inputs[:1], *(way[at] for at in meeting for way in ways)]
            made = self.node(
                node, node.kind().partition("::")[2], read, len(meeting), path, function
            )
            for at, name in zip(meeting, made, strict=True):
                found[at] = frozenset((name,))
        return found

    def operation(
        self, node: Any, name: str, inputs: list[Any], path: str, function: str
    ) -> list[Any]:
        kinds = [str(value.type()) for value in node.outputs()]
        makes = [at for at, kind in enumerate(kinds) if "Tensor" in kind]
        passes_on = node.kind().startswith("prim::") and not node.kind().startswith("prim::Call")
        if (
            not makes
            or passes_on
            or all(kind.startswith(("Dict", "Tuple")) for kind in kinds)
            or (name in _ON_LISTS and not str(next(node.inputs()).type()).startswith("Tensor"))
        ):
            return [frozenset(_names(inputs))] * len(kinds)
        plain = RENAMED.get(name, name.strip("_"))
        found: list[Any] = [None] * len(kinds)
        for at, made in zip(
            makes, self.node(node, plain, inputs, len(makes), path, function), strict=True
        ):
            found[at] = frozenset((made,))
        return found

    def node(
        self, node: Any, name: str, inputs: list[Any], outputs: int, path: str, function: str
    ) -> list[str]:
        base = f"{path}.{name}" if path else name
        self.calls[base] += 1
        which = base if self.calls[base] == 1 else f"{base}#{self.calls[base]}"
        read = tuple(dict.fromkeys(_names(inputs)))
        made = [f"{which}:{port}" if port else which for port in range(outputs)]
        self.nodes.append(
            Node(
                id=which,
                op_type=name,
                domain="torch",
                name=path,
                scope=tuple(path.split(".")) if path else (),
                inputs=read,
                outputs=tuple(made),
                parameters=tuple(self.parameters[n] for n in read if n in self.parameters),
                source=self.loaded.sources.of(node, function),
            )
        )
        return made


_ON_LISTS = frozenset("append extend pop __getitem__ slice add get values items list".split())


def sketch(
    loaded: Loaded, weights: list[tuple[str, Tensor, bool]], parameters: dict[str, Parameter],
    like: ModelGraph,
) -> ModelGraph:  # fmt: skip
    """Args: like: what was known of the graph before."""
    names = {id(tensor): name for name, tensor, _ in weights}
    drawing = _Sketch(loaded, names, parameters)
    method = loaded.module._get_method("forward")
    inputs = tuple(argument.name for argument in method.schema.arguments[1:])
    given = [_Module(loaded.module, ""), *(frozenset((name,)) for name in inputs)]
    name = f"{loaded.module._type().qualified_name()}.forward"
    outputs = tuple(dict.fromkeys(_names(drawing.function(name, given, "", 0))))
    nodes = tuple(drawing.nodes)
    read = [name for node in nodes for name in (*node.inputs, *node.outputs)]
    values = {name: Value(name) for name in (*inputs, *read)}
    values |= {p.name: Value(p.name, p.shape, p.dtype) for node in nodes for p in node.parameters}
    said = {**like.metadata, "structure": "As the program is written; shapes come with a run."}
    return ModelGraph(like.format, like.name, inputs, outputs, nodes, values, said, like.modules)


def _names(found: Any) -> Iterator[str]:
    if isinstance(found, frozenset):
        yield from sorted(found)
    elif isinstance(found, (list, tuple)):
        for item in found:
            yield from _names(item)
