"""The window's end of the link: starts the engine, asks it, survives its death."""

from __future__ import annotations

import itertools
import sys
import weakref
from collections.abc import Callable
from typing import Any, Generic, TypeVar

import msgspec
from PySide6.QtCore import QObject, QProcess, QTimer, Signal

from netviz_desktop.link import frames, messages
from netviz_desktop.link.messages import Message, Request
from netviz_desktop.problems import Problem
from netviz_desktop.ui import program

AnswerT = TypeVar("AnswerT", bound=Message)

_GRACE_MS = 2000  # one large op cannot be interrupted: after this the engine is restarted
_QUICK_DEATHS = 3  # in a row, before saying hello: it will not come up by itself
_STDERR_KEPT = 64 * 1024


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
        # No child of the client, and no strong reference to it: the end of the last call
        # would otherwise destroy the client in the middle of destroying the call.
        super().__init__()
        self._client = weakref.ref(client)
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
        client = self._client()
        if self.open and client is not None:
            client.cancel(self)

    def stop(self) -> None:
        """As `cancel`, and the engine is restarted if it cannot let go of the work: for a
        person who pressed Cancel. What is merely superseded may run to its end."""
        client = self._client()
        if self.open and client is not None:
            client.cancel(self, insist=True)

    def end(self, signal: Any, *values: object) -> None:
        if not self.open:
            return
        self.open = False
        if (client := self._client()) is not None:
            client.forget(self)
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
    asked = Signal(object)
    """A `Call` has begun."""
    busy_changed = Signal(int)
    """How many calls are open."""

    def __init__(self, command: list[str] | None = None, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._command = command or program.command("--engine")
        self._calls: dict[int, Call[Any]] = {}
        self._slots: dict[str, Call[Any]] = {}
        self._waiting: list[Call[Any]] = []
        self._numbers = itertools.count(1)
        self._process: QProcess | None = None
        self._decoder = frames.Decoder()
        self.closing = False
        self._held = False
        self._was_lost = False
        self._quick_deaths = 0
        self._overdue: dict[int, QTimer] = {}
        self._end_reason = ""
        self.hello: messages.Hello | None = None
        """None while the engine is not there, or not ready."""
        self.standard_error = b""
        """The last that the engine wrote there: a segfault's trace, for a report."""

    # --- what others call ---------------------------------------------------------------

    def start(self) -> None:
        process = QProcess(self)
        process.setProcessEnvironment(program.environment())
        process.readyReadStandardOutput.connect(self._read)
        process.readyReadStandardError.connect(self._read_error)
        process.finished.connect(self._finished)
        process.errorOccurred.connect(self._could_not_start)
        self._process = process
        self._decoder = frames.Decoder()
        self._end_reason = ""
        process.start(self._command[0], self._command[1:])

    @property
    def process_id(self) -> int:
        """Of the running engine; 0 while there is none."""
        return self._process.processId() if self._process is not None else 0

    def ask(
        self, request: Request[AnswerT], *, slot: str | None = None, ahead: bool = False
    ) -> Call[AnswerT]:
        """Ask; the answer comes as a signal of the call.

        Args:
            slot: of several calls with the same slot only the newest is of interest: the
                older ones are cancelled. A dock uses its own name.
            ahead: do not wait while the client is held.
        """
        call: Call[AnswerT] = Call(self, next(self._numbers), request)
        if slot is not None:
            if (older := self._slots.get(slot)) is not None:
                older.cancel()
            self._slots[slot] = call
        self._calls[call.number] = call
        if self.hello is None or (self._held and not ahead):
            self._waiting.append(call)
            if self._process is None and not self.closing:
                self.start()  # it gave up before; whoever asks again may have mended it
        else:
            self._send(call.number, request)
        self.busy_changed.emit(len(self._calls))
        self.asked.emit(call)
        return call

    def cancel(self, call: Call[Any], *, insist: bool = False) -> None:
        """As `Call.cancel` and, insisting, `Call.stop`."""
        if call in self._waiting:
            self._waiting.remove(call)
        elif self.hello is not None:
            self._send(call.number, messages.Cancel())
            if insist:
                overdue = QTimer(self, singleShot=True, interval=_GRACE_MS)
                overdue.timeout.connect(self._restart_if_stuck)  # a lambda would keep self
                overdue.start()
                self._overdue[call.number] = overdue
        call.end(call.stopped)

    def hold(self) -> None:
        """Questions wait until `resume`, but for those that go ahead: an engine that was
        restarted knows neither model nor image yet."""
        self._held = True

    def resume(self) -> None:
        self._held = False
        if self.hello is not None:
            self._send_waiting()

    def kill(self, reason: str = "") -> None:
        """End the engine at once; it is started again.

        Args:
            reason: completes "The engine ...", for the line that `lost` says.
        """
        if self._process is not None:
            self._end_reason = reason
            self._process.kill()

    def close(self) -> None:
        """End the engine for good. Open calls end with `stopped`."""
        self.closing = True
        for call in list(self._calls.values()):
            call.end(call.stopped)
        if self._process is not None:
            self._process.closeWriteChannel()
            if not self._process.waitForFinished(500):
                self._process.kill()
                self._process.waitForFinished(2000)

    def forget(self, call: Call[Any]) -> None:
        """A call says that it has ended."""
        self._calls.pop(call.number, None)
        self._slots = {slot: other for slot, other in self._slots.items() if other is not call}
        self.busy_changed.emit(len(self._calls))

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
        except (frames.BrokenLink, msgspec.MsgspecError):
            self.kill("sent something that is no message of this version")

    def _read_error(self) -> None:
        if self._process is None:
            return
        data = bytes(self._process.readAllStandardError().data())
        self.standard_error = (self.standard_error + data)[-_STDERR_KEPT:]
        if sys.stderr is not None:  # a windowed program on Windows has none
            sys.stderr.write(data.decode(errors="replace"))

    def _handle(self, number: int, message: Message) -> None:
        if isinstance(message, messages.Hello):
            self._greeted(message)
            return
        if not isinstance(message, messages.Progress) and number in self._overdue:
            _end_timer(self._overdue.pop(number))
        call = self._calls.get(number)
        if call is None:
            return  # answered after it was cancelled
        match message:
            case messages.Progress(done, what):
                call.progressed.emit(done, what)
            case messages.Failed(what, remedy, node, choices):
                call.end(call.failed, Problem(what, remedy, node=node, choices=choices))
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
        self._quick_deaths = 0
        self.ready.emit(hello)
        if self._was_lost:
            self._was_lost = False
            self.restarted.emit()  # reopens the model before what waits is asked
        if not self._held:
            self._send_waiting()

    def _send_waiting(self) -> None:
        waiting, self._waiting = self._waiting, []
        for call in waiting:
            self._send(call.number, call.request)

    # --- its end ------------------------------------------------------------------------

    def _finished(self) -> None:
        if self.closing or self._process is None:
            return
        process = self._process
        self._let_go(process)
        self._was_lost = True
        # a call that was not sent waits for the next engine
        for call in [c for c in self._calls.values() if c not in self._waiting]:
            call.end(call.stopped)
        if self._quick_deaths >= _QUICK_DEATHS:
            self._give_up("The engine does not start.", "Help > Report shows what it said.")
            return
        line = f"The engine {self._how_it_ended(process)}; it is being restarted."
        self.start()  # first, so that what is asked on `lost` finds one to wait for
        self.lost.emit(line)

    def _let_go(self, process: QProcess) -> None:
        self._quick_deaths += 1  # until the next hello
        process.deleteLater()
        self._process = None
        self.hello = None
        self._held = False
        for timer in self._overdue.values():
            _end_timer(timer)
        self._overdue.clear()

    def _how_it_ended(self, process: QProcess) -> str:
        if self._end_reason:
            return self._end_reason
        if process.exitStatus() == QProcess.ExitStatus.CrashExit:
            # Qt gives the signal as the code
            return "was killed" if process.exitCode() == 9 else "crashed"
        return f"ended with code {process.exitCode()}"

    def _could_not_start(self, error: QProcess.ProcessError) -> None:
        if error == QProcess.ProcessError.FailedToStart and self._process is not None:
            self._let_go(self._process)
            self._give_up(
                f"The engine could not be started: {self._command[0]} was not found.",
                "Install NetViz Desktop again.",
            )

    def _give_up(self, what: str, remedy: str) -> None:
        self.lost.emit(what)
        waiting, self._waiting = self._waiting, []
        for call in waiting:
            call.end(call.failed, Problem(what, remedy))

    def _restart_if_stuck(self) -> None:
        stuck = [number for number, timer in self._overdue.items() if not timer.isActive()]
        for number in stuck:
            _end_timer(self._overdue.pop(number))
        if stuck:
            self.kill("could not interrupt its work")


def _end_timer(timer: QTimer) -> None:
    timer.stop()
    timer.deleteLater()
