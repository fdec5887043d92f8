"""Which of many files is the model."""

from __future__ import annotations

import re
from collections.abc import Iterable
from pathlib import PurePosixPath

_SHARD = re.compile(r"-\d+-of-\d+$")
_INDEX = ".index.json"
# What trainers leave beside the weights, and other libraries' copies of the same weights.
_BESIDE = frozenset(
    "optimizer scheduler training_args rng_state scaler trainer_state random_states".split()
)
_COPIES = {
    "model.safetensors": ("pytorch_model.bin", "tf_model.h5"),
    "model.safetensors.index.json": ("pytorch_model.bin.index.json", "tf_model.h5"),
    "pytorch_model.bin": ("tf_model.h5",),
}


def models_among(names: Iterable[str], suffixes: Iterable[str]) -> tuple[str, ...]:
    """Those that are models, by their names alone.

    Args:
        names: relative, with slashes.
        suffixes: of files that may hold a model.
    """
    known = tuple(suffixes)
    shown = [name for name in names if not _is_hidden(name)]
    paths = [PurePosixPath(name) for name in shown if name.lower().endswith(known)]
    copies = {path.with_name(copy) for path in paths for copy in _COPIES.get(path.name, ())}
    indexed = {path.parent for path in paths if path.name.endswith(_INDEX)}
    return tuple(
        str(path)
        for path in paths
        if path not in copies
        and not (path.parent in indexed and _SHARD.search(path.stem))
        and not (_is_beside(path) and len(shown) > 1)
    )


def _is_hidden(name: str) -> bool:
    return any(
        part == "__MACOSX" or (part.startswith(".") and part != ".") for part in name.split("/")
    )


def _is_beside(path: PurePosixPath) -> bool:
    return re.sub(r"[_-]?\d+$", "", path.name.partition(".")[0]) in _BESIDE
