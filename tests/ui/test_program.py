from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import netviz_desktop
from netviz_desktop.ui import program


def test_it_starts_itself_and_not_what_lies_in_the_current_folder(tmp_path, monkeypatch):
    (tmp_path / "netviz_desktop.py").write_text("raise SystemExit('the wrong one')")
    monkeypatch.chdir(tmp_path)
    environment = program.environment()

    said = subprocess.run(
        program.command("--version"),
        env={key: environment.value(key) for key in environment.keys()},  # noqa: SIM118 - no mapping
        capture_output=True,
        text=True,
        check=True,
    )

    assert said.stdout == f"netviz-desktop {netviz_desktop.__version__}\n"


def test_a_bundle_starts_itself_without_an_interpreter(monkeypatch):
    monkeypatch.setattr(sys, "frozen", True, raising=False)
    monkeypatch.setattr(sys, "executable", "/opt/netviz/netviz-desktop")

    assert program.command("--engine") == ["/opt/netviz/netviz-desktop", "--engine"]


def test_the_package_is_found_although_it_may_not_be_installed():
    paths = program.environment().value("PYTHONPATH").split(":")

    assert Path(netviz_desktop.__file__).resolve().parent.parent in map(Path, paths)
