"""Files of any kind, dropped together or named on the command line."""

from __future__ import annotations

from collections.abc import Iterable

from PySide6.QtCore import QMimeData, QProcess

from netviz_desktop.ui import program
from netviz_desktop.ui.operations.open_image import is_image


def sort_files(paths: Iterable[str]) -> tuple[list[str], list[str]]:
    """Models and images, each in their order."""
    models: list[str] = []
    images: list[str] = []
    for path in paths:
        (images if is_image(path) else models).append(path)
    return models, images


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
