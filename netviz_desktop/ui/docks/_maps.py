"""What the docks of feature maps and of gradients have in common."""

from __future__ import annotations

from dataclasses import replace
from typing import Any, ClassVar

from PySide6.QtCore import QEvent, QSignalBlocker
from PySide6.QtWidgets import QComboBox, QWidget

from netviz_desktop.graph import Node
from netviz_desktop.link.messages import Channel, ChannelOf, Maps, Request
from netviz_desktop.problems import Problem
from netviz_desktop.ui.docks._asking import Asking, Matter, weakly
from netviz_desktop.ui.docks._reasons import finished_run, selected_node
from netviz_desktop.ui.engine_client import EngineClient
from netviz_desktop.ui.selection import Selection
from netviz_desktop.ui.settings import Settings
from netviz_desktop.ui.widgets.labels import Caption, Elided, Notice
from netviz_desktop.ui.widgets.layouts import column
from netviz_desktop.ui.widgets.levels import Scale
from netviz_desktop.ui.widgets.numbers import counted, number, percent, shape
from netviz_desktop.ui.widgets.pictures import Pictures
from netviz_desktop.ui.widgets.tensor_view import TensorView

_KINDS = {"channels": "grid", "tokens": "grid", "heads": "grid", "slices": "grid"}
_NOUNS = {"channels": "channel", "tokens": "channel", "heads": "head", "slices": "slice"}


class MapsDock(Asking):
    """The tensor of a node as pictures; a member says which tensor.

    Attributes:
        UNIT: of its numbers, for the colour bar.
        SIGNED: zero is the middle of the colours.
    """

    UNIT: ClassVar[str]
    SIGNED: ClassVar[bool] = False

    def __init__(
        self, engine: EngineClient, selection: Selection, parent: QWidget | None = None
    ) -> None:
        super().__init__(engine, selection, parent)
        self.maps: Maps | None = None
        """What is shown."""
        content = QWidget()
        self.headline = Elided(content, bold=True)
        self.facts = Caption(parent=content)
        self.state = Notice(parent=content)
        self.outputs = QComboBox(content)
        self.outputs.setSizeAdjustPolicy(
            QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon
        )
        self.outputs.currentIndexChanged.connect(self.mark_stale)
        self._outputs_of: Node | None = None
        # single outliers would leave every other channel without contrast
        self.tensor = TensorView(content, scale=Scale.CLIPPED)
        self.tensor.wanted.connect(self._ask_in_full)
        self.tensor.ready.connect(self.finish)
        self.tensor.cells_hovered.connect(self._show_what_is_seen)
        heading = QWidget(content)
        column(heading, self.headline, self.facts, self.state, self.outputs, spacing=2)
        layout = column(content, heading, self.tensor)
        layout.setStretch(1, 1)
        self.compose(content)

    # --- what members say ---------------------------------------------------------------

    def request(self, node: str, output: int) -> Request[Maps]:
        """What to ask."""
        raise NotImplementedError

    def request_in_full(self, node: str, output: int, index: int) -> ChannelOf:
        """What to ask for one picture in full."""
        raise NotImplementedError

    def title(self, maps: Maps) -> str:
        raise NotImplementedError

    # --- asking and drawing -------------------------------------------------------------

    def question(self) -> Request[Any] | Problem:
        run = finished_run(self.selection)
        if isinstance(run, Problem):
            return run
        node = selected_node(self.selection)
        if isinstance(node, Problem):
            return node
        self._offer_outputs(node)
        return self.request(node.id, max(0, self.outputs.currentIndex()))

    def draw(self, answer: Any) -> None:
        maps: Maps = answer
        before, self.maps = self.maps, maps
        if not maps.axes:
            self.say(maps.state or "There is nothing to draw: the tensor is empty.")
            return
        self.headline.set_text(self.title(maps))
        self.facts.say(_facts(maps))
        self.state.say(maps.state)
        same_thing = before is not None and (before.node, before.output, before.shape) == (
            maps.node,
            maps.output,
            maps.shape,
        )
        self.tensor.show_pictures(self._pictures(maps), keep=same_thing)

    def remember(self, settings: Settings) -> None:
        self.tensor.set_looks(settings.looks(self.ID))
        self.tensor.looks_changed.connect(lambda looks: settings.set_looks(self.ID, looks))

    def changeEvent(self, event: QEvent) -> None:
        if event.type() == QEvent.Type.PaletteChange and hasattr(self, "tensor"):
            self.tensor.retheme()
        super().changeEvent(event)

    def _pictures(self, maps: Maps) -> Pictures:
        model, run = self.selection.model, self.selection.run
        labels = model.labels if model is not None else ()
        return Pictures(
            kind=_KINDS.get(maps.axes, maps.axes),
            noun=_NOUNS.get(maps.axes, "picture"),
            values=maps.thumbnails,
            size=maps.size,
            minimum=maps.minimum,
            maximum=maps.maximum,
            unit=self.UNIT,
            signed=self.SIGNED,
            beneath=run.seen if run is not None and maps.looks_at else None,
            mean=maps.mean,
            std=maps.std,
            zeros=maps.zeros,
            index_labels=labels if maps.shape and maps.shape[-1] == len(labels) else (),
        )

    def _offer_outputs(self, node: Node) -> None:
        if node is self._outputs_of:
            return
        self._outputs_of = node
        blocked = QSignalBlocker(self.outputs)
        self.outputs.clear()
        self.outputs.addItems(
            [f"output {port}: {name[:80] or 'left out'}" for port, name in enumerate(node.outputs)]
        )
        self.outputs.setVisible(len(node.outputs) > 1)
        blocked.unblock()

    def _show_what_is_seen(self, cells: tuple[int, int, int, int] | None) -> None:
        """The receptive field of what is under the cursor, for whoever draws the image."""
        maps, run = self.maps, self.selection.run
        if cells is None or maps is None or run is None or not maps.looks_at or self.is_stale:
            self.selection.set_cell(None)
            return
        rows, columns = maps.looks_at
        top, bottom = _within(rows.seen(*cells[:2]), run.seen.shape[0])
        left, right = _within(columns.seen(*cells[2:]), run.seen.shape[1])
        self.selection.set_cell((left, top, right - left, bottom - top))

    def _ask_in_full(self, index: int) -> None:
        maps, matter = self.maps, self.matter
        if maps is None:
            return
        request = self.request_in_full(maps.node, maps.output, index)
        if self.tensor.is_overlaid:
            request = replace(request, placed=True)
        call = self.engine.ask(request, slot=f"{self.ID}/channel")
        call.answered.connect(weakly(self._draw_in_full, matter))
        call.failed.connect(weakly(self._say_in_full, matter))

    def _draw_in_full(self, matter: Matter | None, channel: Channel) -> None:
        if self.is_in_view(matter):
            self.tensor.show_full(channel.index, channel.values, channel.placed)

    def _say_in_full(self, matter: Matter | None, problem: Problem) -> None:
        if self.is_in_view(matter):
            self.say(problem.what, problem.remedy, retry=True)


def _within(span: tuple[float, float], size: int) -> tuple[float, float]:
    """What of it lies on the image."""
    begin, end = span
    return min(max(begin, 0.0), size), min(max(end, 0.0), size)


def _facts(maps: Maps) -> str:
    first = [shape(maps.shape), maps.dtype]
    second = []
    found = maps.statistics
    if found is not None:
        second = [
            f"{number(found.minimum)} … {number(found.maximum)}",
            f"mean {number(found.mean)}",
            f"{percent(found.zeros)} zeros",
        ]
        if found.nan_count:
            second.append(f"{found.nan_count} NaN")
        if found.inf_count:
            second.append(f"{found.inf_count} infinite")
    if maps.axes in _NOUNS:
        if maps.axes == "tokens":
            before = maps.shape[1] - maps.size[0] * maps.size[1]
            patches = f"{shape(maps.size)} patches"
            first.append(f"{patches} after {counted(before, 'token')}" if before else patches)
        count, noun = len(maps.thumbnails), _NOUNS[maps.axes]
        dead = int(((maps.minimum == 0) & (maps.maximum == 0)).sum())
        are = "is" if dead == 1 else "are"
        first.append(
            f"{dead} of {counted(count, noun)} {are} dead" if dead else counted(count, noun)
        )
    # a line breaks between facts, never inside one
    return "\n".join(
        " · ".join(fact.replace(" ", "\N{NO-BREAK SPACE}") for fact in facts)
        for facts in (first, second)
        if facts
    )
