"""Look at the graphs inside nodes: the branches of an If, the body of a Loop, a function."""

from __future__ import annotations

from PySide6.QtCore import QObject, Signal

from netviz_desktop.link.messages import Body, BodyOf, ModelOpened
from netviz_desktop.ui.engine_client import EngineClient
from netviz_desktop.ui.selection import Page, Selection

SLOT = "page"


class Pages(QObject):
    """Fetches the graph that was asked for, and puts it in view."""

    failed = Signal(object)

    def __init__(
        self, engine: EngineClient, selection: Selection, parent: QObject | None = None
    ) -> None:
        super().__init__(parent)
        self._engine = engine
        self._selection = selection
        selection.page_asked.connect(self._ask)

    def _ask(self, name: str) -> None:
        about = (self._selection.model, self._selection.pages, self._selection.node)
        call = self._engine.ask(BodyOf(name), slot=SLOT)
        call.answered.connect(lambda body: self._answered(name, about, body))
        call.failed.connect(self.failed)

    def _answered(
        self,
        name: str,
        about: tuple[ModelOpened | None, tuple[Page, ...], str | None],
        body: Body,
    ) -> None:
        model, pages, holder = about
        selection = self._selection
        is_in_view = (selection.model, selection.pages, selection.node) == about
        if is_in_view and model is not None and holder is not None:
            selection.set_pages((*pages, Page(name, holder, body.graph)))
