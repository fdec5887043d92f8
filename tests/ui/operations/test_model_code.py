from __future__ import annotations

import pytest

from netviz_desktop.ui.operations.model_code import ModelCodeDialog


@pytest.fixture
def dialog(qtbot):
    dialog = ModelCodeDialog("weights.pth")
    qtbot.addWidget(dialog)
    return dialog


def test_no_list_is_shown_before_there_is_a_file(dialog, tmp_path):
    dialog.show()
    assert not dialog.functions.isVisible()
    assert not dialog.note.isVisible()

    path = tmp_path / "net.py"
    path.write_text("def make(): ...\n")
    dialog.choose_file(str(path))
    assert dialog.functions.isVisible()


def items(dialog):
    return [dialog.functions.itemText(index) for index in range(dialog.functions.count())]


def test_a_chosen_file_shows_its_functions_and_proposes_the_first(dialog, tmp_path):
    path = tmp_path / "net.py"
    path.write_text("def make(): ...\nclass Net: ...\n")
    dialog.choose_file(str(path))

    assert items(dialog) == ["make", "Net"]
    assert dialog.code == f"{path}:make"
    dialog.functions.setCurrentIndex(1)
    dialog.functions.activated.emit(1)
    assert dialog.code == f"{path}:Net"


def test_what_is_typed_is_found_in_the_list(dialog, tmp_path):
    path = tmp_path / "net.py"
    path.write_text("def make(): ...\nclass Net: ...\n")
    dialog.field.setText(f"{path}:Net")

    assert dialog.functions.currentText() == "Net"


def test_a_file_without_anything_to_call_or_with_a_fault_says_so(dialog, tmp_path):
    path = tmp_path / "net.py"
    path.write_text("def make(width): ...\n")
    dialog.choose_file(str(path))
    assert "no function or class that can be called without arguments" in dialog.note.text()

    other = tmp_path / "broken.py"
    other.write_text("def def\n")
    dialog.choose_file(str(other))
    assert "broken.py is no valid Python, line 1" in dialog.note.text()
    assert items(dialog) == []


def test_a_package_needs_no_file(dialog):
    dialog.field.setText("package.module:function")

    assert dialog.note.text() == ""
    assert dialog._run.isEnabled()
