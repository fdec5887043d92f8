"""`netviz export`: the graph as a picture, or as data for other programs."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from netviz_desktop.cli._model import add_model, open_model
from netviz_desktop.cli._output import output_path, whole, write_text
from netviz_desktop.graph import ModelGraph, overlay_file
from netviz_desktop.graph.counts import counts
from netviz_desktop.graph.export import TEXTS
from netviz_desktop.graph.overlay import BY_ID, KINDS, Overlay, of_counts
from netviz_desktop.graph.scopes import Scopes
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
_KINDS = tuple(kind.id for kind in KINDS if not kind.needs_run)


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
    pictures.add_argument(
        "--overlay",
        metavar="KIND|FILE",
        help=f"colour by {', '.join(_KINDS)}, or by a CSV or JSON file of values by node",
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
    overlay = _overlay(options.overlay, graph) if options.overlay is not None else None
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
            overlay=overlay,
        )
    application.processEvents()


def _refuse_looks(options: argparse.Namespace, suffix: str) -> None:
    """Raises: Problem: something was said about how data should look."""
    said = {
        "--depth and --all": options.depth,
        "--direction": options.direction,
        "--theme": options.theme,
        "--overlay": options.overlay,
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


def _overlay(wanted: str, graph: ModelGraph) -> Overlay:
    """Raises: Problem: it is none, or of a run."""
    if wanted in _KINDS:
        return of_counts(BY_ID[wanted], counts(graph))
    if wanted in BY_ID:
        raise Problem(
            f"The overlay “{wanted}” is of a run, and `netviz export` runs nothing.",
            "Take `netviz window --image`, which shows it with the window.",
        )
    if not Path(wanted).is_file():
        raise Problem(
            f"There is no overlay “{wanted}”.", f"Take one of {', '.join(_KINDS)}, or a file."
        )
    found, said = overlay_file.overlays(Path(wanted), Scopes(graph))
    if said:
        sys.stderr.write(f"{said}\n")
    return found[0]
