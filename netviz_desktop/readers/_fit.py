"""Whether weights belong to a module, whatever a trainer wrote before or into their names."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from netviz_desktop.readers._fingerprint import COMPUTED
from netviz_desktop.readers._unfilled import shared_names

if TYPE_CHECKING:
    from torch import nn

Shape = tuple[int, ...]
Names = dict[str, str]
"""A name as the module has it -> the file's name for it."""

_WRAPPED_SHARE = 0.8  # a trainer may save a few weights of its own beside the network's
_MOST_WRAPPERS = 3
# Names that torchvision's own files have from before its modules were renamed.
_RENAMED = (
    (re.compile(r"(denselayer\d+\.(?:norm|relu|conv))\.([12])\."), r"\1\2."),
    (re.compile(r"(encoder_layer_\d+\.mlp)\.linear_1\."), r"\1.0."),
    (re.compile(r"(encoder_layer_\d+\.mlp)\.linear_2\."), r"\1.3."),
)


@dataclass(frozen=True)
class Faults:
    """Where weights and module do not fit; false where they do."""

    missing: tuple[str, ...] = ()
    unexpected: tuple[str, ...] = ()
    other_shape: tuple[str, ...] = ()

    @property
    def count(self) -> int:
        return len(self.missing) + len(self.unexpected) + len(self.other_shape)

    def concern_only(self, pattern: re.Pattern[str]) -> bool:
        names = (*self.missing, *self.unexpected, *self.other_shape)
        return all(pattern.search(name.partition(" ")[0]) for name in names)

    def __str__(self) -> str:
        return "; ".join(
            f"{len(names)} {what} ({', '.join(names[:3])}{', …' if len(names) > 3 else ''})"
            for what, names in (
                ("missing", self.missing),
                ("unexpected", self.unexpected),
                ("of another shape", self.other_shape),
            )
            if names
        )


def spellings(names: Mapping[str, object]) -> Iterator[Names]:
    """As the file has them, without what DataParallel, torch.compile or a trainer put before
    each, and with the names of today."""
    spelled = {name: name for name in names}
    for _ in range(_MOST_WRAPPERS + 1):
        yield spelled
        renamed = {_renamed(name): original for name, original in spelled.items()}
        if renamed.keys() != spelled.keys():
            yield renamed
        firsts = Counter(name.partition(".")[0] for name in spelled if "." in name)
        if not firsts:
            return
        wrapper, count = firsts.most_common(1)[0]
        if count < _WRAPPED_SHARE * len(spelled) or wrapper.isdecimal():
            return
        spelled = {
            name.partition(".")[2]: original
            for name, original in spelled.items()
            if name.partition(".")[0] == wrapper and "." in name
        }


def spelled(names: Names, shapes: Mapping[str, Shape]) -> dict[str, Shape]:
    return {own: shapes[original] for own, original in names.items()}


def best_fit(module: nn.Module, shapes: Mapping[str, Shape]) -> tuple[Names, Faults]:
    """The names under which the weights fit best, and what does not fit."""
    found = [(names, faults(module, spelled(names, shapes))) for names in spellings(dict(shapes))]
    return min(found, key=lambda pair: pair[1].count)


def faults(module: nn.Module, shapes: Mapping[str, Shape]) -> Faults:
    """What keeps weights of these shapes from being the module's."""
    own = module.state_dict(keep_vars=True)
    # Files older than a counter lack it, and it does not take part in a run; of a weight
    # under several names, one is enough.
    spared = {
        name
        for names in shared_names(own)
        if any(name in shapes for name in names)
        for name in names
    }
    return Faults(
        tuple(
            _short(n) for n in own if n not in shapes and n not in spared and not COMPUTED.search(n)
        ),
        tuple(_short(n) for n in shapes if n not in own and not COMPUTED.search(n)),
        tuple(
            f"{_short(name)} {shapes[name]} instead of {tuple(tensor.shape)}"
            for name, tensor in own.items()
            if name in shapes and shapes[name] != tuple(tensor.shape)
        ),
    )


def fitting(module: nn.Module, names: Names) -> Names:
    """Without what the module has no place for."""
    own = module.state_dict()
    return {name: original for name, original in names.items() if name in own}


def _short(name: str) -> str:
    return name if len(name) <= 80 else f"{name[:79]}…"


def _renamed(name: str) -> str:
    if "layer" in name:
        for pattern, instead in _RENAMED:
            name = pattern.sub(instead, name)
    return name
