"""What a person sees in the real window, against numbers that owe the program nothing."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

REPOSITORY = Path(__file__).resolve().parents[2]
VISITOR = Path(__file__).with_name("visitor.py")
LAST_FEATURES = "/features/features.12/Concat"
FIRST_CONV = "/features/features.0/Conv"
A_CONV = "/features/features.3/squeeze/Conv"
OTHER_CLASS = 285

pytestmark = pytest.mark.timeout(300)


class Visit:
    """What a visitor came back with."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.said: dict[str, Any] = json.loads((folder / "said.json").read_text())
        self.shown: dict[str, Any] = dict(np.load(folder / "shown.npz"))


@pytest.fixture(scope="module", params=["offscreen", "xcb"])
def visit(request, tmp_path_factory) -> Visit:
    folder = tmp_path_factory.mktemp(request.param)
    environment = os.environ | {"QT_QPA_PLATFORM": request.param, "PYTHONPATH": str(REPOSITORY)}
    command = [sys.executable, str(VISITOR), str(folder)]
    if request.param == "xcb":
        if shutil.which("xvfb-run") is None or not _xcb_loads():
            pytest.skip("no virtual screen on this machine")
        command = ["xvfb-run", "-a", "-s", "-screen 0 1600x1000x24", *command]
    ended = subprocess.run(
        command, env=environment, capture_output=True, text=True, timeout=280, check=False
    )
    assert ended.returncode == 0, ended.stderr
    assert "Traceback" not in ended.stderr
    return Visit(folder)


def test_the_predicted_classes_are_those_of_onnxruntime(visit, judge):
    logits = judge.logits()
    best = np.argsort(-logits)[:10]
    scores = np.exp(logits - logits.max())
    scores /= scores.sum()

    targets, labels, shown_logits, shown_scores = zip(*visit.said["predictions"], strict=True)

    assert list(targets) == best.tolist()
    assert labels[0] == "tiger cat"
    np.testing.assert_allclose(shown_logits, logits[best], rtol=1e-4)
    np.testing.assert_allclose(shown_scores, scores[best], rtol=1e-3)


@pytest.mark.parametrize(
    ("visited", "node"), [("last", LAST_FEATURES), ("conv", A_CONV), ("still", LAST_FEATURES)]
)
def test_feature_maps_are_those_of_onnxruntime(visit, judge, visited, node):
    (expected,) = judge.activations(node)

    shown = visit.shown[f"{visited}/activation"]

    assert shown.shape == expected.shape[1:]  # small enough to be shown as they are
    np.testing.assert_allclose(shown, expected[0], rtol=1e-4, atol=1e-3)


def test_the_range_of_large_feature_maps_is_exact_although_they_are_drawn_smaller(visit, judge):
    (expected,) = judge.activations(FIRST_CONV)
    assert expected.shape[2:] == (111, 111)

    assert visit.shown["after/activation"].shape[1:] < expected.shape[2:]
    for name, extreme in (("minimum", np.min), ("maximum", np.max)):
        np.testing.assert_allclose(
            visit.shown[f"after/activation/{name}"],
            extreme(expected[0], axis=(1, 2)),
            rtol=1e-4,
            atol=1e-3,
        )


@pytest.mark.parametrize(
    ("visited", "node", "target"),
    [("last", LAST_FEATURES, None), ("conv", A_CONV, OTHER_CLASS)],
)
def test_gradients_are_those_of_plain_torch(visit, judge, visited, node, target):
    target = int(judge.logits().argmax()) if target is None else target
    expected = judge.gradient(node, target)

    assert visit.shown[f"{visited}/target"] == target
    np.testing.assert_allclose(
        visit.shown[f"{visited}/gradient"], expected[0], rtol=1e-3, atol=1e-4 * abs(expected).max()
    )


@pytest.mark.parametrize(
    ("visited", "node", "target"),
    [("last", LAST_FEATURES, None), ("conv", A_CONV, OTHER_CLASS)],
)
def test_grad_cam_is_the_papers_equation_over_plain_torch(visit, judge, visited, node, target):
    target = int(judge.logits().argmax()) if target is None else target
    expected = judge.grad_cam(node, target)
    assert expected.max() > 0

    np.testing.assert_allclose(
        visit.shown[f"{visited}/attribution"], expected, atol=1e-4 * expected.max()
    )


def test_weights_are_those_of_the_file(visit, judge):
    expected = judge.weight(FIRST_CONV)  # (64, 3, 3, 3): drawn as 64 coloured kernels

    shown = visit.shown["after/weight"]

    np.testing.assert_array_equal(shown, expected.transpose(0, 2, 3, 1))


def test_an_engine_killed_at_work_is_said_in_one_line_and_the_window_stays(visit):
    lost = visit.said["lost"]

    assert lost["lines"] == ["The engine was killed; it is being restarted."]
    assert lost["status"] == lost["lines"][0]
    assert lost["visible"]
    assert lost["node"] == A_CONV


def test_the_click_after_that_is_answered_rightly(visit, judge):
    (expected,) = judge.activations(FIRST_CONV)

    np.testing.assert_allclose(
        visit.shown["after/activation/maximum"], expected[0].max(axis=(1, 2)), rtol=1e-4, atol=1e-3
    )


def test_bad_files_are_said_in_two_sentences_and_nothing_is_lost(visit):
    for name, (what, remedy) in visit.said["bad"].items():
        assert name in what
        assert what.endswith(".")
        assert remedy.endswith(".")
        assert "Traceback" not in what + remedy
    assert len(visit.said["bad"]) == 9
    assert visit.said["kept"]


def test_nothing_in_a_file_is_run(visit):
    assert visit.said["pwned"] is False


def test_the_window_has_no_tensor_library_and_the_engine_no_qt(visit):
    processes = visit.said["processes"]

    assert processes["window"] == []
    assert processes["engine"] == []
    assert processes["engine_has_torch"] == ["libtorch"]  # or the other two prove nothing


def _xcb_loads() -> bool:
    from netviz_desktop.ui import preflight

    return preflight.judge({"DISPLAY": ":0"}, preflight._loads, lambda: True, has_font=True) is None
