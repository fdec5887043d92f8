"""What a Keras model that is no graph of layers is called with."""

from __future__ import annotations

import inspect
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

from netviz_desktop.engine.runners._guessed_inputs import SIDES
from netviz_desktop.graph import ModelGraph, Value
from netviz_desktop.readers._keras_archive import KerasFile

_TOKENS = 16
_MOST_CHANNELS = 4
_MOST_WIDTHS = 6


@dataclass
class Arguments:
    """Args:
    values: every tensor that the model takes.
    structure: arguments, positional ones by their number, as lists and dictionaries in
        which the name of a tensor stands for it.
    """

    values: tuple[Value, ...]
    structure: tuple[tuple[int | str, Any], ...]

    def arranged(self, given: Mapping[str, Any]) -> tuple[list[Any], dict[str, Any]]:
        """Positional and named arguments."""
        filled = [(key, _filled(found, given)) for key, found in self.structure]
        positional = [found for key, found in filled if isinstance(key, int)]
        return positional, {key: found for key, found in filled if isinstance(key, str)}

    def sized(self) -> Iterator[dict[str, tuple[Any, ...]]]:
        """Shapes to try, by name: free sizes are usual ones."""
        for side in SIDES:
            yield {
                value.name: (
                    tuple(
                        (1 if place == 0 else side if len(value.shape or ()) > 3 else _TOKENS)
                        if size is None
                        else size
                        for place, size in enumerate(value.shape or ())
                    ),
                )
                for value in self.values
            }
            if all(size is not None for value in self.values for size in (value.shape or ())[1:]):
                return

    def take_tokens(self, graph: ModelGraph) -> bool:
        """Inputs that an Embedding reads are whole numbers; whether any became so."""
        read = {name for n in graph.nodes if n.op_type == "Embedding" for name in n.inputs}
        before = self.values
        self.values = tuple(
            replace(v, dtype="int32") if v.name in read and v.dtype == "float32" else v
            for v in self.values
        )
        return self.values != before


def arguments_of(model: Any, build_config: Any) -> Arguments | None:
    """What it was built for; None when nobody said.

    Args:
        build_config: as a file has it.
    """
    said = build_config if isinstance(build_config, dict) else None
    if not said:
        said = model.get_build_config()
    if not said:
        return None
    shapes = said.get("shapes_dict") or {"input_shape": said.get("input_shape")}
    names = _names(model)
    values: list[Value] = []
    structure: list[tuple[int | str, Any]] = []
    dtype = str(model.input_dtype) if "float" in str(model.input_dtype) else "float32"
    for key, shape in shapes.items():
        alone = len(shapes) == 1
        name = names[0] if alone and names else key.removesuffix("_shape")
        found = _named(shape, name, dtype, values)
        structure.append((0 if alone else name, found))
    return Arguments(tuple(values), tuple(structure)) if values else None


def guessed(model: Any, file: KerasFile) -> Iterator[Arguments]:
    """For a model that nobody called: images, vectors or tokens, as its weights suggest."""
    name = (_names(model) or ("inputs",))[0]
    kernels = [stored.shape for stored in file.stored.values()]
    for channels in sorted({s[2] for s in kernels if len(s) == 4 and s[2] <= _MOST_CHANNELS}):
        yield _one(name, (None, None, None, channels))
    matrices = [shape for shape in kernels if len(shape) == 2]
    for width in dict.fromkeys(shape[0] for shape in matrices[:_MOST_WIDTHS]):
        yield _one(name, (None, width))
        yield _one(name, (None, None, width))
    if matrices:
        yield _one(name, (None, _TOKENS), "int32")


def _one(name: str, shape: tuple[int | None, ...], dtype: str = "float32") -> Arguments:
    return Arguments((Value(name, shape, dtype),), ((0, name),))


def _names(model: Any) -> tuple[str, ...]:
    """Of the arguments of its `call`."""
    return tuple(
        name
        for name, parameter in inspect.signature(model.call).parameters.items()
        if parameter.kind is not parameter.VAR_KEYWORD and name not in ("self", "training")
    )


def _named(shape: Any, name: str, dtype: str, values: list[Value]) -> Any:
    """The structure of a shape with names in the place of shapes."""
    if isinstance(shape, dict):
        return {key: _named(one, str(key), dtype, values) for key, one in shape.items()}
    if not isinstance(shape, (list, tuple)):
        return None
    if all(size is None or isinstance(size, int) for size in shape):
        sizes = tuple(None if place == 0 else size for place, size in enumerate(shape))
        values.append(Value(name, sizes, dtype))
        return name
    inner = [_named(one, f"{name}.{place}", dtype, values) for place, one in enumerate(shape)]
    return inner if isinstance(shape, list) else tuple(inner)


def _filled(structure: Any, given: Mapping[str, Any]) -> Any:
    if isinstance(structure, dict):
        return {key: _filled(one, given) for key, one in structure.items()}
    if isinstance(structure, (list, tuple)):
        return type(structure)(_filled(one, given) for one in structure)
    return given[structure] if structure is not None else None
