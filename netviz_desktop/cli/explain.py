"""`netviz explain`: an attribution as numbers, or over the image."""

from __future__ import annotations

import argparse
import sys

from netviz_desktop.cli._input import add_input, add_target, run_model
from netviz_desktop.cli._model import (
    add_labels,
    add_model,
    check_nodes,
    open_model,
)
from netviz_desktop.cli._output import output_path, write_npy
from netviz_desktop.problems import Problem

NAME = "explain"
HELP = "an attribution map as .npy, or over the image as .png"
DESCRIPTION = """\
Explains the score of a class: where a method sees evidence for it.

  -o map.npy  the raw signed map, at the method's own resolution: (H, W) of the node for
              methods of a layer, the input's shape for methods of the input
  -o map.png  the evidence over the image as the model saw it (with --image only)

Methods of a layer without --node choose a layer, and print it: "node: ID", then why.
`netviz methods` lists the methods and their parameters."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    add_model(parser)
    add_input(parser)
    add_labels(parser)
    parser.add_argument("--method", metavar="M", required=True, help="such as grad-cam")
    parser.add_argument("--node", metavar="ID", help="the layer, for methods of a layer")
    add_target(parser)
    parser.add_argument(
        "-p",
        dest="parameters",
        metavar="KEY=VALUE",
        action="append",
        default=[],
        help="a parameter of the method; repeatable",
    )
    parser.add_argument("-o", "--output", metavar="MAP.npy|MAP.png", required=True)


def run(options: argparse.Namespace) -> None:
    from netviz_desktop.engine import explain

    path = output_path(options.output, (".npy", ".png"))
    if path.suffix.lower() == ".png" and options.image is None:
        raise Problem(
            "The overlay needs an image, but only a tensor was given.",
            "Give --image, or write the map to a name that ends in .npy.",
        )
    method = explain.method(options.method)
    if options.node is not None and not method.of_layer:
        raise Problem(f"{method.label} explains the input, not a node.", "Leave --node out.")
    parameters = dict(_key_and_value(text) for text in options.parameters)
    session = open_model(options)
    finished = run_model(session, options)
    if options.node is not None:
        check_nodes(session.graph, [options.node])
    if options.target is not None:
        session.last.check_target(options.target)
    node = options.node
    if node is None and method.of_layer:
        node, reason = session.default_layer()
        if node is None:
            raise Problem(reason, "Name a layer with --node.")
        sys.stdout.write(f"node: {node}\n{reason}\n")
    found = session.explain(method.id, node, options.target, step=None, **parameters)
    if path.suffix.lower() == ".npy":
        write_npy(path, found.raw)
    elif finished is None or found.placed is None:
        raise Problem(
            f"A map of {method.label} cannot be laid over the image.",
            "Write it to a name that ends in .npy.",
        )
    else:
        from netviz_desktop.cli._overlay import write_overlay

        write_overlay(path, finished.seen, found.placed)
    sys.stdout.write(f"target: {found.target} {found.label}".rstrip() + "\n")
    if found.state:
        sys.stdout.write(f"{found.state}\n")


def _key_and_value(text: str) -> tuple[str, str]:
    key, separator, value = text.partition("=")
    if not separator:
        raise Problem(f"-p {text} has no value.", "Give -p KEY=VALUE.")
    return key, value
