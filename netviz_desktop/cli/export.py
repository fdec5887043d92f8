"""`netviz export`: the graph as a picture, or as data for other programs."""

from __future__ import annotations

import argparse

from netviz_desktop.cli._model import add_model, open_model
from netviz_desktop.cli._output import output_path, whole, write_text
from netviz_desktop.graph.export import as_dot, as_graphml, as_json

NAME = "export"
HELP = "the graph as .svg, .png, .pdf, .dot, .graphml or .json"
DESCRIPTION = """\
Writes the graph; the suffix says as what:

  .svg .png .pdf  the picture, as the window draws it
  .dot            for Graphviz
  .graphml        for yEd, Gephi, networkx
  .json           as `netviz graph`"""

_PICTURES = (".svg", ".png", ".pdf")
_TEXTS = {".dot": as_dot, ".graphml": as_graphml, ".json": as_json}


def add_arguments(parser: argparse.ArgumentParser) -> None:
    add_model(parser)
    parser.add_argument("-o", "--output", metavar="GRAPH.SUFFIX", required=True)


def run(options: argparse.Namespace) -> None:
    path = output_path(options.output, (*_PICTURES, *_TEXTS))
    suffix = path.suffix.lower()
    if suffix in _TEXTS:
        write_text(path, _TEXTS[suffix](open_model(options).graph))
        return
    from netviz_desktop.cli._qt import prepare_offscreen

    graph = open_model(options).graph
    prepare_offscreen()
    from netviz_desktop.ui.application import make_application
    from netviz_desktop.ui.scene import picture

    application = make_application("light")
    with whole(path) as part:
        picture.draw(graph, part)
    application.processEvents()
