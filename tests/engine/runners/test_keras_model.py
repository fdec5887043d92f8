"""Keras models, judged by Keras: `predict` for values, a plain call of the model for gradients."""

from __future__ import annotations

import gc
import sys
import warnings
import weakref
from collections.abc import Callable
from pathlib import Path

import keras
import numpy as np
import pytest
import torch
from keras import layers, ops
from torch.utils.flop_counter import FlopCounterMode

import netviz_desktop
from netviz_desktop.engine.memory import Spill, storage_of
from netviz_desktop.engine.session import Session
from netviz_desktop.graph.counts import counts, total
from netviz_desktop.problems import Cancelled, Problem

# Keras saves its variables through an __array__ of before numpy 2.
pytestmark = pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning")


def sequential() -> keras.Model:
    return keras.Sequential(
        [
            keras.Input((12, 12, 3)),
            layers.Conv2D(4, 3, strides=2, padding="same", activation="relu"),
            layers.MaxPooling2D(),
            layers.Flatten(),
            layers.Dropout(0.5),
            layers.Dense(5, activation="softmax"),
        ]
    )


def branches() -> keras.Model:
    """Two inputs, two outputs, a layer called twice, operations that are no layers."""
    picture, numbers = keras.Input((8, 8, 3), name="picture"), keras.Input((5,), name="numbers")
    shared = layers.Conv2D(4, 3, padding="same", activation="relu", name="shared")
    both = layers.Add()([shared(picture), shared(picture * 2.0)])
    cut = ops.relu(both - 0.1)[:, 1:, :]
    pooled = layers.GlobalAveragePooling2D(name="pooled")(cut)
    joined = layers.Concatenate()([pooled, layers.Dense(3)(numbers)])
    return keras.Model([picture, numbers], [layers.Dense(4, activation="softmax")(joined), joined])


def nested() -> keras.Model:
    """A functional model in a sequential one, twice in a functional one."""
    inner = keras.Input((8, 8, 4))
    block = keras.Model(inner, layers.Conv2D(4, 1, activation="relu", name="mix")(inner))
    encoder = keras.Sequential(
        [keras.Input((8, 8, 3)), layers.Conv2D(4, 3, padding="same"), block], name="encoder"
    )
    given = keras.Input((8, 8, 3))
    joined = layers.Maximum()([encoder(given), encoder(-given)])
    return keras.Model(given, layers.Dense(3)(layers.Flatten()(joined)))


def residual() -> keras.Model:
    given = keras.Input((16, 16, 3))
    x = layers.Rescaling(1 / 255)(given)
    x = layers.Conv2D(6, 3, padding="same", use_bias=False)(x)
    x = layers.BatchNormalization()(x)
    x = layers.Activation("relu")(x)
    y = layers.SeparableConv2D(6, 3, strides=2, padding="same", activation="relu")(x)
    y = layers.DepthwiseConv2D(3, padding="same")(y)
    x = layers.Add()([layers.Conv2D(6, 1, strides=2)(x), y])
    x = layers.PReLU(shared_axes=[1, 2])(layers.ZeroPadding2D(((1, 0), (0, 1)))(x))
    x = layers.Conv2DTranspose(4, 3, strides=2, padding="same", activation="gelu")(x)
    x = layers.GlobalMaxPooling2D()(layers.UpSampling2D()(x))
    return keras.Model(given, layers.Softmax()(layers.Dense(4)(x)))


def words() -> keras.Model:
    tokens = keras.Input((7,), dtype="int32")
    x = layers.Embedding(11, 8, mask_zero=True)(tokens)
    x = layers.LayerNormalization()(layers.MultiHeadAttention(2, 4)(x, x))
    x = layers.Bidirectional(layers.LSTM(3, return_sequences=True))(x)
    return keras.Model(tokens, layers.Dense(3, activation="softmax")(layers.GRU(4)(x)))


def attending() -> keras.Model:
    given = keras.Input((7, 8))
    x = layers.MultiHeadAttention(2, 4, name="attention")(given, given)
    x = layers.Bidirectional(layers.LSTM(3), name="both")(x)
    return keras.Model(given, layers.Dense(3)(x))


NETS = (sequential, branches, nested, residual, words)


@pytest.fixture(params=NETS, ids=lambda make: make.__name__)
def model(request: pytest.FixtureRequest) -> keras.Model:
    return made(request.param)


def made(make: Callable[[], keras.Model]) -> keras.Model:
    """With weights that differ from each other, as after training."""
    keras.utils.set_random_seed(3)
    keras.backend.clear_session()  # names count from 1 again
    model = make()
    generator = np.random.default_rng(3)
    for weight in model.weights:
        if keras.backend.is_float_dtype(weight.dtype):
            noise = generator.uniform(0.05, 0.3, weight.shape)
            weight.assign(weight + noise)
    return model


def saved(model: keras.Model, folder: Path, suffix: str = ".keras") -> Path:
    path = folder / f"net{suffix}"
    model.save(path)
    return path


def inputs_of(model: keras.Model) -> dict[str, np.ndarray]:
    generator = np.random.default_rng(5)
    result = {}
    for tensor in model.inputs:
        shape = [size or 2 for size in tensor.shape]
        whole = "int" in tensor.dtype
        array = generator.integers(0, 9, shape) if whole else generator.normal(size=shape)
        result[tensor.name] = array.astype(tensor.dtype)
    return result


def ran(path: Path, given: dict[str, np.ndarray]) -> Session:
    session = netviz_desktop.open(path)
    assert session.structure_only is None
    session.run({v.name: a for v, a in zip(session.inputs, given.values(), strict=True)})
    return session


def fed(given: dict[str, np.ndarray]) -> torch.Tensor | list[torch.Tensor]:
    """As Keras wants to be called: one tensor alone, several in a list."""
    tensors = [torch.from_numpy(array) for array in given.values()]
    return tensors[0] if len(tensors) == 1 else tensors


def last_of(session: Session, layer: keras.Layer) -> str | None:
    """The node that gives what Keras calls the layer's output."""
    names = (f"{layer.name}/activation", layer.name)
    return next((name for name in names if name in session.graph), None)


@pytest.mark.parametrize("suffix", [".keras", ".h5"])
def test_outputs_and_activations_are_those_that_keras_predicts(model, suffix, tmp_path):
    given = inputs_of(model)
    session = ran(saved(model, tmp_path, suffix), given)
    tensors = fed(given)
    expected = [keras.ops.convert_to_numpy(y) for y in keras.tree.flatten(model(tensors))]
    for name, array in zip(session.graph.outputs, expected, strict=True):
        np.testing.assert_allclose(session.value(name), array, rtol=1e-5, atol=1e-6)
    compared = 0
    for layer in model.layers:
        node = last_of(session, layer)
        if node is None or len(layer._inbound_nodes) != 1:
            continue
        submodel = keras.Model(model.inputs, layer.output)
        np.testing.assert_allclose(
            session.activation(node), submodel(tensors).detach().numpy(), rtol=1e-5, atol=1e-6
        )
        compared += 1
    assert compared >= 3


@pytest.mark.parametrize("suffix", [".keras", ".h5"])
def test_gradients_are_those_of_a_plain_call(model, suffix, tmp_path):
    given = inputs_of(model)
    session = ran(saved(model, tmp_path, suffix), given)
    compared = 0
    for layer in model.layers:
        node = last_of(session, layer)
        if node is None or len(layer._inbound_nodes) != 1:
            continue
        if isinstance(layer, layers.InputLayer | layers.Softmax) or node.endswith("_activation"):
            continue
        if layer is model.layers[-1] and node != layer.name:
            node = layer.name  # the score is what comes before its softmax
        expected = plain_gradient(model, layer, given, target=1)
        if expected is None:
            continue
        np.testing.assert_allclose(session.gradient(node, 1), expected, rtol=1e-4, atol=1e-6)
        compared += 1
    assert compared >= 3


def plain_gradient(
    model: keras.Model, layer: keras.Layer, given: dict[str, np.ndarray], target: int
) -> np.ndarray | None:
    """d score / d output of a layer: of zeros that are added to it, without any hook."""
    last = model.layers[-1]
    ending = getattr(last, "activation", None)
    call = layer.call
    zeros: list[torch.Tensor] = []

    def shifted(*args: object, **kwargs: object) -> torch.Tensor:
        out = call(*args, **kwargs)
        zeros.append(torch.zeros_like(out, requires_grad=True))
        return out + zeros[-1]

    try:
        if ending is not None:
            last.activation = keras.activations.linear
        if isinstance(last, layers.Softmax):
            last.call = lambda x, mask=None: x if mask is None else x * mask
        layer.call = shifted
        tensors = fed(given)
        output = keras.tree.flatten(model(tensors, training=False))[0]
        if not zeros:
            return None
        (found,) = torch.autograd.grad(output[0, target], zeros[:1], allow_unused=True)
        return None if found is None else found.numpy()
    finally:
        layer.call = call
        if ending is not None:
            last.activation = ending
        if isinstance(last, layers.Softmax):
            del last.call


def test_attention_and_both_directions_are_scopes_of_what_they_compute(tmp_path):
    model = made(attending)
    given = inputs_of(model)
    session = ran(saved(model, tmp_path), given)
    tensors = fed(given)
    for name in ("attention", "both"):
        submodel = keras.Model(model.inputs, model.get_layer(name).output)
        np.testing.assert_allclose(
            session.value(name), submodel(tensors).detach().numpy(), rtol=1e-5, atol=1e-6
        )
    attention = model.get_layer("attention")
    _, scores = attention(tensors, tensors, return_attention_scores=True)
    np.testing.assert_allclose(
        session.activation("attention/softmax"), scores.detach().numpy(), rtol=1e-5, atol=1e-7
    )
    both = model.get_layer("both")
    forwards = both.forward_layer(torch.from_numpy(session.value("attention")))
    np.testing.assert_allclose(
        session.activation("both/forward_layer"), forwards.detach().numpy(), rtol=1e-5, atol=1e-6
    )
    kernel = session.graph.node("attention/query_dense").parameters[0]
    np.testing.assert_array_equal(
        session.weight(kernel.name), attention._query_dense.kernel.numpy()
    )
    assert session.graph.modules["attention"] == "MultiHeadAttention"
    assert session.graph.values["attention/softmax"].shape == (None, 2, 7, 7)
    expected = plain_gradient(model, attention, given, target=1)
    target = session.graph.node("attention/output_dense").id
    np.testing.assert_allclose(session.gradient(target, 1), expected, rtol=1e-4, atol=1e-6)


def test_grad_cam_is_the_papers_equation(tmp_path):
    model = made(residual)
    given = {name: np.abs(array) * 60 for name, array in inputs_of(model).items()}
    session = ran(saved(model, tmp_path), given)
    node, _ = session.default_layer()
    assert node == "up_sampling2d" or node in session.graph
    activation, gradient = session.activation(node)[0], session.gradient(node, 2)[0]
    weight = gradient.mean(axis=(0, 1))  # (C,), eq. 1
    expected = (weight * activation).sum(axis=-1)  # (H, W), eq. 2 before its ReLU
    found = session.explain("grad-cam", node=node, target=2)
    np.testing.assert_allclose(found.raw, expected, rtol=1e-4, atol=1e-7)


def test_the_same_net_as_keras_h5_and_onnx_says_the_same(tmp_path):
    model = made(sequential)
    given = np.random.default_rng(5).normal(size=(1, 12, 12, 3)).astype(np.float32)
    model(given)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of torch's exporter, about Keras's code
        model.export(tmp_path / "net.onnx", format="onnx", verbose=False)
    exported = netviz_desktop.open(tmp_path / "net.onnx")
    exported.run(given)
    of_type = {node.op_type: node.id for node in exported.graph.nodes}
    pairs = {"conv2d/activation": "Relu", "dense": "Add", "dense/activation": "Softmax"}
    for suffix in (".keras", ".h5"):
        session = ran(saved(model, tmp_path, suffix), {"": given})
        for layer, op in pairs.items():
            close(session.activation(layer), exported.activation(of_type[op]))
            if op != "Softmax":
                close(session.gradient(layer, 1), exported.gradient(of_type[op], 1))
        cams = [
            found.explain("grad-cam", node=node, target=1).raw
            for found, node in ((session, "conv2d/activation"), (exported, of_type["Relu"]))
        ]
        close(*cams)


def close(one: np.ndarray, other: np.ndarray) -> None:
    """To 1e-4 of the largest."""
    np.testing.assert_allclose(one, other, rtol=1e-4, atol=1e-4 * np.abs(other).max())


@pytest.mark.parametrize(
    ("make", "shape"),
    [
        (lambda: layers.Conv2D(8, 3, groups=2, padding="same"), (9, 9, 4)),
        (lambda: layers.Conv1D(8, 3, strides=2), (9, 4)),
        (lambda: layers.DepthwiseConv2D(3, depth_multiplier=2), (9, 9, 4)),
        (lambda: layers.SeparableConv2D(6, 3), (9, 9, 4)),
        (lambda: layers.Conv2DTranspose(6, 3, strides=2), (9, 9, 4)),
        (lambda: layers.Dense(5), (7, 3)),
        (lambda: layers.EinsumDense("abc,cd->abd", (7, 5)), (7, 3)),
        (lambda: layers.LSTM(5), (7, 3)),
    ],
)
def test_a_layer_costs_what_torch_counts(make, shape, tmp_path):
    model = keras.Sequential([keras.Input(shape), make()])
    graph = netviz_desktop.open(saved(model, tmp_path)).graph
    x = torch.zeros(1, *shape)
    with FlopCounterMode(display=False) as counter:
        model(x)
    counted = int(counter.get_total_flops()) // 2  # both halves of a multiply-add
    assert total(graph, counts(graph)).multiply_adds == counted


@pytest.mark.parametrize(
    ("make", "cost"),
    [
        (lambda: layers.GRU(5, reset_after=False), 7 * (3 + 5) * 3 * 5),
        (lambda: layers.Bidirectional(layers.SimpleRNN(5)), 2 * 7 * (3 + 5) * 5),
    ],
)
def test_a_recurrent_layer_costs_its_matrices_once_a_step(make, cost, tmp_path):
    """Keras itself runs the cell once more, to see what it gives."""
    model = keras.Sequential([keras.Input((7, 3)), make()])
    graph = netviz_desktop.open(saved(model, tmp_path)).graph
    assert total(graph, counts(graph)).multiply_adds == cost


def test_attention_costs_its_projections_and_its_pairs(tmp_path):
    query, value = keras.Input((5, 8)), keras.Input((7, 6))
    output = layers.MultiHeadAttention(2, 4, value_dim=3)(query, value)
    graph = netviz_desktop.open(saved(keras.Model([query, value], output), tmp_path)).graph
    projections = 5 * 8 * 8 + 7 * 6 * 8 + 7 * 6 * 6 + 5 * 6 * 8
    assert total(graph, counts(graph)).multiply_adds == projections + 5 * 7 * 2 * (4 + 3)


def test_running_leaves_the_model_as_it_was(model, tmp_path):
    session = netviz_desktop.open(saved(model, tmp_path))
    given = inputs_of(model).values()
    inputs = {v.name: a for v, a in zip(session.inputs, given, strict=True)}
    session.run(inputs)
    live = session._model.runner._model  # what no other way shows
    assert_same_weights(live, model)
    before = state_of(live)
    session.run(inputs).gradients(1)
    after = state_of(live)
    assert before.keys() == after.keys()
    for name, (array, *flags) in before.items():
        np.testing.assert_array_equal(array, after[name][0])
        assert flags == after[name][1:]


def test_a_run_that_is_over_is_freed_without_a_look_for_garbage(model, tmp_path):
    session = netviz_desktop.open(saved(model, tmp_path))
    given = inputs_of(model).values()
    inputs = {v.name: a for v, a in zip(session.inputs, given, strict=True)}
    session.run(inputs)
    gc.collect()
    gc.disable()
    try:
        session.run(inputs)
        values = session.last.values.items()
        kept = {name: weakref.ref(seen.tensor) for name, seen in values}
        del values
        session.run(inputs)
        assert [name for name, reference in kept.items() if reference() is not None] == []
    finally:
        gc.enable()


def test_a_run_beyond_its_memory_goes_to_disk_and_its_numbers_stay(tmp_path):
    model = sequential()
    given = inputs_of(model)
    session = ran(saved(model, tmp_path), given)
    expected = session.last
    session.memory_bytes = 0
    session.run(next(iter(given.values())))
    assert session.last.bytes_on_disk > 0
    for name, recorded in expected.values.items():
        torch.testing.assert_close(session.last.value(name), recorded.tensor, rtol=0, atol=0)
    for name, gradient in expected.gradients(1).items():
        torch.testing.assert_close(session.last.gradients(1)[name], gradient, rtol=0, atol=0)


def test_autograd_saves_no_copy_of_activations_and_kernels(tmp_path, monkeypatch):
    added: list[torch.Tensor] = []
    monkeypatch.setattr(Spill, "add", lambda _spill, tensor: added.append(tensor))
    x = layers.Input((8, 8, 3))
    y = layers.Conv2D(4, 3, padding="same", activation="relu")(x)
    session = netviz_desktop.open(saved(keras.Model(x, layers.Conv2D(5, 2)(y)), tmp_path))
    session.run(np.ones((1, 8, 8, 3), np.float32))

    live = session._model.runner._model  # what no other way shows
    kept = [recorded.tensor for recorded in session.last.values.values()]
    kept += [variable.value for variable in live.variables]
    assert {storage_of(t) for t in added} <= {storage_of(t) for t in kept}


def assert_same_weights(one: keras.Model, other: keras.Model) -> None:
    for a, b in zip(one.weights, other.weights, strict=True):
        np.testing.assert_array_equal(a.numpy(), b.numpy())


def state_of(model: keras.Model) -> dict[str, list[object]]:
    state = {
        variable.path + str(place): [
            variable.numpy().copy(),
            variable.trainable,
            variable.value.requires_grad,
            variable.value.grad is None,
        ]
        for place, variable in enumerate(model.variables)
    }
    for layer in model._flatten_layers():
        state[f"{layer.path} {id(layer)}"] = [
            np.zeros(0), layer.trainable, getattr(layer, "activation", None), len(layer.losses)
        ]  # fmt: skip
    return state


def test_the_graph_as_opened_is_the_graph_as_read_with_shapes(model, tmp_path):
    session = netviz_desktop.open(saved(model, tmp_path))
    read, opened = session.opened.graph, session.graph
    scopes = {node.scope for node in opened.nodes}
    laid_open = {node.id for node in read.nodes if tuple(node.id.split("/")) in scopes}
    assert {n.id: (n.inputs, n.outputs, n.scope) for n in read.nodes if n.id not in laid_open} == {
        n.id: (n.inputs, n.outputs, n.scope)
        for n in opened.nodes
        if not laid_open.intersection(n.scope)
    }
    assert {read.node(one).op_type for one in laid_open} <= {"MultiHeadAttention", "Bidirectional"}
    assert read.outputs == opened.outputs
    assert all(opened.values[name].shape is not None for n in opened.nodes for name in n.outputs)


def test_a_layer_called_twice_is_two_nodes_with_the_same_weights(tmp_path):
    graph = netviz_desktop.open(saved(made(branches), tmp_path)).graph
    assert graph.node("shared").parameters == graph.node("shared#2").parameters
    assert graph.node("shared/activation#2").inputs == graph.node("shared#2").outputs


def test_what_a_dock_asks_of_every_node_is_there(tmp_path):
    session = ran(saved(made(nested), tmp_path), inputs_of(made(nested)))
    gradients = session.last.gradients(0)
    missing = [n.id for n in session.graph.nodes for name in n.outputs if name not in gradients]
    assert not missing


def test_parameters_count_as_keras_counts_them(model, tmp_path):
    graph = netviz_desktop.open(saved(model, tmp_path)).graph
    assert graph.parameter_count == model.count_params()


def test_weights_are_what_the_layers_hold(model, tmp_path):
    for suffix in (".keras", ".h5"):
        session = netviz_desktop.open(saved(model, tmp_path, suffix))
        stored = [session.weight(name) for name in session.opened.graph.parameters]
        assert sorted(float(a.sum()) for a in stored) == pytest.approx(
            sorted(float(w.numpy().sum()) for w in model.weights)
        )


def test_an_input_of_another_shape_is_a_problem(tmp_path):
    session = netviz_desktop.open(saved(made(sequential), tmp_path))
    with pytest.raises(Problem, match=r"takes \(any, 12, 12, 3\) and was given \(1, 9, 9, 3\)"):
        session.run(np.zeros((1, 9, 9, 3), np.float32))


def test_without_keras_the_structure_is_there_and_the_problem_says_what_to_install(
    tmp_path, monkeypatch
):
    path = saved(made(sequential), tmp_path)
    for name in [name for name in sys.modules if name.split(".")[0] == "keras"]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, "keras", None)
    monkeypatch.delitem(sys.modules, "keras")
    monkeypatch.setattr(sys, "path", [])
    monkeypatch.setattr(sys, "path_importer_cache", {})
    session = netviz_desktop.open(path)
    assert session.structure_only is not None
    assert "needs Keras" in session.structure_only.what
    assert "pip install" in session.structure_only.remedy
    assert len(session.graph.nodes) == 8


def test_more_weights_than_the_file_holds_are_refused_before_memory_is_asked_for(tmp_path):
    import zipfile

    path = saved(made(sequential), tmp_path)
    with zipfile.ZipFile(path) as archive:
        members = {name: archive.read(name) for name in archive.namelist()}
    members["config.json"] = members["config.json"].replace(b'"units": 5', b'"units": 999999999')
    with zipfile.ZipFile(path, "w") as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    session = netviz_desktop.open(path)
    assert session.structure_only is not None
    assert "but its layers need" in session.structure_only.what


def test_a_lambda_runs_only_with_trust(tmp_path):
    given = keras.Input((6, 6, 1))
    doubled = layers.Lambda(lambda x: x * 2, output_shape=(6, 6, 1), name="twice")(given)
    path = saved(keras.Model(given, layers.Flatten()(doubled)), tmp_path)
    session = netviz_desktop.open(path)
    assert session.structure_only is not None
    assert session.structure_only.node == "twice"
    assert session.opened.can_be_trusted
    assert "trust" in session.graph.node("twice").fault
    trusted = netviz_desktop.open(path, trust=True)
    trusted.run(np.ones((1, 6, 6, 1), np.float32))
    np.testing.assert_array_equal(trusted.activation("twice"), np.full((1, 6, 6, 1), 2))


def test_the_persons_own_layer_is_imported_only_with_trust(tmp_path, monkeypatch):
    (tmp_path / "own_layers.py").write_text(
        "import keras\n\nclass Triple(keras.layers.Layer):\n"
        "    def call(self, x):\n        return x * 3\n"
    )
    monkeypatch.syspath_prepend(tmp_path)
    import own_layers

    given = keras.Input((4,))
    path = saved(keras.Model(given, own_layers.Triple(name="triple")(given)), tmp_path)
    monkeypatch.undo()
    del sys.modules["own_layers"]
    session = netviz_desktop.open(path)
    assert session.structure_only is not None
    assert "own_layers.Triple" in session.structure_only.what
    assert "own_layers" not in sys.modules
    trusted = netviz_desktop.open(path, trust=True)
    trusted.run(np.ones((1, 4), np.float32))
    np.testing.assert_array_equal(trusted.value(trusted.graph.outputs[0]), np.full((1, 4), 3))


def test_a_model_that_scales_its_input_is_given_bytes(tmp_path):
    session = netviz_desktop.open(saved(made(residual), tmp_path))
    assert session.preprocessing is not None
    assert session.preprocessing.std == (1 / 255,) * 3
    assert "Rescaling" in session.preprocessing.reason
    plain = netviz_desktop.open(saved(made(sequential), tmp_path))
    assert plain.preprocessing is not None
    assert (plain.preprocessing.layout, plain.preprocessing.mean[0]) == ("NHWC", 0.5)


@pytest.mark.parametrize(
    "make",
    [
        lambda: layers.Conv2D(1, 3, strides=2, padding="same"),
        lambda: layers.Conv2D(1, 4, padding="same", dilation_rate=2),
        lambda: layers.Conv2D(1, 3),
        lambda: layers.MaxPooling2D(3, strides=2, padding="same"),
        lambda: layers.Conv2DTranspose(1, 3, strides=2, padding="same"),
        lambda: layers.ZeroPadding2D(((2, 1), (0, 3))),
        lambda: layers.Cropping2D(((2, 1), (1, 3))),
        lambda: layers.UpSampling2D(2),
    ],
)
def test_receptive_fields_are_where_gradients_come_from(make, tmp_path):
    """A cell's field begins and ends with the pixels on which it depends."""
    layer = make()
    model = keras.Sequential([keras.Input((16, 16, 1)), layer])
    for weight in model.weights:
        weight.assign(np.ones(weight.shape))
    session = ran(
        saved(model, tmp_path), {"x": np.random.default_rng(0).random((1, 16, 16, 1), np.float32)}
    )
    field = session._run.fields[session.graph.outputs[0]]
    size = session.value(session.graph.outputs[0]).shape[1]
    row = size // 2
    sees = []
    for shift in np.random.default_rng(1).random((6, 1, 16, 16, 1)).astype(np.float32):
        session.run(shift)
        target = (row * session.value(session.graph.outputs[0]).shape[2]) + size // 2
        gradient = session.last.gradients(target)[session.graph.inputs[0]]
        sees += gradient[0, :, :, 0].abs().sum(1).nonzero()[:, 0].tolist()
    axis = field[1]
    centre, reach = axis.start + row * axis.jump, (axis.size - 1) / 2
    assert np.floor(centre - reach) <= min(sees)
    assert max(sees) <= np.ceil(centre + reach)
    if not isinstance(layer, layers.Conv2DTranspose):  # whose cells do not all see as far
        assert max(sees) - min(sees) + 1 == axis.size


@pytest.mark.parametrize(
    "moment", ["Reading model.keras", "Starting Keras", "Building model.keras"]
)
def test_opening_can_be_cancelled(tmp_path, moment):
    path = tmp_path / "model.keras"
    sequential().save(path)

    def stop(_done: float, what: str) -> None:
        if what == moment:
            raise Cancelled

    with pytest.raises(Cancelled):
        Session("cpu").open(path, step=stop)


def test_reading_the_weights_can_be_cancelled(tmp_path):
    path = tmp_path / "model.keras"
    model = sequential()
    model.save(path)
    session = Session("cpu")
    session.open(path)
    array = np.ones((1, 12, 12, 3), np.float32)
    looks = 0

    def stop(_done: float, what: str) -> None:
        nonlocal looks
        looks += what == "Reading the weights"
        if looks > 3:
            raise Cancelled

    with pytest.raises(Cancelled):
        session.run(array, stop)
    session.run(array)
    found = session.value(session.graph.outputs[0])
    np.testing.assert_allclose(found, model.predict(array, verbose=0), atol=1e-6)
