"""When there is not enough memory."""

from __future__ import annotations

from netviz_desktop.problems import Problem


def is_shortage(error: BaseException) -> bool:
    """Whether this is what it says; torch does so with a RuntimeError."""
    if isinstance(error, MemoryError) or type(error).__name__ == "OutOfMemoryError":
        return True
    return isinstance(error, RuntimeError) and "allocate memory" in str(error)


def shortage() -> Problem:
    return Problem(
        "There is not enough memory for this.",
        "Close other programs, or take a smaller model or image.",
    )
