from __future__ import annotations

import pytest
import torch
from torch import Tensor
from torch.autograd.graph import get_gradient_edge

from netviz_desktop.engine.forward_pass import ForwardPass, Recorded
from netviz_desktop.graph import ModelGraph, Node
from netviz_desktop.problems import Problem


def recorded(tensor: Tensor) -> Recorded:
    edge = get_gradient_edge(tensor) if tensor.requires_grad else None
    return Recorded(tensor.detach(), edge)


def one(op: str, inputs: tuple[str, ...], output: str) -> Node:
    return Node(output, op, "torch", output, (), inputs, (output,))


@pytest.fixture
def run() -> ForwardPass:
    """y = (2 x)^2 summed per row, integers on the way and aside, and a branch nobody reads."""
    x = torch.arange(6.0).reshape(2, 3).requires_grad_().view(2, 3)
    doubled = 2 * x
    squared = doubled**2
    scores = squared.sum(1)
    values = {
        "x": x,
        "doubled": doubled,
        "scores": scores,
        "rounded": doubled.detach().long(),
        "unread": doubled + 1,
        "compared": doubled + 2,
    }
    graph = ModelGraph(
        "test",
        "test",
        ("x",),
        ("scores",),
        (
            one("mul", ("x",), "doubled"),
            one("to", ("doubled",), "rounded"),
            one("add", ("doubled",), "unread"),
            one("add", ("doubled",), "compared"),
            one("greater", ("compared",), "mask"),
            one("sum", ("doubled", "mask"), "scores"),
            one("mul", ("doubled",), "skipped"),
        ),
        {},
    )
    return ForwardPass(graph, {name: recorded(value) for name, value in values.items()})


def test_a_gradient_is_of_the_target_alone(run: ForwardPass) -> None:
    expected = torch.zeros(2, 3)
    expected[1] = 2 * run.value("doubled")[1]
    assert torch.equal(run.gradient(1, "doubled"), expected)


def test_all_gradients_at_once_equal_each_by_itself(run: ForwardPass) -> None:
    alone = run.gradient(0, "doubled")
    together = run.gradients(0)
    assert torch.equal(together["doubled"], alone)
    assert torch.equal(together["x"], 2 * alone)
    assert run.gradient(0, "doubled") is together["doubled"]


def test_the_gradient_of_the_score_itself_is_one_hot(run: ForwardPass) -> None:
    assert run.gradient(1, "scores").tolist() == [0, 1]


def test_a_value_off_the_path_has_a_gradient_of_zero_and_says_why(run: ForwardPass) -> None:
    assert run.gradient_state(0, "unread") == "It is not on a path to the score."
    assert not run.gradient(0, "unread").any()


def test_a_value_that_only_integers_lead_on_from_says_so(run: ForwardPass) -> None:
    assert not run.gradient(0, "compared").any()
    assert run.gradient_state(0, "compared") == (
        "It leads to the score only through values that have no derivative."
    )


def test_a_gradient_that_is_simply_there_needs_no_words(run: ForwardPass) -> None:
    assert run.gradient(1, "doubled").any()
    assert run.gradient_state(1, "doubled") == ""


def test_a_gradient_of_zero_says_that_nothing_changes_the_score() -> None:
    x = torch.tensor([-1.0, -2.0]).requires_grad_().view(2)
    graph = ModelGraph(
        "test", "test", ("x",), ("y",), (one("mul", ("x",), "z"), one("relu", ("z",), "y")), {}
    )
    z = x * 2
    values = {"x": recorded(x), "z": recorded(z), "y": recorded(torch.relu(z))}
    run = ForwardPass(graph, values)

    assert not run.gradient(0, "z").any()
    assert run.gradient_state(0, "z").startswith("It is zero everywhere")


def test_what_the_runner_knows_about_a_gradient_is_said_where_it_leads_to_the_score() -> None:
    x = torch.ones(2).requires_grad_().view(2)
    y = (x * 2).detach().requires_grad_().view(2)
    graph = ModelGraph(
        "test", "test", ("x",), ("y",), (one("mul", ("x",), "z"), one("x", ("z",), "y")), {}
    )
    cut = "Its gradient through “y”, which runs forward only, is missing."
    z = recorded(x * 2)
    values = {"x": recorded(x), "z": Recorded(z.tensor, z.edge, cut), "y": recorded(y)}

    assert ForwardPass(graph, values).gradient_state(0, "z") == cut


def test_the_states_of_a_nodes_gradients_need_no_gradients_of_all_nodes(run: ForwardPass) -> None:
    assert run.gradient_states(0, "doubled") == [""]
    assert run.gradient_states(0, "unread") == ["It is not on a path to the score."]
    assert "int64" in run.gradient_states(0, "rounded")[0]
    assert run.gradient_states(0, "skipped") == ["The node was not reached in this run."]


def test_an_integer_has_no_gradient_and_says_why(run: ForwardPass) -> None:
    with pytest.raises(Problem) as problem:
        run.gradient(0, "rounded")
    assert "int64" in problem.value.what


@pytest.mark.parametrize("target", [-1, 2])
def test_a_target_that_does_not_exist_is_a_problem(run: ForwardPass, target: int) -> None:
    with pytest.raises(Problem) as problem:
        run.gradient(target, "doubled")
    assert "from 0 to 1" in problem.value.remedy


def test_a_node_that_was_not_reached_is_a_problem(run: ForwardPass) -> None:
    with pytest.raises(Problem):
        run.activation("skipped")
    assert run.gradient_state(0, "skipped") == "The node was not reached in this run."


@pytest.mark.parametrize(("node", "output"), [("nowhere", 0), ("doubled", 1)])
def test_a_node_or_output_that_does_not_exist_is_a_problem(
    run: ForwardPass, node: str, output: int
) -> None:
    with pytest.raises(Problem):
        run.activation(node, output)


def test_gradients_are_kept_while_another_target_is_looked_at(run: ForwardPass) -> None:
    first = run.gradients(0)
    run.gradients(1)
    assert run.gradients(0) is first
