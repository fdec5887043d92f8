"""`netviz methods`: the attribution methods."""

from __future__ import annotations

import argparse
import json
import sys
import textwrap
from dataclasses import asdict
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from netviz_desktop.link.messages import MethodInfo, MethodParameter

NAME = "methods"
HELP = "the attribution methods, their parameters and sources"
DESCRIPTION = """\
Lists the methods that `netviz explain --method` takes, each with its parameters (-p) and
the paper it comes from.

With --json: [{id, label, of_layer, source, help, parameters: [{name, default, help,
minimum, maximum, choices}]}]. A method with of_layer explains a node, otherwise the input."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--json", action="store_true", help="as JSON")


def run(options: argparse.Namespace) -> None:
    from netviz_desktop.engine import explain

    found = explain.methods()
    if options.json:
        listed = [asdict(method) for method in found]
        sys.stdout.write(json.dumps(listed, indent=1, ensure_ascii=False) + "\n")
    else:
        sys.stdout.write("\n\n".join(_text(method) for method in found) + "\n")


def _text(method: MethodInfo) -> str:
    lines = [
        f"{method.id}  ({method.label}, of {'a layer' if method.of_layer else 'the input'})",
        *textwrap.wrap(method.help, 84, initial_indent="    ", subsequent_indent="    "),
        f"    {method.source}",
    ]
    return "\n".join([*lines, *(_parameter(parameter) for parameter in method.parameters)])


def _parameter(parameter: MethodParameter) -> str:
    limits = " | ".join(parameter.choices)
    if parameter.minimum is not None or parameter.maximum is not None:
        low = "" if parameter.minimum is None else f"{parameter.minimum:g}"
        high = "" if parameter.maximum is None else f"{parameter.maximum:g}"
        limits = f"{low}..{high}"
    about = f"{limits}; {parameter.help}" if limits else parameter.help
    default = (
        str(parameter.default).lower() if isinstance(parameter.default, bool) else parameter.default
    )
    return f"    -p {parameter.name}={default}  {about}"
