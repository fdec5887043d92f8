from __future__ import annotations

import pytest
from PySide6.QtCore import Qt
from PySide6.QtGui import QColor, QImage

from netviz_desktop.ui.widgets.thumbnail_strip import ThumbnailStrip


@pytest.fixture
def strip(qtbot):
    strip = ThumbnailStrip()
    qtbot.addWidget(strip)
    strip.resize(300, strip.height())
    return strip


def save(path, colour):
    image = QImage(300, 200, QImage.Format.Format_RGB32)
    image.fill(QColor(colour))
    assert image.save(str(path))
    return str(path)


def test_thumbnails_are_drawn_once_they_are_decoded_and_a_click_chooses(strip, qtbot, tmp_path):
    paths = [save(tmp_path / "a.png", "red"), save(tmp_path / "b.png", "blue")]
    strip.show_images(paths, paths[0])
    places = [strip.visualRect(strip.thumbnails.index(row)).center() for row in (0, 1)]

    def colours():
        drawn = strip.viewport().grab().toImage()
        return [drawn.pixelColor(place).name() for place in places]

    qtbot.waitUntil(lambda: colours() == ["#ff0000", "#0000ff"])
    with qtbot.waitSignal(strip.chosen) as chosen:
        qtbot.mouseClick(strip.viewport(), Qt.MouseButton.LeftButton, pos=places[1])
    assert chosen.args == [paths[1]]


def test_one_image_needs_no_strip(strip):
    strip.show_images(("a.png",), "a.png")
    assert strip.isHidden()


def test_of_ten_thousand_files_only_those_in_view_are_decoded(strip, qtbot, tmp_path):
    last = save(tmp_path / "last.png", "lime")
    paths = (*(f"/nowhere/{number}.png" for number in range(9_999)), last)
    strip.show_images(paths, last)
    index = strip.thumbnails.index(9_999)
    place = strip.visualRect(index).center()
    assert strip.viewport().rect().contains(place)
    qtbot.waitUntil(lambda: index.data(Qt.ItemDataRole.DecorationRole) is not None)
    assert len(strip.thumbnails._known) < 64
