from __future__ import annotations

from pathlib import Path

import pytest

from netviz_desktop.problems import Problem
from netviz_desktop.ui.python_outline import callables


def written(folder: Path, text: str) -> Path:
    path = folder / "net.py"
    path.write_text(text)
    return path


def test_what_can_be_called_without_arguments_is_listed_functions_first(tmp_path):
    path = written(
        tmp_path,
        """
raise SystemExit("this file was run")

class Net(Base):
    def __init__(self, width=3): ...

class Wide(Base):
    def __init__(self, width): ...

class Plain: ...

def make(): ...
def make_wide(width, *, deep=True): ...
def make_any(width=1, *more, deep=True, **rest): ...
def make_named(*, name): ...
def _helper(): ...
""",
    )

    assert callables(path) == ["make", "make_any", "Net", "Plain"]


def test_a_file_that_is_no_python_is_a_problem_with_its_line(tmp_path):
    with pytest.raises(Problem, match=r"net\.py is no valid Python, line 2"):
        callables(written(tmp_path, "x = 1\ndef def\n"))


@pytest.mark.parametrize("data", [b"\xff\xfe\x00", b"\x00", b"(" * 5000])
def test_any_bytes_are_a_problem(tmp_path, data):
    path = tmp_path / "net.py"
    path.write_bytes(data)

    with pytest.raises(Problem):
        callables(path)


def test_a_missing_file_is_a_problem(tmp_path):
    with pytest.raises(Problem, match="cannot be read"):
        callables(tmp_path / "none.py")
