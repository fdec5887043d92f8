"""The model that a command is about, as every command takes it."""

from __future__ import annotations

import argparse
import difflib
from collections.abc import Iterable
from typing import TYPE_CHECKING

import netviz_desktop
from netviz_desktop.problems import Problem

if TYPE_CHECKING:
    from netviz_desktop.engine.session import Session
    from netviz_desktop.graph import ModelGraph


def add_model(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "model", metavar="MODEL", help="a model file, an archive or a folder with one"
    )
    parser.add_argument(
        "--trust",
        action="store_true",
        help="run the code that a pickled PyTorch module or a Keras file brings along; "
        "only for files whose author you trust",
    )
    parser.add_argument(
        "--model-code",
        metavar="MODULE:FUNCTION",
        help="for weights alone: package.module:function or file.py:function, "
        "which called without arguments gives the nn.Module or keras.Model; this runs that code",
    )
    parser.add_argument(
        "--architecture",
        metavar="NAME",
        help="for weights alone: the network they belong to, as `netviz summary` names it, "
        "in place of the recognised one; none: the weights as they are",
    )
    parser.add_argument(
        "--member", metavar="PATH", help="which model in an archive or a folder with several"
    )


def add_labels(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--labels", metavar="FILE", help="class names: one a line, or JSON")


def open_model(options: argparse.Namespace) -> Session:
    """The opened model.

    Raises:
        Problem: it cannot be opened.
    """
    return netviz_desktop.open(
        options.model,
        trust=options.trust,
        model_code=options.model_code,
        architecture=options.architecture,
        member=options.member,
        labels=getattr(options, "labels", None),
    )


def check_nodes(graph: ModelGraph, node_ids: Iterable[str]) -> None:
    """Raises: Problem: there is no such node; it names the ones that are meant, perhaps."""
    for node_id in node_ids:
        if node_id not in graph:
            close = close_matches(node_id, [node.id for node in graph.nodes])
            raise Problem(
                f"There is no node “{node_id}” in this model.",
                f"Did you mean {close}?" if close else "`netviz graph` lists the ids.",
            )


def close_matches(word: str, known: list[str]) -> str:
    """What a misspelt word may stand for, to be read in a sentence; empty when nothing."""
    lower = {name.lower(): name for name in reversed(known)}
    close = difflib.get_close_matches(word.lower(), lower, n=3)
    close = close or [name for name in lower if word and word.lower() in name][:3]
    return " or ".join(lower[name] for name in close)
