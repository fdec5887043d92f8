"""Weights by name, as `torch.save(model.state_dict(), path)` writes them; often inside a
training checkpoint, between counters and the optimiser's state."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from netviz_desktop.problems import Problem
from netviz_desktop.readers import Format, OpenedModel, Options
from netviz_desktop.readers._allowed_globals import dangerous
from netviz_desktop.readers._module_tree import is_module
from netviz_desktop.readers._shards import index_of
from netviz_desktop.readers._stubs import StubTensor
from netviz_desktop.readers._torch_file import TorchFile, may_be_torch_file, torch_file
from netviz_desktop.readers._weights import opened_weights

_LABEL = "PyTorch state dict"
_KEYS = (
    "state_dict", "model_state_dict", "model", "model_state", "net", "network", "weights",
    "state_dict_ema", "model_ema", "ema_state_dict", "ema", "params_ema", "params",
)  # fmt: skip
_DEEPEST = 3


def _recognises(path: Path, head: bytes) -> int:
    if not may_be_torch_file(path, head):
        return 0
    try:
        file = torch_file(path)
    except Problem:
        return 0  # the reader of modules says what is wrong
    if _holds_module(file) or not any(_state_dicts(file.root, "", 0)):
        return 0
    return 2 if index_of(path) else 3  # the reader of sharded checkpoints is surer of a shard


FORMAT = Format("state-dict", _LABEL, (".pth", ".pt", ".bin", ".ckpt"), _recognises)


def read(path: Path, options: Options) -> OpenedModel:
    """Raises: Problem: it is damaged; or the architecture cannot be made, or does not fit."""
    file = torch_file(path)
    refuse_commands(file)
    found = dict(reversed(list(_state_dicts(file.root, "", 0))))
    key = _chosen(found, options.member, path)
    others = [other for other in found if other not in ("", key)]
    metadata = {"weights": f"“{key}” of the checkpoint"} if key else {}
    if others:
        metadata["other weights (--member)"] = ", ".join(others)
    weights = {name: file.stored(tensor) for name, tensor in found[key].items()}
    return opened_weights(weights, path, options, label=_LABEL, metadata=metadata)


def refuse_commands(file: TorchFile) -> None:
    """Raises: Problem: loading it would start a program."""
    if commands := dangerous(file.called):
        raise Problem(
            f"{file.path.name} would call {', '.join(commands)} when it is loaded: "
            "no model needs that, so nothing of it was run.",
            "Delete it, and get the model from a source that you know.",
        )


def _holds_module(file: TorchFile) -> bool:
    root = file.root
    return is_module(root) or (isinstance(root, dict) and any(map(is_module, root.values())))


def _chosen(found: dict[str, dict[str, StubTensor]], member: str | None, path: Path) -> str:
    """Where the weights are: as the person says, under a usual key, or where most are."""
    if member is not None:
        if member not in found:
            raise Problem(
                f"{path.name} holds no weights called “{member}”.",
                f"Choose one of them with --member: {', '.join(found)}.",
                choices=tuple(found),
            )
        return member
    for key in _KEYS:
        for place in found:
            if place.rpartition("/")[2] == key:
                return place
    return max(found, key=lambda place: len(found[place]))


def _state_dicts(item: Any, place: str, depth: int) -> Iterator[tuple[str, dict[str, StubTensor]]]:
    """Every dict of named tensors, and the keys that lead to it, joined by slashes."""
    if not isinstance(item, dict):
        return
    weights = {k: v for k, v in item.items() if isinstance(k, str) and isinstance(v, StubTensor)}
    if weights:
        yield place, weights
    if depth < _DEEPEST:
        for key, inner in item.items():
            if isinstance(key, str) and "optim" not in key:
                yield from _state_dicts(inner, f"{place}/{key}" if place else key, depth + 1)
