"""Nodes by what is written in and on them, quickly enough to follow each letter typed.

A search is words, all of which must be found, in any case, anywhere in what a node is.
`field:word` looks in one field alone; `"a word"` must be all of a text, not a part of it.
As regular expressions, words are the same, but each is one: a space in it is `\\s`.
"""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any, NamedTuple, TypeAlias

import numpy as np
import regex
from numpy.typing import NDArray

from netviz_desktop.graph import collector
from netviz_desktop.graph.model import Attribute, Dimension, ModelGraph, Node
from netviz_desktop.problems import Problem

_PATIENCE_SECONDS = 0.5  # of a regular expression, in one field
_LONGEST = 500  # of a text that is looked through
_MOST_ITEMS = 16  # of an attribute that is a list
_WORD = re.compile(r'(?:([A-Za-z]+):)?(?:"([^"]*)"|(\S+))')
_TIMES = re.compile(r"(?<=[\d?])[x*,](?=[\d?])")
_MAY_GO_ASTRAY = re.compile(r"\)[*+{]|(?:[*+{].*){3}")
_NUMBER = re.compile(r"-?[\d.]+(?:e-?\d+)?")

FIELDS = {
    "op": "type",
    "name": "name",
    "scope": "scope",
    "attr": "attribute",
    "shape": "shape",
    "dtype": "data type",
    "weight": "weight",
    "value": "value",
}
"""What `field:` may be, and what a person calls it; a match is told by the first."""


class Reason(NamedTuple):
    """Where in a node a word was found: one of `FIELDS`, and the text there."""

    field: str
    text: str


@dataclass(frozen=True)
class Word:
    """One word of a search; `field` empty: anywhere."""

    text: str
    field: str = ""
    whole: bool = False
    pattern: regex.Pattern[str] | None = None

    def hits(self, field: str, texts: Sequence[str]) -> list[bool]:
        """Which of the texts of a field, in small letters, it is found in.

        Raises:
            Problem: a regular expression goes astray in them.
        """
        if self.pattern is not None:
            return _matches(self.pattern, texts)
        word = self.text
        if self.whole:
            return [text == word for text in texts]
        if field == "shape":
            word = f"×{_TIMES.sub('×', word)}×"
            return [word in f"×{text}×" for text in texts]
        if field == "dtype":  # bfloat16 is no float16
            return [text.startswith(word) for text in texts]
        if field == "attr" and "=" in word:
            search = _setting(word).search
            return [search(text) is not None for text in texts]
        return [word in text for text in texts]


def words(text: str, *, regular: bool = False) -> tuple[Word, ...]:
    """What a search is made of.

    Args:
        regular: each word is a regular expression.

    Raises:
        Problem: one is none.
    """
    found = []
    for match in _WORD.finditer(text):
        field, whole, part = match.groups()
        if field is not None and field.lower() not in FIELDS:
            field, whole, part = None, None, match.group()  # such as aten::relu
        word = part if whole is None else whole
        if word:
            pattern = _pattern(word) if regular else None
            found.append(Word(word.lower(), (field or "").lower(), whole is not None, pattern))
    return tuple(found)


def type_search(op_type: str) -> str:
    """The search for all nodes of a type, and no others."""
    return f'op:"{op_type}"'


class SearchIndex:
    """All that can be found in a graph.

    Args:
        shapes: of values in a run, in place of what the graph says.
    """

    def __init__(
        self, graph: ModelGraph, shapes: Mapping[str, tuple[Dimension, ...]] | None = None
    ) -> None:
        self.graph = graph
        self._ids = [node.id for node in graph.nodes]
        self._texts = _texts(graph, shapes or {})
        self._columns: dict[str, _Column] = {}

    def prepare(self) -> Iterator[None]:
        """Make ready, field by field, what would otherwise be made when it is looked for."""
        for field in FIELDS:
            self._column(field)
            yield

    def find(self, search: Sequence[Word]) -> list[str]:
        """Ids of the nodes that hold every word, in the graph's order; none without a word.

        Raises:
            Problem: as `Word.hits` says.
        """
        found = np.full(len(self._ids), bool(search))
        for word in search:
            hits = np.zeros(len(self._ids), bool)
            for field in self._fields(word):
                hits[self._column(field).owners(word, field)] = True
            found &= hits
        return [self._ids[index] for index in np.flatnonzero(found).tolist()]

    def reason(self, node_id: str, search: Sequence[Word]) -> Reason:
        """Where in a node that was found the last word is, the one that is being typed."""
        node, word = self.graph.node(node_id), search[-1]
        for field in self._fields(word):
            for text in self._texts[field](node):
                if word.hits(field, [text.lower()])[0]:
                    return Reason(field, text)
        raise KeyError(node_id)

    def _column(self, field: str) -> _Column:
        if field not in self._columns:
            with collector.at_rest():
                self._columns[field] = _Column.of(map(self._texts[field], self.graph.nodes))
        return self._columns[field]

    def _fields(self, word: Word) -> Iterable[str]:
        return (word.field,) if word.field else FIELDS


class _Column(NamedTuple):
    """A field of all nodes: each different text once, and which nodes have which."""

    texts: list[str]
    text: NDArray[Any]
    node: NDArray[Any]

    @classmethod
    def of(cls, found: Iterable[Iterable[str]]) -> _Column:
        numbers: dict[str, int] = {}
        text: list[int] = []
        node: list[int] = []
        for index, texts in enumerate(found):
            for one in texts:
                text.append(numbers.setdefault(one.lower(), len(numbers)))
                node.append(index)
        return cls(list(numbers), np.array(text, np.intp), np.array(node, np.intp))

    def owners(self, word: Word, field: str) -> NDArray[Any]:
        wanted = np.array(word.hits(field, self.texts), bool)
        found: NDArray[Any] = self.node[wanted[self.text]] if len(wanted) else self.node
        return found


Texts: TypeAlias = Callable[[Node], Iterable[str]]


def _texts(graph: ModelGraph, shapes: Mapping[str, tuple[Dimension, ...]]) -> dict[str, Texts]:
    """What stands in each field of a node."""
    values, made, parameters = graph.values, graph.producer, graph.parameters

    @cache
    def said(shape: tuple[Dimension, ...] | None) -> str:
        return "×".join("?" if size is None else str(size) for size in shape or ())

    def shape(name: str) -> str:
        known = shapes.get(name)
        return said(known if known is not None or name not in values else values[name].shape)

    def output_shapes(node: Node) -> Iterator[str]:
        yield from filter(None, map(shape, node.outputs))
        yield from filter(None, (said(p.shape) for p in node.parameters))

    def dtypes(node: Node) -> Iterator[str]:
        yield from (values[n].dtype or "" for n in node.outputs if n in values)
        yield from (p.dtype for p in node.parameters)

    def value_names(node: Node) -> Iterator[str]:
        yield from node.outputs
        yield from (n for n in node.inputs if n not in made and n not in parameters)

    return {
        "op": lambda node: (node.op_type,),
        "name": lambda node: (node.name or node.id, node.id),
        "scope": lambda node: (".".join(node.scope),),
        "attr": lambda node: map(_attribute, node.attributes.items()),
        "weight": lambda node: (p.name for p in node.parameters),
        "shape": output_shapes,
        "dtype": dtypes,
        "value": value_names,
    }


def _attribute(item: tuple[str, Attribute]) -> str:
    """ "strides=2,2"."""
    name, value = item
    values = value[:_MOST_ITEMS] if isinstance(value, list) else [value]
    return f"{name}={','.join(map(_said, values))}"[:_LONGEST]


def _said(value: Attribute) -> str:
    if isinstance(value, float):
        return f"{value:.4g}"
    return "" if value is None else str(value)


def _setting(word: str) -> re.Pattern[str]:
    """ "stride=2" is in "strides=2,2", not in "strides=20"."""
    name, _, value = word.partition("=")
    end = "(?:,|$)" if _NUMBER.fullmatch(value) else ""
    return re.compile(f"{re.escape(name)}[^=]*=(?:.*,)?{re.escape(value)}{end}", re.DOTALL)


def _pattern(word: str) -> regex.Pattern[str]:
    try:
        return regex.compile(word, regex.IGNORECASE)
    except (regex.error, OverflowError, RecursionError) as error:
        raise Problem(
            f"“{word}” is no regular expression: {error}.",
            "Mend it, or search for plain words.",
        ) from error


def _matches(pattern: regex.Pattern[str], texts: Sequence[str]) -> list[bool]:
    """Such as (a+)+b tries ways without end; to watch the clock takes four times as long."""
    if not _MAY_GO_ASTRAY.search(pattern.pattern):
        return [pattern.search(text) is not None for text in texts]
    end = time.monotonic() + _PATIENCE_SECONDS
    try:
        return [
            pattern.search(text, timeout=max(end - time.monotonic(), 0.001)) is not None
            for text in texts
        ]
    except TimeoutError as error:
        raise Problem(
            f"“{pattern.pattern}” takes too long to look for.",
            "Write it without one repetition inside another, or search for plain words.",
        ) from error
