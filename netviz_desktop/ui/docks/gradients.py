"""How the score of a class would change with what a node computed."""

from __future__ import annotations

from netviz_desktop.link.messages import ChannelOf, GradientOf, Maps, Request
from netviz_desktop.ui.docks._maps import MapsDock
from netviz_desktop.ui.docks._targets import label_of


class Gradients(MapsDock):
    ID = "gradients"
    TITLE = "Gradients"
    ORDER = 20
    UNIT = "logit per unit of activation"
    SIGNED = True

    def request(self, node: str, output: int) -> Request[Maps]:
        return GradientOf(node, self.selection.target, output)

    def request_in_full(self, node: str, output: int, index: int) -> ChannelOf:
        return ChannelOf(node, index, output, gradient=True, target=self.selection.target)

    def title(self, maps: Maps) -> str:
        return f"∂ score({label_of(self.selection)}) / ∂ {maps.node}"


DOCK = Gradients
