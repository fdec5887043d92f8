"""What a TorchScript file's forward takes, and what it is probably given."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn

from netviz_desktop.engine.runners._guessed_inputs import Guess, guesses
from netviz_desktop.graph import Value
from netviz_desktop.problems import Problem

_SOUND = (Guess((1, 512), torch.float32, (1,)), Guess((1, 16000), torch.float32, (1,)))
_NUMBERS = {"int": torch.int64, "bool": torch.bool, "float": torch.float64}


@dataclass(frozen=True)
class Argument:
    """Of forward. A number is given as a tensor of one element, a list of tensors as one
    tensor, whose first dimension counts them."""

    name: str
    type: str
    required: bool
    default: Any = None

    @property
    def dtype(self) -> torch.dtype | None:
        """None where it takes tensors, of any type."""
        return _NUMBERS.get(self.type)

    @property
    def usual(self) -> int:
        """What a number may well be."""
        return 16000 if self.name in ("sr", "sample_rate", "sampling_rate") else 0

    def value(self, given: Mapping[str, Tensor]) -> Any:
        """What forward is to be given."""
        tensor = given.get(self.name)
        if tensor is None:
            return self.default
        if self.dtype is not None:
            return tensor.item()
        return list(tensor.unbind(0)) if self.type == "List[Tensor]" else tensor


def arguments_of(schema: Any) -> tuple[Argument, ...]:
    """Raises: Problem: one is of a kind that cannot be given from outside."""
    found = []
    for argument in schema.arguments[1:]:  # the first is the module
        kind = str(argument.type).removeprefix("Optional[").removesuffix("]")
        kind = "List[Tensor]" if kind.startswith("List[Tensor") else kind
        default = argument.default_value if argument.has_default_value() else None
        required = not argument.has_default_value()
        if kind not in ("Tensor", "List[Tensor]", *_NUMBERS):
            if required:
                raise Problem(
                    f"The input “{argument.name}” takes {argument.type}, "
                    "which cannot be given here: the model can be looked at but not run.",
                    "Export a module whose forward takes tensors.",
                )
            kind = ""  # stays as it is
        found.append(Argument(argument.name, kind, required, default))
    return tuple(found)


def likely_inputs(
    arguments: tuple[Argument, ...], traced: tuple[Value, ...], module: nn.Module,
    constants: Iterator[Tensor],
) -> Iterator[dict[str, Guess]]:  # fmt: skip
    """What may be given to the arguments that must be, most likely first."""
    needed = [argument for argument in arguments if argument.required]
    if traced and len(traced) == len(needed):
        known = {
            argument.name: Guess(
                tuple(size for size in value.shape if isinstance(size, int)),
                getattr(torch, value.dtype or "float32"),
            )
            for argument, value in zip(needed, traced, strict=True)
            if value.shape is not None
        }
        if len(known) == len(needed):
            yield known
            return
    names = tuple(argument.name for argument in needed)
    sound = (dict.fromkeys(names, guess) for guess in _SOUND)
    for found in itertools.chain(guesses(_stand_ins(module, constants), names), sound):
        yield {
            argument.name: found[argument.name]
            if argument.dtype is None
            else Guess((), argument.dtype)
            for argument in needed
        }


def _stand_ins(module: nn.Module, constants: Iterator[Tensor]) -> nn.Module:
    """Layers of the kind and size that the weights tell, in the place of scripted ones."""
    found = []
    with torch.device("meta"):
        for part in module.modules():
            name = getattr(part, "original_name", "")
            held = {key.rpartition(".")[2]: t for key, t in part.named_parameters(recurse=False)}
            weight = held.get("weight_ih_l0", held.get("in_proj_weight", held.get("weight")))
            if weight is not None:
                found.append(_stand_in(name, weight, held))
        found.extend(_stand_in("", tensor, {}) for tensor in constants)
    layers = [layer for layer in found if layer is not None]
    return nn.Sequential(*layers)


def _stand_in(name: str, weight: Tensor, held: Mapping[str, Tensor]) -> nn.Module | None:
    size = weight.shape
    dtype = weight.dtype if weight.is_floating_point() else torch.float32
    if "weight_ih_l0" in held:
        return nn.LSTM(size[1], 1, dtype=dtype)
    if "in_proj_weight" in held:
        return nn.MultiheadAttention(size[1], 1, dtype=dtype)
    if len(size) in (3, 4, 5) and "Norm" not in name:
        number = len(size) - 2
        convolution = getattr(
            nn, f"ConvTranspose{number}d" if "Transpose" in name else f"Conv{number}d"
        )
        channels = size[0] if "Transpose" in name else size[1]
        layer: nn.Module = convolution(channels, 1, 1, dtype=dtype)
        return layer
    if len(size) == 2:
        embeds = "Embedding" in name
        return nn.Embedding(1, size[1]) if embeds else nn.Linear(size[1], 1, dtype=dtype)
    if name in ("BatchNorm1d", "BatchNorm2d"):
        normalization: nn.Module = getattr(nn, name)(size[0], dtype=dtype)
        return normalization
    return nn.LayerNorm(size, dtype=dtype) if name == "LayerNorm" else None
