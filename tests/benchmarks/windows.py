"""The real window, timed."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

from PySide6.QtCore import QEventLoop, QObject, QSettings, QTimer, Signal, qInstallMessageHandler

from netviz_desktop.ui.application import make_application
from netviz_desktop.ui.docks import Dock
from netviz_desktop.ui.engine_client import EngineClient
from netviz_desktop.ui.main_window import MainWindow
from netviz_desktop.ui.settings import Settings

os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")

_ROOT = Path(__file__).resolve().parents[2]

# `netviz-desktop` as it is, but that it tells when it was first painted, and ends.
_FIRST_PAINT = """
import os, sys, time
from netviz_desktop import __main__
from netviz_desktop.ui import main_window
paint = main_window.MainWindow.paintEvent
def painted(self, event):
    paint(self, event)
    os.write(1, str(time.perf_counter()).encode())
    os._exit(0)
main_window.MainWindow.paintEvent = painted
__main__.main([])
"""


def first_paint() -> float:
    """Seconds from the start of the process to the first painting of its window."""
    start = time.perf_counter()  # one clock for all processes of a machine
    done = subprocess.run(
        [sys.executable, "-c", _FIRST_PAINT],
        capture_output=True,
        check=True,
        env=os.environ | {"PYTHONPATH": str(_ROOT)},
    )
    return float(done.stdout) - start


def drop(model: Path, repeat: int) -> list[float]:
    """Seconds from a dropped file to its painted graph; the engine has imported torch, and
    has laid out nothing yet."""
    seconds = []
    for _ in range(repeat):
        window = _window()
        start = time.perf_counter()
        _wait(window.view.laid_out, partial(window.open_files, [str(model)]))
        window.view.viewport().repaint()
        seconds.append(time.perf_counter() - start)
        _close(window)
    return seconds


def click(model: Path, image: Path, repeat: int) -> list[float]:
    """Seconds from a click on a node to all docks that follow it filled and painted."""
    window = _window()
    _wait(window.view.laid_out, lambda: window.open_files([str(model)]))
    _wait(window.selection.run_changed, lambda: window.open_files([str(image)]))
    _settle()
    nodes = [node.id for node in window.selection.graph.nodes if "Conv" in node.op_type]
    filled = _Filled([dock for dock in window.arrangement.docks if dock.ID in _FOLLOWERS])
    seconds = []
    for turn in range(repeat):
        node = nodes[turn * len(nodes) // repeat]
        start = time.perf_counter()
        _wait(filled.all, partial(window.selection.set_node, node))
        window.repaint()
        seconds.append(time.perf_counter() - start)
        filled.none()
        _settle()
    _close(window)
    return seconds


_FOLLOWERS = ("node", "feature_maps", "gradients", "weights")


class _Filled(QObject):
    """Tells when each of some docks has shown what it was last asked for."""

    all = Signal()

    def __init__(self, docks: list[Dock]) -> None:
        super().__init__()
        self._docks = docks
        self._waiting: set[str] = set()
        self.none()
        for dock in docks:
            dock.shown.connect(lambda _node, name=dock.ID: self._filled(name))

    def none(self) -> None:
        self._waiting = {dock.ID for dock in self._docks}

    def _filled(self, name: str) -> None:
        self._waiting.discard(name)
        if not self._waiting:
            self.all.emit()


def _window() -> MainWindow:
    qInstallMessageHandler(lambda *_: None)  # the offscreen plugin lacks what a screen has
    make_application("light")
    engine = EngineClient()
    folder = tempfile.mkdtemp(prefix="netviz-benchmark-")
    store = QSettings(f"{folder}/settings.ini", QSettings.Format.IniFormat)
    window = MainWindow(engine, Settings(store))
    window.show()
    _wait(engine.ready, engine.start)
    _settle()
    return window


def _close(window: MainWindow) -> None:
    window.close()
    window.deleteLater()
    _settle()


def _wait(signal: Any, begin: Callable[[], object]) -> None:
    """Do it, and turn the event loop until the signal comes."""
    loop = QEventLoop()
    connection = signal.connect(lambda *_: loop.quit())
    QTimer.singleShot(0, begin)
    QTimer.singleShot(60_000, lambda: loop.exit(1))
    late = loop.exec()
    signal.disconnect(connection)
    if late:
        raise TimeoutError(signal)


def _settle() -> None:
    """Until nothing is left to be done for a while."""
    loop = QEventLoop()
    QTimer.singleShot(400, loop.quit)
    loop.exec()
