"""Whether what flows out of a group of nodes comes back into it through others."""

from __future__ import annotations

from collections.abc import Iterable
from functools import cached_property

from netviz_desktop.graph.model import ModelGraph

_STEPS_A_NODE = 20  # a file decides how many groups lie in one another


class Convexity:
    """Asked of one graph, group by group.

    A group through which the flow passes more than once, such as the encoder stages of a U-Net
    with the pooling between them, makes a cycle when it is drawn as one box.
    """

    def __init__(self, graph: ModelGraph) -> None:
        self._graph = graph
        self._steps = _STEPS_A_NODE * len(graph.nodes)

    def comes_back(self, nodes: Iterable[int], count: int) -> bool:
        """Whether a path leads from the group through other nodes into the group.

        Args:
            nodes: indices; the graph's order is an order of computation.
            count: how many there are.
        """
        self._steps -= count
        if self._steps < 0:
            return False  # there are too many groups to ask all
        group = set(nodes)
        first, last = min(group), max(group)
        self._steps -= last - first
        fed: set[int] = set()  # others, by the group
        for index in range(first, last + 1):
            for source in self._sources[index]:
                if index in group:
                    if source in fed:
                        return True
                elif source in group or source in fed:
                    fed.add(index)
        return False

    @cached_property
    def _sources(self) -> list[list[int]]:
        """Node -> those that compute its inputs."""
        producer = {
            name: index for index, node in enumerate(self._graph.nodes) for name in node.outputs
        }
        producer.pop("", None)
        return [
            [producer[name] for name in node.inputs if name in producer]
            for node in self._graph.nodes
        ]
