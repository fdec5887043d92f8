"""How a box looks from near: its header, its rows, and the button that opens it."""

from __future__ import annotations

from functools import lru_cache

from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QColor, QFont, QPainter, QPainterPath, QPen, QStaticText

from netviz_desktop.ui.scene import colours, frames
from netviz_desktop.ui.scene.drawing import (
    HEADER_HEIGHT,
    NAME_GAP,
    PADDING,
    ROW_HEIGHT,
    Figure,
    Lettering,
    Row,
)
from netviz_desktop.ui.theme import Theme

RADIUS = 5.0
_TEXTS_KEPT = 20_000


class BoxPainter:
    """Paints one box after the other; keeps what is costly to make: laid out texts."""

    def __init__(self, lettering: Lettering) -> None:
        self._lettering = lettering
        self._texts: dict[tuple[int, str], QStaticText] = {}

    def forget(self) -> None:
        self._texts.clear()

    def paint(
        self,
        painter: QPainter,
        figure: Figure,
        corner: QPointF,
        fill: colours.Fill,
        palette: Theme,
        *,
        with_rows: bool,
    ) -> None:
        width, height = figure.width, figure.height
        painter.translate(corner)
        if figure.scope is not None and figure.scope.members:
            self._paint_stack(painter, width, height, palette)
        painter.setPen(Qt.PenStyle.NoPen)
        if figure.is_end:
            painter.setBrush(QColor(fill.fill))
            painter.drawPath(_rounded(width, height, height / 2))
        else:
            if figure.rows:
                painter.setBrush(QColor(palette.node))
                painter.drawPath(_rounded(width, height, RADIUS))
            painter.setBrush(QColor(fill.fill))
            painter.drawPath(_header(width, bool(figure.rows)))
        painter.setPen(QPen(QColor(colours.outline(palette)), 1))
        painter.setBrush(Qt.BrushStyle.NoBrush)
        painter.drawPath(_rounded(width, height, height / 2 if figure.is_end else RADIUS))
        self._paint_title(painter, figure, fill)
        if figure.scope is not None:
            button = frames.toggle_of(QRectF(0, 0, width, height))
            frames.paint_button(painter, button, fill.text, frames.Part.TOGGLE)
        if with_rows:
            self._paint_rows(painter, figure, palette)
        painter.translate(-corner)

    def _paint_stack(self, painter: QPainter, width: float, height: float, palette: Theme) -> None:
        """Two more boxes behind one that stands for several."""
        painter.setPen(QPen(QColor(colours.outline(palette)), 1))
        painter.setBrush(QColor(palette.node))
        for aside in (6.0, 3.0):
            painter.translate(aside, aside)
            painter.drawPath(_rounded(width, height, RADIUS))
            painter.translate(-aside, -aside)

    def _paint_title(self, painter: QPainter, figure: Figure, fill: colours.Fill) -> None:
        letters = self._lettering
        painter.setPen(QColor(fill.text))
        painter.setFont(letters.header)
        centred = figure.is_end or not figure.rows
        x = (figure.width - letters.width(letters.header, figure.title)) / 2
        y = (HEADER_HEIGHT - letters.height(letters.header)) / 2
        if figure.is_end and figure.rows:
            y += 2
        painter.drawStaticText(
            QPointF(x if centred else PADDING, y), self.text(letters.header, figure.title)
        )

    def _paint_rows(self, painter: QPainter, figure: Figure, palette: Theme) -> None:
        letters = self._lettering
        font = letters.row
        painter.setFont(font)
        lead = (ROW_HEIGHT - letters.height(font)) / 2
        y = figure.rows_top + lead
        for row in figure.rows:
            if row.follows:
                self._paint_chip(
                    painter, row, QRectF(0, y - lead, figure.width, ROW_HEIGHT), palette
                )
            elif figure.is_end:
                x = (figure.width - letters.width(font, row.text)) / 2
                painter.setPen(QColor(palette.muted))
                painter.drawStaticText(QPointF(x, y), self.text(font, row.text))
            else:
                x = PADDING
                if row.name:
                    painter.setPen(QColor(palette.text))
                    painter.drawStaticText(QPointF(x, y), self.text(font, row.name))
                    x += letters.width(font, row.name) + NAME_GAP
                painter.setPen(QColor(palette.muted if row.name else palette.text))
                painter.drawStaticText(QPointF(x, y), self.text(font, row.text))
            y += ROW_HEIGHT

    def _paint_chip(self, painter: QPainter, row: Row, line: QRectF, palette: Theme) -> None:
        """In the middle of a row: what can be followed."""
        letters = self._lettering
        width = letters.width(letters.row, row.text)
        x = line.center().x() - width / 2
        plate = QRectF(x - 5, line.top() + 0.5, width + 10, line.height() - 1)
        colour = QColor(palette.accent)
        colour.setAlphaF(0.14)
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(colour)
        painter.drawRoundedRect(plate, plate.height() / 2, plate.height() / 2)
        painter.setPen(QColor(palette.accent))
        y = line.center().y() - letters.height(letters.row) / 2
        painter.drawStaticText(QPointF(x, y), self.text(letters.row, row.text))

    def text(self, font: QFont, text: str) -> QStaticText:
        """A text that is laid out once, however often it is painted."""
        key = (id(font), text)
        if key not in self._texts:
            if len(self._texts) > _TEXTS_KEPT:
                self._texts.clear()
            static = QStaticText(text)
            static.setTextFormat(Qt.TextFormat.PlainText)  # names may look like HTML
            static.prepare(font=font)
            self._texts[key] = static
        return self._texts[key]


@lru_cache(maxsize=4096)
def _rounded(width: float, height: float, radius: float) -> QPainterPath:
    path = QPainterPath()
    path.addRoundedRect(QRectF(0, 0, width, height), radius, radius)
    return path


@lru_cache(maxsize=4096)
def _header(width: float, with_rows: bool) -> QPainterPath:
    if not with_rows:
        return _rounded(width, HEADER_HEIGHT, RADIUS)
    path = QPainterPath(QPointF(0, HEADER_HEIGHT))
    path.lineTo(0, RADIUS)
    path.arcTo(0, 0, 2 * RADIUS, 2 * RADIUS, 180, -90)
    path.lineTo(width - RADIUS, 0)
    path.arcTo(width - 2 * RADIUS, 0, 2 * RADIUS, 2 * RADIUS, 90, -90)
    path.lineTo(width, HEADER_HEIGHT)
    path.closeSubpath()
    return path
