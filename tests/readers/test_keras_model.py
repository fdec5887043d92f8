"""Keras files as they are read, without Keras: made by hand, as each version writes them."""

from __future__ import annotations

import io
import json
import zipfile
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest

import netviz_desktop
from netviz_desktop.problems import Problem
from netviz_desktop.readers import OpenedModel, Options, keras_model, read

KERNEL = np.arange(8, dtype=np.float32).reshape(4, 2) / 8


def layer(kind: str, name: str, *inputs: Any, **config: Any) -> dict[str, Any]:
    """As Keras 3 writes it; `inputs` are names of layers, and constants."""
    tensors = [
        {
            "class_name": "__keras_tensor__",
            "config": {"shape": [None, 4], "dtype": "float32", "keras_history": [one, 0, 0]},
        }
        if isinstance(one, str)
        else one
        for one in inputs
    ]
    return {
        "module": "keras.layers",
        "class_name": kind,
        "config": {"name": name, **config},
        "registered_name": None,
        "name": name,
        "inbound_nodes": [{"args": tensors, "kwargs": {}}] if inputs else [],
    }


def given(name: str = "given") -> dict[str, Any]:
    return layer("InputLayer", name, batch_shape=[None, 4], dtype="float32")


def functional(layers: list[Any], output: str = "out") -> dict[str, Any]:
    config = {
        "name": "net",
        "trainable": True,
        "layers": layers,
        "input_layers": [["given", 0, 0]],
        "output_layers": [[output, 0, 0]],
    }
    return {
        "module": "keras.src.models.functional",
        "class_name": "Functional",
        "config": config,
        "registered_name": "Functional",
    }


def dense(name: str = "out", source: str = "given", **config: Any) -> dict[str, Any]:
    return layer("Dense", name, source, trainable=True, units=2, **config)


def weights(**stored: np.ndarray) -> bytes:
    buffer = io.BytesIO()
    with h5py.File(buffer, "w") as file:
        for path, array in stored.items():
            file[path] = array
    return buffer.getvalue()


DENSE = weights(**{"layers/dense/vars/0": KERNEL, "layers/dense/vars/1": np.zeros(2, np.float32)})


def archive(path: Path, config: Any, stored: bytes | None = DENSE, **others: bytes) -> Path:
    text = config if isinstance(config, (str, bytes)) else json.dumps(config)
    with zipfile.ZipFile(path, "w") as file:
        file.writestr("metadata.json", '{"keras_version": "3.9.0"}')
        file.writestr("config.json", text)
        if stored is not None:
            file.writestr("model.weights.h5", stored)
        for name, content in others.items():
            file.writestr(name, content)
    return path


def old_hdf5(path: Path, config: Any, layers: dict[str, dict[str, np.ndarray]]) -> Path:
    """As Keras 2 writes it, with the state of the optimizer."""
    with h5py.File(path, "w") as file:
        file.attrs["keras_version"] = b"2.0.5"
        file.attrs["backend"] = b"tensorflow"
        if config is not None:
            file.attrs["model_config"] = json.dumps(config).encode()
            file.attrs["training_config"] = b'{"loss": "mse"}'
            file["optimizer_weights/Adam/iterations:0"] = 7
        top = file.create_group("model_weights") if config is not None else file
        top.attrs["layer_names"] = np.array([name.encode() for name in layers])
        for name, stored in layers.items():
            group = top.create_group(name)
            group.attrs["weight_names"] = np.array([one.encode() for one in stored])
            for one, array in stored.items():
                group[one] = array
    return path


OLD_SEQUENTIAL = {
    "class_name": "Sequential",
    "config": [
        {
            "class_name": "Dense",
            "config": {
                "name": "dense_1", "trainable": True, "batch_input_shape": [None, 4],
                "dtype": "float32", "units": 2, "activation": "relu", "use_bias": True,
                "kernel_initializer": {"class_name": "Zeros", "config": {}},
            },
        },
        {"class_name": "Dropout", "config": {"name": "dropout_1", "rate": 0.5}},
        {"class_name": "Dense", "config": {"name": "dense_2", "units": 3, "activation": "softmax"}},
    ],
}  # fmt: skip
OLD_WEIGHTS = {
    "dense_1": {"dense_1/kernel:0": KERNEL, "dense_1/bias:0": np.ones(2, np.float32)},
    "dropout_1": {},
    "dense_2": {
        "dense_2/kernel:0": np.eye(2, 3, dtype=np.float32),
        "dense_2/bias:0": np.zeros(3, np.float32),
    },
}


def opened(path: Path, **options: Any) -> OpenedModel:
    found: OpenedModel = read(path, Options(**options))
    return found


def test_each_layer_is_a_node_and_its_activation_another(tmp_path):
    model = opened(archive(tmp_path / "m.keras", functional([given(), dense(activation="relu")])))
    graph = model.graph
    assert [(n.id, n.op_type, n.inputs, n.outputs) for n in graph.nodes] == [
        ("given", "InputLayer", ("given",), ("given:0",)),
        ("out", "Dense", ("given:0",), ("out",)),
        ("out/activation", "relu", ("out",), ("out/activation",)),
    ]
    assert graph.inputs == ("given",)
    assert graph.outputs == ("out/activation",)
    assert graph.values["given"].shape == (None, 4)
    assert [(p.name, p.role) for p in graph.node("out").parameters] == [
        ("layers/dense/vars/0", "kernel"),
        ("layers/dense/vars/1", "bias"),
    ]
    assert graph.metadata["keras_version"] == "3.9.0"


def test_weights_are_read_when_asked_for(tmp_path):
    model = opened(archive(tmp_path / "m.keras", functional([given(), dense()])))
    np.testing.assert_array_equal(model.weights["layers/dense/vars/0"](), KERNEL)


def test_a_nested_model_is_a_scope_for_each_of_its_calls(tmp_path):
    inner = functional([given(), dense()])
    inner["name"] = "block"
    inner["inbound_nodes"] = [layer("x", "x", "given")["inbound_nodes"][0]] * 2
    inner["config"]["name"] = "block"
    both = layer("Add", "both", ["block"], trainable=True)
    both["inbound_nodes"][0]["args"] = [
        [
            {"class_name": "__keras_tensor__", "config": {"keras_history": ["block", call, 0]}}
            for call in (0, 1)
        ]
    ]
    stored = weights(**{"layers/functional/layers/dense/vars/0": KERNEL})
    path = archive(tmp_path / "m.keras", functional([given(), inner, both], "both"), stored)
    graph = opened(path).graph
    assert graph.node("block/out").scope == ("block",)
    assert graph.node("block#2/out").scope == ("block#2",)
    assert graph.node("both").inputs == ("block/out", "block#2/out")
    assert graph.modules == {"block": "Functional", "block#2": "Functional"}
    assert graph.parameter_count == 8


def test_keras_2_sequential_with_its_optimizer_is_read_and_runs(tmp_path):
    path = old_hdf5(tmp_path / "old.hdf5", OLD_SEQUENTIAL, OLD_WEIGHTS)
    graph = opened(path).graph
    assert [node.id for node in graph.nodes] == [
        "dense_1_input", "dense_1", "dense_1/activation", "dropout_1", "dense_2",
        "dense_2/activation",
    ]  # fmt: skip
    assert graph.parameter_count == 19
    session = netviz_desktop.open(path)
    assert session.structure_only is None
    x = np.array([[1, -2, 3, 0.5]], np.float32)
    session.run(x)
    hidden = np.maximum(x @ KERNEL + 1, 0)
    np.testing.assert_allclose(session.activation("dense_1/activation"), hidden, rtol=1e-6)
    np.testing.assert_allclose(session.activation("dense_2"), np.pad(hidden, ((0, 0), (0, 1))))
    assert session.graph.inputs == ("dense_1_input",)


def test_settings_that_keras_no_longer_knows_do_no_harm(tmp_path):
    """As in every MobileNet that TensorFlow 2 saved."""
    depthwise = {"name": "dw", "trainable": True, "kernel_size": [3, 3], "groups": 1,
                 "strides": [1, 1], "padding": "same", "depth_multiplier": 1, "use_bias": False,
                 "batch_input_shape": [None, 8, 8, 2], "data_format": "channels_last"}  # fmt: skip
    normal = {"name": "bn", "trainable": True, "axis": [3], "momentum": 0.99, "epsilon": 0.001}
    config = {
        "class_name": "Sequential",
        "config": {
            "name": "sequential_1",
            "layers": [
                {"class_name": "DepthwiseConv2D", "config": depthwise},
                {"class_name": "BatchNormalization", "config": normal},
            ],
        },
    }
    ones = {f"bn/{name}:0": np.ones(2, np.float32) for name in
            ("gamma", "beta", "moving_mean", "moving_variance")}  # fmt: skip
    kernel = {"dw/depthwise_kernel:0": np.ones((3, 3, 2, 1), np.float32)}
    session = netviz_desktop.open(old_hdf5(tmp_path / "m.h5", config, {"dw": kernel, "bn": ones}))
    assert session.structure_only is None
    session.run(np.ones((1, 8, 8, 2), np.float32))
    assert session.activation("dw")[0, 4, 4].tolist() == [9, 9]
    assert session.graph.parameter_count == 18 + 8


def test_keras_2_functional_with_a_shared_layer_is_read_and_runs(tmp_path):
    def old(kind: str, name: str, nodes: list[Any], **config: Any) -> dict[str, Any]:
        settings = {"name": name, "trainable": True, **config}
        return {"class_name": kind, "name": name, "config": settings, "inbound_nodes": nodes}

    a, b = (["left", 0, 0, {}], ["right", 0, 0, {}])
    config = {
        "class_name": "Model",
        "config": {
            "name": "model_1",
            "layers": [
                old("InputLayer", "left", [], batch_input_shape=[None, 4], dtype="float32"),
                old("InputLayer", "right", [], batch_input_shape=[None, 4], dtype="float32"),
                old("Dense", "dense_1", [[a], [b]], units=2, activation="linear"),
                old("Add", "add_1", [[["dense_1", 0, 0, {}], ["dense_1", 1, 0, {}]]]),
            ],
            "input_layers": [["left", 0, 0], ["right", 0, 0]],
            "output_layers": [["add_1", 0, 0]],
        },
    }
    stored = {"dense_1": OLD_WEIGHTS["dense_1"]}
    path = old_hdf5(tmp_path / "old.h5", config, stored)
    graph = opened(path).graph
    assert graph.node("add_1").inputs == ("dense_1", "dense_1#2")
    session = netviz_desktop.open(path)
    left, right = np.ones((1, 4), np.float32), np.full((1, 4), 2, np.float32)
    session.run({"left": left, "right": right})
    np.testing.assert_allclose(session.activation("add_1"), (left + right) @ KERNEL + 2, rtol=1e-6)


@pytest.mark.parametrize("legacy", [True, False])
def test_weights_alone_are_a_tree_and_the_problem_says_what_is_missing(tmp_path, legacy):
    path = tmp_path / "m.weights.h5"
    if legacy:
        old_hdf5(path, None, OLD_WEIGHTS)
    else:
        path.write_bytes(DENSE)
    model = opened(path)
    first = model.graph.nodes[0]
    assert [p.role for p in first.parameters] == ["kernel", "bias"]
    assert model.structure_only is not None
    assert "without an architecture" in model.structure_only.what
    np.testing.assert_array_equal(model.weights[first.parameters[0].name](), KERNEL)


def test_weights_alone_are_in_the_order_of_counting(tmp_path):
    path = tmp_path / "m.weights.h5"
    names = ["dense", "dense_1", "dense_2", "dense_10"]
    with h5py.File(path, "w") as file:
        for name in reversed(names):
            file[f"layers/{name}/vars/0"] = np.ones((2, 2), np.float32)

    assert [node.scope[-1] if node.scope else node.id for node in read(path).graph.nodes] == names


def test_weights_of_a_class_of_ones_own_are_a_tree_by_its_attributes(tmp_path):
    path = tmp_path / "m.weights.h5"
    stored = {"blocks/block/conv/vars/0": KERNEL, "vars/0": np.zeros(2, np.float32)}
    path.write_bytes(weights(**stored))
    model = opened(path)
    assert [(n.id, n.scope) for n in model.graph.nodes] == [
        ("blocks/block/conv", ("blocks", "block")),
        ("m.weights", ()),
    ]
    assert model.needs_code
    assert model.structure_only is not None
    assert "--model-code" in model.structure_only.remedy


def test_a_file_of_the_persons_own_class_can_be_trusted_or_made_by_code(tmp_path):
    config = {"module": "nets", "class_name": "Net", "config": {}, "registered_name": "Net"}
    model = opened(archive(tmp_path / "m.keras", config))
    assert model.executable is None
    assert model.can_be_trusted
    assert model.needs_code
    assert [node.id for node in model.graph.nodes] == ["dense"]


def test_how_a_model_was_trained_needs_no_trust(tmp_path):
    """Keras on torch names its optimizers by where its backend keeps them."""
    adam = {"module": "keras.src.backend.torch.optimizers.torch_adam", "class_name": "Adam"}
    config = functional([given(), dense()]) | {"compile_config": {"optimizer": adam}}
    assert opened(archive(tmp_path / "m.keras", config)).structure_only is None


def test_the_content_decides_not_the_suffix(tmp_path):
    archive(tmp_path / "a.pt", functional([given(), dense()]))
    assert opened(tmp_path / "a.pt").graph.format == "Keras"


def test_compressed_weights_are_read_too(tmp_path):
    path = tmp_path / "m.keras"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as file:
        file.writestr("config.json", json.dumps(functional([given(), dense()])))
        file.writestr("model.weights.h5", DENSE)
    np.testing.assert_array_equal(opened(path).weights["layers/dense/vars/0"](), KERNEL)


def test_layers_in_a_circle_are_drawn_with_the_reason_they_cannot_run(tmp_path):
    layers = [given(), dense("a", "b"), dense("b", "a"), dense("out", "b")]
    model = opened(archive(tmp_path / "m.keras", functional(layers)))
    assert {"a", "b", "out"} <= {node.id for node in model.graph.nodes}
    assert model.structure_only is not None
    assert "circle" in model.structure_only.what
    assert model.structure_only.node in ("a", "b", "out")


def test_a_layer_that_reads_nothing_that_is_there_is_drawn(tmp_path):
    model = opened(archive(tmp_path / "m.keras", functional([given(), dense("out", "ghost")])))
    assert "ghost" in model.graph.node("out").fault
    assert model.structure_only is not None


def test_operations_of_tensorflow_are_drawn(tmp_path):
    layers = [given(), layer("TFOpLambda", "out", "given", function="math.multiply")]
    model = opened(archive(tmp_path / "m.keras", functional(layers)))
    assert "only Keras 2 runs" in model.graph.node("out").fault
    assert not model.can_be_trusted


@pytest.mark.parametrize(
    ("module", "kind"),
    [
        ("os", "system"),
        ("keras.utils", "get_file"),
        ("keras.config", "enable_unsafe_deserialization"),
        ("keras_hub.layers", "Thing"),
        (None, "Mine"),
    ],
)
def test_what_is_not_keras_s_own_waits_for_trust(module, kind, tmp_path):
    named = layer(kind, "out", "given", trainable=True) | {"module": module}
    path = archive(tmp_path / "m.keras", functional([given(), named]))
    session = netviz_desktop.open(path)
    assert session.opened.executable is None
    assert session.opened.can_be_trusted
    assert session.structure_only is not None
    assert kind in session.structure_only.what


def test_a_function_of_the_persons_own_in_a_setting_waits_for_trust(tmp_path):
    function = {
        "class_name": "function", "module": "shutil", "config": "rmtree", "registered_name": "x",
    }  # fmt: skip
    model = opened(archive(tmp_path / "m.keras", functional([given(), dense(activation=function)])))
    assert model.executable is None
    assert "shutil.rmtree" in model.graph.node("out").fault


def test_names_of_any_length_are_kept(tmp_path):
    name = "x" * 100_000
    model = opened(archive(tmp_path / "m.keras", functional([given(), dense(name)], name)))
    assert model.graph.outputs == (name,)


def test_a_chain_of_ten_thousand_layers_opens(tmp_path):
    chain = [
        layer("Dropout", f"d{i}", f"d{i - 1}" if i else "given", rate=0) for i in range(10_000)
    ]
    model = opened(archive(tmp_path / "m.keras", functional([given(), *chain], "d9999")))
    assert len(model.graph.nodes) == 10_001


def test_models_that_double_at_each_depth_are_refused(tmp_path, monkeypatch):
    monkeypatch.setattr("netviz_desktop.readers._keras_graph._MOST_NODES", 1000)
    net = functional([given(), dense()])
    for depth in range(30):
        net |= {"name": f"n{depth}"}
        net["inbound_nodes"] = [
            layer("x", "x", "given")["inbound_nodes"][0],
            {"args": [], "kwargs": {}},
        ]
        net = functional([given(), net], f"n{depth}")
    with pytest.raises(Problem, match="cannot be drawn"):
        opened(archive(tmp_path / "m.keras", net))


@pytest.mark.parametrize(
    "config",
    [
        "not json",
        "[" * 200_000,
        '{"class_name": ' * 50_000,
        "[1, 2]",
        '{"class_name": 7, "config": {"layers": []}}',
        '{"class_name": "Functional", "config": {"layers": [3], "output_layers": [["a", 0, 0]]}}',
        '{"class_name": "Sequential", "config": {"layers": []}}',
    ],
    ids=range(7),
)
def test_a_damaged_configuration_is_a_problem(config, tmp_path):
    with pytest.raises(Problem, match="damaged"):
        opened(archive(tmp_path / "m.keras", config))


def test_a_configuration_that_inflates_without_end_is_a_problem(tmp_path):
    path = tmp_path / "m.keras"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as file:
        file.writestr("metadata.json", "{}")
        file.writestr("config.json", b" " * (64 * 2**20))
    with pytest.raises(Problem, match="damaged"):
        opened(path)


def test_nothing_is_extracted(tmp_path):
    others = {"../outside.txt": b"x", "assets/word.txt": b"x"}
    path = archive(tmp_path / "m.keras", functional([given(), dense()]), **others)
    before = sorted(tmp_path.rglob("*"))
    session = netviz_desktop.open(path)
    session.run(np.ones((1, 4), np.float32))
    assert sorted(tmp_path.rglob("*")) == before


def test_a_model_without_weights_says_so(tmp_path):
    model = opened(archive(tmp_path / "m.keras", functional([given(), dense()]), None))
    assert model.structure_only is not None
    assert "no weights" in model.structure_only.what


def test_weights_that_lie_in_another_file_are_not_followed(tmp_path):
    secret = tmp_path / "secret.bin"
    secret.write_bytes(KERNEL.tobytes())
    buffer = io.BytesIO()
    with h5py.File(tmp_path / "other.h5", "w") as other:
        other["w"] = KERNEL
    with h5py.File(buffer, "w") as file:
        group = file.create_group("layers/dense/vars")
        group.create_dataset(
            "0", (4, 2), np.float32, external=[(str(secret), 0, h5py.h5f.UNLIMITED)]
        )
        group["1"] = h5py.ExternalLink("other.h5", "/w")
        group["2"] = h5py.SoftLink("/layers")
    model = opened(archive(tmp_path / "m.keras", functional([given(), dense()]), buffer.getvalue()))
    assert list(model.weights) == ["layers/dense/vars/0"]
    with pytest.raises(Problem, match="another file"):
        model.weights["layers/dense/vars/0"]()
    assert model.structure_only is not None


def test_dimensions_without_numbers_behind_them_are_refused(tmp_path):
    buffer = io.BytesIO()
    with h5py.File(buffer, "w") as file:
        file.create_dataset("layers/dense/vars/0", (2**30, 2**30), np.float32, chunks=(64, 64))
    model = opened(archive(tmp_path / "m.keras", functional([given(), dense()]), buffer.getvalue()))
    assert model.graph.node("out").parameters[0].shape == (2**30, 2**30)
    with pytest.raises(Problem, match="not all there"):
        model.weights["layers/dense/vars/0"]()
    assert model.structure_only is not None


def test_a_damaged_chunk_is_a_problem_of_its_own(tmp_path):
    buffer = io.BytesIO()
    numbers = np.random.default_rng(0).random((64, 64), np.float32)
    with h5py.File(buffer, "w") as file:
        file.create_dataset(
            "layers/dense/vars/0", data=numbers, chunks=(64, 64), compression="gzip"
        )
        offset = file["layers/dense/vars/0"].id.get_chunk_info(0).byte_offset
    content = bytearray(buffer.getvalue())
    content[offset + 20 : offset + 400] = bytes(380)
    model = opened(archive(tmp_path / "m.keras", functional([given(), dense()]), bytes(content)))
    with pytest.raises(Problem, match="damaged"):
        model.weights["layers/dense/vars/0"]()


@pytest.mark.parametrize("kind", ["archive", "hdf5"])
def test_a_file_cut_anywhere_opens_or_is_a_problem(kind, tmp_path):
    path = tmp_path / "m.keras"
    if kind == "archive":
        archive(path, functional([given(), dense()]))
    else:
        old_hdf5(path, OLD_SEQUENTIAL, OLD_WEIGHTS)
    whole = path.read_bytes()
    for end in range(8, len(whole), max(1, len(whole) // 40)):
        path.write_bytes(whole[:end])
        with pytest.raises(Problem):
            keras_model.read(path, Options())
