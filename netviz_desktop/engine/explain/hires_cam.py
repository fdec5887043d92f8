"""HiResCAM (Draelos & Carin 2020, https://arxiv.org/abs/2011.08891)."""

from __future__ import annotations

from torch import Tensor

from netviz_desktop.engine.explain import Case
from netviz_desktop.link.messages import MethodInfo

METHOD = MethodInfo(
    id="hires-cam",
    label="HiResCAM",
    of_layer=True,
    source="Draelos & Carin 2020, https://arxiv.org/abs/2011.08891",
    help="Where the features of a layer speak for a class: each cell weighted by its own "
    "gradient, not by the channel's mean.",
)


def explain(case: Case) -> Tensor:
    """(h, w), signed: the gradient times the activation, summed over channels (eq. 3)."""
    activation, gradient = case.layer()  # (C, h, w) each
    return (gradient * activation).sum(dim=0)
