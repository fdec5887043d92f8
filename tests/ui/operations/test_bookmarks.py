from __future__ import annotations

import pytest

from netviz_desktop.ui.operations.bookmarks import Bookmarks


@pytest.fixture
def bookmarks(selection, settings, opened):
    bookmarks = Bookmarks(selection, settings, selection)
    selection.set_model(opened(nodes=("a", "b", "c", "d")))
    return bookmarks


def mark(bookmarks, selection, *nodes: str) -> None:
    for node in nodes:
        selection.set_node(node)
        bookmarks.toggle()


def test_a_node_is_marked_and_marked_no_longer(bookmarks, selection):
    mark(bookmarks, selection, "c", "a")
    assert bookmarks.nodes == ["a", "c"]

    mark(bookmarks, selection, "c")
    assert bookmarks.nodes == ["a"]


def test_next_and_previous_go_around(bookmarks, selection):
    mark(bookmarks, selection, "b", "d")
    bookmarks.asked.connect(selection.set_node)
    selection.set_node(None)
    visited = []
    for step in (bookmarks.next, bookmarks.next, bookmarks.next, bookmarks.previous):
        step()
        visited.append(selection.node)

    assert visited == ["b", "d", "b", "d"]
    selection.set_node("c")
    bookmarks.previous()
    assert selection.node == "b"


def test_each_file_has_its_own_and_keeps_them(bookmarks, selection, settings, opened):
    mark(bookmarks, selection, "b")

    selection.set_model(opened("/models/other.onnx", nodes=("b",)))
    assert bookmarks.nodes == []

    again = Bookmarks(selection, settings, selection)
    selection.set_model(opened(nodes=("a", "b")))
    assert again.nodes == bookmarks.nodes == ["b"]
    mark(again, selection, "b")
    assert settings.bookmarks("/models/a.onnx") == []


def test_a_mark_on_what_the_file_no_longer_has_is_passed_over(bookmarks, selection, opened):
    mark(bookmarks, selection, "d")

    selection.set_model(opened(nodes=("a",)))

    assert bookmarks.nodes == []
    bookmarks.next()
    assert selection.node is None


def test_without_a_node_or_a_mark_it_says_what_to_do(qtbot, bookmarks):
    for ask in (bookmarks.toggle, bookmarks.next):
        with qtbot.waitSignal(bookmarks.said) as said:
            ask()
        assert "bookmark" in said.args[0]
