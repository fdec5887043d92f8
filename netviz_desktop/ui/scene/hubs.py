"""Values that very many boxes read: far from where they come from they are named in the box
that reads them, in place of a line across the whole graph."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from netviz_desktop.graph.scopes import Link

_MOST_LINES = 12
"""A value with more readers than this is a hub."""
_NEAR = 8
"""Boxes further on in the graph's order, a reader of a hub still has a line."""


@dataclass
class Hub:
    """Where a value comes from, and which boxes name it. Ids of figures."""

    source: str
    readers: list[str] = field(default_factory=list)


def without_hubs(
    links: Sequence[Link], order: Iterable[str]
) -> tuple[list[Link], Mapping[str, Hub]]:
    """The links that remain lines; and by its name, each value that is named in boxes.

    What is fed by hubs alone keeps its lines.

    Args:
        order: of the boxes.
    """
    uses = Counter((link.source, value) for link in links for value in link.values)
    if not uses or max(uses.values()) <= _MOST_LINES:
        return list(links), {}
    place = {box: index for index, box in enumerate(order)}
    left: list[tuple[str, ...]] = []  # of each link, the values that keep their line
    fed: dict[str, int] = defaultdict(int)
    for link in links:
        # inputs of the graph come before all boxes, outputs behind them
        apart = place.get(link.target, len(place)) - place.get(link.source, -1)
        far = apart > _NEAR and link.target in place
        kept = tuple(v for v in link.values if not far or uses[link.source, v] <= _MOST_LINES)
        left.append(kept)
        fed[link.target] += len(kept)
    hubs: dict[str, Hub] = {}
    lines = []
    for link, kept in zip(links, left, strict=True):
        if not fed[link.target] or len(kept) == len(link.values):
            lines.append(link)
            continue
        if kept:
            lines.append(link._replace(values=kept))
        for value in link.values:
            if value not in kept:
                hub = hubs.setdefault(value, Hub(link.source))
                if link.target not in hub.readers:
                    hub.readers.append(link.target)
    return lines, hubs
