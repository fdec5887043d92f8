"""Classes with bars as long as their scores."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from PySide6.QtCore import QModelIndex, QPersistentModelIndex, QRect, QRectF, QSize, Qt, Signal
from PySide6.QtGui import QColor, QPainter
from PySide6.QtWidgets import (
    QFrame,
    QListWidget,
    QListWidgetItem,
    QStyle,
    QStyledItemDelegate,
    QStyleOptionViewItem,
    QWidget,
)

from netviz_desktop.ui import theme
from netviz_desktop.ui.widgets.labels import plain_tip
from netviz_desktop.ui.widgets.numbers import number, percent, short

_ROLE = Qt.ItemDataRole.UserRole


@dataclass(frozen=True)
class Score:
    """A class; `share` is between 0 and 1. None: not known."""

    target: int
    label: str
    share: float | None
    logit: float | None


class ScoreList(QListWidget):
    """One of them is current; a click or Enter chooses another."""

    chosen = Signal(int)
    """The target of a class."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.setItemDelegate(_ScoreDelegate(self))
        self.setMouseTracking(True)
        self.setUniformItemSizes(True)
        self.setMinimumHeight(66)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.viewport().setAutoFillBackground(False)
        self.itemClicked.connect(self._choose)
        self.itemActivated.connect(self._choose)

    def show_scores(self, scores: list[Score], current: int | None) -> None:
        """Draw them, in this order; `current` is the target of one."""
        self.clear()
        for score in scores:
            item = QListWidgetItem(score.label)
            item.setData(_ROLE, score)
            item.setToolTip(plain_tip(f"{score.label} (class {score.target})"))
            self.addItem(item)
            if score.target == current:
                self.setCurrentItem(item)

    def scores(self) -> list[Score]:
        """What is shown."""
        return [self.item(row).data(_ROLE) for row in range(self.count())]

    def _choose(self, item: QListWidgetItem) -> None:
        self.chosen.emit(item.data(_ROLE).target)


class _ScoreDelegate(QStyledItemDelegate):
    def sizeHint(
        self, option: QStyleOptionViewItem, index: QModelIndex | QPersistentModelIndex
    ) -> QSize:
        del index
        return QSize(120, _metrics(option).height() + 13)

    def paint(
        self,
        painter: QPainter,
        option: QStyleOptionViewItem,
        index: QModelIndex | QPersistentModelIndex,
    ) -> None:
        score: Score = index.data(_ROLE)
        # the stubs do not know what an option inherits
        style: Any = option
        colours, area = theme.current(), QRect(style.rect)
        chosen = bool(style.state & QStyle.StateFlag.State_Selected)
        hovered = bool(style.state & QStyle.StateFlag.State_MouseOver)
        painter.save()
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        if chosen or hovered:
            share = 0.14 if chosen else 0.06
            painter.setPen(Qt.PenStyle.NoPen)
            painter.setBrush(QColor(theme.blend(colours.accent, colours.window, share)))
            painter.drawRoundedRect(QRectF(area).adjusted(0, 1, 0, -1), 4, 4)
        inner = area.adjusted(8, 3, -8, -6)
        self._words(painter, inner, score, style, chosen=chosen)
        track = QRectF(area.left() + 8, area.bottom() - 6, area.width() - 16, 3)
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(QColor(theme.blend(colours.text, colours.window, 0.10)))
        painter.drawRoundedRect(track, 1.5, 1.5)
        if score.share:
            track.setWidth(max(3.0, track.width() * score.share))
            painter.setBrush(QColor(colours.accent))
            painter.drawRoundedRect(track, 1.5, 1.5)
        painter.restore()

    def _words(
        self, painter: QPainter, area: QRect, score: Score, option: Any, *, chosen: bool
    ) -> None:
        colours, metrics = theme.current(), _metrics(option)
        font = option.font
        font.setWeight(font.Weight.DemiBold if chosen else font.Weight.Normal)
        painter.setFont(option.font)
        right = Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter
        logit = "not among the first" if score.logit is None else number(score.logit)
        painter.setPen(QColor(colours.muted))
        painter.drawText(area, right, logit)
        wide = max(metrics.horizontalAdvance("−00.00"), metrics.horizontalAdvance(logit))
        area = area.adjusted(0, 0, -wide - 8, 0)
        if score.share is not None:
            painter.setPen(QColor(colours.text))
            painter.drawText(area, right, percent(score.share))
            area = area.adjusted(0, 0, -metrics.horizontalAdvance("00.0 %") - 12, 0)
        painter.setPen(QColor(colours.text))
        label = metrics.elidedText(
            short(score.label, 200), Qt.TextElideMode.ElideRight, area.width()
        )
        painter.drawText(area, Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter, label)


def _metrics(option: Any) -> Any:
    return option.fontMetrics
