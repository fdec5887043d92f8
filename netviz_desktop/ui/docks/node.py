"""Everything the file and the last run say about a node, or about the model."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from functools import partial
from pathlib import Path

from PySide6.QtCore import QEvent, Qt, QUrl
from PySide6.QtWidgets import QWidget

from netviz_desktop.graph import ModelGraph, Node
from netviz_desktop.graph.counts import counts, total
from netviz_desktop.graph.model import Attribute
from netviz_desktop.graph.overlay import MEMORY, MULTIPLY_ADDS, PARAMETERS, TIME, Kind, Overlay
from netviz_desktop.graph.scopes import Scope, Scopes
from netviz_desktop.link.messages import (
    GradientStates,
    GradientStatesOf,
    ModelOpened,
    RunFinished,
)
from netviz_desktop.ui.docks._asking import weakly
from netviz_desktop.ui.docks._following import Following
from netviz_desktop.ui.engine_client import EngineClient
from netviz_desktop.ui.scene.captions import scope_title
from netviz_desktop.ui.scene.shades import said
from netviz_desktop.ui.selection import Selection
from netviz_desktop.ui.widgets.numbers import count, number, percent, shape, size
from netviz_desktop.ui.widgets.properties import Entry, PropertyView, Section, page

_MOST = 200  # of a list: a Concat of 3,000 inputs is not read to its end


class NodePanel(Following):
    ID = "node"
    TITLE = "Node"
    AREA = Qt.DockWidgetArea.LeftDockWidgetArea
    ORDER = 30
    FOLLOWS = (*Following.FOLLOWS, "scope", "overlay")

    def __init__(
        self, engine: EngineClient, selection: Selection, parent: QWidget | None = None
    ) -> None:
        super().__init__(engine, selection, parent)
        self.text = PropertyView()
        self.text.anchorClicked.connect(self._follow)
        self._links: list[Callable[[], object]] = []
        self._states: GradientStates | None = None
        self.setWidget(self.text)

    def refresh(self) -> None:
        self._states = None
        self._draw()
        self.shown.emit(self.selection.node or "")
        node, run = self.selection.selected_node, self._run
        if self.selection.scope is None and node is not None and run is not None and node.outputs:
            target = self.selection.target
            call = self.engine.ask(GradientStatesOf(node.id, target), slot=self.ID)
            call.answered.connect(weakly(self._add_states, run, target))

    def changeEvent(self, event: QEvent) -> None:
        if event.type() == QEvent.Type.PaletteChange and hasattr(self, "_links"):
            self._draw()
        super().changeEvent(event)

    @property
    def _run(self) -> RunFinished | None:
        """The last run; it says nothing of what is inside nodes."""
        return None if self.selection.pages else self.selection.run

    def _draw(self) -> None:
        self._links = []
        node, model = self.selection.selected_node, self.selection.model
        scope, scopes = self.selection.scope, self.selection.scopes
        if scope is not None and scopes is not None:
            sections = self._scope_sections(scopes, scope)
            html = page(scope_title(scope), scopes.kind(scope), sections)
        elif node is not None:
            fault, note = self.selection.fault(node), node.note
            html = page(node.op_type, note, self._node_sections(node), fault=fault)
        elif self.selection.pages:
            inner = self.selection.pages[-1]
            html = page(inner.title, "", self._graph_sections(inner.graph))
        elif model is not None:
            html = page(Path(model.path).name, "", self._model_sections(model))
        else:
            html = page("", "No model is open.", [])
        self.text.setHtml(html)

    def _add_states(self, run: RunFinished, target: int | None, states: GradientStates) -> None:
        selection = self.selection
        in_view = selection.run is run and selection.target == target
        if in_view and selection.node == states.node and not self.is_stale:
            self._states = states
            bar = self.text.verticalScrollBar()
            at = bar.value()
            self._draw()
            bar.setValue(at)

    # --- a scope ------------------------------------------------------------------------

    def _scope_sections(self, scopes: Scopes, scope: Scope) -> list[Section]:
        graph, run = scopes.graph, self._run
        nodes = tuple(scopes.nodes(scope))
        part = replace(graph, nodes=nodes)
        costs = total(part, counts(part))
        spent = sum(run.milliseconds.get(node.id, 0.0) for node in nodes) if run else 0.0
        share = spent / run.total_milliseconds if run and run.total_milliseconds else 0.0
        entries = [
            Entry("scope", " › ".join(scope.path)),
            Entry("blocks", count(len(scope.members)) if scope.members else ""),
            Entry("nodes", count(len(nodes))),
            Entry("parameters", count(costs.parameters)),
            Entry("multiply-adds", count(costs.multiply_adds) if costs.multiply_adds else ""),
            Entry("activations", size(costs.activation_bytes) if costs.activation_bytes else ""),
            Entry("time", f"{number(spent)} ms, {percent(share)} of the last run" if spent else ""),
            *self._overlaid(
                lambda overlay: overlay.of_scope(scopes, scope),
                standing=(PARAMETERS, MULTIPLY_ADDS, MEMORY, TIME),
            ),
        ]
        outputs = [
            Entry(
                "output",
                name,
                self._value_type(graph, name),
                self._link_to(graph.producer.get(name)),
            )
            for name in scopes.outputs(scope)[:_MOST]
        ]
        inputs = list(scopes.inputs(scope))
        return [
            Section("", entries),
            Section("Inputs", self._flowing(graph, inputs, "input", link=True)),
            Section("Outputs", outputs),
        ]

    # --- a node -------------------------------------------------------------------------

    def _node_sections(self, node: Node) -> list[Section]:
        graph = self.selection.graph
        assert graph is not None
        inputs = [n for n in node.inputs if n not in graph.parameters]
        enter = self.selection.page_asked.emit
        return [
            Section(
                "",
                [
                    Entry("name", node.name),
                    Entry("id", node.id if node.id != node.name else ""),
                    Entry("module", node.domain),
                    Entry("scope", " › ".join(node.scope)),
                    Entry("code", node.source),
                    Entry("runs in", node.execution),
                    Entry("time", self._time(node)),
                    *self._overlaid(lambda overlay: overlay.values.get(node.id), standing=(TIME,)),
                    *self._gradients(),
                ],
            ),
            Section(
                "Inside",
                [
                    Entry("graph", name.rpartition(" › ")[2], "", self._link(partial(enter, name)))
                    for name in node.bodies[:_MOST]
                ],
            ),
            Section("Attributes", [Entry(k, _said(v)) for k, v in sorted(node.attributes.items())]),
            Section("Inputs", self._flowing(graph, inputs, "input", link=True)),
            Section("Outputs", self._flowing(graph, list(node.outputs), "output", link=False)),
            Section(
                "Parameters",
                [
                    Entry(
                        p.role or "parameter",
                        p.name,
                        f"{_type(p.shape, p.dtype)} · {count(p.count)}",
                    )
                    for p in node.parameters[:_MOST]
                ],
            ),
        ]

    def _overlaid(
        self, value_in: Callable[[Overlay], float | None], standing: tuple[Kind, ...]
    ) -> list[Entry]:
        """The value that colours it in the graph, unless that is `standing` there anyway."""
        overlay = self.selection.overlay
        if overlay is None or overlay.kind.id in [kind.id for kind in standing]:
            return []
        value = value_in(overlay)
        return (
            [] if value is None else [Entry(overlay.kind.name.lower(), said(overlay.kind, value))]
        )

    def _gradients(self) -> list[Entry]:
        """How the score's gradient stands at the node; a value that is simply there says so."""
        if self._states is None:
            return []
        states = self._states.states[:_MOST]
        if len(set(states)) == 1:
            states = states[:1]
        return [
            Entry(f"gradient {port}" if len(states) > 1 else "gradient", state or "value")
            for port, state in enumerate(states)
        ]

    def _flowing(
        self, graph: ModelGraph, names: list[str], what: str, *, link: bool
    ) -> list[Entry]:
        entries = []
        for port, name in enumerate(names[:_MOST]):
            key = f"{what} {port}" if len(names) > 1 else what
            if not name:
                entries.append(Entry(key, "", "left out"))
                continue
            producer = graph.producer.get(name) if link else None
            entries.append(Entry(key, name, self._value_type(graph, name), self._link_to(producer)))
        if len(names) > _MOST:
            entries.append(Entry("", f"… and {count(len(names) - _MOST)} more"))
        return entries

    def _value_type(self, graph: ModelGraph, name: str) -> str:
        run, value = self._run, graph.values.get(name)
        if run is not None and name in run.shapes:
            return f"{_type(run.shapes[name], run.dtypes.get(name))} in the last run"
        return _type(value.shape, value.dtype) if value is not None else ""

    def _time(self, node: Node) -> str:
        run = self._run
        if run is None or node.id not in run.milliseconds:
            return ""
        spent = run.milliseconds[node.id]
        share = spent / run.total_milliseconds if run.total_milliseconds else 0.0
        return f"{number(spent)} ms, {100 * share:.1f} % of the last run"

    # --- the model ----------------------------------------------------------------------

    def _model_sections(self, model: ModelOpened) -> list[Section]:
        graph = self.selection.whole or model.graph
        run = self._run
        cannot = model.structure_only
        return [
            Section(
                "",
                [
                    Entry("format", graph.format),
                    Entry("name", graph.name),
                    Entry("nodes", count(len(graph.nodes))),
                    Entry("parameters", count(graph.parameter_count)),
                    Entry("file", model.path),
                    Entry("size", size(model.size_bytes)),
                    Entry("last run", f"{number(run.total_milliseconds)} ms" if run else ""),
                    Entry("not run", " ".join(cannot) if cannot else ""),
                ],
            ),
            Section("Inputs", self._flowing(graph, list(graph.inputs), "input", link=False)),
            Section("Outputs", self._flowing(graph, list(graph.outputs), "output", link=True)),
            Section("Metadata", [Entry(k, v) for k, v in list(graph.metadata.items())[:_MOST]]),
        ]

    def _graph_sections(self, graph: ModelGraph) -> list[Section]:
        """Of a graph inside a node."""
        return [
            Section(
                "",
                [
                    Entry("inside", graph.name.rpartition(" › ")[0]),
                    Entry("nodes", count(len(graph.nodes))),
                    Entry("parameters", count(graph.parameter_count)),
                ],
            ),
            Section("Inputs", self._flowing(graph, list(graph.inputs), "input", link=False)),
            Section("Outputs", self._flowing(graph, list(graph.outputs), "output", link=True)),
        ]

    # --- links --------------------------------------------------------------------------

    def _link_to(self, node: str | None) -> int | None:
        """A number: an id may be any text, and an address may not."""
        return None if node is None else self._link(partial(self.selection.set_node, node))

    def _link(self, action: Callable[[], object]) -> int:
        self._links.append(action)
        return len(self._links) - 1

    def _follow(self, address: QUrl) -> None:
        self._links[int(address.fragment())]()


def _type(dimensions: tuple[int | str | None, ...] | None, dtype: str | None) -> str:
    known = [shape(dimensions) if dimensions is not None else "", dtype or ""]
    return " · ".join(part for part in known if part)


def _said(value: Attribute) -> str:
    match value:
        case bool():
            return "true" if value else "false"
        case int():
            return str(value).replace("-", "\N{MINUS SIGN}")
        case float():
            return number(value)
        case None:
            return "none"
        case list():
            return ", ".join(_said(one) for one in value)
        case dict():
            return ", ".join(f"{key}: {_said(one)}" for key, one in value.items())
        case _:
            return str(value)


DOCK = NodePanel
