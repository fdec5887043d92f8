"""`netviz window`: a picture of the real window."""

from __future__ import annotations

import argparse
import re

from netviz_desktop.cli._model import add_model
from netviz_desktop.cli._output import output_path
from netviz_desktop.graph.overlay import KINDS

NAME = "window"
HELP = "the real window, rendered offscreen to a .png"
DESCRIPTION = """\
Opens the model in the real window, without showing it, runs it on the image, waits until
all is drawn, and writes what would be seen."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    add_model(parser)
    parser.add_argument("--image", metavar="IMG", help="run the model on it")
    parser.add_argument("--node", metavar="ID", help="the node that is selected")
    parser.add_argument("--size", type=_size, default=(1600, 1000), metavar="WxH")
    parser.add_argument("--theme", choices=("light", "dark"), default="light")
    parser.add_argument(
        "--overlay",
        metavar="KIND|FILE",
        help=f"colour the graph: {', '.join(kind.id for kind in KINDS)}; "
        "or a CSV or JSON file of values by node",
    )
    parser.add_argument("-o", "--output", metavar="SHOT.png", required=True)


def run(options: argparse.Namespace) -> None:
    from netviz_desktop.cli._qt import prepare_offscreen

    path = output_path(options.output, (".png",))
    prepare_offscreen()
    from netviz_desktop.ui import shot

    shot.shoot(
        options.model,
        image=options.image,
        node=options.node,
        size=options.size,
        theme=options.theme,
        overlay=options.overlay,
        output=path,
        trust=options.trust,
        model_code=options.model_code,
        architecture=options.architecture,
        member=options.member,
    )


def _size(text: str) -> tuple[int, int]:
    """Width and height, in pixels."""
    if not re.fullmatch(r"\d{3,4}x\d{3,4}", text):
        raise argparse.ArgumentTypeError(f"{text!r} is no size such as 1600x1000")
    width, _, height = text.partition("x")
    return int(width), int(height)
