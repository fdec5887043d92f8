"""A model graph as text that other programs read: JSON, Graphviz DOT, GraphML."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Iterator
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
            }
            for name, value in graph.values.items()
        },
        "nodes": [_node_as_dict(node) for node in graph.nodes],
        "metadata": dict(graph.metadata),
    }


def as_json(graph: ModelGraph) -> str:
    """`as_dict` as a text file."""
    return json.dumps(as_dict(graph), indent=1, ensure_ascii=False, allow_nan=False) + "\n"


def as_dot(graph: ModelGraph) -> str:
    """For Graphviz: nodes carry their op type and parameters' shapes, edges their shapes."""
    lines = [
        f"digraph {_quoted(graph.name)} {{",
        '  node [shape=box style=rounded fontname="Helvetica" fontsize=10]',
        '  edge [fontname="Helvetica" fontsize=8]',
        *_dot_ends(graph),
    ]
    for node in graph.nodes:
        parameters = [f"{p.role or p.name} {_shape_text(p.shape)}" for p in node.parameters]
        label = "\n".join([node.op_type, *parameters])
        lines.append(f"  {_quoted(node.id)} [label={_quoted(label)} tooltip={_quoted(node.id)}]")
    lines += [
        f"  {_quoted(source)} -> {_quoted(target)} "
        f"[label={_quoted(_value_text(graph.values.get(value)))} tooltip={_quoted(value)}]"
        for source, target, value in _edges(graph)
    ]
    return "\n".join([*lines, "}", ""])


def as_graphml(graph: ModelGraph) -> str:
    """GraphML, as yEd, Gephi and networkx read it: node ids are ours."""
    import networkx

    result: networkx.MultiDiGraph[str] = networkx.MultiDiGraph()
    for node in graph.nodes:
        result.add_node(
            _xml(node.id),
            op_type=_xml(node.op_type),
            domain=_xml(node.domain),
            name=_xml(node.name),
            scope=_xml("/".join(node.scope)),
            attributes=_xml(json.dumps(_plain(node.attributes), ensure_ascii=False)),
            parameter_count=node.parameter_count,
        )
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
    escaped = text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
    return f'"{escaped.replace(chr(13), "").replace(chr(0), "")}"'


_NOT_XML = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def _xml(text: str) -> str:
    """Without the characters that XML 1.0 forbids."""
    return _NOT_XML.sub("\ufffd", text)
