"""Docks: each shows one aspect of what `Selection` holds, and knows no other dock.

A member is a module of this package whose `DOCK` is a subclass of `Dock`. Members are
found by themselves; `AREA`, `ORDER` and `TABBED_WITH` say where each first appears.
"""

from __future__ import annotations

import importlib
import pkgutil
from typing import ClassVar

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QDockWidget, QWidget

from netviz_desktop.ui.engine_client import EngineClient
from netviz_desktop.ui.selection import Selection
from netviz_desktop.ui.settings import Settings


class Dock(QDockWidget):
    """What every dock is.

    Attributes:
        ID: names its place in the saved layout, and its slot at the engine.
        TITLE: in its title bar and in the View menu.
        AREA: where it appears first.
        ORDER: lower stands further up, or further left among tabs.
        TABS: docks of the same area and the same non-empty `TABS` share their place as tabs.
        VISIBLE: shown at first.
    """

    ID: ClassVar[str]
    TITLE: ClassVar[str]
    AREA: ClassVar[Qt.DockWidgetArea] = Qt.DockWidgetArea.RightDockWidgetArea
    ORDER: ClassVar[int] = 50
    TABS: ClassVar[str] = ""
    VISIBLE: ClassVar[bool] = True

    def __init__(
        self, engine: EngineClient, selection: Selection, parent: QWidget | None = None
    ) -> None:
        super().__init__(self.TITLE, parent)
        self.setObjectName(self.ID)
        # opaque: the window behind draws its separators where docks will soon be
        self.setAutoFillBackground(True)
        self.engine = engine
        self.selection = selection

    def remember(self, settings: Settings) -> None:
        """Draw as was last chosen, and keep what is chosen from now on."""


def kinds() -> list[type[Dock]]:
    """The dock classes, by area and order."""
    found: list[type[Dock]] = [
        importlib.import_module(f"{__name__}.{member.name}").DOCK
        for member in pkgutil.iter_modules(__path__)
        if not member.name.startswith("_")
    ]
    return sorted(found, key=lambda kind: (kind.AREA.value, kind.ORDER, kind.ID))
