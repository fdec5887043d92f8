from __future__ import annotations

import random
from typing import Any

import pytest

from netviz_desktop.layout import Box, Edge, Frame, place

Nest = dict[str, Any]


def chain_of_frames() -> Nest:
    """Three frames in a row, each a residual block; a mask is read in all of them."""
    pairs, inside, at, count = [], {}, 0, 2
    for block in range(3):
        a, b, add = range(count, count + 3)
        pairs += [(at, a), (a, b), (1, b), (b, add), (at, add)]
        inside |= dict.fromkeys((a, b, add), f"f{block}")
        at, count = add, count + 3
    return {
        "pairs": pairs,
        "count": count,
        "frames": {f"f{i}": "" for i in range(3)},
        "inside": inside,
    }


def u_net() -> Nest:
    """Each stage of the way down is read again by one on the way up."""
    pairs = [(i, i + 1) for i in range(11)] + [(1, 10), (3, 8)]
    inside = {0: "down", 1: "down", 2: "inner", 3: "inner", 8: "up", 9: "up", 10: "up"}
    return {
        "pairs": pairs, "count": 12, "inside": inside,
        "frames": {"down": "", "inner": "down", "up": ""},
    }  # fmt: skip


def many_in_many_out() -> Nest:
    pairs = [(i, 5 + i) for i in range(5)] + [(5 + i, 10 + i % 3) for i in range(5)]
    pairs += [(0, 12), (10, 13), (11, 13), (12, 14), (10, 14)]
    return {
        "pairs": pairs, "count": 15, "frames": {"f": ""}, "inside": dict.fromkeys(range(5, 13), "f")
    }  # fmt: skip


def no_lines() -> Nest:
    inside = dict.fromkeys(range(8), "a") | dict.fromkeys(range(8, 12), "b")
    return {"pairs": [], "count": 20, "frames": {"a": "", "b": "a", "empty": ""}, "inside": inside}


def cycle() -> Nest:
    """A frame that is left and entered again."""
    pairs = [(0, 1), (1, 2), (2, 3), (3, 4), (4, 5)]
    return {"pairs": pairs, "count": 6, "frames": {"f": ""}, "inside": {1: "f", 2: "f", 4: "f"}}


def random_nest(seed: int) -> Nest:
    r = random.Random(seed)
    frames = {f"f{i}": f"f{r.randrange(i)}" if i and r.random() < 0.5 else "" for i in range(7)}
    inside, current = {}, ""
    for box in range(60):
        if box % 5 == 0:
            current = r.choice(["", *frames])
        inside[box] = current
    pairs = [(max(0, b - r.randint(1, 6)), b) for b in range(1, 60) for _ in range(2)]
    return {"pairs": pairs, "count": 60, "frames": frames, "inside": inside}


NESTS: dict[str, Nest] = {
    "chain": chain_of_frames(),
    "u-net": u_net(),
    "many ways": many_in_many_out(),
    "no lines": no_lines(),
    "cycle": cycle(),
    **{f"random {seed}": random_nest(seed) for seed in range(6)},
}


@pytest.mark.parametrize("left_to_right", [False, True])
@pytest.mark.parametrize("name", NESTS)
def test_frames_lie_around_their_own_and_nothing_else(
    asked: Any, name: str, left_to_right: bool
) -> None:
    question = asked(**NESTS[name])

    placement = place(question.boxes, question.edges, question.frames, left_to_right=left_to_right)

    assert question.overlaps(placement) == []
    boxes, frames = question.rectangles(placement), question.borders(placement)
    outer = {f.id: f.frame for f in question.frames}
    lies_in = {b.id: b.frame for b in question.boxes} | outer
    for inner, rectangle in (boxes | frames).items():
        for frame, border in frames.items():
            around, surrounding = lies_in[inner], set()
            while around:
                surrounding.add(around)
                around = outer[around]
            if frame in surrounding:
                assert border[0] < rectangle[0] < rectangle[2] < border[2]
                assert border[1] < rectangle[1] < rectangle[3] < border[3] + 0.01
            elif frame != inner and outer[frame] != inner and not _in(frame, inner, outer):
                assert (
                    rectangle[2] <= border[0] or border[2] <= rectangle[0]
                    or rectangle[3] <= border[1] or border[3] <= rectangle[1]
                )  # fmt: skip


def _in(frame: str, inner: str, outer: dict[str, str]) -> bool:
    while frame:
        if frame == inner:
            return True
        frame = outer[frame]
    return False


@pytest.mark.parametrize("name", [name for name in NESTS if name != "cycle"])
def test_edges_lead_down_through_the_frames_and_through_nothing_else(asked: Any, name: str) -> None:
    question = asked(**NESTS[name])

    placement = place(question.boxes, question.edges, question.frames)

    if not name.startswith("random"):  # those have cycles between their frames
        assert question.upward(placement) == []
        assert question.crossed(placement) == []
    for edge in placement.edges:
        assert len(edge.points) % 6 == 2
        assert min(edge.points) >= 0
        assert max(edge.points[::2]) <= placement.width
        assert max(edge.points[1::2]) <= placement.height


def test_a_title_has_room() -> None:
    placement = place([Box("a", 50, 22, "f")], [], [Frame("f", 200, 20)])

    (frame,) = placement.frames
    assert frame.width > 200
    assert placement.boxes[0].y - 11 >= frame.y - frame.height / 2 + 20


def test_a_line_into_a_frame_of_one_way_is_straight() -> None:
    boxes = [Box("a", 80, 30), Box("b", 80, 30, "f"), Box("c", 60, 30, "f"), Box("d", 80, 30)]
    edges = [Edge("0", "a", "b"), Edge("1", "b", "c"), Edge("2", "c", "d")]

    placement = place(boxes, edges, [Frame("f", 300, 20)])

    assert max(box.x for box in placement.boxes) - min(box.x for box in placement.boxes) < 1


def test_equal_frames_look_equal() -> None:
    question = chain_of_frames()
    boxes = [Box(str(i), 80, 30, question["inside"].get(i, "")) for i in range(question["count"])]
    edges = [Edge(str(k), str(a), str(b)) for k, (a, b) in enumerate(question["pairs"])]

    placement = place(boxes, edges, [Frame(f"f{i}", 70, 20) for i in range(3)])

    # nothing leaves the last one
    sizes = {(round(f.width, 3), round(f.height, 3)) for f in placement.frames[:2]}
    assert len(sizes) == 1


def test_several_edges_into_a_frame_from_one_box_share_their_way_and_label() -> None:
    boxes = [Box("a", 80, 30), Box("b", 80, 30, "f"), Box("c", 80, 30, "f")]
    edges = [Edge("0", "a", "b", 40, 12), Edge("1", "a", "c", 40, 12)]

    placement = place(boxes, edges, [Frame("f", 70, 20)])

    first, second = placement.edges
    assert first.points[:8] == second.points[:8]
    assert first.label_x is not None
    assert second.label_x is None
