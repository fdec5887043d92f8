"""Code that a Keras configuration brings along, or makes Keras import.

A Lambda layer holds compiled Python. A class or function is named by its module, which some
versions of Keras import whatever it is; so only Keras's own layers and their helpers go
without trust.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

from netviz_desktop.readers._keras_config import Config, walk

_PARTS = (
    "layers|models|ops|initializers|regularizers|constraints|activations|dtype_policies|"
    "optimizers|losses|metrics|quantizers|random|applications"
)
_OWN_CLASSES = re.compile(rf"keras(\.(src\.)?({_PARTS})(\.\w+)*)?|builtins")
_OWN_FUNCTIONS = re.compile(r"keras\.(src\.)?(activations|ops)(\.\w+)*|builtins")
_LAMBDAS = frozenset({"Lambda", "__lambda__"})  # the latter as an argument of any layer
_OF_TENSORFLOW = frozenset(
    {"TFOpLambda", "SlicingOpLambda", "TensorFlowOpLayer", "ClassMethod", "InstanceMethod"}
)


@dataclass(frozen=True)
class Named:
    """A class or function that is not Keras's own, or code that the file itself holds.

    Args:
        module: "" when the file does not say.
        registered: the name that it is registered under, else "".
    """

    module: str
    name: str
    registered: str = ""

    @property
    def is_lambda(self) -> bool:
        return self.name in _LAMBDAS

    def __str__(self) -> str:
        return f"{self.module}.{self.name}" if self.module and not self.is_lambda else self.name


def foreign_code(config: Any) -> tuple[Named, ...]:
    """What a configuration, or a part of one, would run that is not Keras's own; each once."""
    found = (_foreign(item) for item in walk(config))
    return tuple(dict.fromkeys(one for one in found if one is not None))


def of_tensorflow(class_name: str) -> bool:
    """Whether it is a layer that Keras 2 wrapped around an operation of TensorFlow."""
    return class_name in _OF_TENSORFLOW


def without_training(config: Any) -> Any:
    """A copy without what compiling the model would need: optimizers, losses, metrics."""
    if isinstance(config, dict):
        return {
            key: without_training(value) for key, value in config.items() if key != "compile_config"
        }
    return [without_training(one) for one in config] if isinstance(config, list) else config


def _foreign(item: Config) -> Named | None:
    name = item.get("class_name")
    if not isinstance(name, str):
        return None
    module, registered = item.get("module"), item.get("registered_name")
    registered = registered if isinstance(registered, str) else ""
    if name in _LAMBDAS:
        return Named("", "Lambda")
    if name == "function":
        called = item.get("config")
        if isinstance(module, str) and _OWN_FUNCTIONS.fullmatch(module):
            return None
        return Named(str(module or ""), str(called)[:100], registered)
    if "module" not in item:  # as Keras 2 writes it; it can only name what is registered
        return Named("", name, name) if ">" in name else None
    if isinstance(module, str) and _OWN_CLASSES.fullmatch(module):
        return None
    return Named(str(module or ""), name, registered)
