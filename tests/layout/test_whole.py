from __future__ import annotations

import itertools
import random
import time
from typing import Any

import pytest

from netviz_desktop.layout import Box, Edge, dot, place
from netviz_desktop.problems import Cancelled, Problem


def chain(count: int) -> list[tuple[int, int]]:
    return [(i, i + 1) for i in range(count - 1)]


def residual_blocks(count: int) -> tuple[int, list[tuple[int, int]]]:
    """Stem, then blocks of three boxes in a row beside a skip, joined by an add."""
    pairs, at = [], 0
    for _ in range(count):
        a, b, c, add = range(at + 1, at + 5)
        pairs += [(at, a), (a, b), (b, c), (c, add), (at, add)]
        at = add
    return at + 1, pairs


def random_graph(count: int, reach: int, seed: int = 1) -> list[tuple[int, int]]:
    r = random.Random(seed)
    return [(max(0, b - r.randint(1, reach)), b) for b in range(1, count) for _ in range(2)]


def masked(layers: int) -> tuple[int, list[tuple[int, int]]]:
    """A tower in which one early tensor, box 1, is read by every layer."""
    pairs, at, count = [], 0, 2
    for _ in range(layers):
        a, b, c, add = range(count, count + 4)
        pairs += [(at, a), (a, b), (1, b), (b, c), (c, add), (at, add)]
        at, count = add, count + 4
    return count, pairs


GRAPHS: dict[str, tuple[int, list[tuple[int, int]]]] = {
    "chain": (40, chain(40)),
    "residual": residual_blocks(12),
    "random": (120, random_graph(120, 8)),
    "long edges": (150, random_graph(150, 150)),
    "masked": masked(14),
    "tree": (63, [(i // 2, i) for i in range(2, 63)] + [(0, 1)]),
    "dense": (24, list(itertools.combinations(range(24), 2))),
    "two graphs": (20, [*chain(10), *((a + 10, b + 10) for a, b in chain(10))]),
    "dangling": (9, [(0, 1), (1, 2), (2, 3), (0, 4), (4, 5), (5, 6), (3, 7), (3, 8)]),
}


@pytest.mark.parametrize("name", GRAPHS)
@pytest.mark.parametrize("labels", [True, False])
def test_boxes_do_not_overlap_and_edges_point_down(asked: Any, name: str, labels: bool) -> None:
    question = asked(*GRAPHS[name], labels=labels)

    placement = place(question.boxes, question.edges)

    assert question.overlaps(placement) == []
    assert question.upward(placement) == []


@pytest.mark.parametrize("name", GRAPHS)
def test_everything_lies_on_the_sheet(asked: Any, name: str) -> None:
    question = asked(*GRAPHS[name])

    placement = place(question.boxes, question.edges)

    for left, top, right, bottom in question.rectangles(placement).values():
        assert left >= 0
        assert top >= 0
        assert right <= placement.width
        assert bottom <= placement.height
    for edge in placement.edges:
        assert min(edge.points) >= 0
        assert max(edge.points[::2]) <= placement.width
        assert max(edge.points[1::2]) <= placement.height
        assert len(edge.points) % 6 == 2


@pytest.mark.parametrize("name", ["chain", "residual", "random", "dangling"])
def test_labels_lie_on_no_box_and_on_no_other_label(asked: Any, name: str) -> None:
    question = asked(*GRAPHS[name])

    placement = place(question.boxes, question.edges)

    labels = {
        edge.id: (edge.label_x - 30, edge.label_y - 6, edge.label_x + 30, edge.label_y + 6)
        for edge in placement.edges
        if edge.label_x is not None and edge.label_y is not None
    }
    assert len(labels) > 0.9 * len(question.edges)
    everything = [*labels.values(), *question.rectangles(placement).values()]
    for index, label in enumerate(labels.values()):
        for other in everything[index + 1 :]:
            assert not (
                label[0] < other[2] - 0.1
                and other[0] < label[2] - 0.1
                and label[1] < other[3] - 0.1
                and other[1] < label[3] - 0.1
            )


def test_the_same_question_has_the_same_answer(asked: Any) -> None:
    question = asked(*GRAPHS["random"])

    assert place(question.boxes, question.edges) == place(question.boxes, question.edges)


def test_equal_blocks_look_equal() -> None:
    count, pairs = residual_blocks(6)
    boxes = [Box(str(i), 80, 30) for i in range(count)]
    edges = [Edge(str(k), str(a), str(b)) for k, (a, b) in enumerate(pairs)]

    placement = place(boxes, edges)

    at = {box.id: (box.x, box.y) for box in placement.boxes}
    second, third = ([at[str(4 * block + i)] for i in range(5)] for block in (1, 2))
    steps = [(x - second[0][0], y - second[0][1]) for x, y in second]
    same = [(x - third[0][0], y - third[0][1]) for x, y in third]
    assert [abs(x) for x, _ in steps] == pytest.approx([abs(x) for x, _ in same])
    assert [y for _, y in steps] == pytest.approx([y for _, y in same])


def test_the_residual_spine_is_straight(asked: Any) -> None:
    count, pairs = residual_blocks(8)
    question = asked(count, pairs)

    placement = place(question.boxes, question.edges)

    spine = [box.x for box in placement.boxes[::4]]
    assert max(spine) - min(spine) < 1


def test_left_to_right_edges_point_right(asked: Any) -> None:
    question = asked(*GRAPHS["residual"])

    placement = place(question.boxes, question.edges, left_to_right=True)

    boxes = question.rectangles(placement)
    assert question.overlaps(placement) == []
    for edge, placed in zip(question.edges, placement.edges, strict=True):
        assert placed.points[0] == pytest.approx(boxes[edge.source][2], abs=0.01)
        assert placed.points[-2] == pytest.approx(boxes[edge.target][0], abs=0.01)


def test_components_stand_side_by_side(asked: Any) -> None:
    question = asked(*GRAPHS["two graphs"])

    placement = place(question.boxes, question.edges)

    boxes = list(question.rectangles(placement).values())
    assert max(right for _, _, right, _ in boxes[:10]) < min(left for left, *_ in boxes[10:])
    assert boxes[0][1] == pytest.approx(boxes[10][1], abs=1)


def test_boxes_without_edges_are_read_down_the_columns(asked: Any) -> None:
    question = asked(50, [])

    placement = place(question.boxes, question.edges)

    assert question.overlaps(placement) == []
    corners = [(left, top) for left, top, _, _ in question.rectangles(placement).values()]
    assert corners == sorted(corners)
    assert len({left for left, _ in corners}) > 2


def test_cycles_loops_and_repeated_edges_are_drawn(asked: Any) -> None:
    pairs = [(0, 1), (0, 1), (0, 1), (1, 2), (2, 0), (2, 2), (2, 3)]
    question = asked(4, pairs)

    placement = place(question.boxes, question.edges)

    assert question.overlaps(placement) == []
    boxes = question.rectangles(placement)
    routes = [edge.points for edge in placement.edges]
    assert len(set(routes[:3])) == 3
    back = routes[4]
    assert back[1] == pytest.approx(boxes["box 2"][1], abs=0.01)
    assert back[-1] == pytest.approx(boxes["box 0"][3], abs=0.01)
    assert routes[5][0] == pytest.approx(boxes["box 2"][2])


def test_an_empty_question_has_an_empty_answer() -> None:
    placement = place([], [])

    assert placement.boxes == ()
    assert placement.edges == ()


HOSTILE: dict[str, tuple[int, list[tuple[int, int]]]] = {
    "fan": (3002, [(0, i) for i in range(1, 3001)] + [(i, 3001) for i in range(1, 3001)]),
    "chain": (10_000, chain(10_000)),
    "dense": (150, list(itertools.combinations(range(150), 2))),
    "wide": (3000, random_graph(3000, 3000)),
    "ring": (2000, [(i, (i + 1) % 2000) for i in range(2000)]),
    "one mask": masked(800),
}


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_graphs_are_laid_out_in_seconds(asked: Any, name: str) -> None:
    question = asked(*HOSTILE[name])
    start = time.process_time()

    placement = place(question.boxes, question.edges)

    assert time.process_time() - start < 10
    assert question.overlaps(placement) == []
    if name != "ring":
        assert question.upward(placement) == []


def test_what_graphviz_does_not_finish_is_laid_out_all_the_same(
    asked: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(dot, "sketches", lambda parts, _cancelled: [None] * len(parts))
    question = asked(*GRAPHS["random"])

    placement = place(question.boxes, question.edges)

    assert question.overlaps(placement) == []
    assert question.upward(placement) == []


def test_graphviz_is_stopped_when_nobody_waits(asked: Any) -> None:
    pairs = list(itertools.combinations(range(40), 2))  # takes Graphviz a while
    question = asked(40, pairs)
    times = iter(itertools.count())

    with pytest.raises(Cancelled):
        place(question.boxes, question.edges, cancelled=lambda: next(times) > 1)


def test_without_graphviz_there_is_a_remedy(asked: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(dot.Path, "is_file", lambda _: False)
    monkeypatch.setattr(dot.shutil, "which", lambda _: None)
    question = asked(*GRAPHS["residual"])
    dot.executable.cache_clear()

    try:
        with pytest.raises(Problem, match="pip install graphviz-pure"):
            place(question.boxes, question.edges)
    finally:
        dot.executable.cache_clear()
