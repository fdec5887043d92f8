"""The model as a whole: where it is from, what goes in and out, what it is made of and costs."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

from PySide6.QtCore import QEvent, Qt, QUrl
from PySide6.QtWidgets import QWidget

from netviz_desktop.graph import ModelGraph
from netviz_desktop.graph.counts import Total, total
from netviz_desktop.link.messages import ModelOpened, RunFinished
from netviz_desktop.ui.costs import Costs
from netviz_desktop.ui.docks._following import Following
from netviz_desktop.ui.engine_client import EngineClient
from netviz_desktop.ui.selection import Selection
from netviz_desktop.ui.widgets.numbers import count, counted, number, shape, size
from netviz_desktop.ui.widgets.properties import Entry, PropertyView, Section, page

_MOST = 100  # of a list
_MOST_ARCHITECTURES = 8
_FIRST = ("producer", "opset", "ir_version")
"""What of a file's metadata is told before the rest."""


class ModelDock(Following):
    ID = "model"
    TITLE = "Model"
    AREA = Qt.DockWidgetArea.LeftDockWidgetArea
    ORDER = 45
    TABS = "node"
    FOLLOWS = ("model", "run")

    def __init__(
        self, engine: EngineClient, selection: Selection, parent: QWidget | None = None
    ) -> None:
        super().__init__(engine, selection, parent)
        self._costs = Costs.of(selection)
        self._costs.changed.connect(self.mark_stale)
        self._total: tuple[ModelGraph | None, Total | None] = (None, None)
        self._links: list[str] = []
        self.text = PropertyView()
        self.text.anchorClicked.connect(self._follow)
        self.setWidget(self.text)

    def refresh(self) -> None:
        self._costs.ask()
        self._draw()
        self.shown.emit(self.selection.node or "")

    def changeEvent(self, event: QEvent) -> None:
        if event.type() == QEvent.Type.PaletteChange and hasattr(self, "text"):
            self._draw()
        super().changeEvent(event)

    def _draw(self) -> None:
        self._links = []
        model, graph = self.selection.model, self.selection.whole
        bar = self.text.verticalScrollBar()
        at = bar.value()
        if model is None or graph is None:
            self.text.setHtml(page("", "No model is open.", []))
            return
        cannot = " ".join(model.structure_only) if model.structure_only else ""
        sections = self._sections(model, graph, self.selection.run)
        self.text.setHtml(page(Path(model.path).name, cannot, sections))
        bar.setValue(at)

    def _sections(
        self, model: ModelOpened, graph: ModelGraph, run: RunFinished | None
    ) -> list[Section]:
        said = graph.metadata
        return [
            Section(
                "",
                [
                    Entry("format", graph.format),
                    Entry("name", graph.name),
                    *(Entry(key.replace("_", " "), said.get(key, "")) for key in _FIRST),
                    Entry("network", model.architecture, _others(model)),
                    Entry("file", model.path),
                    Entry("size", size(model.size_bytes)),
                ],
            ),
            Section("Totals", self._totals(graph, run)),
            Section("Inputs", self._flowing(graph, graph.inputs, run)),
            Section("Outputs", self._flowing(graph, graph.outputs, run)),
            Section("Image", _image(model)),
            Section("Operators", _counted(Counter(n.op_type for n in graph.nodes))),
            Section("Runs in", _counted(Counter(n.execution for n in graph.nodes if n.execution))),
            Section("Weights", _weights(graph)),
            Section(
                "Metadata",
                [Entry(k, v) for k, v in list(said.items())[:_MOST] if k not in _FIRST],
            ),
        ]

    def _totals(self, graph: ModelGraph, run: RunFinished | None) -> list[Entry]:
        buffers = sum(p.count for p in graph.parameters.values() if p.buffer)
        found = self._known_total(graph)
        entries = [
            Entry("nodes", count(len(graph.nodes))),
            Entry("parameters", count(graph.parameter_count)),
            Entry("buffers", count(buffers) if buffers else ""),
        ]
        if found is not None:
            entries += [
                _sum("multiply-adds", count(found.multiply_adds), found.uncounted),
                _sum("activations", size(found.activation_bytes), found.unmeasured),
            ]
        if run is not None:
            disk = f"{size(run.bytes_on_disk)} of it on disk" if run.bytes_on_disk else ""
            entries.append(Entry("last run", f"{number(run.total_milliseconds)} ms", disk))
        return entries

    def _known_total(self, graph: ModelGraph) -> Total | None:
        """None while nodes are being counted."""
        by_node, counted_graph = self._costs.by_node, self._costs.graph
        if counted_graph is not None and by_node and counted_graph.nodes is graph.nodes:
            self._total = graph, total(counted_graph, by_node)
        return self._total[1] if self._total[0] is graph else None

    def _flowing(
        self, graph: ModelGraph, names: tuple[str, ...], run: RunFinished | None
    ) -> list[Entry]:
        entries = []
        for name in names[:_MOST]:
            value, link = graph.values.get(name), None
            if (node := graph.producer.get(name)) is not None:
                link = len(self._links)
                self._links.append(node)
            known = []
            if value is not None and value.shape is not None:
                inferred = ", inferred" if value.origin == "inferred" else ""
                known.append(shape(value.shape) + inferred)
            if run is not None and name in run.shapes:
                known.append(f"{shape(run.shapes[name])} in the last run")
            dtype = (value.dtype if value is not None else None) or ""
            entries.append(Entry(dtype, name, " · ".join(dict.fromkeys(known)), link))
        if len(names) > _MOST:
            entries.append(Entry("", f"… and {count(len(names) - _MOST)} more"))
        return entries

    def _follow(self, address: QUrl) -> None:
        node = self._links[int(address.fragment())]
        self.selection.leave_to(0)
        self.selection.set_node(node)
        self.selection.look_asked.emit(node)


def _sum(what: str, said: str, without: int) -> Entry:
    missing = f"without {counted(without, 'node')} of unknown shape" if without else ""
    return Entry(what, said, missing)


def _counted(found: Counter[str]) -> list[Entry]:
    """The most frequent first."""
    entries = [Entry(count(times), name) for name, times in found.most_common(_MOST)]
    if len(found) > _MOST:
        entries.append(Entry("", f"… and {count(len(found) - _MOST)} more kinds"))
    return entries


def _others(model: ModelOpened) -> str:
    others = [name for name in model.architectures if name != model.architecture]
    if not others:
        return ""
    more = len(others) - _MOST_ARCHITECTURES
    listed = ", ".join(others[:_MOST_ARCHITECTURES]) + (f" and {more} more" if more > 0 else "")
    return f"Also fit: {listed}"


def _image(model: ModelOpened) -> list[Entry]:
    how = model.preprocessing
    if how is None:
        return []
    classes = counted(len(model.labels), "name") if model.labels else ""
    return [
        Entry("taken as", f"{how.layout}, {how.height}×{how.width}, {how.channels} channels"),
        Entry("classes", classes),
    ]


def _weights(graph: ModelGraph) -> list[Entry]:
    """Numbers by their type."""
    found: Counter[str] = Counter()
    for parameter in graph.parameters.values():
        found[parameter.dtype] += parameter.count
    return [Entry(dtype, counted(numbers, "number")) for dtype, numbers in found.most_common(_MOST)]


DOCK = ModelDock
