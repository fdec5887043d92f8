"""What Keras's own layers call their weights, and which of them end in an activation."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

_CONVOLUTIONS = "Conv1D Conv2D Conv3D Convolution1D Convolution2D Convolution3D"
_WITH_ACTIVATION = frozenset(
    f"""{_CONVOLUTIONS} Conv1DTranspose Conv2DTranspose Conv3DTranspose DepthwiseConv1D
    DepthwiseConv2D SeparableConv1D SeparableConv2D Dense EinsumDense""".split()
)

_NORMALISED = ("gamma", "beta", "moving_mean", "moving_variance")
_ROLES: dict[str, tuple[str, ...]] = {
    "BatchNormalization": _NORMALISED,
    "LayerNormalization": _NORMALISED,
    "GroupNormalization": _NORMALISED,
    "RMSNormalization": ("scale",),
    "SeparableConv1D": ("depthwise_kernel", "pointwise_kernel", "bias"),
    "SeparableConv2D": ("depthwise_kernel", "pointwise_kernel", "bias"),
    "Embedding": ("embeddings",),
    "PReLU": ("alpha",),
    "Normalization": ("mean", "variance", "count"),
    "SpectralNormalization": ("kernel", "vector_u"),
}
_CELL = ("kernel", "recurrent_kernel", "bias")
_USUAL = ("kernel", "bias")
_SAVED_TWICE = {"SpectralNormalization": "vars/0"}  # its kernel is the wrapped layer's


def fused_activation(class_name: str, config: Mapping[str, Any]) -> str:
    """The function that ends this layer's work, if it has one: "relu"."""
    if class_name not in _WITH_ACTIVATION:
        return ""
    found = activation_name(config.get("activation"))
    return "" if found == "linear" else found


def activation_name(found: Any) -> str:
    """Of an activation as a configuration has it: a name, or an object."""
    if isinstance(found, dict):
        inner = found.get("config")
        found = inner if isinstance(inner, str) else found.get("class_name")
    return found.rpartition(">")[2] if isinstance(found, str) else ""


def role(class_name: str, config: Mapping[str, Any], path: str) -> str:
    """What a layer calls the variable at this path below it: "vars/0" of a Dense is its
    "kernel", "forward_layer/cell/vars/2" of a Bidirectional "forward_layer/cell/bias"."""
    *inner, number = path.split("/")
    parts = [part for part in inner if part not in ("vars", "layer")]
    names = _names(class_name, config) if not parts else _USUAL
    if parts and parts[-1].startswith("seed_generator"):
        names = ("seed_generator_state",)
    elif parts and "cell" in parts[-1]:
        names = _CELL
    index = int(number) if number.isdecimal() and len(number) < 4 else len(names)
    return "/".join([*parts, names[index] if index < len(names) else number])


def is_buffer(found: str) -> bool:
    """Whether Keras itself does not count a weight of this role. Moving averages it counts."""
    return found.rpartition("/")[2] == "seed_generator_state"


def is_saved_twice(class_name: str, path: str) -> bool:
    return _SAVED_TWICE.get(class_name) == path


def snake_case(class_name: str) -> str:
    """As Keras names a layer of this class in a file of weights: conv2d, p_re_lu."""
    name = re.sub(r"\W+", "", class_name)
    name = re.sub("(.)([A-Z][a-z]+)", r"\1_\2", name)
    return re.sub("([a-z])([A-Z])", r"\1_\2", name).lower()


def class_in_snake_case(name: str) -> str:
    """The class of Keras whose variables have names of their own, of "batch_normalization_3"."""
    return _BY_SNAKE_CASE.get(re.sub(r"_\d+$", "", name), "")


def _names(class_name: str, config: Mapping[str, Any]) -> tuple[str, ...]:
    names = _ROLES.get(class_name, _USUAL)
    left_out = {
        name
        for name, setting in (("gamma", "scale"), ("beta", "center"))
        if config.get(setting) is False
    }
    return tuple(name for name in names if name not in left_out)


_BY_SNAKE_CASE = {snake_case(name): name for name in _ROLES}
