"""What the classes of the model are called."""

from __future__ import annotations

import math

from netviz_desktop.ui.selection import Selection


def target_in_view(selection: Selection) -> int | None:
    """The chosen class, else the predicted one; None when there are no classes."""
    if selection.target is not None:
        return selection.target
    run = selection.run
    return run.predictions[0].target if run is not None and run.predictions else None


def class_label(selection: Selection, target: int) -> str:
    """Its name; "class 17" where there is none."""
    labels = selection.model.labels if selection.model is not None else ()
    if target < len(labels):
        return labels[target]
    predictions = selection.run.predictions if selection.run is not None else ()
    named = (p.label for p in predictions if p.target == target and p.label)
    return next(named, f"class {target}")


def score_label(selection: Selection, target: int) -> str:
    """The name of the number that is explained: its class, or its place in the output where
    that is no list of classes."""
    shape = _output_shape(selection)[1:]  # targets are counted in the first sample
    if class_count(selection) or not shape or math.prod(shape) <= target:
        return class_label(selection, target)
    place = []
    for length in reversed(shape):
        target, index = divmod(target, length)
        place.append(str(index))
    return f"output[{', '.join(reversed(place))}]"


def label_of(selection: Selection) -> str:
    """The name of the class in view."""
    target = target_in_view(selection)
    return "output" if target is None else class_label(selection, target)


def class_count(selection: Selection) -> int:
    """How many classes the model tells apart; 0 when it tells none."""
    if selection.run is None or not selection.run.predictions:
        return 0
    labels = selection.model.labels if selection.model is not None else ()
    shape = _output_shape(selection)
    return len(labels) or (shape[-1] if shape else 0)


def _output_shape(selection: Selection) -> tuple[int, ...]:
    """Of the first output in the last run; () when nobody knows."""
    run, graph = selection.run, selection.whole
    if run is None or graph is None:
        return ()
    return next((run.shapes[name] for name in graph.outputs if name in run.shapes), ())
