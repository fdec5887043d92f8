"""HDF5 as Keras writes it: where numbers lie, read only when somebody asks.

A file may name others for its numbers (external links, external storage, virtual datasets):
none of them is followed. h5py reads a file or, of one that lies in a zip archive, a part.
"""

from __future__ import annotations

import io
import math
import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import ml_dtypes
import numpy as np
from numpy.typing import NDArray

from netviz_desktop.problems import Problem

if TYPE_CHECKING:
    import h5py

Step = Callable[[float, str], None]

SIGNATURE = b"\x89HDF\r\n\x1a\n"

_MOST_OBJECTS = 200_000
_MOST_ATTRIBUTE_BYTES = 64 * 2**20
_FREELY_EXPANDED_BYTES = 64 * 2**20
_MOST_EXPANSION = 1000  # deflate cannot do more


@dataclass(frozen=True)
class Stored:
    """A dataset of numbers.

    Args:
        fault: one sentence why its numbers cannot be read, else empty.
    """

    path: str
    shape: tuple[int, ...]
    dtype: str
    fault: str = ""


@dataclass(frozen=True)
class Group:
    """Args:
    attributes: text, and lists of text; others are left out.
    """

    path: str
    attributes: dict[str, str | list[str]]


class Hdf5:
    """An HDF5 file, all of it or what lies in it at `start`; or the bytes of one.

    Args:
        name: what a Problem calls it.
    """

    def __init__(
        self, path: Path, start: int = 0, size: int | None = None, content: bytes | None = None
    ) -> None:
        self.name = path.name
        self._path = path
        self._start = start
        self._size = size
        self._content = content

    @contextmanager
    def opened(self) -> Iterator[h5py.File]:
        """Raises: Problem: it is damaged, as far as it is read meanwhile."""
        import h5py

        try:
            with self.stream() as stream, h5py.File(stream, "r") as file:
                yield file
        except (OSError, RuntimeError, KeyError, ValueError, TypeError, OverflowError) as error:
            raise Problem(
                f"{self.name} is cut short or damaged: it cannot be read as HDF5.",
                "Download or save it again.",
            ) from error

    def stream(self) -> io.IOBase:
        """Its bytes."""
        if self._content is not None:
            return io.BytesIO(self._content)
        if self._size is None:
            return self._path.open("rb")
        return io.BufferedReader(_Part(self._path, self._start, self._size))

    def contents(self, step: Step) -> tuple[dict[str, Group], dict[str, Stored]]:
        """Groups and datasets of numbers by path, in the file's order.

        Raises:
            Problem: it is damaged.
            Cancelled: `step` said so.
        """
        groups: dict[str, Group] = {}
        found: dict[str, Stored] = {}
        with self.opened() as file:
            for path, item in _walk(file):
                step(-1, f"Reading {self.name}")
                if isinstance(item, _h5py().Group):
                    groups[path] = Group(path, attributes(item))
                elif item.dtype.kind in "biufc":
                    found[path] = _stored(path, item)
        return groups, found

    def reader(self, stored: Stored) -> partial[NDArray[Any]]:
        """A function that reads the numbers."""
        return partial(self._read, stored)

    def _read(self, stored: Stored) -> NDArray[Any]:
        if stored.fault:
            raise Problem(f"{stored.path} cannot be read: {stored.fault}.", "Look at another one.")
        with self.opened() as file:
            array = np.asarray(file[stored.path][()])
        if stored.dtype == "bfloat16" and array.dtype == np.uint16:
            return array.view(ml_dtypes.bfloat16)
        return array.astype(stored.dtype, copy=False)


def attributes(item: Any) -> dict[str, str | list[str]]:
    """Those that are text or lists of text."""
    result: dict[str, str | list[str]] = {}
    for name in item.attrs:
        info = item.attrs.get_id(name)
        if math.prod(info.shape or ()) * info.dtype.itemsize > _MOST_ATTRIBUTE_BYTES:
            continue
        value = item.attrs[name]
        if isinstance(value, np.ndarray):
            if value.dtype.kind in "OS" and value.ndim == 1:
                result[name] = [_text(one) for one in value.tolist()]
            elif not value.size:
                result[name] = []
        elif isinstance(value, (bytes, str)):
            result[name] = _text(value)
    return result


def listed(group: Group, name: str) -> list[str]:
    """A list of text, which Keras cuts into several attributes when it is long."""
    whole = group.attributes.get(name)
    if isinstance(whole, list):
        return whole
    parts: list[str] = []
    for number in range(_MOST_OBJECTS):
        part = group.attributes.get(f"{name}{number}")
        if not isinstance(part, list):
            break
        parts += part
    return parts


def _walk(file: h5py.File) -> Iterator[tuple[str, Any]]:
    """Every group and dataset once, by its first path; links to elsewhere are left out."""
    h5py = _h5py()
    waiting: list[tuple[str, Any]] = [("", file)]
    met: set[Any] = set()
    while waiting and len(met) < _MOST_OBJECTS:
        path, item = waiting.pop()
        address = h5py.h5o.get_info(item.id).addr
        if address in met:
            continue
        met.add(address)
        yield path, item
        if isinstance(item, h5py.Group):
            hard = [n for n in item if isinstance(item.get(n, getlink=True), h5py.HardLink)]
            if hard == sorted(hard):  # not in the order in which they were made
                hard.sort(key=_as_counted)
            inner = ((f"{path}/{n}".lstrip("/"), item[n]) for n in reversed(hard))
            waiting.extend(
                (name, one) for name, one in inner if isinstance(one, (h5py.Group, h5py.Dataset))
            )


def _as_counted(name: str) -> list[str | int]:
    """conv2d_2 before conv2d_10."""
    return [int(part) if part.isdecimal() else part for part in re.split(r"(\d+)", name)]


def _stored(path: str, dataset: h5py.Dataset) -> Stored:
    shape = tuple(int(size) for size in dataset.shape or ())
    dtype = "bfloat16" if attributes(dataset).get("dtype") == "bfloat16" else dataset.dtype.name
    size = math.prod(shape) * dataset.dtype.itemsize
    fault = ""
    if dataset.external or dataset.is_virtual:
        fault = "its numbers lie in another file, which is not opened"
    elif size > max(_FREELY_EXPANDED_BYTES, _MOST_EXPANSION * dataset.id.get_storage_size()):
        fault = "its numbers are not all there"
    return Stored(path, shape, dtype, fault)


def _text(value: Any) -> str:
    return value.decode("utf-8", "replace") if isinstance(value, bytes) else str(value)


def _h5py() -> Any:
    import h5py

    return h5py


class _Part(io.RawIOBase):
    """A part of a file, as a file."""

    def __init__(self, path: Path, start: int, size: int) -> None:
        super().__init__()
        self._file = path.open("rb")
        self._start = start
        self._size = size
        self._at = 0

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def tell(self) -> int:
        return self._at

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        origin = {io.SEEK_SET: 0, io.SEEK_CUR: self._at, io.SEEK_END: self._size}[whence]
        self._at = max(0, origin + offset)
        return self._at

    def readinto(self, buffer: Any) -> int:
        count = max(0, min(len(buffer), self._size - self._at))
        self._file.seek(self._start + self._at)
        read = self._file.readinto(memoryview(buffer)[:count])
        self._at += read
        return read

    def close(self) -> None:
        self._file.close()
        super().close()
