"""Networks that come along, so that their published weights run without another package.

A member is a module of this package with

    ARCHITECTURES: Mapping[str, Architecture]

whose names are the publisher's: "torchvision: resnet50". Names of weights, shapes and outputs
are those of the publisher's own definition. Members are found by themselves.
"""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING

from netviz_desktop.readers import ImagePreparation

if TYPE_CHECKING:
    from torch import nn

IMAGENET = ImagePreparation(224, 256, (0.485, 0.456, 0.406), (0.229, 0.224, 0.225))


@dataclass(frozen=True)
class Architecture:
    """A network of fixed depth and width.

    Args:
        make: called with `num_classes`, `in_chans` and, where there are position embeddings,
            `img_size`, each of which it has a default for.
        image: how images were prepared where its weights were trained.
    """

    make: Callable[..., nn.Module]
    image: ImagePreparation = IMAGENET


@cache
def architectures() -> dict[str, Architecture]:
    """All of them, by name."""
    members = (
        importlib.import_module(f"{__name__}.{found.name}")
        for found in sorted(pkgutil.iter_modules(__path__), key=lambda found: found.name)
        if not found.name.startswith("_")
    )
    return {name: found for member in members for name, found in member.ARCHITECTURES.items()}
