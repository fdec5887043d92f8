"""Where in a network something is worth a look: the first NaN, the smallest gradient, ..."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from netviz_desktop.graph import overlay as overlays
from netviz_desktop.link.messages import Diagnosis


@dataclass(frozen=True)
class Jump:
    """Args:
    node: its id; None: no node is so, or it is not known.
    """

    name: str
    node: str | None


def jumps(found: Diagnosis, milliseconds: Mapping[str, float]) -> tuple[Jump, ...]:
    """Each place, whether or not this network has it.

    A layer is dead where all its numbers are 0. A gradient of exactly 0 is not the
    smallest: nothing leads from there to the score.
    """
    bad = column(found, overlays.NOT_FINITE.id)
    zeros = column(found, overlays.SPARSITY.id)
    sizes = column(found, overlays.ACTIVATION_NORM.id)
    gradients = {n: v for n, v in column(found, overlays.GRADIENT_NORM.id).items() if v > 0}
    return (
        Jump("First NaN or Inf", next((n for n, v in bad.items() if v > 0), None)),
        Jump("First Dead Layer", next((n for n, v in zeros.items() if v == 1), None)),
        Jump("Largest Activation", _largest(sizes)),
        Jump("Smallest Gradient Norm", min(gradients, key=gradients.__getitem__, default=None)),
        Jump("Largest Gradient Norm", _largest(gradients)),
        Jump("Slowest Node", _largest(milliseconds)),
    )


def column(found: Diagnosis, kind: str) -> dict[str, float]:
    """Node id -> its number, of those that have one."""
    values = found.values[:, found.kinds.index(kind)].tolist()
    return {node: v for node, v in zip(found.nodes, values, strict=True) if v == v}  # noqa: PLR0124 - NaN is not itself


def _largest(values: Mapping[str, float]) -> str | None:
    return max(values, key=values.__getitem__, default=None)
