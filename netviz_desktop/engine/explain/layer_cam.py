"""LayerCAM (Jiang et al. 2021, https://ieeexplore.ieee.org/document/9462463)."""

from __future__ import annotations

from torch import Tensor

from netviz_desktop.engine.explain import Case
from netviz_desktop.link.messages import MethodInfo

METHOD = MethodInfo(
    id="layer-cam",
    label="LayerCAM",
    of_layer=True,
    source="Jiang et al. 2021, https://ieeexplore.ieee.org/document/9462463",
    help="Where the features of a layer speak for a class: each cell weighted by its own "
    "gradient where that is positive. Sharp in early layers, too.",
)


def explain(case: Case) -> Tensor:
    """(h, w), signed where activations are: the sum inside the rectifier of eq. 6."""
    activation, gradient = case.layer()  # (C, h, w) each
    weight = gradient.clamp(min=0)  # eq. 4
    return (weight * activation).sum(dim=0)
