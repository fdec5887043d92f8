"""Where ONNX nodes have no true derivative, and what that means for the gradients before them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import torch
from torch import Tensor

from netviz_desktop.engine.runners import _onnx_tiers as tiers
from netviz_desktop.engine.runners._onnx_program import Step

_STRAIGHT_THROUGH = "Straight-through: rounding is treated as the identity."


def gradient_states(steps: list[Step], values: Mapping[str, Any], target: str) -> dict[str, str]:
    """For values that lead to the target through a node that has no true derivative: so."""
    states: dict[str, str] = {}
    if not any(map(_is_unusual, steps)):
        return states
    on_path = {target}
    for step in reversed(steps):
        reached = on_path.intersection(step.outputs)
        if not reached:
            continue
        read = step.reads() - {""}
        on_path |= read
        found = {states[name] for name in reached if name in states}
        found.add(_own_state(step, [values.get(name) for name in reached]))
        missing = max(found - {"", _STRAIGHT_THROUGH}, default="")
        for name in read:
            if missing:
                states[name] = missing
            elif _STRAIGHT_THROUGH in found:
                states.setdefault(name, _STRAIGHT_THROUGH)
    return states


def _is_unusual(step: Step) -> bool:
    """Whether something in it may have no true derivative."""
    return step.rounds or step.tier != tiers.TORCH or bool(step.bodies)


def _own_state(step: Step, outputs: list[Any]) -> str:
    inner = list(step.inner())
    if any(map(is_differentiable, outputs)):  # else there is no derivative to be missed
        if step.tier in tiers.FORWARD_ONLY:
            return f"Its gradient through “{step.id}”, which runs forward only, is missing."
        if any(part.tier in tiers.FORWARD_ONLY for part in inner):
            return f"Its gradient through what runs forward only in “{step.id}” is missing."
    return _STRAIGHT_THROUGH if step.rounds or any(part.rounds for part in inner) else ""


def is_differentiable(value: Any) -> bool:
    return isinstance(value, Tensor) and (
        value.dtype in (torch.float32, torch.float64) or value.is_complex()
    )
