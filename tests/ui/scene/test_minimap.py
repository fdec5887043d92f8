from __future__ import annotations

from PySide6.QtCore import QPoint, Qt

from netviz_desktop.ui.scene import Minimap


def test_the_map_is_there_while_there_is_more_than_fits(open_graph, graph) -> None:
    view = open_graph(graph)
    minimap = Minimap(view)
    view.fit()
    assert not minimap.isVisible()

    view.zoom_to(4)

    assert minimap.isVisible()
    assert view.rect().contains(minimap.geometry())


def test_a_hidden_map_stays_hidden(open_graph, graph) -> None:
    view = open_graph(graph)
    minimap = Minimap(view)
    minimap.setVisible(False)

    view.zoom_to(4)
    assert not minimap.isVisible()

    minimap.setVisible(True)
    assert minimap.isVisible()


def test_a_press_in_the_map_looks_there(qtbot, open_graph, graph) -> None:
    view = open_graph(graph)
    minimap = Minimap(view)
    view.zoom_to(4)
    view.centerOn(view.scene_rect_of("fc").center())

    top = QPoint(minimap.width() // 2, 8)
    qtbot.mouseClick(minimap, Qt.MouseButton.LeftButton, pos=top)

    assert view.visible_area().center().y() < view.chart.size[1] * 0.2


def test_the_map_shows_the_colours_of_the_boxes(open_graph, graph) -> None:
    view = open_graph(graph)
    minimap = Minimap(view)
    view.zoom_to(4)

    image = minimap.grab().toImage()

    colours = {
        image.pixelColor(x, y).name() for x in range(image.width()) for y in range(image.height())
    }
    assert "#335588" in colours
