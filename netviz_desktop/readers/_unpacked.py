"""Folders for what was unpacked, which are gone when nobody needs them any more."""

from __future__ import annotations

import os
import re
import shutil
import sys
import tempfile
import weakref
from pathlib import Path

_NAME = "netviz-unpacked-"


class Unpacked:
    """A folder that is removed when this is collected, or the program ends."""

    def __init__(self) -> None:
        _remove_abandoned()
        self.folder = Path(tempfile.mkdtemp(prefix=f"{_NAME}{os.getpid()}-"))
        self._remove = weakref.finalize(self, shutil.rmtree, self.folder, ignore_errors=True)
        _alive.add(self)

    def remove(self) -> None:
        self._remove()


_alive: weakref.WeakSet[Unpacked] = weakref.WeakSet()


def remove_all() -> None:
    """For a process that is about to end without Python's own farewell."""
    for unpacked in list(_alive):
        unpacked.remove()


def _remove_abandoned() -> None:
    """What a process left that was killed."""
    if sys.platform == "win32":
        return  # where a process cannot be asked for without ending it
    for folder in Path(tempfile.gettempdir()).glob(f"{_NAME}*"):
        owner = re.fullmatch(rf"{_NAME}(\d+)-\w+", folder.name)
        if owner is not None and not _is_running(int(owner[1])):
            shutil.rmtree(folder, ignore_errors=True)


def _is_running(process: int) -> bool:
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    except (PermissionError, OverflowError):
        return True  # somebody else's
    return True
