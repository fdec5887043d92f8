from __future__ import annotations

import subprocess
import sys

from netviz_desktop.ui.preflight import judge, missing


def here(_library: str) -> bool:
    return True


def test_a_complete_machine_lacks_nothing():
    assert judge({"DISPLAY": ":0"}, here, lambda: True, has_font=True) is None


def test_a_missing_library_is_named_with_the_line_that_installs_it():
    said = judge(
        {"QT_QPA_PLATFORM": "offscreen"},
        lambda library: library not in ("libGL.so.1", "libEGL.so.1"),
        lambda: True,
        has_font=True,
    )

    assert said is not None
    what, remedy = said.split("\n")
    assert "libGL.so.1 and libEGL.so.1 are not installed" in what
    assert remedy == "On Debian or Ubuntu: sudo apt-get install -y libgl1 libegl1"


def test_the_libraries_of_x11_are_wanted_only_on_x11():
    def no_cursor(library: str) -> bool:
        return library != "libxcb-cursor.so.0"

    on_x11 = judge({"DISPLAY": ":0"}, no_cursor, lambda: True, has_font=True)
    assert on_x11 is not None
    assert "libxcb-cursor0" in on_x11
    for elsewhere in ({"QT_QPA_PLATFORM": "offscreen"}, {"WAYLAND_DISPLAY": "wayland-0"}):
        assert judge(elsewhere, no_cursor, lambda: True, has_font=True) is None


def test_without_a_display_it_says_so_instead_of_blaming_a_library():
    for environment, answers in (({}, True), ({"DISPLAY": ":99"}, False)):
        said = judge(environment, here, lambda answers=answers: answers, has_font=True)
        assert said is not None
        assert "there is no display here" in said
        assert "xvfb-run -a netviz-desktop" in said


def test_without_any_font_it_says_so():
    said = judge({"DISPLAY": ":0"}, here, lambda: True, has_font=False)
    assert said is not None
    assert "font" in said.splitlines()[0]


def test_this_machine_can_show_a_window_offscreen(monkeypatch):
    monkeypatch.setenv("QT_QPA_PLATFORM", "offscreen")
    assert missing() is None


def test_the_program_ends_with_code_3_and_no_traceback_where_nothing_can_be_shown(monkeypatch):
    for name in ("DISPLAY", "WAYLAND_DISPLAY", "QT_QPA_PLATFORM"):
        monkeypatch.delenv(name, raising=False)

    ended = subprocess.run(
        [sys.executable, "-m", "netviz_desktop"], capture_output=True, text=True, check=False
    )

    assert ended.returncode == 3
    assert "there is no display" in ended.stderr
    assert "Traceback" not in ended.stderr
