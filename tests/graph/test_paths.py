from __future__ import annotations

import networkx
import pytest

from netviz_desktop.graph import ModelGraph, Node
from netviz_desktop.graph.paths import between, downstream, upstream
from netviz_desktop.graph.scopes import input_id, output_id


def graph_of(*nodes: tuple[str, str]) -> ModelGraph:
    """Of nodes and what they read, which compute a value of their own name."""
    made = tuple(
        Node(name, "Op", "", name, (), tuple(inputs.split()), (name,)) for name, inputs in nodes
    )
    return ModelGraph("t", "t", ("x", "mask"), ("end", "aside"), made, {})


@pytest.fixture
def graph() -> ModelGraph:
    """A diamond with a skip, a branch to an output of its own, and a node apart."""
    return graph_of(
        ("stem", "x"), ("left", "stem mask"), ("right", "stem"), ("more", "right"),
        ("join", "left more"), ("end", "join stem"), ("aside", "right"), ("apart", "x"),
    )  # fmt: skip


def test_upstream_is_all_that_a_node_depends_on_back_to_the_inputs(graph):
    flow = upstream(graph, ["join"])

    assert flow.nodes == {"join", "left", "right", "more", "stem"}
    assert flow.ends == {input_id("x"), input_id("mask")}
    assert flow.values == {"left", "right", "more", "stem", "x", "mask"}


def test_downstream_is_all_that_depends_on_a_node_up_to_the_outputs(graph):
    flow = downstream(graph, ["right"])

    assert flow.nodes == {"right", "more", "join", "end", "aside"}
    assert flow.ends == {output_id("end"), output_id("aside")}
    assert "stem" not in flow.values
    assert "left" not in flow.values


def test_of_several_nodes_it_is_what_any_of_them_has(graph):
    assert upstream(graph, ["left", "more"]).nodes == {"left", "more", "right", "stem"}


def test_between_two_nodes_lies_what_is_on_any_path_whichever_is_named_first(graph):
    paths = between(graph, "join", "stem")

    assert (paths.source, paths.target) == ("stem", "join")
    assert paths.flow.nodes == {"stem", "left", "right", "more", "join"}
    assert paths.flow.ends == set()
    assert paths.shortest == 3
    assert between(graph, "stem", "end").shortest == 2
    assert between(graph, "stem", "stem").shortest == 1


def test_nothing_lies_between_what_is_not_connected(graph):
    assert between(graph, "aside", "end") is None
    assert between(graph, "apart", "end") is None


def test_they_are_what_networkx_finds_in_a_large_graph():
    count = 2000
    nodes = [("n0", "x")]
    for i in range(1, count):
        reads = {i - 1, (i * 7919) % i, (i * 104729) % i} if i % 5 else {(i * 31) % i}
        nodes.append((f"n{i}", " ".join(f"n{j}" for j in sorted(reads))))
    graph = graph_of(*nodes)
    digraph = graph.digraph

    other = "n1700"
    before = networkx.ancestors(digraph, other)
    one = sorted(before)[len(before) // 3]
    after = networkx.descendants(digraph, one)
    assert upstream(graph, [other]).nodes == before | {other}
    assert downstream(graph, [one]).nodes == after | {one}
    paths = between(graph, one, other)
    assert paths.flow.nodes == (before & after) | {one, other}
    assert paths.shortest == networkx.shortest_path_length(digraph, one, other) + 1
