"""The names in a zip archive; zipfile takes ten times as long, because it describes each."""

from __future__ import annotations

import struct
from functools import lru_cache
from pathlib import Path
from typing import NamedTuple

from netviz_desktop.problems import Problem

ZIP = b"PK\x03\x04"
_END, _END_64, _ENTRY = b"PK\x05\x06", b"PK\x06\x06", b"PK\x01\x02"
_LOCATOR_BYTES, _END_64_BYTES = 20, 56  # of what stands before the end in ZIP64
_END_BYTES = (1 << 16) + 22 + _LOCATOR_BYTES + _END_64_BYTES  # with the longest comment
_ENTRY_BYTES = 46
_UTF_8 = 0x800
_MOST_BYTES = 8 << 20  # room for 100,000 weights


class Directory(NamedTuple):
    start: int
    size: int


def directory(path: Path) -> Directory | None:
    """Where it lies; None when the archive has none, as one that is cut short.

    Raises: OSError.
    """
    length = path.stat().st_size
    with path.open("rb") as file:
        begin = file.seek(max(length - _END_BYTES, 0))
        tail = file.read(_END_BYTES)
    at = tail.rfind(_END)
    if at < 0 or len(tail) < at + 22:
        return None
    (size,) = struct.unpack_from("<12xL", tail, at)
    large = at - _LOCATOR_BYTES - _END_64_BYTES
    if large >= 0 and tail.startswith(_END_64, large):
        at = large
        (size,) = struct.unpack_from("<40xQ", tail, at)
    return Directory(begin + at - size, size)


def refuse_large(path: Path, head: bytes) -> None:
    """Raises: Problem: so many files are in it that to list them takes long."""
    found = directory(path) if head.startswith(ZIP) else None
    if found is not None and found.size > _MOST_BYTES:
        raise Problem(
            f"{path.name} holds more files than any model.",
            "Unpack it with another program, and open the model that is in it.",
        )


def names(path: Path) -> tuple[str, ...]:
    """Of its files and folders, quick to ask for again; none where there is no archive, or a
    damaged one.

    Raises: OSError.
    """
    status = path.stat()
    return _names(path, status.st_mtime_ns, status.st_size)


@lru_cache(maxsize=4)
def _names(path: Path, _changed: int, _size: int) -> tuple[str, ...]:
    with path.open("rb") as file:
        found = directory(path) if file.read(4) == ZIP else None
        if found is None or found.start < 0:
            return ()
        file.seek(found.start)
        content = file.read(found.size)
    named = []
    at = 0
    while len(content) >= at + _ENTRY_BYTES:
        signature, flags, name, extra, comment = struct.unpack_from("<4s4xH18xHHH", content, at)
        if signature != _ENTRY:
            return ()
        encoded = content[at + _ENTRY_BYTES : at + _ENTRY_BYTES + name]
        named.append(encoded.decode("utf-8" if flags & _UTF_8 else "cp437", "replace"))
        at += _ENTRY_BYTES + name + extra + comment
    return tuple(named)
