"""The window's end of the link: starts the engine, asks it, survives its death."""

from __future__ import annotations

import itertools
import sys
from collections.abc import Callable
from typing import Any, Generic, TypeVar

from PySide6.QtCore import QObject, QProcess, QProcessEnvironment, QTimer, Signal

from netviz_desktop.link import frames, messages
from netviz_desktop.link.messages import Message, Request
from netviz_desktop.problems import Problem

AnswerT = TypeVar("AnswerT", bound=Message)

_GRACE_MS = 2000  # one large op cannot be interrupted: after this the engine is restarted


class Call(QObject, Generic[AnswerT]):
    """A question on its way. Exactly one of answered, failed, stopped ends it."""

    answered = Signal(object)
    """The answer, of the type that the request names."""
    failed = Signal(object)
    """A `Problem`."""
    stopped = Signal()
    """Cancelled, superseded by a newer call of the same slot, or lost with the engine."""
    progressed = Signal(float, str)
    """0 to 1, negative when unknown; and what is being done."""
    ended = Signal()
    """After any of the three ends."""

    def __init__(self, client: EngineClient, number: int, request: Request[Any]) -> None:
        super().__init__(client)
        self._client = client
        self.number = number
        self.request = request
        self.open = True

    def then(
        self,
        answered: Callable[[AnswerT], object],
        failed: Callable[[Problem], object] | None = None,
    ) -> Call[AnswerT]:
        """Connect, in one line; gives the call itself."""
        self.answered.connect(answered)
        if failed is not None:
            self.failed.connect(failed)
        return self

    def cancel(self) -> None:
        """Nobody waits for the answer any more; `stopped` follows at once."""
        if self.open:
            self._client.cancel(self)

    def end(self, signal: Any, *values: object) -> None:
        if not self.open:
            return
        self.open = False
        signal.emit(*values)
        self.ended.emit()
        self.deleteLater()


class EngineClient(QObject):
    """Asks the engine, which is another process.

    Questions may be asked before it is ready: they wait. When it dies it is started again;
    open calls end with `stopped`, and `restarted` tells whoever must reopen a model.

    Args:
        command: what starts the engine; None: this program's own. An engine on another
            machine is `["ssh", HOST, "netviz-desktop", "--engine"]`.
    """

    ready = Signal(object)
    """`Hello`, at each start."""
    restarted = Signal()
    """Ready again after it was lost."""
    lost = Signal(str)
    """The engine died or was ended; one line for the person."""
    crashed = Signal(str, str)
    """A defect of the engine, which goes on: one line, and the traceback for a report."""
    busy_changed = Signal(int)
    """How many calls are open."""

    def __init__(self, command: list[str] | None = None, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._command = command or engine_command()
        self._calls: dict[int, Call[Any]] = {}
        self._slots: dict[str, Call[Any]] = {}
        self._waiting: list[Call[Any]] = []
        self._numbers = itertools.count(1)
        self._process: QProcess | None = None
        self._decoder = frames.Decoder()
        self._closing = False
        self._was_lost = False
        self._quick_deaths = 0
        self._overdue: dict[int, QTimer] = {}
        self.hello: messages.Hello | None = None

    # --- what others call ---------------------------------------------------------------

    def start(self) -> None:
        process = QProcess(self)
        environment = QProcessEnvironment.systemEnvironment()
        environment.insert("PYTHONUNBUFFERED", "1")
        process.setProcessEnvironment(environment)
        process.setProcessChannelMode(QProcess.ProcessChannelMode.ForwardedErrorChannel)
        process.readyReadStandardOutput.connect(self._read)
        process.finished.connect(self._finished)
        process.errorOccurred.connect(self._could_not_start)
        self._process = process
        self._decoder = frames.Decoder()
        process.start(self._command[0], self._command[1:])

    def ask(self, request: Request[AnswerT], *, slot: str | None = None) -> Call[AnswerT]:
        """Ask; the answer comes as a signal of the call.

        Args:
            slot: of several calls with the same slot only the newest is of interest: the
                older ones are cancelled. A dock uses its own name.
        """
        call: Call[AnswerT] = Call(self, next(self._numbers), request)
        if slot is not None:
            if (older := self._slots.get(slot)) is not None:
                older.cancel()
            self._slots[slot] = call
        self._calls[call.number] = call
        self.busy_changed.emit(len(self._calls))
        call.ended.connect(lambda: self._forget(call, slot))
        if self.hello is None:
            self._waiting.append(call)
        else:
            self._send(call.number, request)
        return call

    def cancel(self, call: Call[Any]) -> None:
        if call in self._waiting:
            self._waiting.remove(call)
        elif self.hello is not None:
            self._send(call.number, messages.Cancel())
            overdue = QTimer(self, singleShot=True, interval=_GRACE_MS)
            overdue.timeout.connect(lambda: self._restart_if_stuck(call.number))
            overdue.start()
            self._overdue[call.number] = overdue
        call.end(call.stopped)

    def kill(self) -> None:
        """End the engine at once; it is started again."""
        if self._process is not None:
            self._process.kill()

    def close(self) -> None:
        """End the engine for good. Open calls end with `stopped`."""
        self._closing = True
        for call in list(self._calls.values()):
            call.end(call.stopped)
        if self._process is not None:
            self._process.closeWriteChannel()
            if not self._process.waitForFinished(500):
                self._process.kill()
                self._process.waitForFinished(2000)

    # --- the stream ---------------------------------------------------------------------

    def _send(self, number: int, message: Message) -> None:
        if self._process is None:
            return
        for piece in frames.encode(number, message):
            self._process.write(bytes(piece))

    def _read(self) -> None:
        if self._process is None:
            return
        data = self._process.readAllStandardOutput().data()
        try:
            for frame in self._decoder.feed(data):
                self._handle(frame.call, frame.message)
        except frames.BrokenLink:
            self.kill()

    def _handle(self, number: int, message: Message) -> None:
        if isinstance(message, messages.Hello):
            self._greeted(message)
            return
        if not isinstance(message, messages.Progress) and number in self._overdue:
            timer = self._overdue.pop(number)
            timer.stop()
            timer.deleteLater()
        call = self._calls.get(number)
        if call is None:
            return  # answered after it was cancelled
        match message:
            case messages.Progress(done, what):
                call.progressed.emit(done, what)
            case messages.Failed(what, remedy):
                call.end(call.failed, Problem(what, remedy))
            case messages.Crashed(summary, traceback):
                self.crashed.emit(summary, traceback)
                call.end(
                    call.failed,
                    Problem(
                        f"The engine met a defect of its own: {summary}",
                        "The program goes on; Help > Report shows what to send us.",
                    ),
                )
            case messages.Stopped():
                call.end(call.stopped)
            case _:
                call.end(call.answered, message)

    def _greeted(self, hello: messages.Hello) -> None:
        self.hello = hello
        self.ready.emit(hello)
        waiting, self._waiting = self._waiting, []
        if self._was_lost:
            self._was_lost = False
            self.restarted.emit()  # reopens the model before what waits is asked
        for call in waiting:
            if call.open:
                self._send(call.number, call.request)

    # --- its end ------------------------------------------------------------------------

    def _finished(self) -> None:
        if self._closing or self._process is None:
            return
        said_hello = self.hello is not None
        code = self._process.exitCode()
        by_signal = self._process.exitStatus() == QProcess.ExitStatus.CrashExit
        self._process.deleteLater()
        self._process = None
        self.hello = None
        self._was_lost = True
        for timer in self._overdue.values():
            timer.stop()
            timer.deleteLater()
        self._overdue.clear()
        # a call that was not sent waits for the next engine
        for call in [c for c in self._calls.values() if c not in self._waiting]:
            call.end(call.stopped)
        self._quick_deaths = 0 if said_hello else self._quick_deaths + 1
        if self._quick_deaths >= 3:
            self.lost.emit("The engine does not start; see the terminal for the reason.")
            return
        how = "was ended from outside" if by_signal else f"ended with code {code}"
        self.lost.emit(f"The engine {how}; it is being restarted.")
        self.start()

    def _could_not_start(self, error: QProcess.ProcessError) -> None:
        if error == QProcess.ProcessError.FailedToStart:
            self.lost.emit(f"The engine could not be started: {self._command[0]} was not found.")

    def _restart_if_stuck(self, number: int) -> None:
        if self._overdue.pop(number, None) is not None:
            self.kill()

    def _forget(self, call: Call[Any], slot: str | None) -> None:
        self._calls.pop(call.number, None)
        if slot is not None and self._slots.get(slot) is call:
            del self._slots[slot]
        self.busy_changed.emit(len(self._calls))


def engine_command() -> list[str]:
    """What starts the engine: this interpreter on this package, or the bundle itself."""
    if getattr(sys, "frozen", False):
        return [sys.executable, "--engine"]
    return [sys.executable, "-m", "netviz_desktop", "--engine"]
