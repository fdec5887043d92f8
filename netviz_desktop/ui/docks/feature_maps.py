"""What a node computed in the last run, channel by channel."""

from __future__ import annotations

from netviz_desktop.link.messages import ActivationOf, ChannelOf, Maps, Request
from netviz_desktop.ui.docks._maps import MapsDock


class FeatureMaps(MapsDock):
    ID = "feature_maps"
    TITLE = "Feature maps"
    ORDER = 10
    UNIT = "activation, no unit"

    def request(self, node: str, output: int) -> Request[Maps]:
        return ActivationOf(node, output)

    def request_in_full(self, node: str, output: int, index: int) -> ChannelOf:
        return ChannelOf(node, index, output)

    def title(self, maps: Maps) -> str:
        return maps.node


DOCK = FeatureMaps
