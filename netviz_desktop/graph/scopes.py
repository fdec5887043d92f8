"""The tree of a model's scopes, and which boxes are seen when some of them are open.

A scope of one node is that node, and one that only holds another scope is that scope: a box
that opens into a single box tells nothing. Calls of one module at several places, such as a
shared ReLU, stand where they happen. Identical siblings in a row fold into one, a run, which
opens as a whole, or at one member with the rest folded before and behind it. What only
prepares the weights of one node, whatever the inputs are, is a scope beside that node.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from itertools import pairwise
from typing import NamedTuple

from netviz_desktop.graph import collector
from netviz_desktop.graph._scope_tree import Scope, grow, run_id, run_name
from netviz_desktop.graph.model import ModelGraph, Node, Value

__all__ = [
    "READABLE",
    "Link",
    "Opened",
    "Scope",
    "Scopes",
    "Visible",
    "input_id",
    "output_id",
]

READABLE = 120
"""Boxes that a person takes in: larger models open with scopes closed."""


class Link(NamedTuple):
    """A line between two boxes that are seen.

    Args:
        source, target: ids of nodes, closed scopes, inputs or outputs.
        values: what flows, each once.
        times: how many inputs of nodes it stands for.
        input: between nodes: which of the target's inputs it is; else -1.
    """

    source: str
    target: str
    values: tuple[str, ...]
    times: int
    input: int = -1


@dataclass(frozen=True)
class Visible:
    """What is seen.

    Args:
        boxes: nodes and closed scopes, in the graph's order.
        frames: open scopes, outer ones first.
        frame_of: the frame that directly surrounds a box or a frame; the rest has none.
        box_of: node id -> id of the box that it is seen as.
        links: what flows between boxes; also from inputs and to outputs of the graph.
    """

    boxes: tuple[Node | Scope, ...]
    frames: tuple[Scope, ...]
    frame_of: Mapping[str, str]
    box_of: Mapping[str, str]
    links: tuple[Link, ...]


@dataclass(frozen=True)
class Opened:
    """Which scopes are open.

    Args:
        scopes: ids.
        steps: of open runs, the one member that is shown, where it is one.
    """

    scopes: frozenset[str] = frozenset()
    steps: Mapping[str, int] | None = None

    def step(self, run: str) -> int | None:
        return (self.steps or {}).get(run)


def input_id(name: str) -> str:
    """Of the box of a graph's input."""
    return f"in\n{name}"


def output_id(name: str) -> str:
    """Of the box of a graph's output."""
    return f"out\n{name}"


class Scopes:
    """All scopes of a graph."""

    def __init__(self, graph: ModelGraph) -> None:
        self.graph = graph
        with collector.at_rest():
            self.all, self.order = grow(graph)
        self.by_id = {scope.id: scope for scope in self.all}

    @property
    def root(self) -> Scope:
        return self.all[0]

    def parent(self, scope: Scope) -> Scope | None:
        """The scope around it, or None: the root is no box."""
        return self.all[scope.parent] if scope.parent > 0 else None

    def number(self, scope: Scope) -> int:
        """Where it stands in `all`."""
        return self._by_id_index[scope.id]

    def place(self, node_id: str) -> int:
        """Where a node stands in the graph's nodes."""
        return self._index[node_id]

    def nodes(self, scope: Scope) -> Iterator[Node]:
        """All nodes in it, at any depth."""
        return (self.graph.nodes[i] for i in self.order[scope.start : scope.stop])

    def around(self, node_id: str) -> list[Scope]:
        """The scopes that a node is in, outermost first, runs among them."""
        index = self._owner[self._index[node_id]]
        found = []
        while index > 0:
            found.append(self.all[index])
            index = self.all[index].parent
        return found[::-1]

    def parameters(self, scope: Scope) -> int:
        """Numbers in all its parameters; one that several nodes share counts once."""
        found = {p.name: p.count for n in self.nodes(scope) for p in n.parameters if not p.buffer}
        return sum(found.values())

    def kind(self, scope: Scope) -> str:
        """The class of its module; of a run, of each member; empty where nobody knows."""
        of = self.all[scope.members[0]] if scope.members else scope
        return self.graph.modules.get(".".join(of.path), "")

    def inputs(self, scope: Scope) -> tuple[str, ...]:
        """Values that come from outside, in the order in which they are first read."""
        inside = range(scope.start, scope.stop)
        parameters = self.graph.parameters
        return tuple(
            dict.fromkeys(
                name
                for node in self.nodes(scope)
                for name in node.inputs
                if name
                and name not in parameters
                and self._position.get(name, -1) not in inside
                and (name in self._position or name in self.graph.values)
            )
        )

    def outputs(self, scope: Scope) -> tuple[str, ...]:
        """Values that are read outside, or by nobody at all, in the graph's order."""
        return tuple(
            name for node in self.nodes(scope) for name in node.outputs if self._leaves(name, scope)
        )

    def output(self, scope: Scope) -> tuple[Node, Value] | None:
        """What it computes in the end, and the node that does; None where it is not known."""
        for index in reversed(self.order[scope.start : scope.stop]):
            node = self.graph.nodes[index]
            for name in reversed(node.outputs):
                if self._leaves(name, scope):
                    return node, self.graph.values.get(name, Value(name))
        return None

    def _leaves(self, name: str, scope: Scope) -> bool:
        if not name:
            return False
        readers = self._readers.get(name, ())
        return name in self._results or not all(scope.start <= at < scope.stop for at in readers)

    # --- which are open -------------------------------------------------------------------

    def everything(self) -> Opened:
        """All open, nothing folded."""
        return Opened(frozenset(scope.id for scope in self.all[1:]))

    def to_level(self, level: int) -> Opened:
        """Open are those with fewer than `level` scopes around them; 0: none.

        A run whose members stay closed stays folded.
        """
        return Opened(
            frozenset(
                scope.id
                for scope in self.all[1:]
                if (self.all[scope.members[0]] if scope.members else scope).depth < level
            )
        )

    def readable(self) -> Opened:
        """What a model opens with: all of a small one but how its weights are prepared; of a
        large one as many levels as can be taken in, and of runs the first member."""
        if len(self.graph.nodes) <= READABLE:
            return Opened(frozenset(s.id for s in self.all[1:] if not s.of_weights))
        seen = len(self.root.nodes) + len(self.root.children)
        opened, steps = set(), {}
        level = list(self.root.children)
        while level:
            following: list[int] = []
            for index in sorted(level, key=lambda i: (self._grows(i), i)):
                if seen + self._grows(index) > READABLE:
                    break
                scope = self.all[index]
                if scope.of_weights:
                    continue
                seen += self._grows(index)
                opened.add(scope.id)
                if scope.members:
                    steps[scope.id] = 0
                    following.append(scope.members[0])
                else:
                    following += scope.children
            level = following
        return Opened(frozenset(opened), steps)

    def opened_to(self, node_id: str, opened: Opened) -> Opened:
        """With this node in view: in runs that are not wide open, its own member."""
        around = self.around(node_id)
        steps = dict(opened.steps or {})
        for scope, inner in pairwise(around):
            wide_open = scope.id in opened.scopes and scope.id not in steps
            if scope.members and not wide_open:
                steps[scope.id] = scope.members.index(self.number(inner))
        return Opened(opened.scopes | {scope.id for scope in around}, steps)

    def visible(self, opened: Opened) -> Visible:
        """What is seen when these are open."""
        with collector.at_rest():
            return self._visible(opened)

    def _visible(self, opened: Opened) -> Visible:
        boxes: list[Node | Scope] = []
        frames: list[Scope] = []
        frame_of: dict[str, str] = {}
        box_of: dict[str, str] = {}
        nodes = self.graph.nodes
        # (scope, the frame around it); the root's own boxes come first, and are sorted below
        waiting: list[tuple[Scope, str]] = [(self.root, "")]
        while waiting:
            scope, outside = waiting.pop()
            if scope.start == scope.stop and scope is not self.root:
                continue
            if scope is not self.root and scope.id not in opened.scopes:
                boxes.append(scope)
                if outside:
                    frame_of[scope.id] = outside
                box_of |= dict.fromkeys((node.id for node in self.nodes(scope)), scope.id)
                continue
            inside = ""
            if scope is not self.root:
                frames.append(scope)
                inside = scope.id
                if outside:
                    frame_of[scope.id] = outside
            for index in scope.nodes:
                boxes.append(nodes[index])
                box_of[nodes[index].id] = nodes[index].id
                if inside:
                    frame_of[nodes[index].id] = inside
            children = [self.all[index] for index in scope.members or scope.children]
            step = opened.step(scope.id)
            if step is not None:
                children = self._stepped(scope, step)
            waiting += [(child, inside) for child in reversed(children)]
        boxes.sort(key=self._first)
        return Visible(
            tuple(boxes), tuple(frames), frame_of, box_of, tuple(self._links(boxes, box_of))
        )

    def _links(self, boxes: Sequence[Node | Scope], box_of: Mapping[str, str]) -> Iterator[Link]:
        graph = self.graph
        closed = {box.id for box in boxes if isinstance(box, Scope)}
        source = {name: input_id(name) for name in graph.inputs}
        source |= {name: box_of[node] for name, node in graph.producer.items()}
        together: dict[tuple[str, str], list[str]] = {}
        for node in graph.nodes:
            target = box_of[node.id]
            is_closed = target in closed
            for port, name in enumerate(node.inputs):
                origin = source.get(name)
                if origin is None or (is_closed and origin == target):
                    continue
                if is_closed or origin in closed:
                    together.setdefault((origin, target), []).append(name)
                else:
                    yield Link(origin, target, (name,), 1, port)
        for name in dict.fromkeys(graph.outputs):
            if name in source:
                yield Link(source[name], output_id(name), (name,), 1)
        for (origin, target), names in together.items():
            yield Link(origin, target, tuple(dict.fromkeys(names)), len(names))

    def _stepped(self, run: Scope, step: int) -> list[Scope]:
        """One member of a run, and what is folded before and behind it."""
        step = max(0, min(step, len(run.members) - 1))
        before, behind = run.members[:step], run.members[step + 1 :]
        parts = (self._part(run, before), self.all[run.members[step]], self._part(run, behind))
        return [part for part in parts if part is not None]

    def _part(self, run: Scope, members: tuple[int, ...]) -> Scope | None:
        if len(members) < 2:
            return self.all[members[0]] if members else None
        first, last = self.all[members[0]], self.all[members[-1]]
        return replace(
            run,
            id=run_id(first, last),
            name=run_name(first, last),
            start=first.start,
            stop=last.stop,
            members=members,
        )

    # --- looking things up ----------------------------------------------------------------

    def _grows(self, index: int) -> int:
        """How many boxes more are seen once it is open."""
        scope = self.all[index]
        return 1 if scope.members else len(scope.nodes) + len(scope.children) - 1

    @cached_property
    def _by_id_index(self) -> dict[str, int]:
        return {scope.id: index for index, scope in enumerate(self.all)}

    @cached_property
    def _index(self) -> dict[str, int]:
        return {node.id: index for index, node in enumerate(self.graph.nodes)}

    @cached_property
    def _owner(self) -> list[int]:
        owner = [0] * len(self.graph.nodes)
        for index, scope in enumerate(self.all):
            for node in scope.nodes:
                owner[node] = index
        return owner

    @cached_property
    def _position(self) -> dict[str, int]:
        """Value name -> where the node that computes it stands in `order`."""
        return {
            name: position
            for position, index in enumerate(self.order)
            for name in self.graph.nodes[index].outputs
            if name
        }

    @cached_property
    def _readers(self) -> dict[str, list[int]]:
        """Value name -> where the nodes that read it stand in `order`."""
        found: dict[str, list[int]] = {}
        for position, index in enumerate(self.order):
            for name in self.graph.nodes[index].inputs:
                found.setdefault(name, []).append(position)
        return found

    @cached_property
    def _results(self) -> Collection[str]:
        return frozenset(self.graph.outputs)

    def _first(self, box: Node | Scope) -> int:
        if isinstance(box, Node):
            return self._index[box.id]
        return min(self.order[box.start : box.stop])
