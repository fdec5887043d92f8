"""Files of any kind, dropped together or named on the command line."""

from __future__ import annotations

from collections.abc import Iterable

from PySide6.QtCore import QMimeData, QProcess

from netviz_desktop.ui import program
from netviz_desktop.ui.operations.given_inputs import is_tensors
from netviz_desktop.ui.operations.open_image import is_image


def sort_files(paths: Iterable[str]) -> tuple[list[str], list[str], list[str]]:
    """Models, images and arrays, each in their order."""
    models: list[str] = []
    images: list[str] = []
    arrays: list[str] = []
    for path in paths:
        kind = arrays if is_tensors(path) else images if is_image(path) else models
        kind.append(path)
    return models, images, arrays


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
