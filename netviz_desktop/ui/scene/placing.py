"""Asks the engine where everything in a drawing goes."""

from __future__ import annotations

from PySide6.QtCore import QObject, QTimer, Signal

from netviz_desktop.layout import Placement
from netviz_desktop.link.messages import LayOut, Placed
from netviz_desktop.problems import Problem
from netviz_desktop.ui.engine_client import Call, EngineClient
from netviz_desktop.ui.scene.drawing import Drawing
from netviz_desktop.ui.scene.notice import Notice

_NOTICE_AFTER_MS = 300


class Placing(QObject):
    """One question at a time; what takes long, or fails, is said in the notice."""

    placed = Signal(object, object)
    """`Drawing`, `Placement`."""

    def __init__(self, engine: EngineClient, notice: Notice, parent: QObject) -> None:
        super().__init__(parent)
        self._engine = engine
        self._notice = notice
        self._drawing: Drawing | None = None
        self._left_to_right = False
        self._call: Call[Placed] | None = None
        self._known: tuple[LayOut, Placement] | None = None
        self._slow = QTimer(self, singleShot=True, interval=_NOTICE_AFTER_MS)
        self._slow.timeout.connect(lambda: self._notice.say("Laying out the graph…"))
        engine.restarted.connect(self._resume)

    @property
    def is_asking(self) -> bool:
        return self._call is not None

    def ask(self, drawing: Drawing, *, left_to_right: bool) -> None:
        """At once, if this was the last question but for what has no size."""
        self._drawing, self._left_to_right = drawing, left_to_right
        request = LayOut(drawing.boxes, drawing.edges, left_to_right, drawing.frames)
        if self._known is not None and self._known[0] == request:
            self.placed.emit(drawing, self._known[1])
            return
        self._slow.start()
        call = self._engine.ask(request, slot="layout")
        self._call = call
        call.then(lambda answer: self._answered(call, drawing, request, answer), self._failed)
        call.progressed.connect(self._progressed)

    def cancel(self) -> None:
        """Nobody needs the answer any more."""
        if self._call is not None:
            self._call.cancel()
        self._end()

    def _resume(self) -> None:
        """The engine is there again; what it was laying out when it died is asked anew."""
        if self._call is not None and self._drawing is not None:
            self.ask(self._drawing, left_to_right=self._left_to_right)

    def _answered(
        self, call: Call[Placed], drawing: Drawing, request: LayOut, answer: Placed
    ) -> None:
        if call is self._call:
            self._end()
            self._known = (request, answer.placement)
            self.placed.emit(drawing, answer.placement)

    def _failed(self, problem: Problem) -> None:
        self._end()
        self._notice.say(problem.what, problem.remedy)

    def _progressed(self, done: float, what: str) -> None:
        if not self._slow.isActive():
            self._notice.say(what or "Laying out the graph…", done=done)

    def _end(self) -> None:
        self._call = None
        self._slow.stop()
        self._notice.hide()
