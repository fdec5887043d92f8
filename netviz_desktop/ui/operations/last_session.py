"""What was in the windows when they were closed is there again at the next start."""

from __future__ import annotations

import dataclasses
import time
import uuid
from dataclasses import dataclass
from pathlib import Path

import msgspec
from PySide6.QtCore import QObject, QPointF

from netviz_desktop.graph.scopes import Opened
from netviz_desktop.link.messages import ModelOpened
from netviz_desktop.problems import Problem
from netviz_desktop.ui.operations.open_files import open_in_own_window
from netviz_desktop.ui.operations.open_image import OpenImage, load
from netviz_desktop.ui.operations.open_model import OpenModel
from netviz_desktop.ui.scene import GraphView
from netviz_desktop.ui.scene.outlook import Outlook
from netviz_desktop.ui.selection import Selection
from netviz_desktop.ui.settings import Settings

_TOGETHER_S = 10  # windows that are closed so fast one after the other are closed as one
_MOST_WINDOWS = 9
_MOST_SCOPES = 5000


@dataclass(frozen=True)
class Left:
    """A window as it was left.

    Args:
        window: tells it from other windows, which are other processes.
        at: seconds since 1970.
        scopes, steps: as in `Opened`.
        outlook: anchor, x and y aside, scale; as in `Outlook`.
    """

    window: str
    at: float
    model: str
    model_code: str | None = None
    labels: str | None = None
    architecture: str | None = None
    member: str | None = None
    image: str = ""
    node: str | None = None
    scopes: tuple[str, ...] | None = None
    steps: dict[str, int] = dataclasses.field(default_factory=dict)
    outlook: tuple[str, float, float, float] | None = None


class LastSession(QObject):
    """Writes down what this window shows, and brings back what the last ones showed.

    Trust in a file's code is not brought back: the file may be another one by then.
    """

    def __init__(
        self,
        models: OpenModel,
        images: OpenImage,
        selection: Selection,
        view: GraphView,
        settings: Settings,
        parent: QObject,
    ) -> None:
        super().__init__(parent)
        self._models = models
        self._images = images
        self._selection = selection
        self._view = view
        self._settings = settings
        self._window = uuid.uuid4().hex
        self._wanted: Left | None = None  # once its graph is drawn
        models.failed.connect(self._failed)
        selection.model_changed.connect(self._model_changed)
        view.laid_out.connect(self._laid_out)

    def keep(self) -> None:
        """As the window closes, write down what is in view, or on its way, if anything is.

        What open windows show is not written: another one that is started beside them would
        show it again.
        """
        others = [left for left in self._left() if left.window != self._window]
        here = self._here() or self._wanted
        kept = [*others, here] if here is not None else others
        self._write(sorted(kept, key=lambda left: left.at)[-_MOST_WINDOWS:])

    def restore(self) -> None:
        """Open what the last window showed; what was closed with it, in windows of its own."""
        if not self._settings.reopens:
            return
        found = [left for left in self._left() if Path(left.model).exists()]
        # what the program may die of is not opened again and again
        self._write([])
        if not found:
            return
        last = max(found, key=lambda left: left.at)
        for other in found:
            if other is not last and other.at > last.at - _TOGETHER_S:
                open_in_own_window(other.model, *filter(None, [other.image]))
        if last.image:
            try:
                self._images.pending = load(last.image)
            except Problem:
                last = dataclasses.replace(last, image="")  # it is gone; the model is still there
        self._models.open(
            last.model,
            model_code=last.model_code,
            labels=last.labels,
            architecture=last.architecture,
            member=last.member,
        )
        self._wanted = dataclasses.replace(last, window=self._window)

    def _here(self) -> Left | None:
        request, picture = self._models.request, self._images.current
        if self._selection.model is None or request is None:
            return None
        opened, outlook = self._view.scopes.opened, self._view.outlook()
        is_whole = not self._selection.pages  # else what is open is that of an inner graph
        return Left(
            self._window,
            time.time(),
            request.path,
            request.model_code,
            request.labels,
            request.architecture,
            request.member,
            picture.path if picture is not None else "",
            self._selection.node if is_whole else self._selection.pages[0].holder,
            tuple(opened.scopes) if is_whole and len(opened.scopes) <= _MOST_SCOPES else None,
            dict(opened.steps or {}) if is_whole else {},
            (outlook.anchor, *outlook.aside.toTuple(), outlook.scale)
            if is_whole and outlook is not None
            else None,
        )

    def _model_changed(self, model: ModelOpened | None) -> None:
        wanted = self._wanted
        if wanted is not None and (model is None or model.path != wanted.model):
            self._wanted = None  # something else was opened instead

    def _failed(self, _problem: Problem) -> None:
        self._wanted = None

    def _laid_out(self) -> None:
        wanted, self._wanted = self._wanted, None
        graph = self._selection.graph
        if wanted is None or graph is None:
            return
        if wanted.scopes is not None and wanted.outlook is not None:
            anchor, x, y, scale = wanted.outlook
            opened = Opened(frozenset(wanted.scopes), wanted.steps or None)
            self._view.look_from(Outlook(anchor, QPointF(x, y), scale), opened)
        if wanted.node is not None and wanted.node in graph:
            self._selection.set_node(wanted.node)

    def _left(self) -> list[Left]:
        try:
            return msgspec.json.decode(self._settings.windows, type=list[Left])
        except msgspec.MsgspecError:
            return []  # of another version, or written by somebody else

    def _write(self, left: list[Left]) -> None:
        self._settings.windows = msgspec.json.encode(left).decode()
