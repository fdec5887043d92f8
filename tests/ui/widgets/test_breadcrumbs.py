from __future__ import annotations

from PySide6.QtWidgets import QLabel, QPushButton

from netviz_desktop.ui.widgets.breadcrumbs import Breadcrumbs


def test_each_step_but_the_last_leads_back(qtbot):
    path = Breadcrumbs()
    qtbot.addWidget(path)
    chosen: list[int] = []
    path.chosen.connect(chosen.append)
    path.set_steps(["a.onnx", "if & more", "loop"])

    buttons = path.findChildren(QPushButton)
    for button in buttons:
        button.click()

    assert [button.toolTip() for button in buttons] == ["a.onnx", "if & more"]
    assert chosen == [0, 1]
    assert "loop" in [label.text() for label in path.findChildren(QLabel)]


def test_a_single_step_is_no_path(qtbot):
    path = Breadcrumbs()
    qtbot.addWidget(path)

    path.set_steps(["a.onnx", "if"])
    assert not path.isHidden()
    path.set_steps(["a.onnx"])
    assert path.isHidden()
