"""What a run says: classes with their scores."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor

from netviz_desktop.engine.forward_pass import ForwardPass
from netviz_desktop.link.messages import Prediction


def scores(run: ForwardPass) -> Tensor:
    """(K,) float32: the value that targets index, flattened, of the first sample."""
    value = run.value(run.target_value)
    first = value[0] if value.ndim > 1 else value
    return first.reshape(-1).float()


def predicted_target(run: ForwardPass) -> int:
    """The index of the highest score before softmax; NaN counts as lowest."""
    found = scores(run).nan_to_num(nan=-torch.inf, posinf=torch.inf, neginf=-torch.inf)
    return int(found.argmax()) if found.numel() else 0


def predictions(run: ForwardPass, labels: Sequence[str], count: int = 10) -> list[Prediction]:
    """The likeliest classes first; none for a model without classes.

    A logit that is NaN gives scores that are NaN: they come as they are.
    """
    if not run.score_kind:
        return []
    logits = scores(run)
    likely = _probabilities(logits, run.score_kind)
    order = logits.nan_to_num(nan=-torch.inf, posinf=torch.inf, neginf=-torch.inf)
    best = order.argsort(descending=True, stable=True)[:count].tolist()
    return [
        Prediction(target, label(target, labels), float(logits[target]), float(likely[target]))
        for target in best
    ]


def label(target: int, labels: Sequence[str]) -> str:
    """The class's name; without one, its index in words."""
    name = labels[target] if 0 <= target < len(labels) else ""
    return name or f"class {target}"


def _probabilities(logits: Tensor, score_kind: str) -> Tensor:
    return logits.sigmoid() if score_kind == "sigmoid" else logits.softmax(0)
