"""Ask what each input of a model is given."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from PySide6.QtCore import Signal
from PySide6.QtWidgets import (
    QComboBox,
    QDialog,
    QDialogButtonBox,
    QGridLayout,
    QLabel,
    QLineEdit,
    QPushButton,
    QWidget,
)

from netviz_desktop.graph import Dimension, Value
from netviz_desktop.problems import Problem
from netviz_desktop.ui.choose_file import choose_file
from netviz_desktop.ui.operations import given_inputs
from netviz_desktop.ui.operations.given_inputs import FILE, RANDOM, TYPED, WAYS, Array, Given
from netviz_desktop.ui.settings import Settings
from netviz_desktop.ui.widgets.labels import Caption, Elided, Notice
from netviz_desktop.ui.widgets.layouts import GRID, column, row, scrolled

_HINTS = {RANDOM: "seed", TYPED: "1, 2, 3", FILE: "X.npy"}


class InputsDialog(QDialog):
    """A row for each input; stays open while what is given runs.

    Args:
        inputs: what the model takes.
        given: what they were given last, by their names.
    """

    given = Signal(object, object)
    """The arrays, and the `Given` they came from, both by the inputs' names."""

    def __init__(
        self,
        inputs: Sequence[Value],
        given: Mapping[str, Given],
        settings: Settings,
        parent: QWidget | None = None,
    ) -> None:
        super().__init__(parent)
        self.setWindowTitle("Inputs")
        self.rows = [
            InputRow(value, given.get(value.name) or given_inputs.proposed(value), settings, self)
            for value in inputs
        ]
        page = QWidget()
        grid = QGridLayout(page)
        grid.setContentsMargins(0, 0, GRID, 0)
        grid.setColumnStretch(0, 1)
        grid.setColumnStretch(3, 2)
        for line, one in enumerate(self.rows):
            for place, part in enumerate((one.name, one.way, one.shape, one.detail)):
                grid.addWidget(part, line, place)
        grid.setRowStretch(len(self.rows), 1)
        self.problem = Notice()
        self.problem.hide()
        buttons = QDialogButtonBox()
        close = buttons.addButton(QDialogButtonBox.StandardButton.Close)
        close.setAutoDefault(False)  # Enter in a field runs
        self.run = buttons.addButton("Run", QDialogButtonBox.ButtonRole.ApplyRole)
        self.run.setDefault(True)
        self.run.clicked.connect(self._run)
        buttons.rejected.connect(self.reject)
        column(
            self,
            Caption("What each input of the model is given, as it takes it."),
            scrolled(page),
            self.problem,
            buttons,
            margin=16,
        ).setStretch(1, 1)
        self.resize(640, min(140 + 52 * len(self.rows), 480))

    def _run(self) -> None:
        """All of them, or the first that cannot be made."""
        try:
            said = {one.value.name: one.given() for one in self.rows}
            arrays: dict[str, Array] = {
                one.value.name: given_inputs.array_of(one.value, said[one.value.name])
                for one in self.rows
            }
        except Problem as problem:
            self.problem.say(f"{problem.what} {problem.remedy}")
            return
        self.problem.say("")
        self.given.emit(arrays, said)


class InputRow:
    """The fields of one input."""

    def __init__(self, value: Value, given: Given, settings: Settings, parent: QWidget) -> None:
        self.value = value
        self._settings = settings
        self._parent = parent
        self._texts = {RANDOM: "0"}  # by way, so that going back loses nothing
        self.name = QWidget()
        title, kind = Elided(bold=True), QLabel(f"{_sizes(value.shape)}  {value.dtype or ''}")
        title.set_text(value.name)
        title.setMinimumWidth(120)
        kind.setObjectName("Note")
        column(self.name, title, kind, spacing=0)
        self.way = QComboBox()
        for way, label in WAYS.items():
            self.way.addItem(label, way)
        self.shape = QLineEdit(", ".join(map(str, given.shape)))
        self.shape.setToolTip("The shape: whole numbers")
        self.shape.setFixedWidth(120)
        self.text = QLineEdit()
        self.browse = QPushButton("Browse…")
        self.browse.setAutoDefault(False)
        self.browse.clicked.connect(self._browse)
        self.detail = QWidget()
        self.detail.setLayout(row(self.text, self.browse))
        self._way = given.way
        self.way.setCurrentIndex(self.way.findData(given.way))
        self.text.setText(given.text)
        self._show_way()
        self.way.currentIndexChanged.connect(self._way_changed)

    def given(self) -> Given:
        """As it is filled in.

        Raises:
            Problem: the shape is none.
        """
        return Given(self._way, self.text.text().strip(), self._shape())

    def choose_file(self, path: str) -> None:
        self.way.setCurrentIndex(self.way.findData(FILE))
        self.text.setText(path)

    def _shape(self) -> tuple[int, ...]:
        """A file and what is typed have their own."""
        if self._way in (FILE, TYPED):
            return given_inputs.proposed(self.value).shape
        text = self.shape.text().replace("×", ",").strip()
        parts = [part.strip() for part in text.split(",") if part.strip()]
        if not all(part.isdecimal() and len(part) < 10 for part in parts):
            raise Problem(
                f"“{text}” is no shape for “{self.value.name}”.",
                "Type whole numbers, such as 1, 16.",
            )
        return tuple(map(int, parts))

    def _way_changed(self) -> None:
        self._texts[self._way] = self.text.text()
        self._way = str(self.way.currentData())
        self.text.setText(self._texts.get(self._way, ""))
        self._show_way()

    def _show_way(self) -> None:
        self.text.setVisible(self._way in _HINTS)
        self.text.setPlaceholderText(_HINTS.get(self._way, ""))
        self.text.setToolTip("The seed" if self._way == RANDOM else "")
        self.browse.setVisible(self._way == FILE)
        self.shape.setEnabled(self._way not in (FILE, TYPED))

    def _browse(self) -> None:
        patterns = " ".join(f"*{suffix}" for suffix in given_inputs.SUFFIXES)
        choose_file(
            self._parent,
            f"Open “{self.value.name}”",
            [f"NumPy arrays ({patterns})", "All files (*)"],
            self._settings,
            "tensor",
            self.text.setText,
        )


def _sizes(shape: Sequence[Dimension] | None) -> str:
    if shape is None:
        return "any shape"
    return " × ".join("?" if size is None else str(size) for size in shape) or "a number"
