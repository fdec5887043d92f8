from __future__ import annotations

from PySide6.QtCore import Qt

from netviz_desktop.ui.operations.architecture import ask_architecture, recognised
from netviz_desktop.ui.operations.choose_member import ask_member


def test_what_was_recognised_is_said_with_what_else_would_fit(opened):
    one = recognised(opened(architecture="a: x", architectures=("a: x",)))
    three = recognised(opened(architecture="a: x", architectures=("a: x", "b: y", "b: z")))

    assert one.what == "Recognised as a: x by its weights' names and shapes."
    assert one.remedy == "If it is another network, choose that one with “Change…”."
    assert three.remedy == ("2 others would fit as well (b: y, b: z): “Change…” lets you choose.")


def test_another_architecture_is_chosen_from_the_list(qtbot, opened):
    chosen = []
    model = opened(architecture="a: x", architectures=("a: x", "b: y"))
    dialog = ask_architecture(None, model, chosen.append)
    qtbot.addWidget(dialog)
    assert dialog.chosen == "a: x"

    dialog.list.setCurrentRow(1)
    dialog.accept()

    assert chosen == ["b: y"]


def test_the_weights_alone_are_a_choice(qtbot, opened):
    chosen = []
    dialog = ask_architecture(None, opened(architectures=("a: x",)), chosen.append)
    qtbot.addWidget(dialog)
    assert dialog.chosen == "None: the weights alone"
    dialog.accept()

    assert chosen == ["none"]


def test_an_architecture_can_be_named_that_is_not_in_the_list(qtbot, opened):
    chosen = []
    dialog = ask_architecture(None, opened(architectures=("a: x",)), chosen.append)
    qtbot.addWidget(dialog)
    qtbot.keyClicks(dialog.field, "resnet18")
    assert dialog.list.selectedItems() == []
    dialog.accept()

    assert chosen == ["resnet18"]


def test_a_model_of_an_archive_is_chosen(qtbot):
    chosen = []
    dialog = ask_member(None, "a.zip", ["x.onnx", "y.onnx"], chosen.append)
    qtbot.addWidget(dialog)
    qtbot.keyClick(dialog.list, Qt.Key.Key_Down)
    dialog.accept()

    assert chosen == ["y.onnx"]
