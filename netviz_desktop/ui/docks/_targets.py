"""What the classes of the model are called."""

from __future__ import annotations

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


def label_of(selection: Selection) -> str:
    """The name of the class in view."""
    target = target_in_view(selection)
    return "output" if target is None else class_label(selection, target)


def class_count(selection: Selection) -> int:
    """How many classes the model tells apart; 0 when it tells none."""
    run, graph = selection.run, selection.graph
    if run is None or graph is None or not run.predictions:
        return 0
    labels = selection.model.labels if selection.model is not None else ()
    shapes = [run.shapes[name] for name in graph.outputs if name in run.shapes]
    return len(labels) or (shapes[0][-1] if shapes and shapes[0] else 0)
