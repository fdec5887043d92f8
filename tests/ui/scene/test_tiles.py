from __future__ import annotations

import numpy as np
import pytest
from PySide6.QtCore import QPoint, QRectF
from PySide6.QtGui import QColor, QImage

from netviz_desktop.ui import theme
from netviz_desktop.ui.scene import graph_item, tiles
from netviz_desktop.ui.scene.index import Index


def pixels(image: QImage) -> np.ndarray:
    image = image.convertToFormat(QImage.Format.Format_RGB32)
    return np.frombuffer(image.constBits(), np.uint8).reshape(image.height(), -1, 4)[..., :3].copy()


@pytest.mark.parametrize("shape", [(100.0, 9000.0), (9000.0, 100.0)])
def test_an_index_finds_what_looking_at_everything_finds(shape: tuple[float, float]) -> None:
    random = np.random.default_rng(0)
    corner = random.random((3000, 2)) * shape
    size = random.exponential(10, (3000, 2))
    size[::100] *= 300
    bounds = np.concatenate([corner, corner + size], axis=1)
    index = Index(bounds)

    for x, y, w, h in random.random((50, 4)) * (*shape, 300, 300):
        area = QRectF(x, y, w, h)
        expected = np.flatnonzero(
            (bounds[:, 0] <= x + w) & (bounds[:, 2] >= x)
            & (bounds[:, 1] <= y + h) & (bounds[:, 3] >= y)
        )  # fmt: skip
        assert index.touching(area).tolist() == expected.tolist()


def test_an_index_of_nothing_finds_nothing() -> None:
    assert Index(np.empty((0, 4))).touching(QRectF(0, 0, 10, 10)).tolist() == []


@pytest.mark.parametrize("scale", [0.3, 1.0, 1.7])
def test_tiles_show_what_painting_it_all_at_once_shows(
    open_graph, graph, monkeypatch: pytest.MonkeyPatch, scale: float
) -> None:
    view = open_graph(graph)
    view.zoom_to(scale)
    view.centerOn(view.scene_rect_of("relu").center())
    expected = pixels(view.grab().toImage()).astype(int)

    monkeypatch.setattr(graph_item, "_TILES_FROM", 0)
    monkeypatch.setattr(tiles, "_BUDGET_SECONDS", 10.0)
    found = pixels(view.grab().toImage()).astype(int)

    # text lies on whole pixels, and seams may differ by a shade
    assert (np.abs(found - expected).max(axis=2) > 60).mean() < 0.004


def test_what_there_is_no_time_for_is_painted_a_little_later(
    qtbot, open_graph, graph, monkeypatch: pytest.MonkeyPatch
) -> None:
    view = open_graph(graph)
    view.actual_size()
    expected = pixels(view.grab().toImage()).astype(int)
    monkeypatch.setattr(graph_item, "_TILES_FROM", 0)
    monkeypatch.setattr(tiles, "_BUDGET_SECONDS", 0.0)
    empty = pixels(view.grab().toImage()).astype(int)
    assert (empty == np.array([0xFC, 0xFB, 0xFB])).all()

    monkeypatch.setattr(tiles, "_BUDGET_SECONDS", 0.002)

    def arrived() -> bool:
        return (
            np.abs(pixels(view.grab().toImage()).astype(int) - expected).max(axis=2) > 60
        ).mean() < 0.004

    qtbot.waitUntil(arrived)


def test_until_there_is_time_for_what_is_dimmed_it_is_there_as_it_was(
    qtbot, open_graph, graph, selection, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(graph_item, "_TILES_FROM", 0)
    monkeypatch.setattr(tiles, "_BUDGET_SECONDS", 10.0)
    view = open_graph(graph)
    selection.set_node("relu")
    view.zoom_to(0.8)

    def colour() -> QColor:
        """Of the header of a box that is not to be lit."""
        corner = view.mapFromScene(view.scene_rect_of("fc").topLeft())
        return view.grab().toImage().pixelColor(corner + QPoint(5, 7))

    bright = colour()
    monkeypatch.setattr(tiles, "_BUDGET_SECONDS", 0.0)
    view.tracing.inputs()
    assert colour() == bright

    monkeypatch.setattr(tiles, "_BUDGET_SECONDS", 0.002)
    qtbot.waitUntil(lambda: colour() != bright)


def test_tiles_follow_the_theme(open_graph, graph, themes, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(graph_item, "_TILES_FROM", 0)
    monkeypatch.setattr(tiles, "_BUDGET_SECONDS", 10.0)
    view = open_graph(graph)
    view.grab()

    themes("dark")

    corner = view.grab().toImage().pixelColor(2, 2).name()
    assert corner == theme.current().canvas
