"""The image, the part of it that the model sees, and how it becomes a tensor."""

from __future__ import annotations

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QCheckBox, QPushButton, QStackedWidget, QWidget

from netviz_desktop.link.messages import Preprocessing, RunFinished
from netviz_desktop.problems import Problem
from netviz_desktop.ui.docks._following import Following
from netviz_desktop.ui.docks._reasons import finished_run
from netviz_desktop.ui.engine_client import EngineClient
from netviz_desktop.ui.selection import Selection
from netviz_desktop.ui.widgets.labels import Caption, Message
from netviz_desktop.ui.widgets.layouts import GRID, column, row, scrolled
from netviz_desktop.ui.widgets.numbers import number, shape, short
from netviz_desktop.ui.widgets.photo import Crop, Photo
from netviz_desktop.ui.widgets.preparation_form import PreparationDialog
from netviz_desktop.ui.widgets.thumbnail_strip import ThumbnailStrip

_MOST_INPUTS = 12


class InputImage(Following):
    ID = "input_image"
    TITLE = "Image"
    AREA = Qt.DockWidgetArea.LeftDockWidgetArea
    ORDER = 10
    FOLLOWS = ("model", "run", "stop")

    def __init__(
        self, engine: EngineClient, selection: Selection, parent: QWidget | None = None
    ) -> None:
        super().__init__(engine, selection, parent)
        self.picture = Photo()
        self.seen = Photo()
        self.words = Caption()
        self.as_tensor = QCheckBox("As the tensor")
        self.as_tensor.setToolTip(
            "Draw the numbers that the model takes, from the least to the greatest, its channels "
            "as red, green and blue"
        )
        self.as_tensor.toggled.connect(self.mark_stale)
        self.edit = QPushButton("Edit…")
        self.edit.setToolTip("Change how the image becomes the tensor")
        self.edit.clicked.connect(self.edit_preprocessing)
        self.dialog: PreparationDialog | None = None
        self.message = Message()
        self.give = QPushButton("Give inputs…")
        self.give.clicked.connect(selection.inputs_asked)
        nothing = QWidget()
        empty = column(nothing, self.message, row(1, self.give, 1))
        empty.setStretch(0, 1)
        content = QWidget()
        self._both = row(self.picture, self.seen)
        buttons = row(self.as_tensor, self.edit, 1)
        layout = column(content, self._both, buttons, self.words, 1)
        layout.setStretch(0, 1000)
        self._pages = QStackedWidget()
        self._pages.addWidget(nothing)
        self._pages.addWidget(scrolled(content))
        frame = QWidget()
        self.strip = ThumbnailStrip()
        self.strip.chosen.connect(selection.image_asked)
        self._images_changed(selection.images)  # they may have been there before it
        column(frame, self._pages, self.strip, margin=GRID).setStretch(0, 1)
        self.setWidget(frame)
        selection.cell_changed.connect(self._mark)
        selection.images_changed.connect(self._images_changed)
        selection.model_changed.connect(self._close_dialog)

    def refresh(self) -> None:
        run = finished_run(self.selection)
        if isinstance(run, Problem):
            self.message.say(run.what, run.remedy)
            self._pages.setCurrentIndex(0)
        elif not run.picture.size:
            self.message.say(
                "It ran on what its inputs were given.", _given_to(self.selection, run)
            )
            self._pages.setCurrentIndex(0)
        else:
            self._draw(run)
            self._pages.setCurrentIndex(1)
        model = self.selection.model
        self.give.setVisible(
            model is not None
            and model.structure_only is None
            and (model.preprocessing is None or len(model.inputs) > 1)
        )
        self.shown.emit(self.selection.node or "")

    def _mark(self, cell: Crop | None) -> None:
        """What a cell sees, on both pictures."""
        run = self.selection.run
        self.seen.mark(cell)
        if cell is None or run is None or not run.seen.size:  # it ran on tensors
            self.picture.mark(None)
            return
        height, width = run.seen.shape[:2]
        left, top, across, down = run.crop
        x, y = across / width, down / height
        self.picture.mark((left + x * cell[0], top + y * cell[1], x * cell[2], y * cell[3]))

    def edit_preprocessing(self) -> None:
        """Ask how images become the tensor; what is applied runs at once."""
        model = self.selection.model
        if model is None or model.preprocessing is None:
            return
        if self.dialog is None:
            how = self.selection.preprocessing or model.preprocessing
            self.dialog = PreparationDialog(model.preprocessing, how, self)
            self.dialog.applied.connect(self.selection.set_preprocessing)
        self.dialog.show()
        self.dialog.raise_()

    def _draw(self, run: RunFinished) -> None:
        as_tensor = self.as_tensor.isChecked()
        self.picture.show_picture(run.picture, crop=run.crop)
        self.seen.show_picture(run.taken if as_tensor else run.seen)
        self.seen.setToolTip("The tensor that the model takes" if as_tensor else "What it sees")
        for place, picture in enumerate((run.picture, run.seen)):  # equally high
            self._both.setStretch(place, round(100 * picture.shape[1] / picture.shape[0]))
        model = self.selection.model
        how = self.selection.preprocessing or (model.preprocessing if model is not None else None)
        if how is not None:
            low, high = map(number, run.taken_range)
            self.words.say(f"{in_words(how)}\nThe tensor goes from {low} to {high}.")

    def _images_changed(self, images: tuple[str, ...]) -> None:
        self.strip.show_images(images, self.selection.image)

    def _close_dialog(self) -> None:
        """It is of a model that is no longer there."""
        if self.dialog is not None:
            self.dialog.close()
            self.dialog.deleteLater()
            self.dialog = None


def _given_to(selection: Selection, run: RunFinished) -> str:
    """The inputs of the run, one a line."""
    graph = selection.whole
    names = graph.inputs if graph is not None else ()
    lines = [
        f"{short(name)}: {shape(run.shapes[name])} {run.dtypes.get(name, '')}"
        for name in names[:_MOST_INPUTS]
        if name in run.shapes
    ]
    more = ["…"] if len(names) > _MOST_INPUTS else []
    return "\n".join([*lines, *more])


def in_words(how: Preprocessing) -> str:
    """What is done to an image, step by step."""
    colours = "BGR" if how.bgr else "RGB"
    kind = {1: "gray", 3: colours}.get(how.channels, f"{how.channels} channels")
    if how.resize is None:
        size = f"Squeezed to {how.width}×{how.height}"
    else:
        size = f"Shorter side to {how.resize}, centre {how.width}×{how.height}"
    steps = [
        f"{size}, {kind}, {how.layout}",
        f"mean {_list(how.mean)}",
        f"std {_list(how.std)}",
        how.reason,
    ]
    return "\n".join(step for step in steps if step)


def _list(numbers: tuple[float, ...]) -> str:
    return ", ".join(number(one) for one in numbers)


DOCK = InputImage
