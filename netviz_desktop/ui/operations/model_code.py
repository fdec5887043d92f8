"""Ask for the function that makes the module a state dict belongs to."""

from __future__ import annotations

from pathlib import Path

from PySide6.QtWidgets import (
    QDialog,
    QDialogButtonBox,
    QFileDialog,
    QHBoxLayout,
    QLabel,
    QLineEdit,
    QPushButton,
    QVBoxLayout,
    QWidget,
)


class ModelCodeDialog(QDialog):
    """`code` is what was entered, once it is accepted."""

    def __init__(self, file_name: str, code: str = "", parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setWindowTitle("Model code")
        explanation = QLabel(
            f"{file_name} holds weights alone. Name a Python function that takes no "
            "arguments and gives the torch.nn.Module they belong to; it will be run.",
            self,
        )
        explanation.setWordWrap(True)
        self.field = QLineEdit(code, self)
        self.field.setPlaceholderText("package.module:function  or  /path/to/file.py:function")
        self.field.textChanged.connect(self._check)
        browse = QPushButton("Browse…", self)
        browse.clicked.connect(self._browse)
        row = QHBoxLayout()
        row.addWidget(self.field, 1)
        row.addWidget(browse)
        self._buttons = QDialogButtonBox(QDialogButtonBox.StandardButton.Cancel, self)
        self._run = self._buttons.addButton("Load and run", QDialogButtonBox.ButtonRole.AcceptRole)
        self._run.setDefault(True)
        self._buttons.accepted.connect(self.accept)
        self._buttons.rejected.connect(self.reject)
        column = QVBoxLayout(self)
        column.setContentsMargins(20, 18, 20, 16)
        column.setSpacing(14)
        column.addWidget(explanation)
        column.addLayout(row)
        column.addWidget(self._buttons)
        self.setMinimumWidth(560)
        self._check()

    @property
    def code(self) -> str:
        """`package.module:function` or `file.py:function`."""
        return self.field.text().strip()

    def _check(self) -> None:
        module, _, function = self.code.rpartition(":")
        self._run.setEnabled(bool(module) and function.isidentifier())

    def _browse(self) -> None:
        dialog = QFileDialog(self, "Choose the Python file", str(Path.cwd()), "Python (*.py)")
        dialog.setFileMode(QFileDialog.FileMode.ExistingFile)
        dialog.fileSelected.connect(self._chosen)
        dialog.open()

    def _chosen(self, path: str) -> None:
        self.field.setText(f"{path}:")
        self.field.setFocus()
