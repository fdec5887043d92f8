"""The gradient of the score (Simonyan et al. 2013, https://arxiv.org/abs/1312.6034)."""

from __future__ import annotations

from torch import Tensor

from netviz_desktop.engine.explain import Case
from netviz_desktop.link.messages import MethodInfo

METHOD = MethodInfo(
    id="saliency",
    label="Saliency",
    of_layer=False,
    source="Simonyan et al. 2013, https://arxiv.org/abs/1312.6034",
    help="How the score changes as each number of the input does.",
)


def explain(case: Case) -> Tensor:
    """The input's shape, signed: score per unit of the input."""
    _, gradient = case.input_and_gradient()
    return gradient
