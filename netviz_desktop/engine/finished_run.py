"""A finished run of a model, and what is worked out about it once somebody asks."""

from __future__ import annotations

from functools import cached_property

from netviz_desktop.engine.default_layer import default_layer
from netviz_desktop.engine.forward_pass import ForwardPass
from netviz_desktop.engine.model import Model
from netviz_desktop.engine.patches import Patches, patches
from netviz_desktop.graph.channels_last import channels_last
from netviz_desktop.graph.receptive_field import Field, receptive_fields


class FinishedRun:
    """Args:
    forward: the run itself.
    """

    def __init__(self, run: ForwardPass, model: Model) -> None:
        self.forward = run
        self._model = model

    @cached_property
    def shapes(self) -> dict[str, tuple[int, ...]]:
        return {name: tuple(r.tensor.shape) for name, r in self.forward.values.items()}

    @cached_property
    def channels_last(self) -> frozenset[str]:
        found = self._model.image_input
        nhwc = found is not None and found.preprocessing.layout == "NHWC"
        inputs = [found.name] if found is not None and nhwc else []
        return channels_last(self.forward.graph, self.shapes, inputs)

    @cached_property
    def input(self) -> str:
        """The input that is looked at: the image, else the first."""
        found = self._model.image_input
        return found.name if found is not None else self.forward.graph.inputs[0]

    @cached_property
    def spatial_axes(self) -> tuple[int, int] | None:
        if len(self.shapes.get(self.input, ())) != 4:
            return None
        return (1, 2) if self.input in self.channels_last else (2, 3)

    @cached_property
    def fields(self) -> dict[str, Field]:
        if self.spatial_axes is None:
            return {}
        return receptive_fields(
            self.forward.graph, self.shapes, self.input, self.spatial_axes, self._numbers
        )

    @cached_property
    def patches(self) -> Patches | None:
        return patches(self.shapes, self.fields)

    @cached_property
    def default_layer(self) -> tuple[str | None, str]:
        return default_layer(self.forward, self.channels_last)

    def _numbers(self, name: str) -> list[float] | None:
        """Small tensors that say how, not what: pads, starts, steps."""
        if name in self.forward.values:
            found = self.forward.values[name].tensor
            return [float(n) for n in found.reshape(-1)] if found.numel() <= 64 else None
        if name in self._model.opened.weights:
            stored = self._model.opened.weights[name]()
            return [float(n) for n in stored.reshape(-1)] if stored.size <= 64 else None
        return None
