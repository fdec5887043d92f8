"""File -> `ModelGraph` and lazy weights, without running any of the file's code.

A member is a module of this package with

    FORMAT: Format     what it is called and how its files look
    read(path, options) -> OpenedModel

Members are found by themselves and know no other. The content decides which one reads a
file: each says how sure it is after a look at the first bytes; the suffix only breaks ties.
"""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from functools import cache
from pathlib import Path
from types import MappingProxyType
from typing import Any

import numpy as np
from numpy.typing import NDArray

from netviz_desktop.graph import ModelGraph, collector
from netviz_desktop.problems import Problem
from netviz_desktop.readers import _zip_directory as zip_directory

HEAD_BYTES = 4096


@dataclass(frozen=True)
class Format:
    """A file format.

    Args:
        suffixes: with their dot, most usual first.
        recognises: from the path and its first `HEAD_BYTES`, how sure this reader is that
            the file is its own: 0 no, 1 perhaps (tried last), 2 probably, 3 certainly.
    """

    id: str
    label: str
    suffixes: tuple[str, ...]
    recognises: Callable[[Path, bytes], int]


@dataclass(frozen=True)
class Options:
    """What a person allows or adds when a file is opened; as in `messages.OpenModel`."""

    trust: bool = False
    model_code: str | None = None
    architecture: str | None = None
    member: str | None = None
    step: Callable[[float, str], None] = field(default=lambda _done, _what: None, compare=False)
    """Called now and then by what takes long; raises `Cancelled` when it shall stop."""
    within: int = 0
    """How many archives the file was in."""


@dataclass(frozen=True)
class ImagePreparation:
    """How images were prepared where the weights were trained.

    Args:
        side: height and width that the model takes.
        resize: of the shorter side, before the centre is cut out.
        mean, std: per channel, of values between 0 and 1.
    """

    side: int
    resize: int
    mean: tuple[float, ...]
    std: tuple[float, ...]


@dataclass(frozen=True)
class OpenedModel:
    """What a reader gives.

    Args:
        graph: the structure that can be known without running anything.
        weights: parameter name -> a function that reads it, as numpy sees it (bfloat16 and
            float8 through ml_dtypes); called only when something asks.
        executable: what a runner can run (an onnx.ModelProto, an nn.Module, ...), or None.
        structure_only: why there is no executable; None when there is one.
        can_be_trusted, needs_code, architecture, architectures: as in `messages.ModelOpened`.
        labels: class names that the file itself holds.
        image: where it is known.
        bodies: gives the graph of this name inside a node (`Node.bodies`); None: there is none.
        size_bytes: of all its files together, where there is more than the one.
        keep: what must live as long as this, such as a folder that holds unpacked files.
    """

    graph: ModelGraph
    weights: Mapping[str, Callable[[], NDArray[Any]]] = field(
        default_factory=lambda: MappingProxyType({})
    )
    executable: object | None = None
    structure_only: Problem | None = None
    can_be_trusted: bool = False
    needs_code: bool = False
    architecture: str = ""
    architectures: tuple[str, ...] = ()
    labels: tuple[str, ...] = ()
    image: ImagePreparation | None = None
    bodies: Callable[[str], ModelGraph | None] | None = None
    size_bytes: int = 0
    keep: object = None


@cache
def members() -> tuple[Any, ...]:
    """The reader modules, by name."""
    return tuple(
        importlib.import_module(f"{__name__}.{found.name}")
        for found in sorted(pkgutil.iter_modules(__path__), key=lambda found: found.name)
        if not found.name.startswith("_")
    )


def formats() -> tuple[Format, ...]:
    return tuple(member.FORMAT for member in members())


def suffixes() -> tuple[str, ...]:
    """Of every format."""
    return tuple({suffix: None for known in formats() for suffix in known.suffixes})


def read(path: Path, options: Options | None = None) -> OpenedModel:
    """The model in a file, or in a folder.

    Raises:
        Problem: the file is missing, empty, damaged, or of no known format.
    """
    options = options or Options()
    if path.is_dir():
        from netviz_desktop.readers._folder import model_in

        path, named = model_in(path, options.member, suffixes())
        opened_file = read(path, replace(options, member=None if named else options.member))
        size = opened_file.size_bytes or path.stat().st_size
        return replace(opened_file, size_bytes=size)
    head = head_of(path)
    zip_directory.refuse_large(path, head)
    sure = []
    for member in members():
        options.step(-1, f"Looking at {path.name}")
        sure.append((member.FORMAT.recognises(path, head), member))
    suffix = path.suffix.lower()
    candidates = sorted(
        ((certainty, suffix in member.FORMAT.suffixes, member) for certainty, member in sure),
        key=lambda row: row[:2],
        reverse=True,
    )
    certainty, _, best = candidates[0]
    if certainty == 0:
        kinds = ", ".join(sorted(known.label for known in formats()))
        raise NoModel(
            f"{path.name} is no model that can be opened: {_what_it_looks_like(head)}.",
            _FETCH
            if head.startswith(_LFS_POINTER)
            else f"Choose a file of one of these kinds: {kinds}.",
        )
    with collector.at_rest():
        opened: OpenedModel = best.read(path, options)
    return opened


class NoModel(Problem):
    """The file is of no known format."""


def forget_unpacked() -> None:
    """Remove what archives were unpacked into, before the process ends abruptly."""
    from netviz_desktop.readers import _unpacked

    _unpacked.remove_all()


def head_of(path: Path) -> bytes:
    """The first `HEAD_BYTES` of a file.

    Raises:
        Problem: it is missing, empty, or cannot be read.
    """
    try:
        with path.open("rb") as file:
            head = file.read(HEAD_BYTES)
    except FileNotFoundError as error:
        raise Problem(
            f"{path} does not exist.", "Check the path, or choose another file."
        ) from error
    except OSError as error:
        raise Problem(
            f"{path.name} cannot be read: {error.strerror or error}.",
            "Check that you may read it and that its disk is there.",
        ) from error
    if not head:
        raise Problem(f"{path.name} is empty.", "Download or export it again.")
    return head


_LFS_POINTER = b"version https://git-lfs"
_FETCH = "Fetch the file with `git lfs pull`, or download it from its page."
_SIGNATURES = (
    (_LFS_POINTER, "it is a Git LFS pointer, not the file itself"),
    (b"\x89PNG", "it is a PNG image"),
    (b"\xff\xd8\xff", "it is a JPEG image"),
    (b"GIF8", "it is a GIF image"),
    (b"%PDF", "it is a PDF document"),
    (b"\x7fELF", "it is a program"),
    (b"MZ", "it is a program"),
    (b"\x1f\x8b", "it is a gzip archive"),
    (b"PK\x03\x04", "it is a zip archive without a model"),
    (b"\x89HDF", "it is an HDF5 file"),
    (b"<!DOCTYPE", "it is a web page"),
    (b"<html", "it is a web page"),
    (b"<?xml", "it is XML"),
)


def _what_it_looks_like(head: bytes) -> str:
    for signature, text in _SIGNATURES:
        if head[: len(signature)].lower() == signature.lower():
            return text
    printable = np.frombuffer(head, np.uint8)
    share = np.mean((printable >= 32) & (printable < 127) | np.isin(printable, (9, 10, 13)))
    return "it is a text file" if share > 0.95 else "nothing in it is known"
