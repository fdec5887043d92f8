from __future__ import annotations

import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QMainWindow

from netviz_desktop.ui.operations.palette import Palette, closeness


@pytest.fixture
def done() -> list[str]:
    return []


@pytest.fixture
def palette(qtbot, settings, opened, done):
    window = QMainWindow()
    qtbot.addWidget(window)
    window.resize(900, 600)
    view = window.menuBar().addMenu("&View")
    for name, key in (("Show &Attributes", "Ctrl+D"), ("&Fit", "Ctrl+0"), ("Full Screen", "F11")):
        view.addAction(name, key, lambda name=name: done.append(name.replace("&", "")))
    view.addAction("Never").setEnabled(False)
    view.addSeparator()
    themes = view.addMenu("&Theme")
    dark = themes.addAction("Dark", lambda: done.append("Dark"))
    dark.setCheckable(True)
    dark.setChecked(True)
    graph = opened(nodes=("conv_1", "conv_2", "relu")).graph
    palette = Palette(window.menuBar().actions, lambda: graph, settings, window)
    window.show()
    qtbot.waitExposed(window)
    palette.begin()
    return palette


def rows(palette) -> list[tuple[str, str]]:
    items = [palette.list.topLevelItem(i) for i in range(palette.list.topLevelItemCount())]
    return [(item.text(0), item.text(1)) for item in items]


def test_it_lists_what_the_menus_can_do_now_with_its_keys(palette):
    assert rows(palette) == [
        ("View: Show Attributes", "Ctrl+D"), ("View: Fit", "Ctrl+0"), ("View: Full Screen", "F11"),
        ("View: Theme: Dark  ✓", ""),
    ]  # fmt: skip


def test_a_few_letters_and_enter_do_it(qtbot, palette, done):
    qtbot.keyClicks(palette.field, "vfs")
    assert rows(palette)[0][0] == "View: Full Screen"

    qtbot.keyClick(palette.field, Qt.Key.Key_Return)

    assert done == ["Full Screen"]
    assert palette.isHidden()


def test_arrows_choose_another_and_escape_nothing(qtbot, palette, done):
    qtbot.keyClick(palette.field, Qt.Key.Key_Down)
    qtbot.keyClick(palette.field, Qt.Key.Key_Return)
    assert done == ["Fit"]

    palette.begin()
    with qtbot.waitSignal(palette.closed):
        qtbot.keyClick(palette.field, Qt.Key.Key_Escape)
    assert done == ["Fit"]


def test_what_was_used_last_comes_first_the_next_time(qtbot, palette):
    qtbot.keyClicks(palette.field, "dark")
    qtbot.keyClick(palette.field, Qt.Key.Key_Return)

    palette.begin()

    assert rows(palette)[0][0] == "View: Theme: Dark"


def test_nodes_come_after_commands(qtbot, palette):
    qtbot.keyClicks(palette.field, "conv 2")
    assert rows(palette) == [("conv_2", "Op")]

    with qtbot.waitSignal(palette.node_asked) as asked:
        qtbot.keyClick(palette.field, Qt.Key.Key_Return)

    assert asked.args == ["conv_2"]


def test_letters_that_nothing_has_find_nothing_and_do_nothing(qtbot, palette, done):
    qtbot.keyClicks(palette.field, "xyzzy")
    qtbot.keyClick(palette.field, Qt.Key.Key_Return)

    assert rows(palette) == []
    assert done == []


def test_the_list_goes_when_somebody_looks_elsewhere(qtbot, palette):
    palette.parentWidget().setFocus()
    palette.field.clearFocus()

    qtbot.waitUntil(palette.isHidden)


@pytest.mark.parametrize(
    ("asked", "better", "worse"),
    [
        ("fit", "View: Fit", "File: Import Text"),
        ("zi", "View: Zoom In", "View: Resize"),
        ("trace", "Go: Trace Inputs", "View: Theme: Restore a Cell"),
        ("sw", "View: Show Weights", "View: Close Window"),
    ],
)
def test_words_and_their_starts_are_closer_than_scattered_letters(asked, better, worse):
    assert closeness(asked, better) > (closeness(asked, worse) or -1000)


def test_letters_must_come_in_their_order():
    assert closeness("nepo", "File: Open") is None
    assert closeness("fopn", "File: Open") is not None
