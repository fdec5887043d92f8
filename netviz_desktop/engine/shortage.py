"""When there is not enough memory."""

from __future__ import annotations

import errno

from netviz_desktop.problems import Problem

_SAID = ("allocate memory", "bad_alloc", "out of memory")  # torch, what C++ throws, oneDNN


def is_shortage(error: BaseException) -> bool:
    """Whether this is what it says; libraries do so with a RuntimeError."""
    if isinstance(error, MemoryError) or type(error).__name__ == "OutOfMemoryError":
        return True
    if isinstance(error, OSError):
        return error.errno == errno.ENOMEM
    said = str(error)
    return isinstance(error, RuntimeError) and any(words in said for words in _SAID)


def shortage() -> Problem:
    return Problem(
        "There is not enough memory for this.",
        "Close other programs, or take a smaller model or image.",
    )
