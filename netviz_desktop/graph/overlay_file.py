"""Values by name from a CSV or JSON file, as overlays of a graph."""

from __future__ import annotations

import csv
import json
import math
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, TypeAlias

from netviz_desktop.graph.model import ModelGraph
from netviz_desktop.graph.overlay import Combination, Kind, Overlay, Scale
from netviz_desktop.graph.scopes import Scopes
from netviz_desktop.problems import Problem, short

SUFFIXES = (".csv", ".tsv", ".json")
_LIMIT_BYTES = 64 * 2**20
_MOST_COLUMNS = 64
_MOST_NAMED = 3  # of the names that are in no graph
_NAME_COLUMNS = ("node", "node_id", "id", "name", "node_name", "layer", "module")
_SPREAD = 1000  # from which on a linear scale would show little but the largest

Columns: TypeAlias = dict[str, dict[str, float]]
"""The name of each column -> the name of a node -> its value."""


def overlays(path: Path, scopes: Scopes) -> tuple[list[Overlay], str]:
    """An overlay for each column of the file, and one line about names that are not in the
    graph, empty when all of them are.

    A name is a node's id, else its name, else that of a value it computes, else a scope's.

    Raises:
        Problem: the file cannot be read, holds no values, or none for this graph.
    """
    columns = read(path)
    known = _Names(scopes)
    names = list(dict.fromkeys(name for column in columns.values() for name in column))
    missing = [name for name in names if name not in known]
    if len(missing) == len(names):
        example = f", such as “{short(names[0])}”," if names else ""
        raise Problem(
            f"None of the {len(names)} names in {path.name}{example} is in this graph.",
            "Name nodes as `netviz graph` does: by their id, name or scope.",
        )
    said = ""
    if missing:
        verb = "is" if len(missing) == 1 else "are"
        some = ", ".join(short(name, 40) for name in missing[:_MOST_NAMED])
        more = ", …" if len(missing) > _MOST_NAMED else ""
        said = f"{len(missing)} of {len(names)} names {verb} not in this graph: {some}{more}"
    return [known.overlay(name, column, path.name, said) for name, column in columns.items()], said


def read(path: Path) -> Columns:
    """Raises: Problem: the file cannot be read, or holds no values by name."""
    try:
        if path.stat().st_size > _LIMIT_BYTES:
            raise Problem(
                f"{path.name} is too large for values of nodes: it has more than 64 MB.",
                "Choose a file with a number for each node.",
            )
        text = path.read_text("utf-8-sig")
    except OSError as error:
        raise Problem(
            f"{path.name} cannot be read: {error.strerror or error}.",
            "Check the path, and that you may read the file.",
        ) from error
    except UnicodeDecodeError as error:
        raise _unreadable(path, "it is no text in UTF-8") from error
    if path.suffix.lower() == ".json" or text.lstrip()[:1] in ("{", "["):
        found = _of_json(path, text)
    else:
        found = _of_csv(path, text)
    found = {name: column for name, column in found.items() if column}
    if not found:
        raise _unreadable(path, "there is no number beside a name in it")
    return found


# --- JSON ------------------------------------------------------------------------------------


def _of_json(path: Path, text: str) -> Columns:
    try:
        tree = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise _unreadable(path, "it is no JSON, or damaged") from error
    if not isinstance(tree, dict):
        raise _unreadable(path, "its JSON is no object")
    flat = _column(tree)
    if flat:
        return {path.stem: flat}
    columns = {}
    for name, inner in list(tree.items())[:_MOST_COLUMNS]:
        if isinstance(inner, dict) and (column := _column(inner)):
            columns[str(name)] = column
    return columns


def _column(tree: Mapping[str, Any]) -> dict[str, float]:
    """Of {node: number}, or as Model Explorer has it: {"results": {node: {"value": number}}}."""
    results = tree.get("results")
    if isinstance(results, dict):
        tree = results
    column = {}
    for name, entry in tree.items():
        value = _number(entry.get("value") if isinstance(entry, dict) else entry)
        if value is not None:
            column[str(name)] = value
    return column


# --- CSV -------------------------------------------------------------------------------------


def _of_csv(path: Path, text: str) -> Columns:
    lines = text.splitlines()
    heading = next((line for line in lines if line.strip()), "")
    delimiter = max(",;\t", key=heading.count)
    try:
        rows = [row for row in csv.reader(lines, delimiter=delimiter) if any(map(str.strip, row))]
    except csv.Error as error:
        raise _unreadable(path, f"it is no CSV: {error}") from error
    if not rows:
        return {}
    if any(_number(cell) is not None for cell in rows[0][1:]):  # no line of titles
        titles = ["node", *(f"{path.stem} {i}" for i in range(1, len(rows[0])))]
        titles[1:] = [path.stem] if len(titles) == 2 else titles[1:]
    else:
        titles, rows = [title.strip() for title in rows[0]], rows[1:]
    lower = [title.lower().replace(" ", "_") for title in titles]
    names = next((lower.index(name) for name in _NAME_COLUMNS if name in lower), 0)
    columns: Columns = {}
    for index, title in list(enumerate(titles))[:_MOST_COLUMNS]:
        whole = (row for row in rows if len(row) > max(index, names))
        cells = [(row[names].strip(), row[index].strip()) for row in whole]
        cells = [(name, cell) for name, cell in cells if name and cell]
        values = [_number(cell, nan=True) for _, cell in cells]
        if index != names and values and all(value is not None for value in values):
            pairs = zip((name for name, _ in cells), values, strict=True)
            found = {n: v for n, v in pairs if v is not None and math.isfinite(v)}
            columns[title or f"column {index + 1}"] = found
    return columns


def _number(entry: object, *, nan: bool = False) -> float | None:
    """A finite number, or what a CSV has written as one; `nan` lets the others pass too."""
    if isinstance(entry, bool) or not isinstance(entry, int | float | str):
        return None
    try:
        value = float(entry)
    except (ValueError, OverflowError):
        return None
    return value if nan or math.isfinite(value) else None


def _unreadable(path: Path, why: str) -> Problem:
    return Problem(
        f"{path.name} gives no values for nodes: {why}.",
        "Choose a CSV with names in one column and numbers in others, or JSON as "
        '{"node": 1.5} or {"metric": {"node": 1.5}}.',
    )


# --- names -----------------------------------------------------------------------------------


class _Names:
    """Whatever the nodes and scopes of a graph are called."""

    def __init__(self, scopes: Scopes) -> None:
        self._scopes = scopes
        graph = scopes.graph
        self._paths = {
            joint.join(path): path
            for scope in {node.scope for node in graph.nodes}
            for path in _prefixes(scope)
            for joint in (".", "/")
        }
        self._nodes = self._by_name(graph)

    def __contains__(self, name: str) -> bool:
        return name in self._nodes or self._path(name) is not None

    def overlay(self, title: str, column: Mapping[str, float], source: str, note: str) -> Overlay:
        by_node: dict[str, float] = {}
        by_path: dict[tuple[str, ...], float] = {}
        for name, value in column.items():
            if (path := self._path(name)) is not None and name not in self._nodes:
                by_path[path] = value
            by_node |= dict.fromkeys(self._nodes.get(name, ()), value)
        values: dict[str, float] = {}
        for node in self._scopes.graph.nodes:  # in their order
            inner = (by_path[path] for path in _prefixes(node.scope) if path in by_path)
            found = by_node.get(node.id, next(inner, None))
            if found is not None:
                values[node.id] = found
        scale, says = _scale(values.values()), f"From {source}."
        kind = Kind(f"{source}: {title}", title, "", scale, Combination.LARGEST, says)
        return Overlay(kind, values, by_path, note)

    def _path(self, name: str) -> tuple[str, ...] | None:
        return self._paths.get(name.strip("/"))

    def _by_name(self, graph: ModelGraph) -> dict[str, list[str]]:
        found: dict[str, list[str]] = {}
        for value, node_id in graph.producer.items():
            found[value] = [node_id]
        named: dict[str, list[str]] = {}
        for node in graph.nodes:
            named.setdefault(node.name, []).append(node.id)
        named.pop("", None)
        return found | named | {node.id: [node.id] for node in graph.nodes}


def _prefixes(path: tuple[str, ...]) -> Iterable[tuple[str, ...]]:
    """The scope itself and those around it, innermost first."""
    return (path[:length] for length in range(len(path), 0, -1))


def _scale(values: Iterable[float]) -> Scale:
    """Logarithmic for positive values of very different sizes."""
    seen = list(values)
    smallest, largest = min(seen, default=0.0), max(seen, default=0.0)
    return Scale.LOGARITHMIC if 0 < smallest * _SPREAD < largest else Scale.LINEAR
