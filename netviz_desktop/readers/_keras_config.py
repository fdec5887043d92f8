"""A Keras configuration -> nets of layers and their calls, as Keras 1 to 3 write it.

Nothing is imported or built: the configuration is JSON, and is read as such.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from itertools import pairwise
from typing import Any

from netviz_desktop.graph import Dimension
from netviz_desktop.problems import Problem

_DEEPEST = 40
_MOST_LAYERS = 100_000
_MODELS = frozenset({"Functional", "Sequential", "Model"})

Shape = tuple[Dimension, ...]
Config = dict[str, Any]


@dataclass(frozen=True)
class Ref:
    """A tensor: an output of a call of a layer. `shape` as the consumer says, if it does."""

    layer: str
    call: int = 0
    output: int = 0
    shape: Shape | None = field(default=None, compare=False)
    dtype: str | None = field(default=None, compare=False)


@dataclass(frozen=True)
class Call:
    """Args:
    constants: what it is given besides tensors, by name or place.
    """

    inputs: tuple[Ref, ...]
    constants: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Layer:
    """A layer or an operation.

    Args:
        module: where its class is, as the file says; "" when it does not.
        net: its layers, for a nested model.
    """

    name: str
    class_name: str
    module: str
    config: Config
    calls: tuple[Call, ...] = ()
    input_shape: Shape | None = None
    net: Net | None = None

    @property
    def is_layer(self) -> bool:
        """Not an operation such as `x * 2`, which has no state."""
        if self.module:
            return ".ops." not in f"{self.module}."
        return self.net is not None or self.class_name == "InputLayer" or "trainable" in self.config


@dataclass(frozen=True)
class Net:
    """Args:
    layers: in the file's order.
    """

    name: str
    class_name: str
    layers: tuple[Layer, ...]
    inputs: tuple[Ref, ...]
    outputs: tuple[Ref, ...]


def net_of(config: Config, file: str) -> Net | None:
    """The net that a model's configuration describes; None for one of the person's own class.

    Raises:
        Problem: it is not as Keras writes it.
    """
    try:
        return _net(config, 0)
    except (KeyError, TypeError, ValueError, IndexError, AttributeError) as error:
        raise Problem(
            f"{file} is damaged: its configuration is not as Keras writes it "
            f"({type(error).__name__}: {str(error)[:80]}).",
            "Save the model again with Keras.",
        ) from error


def walk(config: Any) -> Iterator[Config]:
    """Every object in a configuration, outermost first."""
    waiting = [config]
    while waiting:
        item = waiting.pop()
        if isinstance(item, dict):
            yield item
            waiting.extend(reversed(item.values()))
        elif isinstance(item, list):
            waiting.extend(reversed(item))


def _net(found: Config, depth: int) -> Net | None:
    inner = found.get("config")
    layers = inner.get("layers") if isinstance(inner, dict) else inner
    class_name = _text(found["class_name"])
    if not isinstance(layers, list):
        return None
    if depth > _DEEPEST or len(layers) > _MOST_LAYERS:
        raise ValueError("models nested too deep")
    settings: Config = inner if isinstance(inner, dict) else {}
    name = _text(settings.get("name") or found.get("name") or class_name.lower())
    if "output_layers" in settings:
        return Net(
            name,
            class_name,
            tuple(_layer(one, depth) for one in layers),
            tuple(_refs(settings.get("input_layers"))),
            tuple(_refs(settings["output_layers"])),
        )
    if class_name not in _MODELS and "build_input_shape" not in settings:
        return None
    shape = settings.get("build_input_shape") or _build_shape(found)
    return _chain(name, class_name, [_layer(one, depth) for one in layers], shape)


def _chain(name: str, class_name: str, layers: list[Layer], shape: Any) -> Net:
    """A Sequential: each layer reads the one before it."""
    if not layers:
        raise ValueError("a model without layers")
    if layers[0].class_name != "InputLayer":
        layers.insert(0, _input_of(layers[0], shape))
    chained = [Layer(layers[0].name, "InputLayer", "keras.layers", layers[0].config, (Call(()),))]
    for before, layer in pairwise(layers):
        ref = Ref(before.name, shape=layer.input_shape)
        chained.append(replace(layer, calls=(Call((ref,)),)))
    ends = Ref(chained[0].name), Ref(chained[-1].name)
    return Net(name, class_name, tuple(chained), (ends[0],), (ends[1],))


def _input_of(first: Layer, shape: Any) -> Layer:
    """The input that the first layer of a Sequential stands for."""
    if first.net is not None and first.net.inputs:
        inner = first.net.inputs[0].layer
        shape = shape or next(
            (_declared(one.config) for one in first.net.layers if one.name == inner), None
        )
    shape = shape or _declared(first.config)
    config: Config = {"batch_shape": shape, "dtype": first.config.get("dtype")}
    return Layer(f"{first.name}_input", "InputLayer", "keras.layers", config)


def _layer(found: Config, depth: int) -> Layer:
    config = found["config"]
    settings: Config = config if isinstance(config, dict) else {}
    class_name = _text(found["class_name"])
    name = _text(found.get("name") or settings.get("name") or class_name.lower())
    calls = tuple(_call(node) for node in found.get("inbound_nodes") or ())
    if class_name == "InputLayer":
        calls = calls or (Call(()),)
    net = _net(found, depth + 1)
    return Layer(
        name,
        class_name,
        _text(found.get("module") or ""),
        settings,
        calls,
        _shape(_build_shape(found)),
        net,
    )


def _call(node: Any) -> Call:
    if isinstance(node, dict):
        constants: Config = {}
        refs = list(_tensors(node.get("args") or []))
        for place, argument in enumerate(node.get("args") or []):
            if not any(_tensors(argument)):
                constants[f"argument {place + 1}"] = argument
        for key, argument in sorted((node.get("kwargs") or {}).items()):
            inner = list(_tensors(argument))
            refs += inner
            if not inner and argument is not None and key != "training":
                constants[key] = argument
        return Call(tuple(refs), constants)
    # Keras 1 and 2: [[layer, call, output, {keyword: value}], ...]; one alone may stand bare
    entries = [node] if node and isinstance(node[0], str) else node
    refs, constants = [], {}
    for entry in entries:
        if entry[0] == "_CONSTANT_VALUE":
            constants[f"argument {len(constants) + len(refs) + 1}"] = entry[2]
        else:
            refs.append(Ref(_text(entry[0]), int(entry[1]), int(entry[2])))
        for key, argument in sorted((entry[3] if len(entry) > 3 else {}).items()):
            if _is_old_ref(argument):
                refs.append(Ref(_text(argument[0]), int(argument[1]), int(argument[2])))
            elif argument is not None and key != "training":
                constants[key] = argument
    return Call(tuple(refs), constants)


def _tensors(argument: Any) -> Iterator[Ref]:
    waiting = [argument]
    while waiting:
        item = waiting.pop()
        if isinstance(item, list):
            waiting.extend(reversed(item))
        elif isinstance(item, dict) and item.get("class_name") == "__keras_tensor__":
            said = item["config"]
            layer, call, output = said["keras_history"]
            shape, dtype = _shape(said.get("shape")), said.get("dtype")
            yield Ref(_text(layer), int(call), int(output), shape, dtype)
        elif isinstance(item, dict):
            waiting.extend(item[key] for key in sorted(item, reverse=True))


def _refs(found: Any) -> Iterator[Ref]:
    """Of `input_layers` and `output_layers`: one, several, or several by name."""
    waiting = [found]
    while waiting:
        item = waiting.pop()
        if _is_old_ref(item):
            yield Ref(_text(item[0]), int(item[1]), int(item[2]))
        elif isinstance(item, list):
            waiting.extend(reversed(item))
        elif isinstance(item, Mapping):
            waiting.extend(item[key] for key in sorted(item, reverse=True))
        elif item is not None:
            raise ValueError("an output that names no layer")


def _is_old_ref(item: Any) -> bool:
    return (
        isinstance(item, list)
        and len(item) == 3
        and isinstance(item[0], str)
        and isinstance(item[1], int)
        and isinstance(item[2], int)
    )


def _build_shape(found: Config) -> Any:
    built = found.get("build_config")
    return built.get("input_shape") if isinstance(built, dict) else None


def _declared(config: Config) -> Any:
    return config.get("batch_shape") or config.get("batch_input_shape")


def _shape(found: Any) -> Shape | None:
    if not isinstance(found, list) or not all(
        size is None or isinstance(size, int) for size in found
    ):
        return None
    return tuple(found)


def declared_shape(layer: Layer) -> Shape | None:
    """What an InputLayer takes."""
    return _shape(_declared(layer.config))


def dtype_of(config: Config) -> str | None:
    """Of an InputLayer, or the policy of a layer."""
    found = config.get("dtype")
    if isinstance(found, dict):
        found = found.get("config", {}).get("name")
    return found if isinstance(found, str) else None


def _text(found: Any) -> str:
    if not isinstance(found, str):
        raise TypeError(f"a name that is no text: {found!r:.40}")
    return found
