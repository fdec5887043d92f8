"""Architectures by name: those that come along, and those of packages that are installed."""

from __future__ import annotations

import importlib
import importlib.metadata
from collections.abc import Callable, Mapping
from functools import partial
from typing import TYPE_CHECKING, Any

from netviz_desktop.problems import Problem
from netviz_desktop.readers import ImagePreparation
from netviz_desktop.readers._architectures import architectures

if TYPE_CHECKING:
    from torch import nn

PACKAGES = ("torchvision", "timm")


class CannotBeMade(Problem):
    """An architecture that may be the right one, and whose package is not usable.

    Args:
        name: of the architecture.
        reason: the end of a sentence: "timm is not installed".
    """

    def __init__(self, name: str, reason: str, remedy: str) -> None:
        package, _, model = name.partition(": ")
        super().__init__(f"{package}'s {model} cannot be made: {reason}.", remedy)
        self.name = name
        self.reason = reason


def maker(name: str) -> Callable[..., nn.Module]:
    """A function that makes the network with random weights.

    It takes `num_classes`, and `in_chans` and `img_size` where the network can vary them.

    Raises:
        Problem: its package is missing or broken, or has no such network.
    """
    if name in architectures():
        return architectures()[name].make
    package, _, model = name.partition(": ")
    if package not in PACKAGES or not model:
        raise Problem(
            f"“{name}” is no architecture that is known.",
            "Name one as “torchvision: resnet50” or “timm: vit_base_patch16_224”.",
        )
    library = _imported(package, name)
    if package == "timm":
        if not library.is_model(model):
            raise _unknown(name, package)
        return partial(library.create_model, model)
    try:
        builder = library.models.get_model_builder(model)
    except ValueError as error:
        raise _unknown(name, package) from error
    return partial(_of_torchvision, builder)


def image_preparation(name: str, module: nn.Module) -> ImagePreparation | None:
    """How images were prepared where the architecture's published weights were trained."""
    if name in architectures():
        return architectures()[name].image
    package, _, model = name.partition(": ")
    if package == "timm":
        return of_timm(getattr(module, "pretrained_cfg", {}))
    weights = _imported(package, name).models.get_model_weights(model)
    first = next(iter(weights), None)
    if first is None:
        return None
    said = first.transforms()
    side, resize = getattr(said, "crop_size", None), getattr(said, "resize_size", None)
    if not side or not resize or not isinstance(side[0], int):
        return None  # networks for whole pictures or for films
    return ImagePreparation(side[0], resize[0], tuple(said.mean), tuple(said.std))


def of_timm(config: Mapping[str, Any]) -> ImagePreparation | None:
    """What timm writes about a model's images, in its code and beside published weights."""
    try:
        _, side, _ = config["input_size"]
        mean, std = tuple(map(float, config["mean"])), tuple(map(float, config["std"]))
        resize = int(side / float(config.get("crop_pct") or 0.875))
    except (KeyError, TypeError, ValueError, ZeroDivisionError):
        return None  # it says nothing, or nothing that can be used
    if not isinstance(side, int) or not 0 < side <= resize < 10_000 or 0 in std:
        return None
    return ImagePreparation(side, resize, mean, std)


def versions() -> dict[str, str]:
    return {package: importlib.metadata.version(package) for package in PACKAGES}


def _of_torchvision(builder: Callable[..., nn.Module], **options: Any) -> nn.Module:
    """Without downloads. The two Inceptions take their published weights' scale of colours."""
    if builder.__name__ in ("googlenet", "inception_v3"):
        options = {"init_weights": False, "transform_input": True, **options}
    if builder.__module__.startswith("torchvision.models.segmentation"):
        options = {"weights_backbone": None, **options}
        if "lraspp" not in builder.__name__:
            options["aux_loss"] = True  # as published
    if "img_size" in options:
        options["image_size"] = options.pop("img_size")
    return builder(weights=None, **options)


def _imported(package: str, name: str) -> Any:
    try:
        return importlib.import_module(package)
    except ModuleNotFoundError as error:
        if error.name != package:
            raise _broken(package, name, error) from error
        raise CannotBeMade(
            name,
            f"{package} is not installed",
            f"Install it (pip install {package}) and open the file again, or name the function "
            "that makes the network: “Model code…” or --model-code package.module:function.",
        ) from error
    except Exception as error:  # a package of native code may fail with anything
        raise _broken(package, name, error) from error


def _broken(package: str, name: str, error: Exception) -> Problem:
    said = (str(error).strip().splitlines() or [""])[0][:200].rstrip(".")
    return CannotBeMade(
        name,
        f"{package} fails to import ({type(error).__name__}: {said})",
        f"Install the {package} that belongs to your torch, then open the file again.",
    )


def _unknown(name: str, package: str) -> Problem:
    return Problem(
        f"The installed {package} has no {name.partition(': ')[2]}.",
        f"Check the name, or install another version of {package}.",
    )
