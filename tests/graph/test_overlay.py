from __future__ import annotations

import pytest

from netviz_desktop.graph import ModelGraph, Node, Parameter, Value
from netviz_desktop.graph.counts import counts
from netviz_desktop.graph.overlay import (
    ACTIVATION_NORM,
    BY_ID,
    KINDS,
    MEMORY,
    MULTIPLY_ADDS,
    NOT_FINITE,
    PARAMETERS,
    SPARSITY,
    TIME,
    Kind,
    Overlay,
    Scale,
    as_run,
    of_counts,
)
from netviz_desktop.graph.scopes import Scope, Scopes

TIED = Parameter("w", (8, 3, 3, 3), "float32", "weight")


@pytest.fixture
def graph() -> ModelGraph:
    """Two convolutions that share their weight, in one scope, and one relu outside of it."""
    nodes = (
        Node("a", "Conv", "ai.onnx", "a", ("body",), ("x", "w"), ("ya",), {}, (TIED,)),
        Node("b", "Conv", "ai.onnx", "b", ("body",), ("x", "w"), ("yb",), {}, (TIED,)),
        Node("r", "Relu", "ai.onnx", "r", (), ("yb",), ("yr",)),
    )
    shapes = {"x": (1, 3, 6, 6), "w": (8, 3, 3, 3), "ya": (1, 8, 4, 4), "yb": (1, 8, 4, 4)}
    values = {name: Value(name, shape, "float32") for name, shape in shapes.items()}
    return ModelGraph("ONNX", "g", ("x",), ("ya", "yr"), nodes, values)


@pytest.fixture
def scopes(graph: ModelGraph) -> Scopes:
    return Scopes(graph)


def body(scopes: Scopes) -> Scope:
    return next(scope for scope in scopes.all if scope.path == ("body",))


def test_what_a_graph_says_is_what_the_summary_counts(graph: ModelGraph) -> None:
    found = counts(graph)
    assert of_counts(PARAMETERS, counts(graph)).values == {"a": 216, "b": 216, "r": 0}
    assert of_counts(MULTIPLY_ADDS, counts(graph)).values == {
        node: cost.multiply_adds for node, cost in found.items()
    }
    assert of_counts(MULTIPLY_ADDS, counts(graph)).values["a"] == 8 * 4 * 4 * 27


def test_a_size_that_the_file_does_not_say_is_that_of_the_run(graph: ModelGraph) -> None:
    assert "r" not in of_counts(MEMORY, counts(graph)).values

    ran = as_run(graph, {"yr": (1, 8, 4, 4), "ya": (9,)}, {"yr": "float32"})

    assert of_counts(MEMORY, counts(ran)).values["r"] == 8 * 4 * 4 * 4
    assert ran.values["ya"].shape == (1, 8, 4, 4)  # the file's own stays


@pytest.mark.parametrize(
    ("kind", "value"), [(TIME, 4.0), (SPARSITY, 2.0), (ACTIVATION_NORM, 3.0), (NOT_FINITE, 3.0)]
)
def test_a_closed_scope_adds_up_or_takes_the_mean_or_the_largest(
    scopes: Scopes, kind: Kind, value: float
) -> None:
    overlay = Overlay(kind, {"a": 1.0, "b": 3.0, "r": 10.0})
    assert overlay.of_scope(scopes, body(scopes)) == value


def test_parameters_that_are_shared_count_once_in_a_scope(
    graph: ModelGraph, scopes: Scopes
) -> None:
    assert of_counts(PARAMETERS, counts(graph)).of_scope(scopes, body(scopes)) == 216


def test_a_scope_of_nodes_without_values_has_none(scopes: Scopes) -> None:
    assert Overlay(TIME, {"r": 1.0}).of_scope(scopes, body(scopes)) is None


def test_a_value_of_the_scope_itself_comes_first(scopes: Scopes) -> None:
    overlay = Overlay(TIME, {"a": 1.0, "b": 3.0}, {("body",): 7.0})
    assert overlay.of_scope(scopes, body(scopes)) == 7.0


def test_the_largest_come_first_and_equals_in_the_order_they_run() -> None:
    overlay = Overlay(TIME, {"a": 2.0, "b": 3.0, "c": 2.0, "d": 0.0})
    assert overlay.largest(5) == [("b", 3.0), ("a", 2.0), ("c", 2.0)]
    assert overlay.largest(2) == [("b", 3.0), ("a", 2.0)]


def test_each_kind_has_an_id_of_its_own() -> None:
    assert len(KINDS) == len(BY_ID)
    assert all(bool(k.categories) == (k.scale is Scale.CATEGORICAL) for k in KINDS)
