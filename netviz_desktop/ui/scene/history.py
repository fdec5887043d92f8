"""Where one has been in a graph: back and forward, as in a browser."""

from __future__ import annotations

from dataclasses import dataclass

from PySide6.QtCore import QObject, QTimer, Signal

from netviz_desktop.graph.scopes import Opened, Scope
from netviz_desktop.ui.scene.graph_view import GraphView
from netviz_desktop.ui.scene.outlook import Outlook
from netviz_desktop.ui.selection import Edge, Page, Selection

SETTLES_AFTER_MS = 1000
"""Jumps that follow each other faster are one."""
_MOST = 100


@dataclass(frozen=True)
class Place:
    """What is selected, what is open, and where one looks."""

    pages: tuple[Page, ...]
    node: str | None
    others: tuple[str, ...]
    scope: Scope | None
    edge: Edge | None
    opened: Opened
    outlook: Outlook

    def is_at(self, other: Place) -> bool:
        """Whether nothing but the view has moved between the two."""
        return self._where == other._where

    @property
    def _where(self) -> tuple[object, ...]:
        pages = [page.name for page in self.pages]
        scope = self.scope and self.scope.id
        return pages, self.node, self.others, scope, self.edge, self.opened


class History(QObject):
    """Selecting, opening and closing are jumps; a place left by one can be come back to, with
    the view as it was when it was left."""

    changed = Signal()
    """Whether there is anything before or behind may have changed."""

    def __init__(self, view: GraphView, selection: Selection, parent: QObject) -> None:
        super().__init__(parent)
        self._view = view
        self._selection = selection
        self._places: list[Place] = []
        self._at = -1
        self._has_jumped = False  # since we settled
        self._settling = QTimer(self, singleShot=True, interval=SETTLES_AFTER_MS)
        self._settling.timeout.connect(self._settle)
        selection.model_changed.connect(self._forget)
        for jumped in (
            selection.node_changed, selection.scope_changed, selection.edge_changed,
            selection.others_changed, selection.page_changed, view.scopes.changed,
        ):  # fmt: skip
            jumped.connect(self._jumped)
        view.view_changed.connect(self._looked)
        view.laid_out.connect(self._laid_out)

    @property
    def can_go_back(self) -> bool:
        return self._at > 0 or self._has_jumped

    @property
    def can_go_forward(self) -> bool:
        return self._at + 1 < len(self._places)

    def back(self) -> None:
        self._settle()
        self._go(self._at - 1)

    def forward(self) -> None:
        self._settle()
        self._go(self._at + 1)

    def _go(self, index: int) -> None:
        if not 0 <= index < len(self._places) or self._view.is_waiting:
            return
        self._at = index
        place = self._places[index]
        self._selection.set_pages(place.pages)
        self._selection.restore(place.node, place.scope, place.edge, place.others)
        self._view.look_from(place.outlook, place.opened)
        self._rest()

    def _rest(self) -> None:
        self._settling.stop()
        self._has_jumped = False
        self.changed.emit()

    def _forget(self) -> None:
        self._places, self._at = [], -1
        self._rest()

    def _laid_out(self) -> None:
        if not self._places:
            self._settle()

    def _jumped(self) -> None:
        if self._places:
            self._has_jumped = True
            self._settling.start()
            self.changed.emit()

    def _looked(self) -> None:
        if self._places:
            self._settling.start()

    def _settle(self) -> None:
        """Remember where we are: a place behind the one we come from, if we jumped from it."""
        if self._view.is_waiting or (outlook := self._view.outlook()) is None:
            return  # what is in view is not yet what was asked for
        of = self._selection
        opened = self._view.scopes.opened
        here = Place(of.pages, of.node, of.others, of.scope, of.edge, opened, outlook)
        if self._places and here.is_at(self._places[self._at]):
            self._places[self._at] = here
        else:
            self._places = [*self._places[: self._at + 1], here][-_MOST:]
            self._at = len(self._places) - 1
        self._rest()
