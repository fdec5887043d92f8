"""Integers as protobuf packs them: seven bits to a byte, the last of which is below 128.
https://protobuf.dev/programming-guides/encoding#varints
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

_CHUNK_BYTES = 2**20  # what decoding takes beside the result is some twenty times as much
LONGEST = 10  # bytes


def decoded(
    packed: NDArray[np.uint8], count: int, dtype: np.dtype[np.unsignedinteger]
) -> NDArray[np.unsignedinteger] | None:
    """The lowest bits of each integer, as many as fit into `dtype`; None where there are not
    exactly `count`."""
    numbers = np.empty(count, dtype)
    done = begin = 0
    while begin < len(packed):
        chunk = np.asarray(packed[begin : begin + _CHUNK_BYTES])
        ends = np.flatnonzero(chunk < 128)
        if not len(ends) or done + len(ends) > count:
            return None
        starts = np.concatenate(([0], ends[:-1] + 1))
        lengths = ends - starts + 1
        if lengths.max() > LONGEST:
            return None
        found = np.zeros(len(ends), np.uint64)
        for place in range(int(lengths.max())):
            there = lengths > place
            bits = (chunk[starts[there] + place] & 127).astype(np.uint64)
            found[there] |= bits << np.uint64(7 * place)
        numbers[done : done + len(ends)] = found.astype(dtype)
        done += len(ends)
        begin += int(ends[-1]) + 1
    return numbers if done == count else None
