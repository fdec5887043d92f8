"""Take an image or tensors, and run the open model on them."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from PySide6.QtCore import QBuffer, QByteArray, QIODevice, QMimeData, QObject, Signal
from PySide6.QtGui import QImage, QImageWriter
from PySide6.QtWidgets import QFileDialog, QWidget

from netviz_desktop.link.messages import ModelOpened, RunFinished, RunImage, RunTensors
from netviz_desktop.problems import Problem
from netviz_desktop.ui.choose_file import choose_file
from netviz_desktop.ui.engine_client import Call, EngineClient
from netviz_desktop.ui.operations.given_inputs import Array
from netviz_desktop.ui.selection import Selection
from netviz_desktop.ui.settings import Settings

SLOT = "run"
SUFFIXES = (
    ".png",
    ".jpg",
    ".jpeg",
    ".webp",
    ".bmp",
    ".gif",
    ".tif",
    ".tiff",
    ".ppm",
    ".pgm",
    ".avif",
)
_SIGNATURES = (b"\x89PNG\r\n", b"\xff\xd8\xff", b"GIF8", b"II*\0", b"MM\0*")
_LIMIT_BYTES = 512 * 1024 * 1024


@dataclass(frozen=True)
class Picture:
    """An image file's bytes, and what to call it; `path` is empty for one that is no file."""

    name: str
    data: bytes
    path: str = ""


@dataclass(frozen=True)
class Tensors:
    """What a model is given in place of an image, by its inputs' names; `path` is that of the
    model that they are for."""

    name: str
    inputs: dict[str, Array]
    path: str


class OpenImage(QObject):
    """The image that models run on. A model that opens runs it at once.

    Tensors take its place for one model, until another image is taken or model opened.
    """

    failed = Signal(object)
    noted = Signal(str)
    """A line for the status bar."""

    def __init__(
        self, engine: EngineClient, selection: Selection, parent: QObject | None = None
    ) -> None:
        super().__init__(parent)
        self._engine = engine
        self._selection = selection
        self.current: Picture | None = None
        """The last one that was taken, and not refused by the engine."""
        self.pending: Picture | None = None
        """Takes the place of `current` when the model that is being opened is there."""
        self.memory_gb = 0
        """How much a run may keep in memory; 0: a quarter of the machine's."""
        self.tensors: Tensors | None = None
        """What the open model runs on in place of `current`."""
        self._running: Picture | Tensors | None = None
        selection.model_changed.connect(self._model_changed)
        selection.image_asked.connect(self.open)
        selection.preprocessing_changed.connect(lambda _how: self.run())

    def open(self, path: str) -> None:
        """Run on a file."""
        try:
            picture = load(path)
        except Problem as problem:
            self.failed.emit(problem)
        else:
            images = self._selection.images
            self._selection.set_images(images if path in images else (), path)
            self.run(picture)

    def open_several(self, paths: Sequence[str]) -> None:
        """Run on the first; the others can be gone through."""
        if paths:
            self._selection.set_images(tuple(paths), paths[0])
            self.open(paths[0])

    def open_folder(self, folder: str) -> None:
        """Run on the first image in a folder; the others can be gone through."""
        try:
            paths = images_in(folder)
        except Problem as problem:
            self.failed.emit(problem)
        else:
            self.open_several(paths)

    def go(self, steps: int) -> None:
        """Run on a later (or earlier) one of the images that were opened together."""
        images, image = self._selection.images, self._selection.image
        if image in images:
            index = images.index(image) + steps
            if 0 <= index < len(images):
                self.open(images[index])

    def paste(self, mime: QMimeData) -> None:
        """Run on the image in the clipboard."""
        image = mime.imageData()
        if not isinstance(image, QImage) or image.isNull():
            problem = Problem(
                "There is no image in the clipboard.", "Copy an image first, or open a file."
            )
            self.failed.emit(problem)
            return
        buffer = QBuffer()
        buffer.open(QIODevice.OpenModeFlag.WriteOnly)
        QImageWriter(buffer, QByteArray(b"png")).write(image)
        self.run(Picture("the pasted image", bytes(buffer.data().data())))

    def run(self, picture: Picture | None = None) -> None:
        """Run the open model; None: again, on what it ran on last."""
        if picture is None and self.tensors is not None:
            self._ask(self.tensors)
            return
        picture = picture or self.current
        if picture is None:
            return
        if not self.can_run():
            self.current = picture
            self.noted.emit(_why_not(picture, self._selection.model))
            return
        self._ask(picture)

    def run_tensors(self, name: str, inputs: dict[str, Array]) -> None:
        """Run on tensors as the open model takes them, which `name` tells from others."""
        model = self._selection.model
        if model is not None and model.structure_only is None:
            self._ask(Tensors(name, inputs, model.path))

    def can_run(self) -> bool:
        """Whether the open model takes an image and can be run."""
        model = self._selection.model
        return (
            model is not None and model.structure_only is None and model.preprocessing is not None
        )

    def restore(self) -> Call[RunFinished] | None:
        """Run again what ran, or was running, when the engine was lost."""
        given = self._running or self.tensors or self.current
        if given is None or (isinstance(given, Picture) and not self.can_run()):
            return None
        return self._ask(given, ahead=True)

    def _ask(self, given: Picture | Tensors, *, ahead: bool = False) -> Call[RunFinished]:
        self._running = given
        self._selection.set_stop(None)
        memory = self.memory_gb * 2**30 or None
        request: RunImage | RunTensors
        if isinstance(given, Tensors):
            request = RunTensors(given.inputs, memory_bytes=memory)
        else:
            how = self._selection.preprocessing
            request = RunImage(given.data, given.name, how, memory_bytes=memory)
        call = self._engine.ask(request, slot=SLOT, ahead=ahead)
        call.answered.connect(lambda run: self._finished(given, run))
        call.failed.connect(self._failed)
        call.stopped.connect(lambda: self._stopped(given))
        return call

    def _finished(self, given: Picture | Tensors, run: RunFinished) -> None:
        # the same image again is no reason to leave the class that is being looked at
        target = self._selection.target if given is (self.tensors or self.current) else None
        self._running = None
        if isinstance(given, Tensors):
            self.tensors = given
        else:
            self.current, self.tensors = given, None
        self._selection.set_run(run)
        self._selection.set_target(target)
        if run.stopped is not None:
            problem = Problem(*run.stopped, node=run.stopped_at)
            self._selection.set_stop(problem)
            self.failed.emit(problem)
            return
        on_disk = f", {_amount(run.bytes_on_disk)} on disk" if run.bytes_on_disk else ""
        self.noted.emit(f"{given.name}: ran in {run.total_milliseconds:.0f} ms{on_disk}.")

    def _failed(self, problem: Problem) -> None:
        self._running = None
        self._selection.set_stop(problem if problem.node else None)
        self.failed.emit(problem)

    def _stopped(self, given: Picture | Tensors) -> None:
        lost_with_the_engine = self._engine.hello is None
        if self._running is given and not lost_with_the_engine:
            self._running = None

    def _model_changed(self, model: ModelOpened | None) -> None:
        self._running = None
        if self.pending is not None:
            self.current, self.pending = self.pending, None
            self.tensors = None
        if self.tensors is not None and (model is None or model.path != self.tensors.path):
            self.tensors = None  # they are for another one
        if model is not None:
            self.run()


def load(path: str) -> Picture:
    """The file's bytes; the engine finds out what they are.

    Raises:
        Problem: it cannot be read.
    """
    file = Path(path)
    try:
        if file.stat().st_size > _LIMIT_BYTES:
            raise Problem(
                f"{file.name} is too large for an image: it has more than 512 MB.",
                "Choose another file, or save it smaller.",
            )
        return Picture(file.name, file.read_bytes(), str(file.absolute()))
    except OSError as error:
        raise Problem(
            f"{file.name} cannot be read: {error.strerror or error}.",
            "Check the path, and that you may read the file.",
        ) from error


def images_in(folder: str) -> list[str]:
    """The paths of the images in a folder, by their suffixes, in the order of their names.

    Raises:
        Problem: there are none, or it cannot be read.
    """
    name = Path(folder).name
    try:
        with os.scandir(folder) as entries:
            found = [entry.path for entry in entries if entry.name.lower().endswith(SUFFIXES)]
    except OSError as error:
        raise Problem(
            f"The folder {name} cannot be read: {error.strerror or error}.",
            "Check the path, and that you may read it.",
        ) from error
    if not found:
        raise Problem(f"There is no image in the folder {name}.", "Choose another folder.")
    return sorted(found, key=_in_order)


def _in_order(path: str) -> list[tuple[bool, int, str]]:
    """Numbers in names count as numbers: 9.png comes before 10.png."""
    parts = re.split(r"(\d{1,18})", Path(path).name.casefold())
    return [(part.isdecimal(), int(part) if part.isdecimal() else 0, part) for part in parts]


def is_image(path: str) -> bool:
    """Whether a file is meant as an image, by its first bytes, else by its suffix."""
    file = Path(path)
    try:
        with file.open("rb") as stream:
            head = stream.read(16)
    except OSError:
        head = b""
    if head.startswith(_SIGNATURES) or (head[:4] == b"RIFF" and head[8:12] == b"WEBP"):
        return True
    return file.suffix.lower() in SUFFIXES


def choose_image_folder(
    parent: QWidget, settings: Settings, then: Callable[[str], object]
) -> QFileDialog:
    """Ask for a folder of images."""
    folder = QFileDialog.FileMode.Directory
    return choose_file(parent, "Open image folder", [], settings, "image", then, folder)


def choose_image(parent: QWidget, settings: Settings, then: Callable[[str], object]) -> QFileDialog:
    """Ask for an image file."""
    patterns = " ".join(f"*{suffix}" for suffix in SUFFIXES)
    filters = [f"Images ({patterns})", "All files (*)"]
    return choose_file(parent, "Open image", filters, settings, "image", then)


def _amount(size: int) -> str:
    """1.2 GB."""
    for unit, suffix in ((2**30, "GB"), (2**20, "MB")):
        if size >= unit:
            return f"{size / unit:.1f} {suffix}"
    return f"{size / 2**10:.1f} KB"


def _why_not(picture: Picture, model: ModelOpened | None) -> str:
    if model is None:
        return f"{picture.name} is taken: it runs as soon as a model is open."
    if model.structure_only is not None:
        return f"{picture.name} is taken, but this model cannot be run."
    return f"{picture.name} is taken, but no input of this model takes an image."
