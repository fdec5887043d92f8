"""What a module probably takes, from its signature and its layers with weights."""

from __future__ import annotations

import inspect
import itertools
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn

from netviz_desktop.graph import Value

SIDES = (224, 256, 299, 32, 28, 64, 96, 128, 16, 8, 384, 512)
_LENGTHS = (1024, 16000, 256, 128, 64, 32, 16)
_TOKENS = 16
_MOST_STEMS = 6  # of several inputs each may have a first layer of its own
_MOST_SIZES = 4
_MOST_COMBINATIONS = 300


@dataclass(frozen=True)
class Guess:
    """Shape and dtype of one input; `free` are the dimensions that may well be others, and
    all its numbers are `fill`."""

    shape: tuple[int, ...]
    dtype: torch.dtype
    free: tuple[int, ...] = ()
    fill: int = 0

    def tensor(self, device: torch.device | str) -> Tensor:
        return torch.full(self.shape, self.fill, dtype=self.dtype, device=device)

    def resized(self) -> Guess:
        """The same with other sizes in its free dimensions."""
        sizes = list(self.shape)
        for place, dimension in enumerate(self.free):
            sizes[dimension] = max(1, sizes[dimension] - 32 * (place + 1))
        return Guess(tuple(sizes), self.dtype, fill=self.fill)

    def described(self, name: str, *, free: bool) -> Value:
        """An input of this name; `free`: other sizes fit its free dimensions."""
        shape = tuple(
            None if dimension == 0 or (free and dimension in self.free) else size
            for dimension, size in enumerate(self.shape)
        )
        return Value(name, shape, str(self.dtype).removeprefix("torch."))


Guesses = Mapping[str, Guess]
"""Of every input, by name."""


class Asked(dict[str, Tensor]):
    """A dictionary that makes what it is asked for, and so learns what a forward reads."""

    def __init__(self, make: Callable[[str], Tensor]) -> None:
        super().__init__()
        self._make = make

    def __missing__(self, key: str) -> Tensor:
        self[key] = found = self._make(key)
        return found


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


def takes_dictionary(module: nn.Module, name: str) -> bool:
    """Whether this argument of forward says that it is a dictionary."""
    try:
        annotation: Any = inspect.signature(module.forward).parameters[name].annotation
    except (TypeError, ValueError, KeyError):
        return False
    said = annotation if isinstance(annotation, str) else getattr(annotation, "__name__", "")
    return bool(re.match(r"(typing\.)?(dict|Mapping|OrderedDict)\b", str(said), re.IGNORECASE))


def guesses(
    module: nn.Module, names: tuple[str, ...], side: int | None = None
) -> Iterator[Guesses]:
    """Most likely first; none when nothing is known of its layers.

    Args:
        side: of the images that it was trained on, where that is known.
    """
    stems = _stems(module, side)
    known = {name: found for name in names if (found := _by_name(name, module))}
    if not stems:
        if len(known) == len(names):
            yield {name: options[0] for name, options in known.items()}
        return
    for same in stems[0]:
        yield {name: known.get(name, (same,))[0] for name in names}
    if len(names) == 1 and names[0] not in known:
        return
    others = tuple(dict.fromkeys(guess for stem in stems for guess in stem[:_MOST_SIZES]))
    options = [(*known.get(name, ()), *others) for name in names]
    for chosen in itertools.islice(itertools.product(*options), _MOST_COMBINATIONS):
        yield dict(zip(names, chosen, strict=True))


def guesses_of_keys(module: nn.Module) -> Iterator[Callable[[str], Guess]]:
    """What stands under the keys of a dictionary that forward takes."""
    stems = _stems(module)
    for size in range(max((len(stem) for stem in stems), default=0)):
        sized = [stem[min(size, len(stem) - 1)] for stem in stems]

        def of_key(key: str, sized: list[Guess] = sized) -> Guess:
            return (_by_name(key, module) or (sized[0],))[0]

        yield of_key


def floating_dtype(module: nn.Module) -> torch.dtype:
    """The dtype of its first floating-point parameter."""
    return next((p.dtype for p in module.parameters() if p.is_floating_point()), torch.float32)


def _stems(module: nn.Module, side: int | None = None) -> list[tuple[Guess, ...]]:
    """What the layers take that may be the first; several inputs have several of them."""
    sides = SIDES if side is None else (side, *(other for other in SIDES if other != side))
    takes = (tuple(_of_layer(layer, sides)) for layer in module.modules())
    kinds = dict.fromkeys(found for found in takes if found)
    return list(itertools.islice(kinds, _MOST_STEMS))


def _by_name(name: str, module: nn.Module) -> tuple[Guess, ...]:
    """What an input of this name usually is; empty for one that may be anything."""
    words = re.split(r"[_\W]+", name.lower())
    if "mask" in words or words[-1].endswith("mask"):
        kinds = (torch.int64, torch.bool, floating_dtype(module))
        return tuple(Guess((1, _TOKENS), kind, (1,), fill=1) for kind in kinds)
    if words[-1] in ("ids", "id", "idx", "tokens", "indices", "words", "src", "tgt", "text"):
        embeds = any(isinstance(layer, nn.Embedding) for layer in module.modules())
        return (Guess((1, _TOKENS), torch.int64, (1,)),) if embeds else ()
    if words[-1].rstrip("s") in ("length", "len", "lens"):
        return (Guess((1,), torch.int64, fill=_TOKENS),)
    if name.lower() == "edge_index":
        return (Guess((2, _TOKENS), torch.int64, (1,)),)
    if words[-1] in ("t", "timestep", "timesteps", "time", "sigma"):
        return (Guess((1,), floating_dtype(module)), Guess((1,), torch.int64))
    return ()


def _of_layer(layer: nn.Module, sides: tuple[int, ...]) -> Iterator[Guess]:
    dtype = floating_dtype(layer)
    if isinstance(layer, (nn.Conv2d, nn.BatchNorm2d, nn.ConvTranspose2d)):
        channels = layer.num_features if isinstance(layer, nn.BatchNorm2d) else layer.in_channels
        for side in sides:
            free = (2, 3) if side == sides[0] else ()
            yield Guess((1, channels, side, side), dtype, free)
    elif isinstance(layer, (nn.Conv1d, nn.ConvTranspose1d)):
        for length in _LENGTHS:
            yield Guess((1, layer.in_channels, length), dtype, (2,))
    elif isinstance(layer, nn.BatchNorm1d):
        yield Guess((1, layer.num_features), dtype)
        yield Guess((1, layer.num_features, _TOKENS), dtype, (2,))
    elif isinstance(layer, (nn.Conv3d, nn.ConvTranspose3d)):
        for side in (112, 64, 32, 16):
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
    elif isinstance(layer, nn.Bilinear):
        yield Guess((1, layer.in1_features), dtype)
    elif isinstance(layer, (nn.Embedding, nn.EmbeddingBag)):
        yield Guess((1, _TOKENS), torch.int64, (1,))
    elif isinstance(layer, nn.RNNBase):
        yield Guess((1, _TOKENS, layer.input_size), dtype, (1,))
    elif isinstance(layer, nn.MultiheadAttention):
        yield Guess((1, _TOKENS, layer.embed_dim), dtype, (1,))
    elif isinstance(layer, nn.LayerNorm):
        yield Guess((1, _TOKENS, *layer.normalized_shape), dtype, (1,))
        yield Guess((1, *layer.normalized_shape), dtype)
