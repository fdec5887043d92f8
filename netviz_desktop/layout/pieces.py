"""A component cut into pieces wherever only one tensor is live, and relieved of the edges
that would make that impossible or slow."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from netviz_desktop.layout.order import ranks
from netviz_desktop.layout.sketch import Line, Part

FAR = 12
"""Rows that an edge of a hub spans at least."""
HUB = 4
"""Far edges that make a box a hub."""
DENSE = 2.5
"""Lines for each box of a piece from which on they tangle, unless all but the short ones run
beside the boxes."""
COST_LIMIT = 1000
"""Boxes and crossed rows that a piece may hold before its longest edges are taken out."""


_FEW = 20  # lines that do not tangle however they run


@dataclass(frozen=True)
class Piece:
    """`boxes` of the component, in the part's order; `lines` likewise."""

    part: Part
    boxes: list[int]
    lines: list[int]


def cut(
    sizes: Sequence[tuple[float, float]],
    lines: Sequence[Line],
    first: Sequence[int] = (),
    last: Sequence[int] = (),
) -> tuple[list[Piece], set[int]]:
    """The pieces of a connected component, top to bottom, and the lines left out of them.

    A piece's first box is the last one of a piece above, if there is one: its entry.

    Args:
        first, last: as of `Part`; `first` are the first boxes by number.
    """
    rank = ranks(len(sizes), [(line.source, line.target) for line in lines], first, last)
    ends = frozenset((*first, *last))
    lifted = _of_hubs(lines, rank)
    # a line that is taken out may be what kept two pieces in one
    while True:
        spans = _spans(len(sizes), lines, rank, lifted, len(first))
        heavy = _too_long(spans, lines, rank, lifted, ends)
        if not heavy:
            break
        lifted |= heavy
    leaves = [span[0] for span in spans[1:]] + [None]
    taken: dict[int, list[int]] = {}
    for index in sorted(lifted):
        taken.setdefault(lines[index].target, []).append(index)
    pieces = [
        _piece(sizes, lines, taken, span, leave, ends.intersection(first), ends.intersection(last))
        for span, leave in zip(spans, leaves, strict=True)
    ]
    return pieces, lifted


def _of_hubs(lines: Sequence[Line], rank: Sequence[int]) -> set[int]:
    by_source: dict[int, list[int]] = {}
    for index, line in enumerate(lines):
        by_source.setdefault(line.source, []).append(index)
    entering = Counter(line.target for line in lines)
    lifted: set[int] = set()
    for group in by_source.values():
        far = [i for i in group if _span(lines[i], rank) > FAR]
        if len(far) < HUB:
            continue
        nearest = min(group, key=lambda i: (_span(lines[i], rank), i))
        for i in far:
            if i != nearest and entering[lines[i].target] > 1:
                entering[lines[i].target] -= 1
                lifted.add(i)
    return lifted


_Span = tuple[int | None, list[int], list[int]]  # entry, boxes in order, lines


def _spans(
    count: int, lines: Sequence[Line], rank: Sequence[int], lifted: set[int], first: int
) -> list[_Span]:
    has_inputs = [False] * count
    for line in lines:
        has_inputs[line.target] = True
    # of one row, sources come last: they belong with what is below them
    order = sorted(range(count), key=lambda box: (rank[box], not has_inputs[box], box))
    position = [0] * count
    for place, box in enumerate(order):
        position[box] = place
    last_use = list(position)
    for index, line in enumerate(lines):
        if index not in lifted:
            last_use[line.source] = max(last_use[line.source], position[line.target])
    ends: list[list[int]] = [[] for _ in range(count)]
    for box in range(count):
        ends[last_use[box]].append(box)

    piece_of = [0] * count
    entries: list[int | None] = [None]
    live = 0
    for place, box in enumerate(order):
        piece_of[box] = len(entries) - 1
        live += 1
        live -= len(ends[place])
        if live == 1 and last_use[box] > place and place + 1 >= first:
            entries.append(box)
    boxes: list[list[int]] = [[] if entry is None else [entry] for entry in entries]
    for box in order:
        boxes[piece_of[box]].append(box)
    inside: list[list[int]] = [[] for _ in entries]
    for index, line in enumerate(lines):
        if index not in lifted:
            inside[piece_of[line.target]].append(index)
    return list(zip(entries, boxes, inside, strict=True))


def _too_long(
    spans: list[_Span],
    lines: Sequence[Line],
    rank: Sequence[int],
    lifted: set[int],
    ends: frozenset[int],
) -> set[int]:
    """The longest lines of pieces that cost too much; `ends` keep their place without any."""
    found: set[int] = set()
    for _, boxes, inside in spans:
        crossed = sum(_span(lines[i], rank) - 1 for i in inside)
        limit = max(COST_LIMIT, 2 * len(boxes))
        pairs = {lines[i][:2] for i in inside}
        if len(pairs) > _FEW and len(pairs) > DENSE * len(boxes):
            limit = 0
        if crossed <= limit:
            continue
        entering = Counter(lines[i].target for i in inside)
        leaving = Counter(lines[i].source for i in inside)
        for i in sorted(inside, key=lambda i: (-_span(lines[i], rank), i)):
            source, target = lines[i].source, lines[i].target
            if crossed <= limit or _span(lines[i], rank) <= 1:
                break
            if (entering[target] > 1 or target in ends) and (
                leaving[source] > 1 or source in ends
            ):  # both keep their place
                entering[target] -= 1
                leaving[source] -= 1
                crossed -= _span(lines[i], rank) - 1
                found.add(i)
    return found - lifted


def _piece(
    sizes: Sequence[tuple[float, float]],
    lines: Sequence[Line],
    taken: Mapping[int, Sequence[int]],
    span: _Span,
    leave: int | None,
    first: frozenset[int],
    last: frozenset[int],
) -> Piece:
    entry, boxes, inside = span
    local = {box: index for index, box in enumerate(boxes)}
    above = [
        (local[lines[i].source], local[lines[i].target])
        for box in boxes
        for i in taken.get(box, ())
        if lines[i].source in local
    ]
    if entry is not None:  # it stands alone: its row is the last one of the piece above
        fed = {lines[i].target for i in inside}
        above += [(0, local[box]) for box in boxes[1:] if box not in fed]
    part = Part(
        sizes=tuple(sizes[box] for box in boxes),
        lines=tuple(
            Line(local[lines[i].source], local[lines[i].target], *lines[i][2:]) for i in inside
        ),
        above=tuple(above),
        entry=None if entry is None else 0,
        exit=None if leave is None else local[leave],
        first=tuple(local[box] for box in boxes if box in first),
        last=tuple(local[box] for box in boxes if box in last),
    )
    return Piece(part, boxes, inside)


def _span(line: Line, rank: Sequence[int]) -> int:
    return rank[line.target] - rank[line.source]
