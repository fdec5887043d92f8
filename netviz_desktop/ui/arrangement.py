"""Where the docks are: as suggested, as the person left them, away while nothing is open."""

from __future__ import annotations

import itertools
from collections.abc import Sequence

from PySide6.QtCore import Qt, QTimer
from PySide6.QtWidgets import QMainWindow, QMenu

from netviz_desktop.ui.docks import Dock
from netviz_desktop.ui.settings import Settings
from netviz_desktop.ui.title_bar import TitleBar

_COLUMNS = 2
"""Docks of the right area stand in rows of two, so that maps, gradients, weights and the
attribution are in view together."""
_SHARES = {
    Qt.DockWidgetArea.LeftDockWidgetArea: 0.17,
    Qt.DockWidgetArea.RightDockWidgetArea: 0.5,
}
"""Of the window's width; the rest is the graph's."""

Place = list[Dock]
"""Docks that share their place as tabs."""


class Arrangement:
    """Of one window's docks."""

    def __init__(self, window: QMainWindow, settings: Settings, menu: QMenu) -> None:
        self._window = window
        self._settings = settings
        self._menu = menu
        self._out = False
        self.docks: list[Dock] = []
        window.setDockNestingEnabled(True)
        window.setTabPosition(
            Qt.DockWidgetArea.AllDockWidgetAreas,
            window.tabPosition(Qt.DockWidgetArea.TopDockWidgetArea),
        )

    def furnish(self, docks: Sequence[Dock]) -> None:
        """Take them, hidden, in the order in which they shall stand."""
        self.docks = list(docks)
        for dock in docks:
            dock.setTitleBarWidget(TitleBar(dock))
            self._menu.addAction(dock.toggleViewAction())
        self._suggest()
        for dock in docks:
            dock.hide()
        self._menu.setEnabled(False)

    def show(self) -> None:
        """As the person left them, or as suggested."""
        if self._out:
            return
        self._out = True
        self._menu.setEnabled(True)
        if not (self._settings.layout and self._window.restoreState(self._settings.layout)):
            self.reset()

    def hide(self) -> None:
        """Out of the way; `show` brings the same picture back."""
        if not self._out:
            return
        self.save()
        self._out = False
        self._menu.setEnabled(False)
        for dock in self.docks:
            dock.hide()

    def reset(self) -> None:
        """As suggested."""
        self._suggest()
        for dock in self.docks:
            dock.setVisible(dock.VISIBLE)
        self._size()
        QTimer.singleShot(0, self._window, self._size)  # once they have their places

    def save(self) -> None:
        """Remember this for the next start."""
        if self._out:
            self._settings.layout = self._window.saveState()

    def _suggest(self) -> None:
        for dock in self.docks:
            dock.setFloating(False)
            self._window.removeDockWidget(dock)
        for area, places in self._places().items():
            rows = _rows(places, _COLUMNS if area == Qt.DockWidgetArea.RightDockWidgetArea else 1)
            heads = [row[0][0] for row in rows]
            self._window.addDockWidget(area, heads[0])
            for above, below in itertools.pairwise(heads):
                self._window.splitDockWidget(above, below, Qt.Orientation.Vertical)
            for row in rows:
                for left, right in itertools.pairwise(row):
                    self._window.splitDockWidget(left[0], right[0], Qt.Orientation.Horizontal)
            for place in places:
                for first, other in itertools.pairwise(place):
                    self._window.tabifyDockWidget(first, other)
                place[0].raise_()

    def _size(self) -> None:
        for area, places in self._places().items():
            if area not in _SHARES:
                continue
            rows = _rows(places, _COLUMNS if area == Qt.DockWidgetArea.RightDockWidgetArea else 1)
            whole = round(self._window.width() * _SHARES[area])
            for row in rows:
                docks = [place[0] for place in row]
                widths = [whole // len(docks)] * len(docks)
                self._window.resizeDocks(docks, widths, Qt.Orientation.Horizontal)
            heads = [row[0][0] for row in rows]
            # kernels with their histogram, and an image under its map, want more than maps do
            heights = [
                100 if number == 0 or len(row) == 1 else 130 for number, row in enumerate(rows)
            ]
            self._window.resizeDocks(heads, heights, Qt.Orientation.Vertical)

    def _places(self) -> dict[Qt.DockWidgetArea, list[Place]]:
        found: dict[Qt.DockWidgetArea, dict[str, Place]] = {}
        for dock in self.docks:
            found.setdefault(dock.AREA, {}).setdefault(dock.TABS or dock.ID, []).append(dock)
        return {area: list(places.values()) for area, places in found.items()}


def _rows(places: list[Place], columns: int) -> list[list[Place]]:
    return [places[start : start + columns] for start in range(0, len(places), columns)]
