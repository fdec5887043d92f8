"""What a safetensors file holds: its header alone is read, and nothing in it is believed.

https://huggingface.co/docs/safetensors: eight bytes of length, JSON, numbers.
"""

from __future__ import annotations

import json
import math
import struct
from pathlib import Path
from typing import Any

from netviz_desktop.problems import Problem
from netviz_desktop.readers._stored import Stored

_MOST_HEADER_BYTES = 32 * 2**20  # JSON becomes many times its size in memory
_BITS = {
    "BOOL": ("bool", 8), "U8": ("uint8", 8), "I8": ("int8", 8), "I16": ("int16", 16),
    "U16": ("uint16", 16), "I32": ("int32", 32), "U32": ("uint32", 32), "I64": ("int64", 64),
    "U64": ("uint64", 64), "F16": ("float16", 16), "BF16": ("bfloat16", 16),
    "F32": ("float32", 32), "F64": ("float64", 64), "C64": ("complex64", 64),
    "F8_E4M3": ("float8_e4m3fn", 8), "F8_E5M2": ("float8_e5m2", 8),
    "F8_E4M3FNUZ": ("float8_e4m3fnuz", 8), "F8_E5M2FNUZ": ("float8_e5m2fnuz", 8),
    "F8_E8M0": ("float8_e8m0fnu", 8), "F4": ("float4_e2m1fn", 4),
    "F6_E2M3": ("float6_e2m3fn (packed)", 6), "F6_E3M2": ("float6_e3m2fn (packed)", 6),
}  # fmt: skip
"""Type -> torch's name of it, and its bits."""


def may_be_safetensors(path: Path, head: bytes) -> bool:
    """Whether it begins as one: a length, then JSON. Of a damaged one the suffix tells."""
    if len(head) < 9:
        return path.suffix.lower() == ".safetensors"
    (length,) = struct.unpack("<Q", head[:8])
    begins = head[8:9] == b"{" and 2 <= length < 2**40
    return begins or path.suffix.lower() == ".safetensors"


def safetensors(path: Path) -> tuple[dict[str, Stored], dict[str, str]]:
    """The weights, and what the file says about itself.

    Raises:
        Problem: it is cut short, damaged, or contradicts itself.
    """
    try:
        header, first, size = _header(path)
        said = header.pop("__metadata__", {})
        weights = {name: _stored(path, entry, first, size) for name, entry in header.items()}
        _refuse_overlaps(weights)
    except (ValueError, TypeError, KeyError, RecursionError, struct.error) as error:
        raise Problem(
            f"{path.name} is cut short or damaged: it cannot be read as safetensors "
            f"({_reason(error)}).",
            "Download or save it again.",
        ) from error
    metadata = said if isinstance(said, dict) else {}
    return weights, {str(key): str(value)[:2000] for key, value in metadata.items()}


def _header(path: Path) -> tuple[dict[str, Any], int, int]:
    """The JSON, where the numbers begin, and the size of the file."""
    with path.open("rb") as file:
        size = path.stat().st_size
        (length,) = struct.unpack("<Q", file.read(8))
        if length > size - 8:
            raise ValueError("its header ends behind its end")
        if length > _MOST_HEADER_BYTES:
            raise ValueError("its header is too large")
        text = file.read(length).decode("utf-8")
    header = json.loads(text, object_pairs_hook=_without_duplicates)
    if not isinstance(header, dict):
        raise ValueError("its header is no table")  # noqa: TRY004 - the file is at fault
    return header, 8 + length, size


def _without_duplicates(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise ValueError("a name occurs twice")
    return found


def _stored(path: Path, entry: dict[str, Any], first: int, size: int) -> Stored:
    begin, end = entry["data_offsets"]
    shape = tuple(entry["shape"])
    dtype, bits = _BITS.get(entry["dtype"], (str(entry["dtype"])[:40], 0))
    if not all(type(number) is int and number >= 0 for number in (begin, end, *shape)):
        raise ValueError("a size or place is no number")
    if begin > end or first + end > size:
        raise ValueError("a weight lies behind its end")
    if bits and (math.prod(shape) * bits + 7) // 8 != end - begin:
        raise ValueError("a weight has not the size that its shape says")
    return Stored(path, first + begin, end - begin, shape, dtype)


def _refuse_overlaps(weights: dict[str, Stored]) -> None:
    end = 0
    for stored in sorted(weights.values(), key=lambda stored: (stored.first, stored.room)):
        if stored.room and stored.first < end:
            raise ValueError("two weights overlap")
        end = max(end, stored.first + stored.room)


def _reason(error: Exception) -> str:
    if isinstance(error, UnicodeDecodeError):
        return "its header is no text"
    if isinstance(error, (json.JSONDecodeError, RecursionError)):
        return "its header is no JSON"
    if isinstance(error, struct.error):
        return "it is too short"
    if isinstance(error, KeyError):
        return f"a weight lacks {error}"
    return str(error) if type(error) is ValueError else "its header is not as it should be"
