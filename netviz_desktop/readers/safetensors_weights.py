"""Safetensors: weights by name, and no code."""

from __future__ import annotations

from pathlib import Path

from netviz_desktop.problems import Problem
from netviz_desktop.readers import Format, OpenedModel, Options
from netviz_desktop.readers._safetensors import may_be_safetensors, safetensors
from netviz_desktop.readers._shards import index_of
from netviz_desktop.readers._weights import opened_weights


def _recognises(path: Path, head: bytes) -> int:
    if not may_be_safetensors(path, head):
        return 0
    return 2 if index_of(path) else 3  # the reader of sharded checkpoints is surer of a shard


FORMAT = Format("safetensors", "Safetensors", (".safetensors",), _recognises)


def read(path: Path, options: Options) -> OpenedModel:
    """Raises: Problem: it is damaged; or the architecture cannot be made, or does not fit."""
    weights, metadata = safetensors(path)
    if not weights:
        raise Problem(f"{path.name} holds no weights.", "Choose another file.")
    return opened_weights(weights, path, options, label=FORMAT.label, metadata=metadata)
