"""Ask for the function that makes the network that weights belong to."""

from __future__ import annotations

from pathlib import Path

from PySide6.QtCore import Qt
from PySide6.QtWidgets import (
    QComboBox,
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

from netviz_desktop.problems import Problem
from netviz_desktop.ui.python_outline import callables


class ModelCodeDialog(QDialog):
    """`code` is what was entered, once it is accepted."""

    def __init__(self, file_name: str, code: str = "", parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setWindowTitle("Model code")
        explanation = QLabel(
            f"{file_name} holds weights alone. Name a Python function that takes no arguments and "
            "gives the torch.nn.Module or keras.Model they belong to; it will be run.",
            self,
        )
        explanation.setTextFormat(Qt.TextFormat.PlainText)
        explanation.setWordWrap(True)
        self.field = QLineEdit(code, self)
        self.field.setPlaceholderText("package.module:function  or  /path/to/file.py:function")
        self.field.textChanged.connect(self._check)
        browse = QPushButton("Browse…", self)
        browse.clicked.connect(self._browse)
        row = QHBoxLayout()
        row.addWidget(self.field, 1)
        row.addWidget(browse)
        self.functions = QComboBox(self)
        self.functions.activated.connect(self._function_chosen)
        self.note = QLabel(self)
        self.note.setObjectName("Note")
        self.note.setTextFormat(Qt.TextFormat.PlainText)
        self.note.setWordWrap(True)
        for part in (self.functions, self.note):
            part.hide()  # until there is a file
        self._listed: Path | None = None
        """The file whose functions are in the list."""
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
        column.addWidget(self.functions)
        column.addWidget(self.note)
        column.addWidget(self._buttons)
        self.setMinimumWidth(560)
        self._check()

    @property
    def code(self) -> str:
        """`package.module:function` or `file.py:function`."""
        return self.field.text().strip()

    def choose_file(self, path: str) -> None:
        """Take a Python file; the first of its functions is proposed."""
        self.field.setText(f"{path}:")
        if self.functions.count():
            self._function_chosen(0)

    def _check(self) -> None:
        place, _, function = self.code.rpartition(":")
        self._list(Path(place) if place.endswith(".py") else None)
        known = self.functions.findText(function)
        self.functions.setCurrentIndex(known)
        self._run.setEnabled(bool(place) and function.isidentifier())

    def _list(self, path: Path | None) -> None:
        """Show what a file defines."""
        if path == self._listed:
            return
        self._listed = path
        names: list[str] = []
        self.note.clear()
        if path is not None and path.is_file():
            try:
                names = callables(path)
            except Problem as problem:
                self.note.setText(str(problem).replace("\n", " "))
            else:
                if not names:
                    self.note.setText(
                        f"{path.name} has no function or class that can be called without "
                        "arguments. Write one that gives the module."
                    )
        self.functions.clear()
        self.functions.addItems(names)
        self.functions.setVisible(bool(names))
        self.note.setVisible(bool(self.note.text()))
        self.adjustSize()

    def _function_chosen(self, index: int) -> None:
        self.field.setText(f"{self._listed}:{self.functions.itemText(index)}")

    def _browse(self) -> None:
        dialog = QFileDialog(self, "Choose the Python file", str(Path.cwd()), "Python (*.py)")
        dialog.setFileMode(QFileDialog.FileMode.ExistingFile)
        dialog.fileSelected.connect(self.choose_file)
        dialog.open()
