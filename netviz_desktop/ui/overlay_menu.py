"""The menu of overlays: a key for each, and those of a file."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from PySide6.QtGui import QAction, QKeySequence
from PySide6.QtWidgets import QMenu

from netviz_desktop.graph.overlay import KINDS, Kind

if TYPE_CHECKING:
    from netviz_desktop.ui.main_window import MainWindow


class OverlayMenu(QMenu):
    """The chosen one is checked; choosing it again shows none."""

    def __init__(self, window: MainWindow) -> None:
        super().__init__("&Overlay", window)
        self._overlays = window.overlays
        self._by_kind: dict[str, QAction] = {}
        self._of_file: list[QAction] = []
        self._none = self.addAction("&None")
        self._none.setShortcut(QKeySequence("Shift+0"))
        self._none.triggered.connect(lambda: self._overlays.choose(None))
        self._none.setCheckable(True)
        self.addSeparator()
        for number, kind in enumerate(KINDS, 1):
            action = self._add(kind)
            if number <= 9:
                action.setShortcut(QKeySequence(f"Shift+{number}"))
            self.addAction(action)
        self._end = self.addSeparator()
        self._from_file = self.addAction("From &File…")
        self._from_file.triggered.connect(window.choose_values)
        self._overlays.changed.connect(self._check)
        self._overlays.listed.connect(self._list)
        self._check()

    def _add(self, kind: Kind) -> QAction:
        action = QAction(kind.name.replace("&", "&&"), self)
        action.setCheckable(True)
        action.setToolTip(kind.says)
        action.triggered.connect(partial(self._toggle, kind.id))
        self._by_kind[kind.id] = action
        return action

    def _toggle(self, kind: str, _checked: bool = False) -> None:
        self._overlays.toggle(kind)

    def _check(self) -> None:
        chosen = self._overlays.kind.id if self._overlays.kind is not None else ""
        self._none.setChecked(not chosen)
        for kind, action in self._by_kind.items():
            action.setChecked(kind == chosen)

    def _list(self) -> None:
        """Show those of the file."""
        for action in self._of_file:
            self.removeAction(action)
            action.deleteLater()
        self._by_kind = {kind.id: self._by_kind[kind.id] for kind in KINDS}
        self._of_file = [self._add(overlay.kind) for overlay in self._overlays.of_file]
        self.insertActions(self._from_file, self._of_file)
        self._check()
