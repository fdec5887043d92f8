from __future__ import annotations

import os
import sys
from argparse import Namespace

import pytest

from netviz_desktop import __main__ as program
from netviz_desktop import __version__


@pytest.fixture
def started(monkeypatch) -> list[Namespace]:
    """The options of each window that would have been opened."""
    from netviz_desktop.ui import app, preflight

    options: list[Namespace] = []
    monkeypatch.setattr(preflight, "missing", lambda: None)
    monkeypatch.setattr(app, "run", lambda given: options.append(given) or 0)
    return options


def test_files_and_options_reach_the_window(started):
    arguments = ["a.onnx", "b.png", "--image", "c.png", "--trust", "--theme", "dark"]

    assert program.main([*arguments, "--model-code", "net.py:make", "--labels", "l.txt"]) == 0

    (options,) = started
    assert options.files == ["a.onnx", "b.png"]
    assert options.image == "c.png"
    assert options.trust
    assert options.theme == "dark"
    assert options.model_code == "net.py:make"
    assert options.labels == "l.txt"
    assert not options.demo


def test_without_arguments_nothing_is_opened(started):
    program.main([])

    assert started[0].files == []
    assert not started[0].demo


def test_what_is_missing_is_said_and_no_window_is_tried(started, monkeypatch, capsys):
    from netviz_desktop.ui import preflight

    monkeypatch.setattr(preflight, "missing", lambda: "No display.\nStart one.")

    assert program.main([]) == program.EXIT_BAD_START

    assert started == []
    assert capsys.readouterr().err == "No display.\nStart one.\n"


def test_its_version_is_told(capsys):
    with pytest.raises(SystemExit) as ended:
        program.main(["--version"])

    assert ended.value.code == 0
    assert capsys.readouterr().out == f"netviz-desktop {__version__}\n"


def test_a_bundle_gives_its_children_the_library_path_of_the_system(started, monkeypatch):
    monkeypatch.setattr(sys, "frozen", True, raising=False)
    monkeypatch.setenv("LD_LIBRARY_PATH", "/opt/netviz/_internal")
    monkeypatch.setenv("LD_LIBRARY_PATH_ORIG", "/usr/local/lib")

    program.main([])

    assert len(started) == 1
    assert os.environ["LD_LIBRARY_PATH"] == "/usr/local/lib"
    assert "LD_LIBRARY_PATH_ORIG" not in os.environ


def test_a_bundle_leaves_no_library_path_where_there_was_none(started, monkeypatch):
    monkeypatch.setattr(sys, "frozen", True, raising=False)
    monkeypatch.setenv("LD_LIBRARY_PATH", "/opt/netviz/_internal")
    monkeypatch.delenv("LD_LIBRARY_PATH_ORIG", raising=False)

    program.main([])

    assert len(started) == 1
    assert "LD_LIBRARY_PATH" not in os.environ


def test_elsewhere_the_library_path_is_left_alone(started, monkeypatch):
    monkeypatch.setenv("LD_LIBRARY_PATH", "/my/own")

    program.main([])

    assert len(started) == 1
    assert os.environ["LD_LIBRARY_PATH"] == "/my/own"
