"""What an attribution method says of a finished run, placed and in words."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import torch
from numpy.typing import NDArray
from torch import Tensor

from netviz_desktop.engine import explain as attribution
from netviz_desktop.engine.explain import Case, Parameter
from netviz_desktop.engine.finished_run import FinishedRun
from netviz_desktop.engine.placement import Placement, place

Array = NDArray[Any]


@dataclass(frozen=True)
class Explanation:
    """Where a method sees evidence; as `messages.Attribution`, but

    Args:
        raw: the method's own map: (h, w) of a layer, or the input's shape.
        placed: (H, W) over the model's input; None when the input is no picture.
    """

    method: str
    node: str | None
    target: int
    label: str
    raw: Array
    placed: Array | None
    placement: str
    state: str = ""


def explanation(
    run: FinishedRun,
    case: Case,
    method: str,
    parameters: Mapping[str, Parameter],
    label: str,
) -> Explanation:
    """Raises: Problem: the method cannot explain this case."""
    raw = attribution.explain(method, case, parameters)
    placed = _placed_layer(raw, run, case.node) if case.node else _placed_input(raw, run)
    sentence = "The input is no picture to place it on." if placed is None else placed.sentence
    gradient_state = case.run.gradient_state(case.target, case.node) if case.node else ""
    return Explanation(
        method=method,
        node=case.node or None,
        target=case.target,
        label=label,
        raw=as_numpy(raw),
        placed=None if placed is None else as_numpy(placed.placed),
        placement=sentence,
        state=_state(raw, label, gradient_state),
    )


def as_numpy(tensor: Tensor) -> Array:
    """In the same dtype; bfloat16, which numpy lacks, as float32."""
    found = tensor.detach().cpu()
    if found.dtype == torch.bfloat16:
        found = found.float()
    array: Array = found.numpy()
    return array


def _placed_layer(raw: Tensor, run: FinishedRun, layer: str) -> Placement | None:
    if run.spatial_axes is None:
        return None
    shape = run.shapes[run.input]
    size = (shape[run.spatial_axes[0]], shape[run.spatial_axes[1]])
    return place(raw, run.fields.get(run.forward.graph.node(layer).outputs[0]), size)


def _placed_input(raw: Tensor, run: FinishedRun) -> Placement | None:
    if run.spatial_axes is None:
        return None
    channels = 3 if run.spatial_axes == (1, 2) else 1
    return Placement(raw.sum(dim=channels)[0], "Pixel by pixel: the sum over channels.")


def _state(raw: Tensor, label: str, gradient_state: str) -> str:
    if not torch.isfinite(raw).all():
        return "The map holds numbers that are not finite: the model's activations overflow."
    if not raw.any():
        return gradient_state or (
            f"The map is zero everywhere: nothing here changes the score of “{label}”."
        )
    if raw.max() <= 0:
        negative = (
            f"No positive evidence for “{label}” here: the map is negative everywhere. "
            "The signed view shows what speaks against it."
        )
        return f"{negative} {gradient_state}".strip()
    return gradient_state
