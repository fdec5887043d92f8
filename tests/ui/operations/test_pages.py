"""The graphs inside nodes, looked at in place of the model's."""

from __future__ import annotations

import dataclasses

import pytest

from netviz_desktop.graph import ModelGraph, Node, Value
from netviz_desktop.link.messages import Body, BodyOf, Failed, ModelOpened
from netviz_desktop.ui.docks import _reasons
from netviz_desktop.ui.operations.pages import Pages
from netviz_desktop.ui.selection import Page

pytestmark = pytest.mark.usefixtures("pages")

NAME = "choice › then_branch"


@pytest.fixture
def model(opened) -> ModelOpened:
    whole = opened(nodes=("relu", "choice"))
    holder = dataclasses.replace(whole.graph.nodes[1], bodies=(NAME,))
    graph = dataclasses.replace(whole.graph, nodes=(whole.graph.nodes[0], holder))
    return dataclasses.replace(whole, graph=graph)


@pytest.fixture
def branch() -> ModelGraph:
    node = Node("relu", "Neg", "ai.onnx", "", (), ("h",), ("a",))
    return ModelGraph("ONNX", NAME, ("h",), ("a",), (node,), {"a": Value("a")})


@pytest.fixture
def pages(engine, selection, model) -> Pages:
    found = Pages(engine, selection)
    selection.set_model(model)
    selection.set_node("choice")
    return found


def test_what_is_inside_a_node_comes_into_view(engine, selection, model, branch):
    selection.page_asked.emit(NAME)
    assert engine.requests(BodyOf) == [BodyOf(NAME)]

    engine.answer(BodyOf, Body(branch))

    assert selection.graph is branch
    assert selection.whole is model.graph
    assert selection.node is None
    assert selection.pages == (Page(NAME, "choice", branch),)


def test_one_comes_out_at_the_node_that_one_went_into(engine, selection, model, branch):
    selection.page_asked.emit(NAME)
    engine.answer(BodyOf, Body(branch))
    selection.set_node("relu")

    selection.leave_to(0)

    assert selection.graph is model.graph
    assert selection.node == "choice"


def test_who_has_gone_elsewhere_meanwhile_is_not_taken_back(engine, selection, branch):
    selection.page_asked.emit(NAME)
    selection.set_node("relu")

    engine.answer(BodyOf, Body(branch))

    assert selection.pages == ()


def test_a_graph_that_is_not_there_is_told(pages, engine, selection):
    said = []
    pages.failed.connect(said.append)
    selection.page_asked.emit("nothing")

    engine.answer(BodyOf, Failed("There is none.", "Choose another."))

    assert [problem.what for problem in said] == ["There is none."]
    assert selection.pages == ()


def test_inside_a_node_nothing_is_asked_about_nodes_of_the_same_name(engine, selection, branch):
    selection.page_asked.emit(NAME)
    engine.answer(BodyOf, Body(branch))
    selection.set_node("relu")

    assert _reasons.selected_node(selection) is _reasons.INSIDE
    assert selection.selected_node is branch.nodes[0]


def test_another_model_is_looked_at_from_outside(engine, selection, branch, opened):
    selection.page_asked.emit(NAME)
    engine.answer(BodyOf, Body(branch))

    selection.set_model(opened("/models/b.onnx"))

    assert selection.pages == ()
    assert selection.graph is selection.model.graph


def test_a_run_changes_nothing_of_what_is_looked_at(engine, selection, branch, finished):
    selection.page_asked.emit(NAME)
    engine.answer(BodyOf, Body(branch))

    selection.set_run(finished())

    assert selection.graph is branch
