"""How much memory a run may fill, and the files that take what is beyond.

What a run keeps is moved, the oldest first, into memory-mapped temporary files once it
fills more than that. Its tensors stay the objects they are: only their memory is another,
and the system brings a page back when somebody reads it.
"""

from __future__ import annotations

import ctypes
import mmap
import os
import sys
import tempfile
from collections.abc import Container, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from functools import cache
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn
from torch.autograd.graph import saved_tensors_hooks

from netviz_desktop.problems import Problem

_STRIDED = torch.strided
_SEGMENT_BYTES = 256 * 2**20
_ALIGNMENT = 64  # as torch aligns its own memory
_CGROUP_LIMITS = ("/sys/fs/cgroup/memory.max", "/sys/fs/cgroup/memory/memory.limit_in_bytes")
_budget: ContextVar[int | None] = ContextVar("memory budget", default=None)


def budget() -> int:
    """The bytes that a run may fill: what `within` says, else a quarter of the machine's."""
    chosen = _budget.get()
    return machine_bytes() // 4 if chosen is None else chosen


@contextmanager
def within(limit_bytes: int | None) -> Iterator[None]:
    """Runs that begin inside stay within this; None: a quarter of the machine's memory."""
    before = _budget.set(limit_bytes)
    try:
        yield
    finally:
        _budget.reset(before)


class Spill:
    """Watches over the memory that one run keeps.

    Args:
        limit_bytes: None: what the budget says.
        others: storages (`storage_of`) that are not the run's: weights.
    """

    def __init__(self, limit_bytes: int | None = None, others: Container[int] = ()) -> None:
        self.limit_bytes = budget() if limit_bytes is None else limit_bytes
        self._full = self.limit_bytes * 7 // 8  # the rest is for the operation under way
        self._due = self._full
        self._others = others
        self._tensors: list[Tensor] = []
        self._most = 0  # bytes, if no two tensors share memory
        self._moved: set[int] = set()
        self._segment: _Segment | None = None
        self.bytes_on_disk = 0
        self.is_full = False  # and `settle` would do something

    def add(self, tensor: Tensor) -> None:
        """The run keeps this tensor. Every tensor over the same memory must be added, or
        the memory stays where it is."""
        if tensor.layout is _STRIDED:
            self._tensors.append(tensor)
            self._most += tensor.nbytes
            self.is_full = self._most > self._due

    @contextmanager
    def watching_autograd(self) -> Iterator[None]:
        """What autograd saves meanwhile is of the run, too."""

        def save(tensor: Tensor) -> Tensor:
            # A result would hold the node that saves it: a cycle.
            kept = tensor.data if tensor.requires_grad else tensor
            self.add(kept)
            return kept

        with saved_tensors_hooks(save, lambda kept: kept):
            yield

    def settle(self) -> dict[int, int]:
        """Called between operations: move what is too much. Gives where it was and is.

        Raises:
            Problem: there is no room on the disk.
        """
        if not self.is_full:
            return {}
        with torch._C._DisableTorchDispatch(), torch._C.DisableTorchFunction():
            return self._relieve()

    def forget(self) -> None:
        """The run has ended: who still wants its tensors holds them."""
        self._tensors.clear()
        self._close()

    def _close(self) -> None:
        if self._segment is not None:
            self._segment.close()
            self._segment = None

    def _relieve(self) -> dict[int, int]:
        moved: dict[int, int] = {}
        shared: dict[int, dict[int, Tensor]] = {}
        for tensor in self._tensors:
            storage = storage_of(tensor)
            if storage > 0 and storage not in self._others and storage not in self._moved:
                shared.setdefault(storage, {})[id(tensor)] = tensor
        resident = sum(_size(tensors) for tensors in shared.values())
        for storage, tensors in shared.items():
            if resident <= self.limit_bytes * 5 // 8:
                break
            if (size := _size(tensors)) and _can_move(tensors):
                resident -= size
                moved[storage] = self._move(list(tensors.values()))
        if moved:
            give_back_freed_memory()
        self._most = resident
        self._due = max(self._full, resident + self.limit_bytes // 4)  # not for every operation
        self.is_full = False
        return moved

    def _move(self, tensors: list[Tensor]) -> int:
        before = tensors[0].untyped_storage()
        with torch.no_grad():
            content = torch.empty(0, dtype=torch.uint8).set_(before)
            if self._segment is None or not self._segment.has_room(content.numel()):
                self._close()
                self._segment = _Segment(max(_SEGMENT_BYTES, content.numel() + _ALIGNMENT))
            after = self._segment.put(content).untyped_storage()
            for tensor in tensors:
                layout = (tensor.storage_offset(), tensor.size(), tensor.stride())
                tensor.data = torch.empty(0, dtype=tensor.dtype).set_(after, *layout)
        self.bytes_on_disk += content.numel()
        self._moved.add(place := storage_of(tensors[0]))
        return place


class _Segment:
    """A file without a name, mapped into memory; it is gone when no tensor is left in it."""

    def __init__(self, size: int) -> None:
        self._size = size
        self._end = 0
        try:
            self._file = tempfile.TemporaryFile(buffering=0, dir=_folder())  # noqa: SIM115 - it lives as long as this
            self._file.truncate(size)
            self._mapped = mmap.mmap(self._file.fileno(), size)
        except OSError as error:
            raise _no_room(error) from error

    def has_room(self, size: int) -> bool:
        return self._end + size <= self._size

    def close(self) -> None:
        """Nothing more is put in; what is mapped stays while it is in use."""
        self._file.close()

    def put(self, content: Tensor) -> Tensor:
        """The same bytes in the file. Written, not copied into the mapping: so they fill no
        memory of this process."""
        begin = self._end
        rest = content.numpy().data
        try:
            self._file.seek(begin)
            while rest:
                rest = rest[self._file.write(rest[: 2**30]) :]
        except OSError as error:
            raise _no_room(error) from error
        self._end = -(-(begin + content.numel()) // _ALIGNMENT) * _ALIGNMENT
        return torch.frombuffer(
            self._mapped, dtype=torch.uint8, count=content.numel(), offset=begin
        )


def storage_of(tensor: Tensor) -> int:
    """The same number for tensors that share memory; negative for one without a storage."""
    try:
        return int(tensor.untyped_storage()._cdata)
    except NotImplementedError:  # sparse tensors
        return -id(tensor)


def users_of(tensor: Tensor) -> int:
    """How many tensors stand in its memory."""
    storage = tensor.untyped_storage()
    return int(torch._C._storage_Use_Count(storage._cdata)) - 1  # the one just made for asking


@cache
def machine_bytes() -> int:
    """The memory that this process can have."""
    found = [_physical_bytes()]
    for path in _CGROUP_LIMITS:  # a container's
        try:
            found.append(int(Path(path).read_text().strip()))
        except (OSError, ValueError):
            continue  # none, or "max"
    return min(found)


def give_back_freed_memory() -> None:
    """Tell glibc to: what spilled leaves holes that it keeps, too small for what comes."""
    trim = getattr(ctypes.CDLL(None), "malloc_trim", None) if sys.platform == "linux" else None
    if trim is not None:
        trim(0)


def _size(tensors: dict[int, Tensor]) -> int:
    return next(iter(tensors.values())).untyped_storage().nbytes()


def _can_move(tensors: dict[int, Tensor]) -> bool:
    """Whether these are plain, and all that stand in their memory."""
    return all(
        type(t) in (Tensor, nn.Parameter)
        and t.device.type == "cpu"
        and not t.is_conj()
        and not t.is_neg()
        for t in tensors.values()
    ) and users_of(next(iter(tensors.values()))) == len(tensors)


def _folder() -> str:
    """Where temporary files lie on a disk: on many Linux systems /tmp is memory."""
    if sys.platform == "linux" and "TMPDIR" not in os.environ and os.access("/var/tmp", os.W_OK):  # noqa: S108
        return "/var/tmp"  # noqa: S108 - the file has no name there
    return tempfile.gettempdir()


def _no_room(error: OSError) -> Problem:
    return Problem(
        f"What this run keeps does not fit into its memory, nor into {_folder()}: "
        f"{error.strerror or error}.",
        "Free space on that disk, or let runs take more memory.",
    )


def _physical_bytes() -> int:
    if sys.platform == "win32":
        status = _MemoryStatus()
        status.length = ctypes.sizeof(status)
        ctypes.windll.kernel32.GlobalMemoryStatusEx(ctypes.byref(status))
        return int(status.total)
    return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")


class _MemoryStatus(ctypes.Structure):
    """Windows' MEMORYSTATUSEX."""

    length: Any
    total: Any
    _fields_ = (
        ("length", ctypes.c_uint32),
        ("load", ctypes.c_uint32),
        ("total", ctypes.c_uint64),
        *((f"other{index}", ctypes.c_uint64) for index in range(6)),
    )
