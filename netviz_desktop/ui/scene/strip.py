"""What the colours of an overlay mean, below a picture of the graph that is saved."""

from __future__ import annotations

import html
from collections.abc import Iterator
from dataclasses import dataclass

from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QColor, QFont, QFontMetricsF, QPainter

from netviz_desktop.graph.overlay import Scale
from netviz_desktop.ui.scene import colours
from netviz_desktop.ui.scene.chart import Chart
from netviz_desktop.ui.scene.shades import Shades, categories, ramp
from netviz_desktop.ui.theme import Theme

HEIGHT = 82.0
_LEAST_WIDTH = 300.0
_MARGIN = 14.0
_BAR = QRectF(0, 30, 220, 10)
_TICK = 3.0
_SWATCH = 10.0


@dataclass(frozen=True)
class _Block:
    area: QRectF
    fill: str


@dataclass(frozen=True)
class _Words:
    """`at` is where their base line begins."""

    at: QPointF
    text: str
    font: QFont
    fill: str


def around(chart: Chart, area: QRectF) -> QRectF:
    """An area of a chart, with room for the strip below it if an overlay colours it."""
    if chart.shades is None:
        return area
    aside = max(0.0, (_LEAST_WIDTH - area.width()) / 2)
    return area.adjusted(-aside, 0, aside, HEIGHT)


def paint(painter: QPainter, chart: Chart, area: QRectF, palette: Theme) -> None:
    """Into the room at the lower end of `area`."""
    if chart.shades is None:
        return
    painter.setPen(Qt.PenStyle.NoPen)
    for part in _parts(chart, chart.shades, area, palette):
        if isinstance(part, _Block):
            painter.fillRect(part.area, QColor(part.fill))
        else:
            painter.setFont(part.font)
            painter.setPen(QColor(part.fill))
            painter.drawText(part.at, part.text)


def as_svg(chart: Chart, area: QRectF, palette: Theme) -> Iterator[str]:
    """The same as SVG."""
    if chart.shades is None:
        return
    for part in _parts(chart, chart.shades, area, palette):
        if isinstance(part, _Block):
            box = part.area
            yield (
                f'<rect x="{box.x():.1f}" y="{box.y():.1f}" width="{box.width():.1f}"'
                f' height="{box.height():.1f}" fill="{part.fill}"/>'
            )
        else:
            text = html.escape(part.text, quote=False)
            yield (
                f'<text x="{part.at.x():.1f}" y="{part.at.y():.1f}" fill="{part.fill}"'
                f' font-size="{part.font.pixelSize()}" font-weight="{part.font.weight().value}">'
                f"{text}</text>"
            )


def _parts(chart: Chart, shades: Shades, area: QRectF, palette: Theme) -> Iterator[_Block | _Words]:
    letters, kind = chart.lettering, shades.overlay.kind
    room = QRectF(area.left(), area.bottom() - HEIGHT, area.width(), HEIGHT)
    yield _Block(room, palette.canvas)
    yield _Block(QRectF(room.left(), room.top(), room.width(), 1), palette.border)
    corner = room.topLeft() + QPointF(_MARGIN, 0)
    yield _Words(corner + QPointF(0, 21), kind.name, letters.header, palette.text)
    aside = letters.width(letters.header, kind.name) + 8
    says = " ".join(filter(None, (kind.says, shades.overlay.note)))
    says = QFontMetricsF(letters.label).elidedText(
        says, Qt.TextElideMode.ElideRight, room.width() - 2 * _MARGIN - aside
    )
    yield _Words(corner + QPointF(aside, 21), says, letters.label, palette.muted)
    bar = _BAR.translated(corner)
    if kind.scale is Scale.CATEGORICAL:
        named = zip((step.fill for step in categories()), kind.categories, strict=False)
        yield from _swatches(chart, list(named), bar.topLeft(), palette)
        return
    steps = ramp()
    width = bar.width() / len(steps)
    for index, step in enumerate(steps):
        over = width if index + 1 == len(steps) else width + 0.5  # below the next: no seam
        yield _Block(QRectF(bar.left() + index * width, bar.top(), over, bar.height()), step.fill)
    for label in shades.labels(bar.width(), lambda text: letters.width(letters.label, text)):
        x = bar.left() + label.at * (bar.width() - 1)
        yield _Block(QRectF(x, bar.bottom(), 1, _TICK), palette.muted)
        below = QPointF(bar.left() + label.left, bar.bottom() + _TICK + 11)
        yield _Words(below, label.text, letters.label, palette.muted)
    if shades.blank_says:
        blank = [(colours.blank(palette).fill, shades.blank_says)]
        yield from _swatches(chart, blank, bar.bottomLeft() + QPointF(0, _TICK + 17), palette)


def _swatches(
    chart: Chart, named: list[tuple[str, str]], corner: QPointF, palette: Theme
) -> Iterator[_Block | _Words]:
    letters = chart.lettering
    for fill, name in named:
        yield _Block(QRectF(corner, QPointF(corner.x() + _SWATCH, corner.y() + _SWATCH)), fill)
        beside = corner + QPointF(_SWATCH + 5, _SWATCH - 1)
        yield _Words(beside, name, letters.label, palette.muted)
        corner = corner + QPointF(_SWATCH + 19 + letters.width(letters.label, name), 0)
