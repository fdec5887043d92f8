"""A visitor: starts the real program, does with it what a person does, writes down what is shown.

Run as a script, in a process of its own, so that what the window imports can be told from
what the tests import. Its arguments: a folder, which then holds `shown.npz`, `said.json`
and `window.png`.
"""

from __future__ import annotations

import io
import json
import os
import pickle
import signal
import sys
import zipfile
from argparse import Namespace
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from PySide6.QtCore import (
    QElapsedTimer,
    QEventLoop,
    QMimeData,
    QPoint,
    QPointF,
    QSettings,
    Qt,
    QTimer,
    QUrl,
)
from PySide6.QtGui import QDragEnterEvent, QDropEvent
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication

from netviz_desktop import resource
from netviz_desktop.ui import app
from netviz_desktop.ui.application import make_application
from netviz_desktop.ui.main_window import MainWindow
from netviz_desktop.ui.settings import Settings

LAST_FEATURES = "/features/features.12/Concat"
FIRST_CONV = "/features/features.0/Conv"
A_CONV = "/features/features.3/squeeze/Conv"
OTHER_CLASS = 285
NOTHING = Namespace(
    files=[], image=None, trust=False, model_code=None, labels=None, theme=None, demo=False
)
TIMEOUT_MS = 60_000


class Visitor:
    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.numbers: dict[str, Any] = {}
        self.said: dict[str, Any] = {}
        make_application("light")
        store = QSettings(str(folder / "settings.ini"), QSettings.Format.IniFormat)
        self.window: MainWindow = app.open_window(NOTHING, Settings(store))
        self.window.resize(1600, 1000)
        self.wait(lambda: bool(self.window.arrangement.docks))
        self.docks: dict[str, Any] = {dock.ID: dock for dock in self.window.arrangement.docks}
        self.drawings = 0
        self.window.view.laid_out.connect(self._drawn)

    def visit(self) -> None:
        window = self.window
        self.drop(resource.path(resource.DEMO_MODEL), resource.path(resource.DEMO_IMAGE))
        self.wait(lambda: window.selection.run is not None and self.drawings > 0)
        self.read_predictions()

        self.click(LAST_FEATURES)
        self.read("last", LAST_FEATURES)
        window.grab().save(str(self.folder / "window.png"))
        self.docks["attribution"].use_selected.click()
        self.choose_class(OTHER_CLASS)
        self.click(A_CONV)
        self.read("conv", A_CONV)

        self.kill_engine_and_click(FIRST_CONV)
        self.read("after", FIRST_CONV)
        self.said["processes"] = self.libraries()
        self.drop_bad_files()
        self.click(LAST_FEATURES)
        self.read("still", LAST_FEATURES)

    # --- what a person does -------------------------------------------------------------

    def drop(self, *paths: Path) -> None:
        mime = QMimeData()
        mime.setUrls([QUrl.fromLocalFile(str(path)) for path in paths])
        copy, left = Qt.DropAction.CopyAction, Qt.MouseButton.LeftButton
        plain = Qt.KeyboardModifier.NoModifier
        enter = QDragEnterEvent(QPoint(300, 300), copy, mime, left, plain)
        QApplication.sendEvent(self.window, enter)
        assert enter.isAccepted()
        QApplication.sendEvent(self.window, QDropEvent(QPointF(300, 300), copy, mime, left, plain))

    def click(self, node: str) -> None:
        view = self.window.view
        view.center_on(node)
        where = view.mapFromScene(view.scene_rect_of(node).center())
        assert view.viewport().rect().contains(where), where
        QTest.mouseClick(view.viewport(), Qt.MouseButton.LeftButton, pos=where)
        assert self.window.selection.node == node

    def choose_class(self, target: int) -> None:
        search = self.docks["predictions"].search
        search.setFocus()
        QTest.keyClicks(search, str(target))
        QTest.keyClick(search, Qt.Key.Key_Return)
        assert self.window.selection.target == target

    def kill_engine_and_click(self, node: str) -> None:
        window = self.window
        lines: list[str] = []
        window.engine.lost.connect(lines.append)
        restored: list[bool] = []
        window.restore.done.connect(lambda: restored.append(True))
        window.images.run()
        os.kill(window.engine.process_id, signal.SIGKILL)
        self.wait(lambda: bool(lines))
        self.said["lost"] = {
            "lines": lines,
            "status": window.status.message.text(),
            "visible": window.isVisible(),
            "node": window.selection.node,
        }
        self.click(node)
        self.wait(lambda: bool(restored))

    def drop_bad_files(self) -> None:
        whole = resource.path(resource.DEMO_MODEL).read_bytes()
        picture = resource.path(resource.DEMO_IMAGE).read_bytes()
        evil = pickle.dumps(_Evil(f"touch {self.folder / 'pwned'}"), protocol=2)
        bad = {
            "truncated.onnx": whole[: len(whole) // 2],
            "random.onnx": np.random.default_rng(0).bytes(5000),
            "random.pt": np.random.default_rng(1).bytes(5000),
            "empty.onnx": b"",
            "notes.onnx": b"These are notes, not a model.\n" * 20,
            "evil.pkl": evil,
            "evil.pt": _zipped(evil),
            "truncated.png": picture[:3000],
        }
        said = self.said["bad"] = {}
        model, run = self.window.selection.model, self.window.selection.run
        for name, content in bad.items():
            file = self.folder / name
            file.write_bytes(content)
            self.window.banner.dismiss()
            self.drop(file)
            self.wait(self.window.banner.isVisible, f"what is said of {name}")
            problem = self.window.banner.problem
            said[name] = [problem.what, problem.remedy]
        self.window.banner.dismiss()
        (self.folder / "folder").mkdir()
        self.drop(self.folder / "folder")
        self.wait(self.window.banner.isVisible)
        said["folder"] = [self.window.banner.problem.what, self.window.banner.problem.remedy]
        self.said["kept"] = model is self.window.selection.model and (
            run is self.window.selection.run
        )
        self.said["pwned"] = (self.folder / "pwned").exists()

    # --- what is shown ------------------------------------------------------------------

    def read(self, name: str, node: str) -> None:
        """The contents of the docks, once they are of this node."""
        features, gradients = self.docks["feature_maps"], self.docks["gradients"]
        weights, attribution = self.docks["weights"], self.docks["attribution"]
        for dock, shown in ((features, "maps"), (gradients, "maps"), (attribution, "attribution")):
            self.wait(
                lambda dock=dock, shown=shown: _shows(dock, shown, node), f"{shown} of {node}"
            )
        for kind, dock in (("activation", features), ("gradient", gradients)):
            self.numbers[f"{name}/{kind}"] = dock.maps.thumbnails
            self.numbers[f"{name}/{kind}/minimum"] = dock.maps.minimum
            self.numbers[f"{name}/{kind}/maximum"] = dock.maps.maximum
        self.numbers[f"{name}/attribution"] = attribution.attribution.raw
        self.numbers[f"{name}/target"] = np.array(attribution.attribution.target)
        if self.window.selection.selected_node.parameters:
            self.wait(lambda: _shows(weights, "weights", node), f"weights of {node}")
            self.numbers[f"{name}/weight"] = weights.weights.weights[0].pictures

    def read_predictions(self) -> None:
        run = self.window.selection.run
        self.said["predictions"] = [[p.target, p.label, p.logit, p.score] for p in run.predictions]

    def libraries(self) -> dict[str, list[str]]:
        """What each process has in its memory."""
        engine = Path(f"/proc/{self.window.engine.process_id}/maps").read_text()
        ours = Path("/proc/self/maps").read_text()
        imported = {name.partition(".")[0] for name in sys.modules}
        return {
            "window": [n for n in ("libtorch", "onnx_cpp2py") if n in ours]
            + sorted(imported & {"torch", "onnx", "onnxruntime"}),
            "engine": [name for name in ("PySide6", "libQt6", "shiboken") if name in engine],
            "engine_has_torch": ["libtorch"] if "libtorch" in engine else [],
        }

    # --- waiting ------------------------------------------------------------------------

    def wait(self, condition: Callable[[], bool], what: str = "") -> None:
        clock = QElapsedTimer()
        clock.start()
        while True:
            loop = QEventLoop()
            QTimer.singleShot(10, loop.quit)
            loop.exec()
            if condition():
                return
            if clock.elapsed() > TIMEOUT_MS:
                raise TimeoutError(what or "waited too long")

    def _drawn(self) -> None:
        self.drawings += 1


def _shows(dock: Any, what: str, node: str) -> bool:
    answer = getattr(dock, what)
    return bool(dock.has_content and answer is not None and answer.node == node)


class _Evil:
    """Unpickled, it runs a command."""

    def __init__(self, command: str) -> None:
        self.command = command

    def __reduce__(self) -> tuple[Any, ...]:
        return os.system, (self.command,)


def _zipped(data: bytes) -> bytes:
    """As torch.save writes it."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr("evil/data.pkl", data)
        archive.writestr("evil/version", "3\n")
    return buffer.getvalue()


def main() -> None:
    folder = Path(sys.argv[1])
    visitor = Visitor(folder)
    try:
        visitor.visit()
    finally:
        visitor.window.close()
    np.savez(folder / "shown.npz", **visitor.numbers)
    (folder / "said.json").write_text(json.dumps(visitor.said))


if __name__ == "__main__":
    main()
