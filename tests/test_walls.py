"""The walls between the rooms, as the running program keeps them; lint-imports reads them."""

from __future__ import annotations

import pkgutil
import shutil
import subprocess
import sys
from pathlib import Path

import grimp
import pytest

import netviz_desktop

ROOT = Path(__file__).resolve().parents[1]
TENSORS = ("torch", "onnx", "onnxruntime", "keras", "h5py")
WIDGETS = ("PySide6", "shiboken6", "pyqtgraph")


def modules_of(*rooms: str) -> list[str]:
    """Every module of the rooms, and the rooms."""
    found = [
        module.name
        for module in pkgutil.walk_packages(netviz_desktop.__path__, "netviz_desktop.")
        if module.name.split(".")[1] in rooms
    ]
    assert {name.split(".")[1] for name in found} == set(rooms)
    return found


def loaded_by(modules: list[str], foreign: tuple[str, ...]) -> list[str]:
    """Those of the foreign packages that a fresh interpreter holds after these imports."""
    script = (
        "import importlib, sys\n"
        f"for name in {modules!r}: importlib.import_module(name)\n"
        f"print(*[name for name in {foreign!r} if name in sys.modules])"
    )
    outcome = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=True, cwd=ROOT
    )
    return outcome.stdout.split()


def test_the_window_loads_no_tensor_library_no_reader_and_no_engine():
    foreign = (*TENSORS, "netviz_desktop.readers", "netviz_desktop.engine")

    assert loaded_by(modules_of("ui"), foreign) == []


def test_the_engine_and_the_readers_load_no_qt():
    assert loaded_by(modules_of("engine", "readers"), WIDGETS) == []


def test_graph_layout_and_link_load_neither():
    rooms = modules_of("graph", "layout", "link", "problems", "resource")

    assert loaded_by(rooms, TENSORS + WIDGETS) == []


@pytest.mark.parametrize("room", ["readers", "engine.runners", "engine.explain", "ui.docks"])
def test_members_know_no_other_member(room):
    folder = f"netviz_desktop.{room}"
    imports = grimp.build_graph("netviz_desktop", cache_dir=None)
    members = {
        name for name in imports.find_children(folder) if not name.split(".")[-1].startswith("_")
    }
    assert members

    known = {member: imports.find_modules_directly_imported_by(member) for member in members}

    assert {member: known[member] & members for member in members if known[member] & members} == {}


@pytest.mark.parametrize(
    ("module", "line", "contract"),
    [
        ("ui/_intruder.py", "import torch", "The window knows no reader and no tensor library"),
        ("ui/_intruder.py", "import netviz_desktop.engine.forward_pass", "Rooms"),
        ("engine/_intruder.py", "from PySide6 import QtCore", "Only the window knows Qt"),
        ("graph/_intruder.py", "import onnx", "What a model is needs no tensor library"),
        ("layout/_intruder.py", "import netviz_desktop.link", "Rooms"),
        ("_intruder.py", "", "Rooms"),
    ],
)
def test_a_hole_in_a_wall_fails_the_check(tmp_path, module, line, contract):
    shutil.copy(ROOT / "pyproject.toml", tmp_path)
    ours = shutil.ignore_patterns("__pycache__")
    shutil.copytree(ROOT / "netviz_desktop", tmp_path / "netviz_desktop", ignore=ours)
    (tmp_path / "netviz_desktop" / module).write_text(f"{line}\n")

    check = "import sys; from importlinter.cli import lint_imports; sys.exit(lint_imports())"
    outcome = subprocess.run(
        [sys.executable, "-c", check], cwd=tmp_path, capture_output=True, text=True, check=False
    )

    assert outcome.returncode != 0
    assert f"{contract} BROKEN" in outcome.stdout
