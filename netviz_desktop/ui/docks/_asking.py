"""A dock that shows an answer of the engine."""

from __future__ import annotations

import weakref
from collections.abc import Callable
from typing import Any

from PySide6.QtCore import QTimer
from PySide6.QtWidgets import QStackedWidget, QWidget

from netviz_desktop.link.messages import Message, ModelOpened, Request, RunFinished
from netviz_desktop.problems import Problem
from netviz_desktop.ui.docks._following import Following
from netviz_desktop.ui.engine_client import Call, EngineClient
from netviz_desktop.ui.selection import Selection
from netviz_desktop.ui.widgets.labels import Message as MessagePage
from netviz_desktop.ui.widgets.layouts import GRID, column

_PATIENCE_MS = 250  # what is shown stays so long: quick answers do not flicker

Matter = tuple[Request[Any], ModelOpened | None, RunFinished | None]
"""A question, and what it is about: a new run gives new answers to the same question."""


class Asking(Following):
    """Says what it wants to know (`question`) and draws the answer (`draw`).

    A member calls `compose` at the end of its `__init__`, and `finish` once the answer can
    be seen.
    """

    def __init__(
        self, engine: EngineClient, selection: Selection, parent: QWidget | None = None
    ) -> None:
        super().__init__(engine, selection, parent)
        self.message = MessagePage()
        self.message.retry_asked.connect(self._retry)
        self.message.cancel_asked.connect(self._cancel)
        self._pages = QStackedWidget()
        self._content = QWidget()
        self._call: Call[Any] | None = None
        self._matter: Matter | None = None
        self._lost: Request[Any] | None = None
        self._patience = QTimer(self, singleShot=True, interval=_PATIENCE_MS)
        self._patience.timeout.connect(self._wait)

    # --- what members say ---------------------------------------------------------------

    def question(self) -> Request[Any] | Problem:
        """What to ask about what is in view, or why there is nothing to ask."""
        raise NotImplementedError

    def draw(self, answer: Any) -> None:
        """Show an answer, and `finish`."""
        raise NotImplementedError

    # --- what members call --------------------------------------------------------------

    def compose(self, content: QWidget, above: QWidget | None = None) -> None:
        """`content` shows answers, or gives way to a message; `above` always stays."""
        self._content = content
        self._pages.addWidget(self.message)
        self._pages.addWidget(content)
        frame = QWidget()
        parts = (self._pages,) if above is None else (above, self._pages)
        column(frame, *parts, margin=GRID)
        self.setWidget(frame)

    def finish(self) -> None:
        """What was asked for can be seen."""
        self._patience.stop()
        self._pages.setCurrentWidget(self._content)
        self.shown.emit(self.selection.node or "")

    def say(self, what: str, remedy: str = "", *, retry: bool = False) -> None:
        """Words in place of the contents."""
        self._patience.stop()
        self.message.say(what, remedy, retry=retry)
        self._pages.setCurrentWidget(self.message)
        self.shown.emit(self.selection.node or "")

    @property
    def has_content(self) -> bool:
        """An answer is shown, not a message."""
        return self._pages.currentWidget() is self._content

    def is_in_view(self, matter: Matter | None) -> bool:
        """Whether an answer about it is still wanted."""
        return matter is self._matter and not self.is_stale

    @property
    def matter(self) -> Matter | None:
        """What was asked last."""
        return self._matter

    # --- asking -------------------------------------------------------------------------

    def refresh(self) -> None:
        question = self.question()
        if isinstance(question, Problem):
            self._drop()
            self.say(question.what, question.remedy)
            return
        matter = (question, self.selection.model, self.selection.run)
        if self._matter is not None and _same(matter, self._matter):
            return
        self._drop()
        self._matter = matter
        if question == self._lost:
            self._say_lost()
            return
        self._lost = None
        self._patience.start()
        call: Call[Message] = self.engine.ask(question, slot=self.ID)
        self._call = call
        call.answered.connect(weakly(self._answered, matter))
        call.failed.connect(weakly(self._failed, matter))
        call.stopped.connect(weakly(self._stopped, matter))
        call.progressed.connect(weakly(self._progressed, matter))

    def _drop(self) -> None:
        call, self._call, self._matter = self._call, None, None
        if call is not None:
            call.cancel()

    def _answered(self, matter: Matter, answer: Message) -> None:
        if self.is_in_view(matter):
            self._call = None
            self.draw(answer)
        elif matter is self._matter:
            self._drop()  # it was hidden meanwhile: it asks again when it is seen

    def _failed(self, matter: Matter, problem: Problem) -> None:
        if matter is self._matter:
            self._call = None
            self.say(problem.what, problem.remedy, retry=True)

    def _stopped(self, matter: Matter) -> None:
        if matter is not self._matter:
            return  # superseded
        self._call = None
        # not asked again by itself: it may be what the engine died of
        self._lost = matter[0]
        self._say_lost()

    def _say_lost(self) -> None:
        self.say("The engine was lost while it worked on this.", retry=True)

    def _progressed(self, matter: Matter, done: float, what: str) -> None:
        if matter is self._matter and not self._patience.isActive():
            self.message.wait(done, what)

    def _wait(self) -> None:
        self.message.wait()
        self._pages.setCurrentWidget(self.message)

    def _retry(self) -> None:
        self._lost = None
        self._drop()
        self.mark_stale()

    def _cancel(self) -> None:
        call, self._call = self._call, None
        self._matter = None
        if call is not None:
            call.stop()
        self.say("Cancelled.", retry=True)


def weakly(method: Callable[..., object], *first: object) -> Callable[..., None]:
    """The method with its first arguments, which does not keep its dock alive: a call ends
    later than the dock may, and would take it along in the middle of its own end."""
    reference = weakref.WeakMethod(method)

    def call(*rest: object) -> None:
        bound = reference()
        if bound is not None:
            bound(*first, *rest)

    return call


def _same(one: Matter, other: Matter) -> bool:
    return one[0] == other[0] and one[1] is other[1] and one[2] is other[2]
