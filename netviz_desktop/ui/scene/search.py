"""Nodes by what is written in and on them."""

from __future__ import annotations

from netviz_desktop.graph import ModelGraph, Node


def search(graph: ModelGraph, text: str) -> list[str]:
    """Ids of the nodes that hold every word of the text, in the graph's order.

    Looked through are op type, name, id, the names of values and parameters, in any case.
    """
    words = text.lower().split()
    if not words:
        return []
    return [
        node.id
        for node in graph.nodes
        if all(any(word in part for part in _texts(node)) for word in words)
    ]


def _texts(node: Node) -> list[str]:
    texts = [node.op_type, node.name, node.id, *node.inputs, *node.outputs]
    texts += [parameter.name for parameter in node.parameters]
    return [text.lower() for text in texts]
