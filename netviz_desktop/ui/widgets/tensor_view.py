"""A tensor in whatever form suits its shape, and one picture of it in full."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import (
    QLabel,
    QSlider,
    QSplitter,
    QStackedWidget,
    QToolButton,
    QWidget,
)

from netviz_desktop.ui.widgets import cursor
from netviz_desktop.ui.widgets.colour_bar import ColourBar
from netviz_desktop.ui.widgets.labels import Caption, Elided
from netviz_desktop.ui.widgets.layouts import column, row
from netviz_desktop.ui.widgets.levels import Scale
from netviz_desktop.ui.widgets.looks import Looks
from netviz_desktop.ui.widgets.mosaic import Mosaic, Place
from netviz_desktop.ui.widgets.numbers import number
from netviz_desktop.ui.widgets.picture_view import PictureView
from netviz_desktop.ui.widgets.pictures import Pictures
from netviz_desktop.ui.widgets.style import (
    Style,
    as_colours,
    each_around_its_mean,
    each_on_its_own,
    style_of,
)
from netviz_desktop.ui.widgets.vector_plot import VectorPlot

_OPACITY_PERCENT = 60
_ROOM_FOR_BOTH = 400  # pixels, for the mosaic and one picture in full


class TensorView(QWidget):
    """Many pictures as a mosaic, a matrix as a heat map, a vector as bars, a number as text.

    What is shown as averages asks for its own numbers through `wanted`; `show_full` takes
    them.

    Args:
        scale: how colours are spread at first.
    """

    wanted = Signal(int)
    """The picture of this index is to be shown in full; over the image if it `is_overlaid`."""
    ready = Signal()
    """What there is to see can be seen."""
    cells_hovered = Signal(object)
    """(first row, last row, first column, last column) of the picture in full, or None."""
    looks_changed = Signal(object)
    """Another scale, order or number per row was chosen; `set_looks` takes it."""

    def __init__(self, parent: QWidget | None = None, *, scale: Scale = Scale.LAYER) -> None:
        super().__init__(parent)
        self.pictures: Pictures | None = None
        self.chosen: int | None = None
        """The picture that is enlarged."""
        self._looks = Looks(self, scale=scale)
        self.scale, self.order = self._looks.scale, self._looks.order
        self.per_row = self._looks.per_row
        self._drawn_scale = scale
        self._arranged: NDArray[np.intp] = np.arange(0)  # which picture stands at each place
        self.mosaic = Mosaic(self)
        self.bar = ColourBar(self.mosaic.image, self)
        self.enlarged = PictureView(self)
        self.over = QToolButton(self)
        self.over.setText("On image")
        self.over.setCheckable(True)
        self.over.setAutoRaise(True)
        self.over.setToolTip("Lay it over the image, each cell where it looks")
        self.opacity = QSlider(Qt.Orientation.Horizontal, self)
        self.opacity.setRange(0, 100)
        self.opacity.setValue(_OPACITY_PERCENT)
        self.opacity.setFixedWidth(56)
        self.opacity.setToolTip("Opacity of the map over the image")
        self._placed: NDArray[Any] | None = None
        self.matrix = PictureView(self, stretched=True)
        self.vector = VectorPlot(self)
        self.scalar = QLabel(self)
        self.readout = Elided(self, muted=True)
        self._title = Elided(self)
        self._hint = Caption(parent=self)
        self._build()
        self._connect()

    # --- what others call ---------------------------------------------------------------

    def show_pictures(self, pictures: Pictures, *, keep: bool = False) -> None:
        """Draw a tensor.

        Args:
            keep: stay where the view is, and what was enlarged stays so: it is the same
                thing with other numbers.
        """
        chosen = self.chosen if keep else None
        self.pictures = pictures
        self.readout.set_text("")
        self._looks.offer(pictures)
        self._arranged = self._looks.arranged(pictures)
        grid = pictures.kind == "grid"
        self._hint.say(f"Click a {pictures.noun} to see it in full.")
        self._looks.setVisible(grid)
        self.readout.setVisible(pictures.kind != "scalar")
        if grid:
            self._pages.setCurrentWidget(self._grid)
            self._draw_mosaic(top=not keep)
            self._enlarge(chosen if chosen is not None and chosen < pictures.count else None)
            self.ready.emit()
            return
        self._enlarge(None)
        if pictures.is_final:
            self._draw_single(pictures.values[0])
        else:
            self.wanted.emit(0)

    @property
    def is_overlaid(self) -> bool:
        """The enlarged picture is laid over the image."""
        can = self.pictures is not None and self.pictures.beneath is not None
        return can and self.over.isChecked()

    def show_full(
        self, index: int, values: NDArray[Any], placed: NDArray[Any] | None = None
    ) -> None:
        """Draw one picture (H, W) that was wanted; `placed` is the same over the image."""
        pictures = self.pictures
        if pictures is None:
            return
        if pictures.kind != "grid":
            self._draw_single(values)
        elif index == self.chosen:
            self._draw_enlarged(index, values, placed if self.is_overlaid else None)

    def set_looks(self, looks: dict[str, Any]) -> None:
        """As they were chosen once."""
        self._looks.set_all(looks)

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._divide()

    def retheme(self) -> None:
        """Draw again, in the colours of the theme in force."""
        if self.pictures is None:
            return
        if self.pictures.kind == "grid":
            self._draw_mosaic(top=False)
            self._redraw_enlarged()
        elif self.pictures.kind == "matrix":
            self._draw_single(self.matrix.values)

    # --- building -----------------------------------------------------------------------

    def _build(self) -> None:
        self._lower = QWidget(self)
        buttons = [
            self._button("‹", "Previous", lambda: self._step(-1)),
            self._button("›", "Next", lambda: self._step(1)),
            self._button("×", "Close", lambda: self._enlarge(None)),
        ]
        heading = row(self._title, self.opacity, self.over, row(*buttons, spacing=0), spacing=4)
        column(self._lower, heading, self.enlarged, spacing=4)
        self._lower.hide()
        self._upper = QWidget(self)
        layout = column(self._upper, self.mosaic, self.bar, self._hint, 1, spacing=4)
        layout.setStretch(0, 1000)  # all the room it can use
        self._grid = QSplitter(Qt.Orientation.Vertical, self)
        self._grid.setChildrenCollapsible(False)
        self._grid.addWidget(self._upper)
        self._grid.addWidget(self._lower)
        font = self.scalar.font()
        font.setPointSizeF(font.pointSizeF() * 2)
        self.scalar.setFont(font)
        self.scalar.setAlignment(Qt.AlignmentFlag.AlignCenter)
        self.scalar.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        self._pages = QStackedWidget(self)
        for page in (self._grid, self.matrix, self.vector, self.scalar):
            self._pages.addWidget(page)
        column(self, self._looks, self._pages, self.readout)

    def _button(self, text: str, tip: str, action: Callable[[], None]) -> QToolButton:
        button = QToolButton(self)
        button.setText(text)
        button.setAutoRaise(True)
        button.setToolTip(tip)
        button.clicked.connect(action)
        return button

    def _connect(self) -> None:
        self._looks.rescaled.connect(self._rescale)
        self._looks.reordered.connect(self._reorder)
        self._looks.changed.connect(self.looks_changed)
        self.per_row.valueChanged.connect(self.mosaic.set_per_row)
        self.mosaic.clicked.connect(self._clicked)
        self.over.toggled.connect(lambda _: self._enlarge(self.chosen))
        self.opacity.valueChanged.connect(lambda _: self._fade())
        self.mosaic.hovered.connect(self._say_place)
        self.enlarged.hovered.connect(lambda place: self._say_pixel(self.enlarged, place))
        self.matrix.hovered.connect(lambda place: self._say_pixel(self.matrix, place))
        self.vector.hovered.connect(self._say_index)

    # --- drawing ------------------------------------------------------------------------

    def _rescale(self) -> None:
        if self.pictures is not None and self.pictures.kind == "grid":
            if self.scale.currentData() is Scale.FIXED:
                # shares and deviations are no range of numbers
                own = self._drawn_scale in (Scale.CHANNEL, Scale.DEVIATIONS)
                scale = Scale.LAYER if own else self._drawn_scale
                self._looks.fixed = style_of(self.pictures, scale, None, self._looks.fixed).levels
            self._draw_mosaic(top=False)
            self._redraw_enlarged()

    def _reorder(self) -> None:
        if self.pictures is not None and self.pictures.kind == "grid":
            self._arranged = self._looks.arranged(self.pictures)
            self._draw_mosaic(top=True)
            self.mosaic.set_chosen(self._place_of(self.chosen))

    def _place_of(self, index: int | None) -> int | None:
        """Where in the mosaic a picture stands."""
        return None if index is None else int(np.flatnonzero(self._arranged == index)[0])

    def _style(self, index: int | None = None) -> Style:
        assert self.pictures is not None
        return style_of(self.pictures, self.scale.currentData(), index, self._looks.fixed)

    def _draw_mosaic(self, *, top: bool) -> None:
        pictures = self.pictures
        assert pictures is not None
        shown, style = pictures.values, self._style()
        self._drawn_scale = self.scale.currentData()
        if self._drawn_scale is Scale.CHANNEL:
            shown, style = each_on_its_own(pictures)
        elif self._drawn_scale is Scale.DEVIATIONS:
            shown, style = each_around_its_mean(pictures)
        if pictures.coloured:
            shown = as_colours(shown, style.levels)
        self.bar.set(style.levels, style.colours, style.unit)
        places = self._arranged
        if not np.array_equal(places, np.arange(pictures.count)):
            shown = shown[places]
        self.mosaic.show_pictures(shown, style.levels, pictures.dead[places], top=top)

    def _draw_single(self, values: NDArray[Any]) -> None:
        pictures = self.pictures
        assert pictures is not None
        style = self._style()
        match pictures.kind:
            case "scalar":
                self._pages.setCurrentWidget(self.scalar)
                self.scalar.setText(number(float(values.reshape(-1)[0])))
            case "vector":
                self._pages.setCurrentWidget(self.vector)
                self.vector.show_values(values.reshape(-1), pictures.unit)
            case _:
                self._pages.setCurrentWidget(self.matrix)
                self.matrix.show_values(
                    values, style.levels, style.colours, style.unit, pictures.size
                )
        self.ready.emit()

    def _fade(self) -> None:
        whole = self._placed is None
        self.enlarged.set_opacity(1.0 if whole else self.opacity.value() / 100)

    def _redraw_enlarged(self) -> None:
        if self.chosen is not None:
            self._draw_enlarged(self.chosen, self.enlarged.values, self._placed)

    def _draw_enlarged(
        self, index: int, values: NDArray[Any], placed: NDArray[Any] | None = None
    ) -> None:
        pictures = self.pictures
        assert pictures is not None
        self._placed = placed
        self._fade()
        self.enlarged.show_beneath(pictures.beneath if placed is not None else None)
        style = self._style(index)
        self._title.set_text(
            f"{pictures.noun.capitalize()} {index}  ·  "
            f"{number(float(pictures.minimum[index]))} … {number(float(pictures.maximum[index]))}"
        )
        if pictures.coloured:
            self.enlarged.show_colours(values, as_colours(values, style.levels))
        else:
            drawn, size = (values, pictures.size) if placed is None else (placed, placed.shape)
            self.enlarged.show_values(drawn, style.levels, style.colours, style.unit, size)

    # --- one of them --------------------------------------------------------------------

    def _clicked(self, place: int) -> None:
        index = int(self._arranged[place])
        self._enlarge(None if index == self.chosen else index)

    def _enlarge(self, index: int | None) -> None:
        pictures = self.pictures
        self.chosen = index
        self._divide()
        self.mosaic.set_chosen(self._place_of(index))
        if index is None or pictures is None:
            return
        self.over.setVisible(pictures.beneath is not None)
        self.opacity.setVisible(self.is_overlaid)
        if not self.is_overlaid:  # which waits for its numbers: no flicker of another picture
            self._draw_enlarged(index, pictures.values[index])
        if self.is_overlaid or not pictures.is_final:
            self.wanted.emit(index)

    def _step(self, by: int) -> None:
        if self.pictures is not None and self.chosen is not None:
            place = self._place_of(self.chosen) or 0
            self._enlarge(int(self._arranged[(place + by) % self.pictures.count]))

    def _divide(self) -> None:
        """Both beside each other where there is room; otherwise one in place of the other."""
        alone = self._grid.height() < _ROOM_FOR_BOTH
        opened = self.chosen is not None
        was_open = self._lower.isVisibleTo(self._grid)
        self._lower.setVisible(opened)
        self._upper.setVisible(not (opened and alone))
        self._hint.setVisible(not opened)
        self._show_bar()
        if opened and not was_open and not alone:
            room = self._grid.height()
            upper = min(self.mosaic.maximumHeight() + 8, room * 2 // 5)
            self._grid.setSizes([upper, room - upper])

    def _show_bar(self) -> None:
        """Colours that stand for three numbers have no bar; an enlarged picture has its own."""
        coloured = self.pictures is not None and self.pictures.coloured
        self.bar.setVisible(self.chosen is None and not coloured)

    # --- the cursor ---------------------------------------------------------------------

    def _say_place(self, place: Place | None) -> None:
        if place is None or self.pictures is None:
            self.readout.set_text("")
            self.cells_hovered.emit(None)
            return
        self._say_cells((place.row, place.column), self.pictures.values.shape[1:3])
        there = replace(place, picture=int(self._arranged[place.picture]))
        self.readout.set_text(cursor.in_mosaic(self.pictures, there))

    def _say_pixel(self, view: PictureView, place: tuple[int, int] | None) -> None:
        if place is None or self.pictures is None:
            self.readout.set_text("")
            self.cells_hovered.emit(None)
            return
        if view is not self.enlarged or self._placed is None:
            self._say_cells(place, view.values.shape[:2])
        said = cursor.in_picture(view.values, view.full_size, place)
        if self.chosen is not None:
            said = f"{self.pictures.noun} {self.chosen}  ·  {said}"
        self.readout.set_text(said)

    def _say_cells(self, place: tuple[int, int], there: tuple[int, ...]) -> None:
        assert self.pictures is not None
        rows = cursor.covered(place[0], there[0], self.pictures.size[0])
        columns = cursor.covered(place[1], there[1], self.pictures.size[1])
        self.cells_hovered.emit((*rows, *columns))

    def _say_index(self, index: int | None) -> None:
        if index is None or self.pictures is None:
            self.readout.set_text("")
            return
        self.readout.set_text(cursor.in_vector(self.pictures, self.vector.values, index))
