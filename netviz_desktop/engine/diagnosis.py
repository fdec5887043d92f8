"""What a run says about all nodes at once: the health of a network over its depth."""

from __future__ import annotations

import math
from collections.abc import Mapping

import numpy as np
from torch import Tensor

from netviz_desktop.engine.finished_run import FinishedRun
from netviz_desktop.engine.node_values import MEASURES, gradient_norm, measured
from netviz_desktop.engine.runners import Step
from netviz_desktop.engine.weight_gradient import gradient_to_weight
from netviz_desktop.graph import Node
from netviz_desktop.graph.overlay import DIAGNOSIS, GRADIENT_NORM, GRADIENT_TO_WEIGHT, Kind
from netviz_desktop.link.messages import Diagnosis
from netviz_desktop.problems import Problem


def diagnosis(
    run: FinishedRun, target: int | None, step: Step | None = None, no_gradient: str = ""
) -> Diagnosis:
    """One pass over what a run kept; nodes without an output of floating point are left out.

    Args:
        target: of the gradient; None: there is none, and `no_gradient` says why.
    """
    gradients: Mapping[str, Tensor] | None = None
    if target is not None:
        if step is not None:
            step(-1, "Computing gradients")
        try:
            gradients = run.forward.gradients(target)
        except Problem as problem:
            no_gradient = f"{problem.what} {problem.remedy}"
    nodes, ids, rows = run.forward.graph.nodes, [], []
    for index, node in enumerate(nodes):
        if step is not None:
            step(index / len(nodes), "Measuring all layers")
        outputs = measured(run, node)
        if outputs:
            ids.append(node.id)
            rows.append([_value(run, node, kind, outputs, gradients) for kind in DIAGNOSIS])
    kinds = tuple(kind.id for kind in DIAGNOSIS)
    values = np.array(rows, np.float64).reshape(len(ids), len(kinds))
    return Diagnosis(tuple(ids), kinds, values, no_gradient)


def _value(
    run: FinishedRun,
    node: Node,
    kind: Kind,
    outputs: list[tuple[str, Tensor]],
    gradients: Mapping[str, Tensor] | None,
) -> float:
    found: float | None
    if kind not in (GRADIENT_NORM, GRADIENT_TO_WEIGHT):
        found = MEASURES[kind](run, node, outputs)
    elif gradients is None:
        found = None
    else:
        of = gradient_norm if kind is GRADIENT_NORM else gradient_to_weight
        found = of(run, node, gradients)
    return math.nan if found is None else found
