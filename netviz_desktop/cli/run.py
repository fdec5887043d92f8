"""`netviz run`: activations, gradients and weights as an .npz."""

from __future__ import annotations

import argparse
import sys
from collections import defaultdict
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from netviz_desktop.cli._input import add_input, add_target, run_model
from netviz_desktop.cli._model import add_labels, add_model, check_nodes, open_model
from netviz_desktop.cli._output import output_path, write_npz
from netviz_desktop.cli._table import table

if TYPE_CHECKING:
    from netviz_desktop.engine.session import Session
    from netviz_desktop.graph import Node

NAME = "run"
HELP = "activations, gradients and weights as an .npz file"
DESCRIPTION = """\
Runs the model, prints the likeliest classes, and writes an .npz with

  activation/ID    what the node computed; further outputs activation/ID:1, ...
  gradient/ID      with --gradients: d score of the target / d activation
  weight/ID/PARAM  the node's parameters as the file has them
  output/NAME      the model's outputs
  target           the class that gradients are of, as its index before softmax
  input            the tensor as the model took it; of several inputs, input/NAME

A node on which the score does not depend has a gradient of zeros. One that has no gradient
at all (integers, operations without a derivative) is left out, and stderr says why.
bfloat16 and float8 are written as float32."""

_SHOWN = 5
_LISTED = 4


def add_arguments(parser: argparse.ArgumentParser) -> None:
    add_model(parser)
    add_input(parser)
    add_labels(parser)
    parser.add_argument(
        "--node",
        metavar="ID",
        action="append",
        help="only this node, as `netviz graph` calls it; repeatable; default: all",
    )
    add_target(parser)
    parser.add_argument("--gradients", action="store_true", help="write gradients too")
    parser.add_argument("-o", "--output", metavar="OUT.npz", required=True)


def run(options: argparse.Namespace) -> None:
    path = output_path(options.output, (".npz",))
    session = open_model(options)
    run_model(session, options)
    graph = session.graph
    check_nodes(graph, options.node or ())
    target = session.predicted_target() if options.target is None else options.target
    session.last.check_target(target)
    nodes = [graph.node(node_id) for node_id in dict.fromkeys(options.node or ())]
    missing: dict[str, list[str]] = defaultdict(list)
    arrays = _arrays(session, nodes or list(graph.nodes), target, options.gradients, missing)
    write_npz(path, arrays)
    sys.stdout.write(_predictions(session, target))
    for reason, names in missing.items():
        sys.stderr.write(f"Left out: {_listed(names)}. {reason}\n")


def _arrays(
    session: Session,
    nodes: list[Node],
    target: int,
    gradients: bool,
    missing: dict[str, list[str]],
) -> Iterator[tuple[str, NDArray[Any]]]:
    """Everything that is written, one at a time; `missing` collects what is not, by reason."""
    ran = session.last
    if gradients:
        ran.gradients(target)  # of all nodes at once: one pass backward
    for node in nodes:
        for output, value in enumerate(node.outputs):
            if not value:
                continue
            name = f"{node.id}:{output}" if output else node.id
            if value not in ran.values:
                missing["The run did not reach them."].append(f"activation/{name}")
                continue
            yield f"activation/{name}", session.activation(node.id, output)
            if gradients and ran.values[value].edge is None:
                state = ran.gradient_state(target, node.id, output)
                missing[state].append(f"gradient/{name}")
            elif gradients:
                yield f"gradient/{name}", session.gradient(node.id, target, output)
        for parameter in node.parameters:
            yield f"weight/{node.id}/{parameter.name}", session.weight(parameter.name)
    for name in session.graph.outputs:
        yield f"output/{name}", session.value(name)
    yield "target", np.array(target)
    inputs = session.graph.inputs
    for name in inputs:
        yield "input" if len(inputs) == 1 else f"input/{name}", session.value(name)


def _listed(names: list[str]) -> str:
    rest = len(names) - _LISTED
    return ", ".join(names[:_LISTED]) + (f" and {rest} more" if rest > 0 else "")


def _predictions(session: Session, target: int) -> str:
    predictions = session.predictions(_SHOWN)
    if not predictions:
        return f"target: {target}\n"
    rows = [
        (str(found.target), f"{found.score:.4f}", f"{found.logit:.4g}", found.label)
        for found in predictions
    ]
    return table(("target", "score", "logit", "label"), rows, right=(0, 1, 2)) + "\n"
