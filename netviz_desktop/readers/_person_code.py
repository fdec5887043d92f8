"""Running code that belongs to the person: what it may import, and how it fails."""

from __future__ import annotations

import importlib
import importlib.util
import sys
import traceback
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import ModuleType, NoneType
from typing import Any

from netviz_desktop.problems import Cancelled, Problem

_imported: dict[str, list[str]] = {"modules": [], "folders": []}


def made_by(code: str, folder: Path) -> Any:
    """What the function gives that `code` names: `package.module:function` or
    `path/file.py:function`.

    Args:
        folder: the model file's; it and the current one are searched for modules.

    Raises:
        Problem: there is no such function, or it raised.
    """
    place, colon, function_name = code.rpartition(":")
    if not colon or not place or not function_name:
        raise Problem(
            f"“{code}” does not name a function.",
            "Write package.module:function, or path/file.py:function.",
        )
    with importable(folder, Path.cwd()), from_person(f"“{code}”", folder):
        module = _file(place, folder) if place.endswith(".py") else importlib.import_module(place)
        function = getattr(module, function_name, None)
        if not callable(function):
            raise Problem(
                f"{place} has no function {function_name}.",
                "Name a function, or a class, that gives the network when it is called "
                "without arguments.",
            )
        return function()


@contextmanager
def importable(*folders: Path) -> Iterator[None]:
    """Modules in these folders can be imported, now and by code that runs later.

    What an earlier model imported in this way is forgotten first: another model's `model.py`
    is another module, and an edited one is read again.
    """
    for name in _imported["modules"]:
        sys.modules.pop(name, None)
    for folder in _imported["folders"]:
        if folder in sys.path:
            sys.path.remove(folder)
    known = set(sys.modules)
    added = [str(folder.resolve()) for folder in folders if str(folder.resolve()) not in sys.path]
    sys.path[:0] = added
    importlib.invalidate_caches()
    try:
        yield
    finally:
        homes = tuple(str(folder.resolve()) for folder in folders)
        _imported["folders"] = added
        _imported["modules"] = [
            name
            for name in set(sys.modules) - known
            if (getattr(sys.modules[name], "__file__", None) or "").startswith(homes)
            and "site-packages" not in (sys.modules[name].__file__ or "")
        ]


@contextmanager
def from_person(what: str, folder: Path) -> Iterator[None]:
    """Whatever the person's code raises becomes a Problem that says what and where.

    Args:
        what: begins the sentence: "Loading model.pt".
        folder: where classes were looked for.
    """
    try:
        yield
    except (Problem, Cancelled):
        raise
    except (ModuleNotFoundError, AttributeError) as error:
        if not isinstance(getattr(error, "obj", None), (ModuleType, NoneType)):
            raise _failed(what, error) from error  # no name that was to be imported
        if "__main__" in str(error):
            raise Problem(
                f"{what} failed: its class was defined in the script or notebook that saved it.",
                "Move the class into a .py file of its own, and save the model again from there.",
            ) from error
        raise Problem(
            f"{what} failed: {_one_line(error)}.",
            f"Put the code it needs into {folder.resolve()}, or install it, and open it again.",
        ) from error
    except (Exception, SystemExit) as error:
        raise _failed(what, error) from error


def _failed(what: str, error: BaseException) -> Problem:
    return Problem(
        f"{what} failed{_where(error)}: {_one_line(error)}.",
        "Correct the code it runs, or open the network's ONNX export.",
    )


def _file(place: str, folder: Path) -> Any:
    path = next((p for p in (Path(place), folder / place) if p.is_file()), None)
    if path is None:
        raise Problem(
            f"There is no file {place}.", f"Name one in {Path.cwd()} or {folder.resolve()}."
        )
    name = path.stem
    spec = importlib.util.spec_from_file_location(name, path)
    if spec is None or spec.loader is None:
        raise Problem(f"{place} is no Python file.", "Name a file that ends in .py.")
    module = importlib.util.module_from_spec(spec)
    # Dataclasses and pickles look their module up by name.
    sys.modules.setdefault(name, module)
    spec.loader.exec_module(module)
    return module


def _where(error: BaseException) -> str:
    frames = traceback.extract_tb(error.__traceback__)
    own = [frame for frame in frames if "netviz_desktop" not in frame.filename]
    return f" in {Path(own[-1].filename).name}, line {own[-1].lineno}" if own else ""


def _one_line(error: BaseException) -> str:
    said = str(error).strip().splitlines()
    return f"{type(error).__name__}: {said[0][:300].rstrip('.')}" if said else type(error).__name__
