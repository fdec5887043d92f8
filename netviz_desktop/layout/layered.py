"""Parts that Graphviz would take too long for: rows, sweeps of barycentres, and places that
disturb the order least. Time grows with the size of the part and the rows its lines cross."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from netviz_desktop.layout.labels import labelled
from netviz_desktop.layout.order import ranks
from netviz_desktop.layout.sketch import (
    GAP,
    SEPARATION,
    Asked,
    Part,
    Route,
    Sketch,
    straight,
    swing,
)
from netviz_desktop.problems import Cancelled

_ORDER_SWEEPS = 6
_PLACE_SWEEPS = 6
_LINE_WIDTH = 8.0  # room for a line that passes a row
_LINE_PULL = 4.0  # how much straighter than boxes such lines stay
_PORT_SPREAD = 0.3  # how far from the middle of a box lines start, as a share of its width


@dataclass
class _Rows:
    """Boxes, and one stand-in for every row that lines of one source pass through."""

    rows: list[list[int]]
    width: list[float]
    rank: list[int]
    before: list[list[int]]
    after: list[list[int]]
    chain: dict[int, list[int]] = field(default_factory=dict)  # source -> its stand-ins
    shift: dict[tuple[int, int], float] = field(default_factory=dict)
    """How much further right than its upper item a lower one stands for a straight line."""

    def add(self, rank: int, width: float) -> int:
        item = len(self.width)
        self.width.append(width)
        self.rank.append(rank)
        self.before.append([])
        self.after.append([])
        self.rows[rank].append(item)
        return item

    def join(self, upper: int, lower: int, shift: float = 0.0) -> None:
        self.after[upper].append(lower)
        self.before[lower].append(upper)
        if shift:
            self.shift[upper, lower] = shift


def sketch(part: Part, cancelled: Asked) -> Sketch:
    """Where the part's boxes and lines go.

    Raises:
        Cancelled: `cancelled` said so.
    """
    graph = _rows(part)
    for sweep in range(_ORDER_SWEEPS):
        if cancelled():
            raise Cancelled
        _order(graph, down=sweep % 2 == 0)
    x = _across(graph, len(part.sizes), cancelled)
    tops, bottoms = _down(part, graph)
    y = [(tops[r] + bottoms[r]) / 2 for r in graph.rank[: len(part.sizes)]]
    routes = _routes(part, graph, x, y, tops, bottoms)
    return Sketch(x[: len(part.sizes)], y, labelled(part.lines, routes, x, y, part.sizes))


def _rows(part: Part) -> _Rows:
    pairs = [(line.source, line.target) for line in part.lines]
    rank = ranks(len(part.sizes), pairs + list(part.above), part.first, part.last)
    leaves = {line.source: line.leaves or 0.0 for line in reversed(part.lines)}
    enters = {line[:2]: line.enters or 0.0 for line in reversed(part.lines)}
    lowest = min(rank)
    rank = [r - lowest for r in rank]
    graph = _Rows([[] for _ in range(max(rank) + 1)], [], [], [], [])
    for (width, _), r in zip(part.sizes, rank, strict=True):
        graph.add(r, width)
    # lines of one source share their stand-ins: a tensor that many read is one line that forks
    for source, target in sorted(set(pairs), key=lambda pair: (pair[0], rank[pair[1]], pair[1])):
        chain = graph.chain.setdefault(source, [])
        while len(chain) < rank[target] - rank[source] - 1:
            item = graph.add(rank[source] + 1 + len(chain), _LINE_WIDTH)
            graph.join(chain[-1] if chain else source, item, 0.0 if chain else leaves[source])
            chain.append(item)
        crossed = rank[target] - rank[source] - 1
        shift = -enters[source, target]
        if crossed:
            graph.join(chain[crossed - 1], target, shift)
        else:
            graph.join(source, target, shift + leaves[source])
    return graph


def _order(graph: _Rows, *, down: bool) -> None:
    neighbours = graph.before if down else graph.after
    rows = graph.rows if down else graph.rows[::-1]
    place = [0.0] * len(graph.width)
    for row in rows:
        for index, item in enumerate(row):
            place[item] = index
    for row in rows:
        mean = {
            item: sum(place[n] for n in near) / len(near) if (near := neighbours[item]) else -1.0
            for item in row
        }
        if down and any(value < 0 for value in mean.values()):
            # what nothing leads to keeps its place among the rest
            mean = {item: place[item] if value < 0 else value for item, value in mean.items()}
        elif not down:
            mean = {item: place[item] if value < 0 else value for item, value in mean.items()}
        row.sort(key=mean.__getitem__)
        for index, item in enumerate(row):
            place[item] = index


def _across(graph: _Rows, boxes: int, cancelled: Asked) -> list[float]:
    x = [0.0] * len(graph.width)
    offsets = []  # of each item from its row's first one, packed
    for row in graph.rows:
        offset, places = 0.0, []
        for left, right in zip([None, *row], row, strict=False):
            if left is not None:
                offset += (graph.width[left] + graph.width[right]) / 2 + SEPARATION
            places.append(offset)
        offsets.append(places)
        for item, place in zip(row, places, strict=True):
            x[item] = place - places[-1] / 2
    weight = [1.0 if item < boxes else _LINE_PULL for item in range(len(graph.width))]
    for sweep in range(_PLACE_SWEEPS):
        if cancelled():
            raise Cancelled
        down = sweep % 2 == 0
        both = sweep >= _PLACE_SWEEPS - 2
        for r in range(len(graph.rows)) if down else range(len(graph.rows) - 1, -1, -1):
            row = graph.rows[r]
            wished = []
            for item in row:
                near = graph.before[item] if down else graph.after[item]
                if both:
                    near = graph.before[item] + graph.after[item]
                wish = sum(x[n] for n in near) / len(near) if near else x[item]
                if graph.shift and near:
                    aside = sum(graph.shift.get((n, item), 0) for n in near)
                    aside -= sum(graph.shift.get((item, n), 0) for n in near)
                    wish += aside / len(near)
                wished.append(wish)
            for item, place in zip(
                row, _apart(wished, offsets[r], [weight[item] for item in row]), strict=True
            ):
                x[item] = place
    return x


def _apart(
    wished: Sequence[float], offsets: Sequence[float], weights: Sequence[float]
) -> list[float]:
    """Places in the given order, at least `offsets` apart, nearest to those wished for.

    It is isotonic regression of wish minus offset, by pooling adjacent violators.
    """
    blocks: list[tuple[float, float, int]] = []  # mean, weight, how many
    for wish, offset, weight in zip(wished, offsets, weights, strict=True):
        mean, total, count = wish - offset, weight, 1
        while blocks and blocks[-1][0] > mean:
            other, pull, members = blocks.pop()
            mean = (mean * total + other * pull) / (total + pull)
            total, count = total + pull, count + members
        blocks.append((mean, total, count))
    flat = [mean for mean, _, count in blocks for _ in range(count)]
    return [mean + offset for mean, offset in zip(flat, offsets, strict=True)]


def _down(part: Part, graph: _Rows) -> tuple[list[float], list[float]]:
    heights = [0.0] * len(graph.rows)
    for (_, height), rank in zip(part.sizes, graph.rank, strict=False):
        heights[rank] = max(heights[rank], height)
    gap = GAP + max((line.label_height for line in part.lines), default=0)
    tops, bottoms, at = [], [], 0.0
    for height in heights:
        tops.append(at)
        bottoms.append(at + height)
        at += height + gap
    return tops, bottoms


def _routes(
    part: Part,
    graph: _Rows,
    x: list[float],
    y: list[float],
    tops: list[float],
    bottoms: list[float],
) -> list[Route]:
    routes = []
    same: dict[tuple[int, int], int] = {}  # several lines between two boxes lie side by side
    for line in part.lines:
        source, target = line.source, line.target
        turn = same.get((source, target), 0)
        same[source, target] = turn + 1
        crossed = graph.rank[target] - graph.rank[source] - 1
        passed = graph.chain[source][:crossed]
        aside = turn * _LINE_WIDTH
        towards = x[passed[0] if passed else target]
        start = _port(x[source], part.sizes[source][0], towards, aside, line.leaves)
        towards = x[passed[-1] if passed else source]
        end = _port(x[target], part.sizes[target][0], towards, aside, line.enters)
        at = (start, y[source] + part.sizes[source][1] / 2)
        points = list(at)
        legs = [(start, bottoms[graph.rank[source]])]
        for item in passed:
            legs.append((x[item] + aside, tops[graph.rank[item]]))
            legs.append((x[item] + aside, bottoms[graph.rank[item]]))
        legs += [(end, tops[graph.rank[target]]), (end, y[target] - part.sizes[target][1] / 2)]
        for index, leg in enumerate(legs):
            if leg != at:
                points += (swing if index % 2 else straight)(*at, *leg)
            at = leg
        routes.append(Route(tuple(points)))
    return routes


def _port(x: float, width: float, towards: float, aside: float, at: float | None) -> float:
    if at is not None:
        return x + at
    reach = width * _PORT_SPREAD
    return x + max(-reach, min(reach, (towards - x) * _PORT_SPREAD + aside))
