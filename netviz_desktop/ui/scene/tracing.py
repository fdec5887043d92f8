"""The part of a graph that is lit: what feeds a node, what it feeds, what lies between two."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from PySide6.QtCore import QObject, Signal

from netviz_desktop.graph import ModelGraph, paths
from netviz_desktop.graph.paths import Flow
from netviz_desktop.ui.scene.chart import Chart, Mask
from netviz_desktop.ui.selection import Selection


@dataclass(frozen=True)
class Lit:
    """Masks over a chart's figures, wires and borders."""

    figures: Mask
    wires: Mask
    borders: Mask


class Tracing(QObject):
    """Of what is selected when it is asked for; it stays until the next, or until it ends."""

    changed = Signal()
    said = Signal(str)
    """One line about what is lit, or why nothing is."""

    def __init__(self, selection: Selection, parent: QObject) -> None:
        super().__init__(parent)
        self._selection = selection
        self._flows: tuple[Flow, ...] = ()

    @property
    def is_active(self) -> bool:
        return bool(self._flows)

    def inputs(self) -> None:
        """Light everything that the selection depends on."""
        self._trace(up=True, down=False)

    def outputs(self) -> None:
        """Light everything that depends on the selection."""
        self._trace(up=False, down=True)

    def both(self) -> None:
        self._trace(up=True, down=True)

    def path(self) -> None:
        """Light every node on any path between the two nodes that are selected."""
        graph, others, node = self._selection.graph, self._selection.others, self._selection.node
        if graph is None or node is None or len(others) != 1:
            self.said.emit("Select two nodes for the path between them: Ctrl+click the second.")
            return
        found = paths.between(graph, others[0], node)
        if found is None:
            self.said.emit(f"No path leads from “{others[0]}” to “{node}”, nor back.")
            return
        count = len(found.flow.nodes)
        self._light(
            (found.flow,),
            f"{count:,} nodes lie on the paths from “{found.source}” to “{found.target}”; "
            f"the shortest has {found.shortest:,}.",
        )

    def end(self) -> None:
        if self._flows:
            self._flows = ()
            self.changed.emit()

    def lit(self, chart: Chart) -> Lit | None:
        """What of a chart is lit; a closed scope is when something in it is."""
        if not self._flows:
            return None
        figures = np.zeros(len(chart.figures), bool)
        wires = np.zeros(len(chart.wires), bool)
        for flow in self._flows:
            boxes = _boxes(flow, chart.drawing.seen_as)
            figures |= [figure.id in boxes for figure in chart.figures]
            wires |= [
                wire.source in boxes
                and wire.target in boxes
                and not flow.values.isdisjoint((wire.value, *wire.others))
                for wire in chart.wires
            ]
        outer = {border.id: border.frame for border in chart.borders}
        around: set[str] = set()
        for index in np.flatnonzero(figures).tolist():
            frame = chart.figures[index].frame
            while frame and frame not in around:
                around.add(frame)
                frame = outer[frame]
        borders = np.array([border.id in around for border in chart.borders], bool)
        return Lit(figures, wires, borders)

    def _trace(self, *, up: bool, down: bool) -> None:
        graph = self._selection.graph
        if graph is None:
            return
        before, after = self._origins(graph)
        if not before | after:
            self.said.emit("Select a node to trace its inputs or outputs.")
            return
        flows, told = [], []
        if up:
            flows.append(paths.upstream(graph, before))
            told.append(f"{_nodes(len(flows[-1].nodes - before))} before it")
        if down:
            flows.append(paths.downstream(graph, after))
            told.append(f"{_nodes(len(flows[-1].nodes - after))} after it")
        self._light(tuple(flows), f"Traced: {' and '.join(told)}. Esc ends it.")

    def _origins(self, graph: ModelGraph) -> tuple[frozenset[str], frozenset[str]]:
        """Where to start upwards, and downwards."""
        chosen, scopes = self._selection, self._selection.scopes
        if chosen.edge is not None:
            ends = (chosen.edge.source, chosen.edge.target)
            return (
                frozenset(end for end in ends[:1] if end),
                frozenset(end for end in ends[1:] if end),
            )
        if chosen.scope is not None and scopes is not None:
            nodes = frozenset(node.id for node in scopes.nodes(chosen.scope))
        else:
            nodes = frozenset(n for n in (chosen.node, *chosen.others) if n and n in graph)
        return nodes, nodes

    def _light(self, flows: tuple[Flow, ...], said: str) -> None:
        self._flows = flows
        self.changed.emit()
        self.said.emit(said)


def _boxes(flow: Flow, seen_as: Mapping[str, str]) -> frozenset[str]:
    return flow.ends | {seen_as[node] for node in flow.nodes if node in seen_as}


def _nodes(count: int) -> str:
    return f"{count:,} node{'' if count == 1 else 's'}"
