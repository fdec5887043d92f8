"""Keras: `.keras` archives, the `.h5` files of before, and files of weights alone.

The structure is read from the configuration in the file, without Keras and without running
anything; Keras itself is needed to run the model.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import Any

from netviz_desktop.graph import ModelGraph
from netviz_desktop.problems import Problem
from netviz_desktop.readers import Format, OpenedModel, Options
from netviz_desktop.readers._hdf5 import SIGNATURE
from netviz_desktop.readers._keras_archive import (
    ZIP,
    KerasFile,
    is_keras_hdf5,
    is_keras_zip,
    keras_file,
)
from netviz_desktop.readers._keras_code import Named, foreign_code, without_training
from netviz_desktop.readers._keras_config import Config, Net, net_of
from netviz_desktop.readers._keras_graph import Ids, keras_graph, weight_tree
from netviz_desktop.readers._keras_weights import weights_by_layer

_LABEL = "Keras"
_SUFFIXES = (".keras", ".h5", ".hdf5")


@dataclass(frozen=True)
class KerasModel:
    """What a runner needs.

    Args:
        config: of the model, as Keras wrote it.
        net: the same, read.
        ids: which node of the graph is which call of a layer.
        foreign: classes, functions and code that are not Keras's own; only with `trusted`.
        live: the keras.Model itself, where the person's code made it, and what puts its
            weights in.
    """

    file: KerasFile
    config: Config
    net: Net
    ids: Ids
    foreign: tuple[Named, ...]
    trusted: bool
    live: tuple[Any, Callable[[], None]] | None = None


@dataclass(frozen=True)
class KerasCode:
    """A model that only Python can make: the person's function, or the file's own class.

    Args:
        factory: `package.module:function` or `file.py:function`; "" for the file's class.
        foreign: what making it imports.
    """

    file: KerasFile
    factory: str
    foreign: tuple[Named, ...] = ()

    @property
    def title(self) -> str:
        """What a Problem calls it."""
        return f"“{self.factory}”" if self.factory else "its class"


def _recognises(path: Path, head: bytes) -> int:
    if head.startswith(SIGNATURE):
        return 3 if is_keras_hdf5(path) else 1
    if head.startswith(ZIP):
        return 3 if is_keras_zip(path) else 2 if path.suffix.lower() == ".keras" else 0
    return 0


FORMAT = Format("keras", _LABEL, _SUFFIXES, _recognises)


def read(path: Path, options: Options) -> OpenedModel:
    """Raises: Problem: it is damaged, or holds no model."""
    with path.open("rb") as opened:
        file = keras_file(path, opened.read(len(SIGNATURE)), options.step)
    weights = MappingProxyType(
        {}
        if file.weights is None
        else {name: file.weights.reader(stored) for name, stored in file.stored.items()}
    )
    if options.model_code is not None:
        graph = weight_tree(file, _LABEL)
        return OpenedModel(graph, weights, KerasCode(file, options.model_code), needs_code=True)
    if file.config is None:
        graph = weight_tree(file, f"{_LABEL} weights")
        if not graph.nodes:
            raise Problem(
                f"{path.name} is an HDF5 file, but holds neither a Keras model nor its weights.",
                "Choose a file that model.save(…) of Keras wrote.",
            )
        problem = Problem(
            f"{path.name} holds weights without an architecture: "
            "only their names and shapes are shown.",
            "Name the function that makes the keras.Model: “Model code…” or "
            "--model-code package.module:function.",
        )
        return OpenedModel(graph, weights, None, problem, needs_code=True)
    net = net_of(file.config, path.name)
    if net is None:
        return _of_foreign_class(file, weights, trusted=options.trust)
    graph, ids = keras_graph(net, weights_by_layer(net, file), file, _LABEL, trusted=options.trust)
    foreign = foreign_code(without_training(file.config))
    why, can_be_trusted = _hindrance(file, graph, foreign, trusted=options.trust)
    if why is not None:
        return OpenedModel(graph, weights, None, why, can_be_trusted=can_be_trusted)
    model = KerasModel(file, file.config, net, ids, foreign, options.trust)
    return OpenedModel(graph, weights, model)


def _hindrance(
    file: KerasFile, graph: ModelGraph, foreign: tuple[Named, ...], *, trusted: bool
) -> tuple[Problem | None, bool]:
    """Why the model cannot be run, and whether trust would help."""
    name = file.path.name
    faulty = [node for node in graph.nodes if node.fault]
    if foreign and not trusted:
        listed = ", ".join(map(str, foreign[:3]))
        rest = f" and {len(foreign) - 3} more" if len(foreign) > 3 else ""
        why = Problem(
            f"{name} needs Python code that is not Keras's own ({listed}{rest}), which was not "
            "run: only its structure and weights are shown.",
            "Trust the file only if you know who made it: “Trust and run…” or --trust.",
            node=faulty[0].id if faulty else "",
        )
        return why, True
    if faulty:
        why = Problem(
            f"{name} cannot be run because of {faulty[0].id}. {faulty[0].fault}",
            "Export the model as ONNX from the program that it was made in.",
            node=faulty[0].id,
        )
        return why, False
    if file.weights is None:
        return Problem(
            f"{name} holds no weights: only its structure is shown.",
            "Save the model again with model.save(…).",
        ), False
    unreadable = [stored for stored in file.stored.values() if stored.fault]
    if unreadable:
        first = unreadable[0]
        return Problem(
            f"{name} is damaged: {first.path} cannot be read, for {first.fault}.",
            "Download or save it again.",
        ), False
    return None, False


def _of_foreign_class(
    file: KerasFile, weights: MappingProxyType[str, Any], *, trusted: bool
) -> OpenedModel:
    """A model of the person's own class: the file does not say of which layers it consists."""
    config = file.config or {}
    graph = weight_tree(file, _LABEL)
    if trusted:
        code = KerasCode(file, "", foreign_code(without_training(config)))
        return OpenedModel(graph, weights, code, needs_code=True)
    problem = Problem(
        f"{file.path.name} is a model of the class {str(config.get('class_name'))[:100]}, "
        "which builds its layers in Python: only its weights are shown.",
        "Trust the file only if you know who made it: “Trust and run…” or --trust, with its "
        "class where Python finds it; or name the function that makes the model: “Model code…” "
        "or --model-code.",
    )
    return OpenedModel(graph, weights, None, problem, can_be_trusted=True, needs_code=True)
