"""Ask whether a file may run the code it brings along."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QMessageBox, QWidget


def ask_trust(parent: QWidget, file_name: str, then: Callable[[], object]) -> QMessageBox:
    """The question; `then` is called only by the button that says so."""
    box = QMessageBox(parent)
    box.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
    box.setWindowTitle("Run the code of this file?")
    box.setIcon(QMessageBox.Icon.Warning)
    box.setText(f"{file_name} contains Python code.")
    box.setInformativeText(
        "Running it gives it every right that you have on this computer. "
        "Do this only if you know where the file comes from."
    )
    trust = box.addButton("Trust and run", QMessageBox.ButtonRole.AcceptRole)
    trust.clicked.connect(lambda _checked=False: then())
    keep = box.addButton("Structure only", QMessageBox.ButtonRole.RejectRole)
    box.setDefaultButton(keep)
    box.setEscapeButton(keep)
    box.open()
    return box
