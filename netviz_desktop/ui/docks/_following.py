"""A dock that draws again when what it shows has changed, and somebody can see it."""

from __future__ import annotations

from typing import ClassVar

from PySide6.QtCore import QTimer, Signal
from PySide6.QtWidgets import QWidget

from netviz_desktop.ui.docks import Dock
from netviz_desktop.ui.engine_client import EngineClient
from netviz_desktop.ui.selection import Selection


class Following(Dock):
    """Draws once for all that changes at a time; hidden, it waits until it is seen."""

    shown = Signal(str)
    """It shows what is in view now: the id of the selected node, or nothing."""
    FOLLOWS: ClassVar[tuple[str, ...]] = ("model", "run", "page", "node", "target", "stop")
    """What of the selection it shows."""

    def __init__(
        self, engine: EngineClient, selection: Selection, parent: QWidget | None = None
    ) -> None:
        super().__init__(engine, selection, parent)
        self.setMinimumWidth(240)
        self.is_stale = True
        self._in_view = False
        self._soon = QTimer(self, singleShot=True, interval=0)
        self._soon.timeout.connect(self._refresh)
        for followed in self.FOLLOWS:
            getattr(selection, f"{followed}_changed").connect(self.mark_stale)
        # a dock behind another tab counts as visible for Qt, and this signal knows better
        self.visibilityChanged.connect(self._seen)

    def refresh(self) -> None:
        """Show what is in view now."""
        raise NotImplementedError

    def mark_stale(self, *_: object) -> None:
        """What is shown is no longer what is in view."""
        self.is_stale = True
        if self._in_view:
            self._soon.start()

    def _seen(self, visible: bool) -> None:
        self._in_view = visible
        if visible and self.is_stale:
            self._soon.start()

    def _refresh(self) -> None:
        self.is_stale = False
        self.refresh()
