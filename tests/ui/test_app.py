from __future__ import annotations

import pytest
from PySide6.QtGui import QFontDatabase, QFontInfo

from netviz_desktop.ui import app
from netviz_desktop.ui.application import make_application


@pytest.fixture
def application(look):
    del look
    return make_application("light")


def test_it_brings_its_own_font(application):
    assert "Inter" in QFontDatabase.families()
    assert QFontInfo(application.font()).family() == "Inter"


def test_it_has_an_icon(application):
    assert not application.windowIcon().isNull()


def test_a_defect_in_the_window_is_written_down_and_the_window_goes_on(caplog):
    found: list[tuple[str, str]] = []
    hook = app.report_to(lambda *report: found.append(report))
    with pytest.raises(ValueError, match="no") as raised:
        int("no")
    hook(raised.type, raised.value, raised.tb)

    ((line, text),) = found
    assert line.startswith("ValueError: invalid literal")
    assert text.startswith("Traceback")
    assert text in caplog.text
