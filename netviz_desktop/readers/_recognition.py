"""The architecture that weights belong to, found by their names and shapes.

An index gives candidates; what decides is that the candidate, once built, has exactly the
weights that the file has.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from netviz_desktop.problems import Problem
from netviz_desktop.readers import ImagePreparation
from netviz_desktop.readers._fingerprint import HEAD, POSITIONS, candidates, known
from netviz_desktop.readers._fit import Faults, Names, best_fit, fitting, spelled, spellings
from netviz_desktop.readers._installed import (
    PACKAGES,
    CannotBeMade,
    image_preparation,
    maker,
    of_timm,
)
from netviz_desktop.readers._unfilled import shapes_of, unfilled

if TYPE_CHECKING:
    from torch import nn

Shape = tuple[int, ...]

NONE = "none"
_MOST_TRIED = 24
_MOST_WEIGHTS = 10_000  # no architecture that is known has as many
_LARGEST = {"num_classes": 100_000, "in_chans": 1000, "img_size": 4096}
_MOST_CONFIG_BYTES = 2**20
_TOKENS_BEFORE = (1, 0, 2, 5)  # class, distillation and register tokens before the patches'


@dataclass(frozen=True)
class Fit:
    """A network that has exactly these weights.

    Args:
        module: its parameters hold no numbers yet.
        names: where each of its weights is in the file.
        image: None where nothing is known.
        resized: it had to be made for images of another size than its usual one.
    """

    name: str
    module: nn.Module
    names: Names
    image: ImagePreparation | None
    resized: bool = False


class DoesNotFit(Problem):
    """An architecture that has other weights.

    Args:
        name: of the architecture.
        faults: where they differ; maybe in the classifier alone, which somebody replaced.
    """

    def __init__(self, name: str, faults: Faults) -> None:
        package, _, model = name.partition(": ")
        super().__init__(
            f"These weights do not fit {package}'s {model}: {faults}.",
            "Name the function that makes the network: “Model code…” or "
            "--model-code package.module:function.",
        )
        self.name = name
        self.reason = f"they differ ({faults})"
        self.is_the_head_alone = faults.concern_only(HEAD)


@dataclass(frozen=True)
class Recognition:
    """Args:
    architectures: all candidates but those that were tried and do not fit, likeliest first.
    fit: the first that fits, None where there is none; `problem` says why, if anything.
    """

    architectures: tuple[str, ...] = ()
    fit: Fit | None = None
    problem: DoesNotFit | CannotBeMade | None = None


def recognise(shapes: Mapping[str, Shape], path: Path) -> Recognition:
    """What the weights in a file are.

    Args:
        path: other files beside it, and its own name, may say more.
    """
    config = _config_beside(path)
    names = _ranked(_candidates(shapes), config, path)
    refused: set[str] = set()
    best: Fit | None = None
    problem: DoesNotFit | CannotBeMade | None = None
    for name in names[:_MOST_TRIED]:
        try:
            fit = fit_of(name, shapes, config)
        except DoesNotFit as why:
            refused.add(name)
            problem = problem or why
        except CannotBeMade as why:  # it may well fit
            if not isinstance(problem, DoesNotFit):
                problem = problem or why
            elif not problem.is_the_head_alone:
                problem = why
        except Problem:
            refused.add(name)  # the installed package has no such network
        else:
            best = best if best is not None and fit.resized else fit
            if not fit.resized:
                break
    left = [name for name in names if name not in refused and (best is None or name != best.name)]
    return Recognition((*([best.name] if best else []), *left), best, problem)


def fit_of(name: str, shapes: Mapping[str, Shape], config: Mapping[str, Any] | None = None) -> Fit:
    """The named architecture, with as many classes and channels as the weights have.

    Raises:
        DoesNotFit: it has other weights.
        Problem: it is not known, or its package is missing.
    """
    make = maker(name)
    module = unfilled(make)
    names, found = best_fit(module, shapes)
    options = _options(shapes_of(module), spelled(names, shapes)) if found.count else {}
    if options and (varied := _varied(make, options)) is not None:
        module = varied
        names, found = best_fit(module, shapes)
    if found.count:
        raise DoesNotFit(name, found)
    said = (config or {}).get("pretrained_cfg")
    image = of_timm(said) if isinstance(said, dict) else None
    return Fit(
        name,
        module,
        fitting(module, names),
        image or image_preparation(name, module),
        resized="img_size" in options,
    )


def full_name(name: str) -> str:
    """With its package: "torchvision: resnet50", where the person wrote only "resnet50".

    Raises:
        Problem: nothing of this name is known.
    """
    package, model = re.match(r"(?:(\w+?) *[:/] *)?(.*)", name.strip()).groups()  # type: ignore[union-attr]
    if package in PACKAGES and model:
        return f"{package}: {model}"
    for package in PACKAGES:
        if f"{package}: {model}" in known():
            return f"{package}: {model}"
    alike = tuple(other for other in known() if model and model.lower() in other)[:20]
    raise Problem(
        f"“{name}” is no architecture that is known.",
        f"Did you mean {' or '.join(alike[:3])}?"
        if alike
        else "Name one as “torchvision: resnet50” or “timm: vit_base_patch16_224”.",
        choices=alike,
    )


def _candidates(shapes: Mapping[str, Shape]) -> tuple[str, ...]:
    if len(shapes) > _MOST_WEIGHTS:
        return ()
    for names in spellings(dict(shapes)):
        if found := candidates(spelled(names, shapes)):
            return found
    return ()


def _ranked(names: Iterable[str], config: Mapping[str, Any], path: Path) -> tuple[str, ...]:
    """First what a file beside it says, then what its own name says."""
    text = f"{path.parent.name}/{path.name}".lower()

    def length_of_mention(name: str) -> int:
        model = name.partition(": ")[2].lower()
        return len(model) if re.search(rf"(?<![a-z0-9]){re.escape(model)}(?![a-z0-9])", text) else 0

    ranked = sorted(names, key=length_of_mention, reverse=True)
    said = str(config.get("architecture"))
    is_timms = "pretrained_cfg" in config or f"timm: {said.partition('.')[0]}" in known()
    first = [f"timm: {said}"] if is_timms and re.fullmatch(r"[\w.]+", said) else []
    return tuple(dict.fromkeys([*first, *ranked]))


def _config_beside(path: Path) -> dict[str, Any]:
    """What timm publishes beside its weights."""
    config = path.with_name("config.json")
    try:
        if config.stat().st_size > _MOST_CONFIG_BYTES:
            return {}
        found = json.loads(config.read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError):
        return {}  # there is none, or it is somebody else's
    return found if isinstance(found, dict) else {}


def _options(own: Mapping[str, Shape], given: Mapping[str, Shape]) -> dict[str, int]:
    """What the network must be called with to get the shapes that are given."""
    found: dict[str, set[int]] = {"num_classes": set(), "in_chans": set(), "img_size": set()}
    patch = next((s[-1] for s in own.values() if len(s) == 4 and s[2] == s[3] > 4), 1)
    for name in own.keys() & given.keys():
        mine, theirs = own[name], given[name]
        if mine == theirs or len(mine) != len(theirs):
            continue
        if mine[1:] == theirs[1:] and HEAD.search(name):
            found["num_classes"].add(theirs[0])
        elif len(mine) >= 4 and mine[1] == 3 and mine[2:] == theirs[2:] and mine[0] == theirs[0]:
            found["in_chans"].add(theirs[1])
        elif len(mine) == 3 and mine[2] == theirs[2] and POSITIONS.search(name):
            side = next((side for before in _TOKENS_BEFORE if (side := _side(theirs, before))
                         and _side(mine, before)), 0)  # fmt: skip
            found["img_size"].add(side * patch)
    if not any(map(HEAD.search, given)) and any(map(HEAD.search, own)):
        found["num_classes"].add(0)  # published without its classifier
    return {
        name: value
        for name, values in found.items()
        for value in values
        if len(values) == 1 and value <= _LARGEST[name]
    }


def _side(positions: Shape, before: int) -> int:
    """Of the square of patches; 0 where it is none."""
    patches = positions[1] - before
    side = math.isqrt(max(patches, 0))
    return side if side * side == patches else 0


def _varied(make: Callable[..., nn.Module], options: dict[str, int]) -> nn.Module | None:
    try:
        return unfilled(make, **options)
    except (TypeError, ValueError, AssertionError, RuntimeError):
        return None  # this network cannot be varied so
