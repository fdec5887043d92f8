"""Memory is not given back between runs."""

from __future__ import annotations

import ctypes
import sys
from functools import cache

_M_TRIM_THRESHOLD = -1  # glibc's malloc.h
_M_MMAP_THRESHOLD = -3
_KEPT_BYTES = 512 * 2**20
_LARGEST_BYTES = 32 * 2**20  # the most that glibc lets the heap serve


@cache
def reuse_freed_memory() -> bool:
    """Tell glibc to keep what a run frees; False where there is no glibc.

    A run that keeps every activation frees hundreds of megabytes when the next replaces it.
    Each page that goes back to the system costs a fault when it is needed again, together
    as much as half of a ResNet-50 run.
    """
    if sys.platform != "linux":
        return False
    mallopt = getattr(ctypes.CDLL(None), "mallopt", None)
    return mallopt is not None and bool(
        mallopt(_M_MMAP_THRESHOLD, _LARGEST_BYTES) and mallopt(_M_TRIM_THRESHOLD, _KEPT_BYTES)
    )
