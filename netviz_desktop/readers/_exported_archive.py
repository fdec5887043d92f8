"""A .pt2 archive: its program as JSON, and where the numbers of its weights lie.

torch writes them since version 2.8 as members `models/NAME.json` and `data/weights/…`,
before that as `serialized_exported_program.json` beside two files of torch.save. What is
pickled is read into stubs; nothing of it is run.
"""

from __future__ import annotations

import io
import re
import struct
import zipfile
import zlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Any, TypeVar

import msgspec

from netviz_desktop.problems import Problem
from netviz_desktop.readers._allowed_globals import dangerous
from netviz_desktop.readers._exported_schema import (
    DTYPES,
    Payload,
    PayloadConfig,
    Program,
    whole,
)
from netviz_desktop.readers._stub_unpickler import Unpickled, unpickle
from netviz_desktop.readers._stubs import BadPickle, StubStorage, StubTensor
from netviz_desktop.readers._torch_file import TorchFile

_OLD = "serialized_exported_program.json"
_MODEL = re.compile(r"(?:(?P<root>[^/]*)/)?models/(?P<name>.+)\.json")
_COMPILED = re.compile(r"(?:^|/)(data/aotinductor|executorch)/")
_PICKLED = re.compile(
    r"(?:^|/)(data/(sample_inputs|weights|constants)/[^/]*|serialized_\w+\.(pt|json))$"
)
_MOST_JSON_BYTES = 64 * 2**20
_MOST_OBJECTS = 1_500_000  # ten times as many as the largest language models have
_MOST_PICKLE_BYTES = 128 * 2**20

# What a damaged archive may raise; BadPickle and UnicodeError are ValueErrors. zipfile has
# RuntimeError for an encrypted member, NotImplementedError for an unknown compression.
DAMAGE = (
    zipfile.BadZipFile, zlib.error, struct.error, EOFError, ValueError, OverflowError,
    RuntimeError, OSError, msgspec.DecodeError, MemoryError,
)  # fmt: skip

_T = TypeVar("_T")


@dataclass(frozen=True)
class Weight:
    """A tensor, and the part of the file that holds it."""

    file: TorchFile = field(repr=False)
    tensor: StubTensor


@dataclass(frozen=True)
class Archive:
    """Args:
    weights, constants: by the names of the signature; what is pickled in a way that only
        running it would show is left out.
    """

    program: Program
    weights: Mapping[str, Weight]
    constants: Mapping[str, Weight]


def is_exported(names: Iterable[str]) -> bool:
    return any(name.endswith((_OLD, "archive_format")) or _COMPILED.search(name) for name in names)


def open_archive(path: Path, member: str | None) -> Archive:
    """Args:
        member: which of several programs.

    Raises:
        Problem: it holds none, or several and `member` is none of them; it would run a command.
    """
    with path.open("rb") as file, zipfile.ZipFile(file) as archive:
        found = {info.filename: info for info in archive.infolist()}
        place = _Place(path, file, archive, found)
        _refuse_commands(place)
        old = next((name for name in found if name.endswith(_OLD)), None)
        if old is not None:
            return _old(place, old)
        models = {
            match["name"]: match["root"] or ""
            for name in found
            if (match := _MODEL.fullmatch(name))
        }
        if not models and not any(map(_COMPILED.search, found)):
            raise BadPickle("the program is missing")
        if not models:
            raise Problem(
                f"{path.name} holds compiled code (an AOTInductor or ExecuTorch package) "
                "without the program that it was made of.",
                "Open the program itself, as torch.export.save writes it.",
            )
        name = _chosen(path, models, member)
        root = f"{models[name]}/" if models[name] else ""
        return Archive(
            place.decoded(f"{root}models/{name}.json", Program),
            place.payloads(f"{root}data/weights/", f"{name}_weights_config.json", f"{name}.pt"),
            place.payloads(f"{root}data/constants/", f"{name}_constants_config.json", f"{name}.pt"),
        )


def _chosen(path: Path, models: Mapping[str, str], member: str | None) -> str:
    if member in models:
        return str(member)
    if member is None and len(models) == 1:
        return next(iter(models))
    names = tuple(sorted(models))
    what = f"holds {len(names)} programs" if member is None else f"holds no program “{member}”"
    raise Problem(
        f"{path.name} {what}.",
        f"Choose one of them with --member: {', '.join(names[:20])}.",
        choices=names,
    )


@dataclass(frozen=True)
class _Place:
    """The opened archive."""

    path: Path
    file: io.BufferedReader
    archive: zipfile.ZipFile
    infos: Mapping[str, zipfile.ZipInfo]

    def decoded(self, name: str, kind: type[_T]) -> _T:
        info = self.infos.get(name)
        if info is None or info.file_size > _MOST_JSON_BYTES:
            raise BadPickle(f"{name} is missing or too large")
        text = self.archive.read(info)
        if text.count(b"{") + text.count(b"[") > _MOST_OBJECTS:
            raise BadPickle(f"{name} would fill the memory")
        return msgspec.json.decode(text, type=kind)

    def payloads(self, folder: str, config: str, saved: str) -> dict[str, Weight]:
        """The tensors in a folder of the archive, by name."""
        if folder + saved in self.infos:  # torch 2.8 saved them all in one pickle
            return self.saved(folder + saved)
        if folder + config not in self.infos:
            return {}
        table = self.decoded(folder + config, PayloadConfig).config
        raw = {
            name: (self.first_byte(info), info.file_size)
            for name, info in self.infos.items()
            if name.startswith(folder) and info.compress_type == zipfile.ZIP_STORED
        }
        file = TorchFile(self.path, None, (), (), raw)
        found = {}
        for name, payload in table.items():
            if payload.use_pickle:
                held = self.saved(folder + payload.path_name)
                if "" in held:
                    found[name] = held[""]
            elif payload.tensor_meta is not None and folder + payload.path_name in self.infos:
                found[name] = Weight(file, _stub(folder + payload.path_name, payload))
        return found

    def saved(self, name: str) -> dict[str, Weight]:
        """The tensors that a member of torch.save holds, by name; a single one under ""."""
        if name not in self.infos:
            return {}
        unpickled, places = self.unpickled(name)
        file = TorchFile(self.path, unpickled.root, unpickled.named, unpickled.called, places)
        root = unpickled.root
        if isinstance(root, StubTensor):
            return {"": Weight(file, root)}
        if not isinstance(root, dict):
            return {}
        return {
            key: Weight(file, tensor)
            for key, tensor in root.items()
            if isinstance(key, str) and isinstance(tensor, StubTensor)
        }

    def unpickled(self, name: str) -> tuple[Unpickled, dict[str, tuple[int, int]]]:
        """What a member describes, and where in the whole file its storages lie."""
        info = self.infos[name]
        if info.compress_type != zipfile.ZIP_STORED:
            raise BadPickle(f"{name} is compressed")
        start = self.first_byte(info)
        part = io.BufferedReader(_Part(self.file, start, info.file_size))
        if part.peek(4)[:4] != b"PK\x03\x04":
            return unpickle(part.read(min(info.file_size, _MOST_PICKLE_BYTES + 1))), {}
        with zipfile.ZipFile(part) as inner:
            infos = {inside.filename: inside for inside in inner.infolist()}
            pickled = next((name for name in infos if name.endswith("data.pkl")), None)
            if pickled is None or infos[pickled].file_size > _MOST_PICKLE_BYTES:
                raise BadPickle(f"{name} is no file of torch.save")
            prefix = pickled.removesuffix("data.pkl") + "data/"
            places = {
                name.removeprefix(prefix): (
                    start + _first_byte(part, inside.header_offset), inside.file_size
                )
                for name, inside in infos.items()
                if name.startswith(prefix) and inside.compress_type == zipfile.ZIP_STORED
            }  # fmt: skip
            return unpickle(inner.read(pickled)), places

    def first_byte(self, info: zipfile.ZipInfo) -> int:
        return _first_byte(self.file, info.header_offset)


class _Part(io.RawIOBase):
    """Some bytes of a file, as a file."""

    def __init__(self, file: io.BufferedReader, start: int, size: int) -> None:
        super().__init__()
        self._file, self._start, self._size, self._at = file, start, size, 0

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        base = {io.SEEK_SET: 0, io.SEEK_CUR: self._at, io.SEEK_END: self._size}[whence]
        self._at = max(0, base + offset)
        return self._at

    def readinto(self, buffer: Any) -> int:
        self._file.seek(self._start + self._at)
        data = self._file.read(max(0, min(len(buffer), self._size - self._at)))
        buffer[: len(data)] = data
        self._at += len(data)
        return len(data)


def _first_byte(file: IO[bytes], header: int) -> int:
    """Where a stored member's bytes begin: after a header of its own length."""
    file.seek(header + 26)
    name, extra = struct.unpack("<HH", file.read(4))
    return int(header + 30 + name + extra)


def _stub(key: str, payload: Payload) -> StubTensor:
    meta = payload.tensor_meta
    assert meta is not None
    shape = tuple(whole(size) for size in meta.sizes)
    strides = tuple(whole(size) for size in meta.strides)
    dtype = DTYPES.get(meta.dtype, "")
    if len(shape) != len(strides) or not dtype:
        raise BadPickle("a weight has an impossible shape or type")
    return StubTensor(StubStorage(dtype, key, 0), whole(meta.storage_offset), shape, strides, dtype)


def _old(place: _Place, program: str) -> Archive:
    """As torch 2.2 to 2.7 wrote them."""
    root = program.removesuffix(_OLD)
    tables: list[dict[str, Weight]] = []
    for name in ("serialized_state_dict", "serialized_constants"):
        saved = [f"{root}{name}{suffix}" for suffix in (".pt", ".json")]
        tables.append(next((place.saved(file) for file in saved if file in place.infos), {}))
    return Archive(place.decoded(program, Program), *tables)


def _refuse_commands(place: _Place) -> None:
    """No pickle of the archive is ever loaded; but one that would run a command is no model."""
    for name, info in place.infos.items():
        head = place.archive.open(info).read(4) if _PICKLED.search(name) else b""
        if head[:2] not in (b"PK", b"\x80\x02", b"\x80\x03", b"\x80\x04", b"\x80\x05"):
            continue
        try:
            called = place.unpickled(name)[0].called
        except DAMAGE:
            continue  # raw numbers that look like a pickle; or nothing that anybody could load
        if commands := dangerous(called):
            raise Problem(
                f"{place.path.name} would call {', '.join(commands)} when it is loaded: "
                "no model needs that, so nothing of it was run.",
                "Delete it, and get the model from a source that you know.",
            )
