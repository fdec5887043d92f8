"""How this program starts itself again: as the engine, or as another window."""

from __future__ import annotations

import os
import sys
from pathlib import Path

from PySide6.QtCore import QProcessEnvironment

import netviz_desktop


def command(*arguments: str) -> list[str]:
    """This interpreter on this package, or the bundle itself."""
    if getattr(sys, "frozen", False):
        return [sys.executable, *arguments]
    # -P: without it `-m` would import a numpy.py that lies in the folder we were started in
    return [sys.executable, "-P", "-m", "netviz_desktop", *arguments]


def environment() -> QProcessEnvironment:
    """Ours, such that the same package is found, installed or not."""
    found = QProcessEnvironment.systemEnvironment()
    found.insert("PYTHONUNBUFFERED", "1")
    if not getattr(sys, "frozen", False):
        ours = str(Path(netviz_desktop.__file__).resolve().parent.parent)
        paths = [ours, *filter(None, [found.value("PYTHONPATH")])]
        found.insert("PYTHONPATH", os.pathsep.join(paths))
    return found
