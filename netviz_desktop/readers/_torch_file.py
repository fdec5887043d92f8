"""The files that torch.save writes, and their relatives: what they hold, without torch."""

from __future__ import annotations

import struct
import zipfile
import zlib
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from typing import IO, Any

from numpy.typing import NDArray

from netviz_desktop.problems import Problem
from netviz_desktop.readers import _zip_directory as zip_directory
from netviz_desktop.readers._stored import Stored, element_bytes
from netviz_desktop.readers._stub_unpickler import unpickle
from netviz_desktop.readers._stubs import BadPickle, Global, Instance, StubTensor
from netviz_desktop.readers._zip_directory import ZIP

_FIRST_MEMBERS = (b"data.pkl", b"byteorder", b"archive_format", b"exported_program.json")
_SUFFIXES = (".pt", ".pth", ".pt2", ".ckpt")
_LEGACY_MAGIC = 0x1950A86A20F9469CFC6C
_MOST_PICKLE_BYTES = 128 * 2**20


@dataclass(frozen=True)
class TorchFile:
    """A file of torch.save, read but for its numbers.

    Args:
        root: the object that was saved, in stubs.
        named: every class and function that loading it would import.
        called: those that it would call, apart from torch's own of known effect.
        places: storage key -> first byte in the file, and how many there are.
    """

    path: Path
    root: Any
    named: tuple[Global, ...]
    called: tuple[Global, ...]
    places: dict[str, tuple[int, int]] = field(repr=False)

    def reader(self, tensor: StubTensor) -> Callable[[], NDArray[Any]]:
        """A function that reads the tensor's numbers."""
        return lambda: self.stored(tensor).read()

    def stored(self, tensor: StubTensor) -> Stored:
        """Where the tensor's numbers lie."""
        start, size = self.places.get(tensor.storage.key, (0, 0))
        itemsize = element_bytes(tensor.dtype)
        first = (tensor.storage.first + tensor.offset) * itemsize
        if tensor.storage.dtype == "uint8" and tensor.dtype != "uint8":
            first = tensor.offset * itemsize  # untyped: offsets count the tensor's elements
        room = size - first
        return Stored(self.path, start + first, room, tensor.shape, tensor.dtype, tensor.strides)


def torch_file(path: Path, part: str = "data") -> TorchFile:
    """The file's content; quick to ask for again.

    Args:
        part: which pickle of a zip archive; TorchScript has "constants" beside "data".

    Raises:
        Problem: it is damaged, or holds what this version does not read.
    """
    status = path.stat()
    return _torch_file(path, part, status.st_mtime_ns, status.st_size)


def may_be_torch_file(path: Path, head: bytes) -> bool:
    """Whether it is a zip archive with torch's pickle in it, or starts as a pickle does."""
    if head.startswith(ZIP):
        if names := zip_directory.names(path):
            return any(name.rpartition("/")[2] == "data.pkl" for name in names)
        # Cut short, it has lost its directory: the first member's name still tells.
        (name_length,) = struct.unpack("<H", head[26:28].ljust(2, b"\0"))
        name = head[30 : 30 + name_length]
        return name.endswith(_FIRST_MEMBERS) or path.suffix.lower() in _SUFFIXES
    return head[:1] == b"\x80" and head[1:2] in b"\x02\x03\x04\x05"


# What reading a damaged file may raise. zipfile has RuntimeError for an encrypted member, and
# OSError comes of a place before the file's beginning; BadPickle is a ValueError.
_DAMAGE = (
    zipfile.BadZipFile,
    zlib.error,
    struct.error,
    EOFError,
    ValueError,
    OverflowError,
    RuntimeError,
    OSError,
)


@lru_cache(maxsize=4)
def _torch_file(path: Path, part: str, _changed: int, _size: int) -> TorchFile:
    with path.open("rb") as file:
        is_zip = file.read(4) == ZIP
    try:
        return _zipped(path, part) if is_zip else _legacy(path)
    except _DAMAGE as error:
        raise Problem(
            f"{path.name} is cut short or damaged: it cannot be read as a PyTorch file.",
            "Download or save it again.",
        ) from error


def _zipped(path: Path, part: str) -> TorchFile:
    with path.open("rb") as file, zipfile.ZipFile(file) as archive:
        members = {info.filename: info for info in archive.infolist()}
        pickled = next((name for name in members if name.endswith(f"{part}.pkl")), None)
        if pickled is None:
            raise Problem(
                f"{path.name} is a zip archive without a model in it.",
                "Choose a file that torch.save or an exporter wrote.",
            )
        prefix = pickled.removesuffix(f"{part}.pkl")
        byteorder = members.get(f"{prefix}byteorder")
        if byteorder is not None and archive.read(byteorder)[:3] == b"big":
            raise Problem(
                f"{path.name} was saved on a big-endian machine.", "Save it again on this one."
            )
        if members[pickled].file_size > _MOST_PICKLE_BYTES:
            raise BadPickle("it is too large")
        found = unpickle(archive.read(pickled))
        places = {
            name.removeprefix(f"{prefix}{part}/"): (_first_byte(file, info), info.file_size)
            for name, info in members.items()
            if name.startswith(f"{prefix}{part}/") and info.compress_type == zipfile.ZIP_STORED
        }
    return TorchFile(path, found.root, found.named, found.called, places)


def _first_byte(file: IO[bytes], info: zipfile.ZipInfo) -> int:
    """Where a stored member's bytes begin: after a header of its own length."""
    file.seek(info.header_offset + 26)
    name, extra = struct.unpack("<HH", file.read(4))
    first: int = info.header_offset + 30 + name + extra
    return first


def _legacy(path: Path) -> TorchFile:
    """torch.save before version 1.6: pickles and raw numbers, one after the other."""
    size = path.stat().st_size
    with path.open("rb") as file:
        head = file.read(_MOST_PICKLE_BYTES)
    magic = unpickle(head)
    if magic.root != _LEGACY_MAGIC:
        return TorchFile(path, magic.root, magic.named, magic.called, {})
    version = unpickle(head, magic.end)
    system = unpickle(head, version.end)
    found = unpickle(head, system.end)
    keys = unpickle(head, found.end)
    itemsize = _item_sizes(found.root)
    places: dict[str, tuple[int, int]] = {}
    position = keys.end
    with path.open("rb") as file:
        for key in map(str, keys.root):
            file.seek(position)
            (count,) = struct.unpack("<q", file.read(8))
            length = count * itemsize.get(key, 1)
            places[key] = (position + 8, max(0, min(length, size - position - 8)))
            position += 8 + length
    return TorchFile(path, found.root, found.named, found.called, places)


def _item_sizes(root: Any) -> dict[str, int]:
    """Storage key -> bytes an element, of every tensor that can be reached."""
    sizes: dict[str, int] = {}
    waiting, met = [root], set()
    while waiting:
        item = waiting.pop()
        if isinstance(item, StubTensor):
            sizes[item.storage.key] = element_bytes(item.storage.dtype)
        elif isinstance(item, (dict, list, tuple, Instance)) and id(item) not in met:
            met.add(id(item))
            if isinstance(item, dict):
                waiting.extend(item.values())
            elif isinstance(item, Instance):
                waiting.extend((item.state, item.arguments, item.items))
            else:
                waiting.extend(item)
    return sizes
