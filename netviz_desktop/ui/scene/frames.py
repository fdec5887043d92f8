"""Frames around open scopes: how they look, and which of their parts is under the pointer."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from enum import Enum

import numpy as np
from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QColor, QFont, QPainter, QPen, QStaticText

from netviz_desktop.ui.scene import colours
from netviz_desktop.ui.scene.chart import Chart
from netviz_desktop.ui.scene.drawing import BUTTON, TITLE_HEIGHT, Lettering, step_text
from netviz_desktop.ui.scene.many import draw_many
from netviz_desktop.ui.theme import Theme

RADIUS = 7.0
_INSET = 6.0
_PLAIN_BELOW = 0.25
_SMALLEST = 3.0  # pixels
_LONGEST_NAME = 300.0
_TOP = (TITLE_HEIGHT - BUTTON) / 2

StaticText = Callable[[QFont, str], QStaticText]


class Part(Enum):
    """What can be pressed."""

    TITLE = "title"
    TOGGLE = "toggle"
    BACK = "back"
    FORWARD = "forward"


def part_at(chart: Chart, point: QPointF) -> tuple[int, Part] | None:
    """The frame whose bar is there, and which part of it."""
    left, top, width, _ = chart.frames.T
    inside = (left <= point.x()) & (point.x() <= left + width)
    inside &= (top <= point.y()) & (point.y() <= top + TITLE_HEIGHT)
    found = np.flatnonzero(inside)
    if not len(found):
        return None
    index = int(found[-1])  # inner frames come last
    for part, button in _buttons(chart, index).items():
        if button.adjusted(-3, -3, 3, 3).contains(point):
            return index, part
    return index, Part.TITLE


def toggle_of(rectangle: QRectF) -> QRectF:
    """The button that opens a closed scope's box."""
    return QRectF(rectangle.right() - BUTTON - 5, rectangle.top() + 4, BUTTON, BUTTON)


def _buttons(chart: Chart, index: int) -> dict[Part, QRectF]:
    left, top, width, _ = chart.frames[index].tolist()
    found = {Part.TOGGLE: QRectF(left + _INSET, top + _TOP, BUTTON, BUTTON)}
    border = chart.borders[index]
    if border.scope.members:
        right = left + width - _INSET - BUTTON
        between = chart.lettering.width(chart.lettering.row, step_text(border.scope, border.step))
        found[Part.FORWARD] = QRectF(right, top + _TOP, BUTTON, BUTTON)
        found[Part.BACK] = QRectF(right - between - 8 - BUTTON, top + _TOP, BUTTON, BUTTON)
    return found


def paint_grounds(
    painter: QPainter, chart: Chart, frames: Iterable[int], scale: float, palette: Theme
) -> None:
    """What lies below lines and boxes; from afar only what is large enough to be seen."""
    if scale < _PLAIN_BELOW:
        seen = np.array(list(frames), np.intp)
        seen = seen[(chart.frames[seen, 2:] * scale >= _SMALLEST).all(axis=1)]
        for depth in np.unique(chart.depths[seen]).tolist():
            ground, edge, _ = colours.frame(depth, palette)
            pen = QPen(QColor(edge), 1)
            pen.setCosmetic(True)
            painter.setPen(pen)
            painter.setBrush(QColor(ground))
            draw_many(painter.drawRects, chart.frames[seen[chart.depths[seen] == depth]], QRectF)
        return
    for index in frames:
        ground, edge, _ = colours.frame(chart.borders[index].depth, palette)
        pen = QPen(QColor(edge), 1)
        pen.setCosmetic(True)
        painter.setPen(pen)
        painter.setBrush(QColor(ground))
        painter.drawRoundedRect(QRectF(*chart.frames[index].tolist()), RADIUS, RADIUS)


def paint_titles(
    painter: QPainter,
    chart: Chart,
    frames: Iterable[int],
    palette: Theme,
    text: StaticText,
    letters: Lettering,
) -> None:
    """The bars, large enough to be read as they are."""
    for index in frames:
        border = chart.borders[index]
        ground, _, colour = colours.frame(border.depth, palette)
        left, top, *_ = chart.frames[index].tolist()
        x = left + _INSET + BUTTON + 6
        words = letters.width(letters.header, border.title)
        detail = letters.width(letters.row, border.detail) + 8 if border.detail else 0.0
        veil = QColor(ground)
        veil.setAlphaF(0.85)  # a line may have to pass behind
        painter.fillRect(QRectF(x - 2, top + 3, words + detail + 4, TITLE_HEIGHT - 6), veil)
        painter.setPen(QColor(colour))
        painter.setFont(letters.header)
        y = top + (TITLE_HEIGHT - letters.height(letters.header)) / 2
        painter.drawStaticText(QPointF(x, y), text(letters.header, border.title))
        y = top + (TITLE_HEIGHT - letters.height(letters.row)) / 2
        painter.setFont(letters.row)
        if border.detail:
            painter.setPen(QColor(palette.muted))
            painter.drawStaticText(QPointF(x + words + 8, y), text(letters.row, border.detail))
        buttons = _buttons(chart, index)
        paint_button(painter, buttons[Part.TOGGLE], colour, Part.TOGGLE, opens=False)
        if Part.BACK in buttons:
            for part in (Part.BACK, Part.FORWARD):
                paint_button(painter, buttons[part], colour, part)
            step = step_text(border.scope, border.step)
            painter.setPen(QColor(colour))
            painter.drawStaticText(
                QPointF(buttons[Part.BACK].right() + 4, y), text(letters.row, step)
            )


def paint_names(
    painter: QPainter,
    chart: Chart,
    area: QRectF,
    scale: float,
    palette: Theme,
    letters: Lettering,
) -> None:
    """From afar: the names of outer frames at their left, those of frames in them at the
    right, as large on the screen as text must be, where nothing else is."""
    font = letters.header
    painter.setFont(font)
    height = letters.height(font) + 4
    lowest = {-1: -np.inf, 1: -np.inf}  # how far down each side is written on
    aside = _LONGEST_NAME / scale
    near = chart.frames_in(area.adjusted(-aside, -aside, aside, aside))
    near = near[(chart.depths[near] < 2) & (chart.frames[near, 3] * scale >= height)]
    for index in near.tolist():
        border = chart.borders[index]
        left, top, width, _ = chart.frames[index].tolist()
        side = 1 if border.depth else -1
        if border.depth:
            outer = chart.frames[chart.border_index[border.frame]]
            left, width = float(outer[0]), float(outer[2])
        words = letters.width(font, border.title) + 6
        x = left * scale - words - 2 if side < 0 else (left + width) * scale + 2
        room = QRectF(x, top * scale, words, height)
        below = QRectF(room.x() / scale, top, words / scale, height / scale)
        if top * scale < lowest[side] or len(chart.figures_in(below)):
            continue
        lowest[side] = top * scale + height
        painter.save()
        painter.scale(1 / scale, 1 / scale)
        painter.setPen(QColor(colours.frame(border.depth, palette)[2]))
        painter.drawText(room, Qt.AlignmentFlag.AlignCenter, border.title)
        painter.restore()


def paint_button(
    painter: QPainter, button: QRectF, colour: str, part: Part, *, opens: bool = True
) -> None:
    """A sign in a thin square: plus, minus, or an arrow."""
    pen = QPen(QColor(colour), 1.2)
    painter.setPen(pen)
    painter.setBrush(Qt.BrushStyle.NoBrush)
    centre, reach = button.center(), BUTTON / 2 - 4
    if part is Part.TOGGLE:
        painter.drawRoundedRect(button.adjusted(1, 1, -1, -1), 3, 3)
        painter.drawLine(centre - QPointF(reach, 0), centre + QPointF(reach, 0))
        if opens:
            painter.drawLine(centre - QPointF(0, reach), centre + QPointF(0, reach))
        return
    ahead = reach if part is Part.FORWARD else -reach
    tip = centre + QPointF(ahead / 2, 0)
    painter.drawPolyline([tip + QPointF(-ahead, -reach), tip, tip + QPointF(-ahead, reach)])
