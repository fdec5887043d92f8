"""The image, the part of it that the model sees, and how it becomes a tensor."""

from __future__ import annotations

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QStackedWidget, QWidget

from netviz_desktop.link.messages import Preprocessing, RunFinished
from netviz_desktop.problems import Problem
from netviz_desktop.ui.docks._following import Following
from netviz_desktop.ui.docks._reasons import finished_run
from netviz_desktop.ui.engine_client import EngineClient
from netviz_desktop.ui.selection import Selection
from netviz_desktop.ui.widgets.labels import Caption, Message
from netviz_desktop.ui.widgets.layouts import GRID, column, row, scrolled
from netviz_desktop.ui.widgets.numbers import number
from netviz_desktop.ui.widgets.photo import Crop, Photo


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
        self.seen.setToolTip("As the model sees it")
        self.words = Caption()
        self.message = Message()
        content = QWidget()
        self._both = row(self.picture, self.seen)
        layout = column(content, self._both, self.words, 1)
        layout.setStretch(0, 1000)
        self._pages = QStackedWidget()
        self._pages.addWidget(self.message)
        self._pages.addWidget(scrolled(content))
        frame = QWidget()
        column(frame, self._pages, margin=GRID)
        self.setWidget(frame)
        selection.cell_changed.connect(self._mark)

    def refresh(self) -> None:
        run = finished_run(self.selection)
        if isinstance(run, Problem):
            self.message.say(run.what, run.remedy)
            self._pages.setCurrentIndex(0)
        else:
            self._draw(run)
            self._pages.setCurrentIndex(1)
        self.shown.emit(self.selection.node or "")

    def _mark(self, cell: Crop | None) -> None:
        """What a cell sees, on both pictures."""
        run = self.selection.run
        self.seen.mark(cell)
        if cell is None or run is None:
            self.picture.mark(None)
            return
        height, width = run.seen.shape[:2]
        left, top, across, down = run.crop
        x, y = across / width, down / height
        self.picture.mark((left + x * cell[0], top + y * cell[1], x * cell[2], y * cell[3]))

    def _draw(self, run: RunFinished) -> None:
        self.picture.show_picture(run.picture, crop=run.crop)
        self.seen.show_picture(run.seen)
        for place, picture in enumerate((run.picture, run.seen)):  # equally high
            self._both.setStretch(place, round(100 * picture.shape[1] / picture.shape[0]))
        model = self.selection.model
        if model is not None and model.preprocessing is not None:
            self.words.say(in_words(model.preprocessing))


def in_words(how: Preprocessing) -> str:
    """What is done to an image, step by step."""
    kind = {1: "gray", 3: "RGB"}.get(how.channels, f"{how.channels} channels")
    if how.resize is None:
        size = f"Squeezed to {how.width}×{how.height}"
    else:
        size = f"Shorter side to {how.resize}, centre {how.width}×{how.height}"
    steps = [f"{size}, {kind}", f"mean {_list(how.mean)}", f"std {_list(how.std)}", how.reason]
    return "\n".join(step for step in steps if step)


def _list(numbers: tuple[float, ...]) -> str:
    return ", ".join(number(one) for one in numbers)


DOCK = InputImage
