from __future__ import annotations

import io
import threading
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image
from torch import nn

from netviz_desktop.engine.answers import Answers
from netviz_desktop.graph.overlay import KINDS
from netviz_desktop.link import messages
from netviz_desktop.link.messages import Message
from netviz_desktop.problems import Cancelled, Problem


class Asked(Answers):
    """Answers in the test's own process."""

    def ask(self, request: Message) -> Message:
        return self.answer(request, lambda _done, _what: None)


@pytest.fixture
def picture() -> bytes:
    buffer = io.BytesIO()
    Image.fromarray(np.random.default_rng(0).integers(0, 255, (32, 32, 3), np.uint8)).save(
        buffer, "PNG"
    )
    return buffer.getvalue()


@pytest.fixture
def answers(torch_file: Path, picture: bytes) -> Asked:
    answers = Asked()
    answers.ask(messages.OpenModel(str(torch_file)))
    answers.ask(messages.RunImage(picture, "it.png"))
    return answers


def test_after_a_run_idle_time_prepares_the_gradients_of_the_predicted_class(
    answers: Asked, monkeypatch: pytest.MonkeyPatch
) -> None:
    expected = answers.ask(messages.GradientOf("0.conv2d"))
    answers.use_idle_time()
    answers.wait_until_prepared()
    monkeypatch.setattr(torch.autograd, "grad", None)  # nothing is differentiated any more
    for node in ("0.conv2d", "1.relu", "2.conv2d", "3.relu", "6.linear"):
        found = answers.ask(messages.GradientOf(node))
        assert isinstance(found, messages.Maps)
        assert found.state == ""
    found = answers.ask(messages.GradientOf("0.conv2d"))
    assert isinstance(expected, messages.Maps)
    assert isinstance(found, messages.Maps)
    assert np.allclose(found.thumbnails, expected.thumbnails, atol=1e-7)


def test_another_class_that_was_looked_at_is_prepared_as_well(
    answers: Asked, monkeypatch: pytest.MonkeyPatch
) -> None:
    answers.use_idle_time()
    answers.ask(messages.GradientOf("3.relu", target=4))
    answers.use_idle_time()
    answers.wait_until_prepared()
    monkeypatch.setattr(torch.autograd, "grad", None)
    assert isinstance(answers.ask(messages.GradientOf("0.conv2d", target=4)), messages.Maps)


def test_while_gradients_are_prepared_other_questions_are_answered(
    answers: Asked, monkeypatch: pytest.MonkeyPatch
) -> None:
    go_on = threading.Event()
    grad = torch.autograd.grad

    def slow(*arguments: Any, **keywords: Any) -> Any:
        assert go_on.wait(30)
        return grad(*arguments, **keywords)

    monkeypatch.setattr(torch.autograd, "grad", slow)
    answers.use_idle_time()
    maps = answers.ask(messages.ActivationOf("1.relu"))
    assert isinstance(maps, messages.Maps)
    go_on.set()
    gradient = answers.ask(messages.GradientOf("1.relu"))
    assert isinstance(gradient, messages.Maps)
    assert gradient.thumbnails.any()


def test_idle_time_after_the_model_was_replaced_is_idle(answers: Asked, torch_file: Path) -> None:
    answers.ask(messages.OpenModel(str(torch_file)))
    answers.use_idle_time()


class Rounded(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.conv, self.side = nn.Conv2d(3, 4, 3), nn.Conv2d(3, 4, 3)
        self.fc = nn.Linear(4, 5)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        found = self.conv(x)
        self.side(x)
        return self.fc(found.mean((2, 3))) + found.argmax() * 0


def rounded() -> nn.Module:
    return Rounded()


def test_a_value_without_a_gradient_says_why_instead(picture: bytes, tmp_path: Path) -> None:
    weights = tmp_path / "weights.pt"
    torch.save(Rounded().state_dict(), weights)
    answers = Asked()
    answers.ask(messages.OpenModel(str(weights), model_code=f"{__file__}:rounded"))
    answers.ask(messages.RunImage(picture, "it.png"))
    integer = answers.ask(messages.GradientOf("argmax"))
    assert isinstance(integer, messages.Maps)
    assert integer.axes == ""
    assert "int64" in integer.state
    aside = answers.ask(messages.GradientOf("side.conv2d"))
    assert isinstance(aside, messages.Maps)
    assert not aside.thumbnails.any()
    assert aside.state == "It is not on a path to the score."
    assert answers.ask(messages.GradientStatesOf("side.conv2d")) == messages.GradientStates(
        "side.conv2d", (aside.state,)
    )
    answers.use_idle_time()
    aside = answers.ask(messages.GradientOf("side.conv2d"))
    assert isinstance(aside, messages.Maps)
    assert aside.state == "It is not on a path to the score."


def test_a_map_of_the_input_comes_with_its_channels_summed(answers: Asked) -> None:
    found = answers.ask(messages.Explain("saliency", target=1))
    assert isinstance(found, messages.Attribution)
    assert found.raw.shape == found.placed.shape == (224, 224)
    expected = answers.session.explain("saliency", target=1).raw[0].sum(0)
    assert np.allclose(found.raw, expected)


def test_the_weights_of_a_node_come_in_its_own_order(answers: Asked, net: nn.Sequential) -> None:
    found = answers.ask(messages.WeightsOf("2.conv2d", input_channel=3))
    assert isinstance(found, messages.Weights)
    assert [view.name for view in found.weights] == ["2.weight", "2.bias"]
    assert np.array_equal(found.weights[0].pictures, net[2].weight.detach().numpy()[:, 3])


def test_an_overlay_is_one_answer_for_all_nodes(answers: Asked) -> None:
    answers.use_idle_time()
    for kind in (kind.id for kind in KINDS if kind.needs_run):
        found = answers.ask(messages.OverlayOf(kind))
        assert isinstance(found, messages.NodeValues)
        of_some = kind in ("saturation", "gradient-to-weight")
        assert of_some or "1.relu" in found.nodes
        assert ("0.conv2d" in found.nodes) is (kind != "saturation")
        assert found.values.dtype == np.float64
        assert np.isfinite(found.values).all()


def test_the_diagnosis_of_all_layers_is_one_answer(answers: Asked) -> None:
    answers.use_idle_time()
    found = answers.ask(messages.DiagnosisOf())
    assert isinstance(found, messages.Diagnosis)
    assert "1.relu" in found.nodes
    assert found.values.shape == (len(found.nodes), len(found.kinds))
    assert found.no_gradient == ""


def test_values_are_told_as_the_session_has_them(answers: Asked) -> None:
    node = answers.session.graph.node("0.conv2d")
    judge = answers.session.activation("0.conv2d")

    part = answers.ask(messages.TensorPartOf(node.outputs[0], (0, 1)))
    assert isinstance(part, messages.TensorPart)
    np.testing.assert_array_equal(part.rows, judge[0, 1])
    assert part.statistics is not None
    assert part.statistics.maximum == judge.max()

    numbers = answers.ask(messages.NumbersOf(node.outputs[0], 3, 9))
    assert isinstance(numbers, messages.Numbers)
    np.testing.assert_array_equal(numbers.values, judge.ravel()[3:9])

    with pytest.raises(Problem, match="was not computed"):
        answers.ask(messages.NumbersOf("nothing", 0, 1))


def test_after_a_cancelled_run_the_one_before_answers_and_can_be_cancelled(
    answers: Asked, picture: bytes
) -> None:
    before = answers.ask(messages.ActivationOf("2.conv2d"))

    def cancel(_done: float, what: str) -> None:
        if "2.conv2d" in what:
            raise Cancelled

    with pytest.raises(Cancelled):
        answers.answer(messages.RunImage(picture, "it.png"), cancel)
    weights = answers.answer(messages.WeightsOf("2.conv2d"), cancel)  # need no run
    assert isinstance(weights, messages.Weights)
    with pytest.raises(Cancelled):
        answers.answer(messages.ActivationOf("2.conv2d"), cancel)
    found = answers.ask(messages.ActivationOf("2.conv2d"))
    assert isinstance(before, messages.Maps)
    assert isinstance(found, messages.Maps)
    assert np.array_equal(found.thumbnails, before.thumbnails)
