"""More memory than there is is refused, instead of ending the process.

Linux promises a program any memory that it asks for, and kills it when it comes to fill what
is not there. Under a limit its request fails: a MemoryError, or what a library makes of it.
Other systems refuse by themselves, or write to disk.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

if sys.platform == "linux":
    import resource

_CGROUPS = (  # a container's: limit, use
    ("/sys/fs/cgroup", "memory.max", "memory.current"),
    ("/sys/fs/cgroup/memory", "memory.limit_in_bytes", "memory.usage_in_bytes"),
)
_FILES = frozenset({"active_file", "inactive_file"})  # what is given back when it is asked for


def available_bytes() -> int | None:
    """What this process can still take; None where nobody says."""
    if sys.platform != "linux":
        return None
    found = []
    with suppress(OSError, KeyError, ValueError, IndexError):
        said = dict(line.split(":") for line in Path("/proc/meminfo").read_text().splitlines())
        found.append(int(said["MemAvailable"].split()[0]) * 1024)
    for folder, limit, use in _CGROUPS:
        with suppress(OSError, ValueError):  # none, or "max"
            room = int(Path(folder, limit).read_text()) - int(Path(folder, use).read_text())
            stat = (line.split() for line in Path(folder, "memory.stat").read_text().splitlines())
            found.append(room + sum(int(value) for name, value in stat if name in _FILES))
    return max(0, min(found)) if found else None


@contextmanager
def limited(more_bytes: int | None = None) -> Iterator[None]:
    """The process gets no more than this beside what it has; None: than the machine has left.

    Memory counts when it is asked for, not when it is filled; of mapped files what may be
    written to, see `room_for_mapping`.
    """
    available = available_bytes()
    if sys.platform != "linux" or available is None:
        yield
        return
    available = available * 15 // 16  # for the system's own needs
    more = available if more_bytes is None else min(more_bytes, available)
    before = resource.getrlimit(resource.RLIMIT_DATA)
    _set(_least(held_bytes() + more, *before), before[1])
    try:
        yield
    finally:
        _set(*before)


def room_for_mapping(size: int) -> None:
    """A file of this size is mapped copy-on-write: that counts, though it fills nothing."""
    if sys.platform != "linux":
        return
    soft, hard = resource.getrlimit(resource.RLIMIT_DATA)
    if soft != resource.RLIM_INFINITY:
        _set(_least(soft + size, hard), hard)


def held_bytes() -> int:
    """What the process holds as the limit counts it, private memory that may be written to;
    0 where there is no limit."""
    if sys.platform != "linux":
        return 0
    try:
        pages = int(Path("/proc/self/statm").read_text().split()[5])
    except (OSError, IndexError, ValueError):
        return 0
    return pages * os.sysconf("SC_PAGE_SIZE")


if sys.platform == "linux":

    def _least(*limits: int) -> int:
        return min(limit for limit in limits if limit != resource.RLIM_INFINITY)

    def _set(soft: int, hard: int) -> None:
        resource.setrlimit(resource.RLIMIT_DATA, (soft, hard))
