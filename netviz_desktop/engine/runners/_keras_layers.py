"""Which layers of a Keras model are nodes, and which are scopes of others.

A layer whose code is Keras's own is a node; so is one of the person's own that holds no
layers. Models, and layers of the person's that call others, are scopes.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from netviz_desktop.graph import Attribute, Parameter
from netviz_desktop.readers._keras_config import Layer
from netviz_desktop.readers._keras_graph import attributes_of
from netviz_desktop.readers._keras_layers import fused_activation

_TABLES = frozenset({"_layers", "_modules", "_tracker", "_functional", "_operations", "_metrics"})
_DEEPEST = 6


@dataclass
class Layers:
    """Args:
    scopes, nodes: path -> layer; a path is of attributes, of names in a functional model.
    """

    scopes: dict[str, Any] = field(default_factory=dict)
    nodes: dict[str, Any] = field(default_factory=dict)


def layers_of(model: Any, path: str = "") -> Layers:
    """Every layer of a model, or of a layer that is a scope, once."""
    found = Layers()
    waiting = [(path, model)]
    met: set[int] = set()
    while waiting:
        path, layer = waiting.pop()
        if id(layer) in met:
            continue
        met.add(id(layer))
        if layer is not model and not is_scope(layer):
            found.nodes[path] = layer
            continue
        found.scopes[path] = layer
        inner = [(f"{path}/{name}" if path else name, one) for name, one in _inside(layer)]
        waiting.extend(reversed(inner))
    return found


def is_scope(layer: Any) -> bool:
    import keras

    if isinstance(layer, (keras.Model, *_laid_open())):
        return True
    by_keras = type(layer).call.__module__.startswith("keras.")
    return not by_keras and bool(layer._layers)


def ending_of(layer: Any) -> str:
    """The activation that a layer computes last: "relu"; "" where it is a part of the call."""
    import keras

    if not type(layer).call.__module__.startswith("keras."):
        return ""
    activation = getattr(layer, "activation", None)
    said = keras.activations.serialize(activation) if activation is not None else "linear"
    return fused_activation(type(layer).__name__, {"activation": said})


def settings_of(layer: Any) -> dict[str, Attribute]:
    """The settings of a layer, in plain types; none where it does not say them."""
    try:
        config = json.loads(json.dumps(layer.get_config(), default=lambda _: None))
    except Exception:  # noqa: BLE001 - the person's code: anything may rise
        return {}
    if not isinstance(config, dict):
        return {}
    return attributes_of(Layer(layer.name, type(layer).__name__, "", config))


def parameters_of(layer: Any, names: Mapping[int, str]) -> tuple[Parameter, ...]:
    """The weights of a layer that is a node.

    Args:
        names: id(variable) -> its name in the file; those without one are left out.
    """
    found = []
    for inner, variable in _variables(layer):
        if (name := names.get(id(variable))) is not None:
            role = "/".join([*inner, variable.name])
            buffer = variable.name == "seed_generator_state"
            shape = tuple(map(int, variable.shape))
            found.append(Parameter(name, shape, variable.dtype, role, buffer))
    return tuple(found)


@contextmanager
def in_place_of(layer: Any, function: Any) -> Iterator[Any]:
    """The layer's activation, in whose place `function` stands meanwhile."""
    own = layer.__dict__
    activation = layer.activation
    was_here = "activation" in own  # an activation that is a layer lies elsewhere
    own["activation"] = function
    try:
        yield activation
    finally:
        if was_here:
            own["activation"] = activation
        else:
            del own["activation"]


def _variables(layer: Any) -> Iterator[tuple[tuple[str, ...], Any]]:
    """Every variable of a layer, and the attributes that lead to it."""
    waiting: list[tuple[tuple[str, ...], Any]] = [((), layer)]
    met: set[int] = set()
    while waiting:
        path, one = waiting.pop()
        for variable in (*one._trainable_variables, *one._non_trainable_variables):
            if id(variable) not in met:
                met.add(id(variable))
                yield path, variable
        if len(path) < _DEEPEST:
            inside = [((*path, name), inner) for name, inner in _inside(one)]
            waiting.extend(reversed(inside))


def _inside(layer: Any) -> Iterator[tuple[str, Any]]:
    """The layers that a layer holds, by the attributes in which it holds them."""
    import keras
    from keras.src.models.functional import Functional

    if isinstance(layer, (keras.Sequential, Functional)):
        inner = (one for one in layer.layers if not isinstance(one, keras.layers.InputLayer))
        yield from ((one.name, one) for one in inner)
        return
    named: set[int] = set()
    for attribute, value in (*vars(layer).items(), *layer._modules.items()):
        if attribute not in _TABLES:
            for name, one in _held(attribute.strip("_"), value, 0):
                if id(one) not in named:
                    named.add(id(one))
                    yield name, one
    yield from ((one.name, one) for one in layer._layers if id(one) not in named)


def _held(name: str, value: Any, depth: int) -> Iterator[tuple[str, Any]]:
    import keras

    if isinstance(value, keras.Layer):
        yield name, value
    elif isinstance(value, (list, tuple, dict)) and depth < _DEEPEST:
        items = value.items() if isinstance(value, dict) else enumerate(value)
        for key, one in list(items):
            yield from _held(f"{name}/{key}", one, depth + 1)


def _laid_open() -> tuple[type, ...]:
    """Layers of Keras that are scopes all the same."""
    import keras

    return keras.layers.MultiHeadAttention, keras.layers.Bidirectional
