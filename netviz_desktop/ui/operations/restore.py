"""After the engine was lost: the model is opened again, the image runs again."""

from __future__ import annotations

from typing import Any

from PySide6.QtCore import QObject, Signal

from netviz_desktop.problems import Problem
from netviz_desktop.ui.engine_client import Call, EngineClient
from netviz_desktop.ui.operations.open_image import OpenImage
from netviz_desktop.ui.operations.open_model import OpenModel, cannot_reopen


class Restore(QObject):
    """Works by itself. What is in view stays; whatever was asked meanwhile is asked after it.

    An engine that dies of restoring is not driven to it for ever: the second death in a
    row ends the attempts.
    """

    done = Signal()
    """The engine knows again what it knew."""
    failed = Signal(object)

    def __init__(
        self,
        engine: EngineClient,
        models: OpenModel,
        images: OpenImage,
        parent: QObject | None = None,
    ) -> None:
        super().__init__(parent)
        self._engine = engine
        self._models = models
        self._images = images
        self._attempts = 0
        engine.restarted.connect(self._begin)

    def _begin(self) -> None:
        request = self._models.request
        if request is None:
            return
        if self._attempts >= 2:
            self._attempts = 0
            self.failed.emit(cannot_reopen(request.path))
            return
        self._attempts += 1
        self._engine.hold()
        self._follow(self._models.restore(), self._run)

    def _run(self) -> None:
        self._follow(self._images.restore(), self._end)

    def _end(self) -> None:
        self._attempts = 0
        self._engine.resume()
        self.done.emit()

    def _follow(self, call: Call[Any] | None, then: Any) -> None:
        if call is None:
            self._end()
            return
        call.answered.connect(lambda _answer: then())
        call.failed.connect(self._give_up)
        call.stopped.connect(self._interrupted)

    def _give_up(self, _problem: Problem) -> None:
        self._attempts = 0
        self._engine.resume()

    def _interrupted(self) -> None:
        if self._engine.hello is not None:  # somebody opened or ran something else instead
            self._attempts = 0
            self._engine.resume()
