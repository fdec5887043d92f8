"""Several edges between the same two boxes are as many lines."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from netviz_desktop.layout import Box, Edge, Frame, Placement, place

PAIRS = {
    "side by side": [(0, 1), (1, 2), (1, 2), (2, 3)],
    "a third one": [(0, 1), (1, 2), (1, 2), (1, 2), (2, 3)],
    "beside others": [(0, 1), (0, 2), (1, 3), (2, 3), (0, 3), (0, 3)],
    "far": [*((i, i + 1) for i in range(40)), (0, 40), (0, 40)],
    "read everywhere": [*((i, i + 1) for i in range(1, 40)), *((0, i) for i in range(1, 41))] * 2,
    "in large pieces": [*((i, i + 1) for i in range(900)), *((i, i + 7) for i in range(890))] * 2,
}


def ends(asked: Any, placement: Placement, across: int) -> dict[tuple[str, str], np.ndarray]:
    """Of each two boxes, where the lines between them start and end, across the flow."""
    found: dict[tuple[str, str], list[tuple[float, float]]] = {}
    routes = {edge.id: edge.points for edge in placement.edges}
    for edge in asked.edges:
        points = routes[edge.id]
        found.setdefault((edge.source, edge.target), []).append(
            (points[across], points[across - 2])
        )
    return {pair: np.array(places) for pair, places in found.items() if len(places) > 1}


@pytest.mark.parametrize("left_to_right", [False, True])
@pytest.mark.parametrize("name", list(PAIRS))
def test_each_starts_and_ends_at_a_place_of_its_own_on_its_boxes(
    asked: Any, name: str, left_to_right: bool
) -> None:
    pairs = PAIRS[name]
    asked = asked(1 + max(map(max, pairs)), pairs, labels=False)
    placement = place(asked.boxes, asked.edges, left_to_right=left_to_right)

    across = 1 if left_to_right else 0
    boxes = asked.rectangles(placement)
    twins = ends(asked, placement, across)
    assert twins
    for (source, target), places in twins.items():
        gaps = np.diff(np.sort(places, axis=0), axis=0)
        assert gaps.min() >= 2.9, (source, target)
        for box, at in zip((source, target), places.T, strict=True):
            assert (at >= boxes[box][across]).all()
            assert (at <= boxes[box][across + 2]).all()
    assert asked.crossed(placement) == []


@pytest.mark.parametrize("left_to_right", [False, True])
def test_what_differs_has_a_label_of_its_own_and_what_is_the_same_has_one(left_to_right) -> None:
    boxes = [Box("a", 90, 22), Box("b", 90, 22), Box("c", 50, 22, "f")]
    edges = [
        Edge("0", "a", "b", 60, 12), Edge("1", "a", "b", 60, 12), Edge("2", "a", "b", 40, 12),
        Edge("3", "b", "c", 60, 12), Edge("4", "b", "c", 60, 12),
    ]  # fmt: skip

    placement = place(boxes, edges, [Frame("f", 70, 20)], left_to_right=left_to_right)

    assert len({edge.points for edge in placement.edges}) == 5
    labels = [(edge.label_x, edge.label_y) for edge in placement.edges]
    assert labels[1] == labels[4] == (None, None)
    assert labels[2][0] == labels[0][0]
    assert labels[2][1] == pytest.approx(labels[0][1] + 12)


def test_a_line_from_a_box_to_itself_is_left_as_it_is(asked: Any) -> None:
    asked = asked(2, [(0, 0), (0, 0), (0, 1)])

    assert len(place(asked.boxes, asked.edges).edges) == 3
