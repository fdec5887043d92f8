"""An open model: what its reader gave, what runs it, and what is known about its images."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import torch

from netviz_desktop import readers
from netviz_desktop.engine import labels, runners
from netviz_desktop.engine.preprocessing import ImageInput, image_input
from netviz_desktop.engine.runners import Runner, Step
from netviz_desktop.graph import ModelGraph
from netviz_desktop.problems import Problem
from netviz_desktop.readers import OpenedModel, Options


@dataclass(frozen=True)
class Model:
    """Args:
    runner: None when it can only be looked at; `problem` says why.
    graph: the best that is known before a run.
    image_input: None when no input takes an image.
    labels: class names; empty when not known before a run.
    """

    path: Path
    opened: OpenedModel
    runner: Runner | None
    problem: Problem | None
    graph: ModelGraph
    image_input: ImageInput | None
    labels: labels.Labels


def open_model(
    path: Path,
    options: Options | None,
    labels_file: str | Path | None,
    device: torch.device,
    step: Step | None = None,
) -> Model:
    """Raises: Problem: the file or the labels cannot be read."""
    opened = readers.read(path, options)
    named = labels.read(Path(labels_file)) if labels_file else labels.of_model(opened)
    try:
        runner: Runner | None = runners.runner(opened, device, step)
        problem = None
    except Problem as why:
        runner, problem = None, why
    graph = runner.graph if runner is not None else opened.graph
    if runner is not None and (stopping := next((n for n in graph.nodes if n.fault), None)):
        remedy = "Export the model with standard operators, used as they are defined."
        runner, problem = None, Problem(stopping.fault, remedy, node=stopping.id)
    taken = image_input(runner.inputs if runner is not None else (), graph, opened.image)
    if not named and taken is not None and graph.outputs:
        shape = getattr(graph.values.get(graph.outputs[0]), "shape", None) or ()
        sizes = [size for size in shape[1:] if isinstance(size, int) and size > 1]
        named = labels.usual(sizes[0]) if len(sizes) == 1 else ()
    return Model(path, opened, runner, problem, graph, taken, named)
