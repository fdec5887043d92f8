"""Frames in frames: each is laid out by itself, then stands in its surroundings as one box."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from netviz_desktop.layout import twins
from netviz_desktop.layout.geometry import (
    Box,
    Edge,
    Frame,
    PlacedBox,
    PlacedEdge,
    PlacedFrame,
    Placement,
)
from netviz_desktop.layout.sketch import Asked, Line, Route, moved, rounded, straight
from netviz_desktop.layout.whole import Level, Sheet, sheets

_MARGIN = 12.0
_PADDING = 12.0
_BELOW_TITLE = 6.0
_WAY = (8.0, 0.0)  # the room of a line where it crosses a frame
_DETOUR = 10.0

_Pair = tuple[float, float]


def place_all(
    boxes: Sequence[Box],
    edges: Sequence[Edge],
    frames: Sequence[Frame],
    left_to_right: bool,
    cancelled: Asked,
) -> Placement:
    """As `layout.place`."""
    # left to right is top to bottom on a sheet that is turned over its diagonal
    turn = _turned if left_to_right else _same
    nest = _Nest(boxes, edges, frames, turn)
    nest.lay_out(cancelled)
    whole = nest.rooms[0].sheet
    across = nest.places()
    places = [turn((x + _MARGIN, y + _MARGIN)) for x, y in across]
    routes = twins.apart(
        edges,
        nest.routes(),
        {box.id: x for box, (x, _) in zip(boxes, across, strict=False)},
        {box.id: turn((box.width, box.height))[0] for box in boxes},
        turn,
    )
    return Placement(
        *turn((whole.width + 2 * _MARGIN, whole.height + 2 * _MARGIN)),
        tuple(PlacedBox(b.id, *at) for b, at in zip(boxes, places, strict=False)),
        tuple(
            _placed_edge(edge, route, left_to_right)
            for edge, route in zip(edges, routes, strict=True)
        ),
        tuple(
            PlacedFrame(frame.id, *at, *turn(room.size))
            for frame, at, room in zip(frames, places[len(boxes) :], nest.rooms[1:], strict=True)
        ),
    )


def _same(pair: _Pair) -> _Pair:
    return pair


def _turned(pair: _Pair) -> _Pair:
    return pair[1], pair[0]


def _placed_edge(edge: Edge, route: Route, left_to_right: bool) -> PlacedEdge:
    points = [value + _MARGIN for value in route.points]
    if route.label is None and not left_to_right:
        return PlacedEdge(edge.id, tuple(points))
    label = route.label and (route.label[0] + _MARGIN, route.label[1] + _MARGIN)
    if left_to_right:
        points[0::2], points[1::2] = points[1::2], points[0::2]
        label = label and (label[1], label[0])
    return PlacedEdge(edge.id, tuple(points), *(label or (None, None)))


class _Stop(NamedTuple):
    """Where a line starts or ends in a room: at an item of the room, at a way in (-1, -3,
    ...) or at a way out (-2, -4, ...); of a frame, at one of its own ways."""

    at: int
    way: int | None = None


@dataclass
class _Room:
    """The inside of a frame; the first one is the whole picture.

    Args:
        item: the frame's own number among all boxes and frames.
        outer: the room around it.
        least: the size that its title needs.
        lead: what is left free for the title before the content.
        items: boxes, and frames by their number behind all boxes.
        ways_in, ways_out: a box -> the number of the way that its lines take.
        origin: where the content's corner lies in the picture.
        shift: where it lies in the frame.
    """

    item: int = -1
    outer: int = -1
    depth: int = 0
    least: _Pair = (0.0, 0.0)
    lead: _Pair = (0.0, 0.0)
    items: list[int] = field(default_factory=list)
    ways_in: dict[int, int] = field(default_factory=dict)
    ways_out: dict[int, int] = field(default_factory=dict)
    lines: list[tuple[_Stop, _Stop, float, float]] = field(default_factory=list)
    known: dict[tuple[_Stop, _Stop], int] = field(default_factory=dict)
    sheet: Sheet = field(default_factory=Sheet)
    size: _Pair = (0.0, 0.0)
    shift: _Pair = (0.0, 0.0)
    origin: _Pair = (0.0, 0.0)

    def number(self, stop: _Stop) -> int:
        """Among all that its sheet is made of: ways in, items, ways out."""
        if stop.at >= 0:
            return len(self.ways_in) + stop.at
        way, out = divmod(-1 - stop.at, 2)
        return len(self.ways_in) + len(self.items) + way if out else way

    def make_room(self, line: int, label: _Pair, turn: Callable[[_Pair], _Pair]) -> None:
        """For one more label below that of a line."""
        source, target, *has = self.lines[line]
        (width, height), (more, below) = turn((has[0], has[1])), turn(label)
        self.lines[line] = (source, target, *turn((max(width, more), height + below)))

    def crossing(self, stop: _Stop) -> float:
        """How far right of the frame's middle a way crosses its border."""
        return self.sheet.places[self.number(stop)][0] + self.shift[0] - self.size[0] / 2

    def fit(self) -> None:
        """The frame around its sheet."""
        sheet, lead = self.sheet, self.lead
        trail = (_PADDING, 0.0 if self.ways_out else _PADDING)
        free = (
            max(0.0, self.least[0] - lead[0] - sheet.width - trail[0]),
            max(0.0, self.least[1] - lead[1] - sheet.height - trail[1]),
        )
        self.size = (
            lead[0] + sheet.width + trail[0] + free[0],
            lead[1] + sheet.height + trail[1] + free[1],
        )
        self.shift = (lead[0] + free[0] / 2, lead[1])


class _Nest:
    def __init__(
        self,
        boxes: Sequence[Box],
        edges: Sequence[Edge],
        frames: Sequence[Frame],
        turn: Callable[[_Pair], _Pair],
    ) -> None:
        self._turn = turn
        self._sizes = [turn((box.width, box.height)) for box in boxes]
        self._sizes += [(0.0, 0.0)] * len(frames)
        room_of_frame = {frame.id: number for number, frame in enumerate(frames, 1)} | {"": 0}
        self.rooms = [_Room()]
        for item, frame in enumerate(frames, len(boxes)):
            self.rooms.append(
                _Room(
                    item,
                    room_of_frame[frame.frame],
                    least=turn((frame.width + 2 * _PADDING, frame.height)),
                    lead=turn((_PADDING, frame.height + _BELOW_TITLE)),
                )
            )
        self._room = [room_of_frame[box.frame] for box in boxes]
        self._room += [room.outer for room in self.rooms[1:]]
        self._place_in_room = [0] * len(self._room)
        for room in self.rooms[1:]:
            outer = room.outer
            while outer >= 0:
                room.depth += 1
                outer = self.rooms[outer].outer
        self._fill(len(boxes))
        number = {box.id: index for index, box in enumerate(boxes)}
        self._trips: list[list[tuple[int, int]]] = []
        """Of each edge, the lines it is made of: (room, line), from source to target."""
        self._labelled: list[int] = []
        """Of each edge, which of its lines carries its label; -1: none."""
        self._said: dict[tuple[int, int], set[_Pair]] = {}
        """The sizes of labels between two boxes."""
        for edge in edges:
            label = turn((edge.label_width, edge.label_height))
            self._travel(number[edge.source], number[edge.target], label)

    def _fill(self, boxes: int) -> None:
        """Items into rooms, in the order of boxes; a frame stands where its first box does."""
        entered = {0}
        for box in range(boxes):
            item, room = box, self._room[box]
            self._put(item, room)
            while room not in entered:
                entered.add(room)
                item, room = self.rooms[room].item, self.rooms[room].outer
                self._put(item, room)
        for number, empty in enumerate(self.rooms):
            if number not in entered:  # no box is in it
                self._put(empty.item, empty.outer)

    def _put(self, item: int, room: int) -> None:
        self._place_in_room[item] = len(self.rooms[room].items)
        self.rooms[room].items.append(item)

    def _travel(self, source: int, target: int, label: _Pair) -> None:
        """Lines from room to room, from one box to the other."""
        outwards, inwards = [], []
        here, there = _Stop(self._place_in_room[source]), _Stop(self._place_in_room[target])
        out, into = self._room[source], self._room[target]
        while out != into:
            if self.rooms[out].depth >= self.rooms[into].depth:
                room = self.rooms[out]
                way = room.ways_out.setdefault(source, len(room.ways_out))
                outwards.append((out, self._line(out, here, _Stop(-2 - 2 * way))))
                here, out = _Stop(self._place_in_room[room.item], way), room.outer
            else:
                room = self.rooms[into]
                way = room.ways_in.setdefault(source, len(room.ways_in))
                inwards.append((into, self._line(into, _Stop(-1 - 2 * way), there)))
                there, into = _Stop(self._place_in_room[room.item], way), room.outer
        lines = len(self.rooms[out].lines)
        trunk = self._line(out, here, there, label)
        said = self._said.setdefault((source, target), set())
        # of several edges in one line, the first says what flows
        speaks = trunk == lines
        if said and label not in said:  # but twins stand beside each other, and may differ
            speaks = True
            self.rooms[out].make_room(trunk, label, self._turn)
        said.add(label)
        self._labelled.append(len(outwards) if speaks else -1)
        self._trips.append([*outwards, (out, trunk), *reversed(inwards)])

    def _line(self, number: int, source: _Stop, target: _Stop, label: _Pair = (0.0, 0.0)) -> int:
        """The number of a line in a room; what takes the same way is the same line."""
        room = self.rooms[number]
        if (source, target) not in room.known:
            room.known[source, target] = len(room.lines)
            room.lines.append((source, target, *label))
        return room.known[source, target]

    # --- sheets, from the innermost rooms out ---------------------------------------------

    def lay_out(self, cancelled: Asked) -> None:
        by_depth: dict[int, list[_Room]] = {}
        for room in self.rooms:
            by_depth.setdefault(room.depth, []).append(room)
        for depth in sorted(by_depth, reverse=True):
            rooms = by_depth[depth]
            for room in rooms:
                self._straighten(room)
            levels = [self._level(room) for room in rooms]
            for room, sheet in zip(rooms, sheets(levels, cancelled), strict=True):
                room.sheet = sheet
                if room.item >= 0:
                    room.fit()
                    self._sizes[room.item] = room.size

    def _straighten(self, room: _Room) -> None:
        """Mirror inner frames where what passes through them would drift to one side."""
        drift = 0.0
        mirrored: dict[int, Sheet] = {}
        for item in room.items:
            inner = self._frame(item)
            if inner is None or not inner.ways_in or not inner.ways_out:
                continue
            aside = inner.crossing(_Stop(-2 * len(inner.ways_out))) - inner.crossing(_Stop(-1))
            if drift * aside > 0:
                sheet = inner.sheet
                inner.sheet = mirrored.get(id(sheet)) or sheet.mirrored()
                mirrored[id(sheet)] = inner.sheet
                inner.fit()
                aside = -aside
            drift += aside

    def _level(self, room: _Room) -> Level:
        ways_in, ways_out = len(room.ways_in), len(room.ways_out)
        sizes = [_WAY] * ways_in + [self._sizes[item] for item in room.items] + [_WAY] * ways_out
        lines = [
            Line(
                room.number(source),
                room.number(target),
                label_width,
                label_height,
                self._crossing(room, source, out=True),
                self._crossing(room, target, out=False),
            )
            for source, target, label_width, label_height in room.lines
        ]
        return Level(tuple(sizes), tuple(lines), ways_in, ways_out)

    def _crossing(self, room: _Room, stop: _Stop, *, out: bool) -> float | None:
        if stop.way is None:
            return None
        return self._inner(room, stop).crossing(_Stop((-2 if out else -1) - 2 * stop.way))

    def _inner(self, room: _Room, stop: _Stop) -> _Room:
        inner = self._frame(room.items[stop.at])
        assert inner is not None
        return inner

    def _frame(self, item: int) -> _Room | None:
        """The inside of an item that is a frame."""
        boxes = len(self._sizes) - len(self.rooms) + 1
        return self.rooms[item - boxes + 1] if item >= boxes else None

    # --- from sheets to the picture -------------------------------------------------------

    def places(self) -> list[_Pair]:
        """The centres of boxes, then of frames."""
        found = [(0.0, 0.0)] * len(self._sizes)
        for room in sorted(self.rooms, key=lambda room: room.depth):
            if room.item >= 0:
                (x, y), (width, height) = found[room.item], room.size
                room.origin = (x - width / 2 + room.shift[0], y - height / 2 + room.shift[1])
            ways_in = len(room.ways_in)
            for item, (x, y) in zip(room.items, room.sheet.places[ways_in:], strict=False):
                found[item] = (x + room.origin[0], y + room.origin[1])
        self._places = found
        return found

    def routes(self) -> list[Route]:
        """Of each edge; `places` has been called before."""
        return [
            self._route(trip, labelled)
            for trip, labelled in zip(self._trips, self._labelled, strict=True)
        ]

    def _route(self, trip: list[tuple[int, int]], labelled: int) -> Route:
        if len(trip) == 1 and trip[0][0] == 0 == labelled:
            return self.rooms[0].sheet.routes[trip[0][1]]
        points: tuple[float, ...] = ()
        label = None
        for leg, (number, line) in enumerate(trip):
            room = self.rooms[number]
            route = moved(room.sheet.routes[line], *room.origin)
            if leg == labelled:
                label = route.label
            ahead = route.points
            if line in room.sheet.turned:
                source, target = room.lines[line][:2]
                if source.way is not None:
                    ahead = self._around(room, source, points[-2:], ahead[:2]) + ahead[2:]
                if target.way is not None:
                    end = (ahead[-2], self._border(room, target)[1])
                    ahead += self._around(room, target, ahead[-2:], end)[2:]
            if points and points[-2:] != ahead[:2]:
                points += straight(*points[-2:], *ahead[:2])
            points += ahead[2:] if points else ahead
        return Route(points, label)

    def _border(self, room: _Room, stop: _Stop) -> tuple[float, float, float, float]:
        """Left, top, right and bottom of an inner frame."""
        inner = self._inner(room, stop)
        (x, y), (width, height) = self._places[inner.item], inner.size
        return x - width / 2, y - height / 2, x + width / 2, y + height / 2

    def _around(
        self, room: _Room, stop: _Stop, start: Sequence[float], end: Sequence[float]
    ) -> tuple[float, ...]:
        """From the lower border of a frame to its upper one, beside it: a cycle is closed."""
        _, top, right, bottom = self._border(room, stop)
        beside = right + _DETOUR
        return rounded(
            [
                (start[0], start[1]),
                (start[0], bottom + _DETOUR),
                (beside, bottom + _DETOUR),
                (beside, top - _DETOUR),
                (end[0], top - _DETOUR),
                (end[0], end[1]),
            ]
        )
