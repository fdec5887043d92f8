"""What ends or accompanies a call, whatever it asks."""

# No `from __future__ import annotations`: msgspec reads the annotations.
from dataclasses import dataclass

from netviz_desktop.link.messages.base import Message


@dataclass(frozen=True)
class Cancel(Message):
    """Window to engine: nobody waits for this call any more. It ends with `Stopped`."""


@dataclass(frozen=True)
class Progress(Message):
    """Engine to window, any number of times before the answer.

    Args:
        done: 0 to 1, or negative while nobody can tell.
        what: what is being done, a few words for the status line.
    """

    done: float
    what: str


@dataclass(frozen=True)
class Failed(Message):
    """Ends a call: a `Problem`, with all that it says."""

    what: str
    remedy: str
    node: str = ""
    choices: tuple[str, ...] = ()


@dataclass(frozen=True)
class Crashed(Message):
    """Ends a call: a defect of the engine. The traceback is for the crash report alone."""

    summary: str
    traceback: str


@dataclass(frozen=True)
class Stopped(Message):
    """Ends a call that was cancelled."""
