"""What a module probably takes, from its signature and its first layer with weights."""

from __future__ import annotations

import inspect
from collections.abc import Iterator
from dataclasses import dataclass

import torch
from torch import Tensor, nn

SIDES = (224, 256, 299, 32, 28, 64, 96, 128, 16, 8, 384, 512)
_LENGTHS = (1024, 16000, 256, 128, 64, 32, 16)
_TOKENS = 16


@dataclass(frozen=True)
class Guess:
    """Shape and dtype of each input; `free` are the dimensions that may well be others."""

    shape: tuple[int, ...]
    dtype: torch.dtype
    free: tuple[int, ...] = ()

    def tensor(self, device: torch.device | str) -> Tensor:
        return torch.zeros(self.shape, dtype=self.dtype, device=device)

    def resized(self) -> Guess:
        """The same with other sizes in its free dimensions."""
        sizes = list(self.shape)
        for place, dimension in enumerate(self.free):
            sizes[dimension] = max(1, sizes[dimension] - 32 * (place + 1))
        return Guess(tuple(sizes), self.dtype)


def argument_names(module: nn.Module) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Names that forward must be given, and those it may be given."""
    try:
        parameters = inspect.signature(module.forward).parameters.values()
    except (TypeError, ValueError):
        return ("input",), ()
    named = [p for p in parameters if p.kind in (p.POSITIONAL_ONLY, p.POSITIONAL_OR_KEYWORD)]
    required = tuple(p.name for p in named if p.default is p.empty)
    optional = tuple(
        p.name
        for p in parameters
        if p.name not in required and p.kind not in (p.VAR_POSITIONAL, p.VAR_KEYWORD)
    )
    if not required:
        required, optional = (optional[:1] or ("input",)), optional[1:]
    return required, optional


def guesses(module: nn.Module) -> Iterator[Guess]:
    """Most likely first; none when nothing is known of the first layer."""
    for layer in module.modules():
        found = list(_of_layer(layer))
        if found:
            yield from found
            return


def floating_dtype(module: nn.Module) -> torch.dtype:
    """The dtype of its first floating-point parameter."""
    return next((p.dtype for p in module.parameters() if p.is_floating_point()), torch.float32)


def _of_layer(layer: nn.Module) -> Iterator[Guess]:
    dtype = floating_dtype(layer)
    if isinstance(layer, (nn.Conv2d, nn.BatchNorm2d, nn.ConvTranspose2d)):
        channels = layer.num_features if isinstance(layer, nn.BatchNorm2d) else layer.in_channels
        for side in SIDES:
            free = (2, 3) if side == SIDES[0] else ()
            yield Guess((1, channels, side, side), dtype, free)
    elif isinstance(layer, (nn.Conv1d, nn.ConvTranspose1d)):
        for length in _LENGTHS:
            yield Guess((1, layer.in_channels, length), dtype, (2,))
    elif isinstance(layer, nn.BatchNorm1d):
        yield Guess((1, layer.num_features), dtype)
        yield Guess((1, layer.num_features, _TOKENS), dtype, (2,))
    elif isinstance(layer, nn.Conv3d):
        for side in (112, 64, 32):
            yield Guess((1, layer.in_channels, 16, side, side), dtype)
    elif isinstance(layer, nn.Linear):
        yield Guess((1, layer.in_features), dtype)
        yield Guess((1, _TOKENS, layer.in_features), dtype, (1,))
        side = round((layer.in_features / 3) ** 0.5)
        if 3 * side * side == layer.in_features:
            yield Guess((1, 3, side, side), dtype)
        side = round(layer.in_features**0.5)
        if side * side == layer.in_features:
            yield Guess((1, 1, side, side), dtype)
    elif isinstance(layer, (nn.Embedding, nn.EmbeddingBag)):
        yield Guess((1, _TOKENS), torch.int64, (1,))
    elif isinstance(layer, nn.RNNBase):
        yield Guess((1, _TOKENS, layer.input_size), dtype, (1,))
    elif isinstance(layer, nn.MultiheadAttention):
        yield Guess((1, _TOKENS, layer.embed_dim), dtype, (1,))
    elif isinstance(layer, nn.LayerNorm):
        yield Guess((1, _TOKENS, *layer.normalized_shape), dtype, (1,))
        yield Guess((1, *layer.normalized_shape), dtype)
