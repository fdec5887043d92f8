"""Give the open model tensors: by files, or by what is said of each input."""

from __future__ import annotations

from pathlib import Path

from PySide6.QtCore import QObject, Signal
from PySide6.QtWidgets import QWidget

from netviz_desktop.link.messages import ModelOpened
from netviz_desktop.problems import Problem
from netviz_desktop.ui.operations import given_inputs
from netviz_desktop.ui.operations.given_inputs import Array, Given
from netviz_desktop.ui.operations.inputs_dialog import InputsDialog
from netviz_desktop.ui.operations.open_image import OpenImage
from netviz_desktop.ui.selection import Selection
from netviz_desktop.ui.settings import Settings


class GiveInputs(QObject):
    """What each input was given is remembered for each model file."""

    failed = Signal(object)

    def __init__(
        self, images: OpenImage, selection: Selection, settings: Settings, parent: QWidget
    ) -> None:
        super().__init__(parent)
        self._images = images
        self._selection = selection
        self._settings = settings
        self._parent = parent
        self.pending: str | None = None
        """A file of arrays that the model which is being opened runs on."""
        self.dialog: InputsDialog | None = None
        selection.inputs_asked.connect(self.ask)
        selection.model_changed.connect(self._model_changed)

    def open(self, path: str) -> None:
        """Run on the arrays in a file."""
        model = self._selection.model
        if model is None:
            self.failed.emit(
                Problem(
                    f"No model is open that {Path(path).name} could be for.",
                    "Open a model first, or drop both together.",
                )
            )
            return
        try:
            inputs = given_inputs.for_inputs(given_inputs.read(path), model.inputs)
        except Problem as problem:
            self.failed.emit(problem)
        else:
            self._images.run_tensors(Path(path).name, inputs)

    def ask(self) -> None:
        """Ask for each input of the open model what it is given."""
        model = self._selection.model
        if model is None or model.structure_only is not None:
            return
        if not model.inputs:
            self.failed.emit(
                Problem(
                    f"What {Path(model.path).name} takes is not known before it has run.",
                    "Open an image, or drop an .npz of its inputs by their names.",
                )
            )
            return
        if self.dialog is None:
            known = self._settings.given_inputs(model.path)
            self.dialog = InputsDialog(model.inputs, known, self._settings, self._parent)
            self.dialog.given.connect(self._given)
        self.dialog.show()
        self.dialog.raise_()

    def _given(self, arrays: dict[str, Array], said: dict[str, Given]) -> None:
        model = self._selection.model
        if model is not None:
            self._settings.set_given_inputs(model.path, said)
            self._images.run_tensors("the given inputs", arrays)

    def _model_changed(self, model: ModelOpened | None) -> None:
        if self.dialog is not None:
            self.dialog.close()
            self.dialog.deleteLater()
            self.dialog = None
        path, self.pending = self.pending, None
        if path is not None and model is not None:
            self.open(path)
