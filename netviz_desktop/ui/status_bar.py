"""The bottom line: what just happened, what is going on and how to stop it, the engine."""

from __future__ import annotations

from typing import Any

from PySide6.QtCore import QElapsedTimer, QTimer
from PySide6.QtWidgets import QLabel, QProgressBar, QStatusBar, QToolButton, QWidget

from netviz_desktop.link.messages import Hello
from netviz_desktop.ui import theme
from netviz_desktop.ui.engine_client import Call, EngineClient

_SHOW_AFTER_MS = 250  # shorter work is not worth a flicker
_STEPS = 1000


class StatusBar(QStatusBar):
    """Follows the engine by itself; everything else is told with `say`."""

    def __init__(self, engine: EngineClient, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setSizeGripEnabled(False)
        self._engine = engine
        self._calls: list[Call[Any]] = []
        self.message = QLabel(self)
        self.message.setIndent(6)
        self.message.setMinimumWidth(1)  # a long line makes no window wider
        self._activity = QLabel(self)
        self.progress = QProgressBar(self)
        self.progress.setFixedWidth(140)
        self.progress.setFixedHeight(6)
        self.progress.setTextVisible(False)
        self.cancel = QToolButton(self)
        self.cancel.setText("Cancel")
        self.cancel.setAutoRaise(True)
        self.cancel.clicked.connect(self.cancel_work)
        self.summary = QLabel(self)
        self.engine_state = QLabel(self)
        self.engine_state.setContentsMargins(8, 0, 8, 0)
        self.addWidget(self.message, 1)
        for part in (self._activity, self.progress, self.cancel, self.summary, self.engine_state):
            self.addPermanentWidget(part)
        self._late = QTimer(self, singleShot=True, interval=_SHOW_AFTER_MS)
        self._late.timeout.connect(self._show_work)
        self._clock = QElapsedTimer()
        self._hide_work()
        engine.asked.connect(self._begun)
        engine.ready.connect(self._engine_ready)
        engine.lost.connect(self._engine_lost)
        self._set_engine("starting", theme.current().warning)

    def say(self, line: str) -> None:
        """One line, until the next one."""
        self.message.setText(line)
        self.message.setToolTip(line)

    def set_summary(self, text: str) -> None:
        """What is open, in a few words."""
        self.summary.setText(text)

    def cancel_work(self) -> None:
        """Stop everything that is going on."""
        stopped = list(self._calls)
        for call in stopped:
            call.stop()
        if stopped:
            self.say("Cancelled.")

    def _begun(self, call: Call[Any]) -> None:
        self._calls.append(call)
        call.progressed.connect(self._progressed)
        call.ended.connect(lambda: self._ended(call))
        if len(self._calls) == 1:
            self._activity.setText("Working…")
            self.progress.setRange(0, 0)
            self._late.start()

    def _progressed(self, done: float, what: str) -> None:
        self._activity.setText(what)
        if done < 0:
            self.progress.setRange(0, 0)
        else:
            self.progress.setRange(0, _STEPS)
            self.progress.setValue(round(done * _STEPS))

    def _ended(self, call: Call[Any]) -> None:
        self._calls.remove(call)
        if not self._calls:
            self._late.stop()
            self._hide_work()

    def _show_work(self) -> None:
        for part in (self._activity, self.progress, self.cancel):
            part.show()
        self.summary.hide()

    def _hide_work(self) -> None:
        for part in (self._activity, self.progress, self.cancel):
            part.hide()
        self.summary.show()

    def _engine_ready(self, hello: Hello) -> None:
        self._set_engine("ready", "#2e9d5b")
        self.engine_state.setToolTip(
            f"The engine {hello.version} runs torch {hello.torch_version} on {hello.device}."
        )

    def _engine_lost(self, line: str) -> None:
        self.say(line)
        self._set_engine("restarting" if self._engine.process_id else "not running", "#d08a00")

    def _set_engine(self, state: str, colour: str) -> None:
        self.engine_state.setText(f'<span style="color:{colour}">●</span>&nbsp; Engine {state}')
