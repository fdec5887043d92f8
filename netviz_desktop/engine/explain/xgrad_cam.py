"""XGrad-CAM (Fu et al. 2020, https://arxiv.org/abs/2008.02312)."""

from __future__ import annotations

from torch import Tensor

from netviz_desktop.engine.explain import Case
from netviz_desktop.link.messages import MethodInfo

METHOD = MethodInfo(
    id="xgrad-cam",
    label="XGrad-CAM",
    of_layer=True,
    source="Fu et al. 2020, https://arxiv.org/abs/2008.02312",
    help="As Grad-CAM, with the mean of a channel's gradient weighted by its activation.",
)


def explain(case: Case) -> Tensor:
    """(h, w), signed. A channel whose activation sums to zero has no weight."""
    activation, gradient = case.layer()  # (C, h, w) each
    total = activation.sum(dim=(1, 2), keepdim=True)  # (C, 1, 1)
    share = (gradient * activation).sum(dim=(1, 2), keepdim=True)
    weight = (share / total.where(total != 0, 1)).where(total != 0, 0)  # eq. 8
    return (weight * activation).sum(dim=0)
