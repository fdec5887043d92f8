from __future__ import annotations

import numpy as np
import pytest
from PySide6.QtCore import QRectF

from netviz_desktop.ui.widgets.picture_view import PictureView


@pytest.fixture
def view(qtbot):
    view = PictureView()
    qtbot.addWidget(view)
    view.resize(320, 400)
    with qtbot.waitExposed(view):
        view.show()
    return view


def test_a_picture_keeps_its_proportions_and_fills_its_axes(qtbot, view):
    view.show_values(np.zeros((20, 40)), (0, 1), "viridis", "none")

    def fits():
        box = view.plot.getViewBox()
        scale_x, scale_y = box.viewPixelSize()
        seen = box.viewRect()
        square = abs(scale_x - scale_y) < 0.01 * scale_x
        return square and abs(seen.width() - 40) < 1 and abs(seen.height() - 20) < 1

    qtbot.waitUntil(fits)


def test_a_matrix_that_is_no_picture_fills_the_room(qtbot):
    view = PictureView(stretched=True)
    qtbot.addWidget(view)
    view.resize(320, 400)
    with qtbot.waitExposed(view):
        view.show()
    view.show_values(np.zeros((4, 40)), (0, 1), "viridis", "none")
    seen = view.plot.getViewBox().viewRect()
    assert seen == QRectF(0, 0, 40, 4)


def test_row_0_is_at_the_top(qtbot, view):
    values = np.zeros((4, 4))
    values[0] = 1.0
    view.show_values(values, (0, 1), "inferno", "none")
    box = view.plot.getViewBox()
    qtbot.waitUntil(lambda: abs(box.viewRect().height() - 4) < 0.1)
    drawn = view._view.grab().toImage()
    inside = box.sceneBoundingRect()
    top = drawn.pixelColor(int(inside.center().x()), int(inside.top() + 8)).lightness()
    bottom = drawn.pixelColor(int(inside.center().x()), int(inside.bottom() - 8)).lightness()
    assert top > 150
    assert bottom < 50


def test_averages_stand_over_the_picture_in_full(view):
    view.show_values(np.zeros((4, 4)), (0, 1), "viridis", "none", size=(100, 100))
    assert view.image.mapRectToParent(view.image.boundingRect()) == QRectF(0, 0, 100, 100)


def test_what_lies_beneath_covers_the_same_rectangle(view):
    view.show_values(np.zeros((8, 8)), (0, 1), "viridis", "none")
    view.show_beneath(np.zeros((224, 224, 3), np.uint8))
    assert view.beneath.mapRectToParent(view.beneath.boundingRect()) == QRectF(0, 0, 8, 8)


def test_a_view_that_was_wide_shows_all_of_the_picture_when_it_is_narrow_again(qtbot, view):
    view.show_values(np.zeros((40, 40)), (0, 1), "viridis", "none")

    def centred():
        picture, room = view.image.sceneBoundingRect(), view._view.viewport().width()
        return picture.left() > 0 and picture.right() < room and picture.width() > 80

    for width in (1200, 260):
        view.resize(width, 260)
        qtbot.waitUntil(lambda width=width: view._view.width() == width)
        qtbot.waitUntil(centred)
