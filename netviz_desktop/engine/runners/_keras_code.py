"""Runs a Keras model that Python code makes: the person's function, or the file's own class."""

from __future__ import annotations

import json
import warnings
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from typing import Any

import torch
from torch import Tensor

from netviz_desktop.engine.forward_pass import ForwardPass, RunStopped
from netviz_desktop.engine.runners import Step, step_of_opening
from netviz_desktop.engine.runners._eager import one_line
from netviz_desktop.engine.runners._given import check_names, check_shape, missing
from netviz_desktop.engine.runners._keras_arguments import Arguments, arguments_of, guessed
from netviz_desktop.engine.runners._keras_fit import Names, fitted
from netviz_desktop.engine.runners._keras_layers import parameters_of
from netviz_desktop.engine.runners._keras_load import (
    custom_objects,
    device_name,
    imported,
)
from netviz_desktop.engine.runners._keras_recording import in_words_of_keras, recorded_layer
from netviz_desktop.engine.runners._keras_steps import functional_of
from netviz_desktop.graph import ModelGraph, Value
from netviz_desktop.problems import Cancelled, Problem
from netviz_desktop.readers import OpenedModel
from netviz_desktop.readers._keras_code import without_training
from netviz_desktop.readers._keras_config import Config, net_of
from netviz_desktop.readers._keras_graph import keras_graph
from netviz_desktop.readers._person_code import from_person, importable, made_by
from netviz_desktop.readers.keras_model import KerasCode, KerasModel


def made(
    code: KerasCode, opened: OpenedModel, device: torch.device
) -> RecordedRunner | tuple[KerasModel, ModelGraph]:
    """What runs the model; of a functional model that Keras can write down, what its file
    would have given.

    Raises:
        Problem: it cannot be made, or the file's weights are not its own.
    """
    keras = imported(code.file.path.name)
    with _names_from_one(), warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of what fails Keras says more when it raises
        with keras.device(device_name(device)):
            model = _model_of(code)
            arguments = _built(model, code)
        names = fitted(model, code.file, code.title)
        fill = _filling(model, names, opened, device)
        if functional_of(model) is not None and (config := _config(model)) is not None:
            net = net_of(config, code.file.path.name)
            if net is not None:
                weights = dict(_weights_of(model, (), names))
                label = opened.graph.format
                graph, ids = keras_graph(net, weights, code.file, label, trusted=True)
                live = (model, fill)
                return KerasModel(code.file, config, net, ids, (), trusted=True, live=live), graph
        return RecordedRunner(model, arguments, names, opened.graph, fill, device)


class RecordedRunner:
    """Runs a model that calls its layers in Python; see `Runner`.

    The graph before the first run is recorded without weights, which computes shapes alone.
    """

    def __init__(
        self,
        model: Any,
        arguments: Arguments,
        names: Names,
        like: ModelGraph,
        fill: Callable[[], None],
        device: torch.device,
    ) -> None:
        self._model = model
        self._arguments = arguments
        self._names = names
        self._fill: Callable[[], None] | None = fill
        self._device = device
        self.graph = replace(like, name=model.name)
        self._look()

    @property
    def inputs(self) -> tuple[Value, ...]:
        return self._arguments.values

    def run(
        self, inputs: Mapping[str, Tensor], *, gradients: bool = True, step: Step | None = None
    ) -> ForwardPass:
        check_names(inputs, self.inputs)
        given = {value.name: self._given(value, inputs.get(value.name)) for value in self.inputs}
        if self._fill is not None:
            if step is not None:
                step(-1.0, "Reading the weights")
            self._fill()
            self._fill = None
        name = device_name(self._device)
        return self._recorded(given, name, gradients=gradients, step=step)

    def _given(self, value: Value, tensor: Tensor | None) -> Tensor:
        if tensor is None:
            raise missing(value)
        check_shape(value, tensor)
        return tensor.detach().to(self._device, getattr(torch, value.dtype or "float32"))

    def _recorded(
        self, given: Mapping[str, Tensor], device: str, *, gradients: bool, step: Step | None
    ) -> ForwardPass:
        def call(fed: Mapping[str, Tensor]) -> Any:
            args, keywords = self._arguments.arranged(fed)
            if self._model._call_has_training_arg:
                keywords["training"] = False
            return self._model(*args, **keywords)

        eager = recorded_layer(self._model, call, device, self._names)
        eager.expected = len(self.graph.nodes)
        try:
            passed = eager.run(given, self.graph, gradients=gradients, step=step)
        except RunStopped as stopped:
            stopped.run.graph = in_words_of_keras(stopped.run.graph, self._model, self._names)
            raise
        passed.graph = in_words_of_keras(passed.graph, self._model, self._names)
        return passed

    def _look(self) -> None:
        """Record the graph without weights; of a model that cannot do so, as far as it gets."""
        step = step_of_opening()
        furthest: ModelGraph | None = None
        for attempt in self._arguments.sized():
            given = {n: torch.zeros(*at, device="meta") for n, at in attempt.items()}
            try:
                passed = self._recorded(given, "meta", gradients=False, step=step)
            except RunStopped as stopped:
                furthest = furthest or stopped.run.graph
            except Problem:
                continue
            else:
                if self._arguments.take_tokens(passed.graph):
                    self._look()
                    return
                self.graph = self._freed(passed.graph)
                return
        if furthest is not None:
            self.graph = furthest

    def _freed(self, graph: ModelGraph) -> ModelGraph:
        """With the dimensions free that the model leaves free."""
        free = {value.name: value for value in self.inputs}
        return replace(graph, values=graph.values | free)


def _model_of(code: KerasCode) -> Any:
    import keras

    folder = code.file.path.parent
    if code.factory:
        model = made_by(code.factory, folder)
        if not isinstance(model, keras.Model):
            raise Problem(
                f"{code.title} gives {type(model).__name__}, not a keras.Model.",
                "Name a function that gives the model when it is called without arguments.",
            )
        return model
    what = f"Making the model of {code.file.path.name}"
    with ExitStack() as stack:
        stack.enter_context(from_person(what, folder))
        stack.enter_context(importable(folder))
        objects = custom_objects(code.foreign, folder)
        stack.enter_context(keras.saving.custom_object_scope(objects))
        config = without_training(code.file.config)
        try:
            return keras.saving.deserialize_keras_object(config, safe_mode=False)
        except TypeError as error:  # its class cannot be made from what the file says
            raise Problem(
                f"{what} failed: {_innermost(error)}.",
                "Name a function that makes the model: “Model code…” or "
                "--model-code package.module:function.",
            ) from error


def _innermost(error: BaseException) -> str:
    while error.__context__ is not None:
        error = error.__context__
    return one_line(error).rstrip(".")


def _built(model: Any, code: KerasCode) -> Arguments:
    """How the model is called; a model that was not built yet is.

    Raises:
        Problem: it is not known what it takes.
    """
    arguments = arguments_of(model, (code.file.config or {}).get("build_config"))
    tried = [arguments] if arguments is not None else list(guessed(model, code.file))
    if functional_of(model) is not None:
        return tried[0] if tried else Arguments((), ())
    error: Exception | None = None
    for one in tried:
        if not _is_unbuilt(model):
            return one
        try:
            _call_symbolically(model, one)
        except Cancelled:
            raise
        except Exception as raised:  # noqa: BLE001 - the person's code: anything may rise
            error = error or raised
        else:
            return one
    said = f": {one_line(error).rstrip('.')}" if error is not None and len(tried) == 1 else ""
    raise Problem(
        f"{code.title} gives a model whose input's shape is not known{said}.",
        "Call it once in that function, so that its layers know their shapes: "
        "model(keras.Input((224, 224, 3))).",
    )


def _is_unbuilt(model: Any) -> bool:
    """Whether layers are without their weights, whatever the model says of itself."""
    return not all(layer.built for layer in model._flatten_layers()) or not model.variables


def _call_symbolically(model: Any, arguments: Arguments) -> None:
    import keras

    given = {v.name: keras.KerasTensor(v.shape, dtype=v.dtype) for v in arguments.values}
    args, keywords = arguments.arranged(given)
    keras.src.backend.compute_output_spec(model.call, *args, **keywords)


def _filling(
    model: Any, names: Names, opened: OpenedModel, device: torch.device
) -> Callable[[], None]:
    def fill() -> None:
        import keras

        with keras.device(device_name(device)):
            for variable in model.variables:
                if (name := names.get(id(variable))) is not None:
                    variable.assign(opened.weights[name]())
            for layer in model._flatten_layers():
                if hasattr(layer, "finalize_state") and layer.built:
                    layer.finalize_state()

    return fill


def _config(model: Any) -> Config | None:
    """A functional model as Keras would write it into a file; None when it cannot."""
    import keras

    try:
        config: Config = json.loads(json.dumps(keras.saving.serialize_keras_object(model)))
    except Exception:  # noqa: BLE001 - layers of the person's: anything may rise
        return None
    return config


def _weights_of(model: Any, scope: tuple[str, ...], names: Names) -> Iterator[Any]:
    for layer in model.layers:
        path = (*scope, layer.name)
        if functional_of(layer) is not None:
            yield from _weights_of(layer, path, names)
        else:
            yield path, parameters_of(layer, names)


@contextmanager
def _names_from_one() -> Iterator[None]:
    """Layers without a name of their own count from one, whatever was made before: the same
    code gives the same names."""
    from keras.src.backend.common import global_state

    key = "object_name_uids"
    before = global_state.get_global_attribute(key)
    global_state.set_global_attribute(key, None)
    try:
        yield
    finally:
        global_state.set_global_attribute(key, before)
