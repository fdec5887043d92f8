"""What this program is."""

from __future__ import annotations

from PySide6.QtWidgets import QMessageBox, QWidget

from netviz_desktop import __version__
from netviz_desktop.link.messages import Hello


def about(parent: QWidget, hello: Hello | None) -> QMessageBox:
    """A box that says it, not shown yet."""
    box = QMessageBox(parent)
    box.setWindowTitle("About NetViz Desktop")
    box.setIconPixmap(parent.windowIcon().pixmap(64, 64))
    box.setText(f"NetViz Desktop {__version__}")
    engine = f"torch {hello.torch_version} on {hello.device}" if hello else "not running"
    box.setInformativeText(
        "Opens a neural network, draws it, and shows what happens inside when an image "
        f"runs through it.\n\nEngine: {engine}.\n\n"
        "Nothing leaves this computer: no account, no telemetry.\n"
        "The font is Inter, under the SIL Open Font License."
    )
    return box
