"""One weight where it lies in its file: shape and type are known, the numbers stay there."""

from __future__ import annotations

import math
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import ml_dtypes
import numpy as np
from numpy.typing import NDArray

from netviz_desktop.graph.memory_limit import room_for_mapping
from netviz_desktop.problems import Problem

if TYPE_CHECKING:
    from torch import Tensor

_MOST_EXPANDED_BYTES = 2**28
_TWO_IN_A_BYTE = ("float4_e2m1fn",)


@dataclass(frozen=True, slots=True)
class Stored:
    """Numbers in a file.

    Args:
        first: byte of the file at which the first of them lies.
        room: bytes from there on that belong to them.
        dtype: torch's name of it, which is numpy's or that of ml_dtypes.
        strides: in elements; None: one after the other.
    """

    path: Path
    first: int
    room: int
    shape: tuple[int, ...]
    dtype: str
    strides: tuple[int, ...] | None = None

    def read(self) -> NDArray[Any]:
        """A copy of the numbers.

        Raises:
            Problem: they are not all there, or of no type that numpy can hold.
        """
        dtype, span = self._extent()
        if math.prod(self.shape) == 0:
            return np.zeros(self.shape, dtype)
        if self.dtype in _TWO_IN_A_BYTE:
            packed = np.fromfile(self.path, np.uint8, (span + 1) // 2, offset=self.first)
            halves = np.stack((packed & 15, packed >> 4), axis=1).reshape(-1)[:span]
            return halves.view(dtype).reshape(self.shape)
        return self._arranged(np.fromfile(self.path, dtype, span, offset=self.first)).copy()

    def mapped(self, maps: dict[Path, NDArray[np.uint8]]) -> Tensor:
        """The numbers as a tensor over the file itself: read when they are used. What is
        written to it stays in memory.

        Args:
            maps: what is mapped already, so that each file is mapped once.

        Raises:
            Problem: as `read`.
        """
        import torch

        dtype, span = self._extent()
        if math.prod(self.shape) == 0 or self.dtype in _TWO_IN_A_BYTE:
            numbers = self.read()
        else:
            if self.path not in maps:
                room_for_mapping(self.path.stat().st_size)
                maps[self.path] = np.memmap(self.path, np.uint8, "c")
            part = maps[self.path][self.first : self.first + span * dtype.itemsize]
            if self.first % dtype.itemsize:
                part = part.copy()  # torch reads whole words only
            numbers = self._arranged(np.asarray(part).view(dtype))
        if dtype.isbuiltin == 1:
            return torch.from_numpy(numbers)
        # ml_dtypes are strangers to torch: hand over the bytes.
        known: torch.dtype = getattr(torch, self.dtype)
        return torch.from_numpy(numbers.view(f"u{dtype.itemsize}")).view(known)

    def _extent(self) -> tuple[np.dtype[Any], int]:
        """The type, and how many numbers lie between the first and the last."""
        dtype = numpy_dtype(self.dtype)
        count = math.prod(self.shape)
        if self.strides is None:
            span = count
        else:
            steps = zip(self.shape, self.strides, strict=True)
            span = 1 + sum((length - 1) * stride for length, stride in steps)
        size = (span + 1) // 2 if self.dtype in _TWO_IN_A_BYTE else span * dtype.itemsize
        if count and (size > self.room or self.first < 0):
            raise Problem(
                f"{self.path.name} is damaged: a weight of shape {self.shape} is not all there.",
                "Download or export it again.",
            )
        if count > span and count * dtype.itemsize > _MOST_EXPANDED_BYTES:
            raise Problem(
                f"A weight in {self.path.name} repeats {span} numbers into {count}, "
                "too many to hold.",
                "Look at another weight.",
            )
        return dtype, span

    def _arranged(self, numbers: NDArray[Any]) -> NDArray[Any]:
        if self.strides is None:
            return numbers.reshape(self.shape)
        steps = [stride * numbers.itemsize for stride in self.strides]
        return np.lib.stride_tricks.as_strided(numbers, self.shape, steps)


def numpy_dtype(name: str) -> np.dtype[Any]:
    """numpy's dtype for torch's name of it; through ml_dtypes where numpy has none."""
    try:
        return np.dtype(getattr(ml_dtypes, name, name))
    except TypeError as error:
        raise Problem(
            f"Numbers of the type {name} cannot be shown.", "Look at another weight."
        ) from error


def element_bytes(name: str) -> int:
    """Of one number; 1 where the type is one that cannot be read anyway."""
    try:
        return numpy_dtype(name).itemsize
    except Problem:
        return 1
