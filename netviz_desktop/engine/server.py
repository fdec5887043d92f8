"""The session at the end of a byte stream: what runs as the other half of the window.

One thread reads, so that a cancelled call and the end of the stream are seen while torch
computes; one lays out graphs; the main thread does everything else, in order.
"""

from __future__ import annotations

import faulthandler
import os
import signal
import sys
import threading
import time
import traceback
from collections import deque
from collections.abc import Callable
from typing import Any, NoReturn

import msgspec

from netviz_desktop.engine.shortage import is_shortage, shortage
from netviz_desktop.graph import collector
from netviz_desktop.link import frames, messages
from netviz_desktop.link.messages import Message, Request
from netviz_desktop.problems import Cancelled, Problem

_READ_BYTES = 1 << 20
_IDLE_SECONDS = 0.03  # a click asks several things at once: all of them come first
_PROGRESS_SECONDS = 0.05

Step = Callable[[float, str], None]
Work = tuple[int, Request[Any]]
Answer = Callable[[Any, Step], Message]


def serve() -> int:
    """Answer what comes on standard input until it ends, which ends the process.

    Standard output carries frames alone: whoever prints from now on prints to stderr.
    """
    if sys.stderr is not None:  # a windowed program on Windows has none
        faulthandler.enable(sys.stderr)
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl+C in a terminal is the window's
    calls = Calls(Stream(*_take_pipes()))
    threading.Thread(target=calls.read, name="link", daemon=True).start()

    from netviz_desktop.engine.answers import Answers, lay_out, warm_up  # takes its time

    # A search for garbage goes through all of torch, for half a second: it stays anyway.
    collector.keep()
    answers = Answers()
    calls.at_end = answers.leave
    calls.say_hello(answers.hello())
    threading.Thread(
        target=calls.work, args=(calls.layouts, lay_out), name="layout", daemon=True
    ).start()
    threading.Thread(target=warm_up, name="warm-up", daemon=True).start()
    calls.work(calls.requests, answers.answer, answers.use_idle_time)
    return 0


class Stream:
    """Frames in, frames out; any thread may send."""

    def __init__(self, source: int, sink: int) -> None:
        self._source = source
        self._sink = sink
        self._sending = threading.Lock()
        self._decoder = frames.Decoder()

    def send(self, call: int, message: Message) -> None:
        pieces = frames.encode(call, message)
        with self._sending:
            for piece in pieces:
                rest = memoryview(piece)
                while rest:
                    rest = rest[os.write(self._sink, rest) :]

    def receive(self) -> list[frames.Frame] | None:
        """Whatever has come; None at the end.

        Raises:
            BrokenLink, MsgspecError: it is no message of this version.
        """
        data = os.read(self._source, _READ_BYTES)
        return list(self._decoder.feed(data)) if data else None


class Queue:
    """Calls that wait for one thread."""

    def __init__(self) -> None:
        self._waiting: deque[Work] = deque()
        self._changed = threading.Condition()
        self.running = 0
        """The call under way; 0 for none."""
        self.cancelled = False
        """Whether nobody waits for the call under way any more."""

    def put(self, work: Work) -> None:
        with self._changed:
            self._waiting.append(work)
            self._changed.notify()

    def take(self, timeout: float | None) -> Work | None:
        """The next call, which is now under way; None when none came in time."""
        with self._changed:
            self.running = 0
            if not self._changed.wait_for(lambda: self._waiting, timeout):
                return None
            work = self._waiting.popleft()
            self.running, self.cancelled = work[0], False
            return work

    def cancel(self, call: int) -> bool:
        """Whether it was waiting, and now is gone. One under way is marked."""
        with self._changed:
            if self.running == call:
                self.cancelled = True
                return False
            before = len(self._waiting)
            self._waiting = deque(work for work in self._waiting if work[0] != call)
            return len(self._waiting) < before


class Calls:
    """What is asked, and what becomes of it."""

    def __init__(self, stream: Stream) -> None:
        self._stream = stream
        self.requests = Queue()
        self.layouts = Queue()
        self.at_end: Callable[[], None] = lambda: None
        """Called before the process ends."""

    def say_hello(self, hello: messages.Hello) -> None:
        self._stream.send(0, hello)

    def read(self) -> None:
        """Sort what comes into the queues. The end of the stream ends the process, whatever
        it is busy with."""
        try:
            while (received := self._stream.receive()) is not None:
                for frame in received:
                    self._sort(frame.call, frame.message)
        except (OSError, frames.BrokenLink, msgspec.MsgspecError):
            traceback.print_exc()
            self._end(1)
        self._end(0)

    def work(
        self, queue: Queue, answer: Answer, use_idle_time: Callable[[], None] | None = None
    ) -> None:
        """Answer the calls of a queue, one after the other, for ever.

        Args:
            use_idle_time: called once when nothing has been asked for a moment.
        """
        used = True
        while True:
            work = queue.take(None if used or use_idle_time is None else _IDLE_SECONDS)
            used = work is None
            if work is None:
                _without_asking(use_idle_time)
                continue
            call, request = work
            ending = _ending(answer, request, self._step(queue, call))
            try:
                self._stream.send(call, ending)
            except OSError:  # nobody is there any more
                self._end(0)

    def _end(self, code: int) -> NoReturn:
        """At once, whatever other threads are busy with."""
        try:
            self.at_end()
        finally:
            os._exit(code)

    def _sort(self, call: int, message: Message) -> None:
        match message:
            case messages.Cancel():
                if self.requests.cancel(call) or self.layouts.cancel(call):
                    self._stream.send(call, messages.Stopped())
            case messages.LayOut():
                self.layouts.put((call, message))
            case Request():
                self.requests.put((call, message))
            case _:
                sys.stderr.write(f"{type(message).__name__} is nothing to ask an engine.\n")

    def _step(self, queue: Queue, call: int) -> Step:
        """Sends the progress of a call, not too often; raises `Cancelled` once it is."""
        said = 0.0

        def step(done: float, what: str) -> None:
            nonlocal said
            if queue.cancelled:
                raise Cancelled
            now = time.monotonic()
            if now - said >= _PROGRESS_SECONDS:
                said = now
                self._stream.send(call, messages.Progress(done, what))

        return step


def _ending(answer: Answer, request: Request[Any], step: Step) -> Message:
    """The answer, or what became of the call instead; the engine goes on in any case."""
    try:
        return answer(request, step)
    except Problem as problem:
        return messages.Failed(problem.what, problem.remedy, problem.node, problem.choices)
    except Cancelled:
        return messages.Stopped()
    except (Exception, SystemExit) as error:  # noqa: BLE001 - a model's own code may do anything
        if is_shortage(error):
            short = shortage()
            return messages.Failed(short.what, short.remedy)
        summary = f"{type(error).__name__}: {error}".strip().splitlines()[0][:300]
        return messages.Crashed(summary, traceback.format_exc())


def _without_asking(use_idle_time: Callable[[], None] | None) -> None:
    try:
        if use_idle_time is not None:
            use_idle_time()
    except Exception:  # noqa: BLE001 - nobody asked for it: whoever does will be told
        traceback.print_exc()


def _take_pipes() -> tuple[int, int]:
    """The two ends of the link, out of reach for whatever reads stdin or prints."""
    source, sink = os.dup(0), os.dup(1)
    if sys.platform == "win32":
        import msvcrt

        msvcrt.setmode(source, os.O_BINARY)
        msvcrt.setmode(sink, os.O_BINARY)
    nothing, end = os.pipe()
    os.close(end)  # whoever reads stdin meets its end
    os.dup2(nothing, 0)
    os.close(nothing)
    os.dup2(2, 1)
    sys.stdout = sys.stderr
    return source, sink
