"""Ask for a file without blocking the window."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QFileDialog, QWidget

from netviz_desktop.ui.settings import Settings


def choose_file(
    parent: QWidget,
    title: str,
    filters: list[str],
    settings: Settings,
    kind: str,
    then: Callable[[str], object],
    mode: QFileDialog.FileMode = QFileDialog.FileMode.ExistingFile,
) -> QFileDialog:
    """The dialog, shown in the folder that was last used for this `kind` of file.

    Args:
        then: called with the path, if one is chosen.
    """
    dialog = QFileDialog(parent, title, settings.folder(kind))
    dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
    dialog.setFileMode(mode)
    dialog.setNameFilters(filters)

    def chosen(path: str) -> None:
        settings.set_folder(kind, str(Path(path).parent))
        then(path)

    dialog.fileSelected.connect(chosen)
    dialog.open()
    return dialog
