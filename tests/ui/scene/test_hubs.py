"""What very many boxes read is named in them, and can be followed from there and back."""

from __future__ import annotations

import pytest
from PySide6.QtCore import QPoint, QPointF, Qt
from PySide6.QtGui import QColor, QContextMenuEvent
from PySide6.QtWidgets import QApplication, QMenu

from netviz_desktop.graph import ModelGraph, Node, Value
from netviz_desktop.graph.scopes import Link
from netviz_desktop.link.messages import ModelOpened
from netviz_desktop.ui import theme
from netviz_desktop.ui.scene.hubs import without_hubs

LEFT = Qt.MouseButton.LeftButton
LAYERS = 20


def masked(layers: int) -> ModelGraph:
    """Layers of two nodes, one of which reads the mask."""
    nodes, at = [Node("mask", "Sub", "", "", (), ("m",), ("mask",))], "x"
    for i in range(layers):
        nodes.append(Node(f"score{i}", "MatMul", "", "", (), (at,), (f"s{i}",)))
        nodes.append(Node(f"add{i}", "Add", "", "", (), (f"s{i}", "mask"), (f"a{i}",)))
        at = f"a{i}"
    values = {"mask": Value("mask", (1, 1, 8, 8), "float32")}
    return ModelGraph("t", "t", ("x", "m"), (at,), tuple(nodes), values)


@pytest.fixture
def view(view, selection, lay_out):
    view.show_chips = True
    selection.set_model(ModelOpened("t.onnx", 1, masked(LAYERS)))
    lay_out()
    view.actual_size()
    return view


def chips(view) -> dict[str, str]:
    found = ((f.id, row) for f in view.chart.figures for row in f.rows)
    return {figure: row.text for figure, row in found if row.follows == "mask"}


def click(qtbot, view, figure: str) -> None:
    """On the chip, which is the last row."""
    box = view.scene_rect_of(figure)
    view.look_at(box.center())
    where = view.mapFromScene(QPointF(box.center().x(), box.bottom() - 10))
    qtbot.mouseClick(view.viewport(), LEFT, pos=where)


def test_far_readers_of_a_hub_name_it_and_near_ones_have_a_line(view) -> None:
    lines = [wire.target for wire in view.chart.wires if wire.value == "mask"]

    assert lines == ["add0", "add1", "add2", "add3"]
    named = chips(view)
    assert named.pop("mask") == "→ 16 uses"
    assert named == {f"add{i}": "← mask" for i in range(4, LAYERS)}


def test_a_click_on_a_chip_leads_to_the_source(qtbot, view, selection) -> None:
    click(qtbot, view, "add9")

    assert selection.node == "mask"
    assert view.visible_area().contains(view.scene_rect_of("mask"))


def test_at_the_source_the_chip_lists_all_uses_to_jump_to(qtbot, view, selection) -> None:
    click(qtbot, view, "mask")
    menu = QApplication.activePopupWidget()
    assert isinstance(menu, QMenu)
    assert [action.text() for action in menu.actions()] == [f"add{i}" for i in range(4, LAYERS)]

    menu.actions()[10].trigger()
    menu.close()

    assert selection.node == "add14"
    assert view.visible_area().contains(view.scene_rect_of("add14"))


@pytest.mark.parametrize("choice", ["light", "dark"])
def test_a_chip_has_the_colour_of_what_can_be_followed_and_says_what_it_is(
    view, themes, choice
) -> None:
    themes(choice)
    box = view.scene_rect_of("add9")
    view.look_at(box.center())
    corner = view.mapFromScene(QPointF(box.left(), box.bottom() - 18))
    image = view.grab().toImage().copy(corner.x(), corner.y(), int(box.width()), 14)

    accent = QColor(theme.current().accent)
    hues = [image.pixelColor(x, y) for x in range(image.width()) for y in range(14)]
    assert sum(abs(c.hue() - accent.hue()) < 12 and c.saturation() > 90 for c in hues) > 15
    chip = view.mapFromScene(QPointF(box.center().x(), box.bottom() - 10))
    assert view.tooltip(QPointF(chip)) == "mask<br>float32 1×1×8×8<br>read in 16 places"


def test_without_chips_all_are_lines(view, lay_out) -> None:
    view.show_chips = False
    lay_out()

    assert chips(view) == {}
    assert len([wire for wire in view.chart.wires if wire.value == "mask"]) == LAYERS


def test_what_leads_far_by_chips_is_outlined_with_the_selected_box(view, selection) -> None:
    selection.set_node("add9")

    assert view.chart.index["mask"] in view._item.marks._neighbours(view.chart)


def test_from_afar_where_no_chip_can_be_read_a_click_is_on_the_box(qtbot, view, selection) -> None:
    view.zoom_to(0.5)

    click(qtbot, view, "add9")

    assert selection.node == "add9"


def test_few_readers_or_none_but_hubs_keep_their_lines() -> None:
    few = [Link("a", f"b{i}", ("v",), 1) for i in range(12)]
    assert without_hubs(few, ["a", *(f"b{i}" for i in range(12))]) == (few, {})

    fan = [Link("a", f"b{i}", ("v",), 1) for i in range(50)]
    assert without_hubs(fan, ["a", *(f"b{i}" for i in range(50))]) == (fan, {})


def test_of_a_line_of_several_values_only_the_hub_goes() -> None:
    order = ["a", *(f"b{i}" for i in range(30))]
    links = [Link("a", f"b{i}", ("v", f"own{i}"), 2) for i in range(30)]

    lines, hubs = without_hubs(links, order)

    assert lines[20].values == ("own20",)
    assert lines[2].values == ("v", "own2")
    assert hubs["v"].readers == order[9:]


def test_the_menu_of_a_box_leads_where_its_chips_do(qtbot, view, selection) -> None:
    def entries(node: str) -> dict[str, object]:
        selection.set_node(node)
        event = QContextMenuEvent(QContextMenuEvent.Reason.Keyboard, QPoint(), QPoint())
        QApplication.sendEvent(view.viewport(), event)
        menu = QApplication.activePopupWidget()
        qtbot.addWidget(menu)
        return {action.text(): action for action in menu.actions()}

    source = entries("mask")
    uses = source["Uses of mask"].menu()
    assert len(uses.actions()) == 16
    QApplication.activePopupWidget().close()

    entries("add9")["Go to mask"].trigger()
    QApplication.activePopupWidget().close()

    assert selection.node == "mask"
