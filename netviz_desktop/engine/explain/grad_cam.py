"""Grad-CAM (Selvaraju et al. 2017, https://arxiv.org/abs/1610.02391)."""

from __future__ import annotations

from torch import Tensor

from netviz_desktop.engine.explain import Case
from netviz_desktop.link.messages import MethodInfo

METHOD = MethodInfo(
    id="grad-cam",
    label="Grad-CAM",
    of_layer=True,
    source="Selvaraju et al. 2017, https://arxiv.org/abs/1610.02391",
    help="Where the features of a layer speak for a class: its channels, each weighted by "
    "the mean gradient of the score.",
)


def explain(case: Case) -> Tensor:
    """(h, w), signed: the sum inside the rectifier of the paper's eq. 2."""
    activation, gradient = case.layer()  # (C, h, w) each
    weight = gradient.mean(dim=(1, 2), keepdim=True)  # (C, 1, 1), eq. 1
    return (weight * activation).sum(dim=0)  # (h, w), eq. 2 before its ReLU
