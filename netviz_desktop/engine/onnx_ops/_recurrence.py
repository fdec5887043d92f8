"""What LSTM, GRU and RNN share: torch's fused kernels, and a loop over time for the rest."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import torch
import torch.nn.functional as F  # noqa: N812
from torch import Tensor

Cell = Callable[..., tuple[Tensor, ...]]
"""From direction, gates of the input, states, recurrence weight and bias to new states."""


def fused(
    kernel: Callable[..., Any],
    x: Tensor,
    w: Tensor,
    r: Tensor,
    b: Tensor | None,
    initial: tuple[Tensor | None, ...],
    order: Sequence[int],
    layout: int,
    hidden: int,
    gates: int,
) -> tuple[Tensor, ...]:
    """torch's own kernel. `order` says which of ONNX's gates each of torch's is."""
    if layout:
        x = x.transpose(0, 1)
        initial = tuple(None if state is None else state.transpose(0, 1) for state in initial)
    directions = w.shape[0]

    def reordered(t: Tensor) -> Tensor:
        blocks = torch.split(t, hidden)
        return torch.cat([blocks[gate] for gate in order])

    weights: list[Tensor] = []
    for direction in range(directions):
        weights += [reordered(w[direction]), reordered(r[direction])]
        if b is not None:
            weights += [reordered(half) for half in torch.split(b[direction], gates * hidden)]
    zeros = x.new_zeros((directions, x.shape[1], hidden))
    states = [zeros if state is None else state for state in initial]
    y, *last = kernel(
        x, states if len(states) > 1 else states[0], weights, b is not None, 1, 0.0, False,
        directions == 2, False,
    )  # fmt: skip
    y = y.reshape(y.shape[0], y.shape[1], directions, hidden).transpose(1, 2)
    return _laid_out(y, last, layout)


def stepped(
    cell: Cell,
    x: Tensor,
    w: Tensor,
    r: Tensor,
    b: Tensor | None,
    lengths: Tensor | None,
    initial: tuple[Tensor | None, ...],
    direction: str,
    layout: int,
    hidden: int,
    *,
    split_bias: bool = False,
) -> tuple[Tensor, ...]:
    if layout:
        x = x.transpose(0, 1)
        initial = tuple(None if state is None else state.transpose(0, 1) for state in initial)
    times, samples = x.shape[:2]
    ends = x.new_full((samples,), times) if lengths is None else lengths.to(x.dtype)
    outputs, lasts = [], []
    for d in range(w.shape[0]):
        backward = direction == "reverse" or d == 1
        zero = x.new_zeros((samples, hidden))
        states = tuple(zero if state is None else state[d] for state in initial)
        bias: Any = 0.0
        if split_bias:
            halves = r.new_zeros(2 * r.shape[1]) if b is None else b[d]
            bias = tuple(halves.chunk(2))
        elif b is not None:
            first, second = b[d].chunk(2)
            bias = first + second
        gates = x @ w[d].T  # (T, N, gates · H)
        seen: list[Tensor] = [zero] * times
        for t in range(times - 1, -1, -1) if backward else range(times):
            inside = (t < ends)[:, None]
            new = cell(d, gates[t], *states, r[d], bias)
            seen[t] = torch.where(inside, new[0], zero)
            states = tuple(
                torch.where(inside, now, before) for now, before in zip(new, states, strict=True)
            )
        outputs.append(torch.stack(seen) if seen else x.new_zeros((0, samples, hidden)))
        lasts.append(states)
    y = torch.stack(outputs, dim=1)  # (T, D, N, H)
    last = [torch.stack(states) for states in zip(*lasts, strict=True)]
    return _laid_out(y, last, layout)


def _laid_out(y: Tensor, last: Sequence[Tensor], layout: int) -> tuple[Tensor, ...]:
    if layout:
        return y.permute(2, 0, 1, 3), *(state.transpose(0, 1) for state in last)
    return y, *last


def clipped(gates: Tensor, limit: float | None) -> Tensor:
    return gates if limit is None else gates.clamp(-limit, limit)


def usual(given: list[str] | None, usual: Sequence[str]) -> bool:
    if not given:
        return True
    repeated = [name.lower() for name in usual] * (len(given) // len(usual))
    return [name.lower() for name in given] == repeated


def functions(
    names: list[str] | None,
    usual: Sequence[str],
    directions: int,
    alphas: list[float] | None,
    betas: list[float] | None,
) -> list[list[Callable[[Tensor], Tensor]]]:
    """The activations of each direction; those that take parameters take them in turn."""
    names = names or list(usual) * directions
    alpha, beta = iter(alphas or []), iter(betas or [])
    made = []
    for name in names:
        function, default_alpha, default_beta = _ACTIVATIONS[name.lower()]
        a = next(alpha, default_alpha) if default_alpha is not None else None
        b = next(beta, default_beta) if default_beta is not None else None
        made.append(_with(function, a, b))
    each = len(usual)
    return [made[d * each : (d + 1) * each] for d in range(directions)]


def _with(
    function: Callable[..., Tensor], a: float | None, b: float | None
) -> Callable[[Tensor], Tensor]:
    parameters = [parameter for parameter in (a, b) if parameter is not None]
    return lambda x: function(x, *parameters)


_ACTIVATIONS: dict[str, tuple[Callable[..., Tensor], float | None, float | None]] = {
    "sigmoid": (torch.sigmoid, None, None),
    "tanh": (torch.tanh, None, None),
    "relu": (torch.relu, None, None),
    "softsign": (F.softsign, None, None),
    "softplus": (F.softplus, None, None),
    "elu": (F.elu, 1.0, None),
    "leakyrelu": (F.leaky_relu, 0.01, None),
    "thresholdedrelu": (lambda x, a: F.threshold(x, a, 0.0), 1.0, None),
    "affine": (lambda x, a, b: a * x + b, 1.0, 0.0),
    "hardsigmoid": (lambda x, a, b: (a * x + b).clamp(0, 1), 0.2, 0.5),
    "scaledtanh": (lambda x, a, b: a * torch.tanh(b * x), 1.0, 1.0),
}
