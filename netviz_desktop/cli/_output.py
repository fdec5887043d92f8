"""Files that a command writes: whole, or not at all."""

from __future__ import annotations

import os
import zipfile
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from netviz_desktop.problems import Problem

_unfinished: set[Path] = set()


def output_path(text: str, suffixes: tuple[str, ...]) -> Path:
    """Where to write, before any work is done.

    Raises:
        Problem: the suffix is not one of these, or nothing can be written there.
    """
    path = Path(text)
    kinds = " or ".join(filter(None, [", ".join(suffixes[:-1]), suffixes[-1]]))
    if path.suffix.lower() not in suffixes:
        raise Problem(
            f"{text} cannot be written: “{path.suffix}” says no known format."
            if path.suffix
            else f"{text} cannot be written: its name says no format.",
            f"Give a name that ends in {kinds}.",
        )
    if not path.parent.is_dir():
        raise Problem(
            f"{text} cannot be written: there is no folder {path.parent}.",
            "Create it, or choose another folder.",
        )
    if path.is_dir():
        raise Problem(f"{text} cannot be written: it is a folder.", "Choose another name.")
    if not os.access(path.parent, os.W_OK):
        raise Problem(
            f"{text} cannot be written: you may not write in {path.parent.absolute()}.",
            "Choose another folder.",
        )
    return path


@contextmanager
def whole(path: Path) -> Iterator[Path]:
    """A path to write to, which becomes `path` in one step when all went well.

    Raises:
        Problem: the disk is full, or refuses.
    """
    part = path.with_name(f".{path.stem[:80]}.{os.getpid()}{path.suffix}")
    _unfinished.add(part)
    try:
        yield part
        part.replace(path)
    except OSError as error:
        if error.filename not in (None, str(part)):
            raise  # it is about a file that was being read
        raise Problem(
            f"{path} cannot be written: {error.strerror or error}.",
            "Make room or choose another place, and try again.",
        ) from error
    finally:
        part.unlink(missing_ok=True)
        _unfinished.discard(part)


def remove_unfinished() -> None:
    """For a process that is about to end without Python's own farewell."""
    for part in list(_unfinished):
        part.unlink(missing_ok=True)


def write_text(path: Path, text: str) -> None:
    with whole(path) as part:
        part.write_text(text, encoding="utf-8")


def write_npy(path: Path, array: NDArray[Any]) -> None:
    with whole(path) as part:
        np.save(part, storable(array), allow_pickle=False)


def write_npz(path: Path, arrays: Iterable[tuple[str, NDArray[Any]]]) -> None:
    """As `numpy.savez`, one array at a time: they never are all in memory at once."""
    with whole(path) as part, zipfile.ZipFile(part, "w", allowZip64=True) as archive:
        for name, array in arrays:
            with archive.open(f"{name}.npy", "w", force_zip64=True) as member:
                np.lib.format.write_array(member, storable(array), allow_pickle=False)


def storable(array: NDArray[Any]) -> NDArray[Any]:
    """In a type that plain numpy reads back: bfloat16, float8 and int4 become wider ones."""
    array = np.asanyarray(array)
    if array.dtype.kind == "O":
        return array.astype(np.str_)
    if array.dtype.isbuiltin == 1:
        return array
    name = array.dtype.name
    wider = np.uint8 if name.startswith("uint") else np.int8 if name.startswith("int") else None
    return array.astype(wider or np.float32)
