"""Files of any kind, dropped together or named on the command line."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from PySide6.QtCore import QMimeData, QProcess

from netviz_desktop.problems import Problem
from netviz_desktop.ui import program
from netviz_desktop.ui.operations.given_inputs import is_tensors
from netviz_desktop.ui.operations.open_image import images_in, is_image


def sort_files(paths: Iterable[str]) -> tuple[list[str], list[str], list[str]]:
    """Models, images and arrays, each in their order."""
    models: list[str] = []
    images: list[str] = []
    arrays: list[str] = []
    for path in paths:
        if Path(path).is_dir() and (inside := _images_of(path)):
            images += inside
            continue
        kind = arrays if is_tensors(path) else images if is_image(path) else models
        kind.append(path)
    return models, images, arrays


def _images_of(folder: str) -> list[str]:
    """Those in a folder that is there for them: a model may be a folder, too."""
    try:
        inside = images_in(folder)
    except Problem:
        return []  # whoever opens it says what is wrong
    return inside if 2 * len(inside) > sum(1 for _ in Path(folder).iterdir()) else []


def local_files(mime: QMimeData) -> list[str]:
    """The files of this machine that were dropped or copied."""
    return [url.toLocalFile() for url in mime.urls() if url.isLocalFile()]


def open_in_own_window(*paths: str) -> None:
    """Another window with another engine: models share nothing."""
    process = QProcess()
    process.setProcessEnvironment(program.environment())
    executable, *arguments = program.command(*paths)
    process.setProgram(executable)
    process.setArguments(arguments)
    process.startDetached()
