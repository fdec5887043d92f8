"""Rows, columns and scrolled pages, on a grid of 8 pixels."""

from __future__ import annotations

from PySide6.QtCore import QSize, Qt
from PySide6.QtWidgets import QFrame, QHBoxLayout, QLayout, QScrollArea, QVBoxLayout, QWidget

GRID = 8

Part = QWidget | QLayout | int
"""A widget, a layout, or a stretch."""


class Room(QWidget):
    """For a picture: takes as much height as is left, not as much as the picture once had, so
    that what is below it on a page stays in view; never less than `least` pixels."""

    def __init__(self, least: int) -> None:
        super().__init__()
        self._least = least

    def sizeHint(self) -> QSize:
        return QSize(super().sizeHint().width(), self._least)

    def minimumSizeHint(self) -> QSize:
        return QSize(super().minimumSizeHint().width(), self._least)


def column(owner: QWidget, *parts: Part, margin: int = 0, spacing: int = GRID) -> QVBoxLayout:
    """The parts of `owner` below each other."""
    layout = QVBoxLayout(owner)
    _fill(layout, parts)
    layout.setContentsMargins(margin, margin, margin, margin)
    layout.setSpacing(spacing)
    return layout


def row(*parts: Part, spacing: int = GRID) -> QHBoxLayout:
    """Parts beside each other; a whole number is a stretch."""
    layout = QHBoxLayout()
    _fill(layout, parts)
    layout.setContentsMargins(0, 0, 0, 0)
    layout.setSpacing(spacing)
    return layout


def scrolled(page: QWidget) -> QScrollArea:
    """A page that scrolls up and down where it does not fit."""
    area = QScrollArea()
    area.setFrameShape(QFrame.Shape.NoFrame)
    area.setWidgetResizable(True)
    area.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
    area.setWidget(page)
    return area


def _fill(layout: QHBoxLayout | QVBoxLayout, parts: tuple[Part, ...]) -> None:
    for part in parts:
        if isinstance(part, int):
            layout.addStretch(part)
        elif isinstance(part, QLayout):
            layout.addLayout(part)
        else:
            layout.addWidget(part)
