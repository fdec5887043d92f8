"""Which value holds the class scores: the rule that every runner shares."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from netviz_desktop.graph import ModelGraph, Node

# Ops by their lower-case names in ONNX, ATen and torch.nn.functional.
_SCORES = {
    "softmax": "softmax",
    "log_softmax": "softmax",
    "logsoftmax": "softmax",
    "_softmax": "softmax",
    "_log_softmax": "softmax",
    "sigmoid": "sigmoid",
}
_SAME_NUMBERS = frozenset(
    [
        "identity",
        "reshape",
        "flatten",
        "squeeze",
        "unsqueeze",
        "cast",
        "castlike",
        "view",
        "_unsafe_view",
        "contiguous",
        "clone",
        "alias",
        "to",
        "_to_copy",
        "type_as",
        "float",
        "double",
        "half",
        "detach",
        "dropout",
        "quantizelinear",
        "dequantizelinear",
        "inputlayer",
        "linear activation",
    ]
)


def find_logits(
    graph: ModelGraph, shape_of: Callable[[str], tuple[int, ...]]
) -> tuple[str | None, str]:
    """The value that holds class scores before softmax or sigmoid, and which of the two.

    It is what the last softmax or sigmoid of the first output reads, if only ops that keep
    the numbers come after it; without one, the first output itself, taken as logits. Classes
    are scored by a value of (N, classes), or one that flattens to it; a map of scores at
    each pixel is what targets index, and names no class.

    Args:
        shape_of: the shape that a value had in the run, by its name.

    Returns:
        The value's name and "softmax" or "sigmoid"; with "", a model without classes; None
        when no softmax or sigmoid ends it.
    """
    if not graph.outputs:
        return None, ""
    output = value = graph.outputs[0]
    for _ in graph.nodes:  # no way back is longer than this, even if the file goes in circles
        producer = graph.producer.get(value)
        if producer is None:
            break
        node = graph.node(producer)
        op = _function(node)
        if op in _SCORES and node.inputs:
            kind, before = _SCORES[op], node.inputs[0]
            least = 1 if kind == "sigmoid" else 2
            shape = shape_of(before)
            if not shape:
                return None, ""
            return before, kind if _classes(shape) >= least else ""
        if op not in _SAME_NUMBERS or not node.inputs:
            break
        value = node.inputs[0]
    dtype = graph.values[output].dtype if output in graph.values else None
    if dtype is not None and "float" not in dtype:
        return None, ""
    return (output, "softmax") if _classes(shape_of(output)) >= 2 else (None, "")


def _function(node: Node) -> str:
    """What it computes; an Activation of Keras says so in its settings."""
    if node.domain == "keras" and node.op_type == "Activation":
        name = str(node.attributes.get("activation", "")).lower()
        return f"{name} activation" if name == "linear" else name
    return node.op_type.lower().rstrip("_")


def _classes(shape: tuple[int, ...]) -> int:
    """How many classes a tensor of this shape scores; 0 when it is none of class scores."""
    if not shape:
        return 0
    per_sample = shape[1:] if len(shape) > 1 else shape
    classes = max(per_sample)
    return classes if math.prod(per_sample) == classes else 0
