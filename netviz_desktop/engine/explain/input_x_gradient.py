"""Input times gradient (Shrikumar et al. 2016, https://arxiv.org/abs/1605.01713)."""

from __future__ import annotations

from torch import Tensor

from netviz_desktop.engine.explain import Case
from netviz_desktop.link.messages import MethodInfo

METHOD = MethodInfo(
    id="input-x-gradient",
    label="Input × gradient",
    of_layer=False,
    source="Shrikumar et al. 2016, https://arxiv.org/abs/1605.01713",
    help="What each number of the input adds to the score, if the model were linear.",
)


def explain(case: Case) -> Tensor:
    """The input's shape, signed, in units of the score."""
    value, gradient = case.input_and_gradient()
    return value * gradient
