"""The real window, drawn into a picture without a screen: for documentation, and to look at."""

from __future__ import annotations

import os
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from types import TracebackType

from PySide6.QtCore import (
    QByteArray,
    QElapsedTimer,
    QEventLoop,
    QSettings,
    QTimer,
    qInstallMessageHandler,
)
from PySide6.QtGui import QImage, QImageWriter

from netviz_desktop import resource
from netviz_desktop.graph.overlay import BY_ID
from netviz_desktop.problems import Problem
from netviz_desktop.ui.application import log_qt, make_application
from netviz_desktop.ui.engine_client import EngineClient
from netviz_desktop.ui.main_window import MainWindow
from netviz_desktop.ui.settings import Settings

_QUIET_MS = 250  # docks may ask once more for what they have been shown
_POLL_MS = 25


class TookTooLong(Problem):
    """The window was not drawn in time."""


class EngineDied(Problem):
    """The engine was lost while the window was being drawn."""


class BadPicture(Problem):
    """There is a picture, and it cannot be right."""


def shoot(
    model: str | Path,
    *,
    image: str | Path | None = None,
    node: str | None = None,
    size: tuple[int, int] = (1600, 1000),
    theme: str = "light",
    overlay: str | None = None,
    output: str | Path,
    trust: bool = False,
    model_code: str | None = None,
    architecture: str | None = None,
    member: str | None = None,
    timeout_s: float = 60,
) -> None:
    """Write a PNG of the window with a model, an image that ran through it, and a node.

    Args:
        node: None: the node that layer-based methods choose, where there is one.
        size: width, height in pixels.
        overlay: what colours the graph: one of `graph.overlay.KINDS` by its id, or a file of
            values by name.
        output: the PNG.

    Raises:
        Problem: the model or the image cannot be opened, or there is no such node. Also when
            the run stops at a node: then the picture is there, and shows where.
        TookTooLong, EngineDied, BadPicture: as they say.
    """
    os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
    qInstallMessageHandler(log_qt)
    make_application(theme)
    with tempfile.TemporaryDirectory() as folder:
        store = QSettings(f"{folder}/settings.ini", QSettings.Format.IniFormat)
        engine = EngineClient()
        engine.start()
        window = MainWindow(engine, Settings(store))
        try:
            window.resize(*size)
            window.show()
            files = [str(model), *([str(image)] if image is not None else [])]
            photographer = _Photographer(window, timeout_s)
            window.open_files(
                files,
                trust=trust,
                model_code=model_code,
                architecture=architecture,
                member=member,
            )
            photographer.take(image, node, Path(output), overlay)
        finally:
            window.close()
            window.deleteLater()


def smoke(*, output: str, model: str) -> int:
    """What a bundle is tried with: draw `model`, run on the demo image, into `output`.

    Returns:
        The exit code: 0 done, 3 the model cannot be opened or run, 4 the picture is wrong,
        5 the engine died, 6 it took too long.
    """
    image = resource.path(resource.DEMO_IMAGE)
    try:
        shoot(model, image=image, output=output)
    except Problem as problem:
        sys.stderr.write(f"{problem}\n")
        return {BadPicture: 4, EngineDied: 5, TookTooLong: 6}.get(type(problem), 3)
    return 0


class _Photographer:
    """Brings a window into the state that is wanted, and takes its picture."""

    def __init__(self, window: MainWindow, timeout_s: float) -> None:
        self._window = window
        self._timeout_ms = round(timeout_s * 1000)
        self._clock = QElapsedTimer()
        self._clock.start()
        self._problem: BaseException | None = None
        self._open_calls = 0
        self._laid_out = False
        self._stop: Problem | None = None
        for operation in (window.models, window.restore, window.overlays):
            operation.failed.connect(self._failed)
        window.images.failed.connect(self._not_run)
        window.engine.lost.connect(self._lost)
        window.engine.busy_changed.connect(self._busy)
        window.view.laid_out.connect(self._drawn)

    def excepthook(
        self, _kind: type[BaseException], error: BaseException, _trace: TracebackType | None
    ) -> None:
        """A defect in one of Qt's calls ends the waiting, as it would end a test."""
        self._problem = self._problem or error

    def take(
        self,
        image: str | Path | None,
        node: str | None,
        output: Path,
        overlay: str | None = None,
    ) -> None:
        """Once what is being opened is there, and all is drawn."""
        window = self._window
        self._wait("open the model", lambda: window.selection.model is not None)
        self._wait("lay out the graph", lambda: self._laid_out)
        if image is not None and window.images.can_run():
            self._wait("run the image", lambda: bool(window.selection.run or self._stop))
        self._wait_until_quiet()  # the shapes of the run are laid out, too
        self._choose(node)
        if overlay is not None:
            self._overlay(overlay)
        self._wait_until_quiet()
        window.view.setFocus()
        picture = window.grab().toImage()
        _check(picture)
        if not QImageWriter(str(output), QByteArray(b"png")).write(picture):
            raise Problem(
                f"{output} cannot be written.", "Check that its folder exists and is yours."
            )
        if self._stop is not None:
            raise self._stop

    def _choose(self, node: str | None) -> None:
        selection = self._window.selection
        if node is None:
            node = selection.run.default_node if selection.run is not None else None
            node = self._stop.node if self._stop is not None else node
        if node is None:
            return
        if selection.graph is None or node not in selection.graph:
            raise Problem(
                f"There is no node “{node}” in this model.",
                "Take an id from `netviz graph`.",
            )
        selection.set_node(node)
        self._window.view.center_on(node)

    def _overlay(self, overlay: str) -> None:
        overlays = self._window.overlays
        if overlay not in BY_ID and Path(overlay).is_file():
            self._window.open_values(overlay)
            if self._problem is not None:
                raise self._problem
        else:
            overlays.choose(overlay)
        self._wait_until_quiet()
        if self._window.selection.overlay is None:
            raise Problem(f"The overlay {overlay} cannot be shown.", overlays.state)

    def _wait(self, what: str, condition: Callable[[], bool]) -> None:
        while not condition():
            self._turn()
            if self._problem is not None:
                raise self._problem
            if self._clock.elapsed() > self._timeout_ms:
                raise TookTooLong(
                    f"It took more than {self._timeout_ms / 1000:.0f} s to {what}.",
                    "Try a smaller model, or a faster machine.",
                )

    def _wait_until_quiet(self) -> None:
        quiet = QElapsedTimer()
        quiet.start()

        def is_quiet() -> bool:
            if self._open_calls:
                quiet.restart()
            return quiet.elapsed() >= _QUIET_MS

        self._wait("fill the panels", is_quiet)

    def _turn(self) -> None:
        loop = QEventLoop()
        QTimer.singleShot(_POLL_MS, loop.quit)
        loop.exec()

    def _failed(self, problem: Problem) -> None:
        self._problem = problem

    def _not_run(self, problem: Problem) -> None:
        if problem.node:
            self._stop = problem
        else:
            self._failed(problem)

    def _lost(self, line: str) -> None:
        self._problem = EngineDied(line, "Run it again; Help > Report shows why it died.")

    def _busy(self, count: int) -> None:
        self._open_calls = count

    def _drawn(self) -> None:
        self._laid_out = True


def _check(picture: QImage) -> None:
    """Raises: BadPicture: it has hardly any colours, so nothing was drawn."""
    colours = {
        picture.pixel(x, y)
        for x in range(0, picture.width(), 7)
        for y in range(0, picture.height(), 7)
    }
    if len(colours) < 16:
        raise BadPicture(
            f"The picture of the window is all but empty: it has {len(colours)} colours.",
            "Check that the graphics libraries are complete.",
        )
