"""Ask where to save a file, without blocking the window."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QFileDialog, QWidget


def ask_where(
    parent: QWidget, title: str, name: str, kinds: dict[str, str], then: Callable[[Path], object]
) -> QFileDialog:
    """The dialog, which suggests `name`, in the folder that was last used.

    Args:
        kinds: what files of a suffix are called; the first is that of `name`.
        then: called with the path, if one is chosen.
    """
    dialog = QFileDialog(parent, title)
    dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
    dialog.setAcceptMode(QFileDialog.AcceptMode.AcceptSave)
    dialog.setFileMode(QFileDialog.FileMode.AnyFile)
    dialog.setNameFilters([f"{label} (*{suffix})" for suffix, label in kinds.items()])
    dialog.setDefaultSuffix(next(iter(kinds)))
    dialog.filterSelected.connect(
        lambda chosen: dialog.setDefaultSuffix(chosen.rpartition("*.")[2].rstrip(")"))
    )
    dialog.selectFile(name)
    dialog.fileSelected.connect(lambda path: then(Path(path)))
    dialog.open()
    return dialog
