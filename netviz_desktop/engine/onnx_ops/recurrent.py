"""Recurrent networks. What torch has a fused kernel for takes it; the rest goes step by step."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor

from netviz_desktop.engine.onnx_ops import onnx_op
from netviz_desktop.engine.onnx_ops._recurrence import clipped, functions, fused, stepped, usual


@onnx_op("LSTM")
def lstm(
    x: Tensor,  # (T, N, I); (N, T, I) with layout 1
    w: Tensor,  # (D, 4 · H, I): input, output, forget, cell
    r: Tensor,  # (D, 4 · H, H)
    b: Tensor | None = None,  # (D, 8 · H)
    lengths: Tensor | None = None,
    initial_h: Tensor | None = None,  # (D, N, H)
    initial_c: Tensor | None = None,
    p: Tensor | None = None,  # (D, 3 · H): input, output, forget
    *,
    activation_alpha: list[float] | None = None,
    activation_beta: list[float] | None = None,
    activations: list[str] | None = None,
    clip: float | None = None,
    direction: str = "forward",
    hidden_size: int | None = None,
    input_forget: int = 0,
    layout: int = 0,
) -> tuple[Tensor, ...]:
    """Outputs (T, D, N, H), last hidden (D, N, H), last cell (D, N, H).

    Hochreiter and Schmidhuber 1997, with Gers' peepholes.
    """
    hidden = hidden_size or r.shape[-1]
    plain = p is None and not input_forget and usual(activations, ("Sigmoid", "Tanh", "Tanh"))
    if plain and clip is None and lengths is None and direction != "reverse":
        order = (0, 2, 3, 1)
        return fused(torch.lstm, x, w, r, b, (initial_h, initial_c), order, layout, hidden, 4)
    activation = functions(
        activations, ("Sigmoid", "Tanh", "Tanh"), w.shape[0], activation_alpha, activation_beta
    )

    def cell(
        direction: int, gates: Tensor, h: Tensor, c: Tensor, recurrence: Tensor, bias: Any
    ) -> tuple[Tensor, ...]:
        f, g, out = activation[direction]
        i, o, forget, new = clipped(gates + h @ recurrence.T + bias, clip).chunk(4, dim=-1)
        if p is not None:
            pi, po, pf = p[direction].chunk(3)
            i, forget = i + pi * c, forget + pf * c
        i = f(i)
        forget = 1 - i if input_forget else f(forget)
        c = forget * c + i * g(new)
        if p is not None:
            o = o + po * c
        return f(o) * out(c), c

    return stepped(cell, x, w, r, b, lengths, (initial_h, initial_c), direction, layout, hidden)


@onnx_op("GRU")
def gru(
    x: Tensor,
    w: Tensor,  # (D, 3 · H, I): update, reset, hidden
    r: Tensor,
    b: Tensor | None = None,  # (D, 6 · H)
    lengths: Tensor | None = None,
    initial_h: Tensor | None = None,
    *,
    activation_alpha: list[float] | None = None,
    activation_beta: list[float] | None = None,
    activations: list[str] | None = None,
    clip: float | None = None,
    direction: str = "forward",
    hidden_size: int | None = None,
    layout: int = 0,
    linear_before_reset: int = 0,
) -> tuple[Tensor, ...]:
    """Outputs (T, D, N, H), last hidden (D, N, H). Cho et al. 2014,
    https://arxiv.org/abs/1406.1078."""
    hidden = hidden_size or r.shape[-1]
    plain = linear_before_reset and usual(activations, ("Sigmoid", "Tanh"))
    if plain and clip is None and lengths is None and direction != "reverse":
        order = (1, 0, 2)
        return fused(torch.gru, x, w, r, b, (initial_h,), order, layout, hidden, 3)
    activation = functions(
        activations, ("Sigmoid", "Tanh"), w.shape[0], activation_alpha, activation_beta
    )

    def cell(
        direction: int, gates: Tensor, h: Tensor, recurrence: Tensor, bias: Any
    ) -> tuple[Tensor, ...]:
        f, g = activation[direction]
        zr, hh = recurrence[: 2 * hidden], recurrence[2 * hidden :]
        of_input, of_state = bias
        gates = gates + of_input
        z, reset = clipped(gates[:, : 2 * hidden] + h @ zr.T + of_state[: 2 * hidden], clip).chunk(
            2, dim=-1
        )
        z, reset = f(z), f(reset)
        last = of_state[2 * hidden :]
        inner = reset * (h @ hh.T + last) if linear_before_reset else (reset * h) @ hh.T + last
        new = g(clipped(gates[:, 2 * hidden :] + inner, clip))
        return ((1 - z) * new + z * h,)

    return stepped(
        cell, x, w, r, b, lengths, (initial_h,), direction, layout, hidden, split_bias=True
    )


@onnx_op("RNN")
def rnn(
    x: Tensor,
    w: Tensor,  # (D, H, I)
    r: Tensor,
    b: Tensor | None = None,  # (D, 2 · H)
    lengths: Tensor | None = None,
    initial_h: Tensor | None = None,
    *,
    activation_alpha: list[float] | None = None,
    activation_beta: list[float] | None = None,
    activations: list[str] | None = None,
    clip: float | None = None,
    direction: str = "forward",
    hidden_size: int | None = None,
    layout: int = 0,
) -> tuple[Tensor, ...]:
    """Outputs (T, D, N, H), last hidden (D, N, H)."""
    hidden = hidden_size or r.shape[-1]
    for name, kernel in (("Tanh", torch.rnn_tanh), ("Relu", torch.rnn_relu)):
        wanted = activations or ["Tanh"]
        plain = clip is None and lengths is None and direction != "reverse"
        if plain and {given.lower() for given in wanted} == {name.lower()}:
            return fused(kernel, x, w, r, b, (initial_h,), (0,), layout, hidden, 1)
    activation = functions(activations, ("Tanh",), w.shape[0], activation_alpha, activation_beta)

    def cell(
        direction: int, gates: Tensor, h: Tensor, recurrence: Tensor, bias: Any
    ) -> tuple[Tensor, ...]:
        return (activation[direction][0](clipped(gates + h @ recurrence.T + bias, clip)),)

    return stepped(cell, x, w, r, b, lengths, (initial_h,), direction, layout, hidden)
