"""Save the graph: as a picture, a page, or data for other programs."""

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
_PAGE = {".html": "Web page, to pan, zoom and search"}
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
    kinds = _PICTURES if only_view else _PICTURES | _PAGE | _DATA
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
        model, graph, suffix = selection.model, selection.graph, path.suffix.lower()
        if only_view:
            picture.save(view, path, view.visible_area())
        elif suffix in TEXTS and graph is not None:
            path.write_text(TEXTS[suffix](graph), encoding="utf-8")
        elif suffix in _PAGE and graph is not None and model is not None:
            picture.save_page(view, path, graph, Path(model.path).name)
        else:
            picture.save(view, path)
    except OSError as error:
        raise Problem(
            f"{path.name} cannot be written: {error.strerror or error}.",
            "Choose another place for it.",
        ) from error
