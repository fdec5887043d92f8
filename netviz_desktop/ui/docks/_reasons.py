"""Why there is nothing to show, in the words that all docks share."""

from __future__ import annotations

from netviz_desktop.graph import Node
from netviz_desktop.link.messages import ModelOpened, RunFinished
from netviz_desktop.problems import Problem
from netviz_desktop.ui.selection import Selection

NO_MODEL = Problem("No model is open.", "Open one, or drop it on the window.")
NO_NODE = Problem("No node is selected.", "Click one in the graph.")
NO_RUN = Problem("The model has not run yet.", "Open an image, or drop one on the window.")
INSIDE = Problem(
    "Of what is inside a node, a run keeps nothing.",
    "The node itself has what it takes and gives: go back to it by the path above the graph.",
)
STOPPED = Problem("The run did not come to its end.", "The node that stopped it is marked.")
NO_IMAGE_INPUT = Problem(
    "No input of this model takes an image.",
    "Model > Inputs… gives it numbers: files, typed ones, or random ones.",
)


def finished_run(selection: Selection) -> RunFinished | Problem:
    """The last run, or why there is none."""
    model = selection.model
    if model is None:
        return NO_MODEL
    if model.structure_only is not None:
        return _structure_only(model, model.structure_only)
    if selection.run is not None:
        return selection.run
    if selection.stop is not None:
        return STOPPED
    return NO_IMAGE_INPUT if model.preprocessing is None else NO_RUN


def selected_node(selection: Selection) -> Node | Problem:
    """The selected node, or why there is none."""
    if selection.model is None:
        return NO_MODEL
    if selection.pages:
        return INSIDE
    return selection.selected_node or NO_NODE


def _structure_only(model: ModelOpened, why: tuple[str, str]) -> Problem:
    """In short where the window has an action for it: its banner tells the whole, once."""
    if model.can_be_trusted:
        return Problem("Only the structure is known.", "Model > Trust and Run… runs its code.")
    if model.needs_code:
        return Problem("Only the weights are known.", "Model > Model Code… names their network.")
    if model.stopped_at:
        return Problem("The model cannot be run.", "The node that stops it is marked in the graph.")
    return Problem(*why)
