"""`netviz export`: the graph as a picture, or as data for other programs."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from netviz_desktop.cli._model import add_model, open_model
from netviz_desktop.cli._output import output_path, whole, write_text
from netviz_desktop.graph.export import TEXTS
from netviz_desktop.problems import Problem

NAME = "export"
HELP = "the graph as .svg, .png, .pdf, .html, .dot, .graphml or .json"
DESCRIPTION = """\
Writes the graph; the suffix says as what:

  .svg .png .pdf  the picture, as the window opens it: all modules of a small model are open,
                  those of a large one as far as a person can take in
  .html           the same as one page for any browser, to pan, zoom and search; it needs no
                  server and no network
  .dot            for Graphviz
  .graphml        for yEd, Gephi, networkx
  .json           as `netviz graph`"""

_PICTURES = (".svg", ".png", ".pdf", ".html")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    add_model(parser)
    parser.add_argument("-o", "--output", metavar="GRAPH.SUFFIX", required=True)
    pictures = parser.add_argument_group("of pictures")
    opened = pictures.add_mutually_exclusive_group()
    opened.add_argument(
        "--depth", type=_level, metavar="N", help="open N levels of modules; 0 closes all"
    )
    opened.add_argument(
        "--all", dest="depth", action="store_const", const=sys.maxsize, help="open all modules"
    )
    pictures.add_argument(
        "--direction", choices=("down", "right"), help="where lines lead; default down"
    )
    pictures.add_argument(
        "--theme", choices=("light", "dark"), help="default light; of a page, as the reader prefers"
    )


def run(options: argparse.Namespace) -> None:
    path = output_path(options.output, (*_PICTURES, *TEXTS))
    suffix = path.suffix.lower()
    if suffix in TEXTS:
        _refuse_looks(options, suffix)
        write_text(path, TEXTS[suffix](open_model(options).graph))
        return
    from netviz_desktop.cli._qt import prepare_offscreen

    graph = open_model(options).graph
    prepare_offscreen()
    from netviz_desktop.ui import theme
    from netviz_desktop.ui.application import make_application
    from netviz_desktop.ui.scene import picture

    application = make_application(options.theme or "light")
    with whole(path) as part:
        picture.draw(
            graph,
            part,
            {"dark": theme.DARK, "light": theme.LIGHT}.get(options.theme),
            title=Path(options.model).name,
            depth=options.depth,
            left_to_right=options.direction == "right",
        )
    application.processEvents()


def _refuse_looks(options: argparse.Namespace, suffix: str) -> None:
    """Raises: Problem: something was said about how data should look."""
    said = {
        "--depth and --all": options.depth,
        "--direction": options.direction,
        "--theme": options.theme,
    }
    for option, value in said.items():
        if value is not None:
            raise Problem(
                f"{option} cannot be heeded: a {suffix} file holds every node, and no looks.",
                "Leave it out, or write a picture.",
            )


def _level(text: str) -> int:
    if not text.isascii() or not text.isdecimal():
        raise argparse.ArgumentTypeError(f"{text!r} is no number of levels")
    return int(text)
