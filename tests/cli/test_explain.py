"""`netviz explain`, judged by captum."""

from __future__ import annotations

import json

import numpy as np
import pytest
import torch
from captum.attr import LayerGradCam
from PIL import Image

import netviz_desktop
from netviz_desktop import resource
from netviz_desktop.cli._overlay import overlay

DEMO = resource.path(resource.DEMO_MODEL)
CAT = resource.path(resource.DEMO_IMAGE)


@pytest.mark.parametrize(
    ("kind", "node", "layer"),
    [("pickled", "1.relu", 1), ("pickled", "4.relu", 4), ("onnx", "/1/Relu", 1)],
)
@pytest.mark.parametrize("target", [0, 4])
def test_grad_cam_equals_captums(netviz, network, tmp_path, kind, node, layer, target):
    netviz(
        "explain", getattr(network, kind), "--input", network.npy, "--method", "grad-cam",
        "--node", node, "--target", target, "-o", tmp_path / "map.npy",
    )  # fmt: skip
    judge = LayerGradCam(network.module, network.module[layer])
    expected = judge.attribute(network.x, target=target, relu_attributions=False)
    found = np.load(tmp_path / "map.npy")
    assert found.shape == tuple(expected.shape[2:])
    np.testing.assert_allclose(found, expected[0, 0].detach(), atol=1e-5, rtol=1e-5)


def test_without_a_node_it_says_which_it_took(netviz, tmp_path):
    printed = netviz(
        "explain", DEMO, "--image", CAT, "--method", "grad-cam", "-o", tmp_path / "map.npy"
    )
    which, why, target = printed.splitlines()
    assert which.startswith("node: ")
    assert why.startswith("The last layer before the scores")
    assert target.startswith("target: 282 ")
    node = which.removeprefix("node: ")
    ids = {n["id"] for n in json.loads(netviz("graph", DEMO))["nodes"]}
    assert node in ids
    again = netviz(
        "explain", DEMO, "--image", CAT, "--method", "grad-cam", "--node", node,
        "-o", tmp_path / "again.npy",
    )  # fmt: skip
    assert again == f"{target}\n"
    np.testing.assert_array_equal(np.load(tmp_path / "map.npy"), np.load(tmp_path / "again.npy"))


def test_the_overlay_lies_over_the_image_as_the_model_saw_it(netviz, tmp_path):
    session = netviz_desktop.open(DEMO)
    seen = session.run_image(CAT.read_bytes(), CAT.name).seen
    placed = session.explain("grad-cam").placed
    netviz("explain", DEMO, "--image", CAT, "--method", "grad-cam", "-o", tmp_path / "map.png")
    drawn = np.asarray(Image.open(tmp_path / "map.png"))
    np.testing.assert_array_equal(drawn, overlay(seen, placed))
    assert drawn.shape == (224, 224, 3)


def test_an_overlay_is_brightest_at_the_strongest_evidence_and_shows_no_negative():
    seen = np.full((1, 3, 3), 100, np.uint8)
    drawn = overlay(seen, np.array([[-7.0, 0.0, 2.0]]))
    np.testing.assert_array_equal(drawn[0, 0], drawn[0, 1])
    np.testing.assert_allclose(drawn[0, 0], (85, 85, 85), atol=1)
    np.testing.assert_allclose(drawn[0, 2], (229, 232, 154), atol=1)


def test_an_overlay_of_no_evidence_is_the_darkened_image():
    seen = np.full((2, 2, 3), 200, np.uint8)
    drawn = overlay(seen, np.full((2, 2), -1.0))
    np.testing.assert_allclose(drawn, 170, atol=1)


@pytest.mark.parametrize(
    ("arguments", "what"),
    [
        (["--method", "grad-kam"], "There is no method “grad-kam”."),
        (["--method", "grad-cam", "--node", "nope"], "There is no node “nope” in this model."),
        (["--method", "grad-cam", "--target", "1000"], "There is no target 1000"),
        (["--method", "grad-cam", "-p", "steps=3"], "Grad-CAM has no parameter “steps”."),
        (["--method", "grad-cam", "-p", "steps"], "-p steps has no value."),
        (["--method", "grad-cam", "--node", "/Flatten"], "/Flatten has no map to explain"),
    ],
)
def test_what_cannot_be_explained_is_a_problem(netviz_fails, tmp_path, arguments, what):
    found, _ = netviz_fails("explain", DEMO, "--image", CAT, *arguments, "-o", tmp_path / "m.npy")
    assert found.startswith(what)
    assert list(tmp_path.iterdir()) == []


def test_an_overlay_needs_an_image(netviz_fails, network, tmp_path):
    what, _ = netviz_fails(
        "explain", network.onnx, "--input", network.npy, "--method", "grad-cam",
        "-o", tmp_path / "map.png",
    )  # fmt: skip
    assert what == "The overlay needs an image, but only a tensor was given."


def test_methods_are_listed_with_their_sources(netviz):
    listed = json.loads(netviz("methods", "--json"))
    grad_cam = next(method for method in listed if method["id"] == "grad-cam")
    assert grad_cam["of_layer"] is True
    assert grad_cam["source"].startswith("Selvaraju et al. 2017")
    assert isinstance(grad_cam["parameters"], (list, tuple))
    printed = netviz("methods")
    for method in listed:
        assert method["id"] in printed
        assert method["source"] in printed


def test_the_torch_model_and_its_onnx_export_have_the_same_map(netviz, network, tmp_path):
    for kind, node in (("onnx", "/1/Relu"), ("pickled", "1.relu")):
        netviz(
            "explain", getattr(network, kind), "--input", network.npy, "--method", "grad-cam",
            "--node", node, "-o", tmp_path / f"{kind}.npy",
        )  # fmt: skip
    onnx, pickled = (np.load(tmp_path / f"{kind}.npy") for kind in ("onnx", "pickled"))
    np.testing.assert_allclose(onnx, pickled, atol=1e-5)
    assert torch.tensor(onnx).abs().max() > 1e-3
