from __future__ import annotations

import math

import pytest
import torch

from netviz_desktop.engine.forward_pass import ForwardPass, Recorded
from netviz_desktop.engine.predictions import predicted_target, predictions
from netviz_desktop.graph import ModelGraph


def run(values: object, kind: str = "softmax") -> ForwardPass:
    graph = ModelGraph("test", "test", (), ("y",), (), {})
    recorded = {"y": Recorded(torch.tensor(values))}
    return ForwardPass(graph, recorded, logits="y", score_kind=kind)


def test_the_likeliest_come_first_with_their_probability() -> None:
    found = predictions(run([[1.0, 3.0, 2.0]]), ("a", "b", "c"), 2)
    total = sum(math.exp(x) for x in (1, 2, 3))
    assert [(p.target, p.label, p.logit) for p in found] == [(1, "b", 3.0), (2, "c", 2.0)]
    assert [p.score for p in found] == pytest.approx([math.exp(3) / total, math.exp(2) / total])


def test_a_sigmoid_scores_each_class_by_itself() -> None:
    found = predictions(run([[0.0, 2.0]], "sigmoid"), ())
    assert [p.score for p in found] == pytest.approx([1 / (1 + math.exp(-2)), 0.5])


def test_a_class_without_a_name_is_called_by_its_index() -> None:
    assert [p.label for p in predictions(run([[0.0, 1.0]]), ("a",))] == ["class 1", "a"]


@pytest.mark.parametrize("shape", [(1, 3, 1, 1), (3,), (1, 3)])
def test_scores_of_any_shape_are_flattened(shape: tuple[int, ...]) -> None:
    values = torch.tensor([1.0, 5.0, 2.0]).reshape(shape).tolist()
    assert predictions(run(values), ())[0].target == 1
    assert predicted_target(run(values)) == 1


def test_of_a_batch_the_first_sample_counts() -> None:
    assert predicted_target(run([[0.0, 1.0], [9.0, 0.0]])) == 1


def test_a_model_without_classes_predicts_none() -> None:
    assert predictions(run([[1.0, 2.0]], kind=""), ()) == []


def test_scores_that_are_not_numbers_come_last() -> None:
    found = predictions(run([[math.nan, 1.0, math.inf]]), ())
    assert [p.target for p in found] == [2, 1, 0]
    assert predicted_target(run([[math.nan, 1.0, 0.0]])) == 1


def test_equal_scores_keep_their_order() -> None:
    assert [p.target for p in predictions(run([[1.0, 1.0, 1.0]]), ())] == [0, 1, 2]
