"""Which nodes only prepare the weights of another."""

from __future__ import annotations

from netviz_desktop.graph.model import ModelGraph


def readers_of_weights(graph: ModelGraph) -> dict[int, int]:
    """Of nodes that no input reaches and whose values end in one node alone: that node.

    Exporters cut and join weights with chains of Slice and Concat: they belong to the node
    that reads them, as its parameters do. Nodes are told as indices.
    """
    fixed: dict[str, int] = {}
    """Values that are the same whatever the inputs are, and which node computes them."""
    varying = set(graph.inputs)
    for index, node in enumerate(graph.nodes):
        if node.bodies or not varying.isdisjoint(node.inputs):
            varying.update(node.outputs)
            varying.discard("")  # an input left out
        else:
            fixed.update((name, index) for name in node.outputs if name)
    if not fixed:
        return {}
    read_by: dict[int, set[int]] = {index: set() for index in fixed.values()}
    for index, node in enumerate(graph.nodes):
        for name in node.inputs:
            if name in fixed:
                read_by[fixed[name]].add(index)
    for name in graph.outputs:
        if name in fixed:
            read_by[fixed[name]].add(-1)  # read by whoever runs the model
    found: dict[int, int] = {}
    for index in reversed(read_by):  # what reads a node comes after it
        ends = {found.get(reader, -1) if reader in read_by else reader for reader in read_by[index]}
        if len(ends) == 1 and -1 not in ends:
            found[index] = ends.pop()
    return found
