"""What a run says about every node in one number: norms, zeros, dead channels, NaN."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping
from typing import TypeAlias

import torch
from torch import Tensor

from netviz_desktop.engine.finished_run import FinishedRun
from netviz_desktop.engine.pictures import pictures
from netviz_desktop.engine.runners import Step
from netviz_desktop.engine.weight_gradient import gradient_to_weight
from netviz_desktop.graph import Node
from netviz_desktop.graph import overlay as overlays
from netviz_desktop.graph.overlay import Kind

_PIECE = 1024  # numbers that are added up in their own type
_NEAR_BOUND = 0.01  # of the range between the bounds
_BOUNDS = {
    "sigmoid": (0.0, 1.0),
    "hardsigmoid": (0.0, 1.0),
    "softmax": (0.0, 1.0),
    "tanh": (-1.0, 1.0),
}

_Measure: TypeAlias = Callable[[FinishedRun, Node, list[tuple[str, Tensor]]], float | None]


def node_values(
    run: FinishedRun, kind: Kind, target: int | None, step: Step | None = None
) -> dict[str, float]:
    """Node id -> its number, in the order of the graph; a node that has none is missing.

    Of a node with several outputs, over all of them together. Outputs that are not of
    floating point say how to compute, and are left out.

    Args:
        kind: one of those that need a run.
        target: of the gradient, in place of the predicted class.

    Raises:
        Problem: the score has no gradient.
    """
    forward = run.forward
    if kind is overlays.TIME:
        return dict(forward.milliseconds)
    if kind in overlays.OF_GRADIENT:
        if step is not None:
            step(-1, "Computing gradients")
        gradients = forward.gradients(target if target is not None else 0)
        of = gradient_norm if kind is overlays.GRADIENT_NORM else gradient_to_weight
        nodes = _stepped(run, "Measuring gradients", step)
        known = ((node.id, of(run, node, gradients)) for node in nodes)
        return {node: value for node, value in known if value is not None}
    measure = MEASURES[kind]
    found: dict[str, float] = {}
    for node in _stepped(run, f"Measuring: {kind.name.lower()}", step):
        outputs = measured(run, node)
        value = measure(run, node, outputs) if outputs else None
        if value is not None:
            found[node.id] = value
    return found


def measured(run: FinishedRun, node: Node) -> list[tuple[str, Tensor]]:
    """The outputs of a node that say what, not how, to compute."""
    values = run.forward.values
    names = [name for name in node.outputs if name in values]
    return [(name, values[name].tensor) for name in names if _is_measured(values[name].tensor)]


def gradient_norm(run: FinishedRun, node: Node, gradients: Mapping[str, Tensor]) -> float | None:
    values = run.forward.values
    names = [n for n in node.outputs if n in values and values[n].edge is not None]
    if not names:
        return None
    # what no score depends on has the gradient 0
    return math.hypot(*(norm(gradients[name])[0] for name in names if name in gradients))


def _stepped(run: FinishedRun, what: str, step: Step | None) -> Iterator[Node]:
    nodes = run.forward.graph.nodes
    for index, node in enumerate(nodes):
        if step is not None:
            step(index / len(nodes), what)
        yield node


def _is_measured(tensor: Tensor) -> bool:
    dense = tensor.layout is torch.strided and not tensor.is_quantized
    return dense and (tensor.is_floating_point() or tensor.is_complex()) and tensor.numel() > 0


def norm(tensor: Tensor) -> tuple[float, int]:
    """The L2 norm of the finite numbers, and how many these are."""
    quick = _quick_norm(tensor)
    if math.isfinite(quick) and quick > 1e-15:  # below, squares are lost in float32
        return quick, tensor.numel()
    wide = tensor.abs().double() if tensor.is_complex() else tensor.double()
    if wide.isfinite().all():
        return float(torch.linalg.vector_norm(wide)), wide.numel()
    finite = wide[wide.isfinite()]
    return float(torch.linalg.vector_norm(finite)), finite.numel()


def _quick_norm(tensor: Tensor) -> float:
    """The L2 norm; not finite if any number is not, or squares are too large for the type."""
    if tensor.element_size() < 4:  # they overflow soon, and some know no norm at all
        return math.inf
    flat = tensor.reshape(-1)
    whole = flat.numel() - flat.numel() % _PIECE
    # torch adds up in the tensor's own type: in one sum of 20 million, 1 % would be lost
    pieces = torch.linalg.vector_norm(flat[:whole].view(-1, _PIECE), dim=1).double()
    rest = torch.linalg.vector_norm(flat[whole:]).double()
    return float(torch.linalg.vector_norm(torch.cat([pieces, rest[None]])))


def _root_mean_square(
    _run: FinishedRun, _node: Node, outputs: list[tuple[str, Tensor]]
) -> float | None:
    found = [norm(tensor) for _, tensor in outputs]
    count = sum(numbers for _, numbers in found)
    return math.hypot(*(length for length, _ in found)) / math.sqrt(count) if count else None


def _zeros(_run: FinishedRun, _node: Node, outputs: list[tuple[str, Tensor]]) -> float:
    count = sum(tensor.numel() for _, tensor in outputs)
    return 1 - sum(int(tensor.count_nonzero()) for _, tensor in outputs) / count


def _dead_channels(run: FinishedRun, node: Node, outputs: list[tuple[str, Tensor]]) -> float | None:
    """Only of channels that are maps: of a vector, it would be the sparsity again."""
    dead = count = 0
    for name, tensor in outputs:
        last = name in run.channels_last
        if pictures(tensor[:1], node.op_type, channels_last=last).axes == "channels":
            alive = (tensor != 0).any(dim=(0, 1, 2) if last else (0, 2, 3))
            dead += alive.numel() - int(alive.count_nonzero())
            count += alive.numel()
    return dead / count if count else None


def _not_finite(_run: FinishedRun, _node: Node, outputs: list[tuple[str, Tensor]]) -> float:
    worst = 0
    for _, tensor in outputs:
        if math.isfinite(_quick_norm(tensor)) or tensor.isfinite().all():
            continue
        worst = max(worst, 2 if tensor.isnan().any() else 1)
    return float(worst)


def _mean(_run: FinishedRun, _node: Node, outputs: list[tuple[str, Tensor]]) -> float | None:
    found = _mean_and_variance(outputs)
    return found[0] if found is not None else None


def _deviation(_run: FinishedRun, _node: Node, outputs: list[tuple[str, Tensor]]) -> float | None:
    found = _mean_and_variance(outputs)
    return math.sqrt(found[1]) if found is not None else None


def _mean_and_variance(outputs: list[tuple[str, Tensor]]) -> tuple[float, float] | None:
    """Of all finite numbers together, complex ones by magnitude (Chan et al. 1979)."""
    seen, mean, squares = 0, 0.0, 0.0
    for _, tensor in outputs:
        count, centre, variance = _moments(tensor)
        if count:
            apart = centre - mean
            squares += variance * count + apart * apart * seen * count / (seen + count)
            mean += apart * count / (seen + count)
            seen += count
    return (mean, squares / seen) if seen else None


def _moments(tensor: Tensor) -> tuple[int, float, float]:
    """How many numbers are finite, their mean, and their variance."""
    flat = (tensor.abs() if tensor.is_complex() else tensor).reshape(-1)
    if flat.element_size() >= 4 and flat.numel() % _PIECE == 0:
        pieces = flat.view(-1, _PIECE)
        means = pieces.mean(dim=1).double()
        square = float((torch.linalg.vector_norm(pieces, dim=1).double() ** 2).mean()) / _PIECE
        mean = float(means.mean())
        variance = square - mean * mean
        # a small difference of large numbers has lost its digits
        if math.isfinite(variance) and square > 1e-30 and variance > 0.1 * square:
            return flat.numel(), mean, variance
        variances, means = (f.double() for f in torch.var_mean(pieces, dim=1, correction=0))
        mean, variance = float(means.mean()), float(variances.mean() + means.var(correction=0))
        if math.isfinite(mean) and math.isfinite(variance):
            return flat.numel(), mean, variance
    wide = flat.double()
    wide = wide[wide.isfinite()]
    if not wide.numel():
        return 0, 0.0, 0.0
    return wide.numel(), float(wide.mean()), float(wide.var(correction=0))


def _saturation(_run: FinishedRun, node: Node, outputs: list[tuple[str, Tensor]]) -> float | None:
    name = node.op_type.rpartition(".")[2].lower().replace("_", "")
    if name not in _BOUNDS or any(tensor.is_complex() for _, tensor in outputs):
        return None
    low, high = _BOUNDS[name]
    margin = _NEAR_BOUND * (high - low)
    near = 0
    for _, tensor in outputs:
        comparable = tensor.float() if tensor.element_size() < 2 else tensor
        near += int(((comparable <= low + margin) | (comparable >= high - margin)).sum())
    return near / sum(tensor.numel() for _, tensor in outputs)


MEASURES: dict[Kind, _Measure] = {
    overlays.ACTIVATION_NORM: _root_mean_square,
    overlays.SPARSITY: _zeros,
    overlays.DEAD_CHANNELS: _dead_channels,
    overlays.NOT_FINITE: _not_finite,
    overlays.ACTIVATION_MEAN: _mean,
    overlays.ACTIVATION_DEVIATION: _deviation,
    overlays.SATURATION: _saturation,
}
