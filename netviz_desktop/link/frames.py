"""Frames: a small typed head in MessagePack, then the bytes of its arrays, as they lie.

    offset  bytes
    0       4      b"NVF1"
    4       4      size of the head, little endian
    8       8      size of the body, little endian
    16             head: {call, kind, body, arrays: [[dtype, shape], ...]}, then the arrays

An array inside a message is written in the head as its index among `arrays`.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from typing import Any

import msgspec
import numpy as np
from numpy.typing import NDArray

from netviz_desktop.graph import collector
from netviz_desktop.link import messages

_MAGIC = b"NVF1"
_PREFIX = struct.Struct("<4sIQ")
_HEAD_LIMIT_BYTES = 1 << 30  # a graph of 50,000 nodes needs some 30 MB


class BrokenLink(Exception):  # noqa: N818 - a state of the link, not of a message
    """The stream holds something that is no frame; nothing after it can be trusted."""


class _Head(msgspec.Struct):
    call: int
    kind: str
    body: msgspec.Raw
    arrays: list[tuple[str, tuple[int, ...]]]


class Frame(msgspec.Struct, frozen=True):
    """One message of one call; call 0 belongs to nobody (`Hello`)."""

    call: int
    message: messages.Message


def encode(call: int, message: messages.Message) -> list[bytes | memoryview]:
    """The frame as pieces to be written one after the other; arrays are not copied."""
    arrays: list[NDArray[Any]] = []

    def reference(thing: object) -> int:
        if isinstance(thing, np.ndarray):
            arrays.append(np.asarray(thing, order="C"))
            return len(arrays) - 1
        if isinstance(thing, np.generic):
            raise TypeError(f"{type(thing).__name__} on the link: give a Python number")
        raise NotImplementedError(type(thing).__name__)

    with collector.at_rest():
        body = msgspec.msgpack.encode(message, enc_hook=reference)
    head = msgspec.msgpack.encode(
        _Head(
            call,
            type(message).__name__,
            msgspec.Raw(body),
            [(array.dtype.str, array.shape) for array in arrays],
        )
    )
    size = sum(array.nbytes for array in arrays)
    pieces: list[bytes | memoryview] = [_PREFIX.pack(_MAGIC, len(head), size) + head]
    pieces += [array.reshape(-1).view(np.uint8).data for array in arrays if array.nbytes]
    return pieces


class Decoder:
    """Turns a stream that arrives in pieces back into frames."""

    def __init__(self) -> None:
        self._buffer = bytearray()

    def feed(self, data: bytes | bytearray | memoryview) -> Iterator[Frame]:
        """The frames that `data` completes.

        Raises:
            BrokenLink: the stream is not made of frames.
        """
        self._buffer += data
        while (frame := self._next()) is not None:
            yield frame

    def _next(self) -> Frame | None:
        if len(self._buffer) < _PREFIX.size:
            return None
        magic, head_size, body_size = _PREFIX.unpack_from(self._buffer)
        if magic != _MAGIC or head_size > _HEAD_LIMIT_BYTES:
            raise BrokenLink(bytes(self._buffer[:16]))
        start, end = _PREFIX.size + head_size, _PREFIX.size + head_size + body_size
        if len(self._buffer) < end:
            return None
        head = msgspec.msgpack.decode(bytes(self._buffer[_PREFIX.size : start]), type=_Head)
        body = bytes(memoryview(self._buffer)[start:end])
        del self._buffer[:end]
        return Frame(head.call, _message(head, body))


def _message(head: _Head, body: bytes) -> messages.Message:
    arrays: list[NDArray[Any]] = []
    offset = 0
    for dtype, shape in head.arrays:
        array = np.frombuffer(
            body, dtype=np.dtype(dtype), count=int(np.prod(shape, dtype=np.int64)), offset=offset
        ).reshape(shape)
        offset += array.nbytes
        arrays.append(array)

    def resolve(kind: type, thing: Any) -> Any:
        # NDArray[...] reaches the hook as its origin
        if getattr(kind, "__origin__", kind) is np.ndarray:
            return arrays[thing]
        raise NotImplementedError(str(kind))

    kind = messages.KINDS.get(head.kind)
    if kind is None:
        raise BrokenLink(head.kind.encode())
    with collector.at_rest():
        return msgspec.msgpack.decode(head.body, type=kind, dec_hook=resolve)
