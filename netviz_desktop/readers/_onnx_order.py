"""Which ONNX node is which, and in what order they can run."""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping, Sequence

import onnx


def node_ids(nodes: Sequence[onnx.NodeProto]) -> list[str]:
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


def producers(outputs: Sequence[Sequence[str]]) -> dict[str, int]:
    """Value name -> index of the node that computes it; of several, the first.

    Args:
        outputs: the values that each node computes.
    """
    found: dict[str, int] = {}
    for index, names in enumerate(outputs):
        for name in names:
            if name:
                found.setdefault(name, index)
    return found


def execution_order(reads: Sequence[Sequence[str]], producer: Mapping[str, int]) -> list[int]:
    """Indices of the nodes in an order in which they can run: the file's, if it is one.
    Those that wait for each other in a circle, and what waits for them, come last.

    Args:
        reads: the values that each node reads.
    """
    if all(producer.get(name, -1) < index for index, names in enumerate(reads) for name in names):
        return list(range(len(reads)))
    waits_for = [{producer[name] for name in names if name in producer} for names in reads]
    feeds: list[list[int]] = [[] for _ in reads]
    for index, sources in enumerate(waits_for):
        for source in sources:
            feeds[source].append(index)
    ready = deque(index for index, sources in enumerate(waits_for) if not sources)
    order = []
    while ready:
        index = ready.popleft()
        order.append(index)
        for after in feeds[index]:
            waits_for[after].discard(index)
            if not waits_for[after]:
                ready.append(after)
    return order + [index for index, sources in enumerate(waits_for) if sources]


def in_circles(reads: Sequence[Sequence[str]], producer: Mapping[str, int]) -> set[int]:
    """Indices of the nodes that wait, through others or not, for their own output."""
    import networkx

    graph: networkx.DiGraph[int] = networkx.DiGraph()
    graph.add_edges_from(
        (producer[name], index)
        for index, names in enumerate(reads)
        for name in names
        if name in producer
    )
    found = set(networkx.nodes_with_selfloops(graph))
    for component in networkx.strongly_connected_components(graph):
        found |= component if len(component) > 1 else set()
    return found
