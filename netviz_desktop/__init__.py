"""NetViz Desktop: opens a neural network, draws it, and shows what happens inside."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

    from netviz_desktop.engine.session import Session

__version__ = "0.1.0"


def open(  # noqa: A001 - as in gzip.open: what one does with the package
    path: str | Path,
    *,
    trust: bool = False,
    model_code: str | None = None,
    architecture: str | None = None,
    member: str | None = None,
    labels: str | Path | None = None,
) -> Session:
    """A model, ready to be run and looked into, in a notebook or a script.

    Args:
        trust: run the code that a pickled module brings along.
        model_code: `package.module:function` or `file.py:function`, which called without
            arguments gives the nn.Module for a state dict.
        architecture: for a state dict, the network it belongs to, in place of the recognised
            one: "torchvision: resnet50"; "none" for its weights alone.
        member: which of the models in an archive.
        labels: a file of class names: one a line, or JSON.

    Raises:
        Problem: the file is missing, damaged, or of no known format.
    """
    from netviz_desktop.engine.session import Session
    from netviz_desktop.readers import Options

    session = Session()
    session.open(
        str(path),
        Options(trust, model_code, architecture, member),
        labels=None if labels is None else str(labels),
    )
    return session
