"""An ONNX file as protobuf writes it: is it one, and where are its weights.

A model of 500 MB is some hundred kilobytes of structure around weights. `without_weights`
copies only the structure; each weight that it leaves out is described the way ONNX
describes external data: as an offset and a length, here in the model's own file. Integers of
varying length, which protobuf would make up to eight times as large, are left out as well;
their description says so.
https://protobuf.dev/programming-guides/encoding, https://github.com/onnx/onnx/blob/main/onnx/onnx.proto
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator

_VARINT, _FIXED64, _BYTES, _FIXED32 = 0, 1, 2, 5
_LEFT_OUT_FROM = 1024  # bytes; smaller tensors may be shapes, which shape inference reads
_MOST_TENSOR_FIELDS = 1000
_LARGEST_STRUCTURE = 2**28  # bytes
_PIECE = 2**21  # bytes, of which protobuf makes up to a hundred times as much
VARINTS = "varints"  # what a description says of integers of varying length
_MOST_MEMBERS = 500_000  # nodes, values and tensors of one graph; each takes over a kilobyte
_DEEPEST = 90  # protobuf itself refuses messages nested more than 100 deep

# Field numbers of onnx.proto: which fields of which message lead to tensors.
_CHILDREN = {
    "model": {7: "graph", 25: "function"},
    "graph": {1: "node", 5: "tensor"},
    "function": {7: "node"},
    "node": {5: "attribute"},
    "attribute": {5: "tensor", 6: "graph", 10: "tensor", 11: "graph"},
}
_MODEL_FIELDS = {
    1: _VARINT, 2: _BYTES, 3: _BYTES, 4: _BYTES, 5: _VARINT, 6: _BYTES, 7: _BYTES, 8: _BYTES,
    14: _BYTES, 20: _BYTES, 25: _BYTES, 26: _BYTES,
}  # fmt: skip
_IR_VERSION, _GRAPH, _OPSETS = 1, 7, 8
_DATA_TYPE, _FLOAT_DATA, _INT32_DATA, _INT64_DATA, _RAW_DATA = 2, 4, 5, 7, 9
_DOUBLE_DATA, _UINT64_DATA = 10, 11
_EXTERNAL_DATA, _DATA_LOCATION = 13, 14
# Packed floats lie in the file as they do in memory; element types that they are numbers of.
_AS_THEY_ARE = {_FLOAT_DATA: (1, 14), _DOUBLE_DATA: (11, 15)}
_OF_VARYING_LENGTH = {_INT64_DATA: (7,), _UINT64_DATA: (12, 13)}  # int32_data: all others
_NUMBERS = frozenset({_RAW_DATA, _INT32_DATA, *_AS_THEY_ARE, *_OF_VARYING_LENGTH})
_NOT_IN_INT32 = frozenset(
    (8, *(t for types in (*_AS_THEY_ARE.values(), *_OF_VARYING_LENGTH.values()) for t in types))
)


class Damaged(ValueError):  # noqa: N818 - what the file is
    """These bytes are no protobuf message, or not all of it."""


class TooLarge(ValueError):  # noqa: N818 - what the file is
    """The structure alone would fill the memory."""


def certainty(head: bytes) -> int:
    """How sure it is that a file that begins like this is an ONNX model: 0 to 3."""
    seen: dict[int, int] = {}
    try:
        for field, kind, value, _, _ in _fields(memoryview(head), 0, len(head), cut=True):
            if _MODEL_FIELDS.get(field) != kind:
                return 0
            seen[field] = value
    except Damaged:
        return 0
    if not 1 <= seen.get(_IR_VERSION, 0) <= 1000:
        return 1 if _GRAPH in seen else 0
    return 3 if _GRAPH in seen or _OPSETS in seen else 1


def without_weights(content: memoryview, file_name: str) -> bytes:
    """The model, as bytes that protobuf decodes, its large tensors left out.

    Raises:
        Damaged: the bytes end early, or are no model.
        TooLarge: there is more than weights in it than any network needs.
    """
    copy = _copied(content, 0, len(content), "model", file_name.encode(), 0)
    if sum(map(len, copy)) > _LARGEST_STRUCTURE:
        raise TooLarge
    return b"".join(copy)


def pieces(structure: bytes) -> Iterator[bytes]:
    """A model in pieces that give it when they are decoded one after the other, so that
    whoever decodes them can stop."""
    content = memoryview(structure)
    if len(content) <= _PIECE:
        yield structure
        return
    kept_from = 0
    for field, kind, size, at, body in _fields(content, 0, len(content)):
        if field == _GRAPH and kind == _BYTES:
            yield bytes(content[kept_from:at])
            kept_from = body + size
            for begin, end in _cut(content, body, kept_from):
                yield _tag(_GRAPH, _BYTES) + _varint(end - begin) + content[begin:end]
    yield bytes(content[kept_from:])


def _cut(content: memoryview, start: int, end: int) -> Iterator[tuple[int, int]]:
    """Between the fields of a message, into parts of no more than a piece where it can be."""
    begin = last = start
    for _, _, _, at, _ in _fields(content, start, end):
        if at - begin > _PIECE and last > begin:
            yield begin, last
            begin = last
        last = at
    yield begin, end


def _copied(
    content: memoryview, start: int, end: int, message: str, file_name: bytes, depth: int
) -> list[bytes | memoryview]:
    if depth > _DEEPEST:
        raise Damaged
    if message == "tensor":
        return _described(content, start, end, file_name)
    children = _CHILDREN[message]
    copy: list[bytes | memoryview] = []
    kept_from = start
    for count, (field, kind, size, at, body) in enumerate(_fields(content, start, end)):
        if count == _MOST_MEMBERS and message in ("graph", "function", "node"):
            raise TooLarge
        child = children.get(field)
        if child is None or kind != _BYTES or size < _LEFT_OUT_FROM:
            continue
        inner = _copied(content, body, body + size, child, file_name, depth + 1)
        copy.append(content[kept_from:at])
        copy.append(_tag(field, _BYTES) + _varint(sum(map(len, inner))))
        copy += inner
        kept_from = body + size
    copy.append(content[kept_from:end])
    return copy


def _described(
    content: memoryview, start: int, end: int, file_name: bytes
) -> list[bytes | memoryview]:
    copy: list[bytes | memoryview] = []
    description: list[bytes] = []
    kept_from = start
    fields = list(itertools.islice(_fields(content, start, end), _MOST_TENSOR_FIELDS))
    if len(fields) == _MOST_TENSOR_FIELDS:
        return [content[start:end]]  # its numbers are fields of their own: nothing to leave out
    data_type = next((value for field, _, value, _, _ in fields if field == _DATA_TYPE), 0)
    holders = [field for field, _, _, _, _ in fields if field in _NUMBERS]
    for field, kind, size, at, body in fields:
        if field in _NUMBERS and kind == _BYTES and size >= _LEFT_OUT_FROM:
            copy.append(content[kept_from:at])
            kept_from = body + size
            if holders == [field] and _holds(field, data_type):
                varints = field not in _AS_THEY_ARE and field != _RAW_DATA
                description = _elsewhere(file_name, body, size, varints=varints)
    copy.append(content[kept_from:end])
    # Of a field given twice the last counts: files say themselves that their data is inside.
    return copy + description


def _holds(field: int, data_type: int) -> bool:
    """Whether numbers of this type lie in this field."""
    if field == _INT32_DATA:
        return data_type not in _NOT_IN_INT32
    types = {**_AS_THEY_ARE, **_OF_VARYING_LENGTH}.get(field)
    return types is None or data_type in types


def _elsewhere(file_name: bytes, offset: int, length: int, *, varints: bool) -> list[bytes]:
    found = []
    entries = [
        (b"location", file_name),
        (b"offset", b"%d" % offset),
        (b"length", b"%d" % length),
    ]
    for key, value in entries + [(VARINTS.encode(), b"1")] * varints:
        entry = b"".join(
            _tag(number, _BYTES) + _varint(len(text)) + text
            for number, text in ((1, key), (2, value))
        )
        found.append(_tag(_EXTERNAL_DATA, _BYTES) + _varint(len(entry)) + entry)
    return [*found, _tag(_DATA_LOCATION, _VARINT) + b"\x01"]


def _fields(
    content: memoryview, start: int, end: int, *, cut: bool = False
) -> Iterator[tuple[int, int, int, int, int]]:
    """Field number, wire type, value or size, where it starts, where its body starts.

    Args:
        cut: the bytes are only the beginning; the last field may go on beyond them.
    """
    at = start
    while at < end:
        first = at
        try:
            key, at = _read_varint(content, at, end)
            field, kind = key >> 3, key & 7
            value, body = 0, at
            if kind == _VARINT:
                value, at = _read_varint(content, at, end)
            elif kind == _BYTES:
                value, body = _read_varint(content, at, end)
                at = body + value
            elif kind == _FIXED64:
                at += 8
            elif kind == _FIXED32:
                at += 4
            else:
                raise Damaged
        except IndexError as error:
            if cut:
                return
            raise Damaged from error
        if field == 0 or (at > end and not cut):
            raise Damaged
        yield field, kind, value, first, body


def _read_varint(content: memoryview, at: int, end: int) -> tuple[int, int]:
    value = shift = 0
    while True:
        if at >= end:
            raise IndexError
        byte = content[at]
        at += 1
        value |= (byte & 0x7F) << shift
        if byte < 0x80:
            return value, at
        shift += 7
        if shift > 63:
            raise Damaged


def _tag(field: int, kind: int) -> bytes:
    return _varint(field << 3 | kind)


def _varint(value: int) -> bytes:
    encoded = bytearray()
    while value >= 0x80:
        encoded.append(value & 0x7F | 0x80)
        value >>= 7
    encoded.append(value)
    return bytes(encoded)
