"""`netviz summary`: what each node or scope costs."""

from __future__ import annotations

import argparse
import json
import sys
from collections import Counter
from dataclasses import asdict
from pathlib import Path
from typing import Any

from netviz_desktop.cli._model import add_model, open_model
from netviz_desktop.cli._table import UNKNOWN, amount, number, shape, table
from netviz_desktop.graph import ModelGraph, Node
from netviz_desktop.graph.counts import Counts, Total, counts, total

NAME = "summary"
HELP = "a table of shapes, parameters and costs"
DESCRIPTION = """\
Prints a table with a row per node: output shape, parameters, multiply-adds and bytes of
activations for one sample, and totals. A multiply-add is one multiplication and addition
in a convolution, matrix product, attention or recurrent layer; biases, activations and
pooling count none. "–": a shape that is needed is not known before a run.

With --json: format, name, architecture (of weights that were recognised, else ""),
architectures (all that fit), parameter_count, rows [{id, op_type, scope, output_shape,
parameters, multiply_adds, activation_bytes}], totals {parameters, multiply_adds,
activation_bytes, uncounted, unmeasured}; the last two count rows without a number; and
execution {what runs nodes: how many}."""

_MOST_FAULTS = 10


def add_arguments(parser: argparse.ArgumentParser) -> None:
    add_model(parser)
    parser.add_argument("--json", action="store_true", help="as JSON, exact numbers")
    parser.add_argument(
        "--depth",
        type=int,
        metavar="N",
        help="one row per scope, N levels deep, instead of one per node",
    )


def run(options: argparse.Namespace) -> None:
    session = open_model(options)
    graph = session.graph
    rows = _scope_rows(graph, max(options.depth, 0)) if options.depth is not None else _rows(graph)
    totals = total(graph, counts(graph))
    if options.json:
        found = {
            "format": graph.format,
            "name": graph.name,
            "architecture": session.opened.architecture,
            "architectures": list(session.opened.architectures),
            "parameter_count": graph.parameter_count,
            "rows": rows,
            "totals": asdict(totals),
            "execution": _execution(graph),
        }
        sys.stdout.write(json.dumps(found, indent=1, ensure_ascii=False) + "\n")
    else:
        sys.stdout.write(_text(options, graph, rows, totals))
        sys.stdout.write(_architecture(session.opened.architecture, session.opened.architectures))
        if session.structure_only is not None:
            sys.stdout.write(f"\nNot run: {session.structure_only}\n")
            sys.stdout.write(_further_faults(graph, session.structure_only.node))


def _execution(graph: ModelGraph) -> dict[str, int]:
    """How many nodes run in what; empty where nobody knows before a run."""
    return dict(Counter(node.execution for node in graph.nodes if node.execution).most_common())


def _further_faults(graph: ModelGraph, told: str) -> str:
    faults = [node.fault for node in graph.nodes if node.fault and node.id != told]
    lines = faults[:_MOST_FAULTS]
    if len(faults) > len(lines):
        lines.append(f"{len(faults) - len(lines)} more nodes.")
    return "".join(f"Also: {line}\n" for line in lines)


def _rows(graph: ModelGraph) -> list[dict[str, Any]]:
    by_node = counts(graph)
    return [
        _row(node.id, node.op_type, node.scope, node, graph, by_node[node.id])
        for node in graph.nodes
    ]


def _scope_rows(graph: ModelGraph, depth: int) -> list[dict[str, Any]]:
    """A row per scope of this depth; shallower nodes stand in the scope that they are in."""
    by_node = counts(graph)
    members: dict[tuple[str, ...], list[Node]] = {}
    for node in graph.nodes:
        members.setdefault(node.scope[:depth], []).append(node)
    return [
        _row(
            ".".join(scope) or "(root)",
            f"{len(nodes)} node{'s' if len(nodes) > 1 else ''}",
            scope,
            nodes[-1],
            graph,
            total(graph, {node.id: by_node[node.id] for node in nodes}),
        )
        for scope, nodes in members.items()
    ]


def _row(
    row_id: str,
    op_type: str,
    scope: tuple[str, ...],
    last: Node,
    graph: ModelGraph,
    cost: Counts | Total,
) -> dict[str, Any]:
    output = next(filter(None, last.outputs), "")
    dimensions = graph.values[output].shape if output in graph.values else None
    uncounted, unmeasured = (cost.uncounted, cost.unmeasured) if isinstance(cost, Total) else (0, 0)
    return {
        "id": row_id,
        "op_type": op_type,
        "scope": list(scope),
        "output_shape": None if dimensions is None else list(dimensions),
        "parameters": cost.parameters,
        "multiply_adds": None if uncounted else cost.multiply_adds,
        "activation_bytes": None if unmeasured else cost.activation_bytes,
    }


def _text(
    options: argparse.Namespace, graph: ModelGraph, rows: list[dict[str, Any]], totals: Total
) -> str:
    text = table(
        ("node", "op", "output", "parameters", "multiply-adds", "activation bytes"),
        [
            (
                row["id"],
                row["op_type"],
                shape(row["output_shape"]),
                number(row["parameters"]),
                number(row["multiply_adds"]),
                number(row["activation_bytes"]),
            )
            for row in rows
        ],
        right=(3, 4, 5),
    )
    return "\n".join(
        [
            f"{Path(options.model).name}: {graph.format}, {len(graph.nodes)} nodes",
            *(_end("input", graph, name) for name in graph.inputs),
            *(_end("output", graph, name) for name in graph.outputs),
            "",
            text,
            "",
            f"parameters        {amount(totals.parameters)}",
            f"multiply-adds     {amount(totals.multiply_adds)}" + _without(totals.uncounted),
            f"activation bytes  {amount(totals.activation_bytes, 'B')}"
            + _without(totals.unmeasured),
            *_runs_in(graph),
            "",
        ]
    )


def _runs_in(graph: ModelGraph) -> list[str]:
    """Said only where something is unusual."""
    execution = _execution(graph)
    if not execution.keys() - {"torch"}:
        return []
    return [
        "nodes run in      " + ", ".join(f"{what} {count}" for what, count in execution.items())
    ]


def _architecture(taken: str, fitting: tuple[str, ...]) -> str:
    others = [name for name in fitting if name != taken]
    if not fitting:
        return ""
    listed = ", ".join(others[:8]) + (f" and {len(others) - 8} more" if len(others) > 8 else "")
    return (f"\narchitecture      {taken}\n" if taken else "\n") + (
        f"others that fit   {listed} (--architecture)\n" if others else ""
    )


def _end(kind: str, graph: ModelGraph, name: str) -> str:
    value = graph.values.get(name)
    return f"{kind} {name}: " + (
        f"{shape(value.shape)} {value.dtype or UNKNOWN}" if value else UNKNOWN
    )


def _without(nodes: int) -> str:
    return f", without {nodes} node{'s' if nodes > 1 else ''} of unknown shape" if nodes else ""
