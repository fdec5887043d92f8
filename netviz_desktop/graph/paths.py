"""What nodes depend on, what depends on them, and what lies on the paths between two."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from netviz_desktop.graph.model import ModelGraph, Node
from netviz_desktop.graph.scopes import input_id, output_id


@dataclass(frozen=True)
class Flow:
    """A part of a graph that is closed in one direction.

    Args:
        nodes: their ids.
        ends: ids of the boxes of the graph's inputs or outputs that belong to it.
        values: names of what flows in it, from one of its nodes or ends to another.
    """

    nodes: frozenset[str]
    ends: frozenset[str]
    values: frozenset[str]


@dataclass(frozen=True)
class Paths:
    """All ways from one node to another.

    Args:
        flow: what lies on any of them, both ends included.
        shortest: how many nodes the shortest has, both ends included.
        source, target: as they are connected, whichever was asked for first.
    """

    flow: Flow
    shortest: int
    source: str
    target: str


def upstream(graph: ModelGraph, nodes: Iterable[str]) -> Flow:
    """Everything that these nodes depend on, and they themselves."""
    reached = _reached(graph.digraph.pred, nodes)
    inputs = frozenset(graph.inputs)
    read = {name for node in _in(graph, reached) for name in node.inputs if name in inputs}
    ends = frozenset(map(input_id, read))
    return Flow(reached, ends, _between(graph, reached) | read)


def downstream(graph: ModelGraph, nodes: Iterable[str]) -> Flow:
    """Everything that depends on these nodes, and they themselves."""
    reached = _reached(graph.digraph.succ, nodes)
    outputs = frozenset(graph.outputs)
    given = {name for node in _in(graph, reached) for name in node.outputs if name in outputs}
    ends = frozenset(map(output_id, given))
    return Flow(reached, ends, _between(graph, reached) | given)


def between(graph: ModelGraph, one: str, other: str) -> Paths | None:
    """All paths from one of two nodes to the other; None: there is none either way."""
    for source, target in ((one, other), (other, one)):
        after = _reached(graph.digraph.succ, [source])
        if target in after:
            nodes = after & _reached(graph.digraph.pred, [target])
            flow = Flow(nodes, frozenset(), _between(graph, nodes))
            return Paths(flow, _shortest(graph, source, target), source, target)
    return None


def _reached(neighbours: Mapping[str, Iterable[str]], start: Iterable[str]) -> frozenset[str]:
    seen = set(start)
    waiting = list(seen)
    while waiting:
        for node in neighbours[waiting.pop()]:
            if node not in seen:
                seen.add(node)
                waiting.append(node)
    return frozenset(seen)


def _shortest(graph: ModelGraph, source: str, target: str) -> int:
    """Nodes on the shortest path, both ends included."""
    count, seen, row = 1, {source}, [source]
    while target not in seen:
        row = list({after for node in row for after in graph.digraph.succ[node]} - seen)
        seen.update(row)
        count += 1
    return count


def _between(graph: ModelGraph, nodes: frozenset[str]) -> frozenset[str]:
    """Values that some of the nodes compute and others of them read."""
    producer = graph.producer
    return frozenset(
        name for node in _in(graph, nodes) for name in node.inputs if producer.get(name) in nodes
    )


def _in(graph: ModelGraph, nodes: frozenset[str]) -> Iterable[Node]:
    return (node for node in graph.nodes if node.id in nodes)
