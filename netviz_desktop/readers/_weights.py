"""Weights by name, wherever they lie: what every format of them becomes when it is opened."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from numpy.typing import NDArray

from netviz_desktop.graph import ModelGraph
from netviz_desktop.problems import Problem
from netviz_desktop.readers import OpenedModel, Options
from netviz_desktop.readers._fit import Names, best_fit, fitting
from netviz_desktop.readers._module_tree import module_tree, weight_tree
from netviz_desktop.readers._person_code import from_person, made_by
from netviz_desktop.readers._recognition import (
    NONE,
    Fit,
    Recognition,
    fit_of,
    full_name,
    recognise,
)
from netviz_desktop.readers._stored import Stored
from netviz_desktop.readers._unfilled import Step, UnfilledModule, assign

if TYPE_CHECKING:
    from torch import Tensor, nn

Weights = Mapping[str, Stored]


def opened_weights(
    weights: Weights,
    path: Path,
    options: Options,
    *,
    label: str,
    metadata: Mapping[str, str] | None = None,
) -> OpenedModel:
    """The network that the weights are of, where it is known; else their names and shapes.

    Args:
        path: the file that was opened; what is said names it.
        label: the format, for people.
        metadata: what else the file says.

    Raises:
        Problem: the network that the person names cannot be made, or does not fit.
    """
    if options.model_code is not None:
        return _of_code(weights, path, options.model_code, label, metadata or {}, options.step)
    shapes = {name: stored.shape for name, stored in weights.items()}
    found = recognise(shapes, path)
    wanted = options.architecture
    if wanted is not None and wanted.strip().lower() != NONE:
        name = full_name(wanted)
        others = tuple(other for other in found.architectures if other != name)
        fit = found.fit if found.fit and found.fit.name == name else fit_of(name, shapes)
        found = Recognition((name, *others), fit)
    elif wanted is not None:
        found = Recognition(found.architectures)
    if found.fit is not None:
        return _of_architecture(weights, path, found.fit, found.architectures, label, metadata)
    graph = weight_tree(weights, format_label=label, name=path.stem)
    graph.metadata.update(metadata or {})
    return OpenedModel(
        graph,
        _readers(weights, {name: name for name in weights}),
        None,
        _why_not(path, found),
        needs_code=True,
        architectures=found.architectures,
    )


def _of_architecture(
    weights: Weights,
    path: Path,
    fit: Fit,
    architectures: tuple[str, ...],
    label: str,
    metadata: Mapping[str, str] | None,
) -> OpenedModel:
    graph = module_tree(fit.module, format_label=label, name=path.stem)
    graph.metadata.update(metadata or {})
    graph.metadata["architecture"] = fit.name
    if others := [name for name in architectures if name != fit.name]:
        graph.metadata["other architectures that fit"] = ", ".join(others)
    _say_what_differs(graph, fit.module, weights, fit.names)
    return OpenedModel(
        graph,
        _readers(weights, fit.names),
        UnfilledModule(fit.module, partial(_fill, fit.module, weights, fit.names)),
        needs_code=True,
        architecture=fit.name,
        architectures=architectures,
        image=fit.image,
    )


def _of_code(
    weights: Weights,
    path: Path,
    code: str,
    label: str,
    metadata: Mapping[str, str],
    step: Step,
) -> OpenedModel:
    from torch import nn

    module = made_by(code, path.parent)
    if not isinstance(module, nn.Module):
        raise Problem(
            f"“{code}” gives {type(module).__name__}, not an nn.Module.",
            "Name a function that gives the network when it is called without arguments.",
        )
    shapes = {name: stored.shape for name, stored in weights.items()}
    names, found = best_fit(module, shapes)
    if found.count:
        raise Problem(
            f"The weights in {path.name} do not fit “{code}”: {found}.",
            "Name the function that makes the network these weights were trained in.",
        )
    names = fitting(module, names)
    with from_person(f"Loading {path.name}", path.parent):
        # copied in place: the person's module may hold its weights in places of its own, too
        module.load_state_dict(_mapped(weights, names, step), strict=False)
    graph = module_tree(module, format_label=label, name=path.stem)
    graph.metadata.update(metadata)
    return OpenedModel(graph, _readers(weights, names), module, needs_code=True)


def _why_not(path: Path, found: Recognition) -> Problem:
    if found.problem is None:
        return Problem(
            f"{path.name} holds weights without an architecture: "
            "only their names and shapes are shown.",
            "Name the function that makes the network: “Model code…” or "
            "--model-code package.module:function.",
        )
    package, _, model = found.problem.name.partition(": ")
    return Problem(
        f"The weights in {path.name} look like those of {package}'s {model}, but "
        f"{found.problem.reason}: only their names and shapes are shown.",
        found.problem.remedy,
    )


def _readers(weights: Weights, names: Names) -> Mapping[str, Callable[[], NDArray[Any]]]:
    return MappingProxyType({own: weights[original].read for own, original in names.items()})


def _mapped(weights: Weights, names: Names, step: Step) -> dict[str, Tensor]:
    maps: dict[Path, Any] = {}
    found = {}
    for own, original in names.items():
        step(-1.0, "Reading the weights")  # one that cannot be mapped is copied
        found[own] = weights[original].mapped(maps)
    return found


def _fill(module: nn.Module, weights: Weights, names: Names, step: Step) -> None:
    assign(module, _mapped(weights, names, step), step)


def _say_what_differs(graph: ModelGraph, module: nn.Module, weights: Weights, names: Names) -> None:
    """Metadata for what runs otherwise than it is stored, or does not run at all."""
    types = {
        f"{weights[original].dtype} in {str(own[name].dtype).removeprefix('torch.')}"
        for own in [module.state_dict()]
        for name, original in names.items()
        if weights[original].dtype != str(own[name].dtype).removeprefix("torch.")
    }
    if types:
        graph.metadata["computed"] = ", ".join(sorted(types))
    if left := len(weights) - len(names):
        graph.metadata["weights left out"] = f"{left}, which the architecture has no place for"
