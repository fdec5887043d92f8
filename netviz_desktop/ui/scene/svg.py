"""A chart as SVG: small, and its text can be searched and selected.

Lines are in whole tenths of a pixel, each point relative to the one before; boxes that look
the same are drawn once and used again; what looks the same shares a class.
"""

from __future__ import annotations

import html
import itertools
from collections.abc import Iterable, Iterator
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QRectF

from netviz_desktop.graph.category import Category
from netviz_desktop.ui.scene import badge, colours, frames, strip
from netviz_desktop.ui.scene.boxes import RADIUS
from netviz_desktop.ui.scene.captions import elided
from netviz_desktop.ui.scene.chart import Chart
from netviz_desktop.ui.scene.drawing import (
    HEADER_HEIGHT,
    PADDING,
    ROW_HEIGHT,
    ROWS_PADDING,
    TITLE_HEIGHT,
    Figure,
    Lettering,
)
from netviz_desktop.ui.theme import Theme

_LONGEST_NAME = 300
_FINE = 10  # units of lines in a pixel
_WIRES_IN_A_PATH = 200  # a viewer skips what is out of view path by path
_STRAIGHT = 1.5  # units off its chord, a curve is a line
_GAP = "\u00a0\u00a0"  # between a row's name and its value

Ints = NDArray[np.int64]


def as_svg(chart: Chart, lettering: Lettering, palette: Theme, area: QRectF) -> str:
    """The part of a chart that is in the area, as an SVG document."""
    left, top = _short(area.left()), _short(area.top())
    width, height = _short(area.width()), _short(area.height())
    wires = chart.wires_in(area)
    document = _Document(chart, lettering, palette)
    figures = list(document.figures(chart.figures_in(area).tolist()))
    shapes, ground = document.shapes(), palette.canvas
    return "\n".join(
        [
            '<svg xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink"',
            f'width="{width}" height="{height}" viewBox="{left} {top} {width} {height}">',
            f"<style>{document.style()}</style>",
            "<defs>",
            *shapes,
            "</defs>",
            # in numbers: some readers take 100 % for 100
            f'<rect x="{left}" y="{top}" width="{width}" height="{height}" fill="{ground}"/>',
            *document.frames(chart.frames_in(area).tolist()),
            f'<g transform="scale({1 / _FINE:g})">',
            *document.wires(wires),
            "</g>",
            f'<g class="l">{"".join(document.labels(wires.tolist()))}</g>',
            '<g class="t">',
            *figures,
            "</g>",
            *strip.as_svg(chart, area, palette),
            "</svg>\n",
        ]
    )


class _Document:
    """The parts of it; shapes are known once all figures have been written."""

    def __init__(self, chart: Chart, lettering: Lettering, palette: Theme) -> None:
        self._chart = chart
        self._letters = lettering
        self._palette = palette
        self._shapes: dict[_Shape, str] = {}
        self._names = map(_name, itertools.count())
        self._fills: dict[colours.Fill, str] = {}
        self._letter_colour = colours.header(Category.LAYER, palette).text
        header = lettering.header
        self._baseline = (HEADER_HEIGHT - lettering.height(header)) / 2 + lettering.ascent(header)
        row = lettering.row
        self._row_baseline = (ROW_HEIGHT - lettering.height(row)) / 2 + lettering.ascent(row)

    def style(self) -> str:
        palette = self._palette
        family = self._letters.header.family().replace("'", "")
        fills = (
            f".{name}{{fill:{fill.fill}}}.{name}t{{fill:{fill.text}}}"
            for fill, name in self._fills.items()
        )
        depths = {border.depth for border in self._chart.borders}
        grounds = (
            f".g{depth}{{fill:{ground};stroke:{edge}}}.h{depth}{{fill:{title}}}"
            for depth in sorted(depths)
            for ground, edge, title in (colours.frame(depth, palette),)
        )
        return (
            f"text{{font-family:'{family}',Helvetica,Arial,sans-serif;white-space:pre}}"
            f".e{{fill:none;stroke:{palette.edge};stroke-width:{_FINE}px}}.a{{fill:{palette.edge}}}"
            f".l{{font-size:10px;fill:{colours.label(palette)}}}"
            ".i{font-style:italic}"
            ".t{font-size:11px;font-weight:500;text-anchor:middle;"
            f"fill:{self._letter_colour}}}.s{{text-anchor:start}}"
            f".n{{font-size:9px;font-weight:400;fill:{palette.text}}}"
            f".v{{font-size:9px;font-weight:400;fill:{palette.muted}}}"
            f".f{{fill:none;stroke:{palette.error};stroke-width:2px;stroke-dasharray:8 4}}"
            f".b{{fill:{palette.node};stroke:{colours.outline(palette)}}}"
            f".o{{fill:none;stroke:{colours.outline(palette)}}}"
            f"{''.join(fills)}{''.join(grounds)}"
        )

    def shapes(self) -> list[str]:
        return [f'<g id="{name}">{shape.as_svg()}</g>' for shape, name in self._shapes.items()]

    def frames(self, indices: Iterable[int]) -> Iterator[str]:
        """Outer ones first: inner ones lie on them."""
        chart, letters = self._chart, self._letters
        down = (TITLE_HEIGHT - letters.height(letters.header)) / 2 + letters.ascent(letters.header)
        deeper = sorted(indices, key=lambda index: chart.borders[index].depth)
        for depth, same in itertools.groupby(deeper, lambda index: chart.borders[index].depth):
            together = list(same)
            yield f'<g class="g{depth}">'
            for index in together:
                left, top, width, height = map(_short, chart.frames[index].tolist())
                yield (
                    f'<rect x="{left}" y="{top}" width="{width}" height="{height}"'
                    f' rx="{frames.RADIUS:g}"/>'
                )
            yield f'</g><g class="t s h{depth}">'
            for index in together:
                border = chart.borders[index]
                left, top = chart.frames[index, :2].tolist()
                x, y = _short(left + PADDING), _short(top + down)
                detail = f'<tspan class="v">{_GAP}{_escaped(border.detail)}</tspan>'
                yield (
                    f'<text x="{x}" y="{y}">{_escaped(border.title)}'
                    f"{detail if border.detail else ''}</text>"
                )
            yield "</g>"

    # --- lines ----------------------------------------------------------------------------

    def wires(self, indices: NDArray[np.intp]) -> Iterator[str]:
        for start in range(0, len(indices), _WIRES_IN_A_PATH):
            together = indices[start : start + _WIRES_IN_A_PATH]
            yield f'<path class="e" d="{_lines(*self._chart.own_cubics(together))}"/>'
            yield f'<path class="a" d="{_triangles(self._chart.arrows(together))}"/>'

    def labels(self, indices: Iterable[int]) -> Iterator[str]:
        letters, chart = self._letters, self._chart
        drop = letters.ascent(letters.label) - letters.height(letters.label) / 2
        for index in indices:
            wire, centre = chart.wires[index], chart.label_centre(index)
            if wire.label and centre is not None:
                x = round(centre.x() - wire.label_width / 2)
                kind = ' class="i"' if wire.is_inferred else ""
                y = round(centre.y() + drop)
                yield f'<text{kind} x="{x}" y="{y}">{_escaped(wire.label)}</text>'

    # --- boxes ----------------------------------------------------------------------------

    def figures(self, indices: Iterable[int]) -> Iterator[str]:
        """Each in a group whose origin is where its title stands."""
        for index in indices:
            figure = self._chart.figures[index]
            left, top = self._chart.rectangles[index, :2].tolist()
            aside, down = self._title_at(figure)
            x, y = _short(left + aside), _short(top + down)
            fill = self._chart.fill(figure, self._palette)
            classes = self._classes(fill, _is_centred(figure))
            name = _escaped(elided(figure.node or figure.full, _LONGEST_NAME))
            yield (
                f'<g{classes} transform="translate({x} {y})"><title>{name}</title>'
                f'<use xlink:href="#{self._shape_name(figure, fill)}"/>'
                f"<text>{_escaped(figure.title)}</text>{''.join(self._rows(figure, down))}"
                f"{self._fault(figure) if figure.faulty else ''}</g>"
            )

    def _title_at(self, figure: Figure) -> tuple[float, float]:
        """From its left upper corner."""
        lower = 2 if figure.is_end and figure.rows else 0
        return figure.width / 2 if _is_centred(figure) else PADDING, self._baseline + lower

    def _rows(self, figure: Figure, title: float) -> Iterator[str]:
        down = HEADER_HEIGHT + (-3 if figure.is_end else ROWS_PADDING) + self._row_baseline
        for number, row in enumerate(figure.rows):
            y = _short(down + number * ROW_HEIGHT - title)
            name = f'{_escaped(row.name)}<tspan class="v">{_GAP}' if row.name else ""
            kind = "v" if figure.is_end else "n"
            yield (
                f'<text class="{kind}" y="{y}">{name}{_escaped(row.text)}'
                f"{'</tspan>' if name else ''}</text>"
            )

    def _classes(self, fill: colours.Fill, centred: bool) -> str:
        name = "" if fill.text == self._letter_colour else self._fill(fill) + "t"
        classes = " ".join(filter(None, [name, "" if centred else "s"]))
        return f' class="{classes}"' if classes else ""

    def _fill(self, fill: colours.Fill) -> str:
        return self._fills.setdefault(fill, f"c{len(self._fills)}")

    def _shape_name(self, figure: Figure, fill: colours.Fill) -> str:
        shape = _Shape(
            figure.width,
            figure.height,
            *self._title_at(figure),
            self._fill(fill),
            figure.is_end,
            bool(figure.rows),
            figure.scope is not None and bool(figure.scope.members),
        )
        name = self._shapes.get(shape)
        if name is None:
            name = self._shapes[shape] = next(self._names)
        return name

    def _fault(self, figure: Figure) -> str:
        aside, down = self._title_at(figure)
        radius = figure.height / 2 if figure.is_end else RADIUS
        border = _rectangle("f", -aside, -down, figure.width, figure.height, radius)
        return border + badge.as_svg(figure.width - aside, -down, self._palette)


class _Shape(NamedTuple):
    """What boxes that look the same have in common; its origin is where the title stands."""

    width: float
    height: float
    title_x: float
    title_y: float
    fill: str
    is_end: bool
    has_rows: bool
    is_stack: bool

    def as_svg(self) -> str:
        r = self.height / 2 if self.is_end else RADIUS
        behind = self._rectangle("b", r, 6) + self._rectangle("b", r, 3) if self.is_stack else ""
        outline = self._rectangle("o", r)
        if self.is_end or not self.has_rows:
            return behind + self._rectangle(self.fill, r) + outline
        header = (
            f'<path class="{self.fill}" d="M{_short(-self.title_x)} '
            f"{_short(HEADER_HEIGHT - self.title_y)}v{r - HEADER_HEIGHT:g}"
            f"a{r:g} {r:g} 0 0 1 {r:g} {-r:g}h{_short(self.width - 2 * r)}"
            f'a{r:g} {r:g} 0 0 1 {r:g} {r:g}v{HEADER_HEIGHT - r:g}z"/>'
        )
        return behind + self._rectangle("b", r) + header + outline

    def _rectangle(self, classes: str, radius: float, aside: float = 0) -> str:
        x, y = aside - self.title_x, aside - self.title_y
        return _rectangle(classes, x, y, self.width, self.height, radius)


def _rectangle(classes: str, x: float, y: float, width: float, height: float, radius: float) -> str:
    return (
        f'<rect class="{classes}" x="{_short(x)}" y="{_short(y)}" width="{_short(width)}"'
        f' height="{_short(height)}" rx="{_short(radius)}"/>'
    )


def _is_centred(figure: Figure) -> bool:
    return figure.is_end or not figure.rows


def _lines(cubics: NDArray[np.float64], goes_on: NDArray[np.bool_]) -> str:
    """SVG's path of cubics.

    Args:
        cubics: (C, 8).
        goes_on: (C,), which begin where the one before ends.
    """
    points = np.rint(_FINE * cubics).astype(np.int64)
    relative = points[:, 2:] - np.tile(points[:, :2], 3)
    dx, dy = relative[:, 4], relative[:, 5]
    lean = np.abs(dx[:, None] * relative[:, 1:4:2] - dy[:, None] * relative[:, 0:4:2]).max(axis=1)
    is_straight = lean <= _STRAIGHT * np.hypot(dx, dy)
    moves = np.diff(points[:, :2], axis=0, prepend=0) - np.concatenate(
        [np.zeros((1, 2), np.int64), relative[:-1, 4:]]
    )
    found = []
    going_down = 0  # a vertical line of several parts is one
    rows = zip(
        relative.tolist(), is_straight.tolist(), goes_on.tolist(), moves.tolist(), strict=True
    )
    for (ax, ay, bx, by, cx, cy), straight, joined, (right, down) in rows:
        vertical = straight and cx == 0
        if going_down and not (joined and vertical and (cy > 0) == (going_down > 0)):
            found.append(f"v{going_down}")
            going_down = 0
        if not joined or right or down:
            found.append(f"m{right} {down}")
        if vertical:
            going_down += cy
        elif straight:
            found.append(f"h{cx}" if cy == 0 else f"l{cx} {cy}")
        else:
            found.append(f"c{ax} {ay} {bx} {by} {cx} {cy}")
    if going_down:
        found.append(f"v{going_down}")
    return "".join(found).replace(" -", "-")


def _triangles(corners: NDArray[np.float64]) -> str:
    """SVG's path of triangles (T, 3, 2)."""
    points = np.rint(_FINE * corners).astype(np.int64)
    moves = np.diff(points[:, 0], axis=0, prepend=0)  # a closed path ends where it began
    sides = np.diff(points, axis=1).reshape(-1, 4)
    return "".join(
        f"m{x} {y}l{a} {b}h{c}z" if d == 0 else f"m{x} {y}l{a} {b} {c} {d}z"
        for x, y, a, b, c, d in np.concatenate([moves, sides], axis=1).tolist()
    ).replace(" -", "-")


def _short(length: float) -> str:
    """With one decimal, where it has any."""
    tenths = round(10 * length)
    return str(tenths / 10) if tenths % 10 else str(tenths // 10)


def _name(number: int) -> str:
    """a, b, ..., z, aa, ab, ..."""
    found = ""
    number += 1
    while number:
        number, digit = divmod(number - 1, 26)
        found = chr(ord("a") + digit) + found
    return found


def _escaped(text: str) -> str:
    return html.escape(text, quote=False)
