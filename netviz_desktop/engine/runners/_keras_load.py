"""A Keras file -> a live Keras model on torch, built from the configuration that was read.

Nothing is extracted from an archive, no TensorFlow is imported, and no code but Keras's own
runs unless the person trusts the file.
"""

from __future__ import annotations

import importlib
import io
import os
import re
import sys
import warnings
from collections.abc import Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager, nullcontext
from pathlib import Path
from typing import TYPE_CHECKING, Any

from torch.overrides import TorchFunctionMode

from netviz_desktop.engine.runners import Step
from netviz_desktop.engine.runners._compiler import as_written
from netviz_desktop.engine.runners._eager import one_line
from netviz_desktop.problems import Cancelled, Problem
from netviz_desktop.readers._keras_code import Named, without_training
from netviz_desktop.readers._keras_config import Layer, Net, declared_shape, dtype_of, walk
from netviz_desktop.readers._person_code import from_person, importable

if TYPE_CHECKING:
    import torch

    from netviz_desktop.readers.keras_model import KerasModel

_OPERATIONS = "numpy nn core math image linalg".split()
_GONE = {
    "DepthwiseConv2D": ("groups",),  # always 1
    **dict.fromkeys("LSTM GRU SimpleRNN RNN Bidirectional".split(), ("time_major",)),
}


def outlined(model: KerasModel, step: Step | None) -> Any:
    """The keras.Model without weights, which takes no memory.

    Raises:
        Problem: Keras is not there, or cannot build it; or its layers want more weights than
            the file holds.
        Cancelled: `step` said so.
    """
    if model.live is not None:
        return model.live[0]
    with _building(model), _watched(step, f"Building {model.file.path.name}"):
        import keras

        with keras.device("meta"):
            built = _built(model)
    _check_size(built, model)
    return built


def loaded(model: KerasModel, device: torch.device, step: Step | None) -> Any:
    """The keras.Model with its weights, on the device.

    Raises:
        Problem: they do not fit.
        Cancelled: `step` said so.
    """
    if model.live is not None:
        live, fill = model.live
        fill()
        return live
    with _building(model), _watched(step, "Reading the weights"):
        import keras

        with keras.device(device_name(device)):
            built = _built(model)
            (_fill_by_name if model.file.legacy else _fill)(built, model)
            return built


@contextmanager
def _building(model: KerasModel) -> Iterator[None]:
    name = model.file.path.name
    keras = imported(name)
    with ExitStack() as stack:
        stack.enter_context(as_written())
        stack.enter_context(_without_tensorflow())
        stack.enter_context(warnings.catch_warnings())
        warnings.simplefilter("ignore")  # of what a file lacks Keras says more when it raises
        stack.enter_context(keras.saving.custom_object_scope(_custom_objects(model)))
        try:
            yield
        except (Problem, Cancelled):
            raise
        except Exception as error:
            if unknown := re.search(r"Unknown layer: '([^']{1,100})'", str(error)):
                raise Problem(
                    f"{name} has a layer of the class {unknown[1]}, which Keras "
                    f"{keras.__version__} does not know and the file does not say where to find.",
                    "Save the model as .keras, which names the class's module, and open it beside "
                    "that module with --trust.",
                    node=_blamed(error, model),
                ) from error
            raise Problem(
                f"Keras {keras.__version__} cannot build {name}: {one_line(error).rstrip('.')}.",
                "Save it again with a Keras of today, or export it as ONNX.",
                node=_blamed(error, model),
            ) from error


class _Watched(TorchFunctionMode):
    """Calls `step` whenever torch is called, because Keras cannot be asked to."""

    def __init__(self, step: Step, what: str) -> None:
        super().__init__()
        self._step = step
        self._what = what

    def __torch_function__(self, func: Any, _types: Any, args: Any = (), kwargs: Any = None) -> Any:
        self._step(-1.0, self._what)
        return func(*args, **(kwargs or {}))


def _watched(step: Step | None, what: str) -> AbstractContextManager[object]:
    return nullcontext() if step is None else _Watched(step, what)


def imported(name: str) -> Any:
    """Keras on torch.

    Raises:
        Problem: it is not installed, or this program uses it on another backend already.
    """
    if "keras" not in sys.modules:
        try:
            with _environment(), as_written(), _without_tensorflow(), warnings.catch_warnings():
                warnings.simplefilter("ignore")
                importlib.import_module("keras")
        except ImportError as error:
            raise Problem(
                f"{name} needs Keras to run, which is not installed: only its structure and "
                "weights are shown.",
                "Install it: pip install 'netviz-desktop[keras]'.",
            ) from error
    keras = sys.modules["keras"]
    version = getattr(keras, "__version__", "2")
    if version.startswith(("0", "1", "2")) or keras.backend.backend() != "torch":
        raise Problem(
            f"{name} needs Keras 3 on torch, but this program uses Keras {version} otherwise: "
            "only its structure and weights are shown.",
            "Set KERAS_BACKEND=torch before Keras is imported, and start again.",
        )
    return keras


def device_name(device: torch.device) -> str:
    """As Keras calls it; "cpu:0" would make it copy every variable into a plain tensor."""
    return device.type if device.index is None else f"{device.type}:{device.index}"


@contextmanager
def _environment() -> Iterator[None]:
    """What Keras reads while it is imported: torch is to compute; and who has no settings of
    Keras gets no file of them, which it would write into the home folder."""
    wanted = {"KERAS_BACKEND": "torch"}
    if not (Path.home() / ".keras").exists():
        wanted["KERAS_HOME"] = os.environ.get("KERAS_HOME", os.devnull)
    before = {name: os.environ.get(name) for name in wanted}
    os.environ.update(wanted)
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                del os.environ[name]
            else:
                os.environ[name] = value


@contextmanager
def _without_tensorflow() -> Iterator[None]:
    """Whoever asks for TensorFlow is told that there is none, unless it is there already:
    Keras would spend seconds and hundreds of megabytes on importing it."""
    if "tensorflow" in sys.modules:
        yield
        return
    sys.modules["tensorflow"] = None  # type: ignore[assignment]  # how Python blocks an import
    try:
        yield
    finally:
        del sys.modules["tensorflow"]


def _built(model: KerasModel) -> Any:
    """The layers, with weights of any value."""
    from keras import saving
    from keras.src.legacy.saving import saving_options, saving_utils
    from keras.src.saving import serialization_lib

    config = without_training(model.config)
    if model.file.legacy:
        with (
            saving_options.keras_option_scope(use_legacy_config=True),
            serialization_lib.SafeModeScope(not model.trusted),
        ):
            return saving_utils.model_from_config(_in_words_of_today(config, model.net))
    with serialization_lib.ObjectSharingScope():
        return saving.deserialize_keras_object(config, safe_mode=not model.trusted)


def _fill(built: Any, model: KerasModel) -> None:
    """With the weights of Keras 3, as `keras.saving.load_model` does."""
    from keras.src.saving import saving_lib

    store = saving_lib.H5IOStore("model.weights.h5", _WhereItLies(model), mode="r")
    failed: set[int] = set()
    errors: dict[int, Any] = {}
    try:
        saving_lib._load_state(
            built,
            weights_store=store,
            assets_store=None,
            inner_path="",
            visited_saveables=set(),
            failed_saveables=failed,
            error_msgs=errors,
        )
    finally:
        store.close()
    if failed:
        layer, error = next(iter(errors.values()))
        raise Problem(
            f"The weights in {model.file.path.name} do not fit its layers: "
            f"{getattr(layer, 'name', layer)} has others ({one_line(error)}).",
            "Save the model again with model.save(…).",
        )


def _fill_by_name(built: Any, model: KerasModel) -> None:
    """With the weights of an .h5 file of Keras 2, or of Keras 3 in the old way."""
    import h5py
    from keras.src.legacy.saving import legacy_h5_format

    with _WhereItLies(model).open() as stream, h5py.File(stream, "r") as file:
        group = file.get("model_weights", file)
        legacy_h5_format.load_weights_from_hdf5_group(group, built)


class _WhereItLies:
    """What Keras takes for an archive: the weights are read from the file, of which no copy
    is made."""

    def __init__(self, model: KerasModel) -> None:
        assert model.file.weights is not None
        self._weights = model.file.weights

    def open(self, _name: str = "", _mode: str = "r") -> io.IOBase:
        return self._weights.stream()


def _check_size(built: Any, model: KerasModel) -> None:
    """Raises: Problem: the weights are not those of the layers."""
    has = sum(_count(stored.shape) for stored in model.file.stored.values())
    wants = sum(_count(variable.shape) for variable in built.weights)
    if wants > 2 * has + 1000:
        raise Problem(
            f"{model.file.path.name} holds {has:,} numbers, but its layers need {wants:,}.",
            "Save the model again with model.save(…).",
        )


def _count(shape: Any) -> int:
    count = 1
    for size in shape:
        count *= int(size)
    return count


def _in_words_of_today(config: dict[str, Any], net: Net) -> dict[str, Any]:
    """A configuration of an .h5 file as Keras 3 understands it; the config itself, changed.

    Operations say where they are, which the old way of saving leaves out: Keras itself does
    not find `x * 2` again, nor tells the operation Add from the layer. Keras 2.0 has a bare
    list of layers in a Sequential, whose first one has the input's shape, batch included,
    which Keras 3 takes for one without; later versions have settings that are no more.
    """
    inner = config.get("config")
    if isinstance(inner, list):
        inner = config["config"] = {"name": net.name, "layers": inner}
    layers = inner.get("layers", []) if isinstance(inner, dict) else []
    for said, layer in zip(layers, _written(net, len(layers)), strict=False):
        if layer.net is not None:
            _in_words_of_today(said, layer.net)
        elif not layer.is_layer and (module := _module_of(layer.class_name)):
            said["module"] = module
            said["registered_name"] = layer.class_name
    if len(layers) < len(net.layers):
        first, shape = net.layers[0], declared_shape(net.layers[0])
        layers[0]["config"].pop("batch_input_shape", None)
        if shape is not None:
            given = {"name": first.name, "batch_shape": shape, "dtype": dtype_of(first.config)}
            layers.insert(0, {"class_name": first.class_name, "config": given})
    for item in walk(config):
        for setting in _GONE.get(str(item.get("class_name")), ()):
            if isinstance(item.get("config"), dict):
                item["config"].pop(setting, None)
    return config


def _written(net: Net, count: int) -> tuple[Layer, ...]:
    """The layers that the file names: without an input that it implies."""
    return net.layers[len(net.layers) - count :]


def _module_of(operation: str) -> str:
    for name in _OPERATIONS:
        module = importlib.import_module(f"keras.src.ops.{name}")
        if isinstance(getattr(module, operation, None), type):
            return module.__name__
    return ""


def _custom_objects(model: KerasModel) -> dict[str, Any]:
    return custom_objects(model.foreign, model.file.path.parent) if model.trusted else {}


def custom_objects(foreign: tuple[Named, ...], folder: Path) -> dict[str, Any]:
    """The person's own classes and functions, imported; only of a file that is trusted."""
    found: dict[str, Any] = {}
    for named in foreign:
        if named.is_lambda or not named.module:
            continue
        with from_person(f"Importing {named}", folder), importable(folder):
            module = importlib.import_module(named.module)
            one = getattr(module, named.name)
        found[named.name] = one
        if named.registered:
            found[named.registered] = one
    return found


def _blamed(error: Exception, model: KerasModel) -> str:
    """The node of the first layer whose class the error names."""
    said = str(error)
    for (path, _), node_id in model.ids.items():
        for layer in model.net.layers:
            if path[-1] == layer.name and f"'{layer.class_name}'" in said:
                return node_id
    return ""
