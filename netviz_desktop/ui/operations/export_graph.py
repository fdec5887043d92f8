"""Save the graph as a picture."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from PySide6.QtWidgets import QFileDialog, QWidget

from netviz_desktop.problems import Problem
from netviz_desktop.ui.choose_file import choose_file
from netviz_desktop.ui.scene import GraphView, picture
from netviz_desktop.ui.settings import Settings

_KINDS = {".svg": "SVG, sharp at any size", ".pdf": "PDF", ".png": "PNG"}


def choose_picture(
    parent: QWidget, model_name: str, settings: Settings, then: Callable[[Path], object]
) -> QFileDialog:
    """Ask where to save the picture; its suffix says as what."""
    filters = [f"{label} (*{suffix})" for suffix, label in _KINDS.items()]
    dialog = choose_file(
        parent, "Export picture", filters, settings, "picture", lambda path: then(Path(path))
    )
    dialog.setAcceptMode(QFileDialog.AcceptMode.AcceptSave)
    dialog.setFileMode(QFileDialog.FileMode.AnyFile)
    dialog.setDefaultSuffix("svg")
    dialog.filterSelected.connect(
        lambda chosen: dialog.setDefaultSuffix(chosen.rpartition("*.")[2].rstrip(")"))
    )
    dialog.selectFile(f"{Path(model_name).stem}.svg")
    return dialog


def export(view: GraphView, path: Path) -> None:
    """Write the whole graph, not only what is in view.

    Raises:
        Problem: it cannot be written there.
    """
    try:
        picture.save(view, path)
    except OSError as error:
        raise Problem(
            f"{path.name} cannot be written: {error.strerror or error}.",
            "Choose another place for it.",
        ) from error
