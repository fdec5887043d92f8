"""The numbers of a value, as they are."""

# No `from __future__ import annotations`: msgspec reads the annotations.
from dataclasses import dataclass

from netviz_desktop.link.messages.base import Array, Message, Request
from netviz_desktop.link.messages.statistics import Statistics


@dataclass(frozen=True)
class TensorPart(Message):
    """Numbers of a value of the last run, as they are.

    Args:
        shape, dtype: of the whole value.
        rows: (R, C): the beginning of the part that was asked for, at most 256 x 256; of a
            vector its one row. bfloat16 and smaller floats, which numpy lacks, as float32.
        size: (R, C) of that part in full.
        statistics: of the whole value; None when nobody asked, or it is empty.
    """

    value: str
    shape: tuple[int, ...]
    dtype: str
    rows: Array
    size: tuple[int, int]
    statistics: Statistics | None = None


@dataclass(frozen=True)
class TensorPartOf(Request[TensorPart]):
    """The last two axes of a value at an index of those before: the first ones are 0.

    Args:
        value: its name: an input, an output, or what flows between nodes.
        statistics: whether they are wanted.
    """

    Answer = TensorPart
    value: str
    at: tuple[int, ...] = ()
    statistics: bool = True


@dataclass(frozen=True)
class Numbers(Message):
    """Some of a value's numbers: (N,), in row-major order, as in `TensorPart`."""

    values: Array
    shape: tuple[int, ...]


@dataclass(frozen=True)
class NumbersOf(Request[Numbers]):
    """Numbers of a value of the last run, from `start` up to `stop` of all of them."""

    Answer = Numbers
    value: str
    start: int
    stop: int
