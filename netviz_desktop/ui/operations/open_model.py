"""Open a model, open it again, close it."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from pathlib import Path

from PySide6.QtCore import QObject, Signal
from PySide6.QtWidgets import QFileDialog, QWidget

from netviz_desktop.link.messages import FormatInfo, ModelOpened
from netviz_desktop.link.messages import OpenModel as Request
from netviz_desktop.problems import Problem
from netviz_desktop.ui.choose_file import choose_file
from netviz_desktop.ui.engine_client import Call, EngineClient
from netviz_desktop.ui.selection import Selection
from netviz_desktop.ui.settings import Settings

SLOT = "open"


class OpenModel(QObject):
    """Keeps what is open when something else cannot be opened."""

    started = Signal(str)
    """The path that is being opened."""
    ended = Signal()
    """That is over, one way or another."""
    failed = Signal(object)

    def __init__(
        self,
        engine: EngineClient,
        selection: Selection,
        settings: Settings,
        parent: QObject | None = None,
    ) -> None:
        super().__init__(parent)
        self._engine = engine
        self._selection = selection
        self._settings = settings
        self.request: Request | None = None
        """What gave the model in view."""
        self.refused: Request | None = None
        """What could not be opened, after `failed`."""

    def open(
        self,
        path: str,
        *,
        trust: bool = False,
        model_code: str | None = None,
        labels: str | None = None,
        architecture: str | None = None,
        member: str | None = None,
    ) -> Call[ModelOpened]:
        """Open a file in place of the model in view."""
        # the engine may have another current folder, or be on another machine
        absolute = str(Path(path).absolute())
        labels = labels or self._settings.class_names(absolute)
        return self._ask(Request(absolute, trust, model_code, labels, architecture, member))

    def reload(self) -> None:
        """The same file again, as it is now; the selected node stays where it still is."""
        if self.request is None:
            return
        node = self._selection.node
        call = self._ask(self.request)
        call.answered.connect(lambda _opened: self._select(node))

    def trust(self) -> None:
        """The open file again, now running the code it brings along."""
        if self.request is not None:
            self._ask(dataclasses.replace(self.request, trust=True))

    def with_code(self, model_code: str) -> None:
        """The open file again, now with the function that makes its network."""
        if self.request is not None:
            self._ask(dataclasses.replace(self.request, model_code=model_code))

    def with_labels(self, labels: str) -> None:
        """The open model again, its classes now named as a file says; remembered for it."""
        if self.request is not None:
            self._ask(dataclasses.replace(self.request, labels=str(Path(labels).absolute())))

    def with_architecture(self, name: str) -> None:
        """The open weights again, now as those of another network, or "none"."""
        if self.request is not None:
            self._ask(dataclasses.replace(self.request, model_code=None, architecture=name))

    def with_member(self, member: str) -> None:
        """The archive or folder that was refused, now with the model that is meant."""
        if self.refused is not None:
            self._ask(dataclasses.replace(self.refused, member=member))

    def close(self) -> None:
        """Nothing is open afterwards; the engine's memory is freed by the next model."""
        self.request = None
        self._selection.set_model(None)

    def restore(self) -> Call[ModelOpened] | None:
        """Make an engine that was restarted open the model in view again. The view stays
        as it is if the file is still the same."""
        if self.request is None:
            return None
        call = self._engine.ask(self.request, slot=SLOT, ahead=True)
        return call.then(self._restored, self.failed.emit)

    def _ask(self, request: Request) -> Call[ModelOpened]:
        call = self._engine.ask(request, slot=SLOT)
        call.answered.connect(lambda opened: self._opened(request, opened))
        call.failed.connect(lambda problem: self._failed(request, problem))
        call.stopped.connect(lambda: self._stopped(request))
        call.ended.connect(self.ended)
        self.started.emit(request.path)
        return call

    def _opened(self, request: Request, opened: ModelOpened) -> None:
        self.request = request
        self._settings.remember(request.path)
        if request.labels is not None:
            self._settings.set_class_names(request.path, request.labels)
        self._selection.set_model(opened)

    def _failed(self, request: Request, problem: Problem) -> None:
        self.refused = request
        if self._settings.class_names(request.path) == request.labels:
            self._settings.set_class_names(request.path, None)  # maybe it fails of these
        self.failed.emit(problem)

    def _stopped(self, request: Request) -> None:
        if self._engine.hello is None and not self._engine.closing:  # it died, maybe of this file
            self.failed.emit(
                Problem(
                    f"The engine was lost while it opened {Path(request.path).name}.",
                    "It is being restarted; try the file once more, or open another one.",
                )
            )

    def _restored(self, opened: ModelOpened) -> None:
        known = self._selection.model
        if known is None or known.graph != opened.graph:
            self._selection.set_model(opened)

    def _select(self, node: str | None) -> None:
        graph = self._selection.whole
        if node is not None and graph is not None and node in graph:
            self._selection.set_node(node)


def choose_model(
    parent: QWidget,
    formats: tuple[FormatInfo, ...],
    settings: Settings,
    then: Callable[[str], object],
) -> QFileDialog:
    """Ask for a model file of any format that the engine opens."""
    return choose_file(parent, "Open model", name_filters(formats), settings, "model", then)


def choose_class_names(
    parent: QWidget, settings: Settings, then: Callable[[str], object]
) -> QFileDialog:
    """Ask for a file of class names."""
    filters = ["Class names (*.txt *.json *.names *.labels)", "All files (*)"]
    return choose_file(parent, "Open class names", filters, settings, "labels", then)


def name_filters(formats: tuple[FormatInfo, ...]) -> list[str]:
    """What the engine opens, as the file dialog writes it: all together first."""
    formats = tuple(sorted(formats, key=lambda known: known.label.lower()))
    every = sorted({suffix for known in formats for suffix in known.suffixes})
    filters = [f"Models ({_patterns(tuple(every))})"] if every else []
    filters += [f"{known.label} ({_patterns(known.suffixes)})" for known in formats]
    return [*filters, "All files (*)"]


def _patterns(suffixes: tuple[str, ...]) -> str:
    return " ".join(f"*{suffix}" for suffix in suffixes)


def cannot_reopen(path: str) -> Problem:
    """Said when the engine dies of the model itself."""
    return Problem(
        f"The engine died again while it reopened {Path(path).name}.",
        "Press F5 to try once more, or open another model.",
    )
