"""Colour the graph by a number for each node, and keep to it while model and image change."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from PySide6.QtCore import QObject, QTimer, Signal
from PySide6.QtWidgets import QFileDialog, QWidget

from netviz_desktop.graph import ModelGraph, overlay_file
from netviz_desktop.graph import overlay as overlays
from netviz_desktop.graph.counts import Counts, counts
from netviz_desktop.graph.overlay import Kind, Overlay, Scale
from netviz_desktop.link.messages import ModelOpened, NodeValues, OverlayOf, RunFinished
from netviz_desktop.problems import Problem
from netviz_desktop.ui.choose_file import choose_file
from netviz_desktop.ui.engine_client import Call, EngineClient
from netviz_desktop.ui.selection import Selection
from netviz_desktop.ui.settings import Settings

SLOT = "overlay"
_NEEDS_RUN = "Run the model on an image to see this."
_WHOLE_ALONE = "A run tells this of the whole model, not of a graph inside a node."


class Overlays(QObject):
    """Which one is chosen. Works out its values, and sets `Selection.overlay`."""

    changed = Signal()
    """Another one is chosen, or something else is to be said about it."""
    listed = Signal()
    """Those of a file have come or gone."""
    failed = Signal(object)
    """A `Problem` with a file."""

    def __init__(
        self, engine: EngineClient, selection: Selection, parent: QObject | None = None
    ) -> None:
        super().__init__(parent)
        self._engine = engine
        self._selection = selection
        self.kind: Kind | None = None
        """What is chosen, whether or not it can be shown."""
        self.state = ""
        """Why there are no values, or not yet those of what is in view; empty when there are."""
        self.of_file: list[Overlay] = []
        """Those that came from a file, for the graph in view."""
        self._file: Path | None = None
        self._matched: ModelGraph | None = None
        self._model = ""
        self._counted: tuple[ModelGraph, RunFinished | None, dict[str, Counts]] | None = None
        self._linear: dict[str, bool] = {}  # by kind, where a person has chosen
        self._call: Call[NodeValues] | None = None
        self._soon = QTimer(self, singleShot=True, interval=0)
        self._soon.timeout.connect(self._refresh)
        selection.model_changed.connect(self._model_changed)
        selection.run_changed.connect(self._run_changed)
        selection.page_changed.connect(self._graph_changed)
        selection.target_changed.connect(self._target_changed)

    def toggle(self, kind: str) -> None:
        """Show it, or nothing if it is shown already."""
        self.choose(None if self.kind is not None and self.kind.id == kind else kind)

    def choose(self, kind: str | None) -> None:
        """Colour by this one; None: by what the nodes are.

        Raises:
            Problem: there is none of this id.
        """
        known = overlays.BY_ID | {overlay.kind.id: overlay.kind for overlay in self.of_file}
        if kind is not None and kind not in known:
            raise Problem(
                f"There is no overlay “{kind}”.", f"Take one of {', '.join(known)}, or a file."
            )
        self._choose(known[kind] if kind is not None else None)

    def open_file(self, path: str) -> str:
        """Take values by name from a CSV or JSON file, and show the first of them.

        Returns:
            What of it is not in the graph, in one line; empty when all is.
        """
        self._file = Path(path)
        said = self._match_file()
        if self.of_file:
            self._choose(self.of_file[0].kind)
        return said

    def turn_scale(self) -> None:
        """From a linear to a logarithmic scale, or back."""
        overlay = self._selection.overlay
        if overlay is not None and overlay.kind.scale is not Scale.CATEGORICAL:
            self._linear[overlay.kind.id] = overlay.kind.scale is Scale.LOGARITHMIC
            self._show(overlay)

    # --- what is in view changes ----------------------------------------------------------

    def _model_changed(self, model: ModelOpened | None) -> None:
        if model is None or model.path != self._model:
            self._model = model.path if model is not None else ""
            self._file = None
        self._counted = None
        self._graph_changed()

    def _run_changed(self, run: object) -> None:
        if run is not None:
            self._graph_changed()
        elif self.kind is not None and self.kind.needs_run:
            self._soon.start()

    def _graph_changed(self, _page: object = None) -> None:
        if self._matched is not self._selection.graph:
            self._selection.set_overlay(None)  # its nodes are those of another graph
            before = [overlay.kind for overlay in self.of_file]
            self._match_file()
            now = [overlay.kind for overlay in self.of_file]
            if self.kind in before and self.kind not in now:
                self._choose(None)
        if self.kind is not None:
            self._soon.start()

    def _target_changed(self) -> None:
        if self.kind in overlays.OF_GRADIENT:
            self._soon.start()

    def _match_file(self) -> str:
        """Find the names of the file in the graph in view."""
        scopes, said = self._selection.scopes, ""
        self.of_file, self._matched = [], self._selection.graph
        if self._file is not None and scopes is not None:
            try:
                self.of_file, said = overlay_file.overlays(self._file, scopes)
            except Problem as problem:
                self._file = None
                self.failed.emit(problem)
        self.listed.emit()
        return said

    # --- its values -----------------------------------------------------------------------

    def _choose(self, kind: Kind | None) -> None:
        if kind is not self.kind:
            self.kind = kind
            self._selection.set_overlay(None)
        self._refresh()

    def _refresh(self) -> None:
        self._soon.stop()
        self._stop_asking()
        kind, graph, run = self.kind, self._selection.graph, self._selection.run
        if kind is None or graph is None:
            self._show(None)
        elif (of_file := [one for one in self.of_file if one.kind == kind]) != []:
            self._show(of_file[0])
        elif not kind.needs_run:
            self._show(overlays.of_counts(kind, self._counts(graph, run)))
        elif run is None:
            self._show(None, _NEEDS_RUN)
        elif self._selection.pages:
            self._show(None, _WHOLE_ALONE)
        elif kind is overlays.TIME:
            self._show(Overlay(kind, run.milliseconds))
        else:
            self._ask(kind)

    def _counts(self, graph: ModelGraph, run: RunFinished | None) -> dict[str, Counts]:
        """Of the graph in view, worked out once for all that show them."""
        known = self._counted
        if known is None or known[0] is not graph or known[1] is not run:
            ran = graph
            if run is not None and not self._selection.pages:
                ran = overlays.as_run(graph, run.shapes, run.dtypes)
            self._counted = known = (graph, run, counts(ran))
        return known[2]

    def _ask(self, kind: Kind) -> None:
        """What was shown stays until there is an answer."""
        self._say("Measuring…")
        call = self._engine.ask(OverlayOf(kind.id, self._selection.target), slot=SLOT)
        self._call = call
        call.then(
            lambda found: self._answered(call, kind, found),
            lambda problem: self._ended(call, f"{problem.what} {problem.remedy}"),
        )
        call.stopped.connect(lambda: self._ended(call, "Cancelled."))

    def _answered(self, call: Call[NodeValues], kind: Kind, found: NodeValues) -> None:
        if call is self._call:
            self._call = None
            values = dict(zip(found.nodes, found.values.tolist(), strict=True))
            note = self._class_in_view() if kind in overlays.OF_GRADIENT else ""
            self._show(Overlay(kind, values, note=note))

    def _class_in_view(self) -> str:
        run, target = self._selection.run, self._selection.target
        known = run.predictions if run is not None else ()
        if target is None and known:
            target = known[0].target
        name = next((one.label for one in known if one.target == target), "")
        return f"Class: {name or target}." if target is not None else ""

    def _ended(self, call: Call[NodeValues], why: str) -> None:
        if call is self._call:
            self._call = None
            self._show(None, why)

    def _stop_asking(self) -> None:
        call, self._call = self._call, None
        if call is not None:
            call.cancel()

    def _show(self, overlay: Overlay | None, state: str = "") -> None:
        if overlay is not None and overlay.kind.id in self._linear:
            scale = Scale.LINEAR if self._linear[overlay.kind.id] else Scale.LOGARITHMIC
            overlay = replace(overlay, kind=replace(overlay.kind, scale=scale))
        self._selection.set_overlay(overlay)
        self._say(state)

    def _say(self, state: str) -> None:
        self.state = state
        self.changed.emit()


def choose_values(
    parent: QWidget, settings: Settings, then: Callable[[str], object]
) -> QFileDialog:
    """Ask for a file of values."""
    suffixes = " ".join(f"*{suffix}" for suffix in overlay_file.SUFFIXES)
    filters = [f"Values by node (CSV, JSON) ({suffixes})", "All files (*)"]
    return choose_file(parent, "Colour the graph by", filters, settings, "values", then)
