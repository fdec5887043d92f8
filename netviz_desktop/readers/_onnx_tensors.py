"""The tensors of an ONNX file: described at once, read when somebody asks."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import helper, numpy_helper

from netviz_desktop.problems import Problem

_LARGEST_DENSE_BYTES = 2**31  # of a sparse tensor written out


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
        folder: the model's folder, which no external data may leave.
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
        if self.proto.data_location == onnx.TensorProto.EXTERNAL:
            return self._outside()
        if self.proto.HasField("raw_data"):
            return self._decoded(np.frombuffer(self.proto.raw_data, np.uint8))
        try:
            numbers: NDArray[Any] = numpy_helper.to_array(self.proto)
        except (ValueError, TypeError, KeyError) as error:
            raise self._damaged() from error
        return numbers

    def _outside(self) -> NDArray[Any]:
        entries = {entry.key: entry.value for entry in self.proto.external_data}
        path = self._allowed(entries.get("location", ""))
        try:
            offset, size = int(entries.get("offset", 0)), path.stat().st_size
            length = int(entries.get("length", size - offset))
        except ValueError as error:
            raise self._damaged() from error
        except OSError as error:
            raise Problem(
                f"The weight “{self.name}” lies in {path.name}, which cannot be read.",
                f"Put {path.name} beside {self.model.name}.",
            ) from error
        if offset < 0 or length < 0 or offset + length > size:
            raise Problem(
                f"The weight “{self.name}” ends beyond the end of {path.name}.",
                f"Download {path.name} again: it is cut short or belongs to another model.",
            )
        if length == 0:
            return self._decoded(np.zeros(0, np.uint8))
        # Copy on write: torch wants memory that it may write to, and the file stays as it is.
        return self._decoded(np.memmap(path, np.uint8, mode="c", offset=offset, shape=(length,)))

    def _allowed(self, location: str) -> Path:
        path = self.model.parent / location
        real = path.resolve()
        # A download cache keeps the model and its data as links into one folder of its own.
        folders = (self.model.parent.resolve(), self.model.resolve().parent)
        inside = location and not Path(location).is_absolute() and ".." not in Path(location).parts
        if not inside or not any(real.is_relative_to(folder) for folder in folders):
            raise Problem(
                f"The weight “{self.name}” lies outside the model's folder: {location or '?'}.",
                "Put all files of the model in one folder, and save it again from there.",
            )
        return path

    def _decoded(self, stored: NDArray[np.uint8]) -> NDArray[Any]:
        try:
            dtype = helper.tensor_dtype_to_np_dtype(self.data_type)
        except KeyError as error:
            raise self._damaged() from error
        bits = _BITS.get(self.data_type, dtype.itemsize * 8)
        if any(size < 0 for size in self.shape) or stored.size != (self.count * bits + 7) // 8:
            raise self._damaged()
        if bits < 8:
            packed = onnx.TensorProto()
            packed.CopyFrom(self.proto)
            packed.ClearField("external_data")
            packed.ClearField("data_location")
            packed.raw_data = stored.tobytes()
            unpacked: NDArray[Any] = numpy_helper.to_array(packed)
            return unpacked
        if self.count == 0:
            return np.zeros(self.shape, dtype)
        # Protobuf aligns nothing; torch's kernels expect numbers at their own alignment.
        numbers: NDArray[Any] = np.require(stored.view(dtype), requirements=["A", "W"])
        return numbers.reshape(self.shape)

    def _dense(self) -> NDArray[Any]:
        proto = self.proto
        values = StoredTensor(self.model, self.name, proto.values)()
        indices = StoredTensor(self.model, self.name, proto.indices)()
        if self.count * values.itemsize > _LARGEST_DENSE_BYTES:
            raise Problem(
                f"The sparse weight “{self.name}” is too large to be written out.",
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
            f"The weight “{self.name}” of {self.model.name} is damaged: its data does not make "
            f"{self.dtype} {shape}.",
            "Download or export the model again.",
        )


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
