"""`netviz graph`: the graph as JSON."""

from __future__ import annotations

import argparse
import sys

from netviz_desktop.cli._model import add_model, open_model
from netviz_desktop.cli._output import output_path, write_text
from netviz_desktop.graph.export import as_json

NAME = "graph"
HELP = "the graph as JSON"
DESCRIPTION = """\
Prints the model's graph as JSON:

  format           what kind of file it is
  inputs, outputs  names of values
  parameter_count  numbers in all parameters
  values           {name: {shape, dtype}}; a free dimension is its name or null. With
                   origin, where the file does not say so: "inferred", or "observed" in a run
  nodes            [{id, op_type, domain, name, scope, inputs, outputs, attributes,
                     parameters: [{name, shape, dtype, role}], bodies}], in running order

A node's bodies are names of graphs inside it, such as the branches of an If: --body."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    add_model(parser)
    parser.add_argument("--body", metavar="NAME", help="the graph inside a node, by this name")
    parser.add_argument("-o", "--output", metavar="G.json", help="write it here, not to stdout")


def run(options: argparse.Namespace) -> None:
    path = None if options.output is None else output_path(options.output, (".json",))
    session = open_model(options)
    text = as_json(session.graph if options.body is None else session.body(options.body))
    if path is None:
        sys.stdout.write(text)
    else:
        write_text(path, text)
