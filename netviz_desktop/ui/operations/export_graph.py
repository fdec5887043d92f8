"""Save the graph: as a picture, or as data for other programs."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from PySide6.QtWidgets import QFileDialog, QWidget

from netviz_desktop.graph.export import TEXTS
from netviz_desktop.problems import Problem
from netviz_desktop.ui.choose_file import choose_file
from netviz_desktop.ui.scene import GraphView, picture
from netviz_desktop.ui.selection import Selection
from netviz_desktop.ui.settings import Settings

_PICTURES = {".svg": "SVG, sharp at any size", ".pdf": "PDF", ".png": "PNG"}
_DATA = {".dot": "Graphviz DOT", ".graphml": "GraphML", ".json": "JSON"}


def choose_export(
    parent: QWidget,
    model_name: str,
    settings: Settings,
    then: Callable[[Path], object],
    *,
    only_view: bool,
) -> QFileDialog:
    """Ask where to save; the suffix says as what. What is in view is always a picture."""
    kinds = _PICTURES if only_view else _PICTURES | _DATA
    filters = [f"{label} (*{suffix})" for suffix, label in kinds.items()]
    title = "Export view" if only_view else "Export graph"
    dialog = choose_file(parent, title, filters, settings, "picture", lambda path: then(Path(path)))
    dialog.setAcceptMode(QFileDialog.AcceptMode.AcceptSave)
    dialog.setFileMode(QFileDialog.FileMode.AnyFile)
    dialog.setDefaultSuffix("svg")
    dialog.filterSelected.connect(
        lambda chosen: dialog.setDefaultSuffix(chosen.rpartition("*.")[2].rstrip(")"))
    )
    dialog.selectFile(f"{Path(model_name).stem}.svg")
    return dialog


def export(view: GraphView, selection: Selection, path: Path, *, only_view: bool) -> None:
    """Write the graph: as it is drawn, or only what of it is in view; or all of it as data.

    Raises:
        Problem: it cannot be written there.
    """
    try:
        as_text = TEXTS.get(path.suffix.lower())
        if as_text is not None and not only_view and selection.graph is not None:
            path.write_text(as_text(selection.graph), encoding="utf-8")
        else:
            picture.save(view, path, view.visible_area() if only_view else None)
    except OSError as error:
        raise Problem(
            f"{path.name} cannot be written: {error.strerror or error}.",
            "Choose another place for it.",
        ) from error
