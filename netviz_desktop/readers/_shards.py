"""Which file holds which weight of a checkpoint that is spread over several."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path, PurePosixPath, PureWindowsPath

from netviz_desktop.problems import Problem

_MOST_INDEX_BYTES = 32 * 2**20
_MOST_INDICES = 16
_SHARD = re.compile(r"-\d+-of-\d+$")


@dataclass(frozen=True)
class Index:
    """Args:
    shards: weight -> file name, relative to the index.
    """

    path: Path
    shards: dict[str, str]

    @property
    def files(self) -> list[Path]:
        return [self.path.parent / name for name in dict.fromkeys(self.shards.values())]


def is_index(path: Path, head: bytes) -> bool:
    """Whether it is JSON with a map of weights, to judge from its beginning."""
    text = head.lstrip()
    return text[:1] == b"{" and (path.name.endswith(".index.json") or b'"weight_map"' in text)


def index_of(path: Path) -> Path | None:
    """The index beside a shard that names it."""
    if not _SHARD.search(path.stem):
        return None
    for found in sorted(path.parent.glob("*.index.json"))[:_MOST_INDICES]:
        try:
            if path.name in read_index(found).shards.values():
                return found
        except Problem:
            continue  # whoever opens the index is told; the shard alone can be looked at
    return None


def read_index(path: Path) -> Index:
    """Raises: Problem: it is damaged, or names files outside its folder."""
    try:
        status = path.stat()
        return _read_index(path, status.st_mtime_ns, status.st_size)
    except (OSError, ValueError, RecursionError) as error:
        raise Problem(
            f"{path.name} is cut short or damaged: it cannot be read as the index of a checkpoint.",
            "Download it again.",
        ) from error


@lru_cache(maxsize=4)
def _read_index(path: Path, _changed: int, size: int) -> Index:
    if size > _MOST_INDEX_BYTES:
        raise ValueError("it is too large")
    found = json.loads(path.read_text(encoding="utf-8"))
    shards = found.get("weight_map") if isinstance(found, dict) else None
    if not isinstance(shards, dict) or not all(isinstance(name, str) for name in shards.values()):
        raise ValueError("it has no map of weights")
    outside = next((name for name in shards.values() if not _is_inside(name)), None)
    if outside is not None:
        raise Problem(
            f"{path.name} names a file outside its folder ({outside[:100]}), which was not opened.",
            "Get the checkpoint from a source that you know.",
        )
    return Index(path, shards)


def _is_inside(name: str) -> bool:
    return bool(name) and not any(
        pure.is_absolute() or pure.drive or ".." in pure.parts
        for pure in (PurePosixPath(name), PureWindowsPath(name))
    )
