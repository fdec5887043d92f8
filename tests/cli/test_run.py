"""`netviz run`, judged by onnxruntime and by plain torch with autograd."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import onnxruntime
import pytest
import torch
from PIL import Image

from netviz_desktop import resource
from netviz_desktop.cli import main

CLOSE = {"rtol": 1e-5, "atol": 1e-6}


def arguments_for(network, name):
    return {
        "onnx": [network.onnx],
        "pickled": [network.pickled],
        "state_dict": [network.state_dict, "--model-code", network.code],
    }[name]


@pytest.mark.parametrize("kind", ["onnx", "pickled", "state_dict"])
def test_outputs_equal_plain_torch_in_every_format(netviz, network, tmp_path, kind):
    netviz("run", *arguments_for(network, kind), "--input", network.npy, "-o", tmp_path / "o.npz")
    written = np.load(tmp_path / "o.npz")
    (output,) = [name for name in written.files if name.startswith("output/")]
    with torch.no_grad():
        expected = network.module(network.x).numpy()
    np.testing.assert_allclose(written[output], expected, **CLOSE)
    np.testing.assert_array_equal(written["input"], network.x.numpy())
    assert written["target"] == expected.argmax()


def test_outputs_of_the_demo_model_equal_onnxruntimes(netviz, tmp_path):
    model = resource.path(resource.DEMO_MODEL)
    x = np.random.default_rng(0).normal(size=(1, 3, 224, 224)).astype(np.float32)
    np.save(tmp_path / "x.npy", x)
    netviz("run", model, "--input", tmp_path / "x.npy", "-o", tmp_path / "o.npz")
    written = np.load(tmp_path / "o.npz")
    judge = onnxruntime.InferenceSession(model, providers=["CPUExecutionProvider"])
    (expected,) = judge.run(None, {"input": x})
    name = judge.get_outputs()[0].name
    np.testing.assert_allclose(written[f"output/{name}"], expected, rtol=1e-5, atol=1e-5)
    nodes = json.loads(netviz("graph", model))["nodes"]
    assert {n for n in written.files if n.startswith("activation/")} == {
        f"activation/{node['id']}" for node in nodes
    }


def test_activations_and_gradients_equal_autograds(netviz, network, tmp_path):
    netviz(
        "run", network.pickled, "--input", network.npy, "--gradients", "--target", 3,
        "-o", tmp_path / "o.npz",
    )  # fmt: skip
    written = np.load(tmp_path / "o.npz")
    values = {}
    value = network.x.clone().requires_grad_()
    for path, layer in network.module.named_children():
        value = layer(value)
        value.retain_grad()
        values[path] = value
    value[0, 3].backward()
    assert written["target"] == 3
    compared = 0
    for name in written.files:
        kind, _, node = name.partition("/")
        if kind in ("activation", "gradient"):
            expected = values[node.partition(".")[0]]
            expected = expected if kind == "activation" else expected.grad
            np.testing.assert_allclose(written[name], expected.detach().numpy(), **CLOSE)
            compared += 1
    assert compared == 2 * len(values)


def test_the_same_node_has_the_same_gradient_in_onnx(netviz, network, tmp_path):
    nodes = json.loads(netviz("graph", network.onnx))["nodes"]
    first = nodes[0]["id"]
    netviz(
        "run", network.onnx, "--input", network.npy, "--gradients", "--target", 1,
        "--node", first, "-o", tmp_path / "o.npz",
    )  # fmt: skip
    written = np.load(tmp_path / "o.npz")
    middle = network.module[0](network.x).detach().requires_grad_()
    network.module[1:](middle)[0, 1].backward()
    np.testing.assert_allclose(written[f"activation/{first}"], middle.detach(), **CLOSE)
    np.testing.assert_allclose(written[f"gradient/{first}"], middle.grad, **CLOSE)


def test_only_the_chosen_nodes_are_written_with_their_weights(netviz, network, tmp_path):
    graph = json.loads(netviz("graph", network.onnx))
    node = graph["nodes"][0]
    netviz(
        "run", network.onnx, "--input", network.npy, "--node", node["id"], "-o", tmp_path / "o.npz"
    )
    written = np.load(tmp_path / "o.npz")
    assert set(written.files) == {
        f"activation/{node['id']}",
        *(f"weight/{node['id']}/{p['name']}" for p in node["parameters"]),
        "output/scores",
        "target",
        "input",
    }
    assert len(node["parameters"]) == 2
    weight = written[f"weight/{node['id']}/{node['parameters'][0]['name']}"]
    np.testing.assert_array_equal(weight, network.module[0].weight.detach())


def test_an_input_is_given_by_its_name_too(netviz, netviz_fails, network, tmp_path):
    netviz("run", network.onnx, "--input", f"x={network.npy}", "-o", tmp_path / "o.npz")
    assert "output/scores" in np.load(tmp_path / "o.npz").files
    what, remedy = netviz_fails(
        "run", network.onnx, "--input", f"y={network.npy}", "-o", tmp_path / "p.npz"
    )
    assert what == "The model has no input “y”."
    assert remedy == "Its inputs are x."
    assert not (tmp_path / "p.npz").exists()


def test_weights_without_an_architecture_say_what_they_need(netviz_fails, network, tmp_path):
    given = ("run", network.state_dict, "-o", tmp_path / "o.npz", "--input")
    what, remedy = netviz_fails(*given, network.npy)
    assert "weights without an architecture" in what
    assert "--model-code" in remedy
    assert netviz_fails(*given, f"x={network.npy}") == (what, remedy)


PAIR = """
from torch import nn


class Pair(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv, self.side = nn.Conv2d(3, 4, 3), nn.Linear(2, 4)

    def forward(self, image, side):
        return self.conv(image).mean((2, 3)) + self.side(side)
"""


def test_inputs_that_cannot_be_guessed_are_given_by_their_names(netviz, netviz_fails, tmp_path):
    (tmp_path / "pair.py").write_text(PAIR)
    namespace = {}
    exec(PAIR, namespace)
    torch.save(namespace["Pair"]().state_dict(), tmp_path / "pair.pt")
    np.save(tmp_path / "image.npy", np.ones((1, 3, 8, 8), np.float32))
    np.save(tmp_path / "side.npy", np.ones((1, 2), np.float32))
    given = ("run", tmp_path / "pair.pt", "--model-code", f"{tmp_path / 'pair.py'}:Pair")
    image = ("--input", f"image={tmp_path / 'image.npy'}", "-o", tmp_path / "o.npz")

    what, _ = netviz_fails(*given, *image)
    assert what == "The model needs side too."
    netviz(*given, *image, "--input", f"side={tmp_path / 'side.npy'}")
    assert {"input/image", "input/side"} <= set(np.load(tmp_path / "o.npz").files)


def test_the_demo_image_is_a_cat(netviz, tmp_path):
    model, image = resource.path(resource.DEMO_MODEL), resource.path(resource.DEMO_IMAGE)
    printed = netviz("run", model, "--image", image, "-o", tmp_path / "o.npz")
    expected = _probabilities(model, _as_torchvision_prepares(image))
    best = expected.argsort()[::-1][:5]
    rows = [line.split(maxsplit=3) for line in printed.splitlines()[2:]]
    assert [int(row[0]) for row in rows] == best.tolist()
    np.testing.assert_allclose([float(row[1]) for row in rows], expected[best], atol=1e-3)
    assert {row[3] for row in rows[:3]} >= {"Egyptian cat", "tiger cat"}
    written = np.load(tmp_path / "o.npz")
    assert written["target"] == best[0]
    assert written["input"].shape == (1, 3, 224, 224)


def test_preprocessing_can_be_said(netviz, network, tmp_path):
    """Every number of the tensor, spelled out for an image that needs no resampling."""
    pixels = np.random.default_rng(0).integers(0, 256, (28, 30, 3), dtype=np.uint8)
    Image.fromarray(pixels).save(tmp_path / "noise.png")
    netviz(
        "run", network.onnx, "--image", tmp_path / "noise.png", "--crop", "20x24",
        "--resize", 28, "--mean", "0.5,0.25,0", "--std", "2", "-o", tmp_path / "o.npz",
    )  # fmt: skip
    expected = (pixels[4:24, 3:27] / 255 - (0.5, 0.25, 0)) / 2
    written = np.load(tmp_path / "o.npz")["input"]
    np.testing.assert_allclose(written[0].transpose(1, 2, 0), expected, atol=1e-6)


@pytest.mark.parametrize("said", [("--std", "1,0,1"), ("--mean", "nan"), ("--mean", "a,b")])
def test_preprocessing_that_gives_no_numbers_is_refused(network, tmp_path, capsys, said):
    out, image = str(tmp_path / "o.npz"), str(resource.path(resource.DEMO_IMAGE))
    with pytest.raises(SystemExit) as stopped:
        main(["run", str(network.onnx), "--image", image, *said, "-o", out])
    assert stopped.value.code == 2
    assert f"argument {said[0]}: '{said[1]}'" in capsys.readouterr().err


def test_little_memory_changes_no_number(netviz, network, tmp_path):
    x = tmp_path / "x.npy"
    np.save(x, np.random.default_rng(0).normal(size=(1, 3, 20, 24)).astype(np.float32))
    for name, more in (("a", ()), ("b", ("--memory", "1K"))):
        out = tmp_path / f"{name}.npz"
        netviz("run", network.onnx, "--input", x, "--gradients", *more, "-o", out)
    plain, spilled = np.load(tmp_path / "a.npz"), np.load(tmp_path / "b.npz")

    assert plain.files == spilled.files
    for name in plain.files:
        np.testing.assert_allclose(plain[name], spilled[name], rtol=1e-6, atol=1e-7)


@pytest.mark.parametrize("said", ["much", "4", "1.5G"])
def test_a_size_that_is_none_is_refused(network, capsys, said):
    with pytest.raises(SystemExit) as stopped:
        main(["run", str(network.onnx), "--input", "x.npy", "--memory", said, "-o", "o.npz"])
    assert stopped.value.code == 2
    assert "no size such as 500M" in capsys.readouterr().err.replace("\n", " ")


def test_labels_come_from_a_file(netviz, network, tmp_path):
    (tmp_path / "names.txt").write_text("ant\nbee\ncow\ndog\neel\n")
    printed = netviz(
        "run", network.onnx, "--input", network.npy, "--labels", tmp_path / "names.txt",
        "-o", tmp_path / "o.npz",
    )  # fmt: skip
    best = int(network.module(network.x).argmax())
    assert printed.splitlines()[2].split()[-1] == ("ant", "bee", "cow", "dog", "eel")[best]


def test_a_gradient_that_cannot_be_is_left_out_and_said(capsys, tmp_path):
    onnx = tmp_path / "argmax.onnx"
    _with_argmax(onnx)
    np.save(tmp_path / "x.npy", np.ones((1, 4), np.float32))
    x, out = str(tmp_path / "x.npy"), str(tmp_path / "o.npz")
    code = main(["run", str(onnx), "--input", x, "--gradients", "-o", out])
    printed = capsys.readouterr()
    assert code == 0, printed.err
    written = np.load(tmp_path / "o.npz").files
    assert "activation/best" in written
    assert "gradient/best" not in written
    assert "gradient/matmul" in written
    assert printed.err == "Left out: gradient/best. Its output is int64, which has no derivative.\n"


@pytest.mark.parametrize(
    ("arguments", "what"),
    [
        (["--node", "nope"], "There is no node “nope” in this model."),
        (["--target", "5"], "There is no target 5: the output has 5 elements."),
        (["--target", "-1"], "There is no target -1: the output has 5 elements."),
    ],
)
def test_what_is_not_in_the_model_is_a_problem(netviz_fails, network, tmp_path, arguments, what):
    found, _ = netviz_fails(
        "run", network.onnx, "--input", network.npy, *arguments, "-o", tmp_path / "o.npz"
    )
    assert found == what
    assert list(tmp_path.iterdir()) == []


def test_a_misspelt_node_is_recognised(netviz, netviz_fails, network, tmp_path):
    node = json.loads(netviz("graph", network.onnx))["nodes"][0]["id"]
    _, remedy = netviz_fails(
        "run", network.onnx, "--input", network.npy, "--node", node.lower()[:-1] + "w",
        "-o", tmp_path / "o.npz",
    )  # fmt: skip
    assert remedy.startswith("Did you mean ")
    assert node in remedy


@pytest.mark.parametrize(
    "array",
    [
        np.zeros((1, 4, 20, 24), np.float32),
        np.zeros((3, 20), np.float32),
        np.array(["a", "b"]),
        np.zeros((0, 3, 20, 24), np.float32),
    ],
    ids=["channels", "rank", "text", "empty"],
)
def test_a_tensor_that_does_not_fit_is_a_problem(netviz_fails, network, tmp_path, array):
    np.save(tmp_path / "x.npy", array)
    netviz_fails("run", network.onnx, "--input", tmp_path / "x.npy", "-o", tmp_path / "o.npz")
    assert not (tmp_path / "o.npz").exists()


@pytest.mark.parametrize("content", [b"", b"\x93NUMPY", b"hello", b"PK\x03\x04junk"])
def test_what_is_no_array_is_a_problem(netviz_fails, network, tmp_path, content):
    (tmp_path / "x.npy").write_bytes(content)
    what, _ = netviz_fails(
        "run", network.onnx, "--input", tmp_path / "x.npy", "-o", tmp_path / "o.npz"
    )
    assert what == "x.npy is not an array as numpy.save writes it."


def test_pickled_objects_in_an_npy_are_not_loaded(netviz_fails, network, tmp_path):
    class Trap:
        def __reduce__(self):
            return Path.touch, (tmp_path / "sprung",)

    np.save(tmp_path / "x.npy", np.array([Trap()], dtype=object), allow_pickle=True)
    netviz_fails("run", network.onnx, "--input", tmp_path / "x.npy", "-o", tmp_path / "o.npz")
    assert not (tmp_path / "sprung").exists()


def _as_torchvision_prepares(image: Path) -> np.ndarray:
    """Shorter side 256, centre 224, ImageNet's mean and standard deviation."""
    picture = Image.open(image).convert("RGB")
    width, height = int(256 * picture.width / picture.height), 256
    left, top = round((width - 224) / 2), round((height - 224) / 2)
    resized = picture.resize((width, height), Image.Resampling.BILINEAR)
    pixels = np.asarray(resized.crop((left, top, left + 224, top + 224))) / 255
    scaled = (pixels - (0.485, 0.456, 0.406)) / (0.229, 0.224, 0.225)
    return scaled.transpose(2, 0, 1)[None].astype(np.float32)


def _probabilities(model: Path, x: np.ndarray) -> np.ndarray:
    judge = onnxruntime.InferenceSession(model, providers=["CPUExecutionProvider"])
    (logits,) = judge.run(None, {"input": x})
    return torch.tensor(logits[0]).softmax(0).numpy()


def _with_argmax(path: Path) -> None:
    from onnx import TensorProto, helper, save

    rng = np.random.default_rng(0)
    weight = helper.make_tensor("w", TensorProto.FLOAT, (4, 3), rng.normal(size=12))
    graph = helper.make_graph(
        [
            helper.make_node("MatMul", ["x", "w"], ["scores"], name="matmul"),
            helper.make_node("ArgMax", ["scores"], ["class"], name="best", axis=1),
        ],
        "argmax",
        [helper.make_tensor_value_info("x", TensorProto.FLOAT, (1, 4))],
        [
            helper.make_tensor_value_info("scores", TensorProto.FLOAT, (1, 3)),
            helper.make_tensor_value_info("class", TensorProto.INT64, (1, 1)),
        ],
        [weight],
    )
    save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)]), path)
