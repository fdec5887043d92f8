"""Tensors that a person gives a model in place of an image: from files, typed, or made up."""

from __future__ import annotations

import math
import zipfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from netviz_desktop.graph import Value
from netviz_desktop.problems import Problem

Array = NDArray[Any]

SUFFIXES = (".npy", ".npz")
ZEROS, ONES, RANDOM, TYPED, FILE = "zeros", "ones", "random", "typed", "file"
WAYS = {
    RANDOM: "Random",
    ZEROS: "Zeros",
    ONES: "Ones",
    TYPED: "Typed",
    FILE: "From a file",
}
_LIMIT_BYTES = 512 * 1024 * 1024
_USUAL_LENGTH = 16  # of an axis that is free
_RANDOM_INTEGERS = 100  # below it: small enough for most vocabularies


@dataclass(frozen=True)
class Given:
    """What one input is given.

    Args:
        way: one of `WAYS`.
        text: the seed of random numbers, the typed numbers, or the path of a file.
        shape: of zeros, ones and random numbers.
    """

    way: str
    text: str = ""
    shape: tuple[int, ...] = ()


def is_tensors(path: str) -> bool:
    """Whether a file is meant as arrays, by its suffix."""
    return Path(path).suffix.lower() in SUFFIXES


def proposed(value: Value) -> Given:
    """What an input is given at first: of integers, masks are ones and types zeros."""
    declared = value.shape if value.shape is not None else (1,)
    shape = tuple(
        size if isinstance(size, int) and size > 0 else (_USUAL_LENGTH if axis else 1)
        for axis, size in enumerate(declared)
    )
    whole = "int" in (value.dtype or "") or value.dtype == "bool"
    if whole and "mask" in value.name.lower():
        return Given(ONES, shape=shape)
    if whole and "type" in value.name.lower():
        return Given(ZEROS, shape=shape)
    return Given(RANDOM, "0", shape)


def array_of(value: Value, given: Given) -> Array:
    """The numbers themselves, in the input's dtype where they are not from a file.

    Raises:
        Problem: the text is no seed, no numbers or no file, or there are too many or too few.
    """
    dtype = _dtype(value)
    if given.way == FILE:
        return _of_file(value, given.text)
    if given.way == TYPED:
        return _typed(value, given.text, dtype)
    if math.prod(given.shape) * dtype.itemsize > _LIMIT_BYTES:
        raise Problem(
            f"The input “{value.name}” would be larger than 512 MB.", "Give it a smaller shape."
        )
    if given.way == ZEROS:
        return np.zeros(given.shape, dtype)
    if given.way == ONES:
        return np.ones(given.shape, dtype)
    return _random(value, given, dtype)


def read(path: str) -> dict[str, Array]:
    """The arrays in an .npz by their names; the one in an .npy by the file's.

    Raises:
        Problem: it cannot be read, is too large, or holds something else.
    """
    file = Path(path)
    not_arrays = Problem(
        f"{file.name} holds no arrays of numbers as numpy.save and numpy.savez write them.",
        "Save the tensors with one of these, as numbers.",
    )
    try:
        with file.open("rb") as stream:
            return _arrays(file, np.load(stream, allow_pickle=False), not_arrays)
    except (ValueError, EOFError, KeyError, zipfile.BadZipFile, NotImplementedError) as error:
        raise not_arrays from error
    except MemoryError as error:
        raise _too_large(file.name) from error
    except OSError as error:
        raise Problem(
            f"{file.name} cannot be read: {error.strerror or error}.",
            "Check the path, and that you may read the file.",
        ) from error


def for_inputs(arrays: Mapping[str, Array], inputs: Sequence[Value]) -> dict[str, Array]:
    """The arrays by the names of the inputs; a single one needs no name for a single input.

    Raises:
        Problem: they are not for these inputs.
    """
    names = [value.name for value in inputs]
    if len(names) == 1 and len(arrays) == 1:
        return {names[0]: next(iter(arrays.values()))}
    if missing := [name for name in names if name not in arrays]:
        raise Problem(
            f"The model takes {', '.join(names)}, and {', '.join(missing)} "
            f"{'is' if len(missing) == 1 else 'are'} not in the file.",
            "Model > Inputs… says which file is for which input.",
        )
    return {name: arrays[name] for name in names}


def _arrays(file: Path, found: Any, not_arrays: Problem) -> dict[str, Array]:
    if isinstance(found, np.lib.npyio.NpzFile):
        members = found.zip.infolist() if found.zip is not None else []
        if sum(member.file_size for member in members) > _LIMIT_BYTES:
            raise _too_large(file.name)
        arrays = {name: found[name] for name in found.files}
    elif file.stat().st_size > _LIMIT_BYTES:
        raise _too_large(file.name)
    else:
        arrays = {file.stem: found}
    kinds = {array.dtype.kind for array in arrays.values() if isinstance(array, np.ndarray)}
    if not kinds or not kinds <= set("biufc"):
        raise not_arrays
    return arrays


def _too_large(name: str) -> Problem:
    return Problem(
        f"{name} is too large: its arrays have more than 512 MB.",
        "Choose a smaller one; `netviz run --input` takes files of any size.",
    )


def _of_file(value: Value, path: str) -> Array:
    if not path:
        raise Problem(f"No file is chosen for “{value.name}”.", "Choose one.")
    arrays = read(path)
    if len(arrays) == 1:
        return next(iter(arrays.values()))
    if value.name in arrays:
        return arrays[value.name]
    raise Problem(
        f"{Path(path).name} holds no array named “{value.name}”.",
        f"It holds {', '.join(list(arrays)[:9])}: name one of them so, or save it alone.",
    )


def _typed(value: Value, text: str, dtype: np.dtype[Any]) -> Array:
    parts = text.replace(",", " ").replace(";", " ").replace("−", "-").split()
    try:
        numbers = np.array([_number(part, dtype) for part in parts], dtype)
    except (ValueError, OverflowError) as error:
        raise Problem(
            f"What is typed for “{value.name}” are not numbers of type {dtype}.",
            "Type numbers such as 1, 2, 3.",
        ) from error
    declared = value.shape if value.shape is not None else (len(parts),)
    sizes = [size if isinstance(size, int) and size > 0 else 0 for size in declared]  # 0: free
    if all(sizes):
        count = math.prod(sizes)
        if len(parts) == count:
            return numbers.reshape(sizes)
        if len(parts) == 1 and count * dtype.itemsize <= _LIMIT_BYTES:
            return np.full(sizes, numbers[0], dtype)
        raise Problem(
            f"“{value.name}” takes {count} numbers, and {len(parts)} are typed.",
            "Type as many, or a single one for all.",
        )
    shape = [size or 1 for size in sizes]
    # there is one sample, and the sequence is as long as what is typed
    shape[max(axis for axis, size in enumerate(sizes) if not size)] = -1
    try:
        return numbers.reshape(shape)
    except ValueError as error:
        known = " × ".join(str(size) if size else "?" for size in sizes)
        raise Problem(
            f"{len(parts)} numbers do not fill “{value.name}”, which is {known}.",
            "Type a multiple of the sizes that are known.",
        ) from error


def _number(text: str, dtype: np.dtype[Any]) -> float | int:
    return float(text) if dtype.kind == "f" else int(text)


def _random(value: Value, given: Given, dtype: np.dtype[Any]) -> Array:
    try:
        generator = np.random.default_rng(int(given.text or 0))
    except ValueError as error:
        raise Problem(
            f"“{given.text}” is no seed for the random numbers of “{value.name}”.",
            "Type a whole number from 0 on.",
        ) from error
    if dtype.kind == "f":
        return generator.standard_normal(given.shape).astype(dtype)
    top = 2 if dtype.kind == "b" else _RANDOM_INTEGERS
    return generator.integers(0, top, given.shape).astype(dtype)


def _dtype(value: Value) -> np.dtype[Any]:
    """float32 where numpy knows none of this name, as bfloat16: the engine converts it."""
    try:
        found = np.dtype(value.dtype or "float32")
    except TypeError:
        return np.dtype(np.float32)
    return found if found.kind in "biuf" else np.dtype(np.float32)
