"""Overlays: a number for each node, by which the graph is coloured."""

from __future__ import annotations

import heapq
import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from enum import Enum
from operator import attrgetter

from netviz_desktop.graph.counts import Counts
from netviz_desktop.graph.model import ModelGraph, Value
from netviz_desktop.graph.scopes import Scope, Scopes


class Scale(Enum):
    """How values become colours."""

    LINEAR = "linear"
    LOGARITHMIC = "logarithmic"
    CATEGORICAL = "categorical"
    """Whole numbers from 0, the index in `Kind.categories`."""


class Combination(Enum):
    """What a closed scope's value is, of those of the nodes in it."""

    SUM = "the sum"
    SUM_OF_PARAMETERS = "the sum, shared ones once"
    MEAN = "the mean"
    LARGEST = "the largest"


@dataclass(frozen=True)
class Kind:
    """What is shown.

    Args:
        id: as `--overlay` takes it.
        unit: "bytes", "ms", "share" (0 to 1), "count", or "" for a plain number.
        says: one sentence: what the number is.
        needs_run: whether it is of what a run computed.
        bounds: of the colours; None: the smallest and largest value that is drawn.
        categories: what the values stand for, where the scale is categorical.
    """

    id: str
    name: str
    unit: str
    scale: Scale
    combination: Combination
    says: str
    needs_run: bool = False
    bounds: tuple[float, float] | None = None
    categories: tuple[str, ...] = ()


PARAMETERS = Kind(
    "parameters", "Parameters", "count", Scale.LOGARITHMIC, Combination.SUM_OF_PARAMETERS,
    "Numbers in the weights.",
)  # fmt: skip
MULTIPLY_ADDS = Kind(
    "multiply-adds", "Multiply-adds", "count", Scale.LOGARITHMIC, Combination.SUM,
    "Of products, convolutions and attention, for one sample.",
)  # fmt: skip
MEMORY = Kind(
    "activation-memory", "Activation memory", "bytes", Scale.LOGARITHMIC, Combination.SUM,
    "Size of what a node computes.",
)  # fmt: skip
TIME = Kind(
    "time", "Time", "ms", Scale.LOGARITHMIC, Combination.SUM,
    "As measured in the last run, which kept everything.", needs_run=True,
)  # fmt: skip
ACTIVATION_NORM = Kind(
    "activation-norm", "Activation norm", "", Scale.LOGARITHMIC, Combination.LARGEST,
    "Root mean square of a node's finite output numbers.", needs_run=True,
)  # fmt: skip
SPARSITY = Kind(
    "sparsity", "Sparsity", "share", Scale.LINEAR, Combination.MEAN,
    "Share of a node's output numbers that are exactly 0.", needs_run=True, bounds=(0, 1),
)  # fmt: skip
DEAD_CHANNELS = Kind(
    "dead-channels", "Dead channels", "share", Scale.LINEAR, Combination.MEAN,
    "Share of channels that are 0 everywhere for this input.", needs_run=True, bounds=(0, 1),
)  # fmt: skip
GRADIENT_NORM = Kind(
    "gradient-norm", "Gradient norm", "", Scale.LOGARITHMIC, Combination.LARGEST,
    "L2 norm of the gradient of the class score with respect to a node's output.",
    needs_run=True,
)  # fmt: skip
NOT_FINITE = Kind(
    "nan-inf", "NaN and Inf", "", Scale.CATEGORICAL, Combination.LARGEST,
    "What a node's output holds besides finite numbers.", needs_run=True,
    categories=("all finite", "infinite", "NaN"),
)  # fmt: skip
ACTIVATION_MEAN = Kind(
    "activation-mean", "Activation mean", "", Scale.LINEAR, Combination.MEAN,
    "Mean of a node's finite output numbers.", needs_run=True,
)  # fmt: skip
ACTIVATION_DEVIATION = Kind(
    "activation-deviation", "Activation deviation", "", Scale.LOGARITHMIC, Combination.LARGEST,
    "Standard deviation of a node's finite output numbers.", needs_run=True,
)  # fmt: skip
SATURATION = Kind(
    "saturation", "Saturation", "share", Scale.LINEAR, Combination.MEAN,
    "Of a sigmoid, tanh or softmax: share of numbers within 1 % of its range from a bound.",
    needs_run=True, bounds=(0, 1),
)  # fmt: skip
GRADIENT_TO_WEIGHT = Kind(
    "gradient-to-weight", "Gradient to weight", "", Scale.LOGARITHMIC, Combination.LARGEST,
    "L2 norm of the gradient of the class score with respect to the weight of a convolution or "
    "matrix product, over the norm of the weight.",
    needs_run=True,
)  # fmt: skip

KINDS = (
    PARAMETERS,
    MULTIPLY_ADDS,
    MEMORY,
    TIME,
    ACTIVATION_NORM,
    SPARSITY,
    DEAD_CHANNELS,
    GRADIENT_NORM,
    NOT_FINITE,
    ACTIVATION_MEAN,
    ACTIVATION_DEVIATION,
    SATURATION,
    GRADIENT_TO_WEIGHT,
)
"""What NetViz works out itself; their keys follow this order."""

OF_GRADIENT = (GRADIENT_NORM, GRADIENT_TO_WEIGHT)
"""What depends on the class in view."""

DIAGNOSIS = (
    ACTIVATION_MEAN,
    ACTIVATION_DEVIATION,
    ACTIVATION_NORM,
    SATURATION,
    SPARSITY,
    DEAD_CHANNELS,
    NOT_FINITE,
    *OF_GRADIENT,
)
"""What is drawn over the depth of a network."""

BY_ID = {kind.id: kind for kind in KINDS}


@dataclass(frozen=True)
class Overlay:
    """Values of a graph.

    Args:
        values: node id -> its value; a node that is missing has none.
        by_path: values that somebody gave to a scope, by its path.
        note: one sentence more for the legend, else empty.
    """

    kind: Kind
    values: Mapping[str, float]
    by_path: Mapping[tuple[str, ...], float] = field(default_factory=dict)
    note: str = ""

    def of_scope(self, scopes: Scopes, scope: Scope) -> float | None:
        """A scope's own value, else that of its nodes together; None where none has one."""
        if not scope.members and scope.path in self.by_path:
            return self.by_path[scope.path]
        if self.kind.combination is Combination.SUM_OF_PARAMETERS:
            return float(scopes.parameters(scope))
        ids = (node.id for node in scopes.nodes(scope))
        found = [self.values[node] for node in ids if node in self.values]
        if not found:
            return None
        match self.kind.combination:
            case Combination.MEAN:
                return math.fsum(found) / len(found)
            case Combination.LARGEST:
                return max(found)
        return math.fsum(found)

    def largest(self, count: int) -> list[tuple[str, float]]:
        """The nodes with the largest values, largest first; of equal ones the first to run.
        What is 0 is not worth a look."""
        worthy = (found for found in self.values.items() if found[1] > 0)
        return heapq.nsmallest(count, worthy, key=lambda found: -found[1])  # it is stable


def of_counts(kind: Kind, found: Mapping[str, Counts]) -> Overlay:
    """What the graph itself says: parameters, multiply-adds or activation memory.

    Args:
        found: `counts` of the graph.
    """
    of: Callable[[Counts], float | None]
    if kind is PARAMETERS:
        of = attrgetter("parameters")
    elif kind is MULTIPLY_ADDS:
        of = attrgetter("multiply_adds")
    else:
        of = attrgetter("activation_bytes")
    values = ((node, of(cost)) for node, cost in found.items())
    return Overlay(kind, {node: float(value) for node, value in values if value is not None})


def as_run(
    graph: ModelGraph, shapes: Mapping[str, tuple[int, ...]], dtypes: Mapping[str, str]
) -> ModelGraph:
    """The graph with the shapes and types that a run found, where the file has none."""
    values = dict(graph.values)
    for name, shape in shapes.items():
        known = values.get(name, Value(name))
        if known.shape is None or not all(isinstance(size, int) for size in known.shape):
            dtype = known.dtype or dtypes.get(name)
            values[name] = replace(known, shape=tuple(shape), dtype=dtype)
    return replace(graph, values=values)
