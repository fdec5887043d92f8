"""The tensors of an ONNX file: described at once, read when somebody asks."""

from __future__ import annotations

import math
import stat
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property, lru_cache
from pathlib import Path
from typing import Any

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import helper, numpy_helper

from netviz_desktop.graph.memory_limit import room_for_mapping
from netviz_desktop.problems import Problem, short
from netviz_desktop.readers._onnx_wire import VARINTS
from netviz_desktop.readers._varints import LONGEST, decoded

_LARGEST_DENSE_BYTES = 2**31  # of a sparse tensor written out


@lru_cache(maxsize=256)
def dtype_name(data_type: int) -> str | None:
    """numpy's name of an ONNX element type; "string" for text; None for one not known."""
    if data_type == onnx.TensorProto.STRING:
        return "string"
    try:
        return str(helper.tensor_dtype_to_np_dtype(data_type).name)
    except KeyError:
        return None


@dataclass(frozen=True)
class StoredTensor:
    """A tensor of the file. Calling it gives its numbers.

    Args:
        model: the file; external data may not leave its folder.
        proto: as decoded; its numbers may lie elsewhere.
    """

    model: Path
    name: str
    proto: onnx.TensorProto | onnx.SparseTensorProto

    @cached_property
    def shape(self) -> tuple[int, ...]:
        return tuple(self.proto.dims)

    @cached_property
    def data_type(self) -> int:
        proto = self.proto
        dense = proto if isinstance(proto, onnx.TensorProto) else proto.values
        return int(dense.data_type)

    @property
    def dtype(self) -> str:
        return dtype_name(self.data_type) or "unknown"

    @property
    def count(self) -> int:
        return math.prod(self.shape)

    def __call__(self) -> NDArray[Any]:
        """The numbers. Large ones are mapped, not read: writing to them changes no file.

        Raises:
            Problem: they are not there, or do not fit the shape.
        """
        if isinstance(self.proto, onnx.SparseTensorProto):
            return self._dense()
        self.check()
        if self.proto.data_location == onnx.TensorProto.EXTERNAL:
            path, offset, length = self._place()
            if length == 0:
                return self._decoded(np.zeros(0, np.uint8))
            # Copy on write: torch wants memory that it may write to, and the file stays as it is.
            room_for_mapping(length)
            mapped = np.memmap(path, np.uint8, mode="c", offset=offset, shape=(length,))
            return self._decoded(self._unpacked(mapped) if self._are_varints else mapped)
        if self.proto.HasField("raw_data"):
            return self._decoded(np.frombuffer(self.proto.raw_data, np.uint8))
        try:
            numbers: NDArray[Any] = numpy_helper.to_array(self.proto)
        except (ValueError, TypeError, KeyError) as error:
            raise self._damaged() from error
        return numbers

    def check(self) -> None:
        """Reads nothing.

        Raises:
            Problem: the numbers are not there, or do not fit the shape.
        """
        proto = self.proto
        if isinstance(proto, onnx.SparseTensorProto):
            for part in (proto.values, proto.indices):
                StoredTensor(self.model, self.name, part).check()
            return
        if any(size < 0 for size in self.shape) or dtype_name(self.data_type) is None:
            raise self._damaged()
        elsewhere = proto.data_location == onnx.TensorProto.EXTERNAL
        if self.data_type == onnx.TensorProto.STRING and (elsewhere or proto.HasField("raw_data")):
            raise self._damaged()
        if elsewhere and self._are_varints:
            there, wanted = self._place()[2], self._entry_count  # at least a byte each
            if wanted <= there <= LONGEST * wanted:
                return
        elif elsewhere:
            there, wanted = self._place()[2], self._size_bytes
        elif proto.HasField("raw_data"):
            there, wanted = len(proto.raw_data), self._size_bytes
        else:
            there, wanted = self._entries()
        if there != wanted:
            raise self._damaged()

    @property
    def _bits(self) -> int:
        """Of one number."""
        itemsize = int(helper.tensor_dtype_to_np_dtype(self.data_type).itemsize)
        return _BITS.get(self.data_type, itemsize * 8)

    @property
    def _size_bytes(self) -> int:
        return (self.count * self._bits + 7) // 8

    @property
    def _are_varints(self) -> bool:
        return any(entry.key == VARINTS for entry in self.proto.external_data)

    @property
    def _entry_count(self) -> int:
        """In a field of integers."""
        return self._size_bytes if self.data_type in _BITS else self.count

    def _unpacked(self, packed: NDArray[np.uint8]) -> NDArray[np.uint8]:
        """The bytes that `raw_data` would hold.

        Raises:
            Problem: they are not as many as the shape says.
        """
        width = max(self._bits // 8, 1)
        numbers = decoded(packed, self._entry_count, np.dtype(f"u{width}"))
        if numbers is None:
            raise self._damaged()
        if self.data_type == onnx.TensorProto.BOOL:
            numbers = (numbers != 0).astype(np.uint8)
        return numbers.view(np.uint8)

    def _entries(self) -> tuple[int, int]:
        """How many entries the field has that holds this type's numbers, and should have."""
        there = len(getattr(self.proto, helper.tensor_dtype_to_field(self.data_type)))
        if self.data_type in _BITS:
            return there, self._size_bytes
        complex_types = (onnx.TensorProto.COMPLEX64, onnx.TensorProto.COMPLEX128)
        return there, self.count * (2 if self.data_type in complex_types else 1)

    def _place(self) -> tuple[Path, int, int]:
        """The file that the numbers lie in, from where on, and how many bytes.

        Raises:
            Problem: it is not there, not allowed, or too short.
        """
        entries = {str(entry.key): str(entry.value) for entry in self.proto.external_data}
        location = entries.get("location", "")
        path = self._allowed(location)
        try:
            found = path.stat()
            offset = int(entries.get("offset", 0))
            length = int(entries.get("length", self._size_bytes))
        except OSError:
            found = None
        except ValueError as error:
            raise self._damaged() from error
        if found is None or not stat.S_ISREG(found.st_mode):
            raise Problem(
                f"The weight “{short(self.name)}” lies in {short(location)}, which cannot be read.",
                f"Put {short(path.name)} beside {self.model.name}.",
            )
        if offset < 0 or length < 0 or offset + length > found.st_size:
            raise Problem(
                f"The weight “{short(self.name)}” ends beyond the end of {short(path.name)}.",
                f"Download {short(path.name)} again: it is cut short or belongs to another model.",
            )
        return path, offset, length

    def _allowed(self, location: str) -> Path:
        if not _is_inside(self.model, location):
            raise Problem(
                f"The weight “{short(self.name)}” lies outside the model's folder: "
                f"{short(location) or '?'}.",
                "Put all files of the model in one folder, and save it again from there.",
            )
        return self.model.parent / location

    def _decoded(self, stored: NDArray[np.uint8]) -> NDArray[Any]:
        if self._bits < 8:
            packed = onnx.TensorProto()
            packed.CopyFrom(self.proto)
            packed.ClearField("external_data")
            packed.ClearField("data_location")
            packed.raw_data = stored.tobytes()
            unpacked: NDArray[Any] = numpy_helper.to_array(packed)
            return unpacked
        if self.count == 0:
            return np.zeros(self.shape, helper.tensor_dtype_to_np_dtype(self.data_type))
        # Protobuf aligns nothing; torch's kernels expect numbers at their own alignment.
        dtype = helper.tensor_dtype_to_np_dtype(self.data_type)
        numbers: NDArray[Any] = np.require(stored.view(dtype), requirements=["A", "W"])
        return numbers.reshape(self.shape)

    def _dense(self) -> NDArray[Any]:
        proto = self.proto
        values = StoredTensor(self.model, self.name, proto.values)()
        indices = StoredTensor(self.model, self.name, proto.indices)()
        if self.count * values.itemsize > _LARGEST_DENSE_BYTES:
            raise Problem(
                f"The sparse weight “{short(self.name)}” is too large to be written out.",
                "Export the model with this weight split up.",
            )
        dense = np.zeros(self.shape, values.dtype)
        try:
            if indices.ndim == 1:
                dense.reshape(-1)[indices] = values
            else:
                dense[tuple(indices.T)] = values
        except (IndexError, ValueError) as error:
            raise self._damaged() from error
        return dense

    def _damaged(self) -> Problem:
        shape = "×".join(map(str, self.shape)) or "scalar"
        return Problem(
            f"The weight “{short(self.name)}” of {self.model.name} is damaged: its data does not "
            f"make {self.dtype} {shape}.",
            "Download or export the model again.",
        )


def _is_inside(model: Path, location: str) -> bool:
    """Whether a file beside the model is meant, and no link leads elsewhere."""
    if not location or Path(location).is_absolute() or ".." in Path(location).parts:
        return False
    try:
        real = (model.parent / location).resolve()
    except (OSError, RuntimeError, ValueError):  # links in a circle, names that can be none
        return False
    # A download cache keeps the model and its data as links into one folder of its own.
    folders = (model.parent.resolve(), model.resolve().parent)
    return any(real.is_relative_to(folder) for folder in folders)


def stored(
    model: Path, protos: Iterable[onnx.TensorProto | onnx.SparseTensorProto]
) -> dict[str, StoredTensor]:
    """Tensors by name."""
    found = {}
    for proto in protos:
        name = proto.name if isinstance(proto, onnx.TensorProto) else proto.values.name
        found[name] = StoredTensor(model, name, proto)
    return found


_BITS = {
    getattr(onnx.TensorProto, name): bits
    for name, bits in {
        "INT4": 4, "UINT4": 4, "FLOAT4E2M1": 4, "INT2": 2, "UINT2": 2,
    }.items()
    if hasattr(onnx.TensorProto, name)
}  # fmt: skip
"""Types that a file packs several to a byte."""
