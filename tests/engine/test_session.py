from __future__ import annotations

import io
import weakref
from pathlib import Path

import numpy as np
import onnxruntime
import pytest
import torch
from onnx import TensorProto, helper, numpy_helper
from PIL import Image
from torch import Tensor, nn

from netviz_desktop import resource
from netviz_desktop.engine.forward_pass import RunStopped
from netviz_desktop.engine.runners import Step
from netviz_desktop.engine.session import Session
from netviz_desktop.link.messages import Preprocessing
from netviz_desktop.problems import Cancelled, Problem
from netviz_desktop.readers import Options

NODES = [("conv_0", "0.conv2d"), ("relu_1", "1.relu"), ("conv_2", "2.conv2d"), ("relu_3", "3.relu")]


@pytest.fixture
def x() -> np.ndarray:
    return np.random.default_rng(0).normal(size=(1, 3, 32, 32)).astype(np.float32)


@pytest.fixture
def picture() -> bytes:
    pixels = np.random.default_rng(0).integers(0, 255, (40, 60, 3), np.uint8)
    buffer = io.BytesIO()
    Image.fromarray(pixels).save(buffer, "PNG")
    return buffer.getvalue()


@pytest.fixture
def session(onnx_file: Path) -> Session:
    session = Session("cpu")
    session.open(onnx_file)
    return session


def test_activations_and_gradients_are_plain_torchs(
    session: Session, torch_file: Path, net: nn.Sequential, x: np.ndarray
) -> None:
    session.run(x)
    other = Session("cpu")
    other.open(torch_file)
    other.run(x)
    value = torch.from_numpy(x).requires_grad_()
    steps = []
    for part in net:
        value = part(value)
        value.retain_grad()
        steps.append(value)
    target = int(value[0].argmax())
    value[0, target].backward()
    for layer, (in_onnx, in_torch) in enumerate(NODES):
        for opened, node in ((session, in_onnx), (other, in_torch)):
            expected = steps[layer].detach().numpy()
            assert np.allclose(opened.activation(node), expected, atol=1e-5)
            gradient = steps[layer].grad
            assert gradient is not None
            assert np.allclose(opened.gradient(node), gradient.numpy(), atol=1e-6)
            assert np.allclose(opened.gradient(node, target), opened.gradient(node))
    assert session.predicted_target() == other.predicted_target() == target


def test_the_output_is_onnxruntimes_and_the_scores_are_taken_before_its_softmax(
    session: Session, onnx_file: Path, x: np.ndarray
) -> None:
    run = session.run({"x": x})
    (expected,) = onnxruntime.InferenceSession(onnx_file).run(None, {"x": x})
    assert np.allclose(run.value("y").numpy(), expected, atol=1e-5)
    assert run.target_value == "g"
    found = session.predictions(3)
    assert [p.target for p in found] == np.argsort(-expected[0])[:3].tolist()
    assert [p.score for p in found] == pytest.approx(np.sort(expected[0])[::-1][:3], rel=1e-4)
    assert [p.label for p in found] == ["abcde"[p.target] for p in found]


def test_the_same_network_from_two_formats_has_the_same_map(
    session: Session, torch_file: Path, x: np.ndarray
) -> None:
    other = Session("cpu")
    other.open(torch_file)
    session.run(x)
    other.run(x)
    for in_onnx, in_torch in NODES:
        one = session.explain("grad-cam", in_onnx, 2)
        two = other.explain("grad-cam", in_torch, 2)
        assert np.allclose(one.raw, two.raw, atol=1e-6)
        assert one.placed is not None
        assert two.placed is not None
        assert np.allclose(one.placed, two.placed, atol=1e-6)


def test_an_explanation_names_layer_class_and_placement(session: Session, x: np.ndarray) -> None:
    session.run(x)
    found = session.explain("grad-cam")
    assert found.node == "relu_3"
    assert session.default_layer()[0] == "relu_3"
    assert found.label == "abcde"[found.target]
    assert found.raw.shape == (8, 8)
    assert found.placed is not None
    assert found.placed.shape == (32, 32)
    assert "4 × 4 pixels apart" in found.placement
    by_cell = found.placed[::4, ::4]  # cell i is centred on pixel 4 i
    assert np.allclose(by_cell, found.raw, atol=1e-7)


def test_a_method_of_the_input_keeps_its_shape_and_is_placed_by_pixel(
    session: Session, x: np.ndarray
) -> None:
    session.run(x)
    found = session.explain("saliency", target=1)
    assert found.node is None
    assert found.raw.shape == (1, 3, 32, 32)
    assert found.placed is not None
    assert np.allclose(found.placed, found.raw[0].sum(0))


def test_a_map_without_positive_evidence_says_so(
    torch_file: Path, net: nn.Sequential, x: np.ndarray
) -> None:
    with torch.no_grad():
        net[6].weight[1] = -1
        net[6].weight[2] = 0
        net[6].weight[3] = 1
    torch.save(net, torch_file)
    session = Session("cpu")
    session.open(torch_file)
    session.run(x)
    assert session.explain("grad-cam", target=1).raw.max() <= 0
    assert "No positive evidence for “class 1”" in session.explain("grad-cam", target=1).state
    assert "zero everywhere" in session.explain("grad-cam", target=2).state
    assert session.explain("grad-cam", target=3).state == ""


def test_an_image_runs_as_it_was_prepared(session: Session, picture: bytes) -> None:
    finished = session.run_image(picture, "it.png")
    assert session.preprocessing is not None
    assert session.preprocessing.height == 32
    assert finished.picture.shape == (40, 60, 3)
    assert finished.seen.shape == (32, 32, 3)
    assert finished.crop == pytest.approx((10, 0, 40, 40))
    tensor = session.last.value("x").numpy()
    again = finished.seen.transpose(2, 0, 1) / 255 - np.reshape([0.485, 0.456, 0.406], (3, 1, 1))
    assert np.allclose(tensor[0], again / np.reshape([0.229, 0.224, 0.225], (3, 1, 1)), atol=1e-6)
    assert finished.graph is None
    assert finished.shapes["c"] == (1, 8, 8, 8)
    assert finished.dtypes["c"] == "float32"
    assert finished.default_node == "relu_3"
    assert set(finished.milliseconds) == {node.id for node in session.graph.nodes}
    assert finished.predictions[0].label == "abcde"[session.predicted_target()]


def test_preprocessing_that_is_asked_for_is_taken(session: Session, picture: bytes) -> None:
    how = Preprocessing(32, 32, mean=(0.0,) * 3, std=(1 / 255,) * 3)
    finished = session.run_image(picture, "it.png", how)
    assert np.allclose(session.last.value("x")[0].permute(1, 2, 0), finished.seen, atol=1e-3)
    assert finished.crop == (0, 0, 60, 40)


def test_weights_are_the_files(session: Session, net: nn.Sequential) -> None:
    assert np.array_equal(session.weight("2.weight"), net[2].weight.detach().numpy())
    with pytest.raises(Problem):
        session.weight("nobody's")


def test_a_model_that_cannot_be_opened_leaves_the_open_one(
    session: Session, x: np.ndarray, tmp_path: Path
) -> None:
    session.run(x)
    before = session.path
    bad = tmp_path / "bad.onnx"
    bad.write_bytes(before.read_bytes()[:300])
    for path in (bad, tmp_path, tmp_path / "none.onnx"):
        with pytest.raises(Problem):
            session.open(path)
    with pytest.raises(Problem):
        session.open(before, labels=tmp_path / "none.txt")
    assert session.path == before
    assert session.activation("conv_0").shape == (1, 6, 16, 16)


def test_an_image_that_cannot_be_read_leaves_the_last_run(session: Session, picture: bytes) -> None:
    session.run_image(picture, "it.png")
    before = session.last
    with pytest.raises(Problem):
        session.run_image(picture[:100], "it.png")
    assert session.last is before


def test_a_run_that_is_cancelled_leaves_the_numbers_of_the_last_one(
    torch_file: Path, x: np.ndarray
) -> None:
    session = Session("cpu")
    session.open(torch_file)
    session.run(x)
    before = session.activation("3.relu"), session.gradient("0.conv2d"), session.graph

    with pytest.raises(Cancelled):
        session.run(2 * x, cancelling_at("2.conv2d"))

    assert session.graph == before[2]
    assert np.array_equal(session.activation("3.relu"), before[0])
    assert np.array_equal(session.gradient("0.conv2d"), before[1])


def test_computing_the_last_run_again_can_be_cancelled_and_begun_again(
    torch_file: Path, x: np.ndarray
) -> None:
    session = Session("cpu")
    session.open(torch_file)
    session.run(x)
    before = session.activation("3.relu")
    with pytest.raises(Problem):
        session.run({"nothing": x})

    for _ in range(2):
        with pytest.raises(Cancelled):
            session.recall(cancelling_at("2.conv2d"))
    assert np.array_equal(session.activation("3.relu"), before)


def test_there_is_never_more_than_one_run_in_memory(torch_file: Path, x: np.ndarray) -> None:
    session = Session("cpu")
    session.open(torch_file)
    runs = [weakref.ref(session.run(x))]
    alive: list[int] = []

    def step(_done: float, _what: str) -> None:
        alive.append(sum(run() is not None for run in runs))

    runs.append(weakref.ref(session.run(x, step)))
    runs.append(weakref.ref(session.run(x, step)))
    with pytest.raises(Cancelled):
        session.run(x, cancelling_at("2.conv2d"))
    session.run(x, step)
    assert set(alive) == {0}


def cancelling_at(node: str) -> Step:
    def step(_done: float, what: str) -> None:
        if node in what:
            raise Cancelled

    return step


def test_a_new_model_has_no_run(session: Session, onnx_file: Path, x: np.ndarray) -> None:
    session.run(x)
    session.open(onnx_file)
    with pytest.raises(Problem, match="not been run"):
        session.activation("conv_0")


def test_without_a_model_everything_is_a_problem() -> None:
    session = Session("cpu")
    for ask in (lambda: session.graph, lambda: session.last, lambda: session.run(np.zeros(1))):
        with pytest.raises(Problem, match="No model is open"):
            ask()


def test_labels_from_a_file_go_before_the_models(
    onnx_file: Path, x: np.ndarray, tmp_path: Path
) -> None:
    names = tmp_path / "names.txt"
    names.write_text("one\ntwo\nthree\nfour\nfive\n")
    session = Session("cpu")
    session.open(onnx_file, labels=names)
    session.run(x)
    assert session.labels == ("one", "two", "three", "four", "five")
    assert session.label(1) == "two"


def test_nobodys_arrays_are_written_to_or_kept(session: Session, x: np.ndarray) -> None:
    x.setflags(write=False)
    session.run(x)
    x.setflags(write=True)
    x[:] = 0
    assert session.last.value("x").any()


@pytest.mark.parametrize("wrong", [np.zeros((1, 4, 32, 32), np.float32), np.zeros(3, np.float32)])
def test_an_input_that_does_not_fit_is_a_problem(session: Session, wrong: np.ndarray) -> None:
    with pytest.raises(Problem):
        session.run(wrong)
    with pytest.raises(Problem):
        session.run({"nobody's": wrong})


def test_the_order_of_bytes_does_not_matter(session: Session, x: np.ndarray) -> None:
    expected = session.run(x).value("x").numpy()
    assert np.array_equal(session.run(x.astype(">f4")).value("x").numpy(), expected)


@pytest.mark.parametrize("dtype", ["longdouble", "complex64", "U1"])
def test_numbers_that_no_network_computes_with_are_a_problem(
    session: Session, x: np.ndarray, dtype: str
) -> None:
    with pytest.raises(Problem, match="was given"):
        session.run(x.astype(dtype))


def test_the_demo_cat_is_a_cat_and_onnxruntime_agrees() -> None:
    session = Session("cpu")
    model = resource.path(resource.DEMO_MODEL)
    session.open(model)
    image = resource.path(resource.DEMO_IMAGE)
    finished = session.run_image(image.read_bytes(), image.name)
    tensor = session.last.value(session.inputs[0].name).numpy()
    (expected,) = onnxruntime.InferenceSession(model).run(None, {session.inputs[0].name: tensor})
    assert [p.target for p in finished.predictions] == np.argsort(-expected[0])[:10].tolist()
    assert finished.predictions[0].logit == pytest.approx(float(expected[0].max()), rel=1e-4)
    assert "cat" in finished.predictions[0].label
    assert finished.default_node is not None
    assert "Concat" in finished.default_node


def channels_last_file(path: Path, net: nn.Sequential, batch: int | str) -> None:
    """As Keras exports it: NHWC outside, NCHW around each convolution, an explicit pad."""
    weights = {name: t.detach().numpy() for name, t in net.state_dict().items()}
    held = {
        "pads": np.array([0, 0, 1, 1, 0, 0, 1, 1]),
        "w0": weights["0.weight"],
        "b0": weights["0.bias"],
        "w2": weights["2.weight"],
        "b2": weights["2.bias"],
        "w6": np.ascontiguousarray(weights["6.weight"].T),
        "b6": weights["6.bias"],
    }
    conv = {"kernel_shape": [3, 3], "strides": [2, 2]}
    make = helper.make_node
    nodes = [
        make("Transpose", ["x"], ["t"], "to_nchw", perm=[0, 3, 1, 2]),
        make("Pad", ["t", "pads"], ["p"], "pad"),
        make("Conv", ["p", "w0", "b0"], ["a"], "conv_0", **conv),
        make("Transpose", ["a"], ["a_last"], "back", perm=[0, 2, 3, 1]),
        make("Relu", ["a_last"], ["b"], "relu_1"),
        make("Transpose", ["b"], ["b_first"], "to_nchw_again", perm=[0, 3, 1, 2]),
        make("Conv", ["b_first", "w2", "b2"], ["c"], "conv_2", pads=[1] * 4, **conv),
        make("Transpose", ["c"], ["c_last"], "back_again", perm=[0, 2, 3, 1]),
        make("Relu", ["c_last"], ["d"], "relu_3"),
        make("ReduceMean", ["d"], ["e"], "pool", axes=[1, 2], keepdims=0),
        make("MatMul", ["e", "w6"], ["f"], "fc"),
        make("Add", ["f", "b6"], ["y"], "bias"),
    ]
    graph = helper.make_graph(
        nodes,
        "keras",
        [helper.make_tensor_value_info("x", TensorProto.FLOAT, [batch, 32, 32, 3])],
        [helper.make_tensor_value_info("y", TensorProto.FLOAT, [batch, 5])],
        [numpy_helper.from_array(array, name) for name, array in held.items()],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 13)], ir_version=8)
    path.write_bytes(model.SerializeToString())


def test_a_network_with_its_channels_last_has_the_same_maps(
    session: Session, net: nn.Sequential, x: np.ndarray, tmp_path: Path
) -> None:
    channels_last_file(tmp_path / "keras.onnx", net, "batch")
    keras = Session("cpu")
    keras.open(tmp_path / "keras.onnx")
    assert keras.preprocessing is not None
    assert keras.preprocessing.layout == "NHWC"
    session.run(x)
    keras.run(x.transpose(0, 2, 3, 1))
    for node in ("conv_0", "relu_1", "conv_2", "relu_3"):
        expected = session.explain("grad-cam", node, 2)
        found = keras.explain("grad-cam", node, 2)
        assert np.allclose(found.raw, expected.raw, atol=1e-6), node
        assert np.allclose(found.placed, expected.placed, atol=1e-6), node  # type: ignore[arg-type]
        assert found.placement == expected.placement
    assert keras.default_layer()[0] == "relu_3"
    found, expected = (s.explain("saliency", target=2) for s in (keras, session))
    assert np.allclose(found.placed, expected.placed, atol=1e-6)  # type: ignore[arg-type]


def test_a_fixed_batch_is_filled_with_the_image(
    net: nn.Sequential, picture: bytes, tmp_path: Path
) -> None:
    channels_last_file(tmp_path / "four.onnx", net, 4)
    session = Session("cpu")
    session.open(tmp_path / "four.onnx")
    finished = session.run_image(picture, "it.png")
    assert finished.shapes["y"] == (4, 5)
    assert len(finished.predictions) == 5
    assert session.explain("grad-cam").raw.shape == (8, 8)


def test_a_model_of_other_inputs_says_what_it_takes(picture: bytes, tmp_path: Path) -> None:
    values = {"tokens": [1, 16], "image": [1, 3, 8, 8]}
    graph = helper.make_graph(
        [helper.make_node("Identity", [name], [f"{name}_out"], name) for name in values],
        "two",
        [helper.make_tensor_value_info(n, TensorProto.FLOAT, s) for n, s in values.items()],
        [
            helper.make_tensor_value_info(f"{n}_out", TensorProto.FLOAT, s)
            for n, s in values.items()
        ],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 13)], ir_version=8)
    (tmp_path / "two.onnx").write_bytes(model.SerializeToString())
    session = Session("cpu")
    session.open(tmp_path / "two.onnx")
    with pytest.raises(Problem, match="tokens"):
        session.run_image(picture, "it.png")
    with pytest.raises(Problem, match="2 inputs"):
        session.run(np.zeros((1, 16), np.float32))


class NeedsLarge(nn.Module):
    """Stops on the way for pictures of the size that it says it takes."""

    def __init__(self) -> None:
        super().__init__()
        self.conv, self.fc = nn.Conv2d(3, 2, 3), nn.Linear(2, 2)
        self.patient = True

    def forward(self, x: Tensor) -> Tensor:
        x = self.conv(x)
        if not self.patient:
            raise ValueError("enough")
        return self.fc(x.mean((2, 3)))


def test_an_image_on_which_the_model_stops_shows_how_far_it_came(
    tmp_path: Path, picture: bytes
) -> None:
    path = tmp_path / "net.pt"
    torch.save(NeedsLarge(), path)
    session = Session("cpu")
    session.open(path, Options(trust=True))
    executable = session.opened.executable
    assert isinstance(executable, nn.Module)
    executable.patient = False

    with pytest.raises(RunStopped, match="ValueError: enough"):
        session.run_image(picture, "it.png")
    finished = session.run_image(picture, "it.png", partly=True)

    assert finished.stopped is not None
    assert finished.stopped[0] == "NeedsLarge stopped in its forward: ValueError: enough"
    assert finished.graph is not None
    assert [node.id for node in finished.graph.nodes] == ["conv.conv2d", "NeedsLarge"]
    assert finished.stopped_at == "NeedsLarge"
    assert finished.predictions == ()
    assert session.activation("conv.conv2d").shape == finished.shapes["conv.conv2d"]

    with pytest.raises(Problem):
        session.run({"nothing": np.zeros(1)})
    assert session.activation("conv.conv2d").shape == finished.shapes["conv.conv2d"]


def test_a_run_within_little_memory_gives_the_same_numbers(session: Session, x: np.ndarray) -> None:
    session.run(x)
    expected = [session.activation("conv_2"), session.gradient("conv_0")]
    session.memory_bytes = 1000
    session.run(x)

    assert session.last.bytes_on_disk > 1000
    assert np.array_equal(session.activation("conv_2"), expected[0])
    assert np.array_equal(session.gradient("conv_0"), expected[1])
    assert session.last.gradients(0).keys() >= {"a", "b", "c", "d"}


def test_tensors_answer_as_an_image_does_with_a_picture_where_they_are_one(
    session: Session, x: np.ndarray
) -> None:
    found = session.run_tensors({"x": x})
    (expected,) = onnxruntime.InferenceSession(session.path).run(None, {"x": x})
    assert found.predictions[0].score == pytest.approx(float(expected.max()), abs=1e-5)
    assert found.picture.shape == (32, 32, 3)
    assert found.taken_range == (pytest.approx(x.min()), pytest.approx(x.max()))
    with pytest.raises(Problem):
        session.run_tensors({"x": x[:, :2]})
    with pytest.raises(Problem):
        session.run_tensors({"y": x})
