from __future__ import annotations

import pytest
from PySide6.QtWidgets import QVBoxLayout, QWidget

from netviz_desktop.problems import Problem
from netviz_desktop.ui.banner import Banner

PROBLEM = Problem(
    "a_very_long_name_of_a_file/that_has_no_spaces.safetensors.index.json holds weights alone.",
    "Name the function that makes the network: “Model code…” or --model-code module:function.",
)
BUTTONS = [("Show node", print), ("Model code…", print), ("Architecture…", print)]


@pytest.fixture
def around(qtbot):
    around = QWidget()
    qtbot.addWidget(around)
    return around


@pytest.fixture
def banner(qtbot, around):
    column = QVBoxLayout(around)
    column.setContentsMargins(0, 0, 0, 0)
    banner = Banner(around)
    column.addWidget(banner)
    column.addStretch(1)
    around.resize(800, 600)
    around.show()
    qtbot.waitExposed(around)
    return banner


def test_what_it_says_makes_nothing_wider(qtbot, banner):
    banner.show_problem(PROBLEM, BUTTONS)

    banner.window().resize(240, 600)
    qtbot.waitUntil(lambda: banner.width() == 240)
    for part in (*banner.buttons, banner._what, banner._remedy):
        qtbot.waitUntil(
            lambda part=part: (
                part.minimumSizeHint().width() <= part.width() and part.geometry().right() < 240
            )
        )


def test_one_button_stands_beside_the_words_and_several_below_them(qtbot, banner):
    banner.show_problem(PROBLEM, BUTTONS[:1])
    qtbot.waitUntil(lambda: banner.buttons[0].x() > banner._remedy.geometry().right())

    banner.show_problem(PROBLEM, BUTTONS)
    for button in banner.buttons:
        qtbot.waitUntil(lambda button=button: button.y() > banner._remedy.geometry().bottom())
    assert len({button.y() for button in banner.buttons}) == 1


def test_the_problem_is_kept_as_it_was_said(banner):
    banner.show_problem(PROBLEM)

    assert banner.problem is PROBLEM
