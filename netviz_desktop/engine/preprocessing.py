"""How an image becomes the tensor that a model takes, inferred from what the model says."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from netviz_desktop.graph import Dimension, ModelGraph, Node, Value
from netviz_desktop.graph.channels_last import is_keras_channels_last
from netviz_desktop.link.messages import Preprocessing
from netviz_desktop.readers import ImagePreparation

_USUAL_SIZE = 224
_LARGEST_SCALE_OF_BYTES = 0.1
_BEFORE_SCALING = frozenset({"InputLayer", "Resizing", "CenterCrop", "ZeroPadding2D", "Cast"})
_SMALL = 128  # below it, nets are trained on whole pictures rather than on centre crops


@dataclass(frozen=True)
class ImageInput:
    """The input that takes an image.

    Args:
        name, dtype: of the value.
        batch: how many samples it must be given at once.
    """

    name: str
    dtype: str
    batch: int
    preprocessing: Preprocessing


def image_input(
    inputs: Sequence[Value], graph: ModelGraph, trained: ImagePreparation | None = None
) -> ImageInput | None:
    """The first input that can take an image; None when no input can.

    Args:
        trained: how images were prepared where the weights were trained.
    """
    for value in inputs:
        found = _of_shape(value, graph) if value.shape is not None else _of_weights(graph)
        if found is not None:
            if trained is not None and found.layout == "NCHW":
                found = _as_trained(found, trained, value.shape or (), graph)
            batch = _known(value.shape[0]) if value.shape else None
            return ImageInput(value.name, value.dtype or "float32", batch or 1, found)
    return None


def _as_trained(
    found: Preprocessing, trained: ImagePreparation, shape: Sequence[Dimension], graph: ModelGraph
) -> Preprocessing:
    """For an input of another size or other channels, as much of it as fits."""
    fixed = [size for size in shape[2:] if _known(size)]
    mean, std = trained.mean, trained.std
    if len(mean) != found.channels:
        mean, std = found.mean, found.std
    sized = replace(found, height=trained.side, width=trained.side, resize=trained.resize)
    return replace(
        found if fixed and fixed != [trained.side, trained.side] else sized,
        mean=mean,
        std=std,
        reason=f"As {graph.metadata.get('architecture', 'the architecture')} is usually trained.",
    )


def _of_shape(value: Value, graph: ModelGraph) -> Preprocessing | None:
    shape = value.shape or ()
    if len(shape) != 4:
        return None
    if shape[1] in (1, 3) and not is_keras_channels_last(graph):
        channels, layout, height, width = shape[1], "NCHW", shape[2], shape[3]
    elif shape[3] in (1, 3):
        channels, layout, height, width = shape[3], "NHWC", shape[1], shape[2]
    else:
        return None if any(map(_known, shape[1:])) else _of_weights(graph)
    text = " × ".join("?" if size is None else str(size) for size in shape)
    return _usual(int(channels or 0), layout, height, width, value.dtype, text, graph)


def _of_weights(graph: ModelGraph) -> Preprocessing | None:
    """The first convolution says how many channels it reads, though not how large."""
    for node in graph.nodes:
        for parameter in node.parameters:
            if len(parameter.shape) == 4:
                is_keras = node.domain == "keras"
                channels = parameter.shape[2 if is_keras else 1]
                if channels not in (1, 3):
                    return None
                said = f"free: the first kernels read {channels} channels"
                layout = "NHWC" if is_keras and is_keras_channels_last(graph) else "NCHW"
                return _usual(channels, layout, None, None, None, said, graph)
    return None


def _usual(
    channels: int,
    layout: str,
    height: Dimension,
    width: Dimension,
    dtype: str | None,
    shape: str,
    graph: ModelGraph,
) -> Preprocessing:
    rows, columns = _known(height) or _USUAL_SIZE, _known(width) or _USUAL_SIZE
    mean, std, why = _scale(channels, layout, dtype, graph)
    return Preprocessing(
        height=rows,
        width=columns,
        channels=channels,
        layout=layout,
        resize=_resize(rows, columns, layout, graph),
        mean=(mean,) * channels if isinstance(mean, float) else mean,
        std=(std,) * channels if isinstance(std, float) else std,
        reason=f"Assumed from the input's shape ({shape}): {why}.",
    )


_Scale = float | tuple[float, ...]


def _scale(
    channels: int, layout: str, dtype: str | None, graph: ModelGraph
) -> tuple[_Scale, _Scale, str]:
    if dtype is not None and "int" in dtype:
        return 0.0, 1 / 255, "whole numbers from 0 to 255"
    if _is_ultralytics(graph):
        return 0.0, 1.0, "values from 0 to 1, as Ultralytics trains"
    own = _own_scale(graph)
    if own is not None:
        return own
    if layout == "NHWC":
        return 0.5, 0.5, "values from −1 to 1, as Keras usually takes"
    if channels == 3:
        usual = Preprocessing(1, 1)
        return usual.mean, usual.std, "ImageNet's usual mean and deviation"
    return 0.0, 1.0, "gray values from 0 to 1"


def _own_scale(graph: ModelGraph) -> tuple[_Scale, _Scale, str] | None:
    """For a Keras model that scales its input itself; None for any other."""
    node = _first_scaling(graph)
    if node is None:
        return None
    scale, mean = node.attributes.get("scale"), node.attributes.get("mean")
    numbers = mean if isinstance(mean, list) else [mean]
    if isinstance(scale, (int, float)) and abs(scale) > _LARGEST_SCALE_OF_BYTES:
        return 0.0, 1.0, f"values from 0 to 1, which its {node.op_type} layer scales"
    if all(isinstance(number, (int, float)) and abs(number) <= 1 for number in numbers):
        return 0.0, 1.0, f"values from 0 to 1, which its {node.op_type} layer normalises"
    return 0.0, 1 / 255, f"values from 0 to 255, which its {node.op_type} layer scales"


def _first_scaling(graph: ModelGraph) -> Node | None:
    """The Rescaling or Normalization that the input meets before any layer with weights."""
    reached = set(graph.inputs[:1])
    for node in graph.nodes:
        if node.domain == "keras" and not reached.isdisjoint(node.inputs):
            if node.op_type in ("Rescaling", "Normalization"):
                return node
            if node.op_type not in _BEFORE_SCALING and not node.op_type.startswith("Random"):
                return None
            reached.update(node.outputs)
    return None


def _resize(height: int, width: int, layout: str, graph: ModelGraph) -> int | None:
    if height != width or layout == "NHWC" or _is_ultralytics(graph):
        return None
    return height if height < _SMALL else round(height * 256 / 224)


def _is_ultralytics(graph: ModelGraph) -> bool:
    return "names" in graph.metadata and "stride" in graph.metadata


def _known(dimension: Dimension) -> int | None:
    """Some files write 0 for a free dimension."""
    return dimension if isinstance(dimension, int) and dimension > 0 else None
