"""A model graph as text that other programs read: JSON, Graphviz DOT, GraphML."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from netviz_desktop.graph.model import ModelGraph, Node, Value


def as_dict(graph: ModelGraph) -> dict[str, Any]:
    """The graph in plain types, as `netviz graph` prints it; scripts rely on these keys.

    A free dimension is its name or None. NaN and infinities, which JSON has no word for,
    are the strings "NaN", "Infinity" and "-Infinity".
    """
    return {
        "format": graph.format,
        "name": graph.name,
        "inputs": list(graph.inputs),
        "outputs": list(graph.outputs),
        "parameter_count": graph.parameter_count,
        "values": {
            name: {
                "shape": None if value.shape is None else list(value.shape),
                "dtype": value.dtype,
                **({} if value.origin == "file" else {"origin": value.origin}),
            }
            for name, value in graph.values.items()
        },
        "nodes": [_node_as_dict(node) for node in graph.nodes],
        "metadata": dict(graph.metadata),
    }


def as_json(graph: ModelGraph) -> str:
    """`as_dict` as a text file."""
    text = json.dumps(as_dict(graph), indent=1, ensure_ascii=False, allow_nan=False) + "\n"
    # half of a surrogate pair is no Unicode, but JSON has a word for it
    return text.encode("utf-8", "backslashreplace").decode("utf-8")


def as_dot(graph: ModelGraph) -> str:
    """For Graphviz: nodes show their op type and parameters' shapes, edges their shapes.

    All else that is known is there, too, in attributes that Graphviz hands on: `attributes`,
    `parameters`, `inputs`, `outputs` and `metadata` as JSON. In each, as in names, a backslash
    is written twice.
    """
    known = {"format": graph.format, "metadata": _json(graph.metadata)}
    lines = [
        f"digraph {_quoted(graph.name)} {{",
        f"  graph [{_dot_attributes(known)}]",
        '  node [shape=box style=rounded fontname="Helvetica" fontsize=10]',
        '  edge [fontname="Helvetica" fontsize=8]',
        *_dot_ends(graph),
    ]
    for node in graph.nodes:
        parameters = [f"{p.role or p.name} {_shape_text(p.shape)}" for p in node.parameters]
        label = "\n".join([node.op_type, *parameters])
        lines.append(
            f"  {_quoted(node.id)} [label={_quoted(label)} tooltip={_quoted(node.id)} "
            f"{_dot_attributes(_node_as_texts(node))}]"
        )
    for source, target, name in _edges(graph):
        value = graph.values.get(name)
        known = {"value": name, "dtype": (value.dtype if value else None) or ""}
        lines.append(
            f"  {_quoted(source)} -> {_quoted(target)} [label={_quoted(_value_text(value))} "
            f"tooltip={_quoted(name)} {_dot_attributes(known)}]"
        )
    return "\n".join([*lines, "}", ""])


def as_graphml(graph: ModelGraph) -> str:
    """GraphML, as yEd, Gephi and networkx read it: node ids are ours.

    Lists and what is nested are JSON. An edge is an input that another node computes; what
    the model is given and gives back stands in the graph's `inputs` and `outputs`.
    """
    import networkx

    result: networkx.MultiDiGraph[str] = networkx.MultiDiGraph(
        format=_xml(graph.format),
        name=_xml(graph.name),
        inputs=_xml(_json(list(graph.inputs))),
        outputs=_xml(_json(list(graph.outputs))),
        metadata=_xml(_json(graph.metadata)),
    )
    for node in graph.nodes:
        texts = {key: _xml(text) for key, text in _node_as_texts(node).items()}
        result.add_node(_xml(node.id), **texts, parameter_count=node.parameter_count)
    for source, target, data in graph.digraph.edges(data=True):
        value = graph.values.get(data["value"])
        result.add_edge(
            _xml(source),
            _xml(target),
            value=_xml(data["value"]),
            shape=_xml("" if value is None else _value_text(value)),
            dtype=(value.dtype if value else None) or "",
            output=data["output"],
            input=data["input"],
        )
    return "\n".join(networkx.generate_graphml(result)) + "\n"


TEXTS: dict[str, Callable[[ModelGraph], str]] = {
    ".dot": as_dot,
    ".graphml": as_graphml,
    ".json": as_json,
}
"""What gives the text of a file with that suffix."""


def _node_as_dict(node: Node) -> dict[str, Any]:
    return {
        "id": node.id,
        "op_type": node.op_type,
        "domain": node.domain,
        "name": node.name,
        "scope": list(node.scope),
        "inputs": list(node.inputs),
        "outputs": list(node.outputs),
        "attributes": _plain(node.attributes),
        "parameters": [
            {"name": p.name, "shape": list(p.shape), "dtype": p.dtype, "role": p.role}
            for p in node.parameters
        ],
        "note": node.note,
        "execution": node.execution,
        "fault": node.fault,
        "source": node.source,
        "bodies": list(node.bodies),
    }


def _node_as_texts(node: Node) -> dict[str, str]:
    """All of it but its id."""
    found = {**_node_as_dict(node), "scope": "/".join(node.scope)}
    del found["id"]
    return {key: text if isinstance(text, str) else _json(text) for key, text in found.items()}


def _json(found: Any) -> str:
    return json.dumps(_plain(found), ensure_ascii=False)


def _dot_attributes(known: Mapping[str, str]) -> str:
    return " ".join(f"{key}={_quoted(text)}" for key, text in known.items() if text)


def _plain(found: Any) -> Any:
    """What strict JSON can say."""
    if isinstance(found, dict):
        return {str(key): _plain(value) for key, value in found.items()}
    if isinstance(found, (list, tuple)):
        return [_plain(value) for value in found]
    if isinstance(found, float) and not math.isfinite(found):
        return "NaN" if math.isnan(found) else "Infinity" if found > 0 else "-Infinity"
    return found


def _dot_ends(graph: ModelGraph) -> Iterator[str]:
    for kind, names in (("input", graph.inputs), ("output", graph.outputs)):
        for name in names:
            label = f"{name}\n{_value_text(graph.values.get(name))}".strip()
            yield f"  {_quoted(_end(kind, name))} [shape=ellipse label={_quoted(label)}]"


def _edges(graph: ModelGraph) -> Iterator[tuple[str, str, str]]:
    """Source, target and value name of every edge, with the model's inputs and outputs."""
    inputs = set(graph.inputs)
    for node in graph.nodes:
        for name in node.inputs:
            if name in graph.producer:
                yield graph.producer[name], node.id, name
            elif name in inputs:
                yield _end("input", name), node.id, name
    for name in graph.outputs:
        if name in graph.producer:
            yield graph.producer[name], _end("output", name), name
        elif name in inputs:
            yield _end("input", name), _end("output", name), name


def _end(kind: str, name: str) -> str:
    return f"{kind}: {name}"


def _value_text(value: Value | None) -> str:
    return "" if value is None or value.shape is None else _shape_text(value.shape)


def _shape_text(shape: tuple[int | str | None, ...]) -> str:
    return "×".join("?" if size is None else str(size) for size in shape) or "scalar"


def _quoted(text: str) -> str:
    """A DOT string. In quotes nothing is HTML; a backslash would begin an escape."""
    escaped = _xml(text).replace("\r", "\\u000d").replace("\\", "\\\\").replace('"', '\\"')
    return '"' + escaped.replace("\n", "\\n") + '"'


_NOT_XML = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def _xml(text: str) -> str:
    """With the characters that XML 1.0 forbids written as \\uNNNN."""
    return _NOT_XML.sub(lambda found: f"\\u{ord(found[0]):04x}", text)
