from __future__ import annotations

from pathlib import Path

import pytest
from PySide6.QtCore import Qt

from netviz_desktop.graph.overlay import KINDS
from netviz_desktop.link.messages import OpenModel
from netviz_desktop.ui import docks
from netviz_desktop.ui.main_window import MainWindow


@pytest.fixture
def window(qtbot, engine, settings, opened, monkeypatch):
    monkeypatch.setattr(docks, "kinds", list)
    window = MainWindow(engine, settings)
    qtbot.addWidget(window)
    window.show()
    qtbot.waitExposed(window)
    window.open_files(["/models/a.onnx"])
    engine.answer(OpenModel, opened())
    window.view.setFocus()
    return window


def checked(window):
    return [
        action.text() for action in window.commands.overlay_menu.actions() if action.isChecked()
    ]


def test_each_has_a_key_and_the_same_key_again_shows_none(qtbot, window):
    window.activateWindow()
    for number, kind in enumerate(KINDS[:9], 1):
        qtbot.keyClick(
            window.view, Qt.Key(Qt.Key.Key_0 + number), Qt.KeyboardModifier.ShiftModifier
        )
        assert window.overlays.kind is kind
        assert checked(window) == [kind.name]

    qtbot.keyClick(window.view, Qt.Key.Key_9, Qt.KeyboardModifier.ShiftModifier)

    assert window.overlays.kind is None
    assert checked(window) == ["&None"]


def test_whoever_types_chooses_no_overlay(qtbot, window):
    window.find_bar.begin()

    qtbot.keyClick(window.find_bar.field, "!", Qt.KeyboardModifier.ShiftModifier)
    qtbot.keyClick(window.find_bar.field, Qt.Key.Key_1, Qt.KeyboardModifier.ShiftModifier)

    assert window.overlays.kind is None


def test_those_of_a_file_are_in_the_menu_and_what_is_not_in_the_graph_is_said(
    window, tmp_path: Path
):
    path = tmp_path / "ranks.csv"
    path.write_text("node,R&D,error\nrelu,1,2\nother,3,4\n")

    window.open_values(str(path))

    texts = [action.text() for action in window.commands.overlay_menu.actions()]
    assert texts[-3:] == ["R&&D", "error", "From &File…"]
    assert checked(window) == ["R&&D"]
    assert window.status.message.text() == "1 of 2 names is not in this graph: other"


def test_a_bad_file_is_told_in_the_banner(window, tmp_path: Path):
    window.open_values(str(tmp_path / "missing.csv"))

    assert window.banner.isVisible()
    assert window.overlays.kind is None


def test_the_legend_leads_to_a_node(window):
    window.legend.node_chosen.emit("relu")

    assert window.selection.node == "relu"
