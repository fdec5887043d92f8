"""What the usual operations write over, known before they are called.

The dispatcher tells it of every operation, but asking costs more than a small operation
itself; so for those that networks consist of, it stands here.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import cache
from typing import Any

import torch
from torch import Tensor, nn


def written_by(
    name: str, arguments: tuple[Any, ...], keywords: Mapping[str, Any], given: list[Tensor]
) -> list[Tensor] | None:
    """The tensors that the call writes over; None when only the dispatcher can tell."""
    if "out" in keywords or not _PLAIN.issuperset(map(type, given)):
        return None
    if name in _WRITE_NOTHING:
        return _NOTHING
    if name in _WRITE_WHEN_TOLD and len(arguments) == 1:
        return given[:1] if keywords.get("inplace") else _NOTHING
    if name in _WRITE_THEIR_FIRST and arguments and given and arguments[0] is given[0]:
        return given[:1]
    if name == "batch_norm":
        # `training` is the sixth of functional.batch_norm and of torch.batch_norm.
        if not (arguments[5] if len(arguments) > 5 else keywords.get("training")):
            return _NOTHING
        if len(arguments) <= 3:
            # Even the dispatcher is not told that training writes the running statistics.
            return [a for a in arguments[1:] if isinstance(a, Tensor)]
    return None


def computed_apart(
    name: str,
    function: Callable[..., Any],
    arguments: tuple[Any, ...],
    keywords: Mapping[str, Any],
) -> Any:
    """What the call, which writes over its first argument, would write there, in memory of
    its own; None when there is no such function."""
    if keywords.get("inplace"):
        return function(*arguments, **{**keywords, "inplace": False})
    apart = _apart(name)
    return None if apart is None else apart(*arguments, **keywords)


@cache
def _apart(name: str) -> Callable[..., Any] | None:
    return getattr(Tensor, name[:-1], None) if name.endswith("_") else None


_NOTHING: list[Tensor] = []
_PLAIN = frozenset((Tensor, nn.Parameter, torch.nn.Buffer))
_WRITE_NOTHING = frozenset(
    "conv1d conv2d conv3d conv_transpose1d conv_transpose2d linear bilinear matmul mm bmm "
    "baddbmm addmm einsum add sub rsub mul div truediv rtruediv neg exp log sqrt rsqrt pow abs "
    "tanh sigmoid softmax log_softmax gelu layer_norm group_norm max_pool1d max_pool2d "
    "avg_pool1d avg_pool2d adaptive_avg_pool2d adaptive_avg_pool1d flatten view reshape permute "
    "transpose T mT squeeze unsqueeze expand mean sum amax max cat stack chunk split unbind "
    "getitem interpolate pad clamp contiguous to scaled_dot_product_attention roll repeat "
    "where masked_fill softplus erf cumsum gather index_select arange zeros ones full "
    "zeros_like ones_like".split()
)
_WRITE_WHEN_TOLD = frozenset(
    "relu relu6 leaky_relu elu silu mish hardswish hardsigmoid hardtanh dropout".split()
)
_WRITE_THEIR_FIRST = frozenset(
    "add_ sub_ mul_ div_ relu_ sigmoid_ tanh_ clamp_ exp_ neg_ masked_fill_ setitem".split()
)
