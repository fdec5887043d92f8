"""What is in a zip, tar or compressed file, and its unpacking within bounds.

Nothing that the archive says about sizes is believed: bytes are counted as they come.
"""

from __future__ import annotations

import bz2
import gzip
import lzma
import shutil
import stat
import struct
import tarfile
import zipfile
import zlib
from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path, PurePosixPath, PureWindowsPath
from typing import IO, Any, Protocol

from netviz_desktop.problems import Problem
from netviz_desktop.readers._zip_directory import names

Step = Callable[[float, str], None]

_CHUNK = 1 << 20
_LEAST_SUSPECT = 256 << 20  # bytes; what is smaller may be as compressible as it likes
_MOST_RATIO = 100
_MOST_MEMBERS = 20_000
_MOST_TAR_HEADER_BYTES = 1 << 20
_SPARE_DISK_BYTES = 1 << 30
_OPENERS: tuple[tuple[bytes, Callable[[Path], Any]], ...] = (
    (b"\x1f\x8b", gzip.open),
    (b"BZh", bz2.open),
    (b"\xfd7zXZ\0", lzma.open),
)
_DAMAGE = (
    zipfile.BadZipFile, tarfile.TarError, zlib.error, lzma.LZMAError, struct.error, EOFError,
    OSError, RuntimeError, NotImplementedError, ValueError,
)  # fmt: skip
"""RuntimeError: a member is encrypted; NotImplementedError: it is packed in a rare way."""


class Archive(Protocol):
    def names(self) -> list[str]:
        """Of the plain files in it whose names stay inside it."""

    def unpack(self, wanted: Collection[str], folder: Path) -> None:
        """Write these files into a folder."""


def is_archive(head: bytes) -> bool:
    return head.startswith((b"PK\x03\x04", b"PK\x05\x06")) or _is_tar(head) or _is_packed(head)


def archive(path: Path, step: Step) -> Archive:
    """Raises: Problem: it is damaged, or suspicious."""
    with path.open("rb") as file:
        head = file.read(512)
    if head.startswith(b"PK"):
        return _Zip(path, step)
    with damage(path), _unpacking(path, step) as stream:
        begin = stream.read(512)
    return _Tar(path, step) if _is_tar(begin) else _Packed(path, step)


@contextmanager
def damage(path: Path) -> Iterator[None]:
    """What a damaged archive raises becomes a Problem."""
    try:
        yield
    except _DAMAGE as error:
        said = f" ({error.strerror})" if isinstance(error, OSError) and error.strerror else ""
        raise Problem(
            f"{path.name} cannot be unpacked{said}: it is cut short, damaged or encrypted.",
            "Unpack it with another program, and open the model that is in it.",
        ) from error


def stays_inside(name: str) -> bool:
    """Whether a file of this name lies inside the folder that it is unpacked into."""
    if not name or "\0" in name or name.startswith(("/", "\\")):
        return False
    if ".." not in name and ":" not in name:
        return True  # as nearly all; a path takes long to make
    return not any(
        pure.is_absolute() or pure.drive or ".." in pure.parts
        for pure in (PurePosixPath(name), PureWindowsPath(name))
    )


@dataclass(frozen=True)
class _Zip:
    path: Path
    step: Step

    def names(self) -> list[str]:
        with damage(self.path), self._opened() as archive:
            return [info.filename for info in archive.infolist() if _is_plain(info)]

    def unpack(self, wanted: Collection[str], folder: Path) -> None:
        with damage(self.path), self._opened() as archive:
            bounds = _Bounds(self.path, self.step, folder)
            for info in archive.infolist():
                if info.filename in wanted and _is_plain(info):
                    with archive.open(info) as source:
                        bounds.copy(source, folder / info.filename)

    @contextmanager
    def _opened(self) -> Iterator[zipfile.ZipFile]:
        _refuse_large_directory(self.path)
        with zipfile.ZipFile(self.path) as archive:
            yield archive


@dataclass(frozen=True)
class _Tar:
    path: Path
    step: Step

    def names(self) -> list[str]:
        with damage(self.path):
            return [member.name for _, member in self._members()]

    def unpack(self, wanted: Collection[str], folder: Path) -> None:
        with damage(self.path):
            bounds = _Bounds(self.path, self.step, folder)
            for archive, member in self._members():
                source = archive.extractfile(member) if member.name in wanted else None
                if source is not None:
                    bounds.copy(source, folder / member.name)

    def _members(self) -> Iterator[tuple[tarfile.TarFile, tarfile.TarInfo]]:
        with (
            _unpacking(self.path, self.step) as stream,
            tarfile.open(fileobj=stream, mode="r|", tarinfo=_TarInfo) as archive,
        ):
            for count, member in enumerate(archive):
                if count > _MOST_MEMBERS:
                    raise _too_many(self.path)
                if member.isreg() and not member.issparse() and stays_inside(member.name):
                    yield archive, member


@dataclass(frozen=True)
class _Packed:
    """A single compressed file, called as the archive without its last suffix."""

    path: Path
    step: Step

    def names(self) -> list[str]:
        return [self.path.stem]

    def unpack(self, wanted: Collection[str], folder: Path) -> None:
        del wanted
        with damage(self.path), _unpacking(self.path, self.step) as stream:
            _Bounds(self.path, self.step, folder).copy(stream, folder / self.path.stem)


class _Bounds:
    """Counts what comes out of an archive."""

    def __init__(self, path: Path, step: Step, folder: Path | None = None) -> None:
        self._path = path
        self._step = step
        self._limit = max(_LEAST_SUSPECT, _MOST_RATIO * path.stat().st_size)
        self._room = None if folder is None else shutil.disk_usage(folder).free - _SPARE_DISK_BYTES
        self._count = 0

    def add(self, count: int) -> None:
        self._count += count
        self._step(-1, f"Unpacking {self._path.name}, {self._count >> 20} MB")
        if self._count > self._limit:
            raise Problem(
                f"{self._path.name} unpacks to more than {_MOST_RATIO} times its size: "
                "it may be meant to fill the disk, so it was left packed.",
                "Get the model from a source that you know.",
            )
        if self._room is not None and self._count > self._room:
            raise Problem(
                f"There is not enough room on the disk to unpack {self._path.name}.",
                "Make room in the folder for temporary files, then open it again.",
            )

    def copy(self, source: IO[bytes] | Any, target: Path) -> None:
        target.parent.mkdir(parents=True, exist_ok=True)
        with target.open("wb") as file:
            while chunk := source.read(_CHUNK):
                self.add(len(chunk))
                file.write(chunk)


class _Counted:
    """A stream that says what is read from it."""

    def __init__(self, source: Any, bounds: _Bounds) -> None:
        self._source = source
        self._bounds = bounds

    def read(self, size: int) -> bytes:
        data: bytes = self._source.read(min(size, _CHUNK))
        self._bounds.add(len(data))
        return data


class _TarInfo(tarfile.TarInfo):
    """tarfile reads headers of any length into memory; these are bounded."""

    def _proc_member(self, tar: tarfile.TarFile) -> Any:
        if not self.isreg() and self.size > _MOST_TAR_HEADER_BYTES:
            raise tarfile.ReadError("its header is too large")
        return super()._proc_member(tar)  # type: ignore[misc]  # a method that typeshed leaves out


@contextmanager
def _unpacking(path: Path, step: Step) -> Iterator[Any]:
    """Its bytes, decompressed."""
    with path.open("rb") as file:
        head = file.read(8)
    opened = next((opener for begin, opener in _OPENERS if head.startswith(begin)), None)
    with opened(path) if opened is not None else path.open("rb") as source:
        yield _Counted(source, _Bounds(path, step))


def _is_tar(head: bytes) -> bool:
    return head[257:262] == b"ustar"


def _is_packed(head: bytes) -> bool:
    return head.startswith(tuple(begin for begin, _ in _OPENERS))


def _is_plain(info: zipfile.ZipInfo) -> bool:
    kind = stat.S_IFMT(info.external_attr >> 16)
    return not info.is_dir() and kind in (0, stat.S_IFREG) and stays_inside(info.filename)


def _refuse_large_directory(path: Path) -> None:
    """zipfile makes an object for each entry of the directory, however many there are."""
    if len(names(path)) > _MOST_MEMBERS:
        raise _too_many(path)


def _too_many(path: Path) -> Problem:
    return Problem(
        f"{path.name} holds more than {_MOST_MEMBERS:,} files, too many to look for a model in.",
        "Unpack it with another program, and open the model that is in it.",
    )
