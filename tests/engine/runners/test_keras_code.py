"""Keras models that only Python can make, judged by Keras itself: a plain call of the model."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path

import h5py
import keras
import numpy as np
import pytest
import torch
from keras.src.legacy.saving import legacy_h5_format

import netviz_desktop
from netviz_desktop.engine.session import Session

# Keras saves its variables through an __array__ of before numpy 2.
pytestmark = pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning")

CODE = '''
import keras
from keras import layers, ops


class Block(layers.Layer):
    """Layers, a weight of its own, and an addition that torch does in place."""

    def __init__(self, channels, **settings):
        super().__init__(**settings)
        self.conv = layers.Conv2D(channels, 3, padding="same", activation="relu")
        self.norm = layers.BatchNormalization()

    def build(self, shape):
        self.scale = self.add_weight(shape=(1,), initializer="ones", name="scale")
        self.conv.build(shape)
        self.norm.build(shape)

    def call(self, x, training=None):
        y = self.norm(self.conv(x), training=training)
        y += x
        return y * self.scale


@keras.saving.register_keras_serializable("tests")
class Net(keras.Model):
    def __init__(self, **settings):
        super().__init__(**settings)
        self.stem = keras.Sequential([layers.Conv2D(8, 3, padding="same"), layers.ReLU()])
        self.blocks = [Block(8), Block(8)]
        self.drop = layers.Dropout(0.3)
        self.attention = layers.MultiHeadAttention(2, 4)
        self.head = layers.Dense(5, activation="softmax")

    def call(self, x, training=None):
        x = self.stem(x)
        for block in self.blocks:
            x = block(x, training=training)
        tokens = ops.reshape(x, (-1, 144, 8))
        tokens = tokens + self.attention(tokens, tokens)
        return self.head(self.drop(ops.mean(tokens, axis=1)))


class Words(keras.Model):
    """Tokens in, a dictionary out."""

    def __init__(self):
        super().__init__()
        self.embedding = layers.Embedding(11, 8, mask_zero=True)
        self.recurrent = layers.Bidirectional(layers.LSTM(3))
        self.scores = layers.Dense(4)

    def call(self, tokens):
        found = self.recurrent(self.embedding(tokens))
        return {"scores": self.scores(found), "features": found}


class Pair(keras.Model):
    def __init__(self):
        super().__init__()
        self.left, self.right = layers.Dense(3), layers.Dense(3, use_bias=False)

    def call(self, inputs):
        return ops.softmax(self.left(inputs[0]) - self.right(inputs[1]))


def net():
    model = Net()
    model(keras.Input((12, 12, 3)))
    return model


def unbuilt():
    return Pooling()


def called():
    model = Pooling()
    model(keras.Input((12, 12, 3)))
    return model


class Pooling(keras.Model):
    def __init__(self):
        super().__init__()
        self.conv = layers.Conv2D(4, 3)
        self.head = layers.Dense(5)

    def call(self, image):
        return self.head(ops.max(self.conv(image), axis=(1, 2)))


def words():
    model = Words()
    model(keras.Input((7,), dtype="int32"))
    return model


def pair():
    model = Pair()
    model([keras.Input((4,)), keras.Input((2,))])
    return model


def functional():
    inner = keras.Input((12, 12, 4))
    block = keras.Model(inner, layers.Conv2D(4, 1, activation="relu", name="mix")(inner), name="b")
    given = keras.Input((12, 12, 3), name="given")
    x = layers.BatchNormalization(name="norm")(layers.Conv2D(4, 3, name="conv")(given))
    x = layers.ZeroPadding2D(1)(x)
    x = layers.Flatten()(Twice()(block(x)))
    return keras.Model(given, layers.Dense(5, activation="softmax", name="out")(x))


class Twice(layers.Layer):
    def call(self, x):
        return x * 2


def scaled():
    given = keras.Input((4,))
    return keras.Model(given, layers.Dense(3)(layers.Normalization(name="scale")(given)))


def others():
    given = keras.Input((12, 12, 3))
    x = layers.Flatten()(layers.Conv2D(6, 3, name="conv")(given))
    return keras.Model(given, layers.Dense(5)(x))


def no_model():
    return 7
'''


@pytest.fixture
def code(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[str], keras.Model]:
    """The functions of `own_code.py`; weights differ from each other, as after training."""
    (tmp_path / "own_code.py").write_text(CODE)

    def make(name: str) -> keras.Model:
        monkeypatch.syspath_prepend(tmp_path)
        import own_code

        keras.utils.set_random_seed(3)
        model = getattr(own_code, name)()
        generator = np.random.default_rng(3)
        for weight in model.weights:
            weight.assign(weight + generator.uniform(0, 0.1, weight.shape))
        monkeypatch.undo()
        del sys.modules["own_code"]
        return model

    return make


def opened(path: Path, function: str, folder: Path) -> Session:
    return netviz_desktop.open(path, model_code=f"{folder / 'own_code.py'}:{function}")


def image(*shape: int) -> np.ndarray:
    return np.random.default_rng(5).normal(size=(1, *shape)).astype(np.float32)


def close(one: np.ndarray, other: np.ndarray) -> None:
    np.testing.assert_allclose(one, other, rtol=1e-5, atol=1e-5 * max(1e-3, np.abs(other).max()))


def heard(
    score: Callable[[], torch.Tensor], layers: dict[str, keras.Layer]
) -> dict[str, torch.Tensor]:
    """Outputs of layers and their gradients, by torch's own hooks on a plain call."""
    found: dict[str, torch.Tensor] = {}

    def hear(name):
        def hook(_layer, _inputs, output):
            if output.requires_grad:
                output.retain_grad()
            found[name] = output

        return hook

    handles = [layer.register_forward_hook(hear(name)) for name, layer in layers.items()]
    try:
        score().backward()
    finally:
        for handle in handles:
            handle.remove()
    return found


def test_a_subclassed_model_runs_with_every_layer_a_node(code, tmp_path):
    model = code("net")
    model.save_weights(tmp_path / "net.weights.h5")
    session = opened(tmp_path / "net.weights.h5", "net", tmp_path)
    assert session.structure_only is None
    assert session.inputs[0].shape == (None, 12, 12, 3)
    given = image(12, 12, 3)
    session.run(given)
    assert [n.id for n in session.graph.nodes] == [n.id for n in session.graph_as_opened.nodes]
    close(session.value("output"), model(given).detach().numpy())
    node = session.graph.node("blocks/0/conv")
    assert (node.op_type, node.domain, node.scope) == ("Conv2D", "keras", ("blocks", "0"))
    assert node.attributes["kernel_size"] == [3, 3]
    assert [p.role for p in node.parameters] == ["kernel", "bias"]
    np.testing.assert_array_equal(
        session.weight(node.parameters[0].name), model.blocks[0].conv.kernel.numpy()
    )
    assert session.graph.node("blocks/0/mul").parameters[0].role == "scale"
    assert session.graph.modules["blocks.0"] == "Block"
    assert session.last.score_kind == "softmax"
    assert session.last.logits == "head"


def test_activations_and_gradients_are_those_that_torch_hears(code, tmp_path):
    model = code("net")
    model.save_weights(tmp_path / "net.weights.h5")
    session = opened(tmp_path / "net.weights.h5", "net", tmp_path)
    given = image(12, 12, 3)
    session.run(given)
    layers = {
        "stem/re_lu": model.stem.layers[1],
        "blocks/0/conv/activation": model.blocks[0].conv,
        "blocks/1/conv/activation": model.blocks[1].conv,
        "attention/query_dense": model.attention._query_dense,
        "attention/output_dense": model.attention._output_dense,
        "drop": model.drop,
        "head": model.head,
    }
    model.head.activation = None

    def score() -> torch.Tensor:
        return model(torch.from_numpy(given).requires_grad_(), training=False)[0, 2]

    for node, value in heard(score, layers).items():
        close(session.activation(node), value.detach().numpy())
        close(session.gradient(node, 2), value.grad.numpy())


def test_attention_shows_its_weights(code, tmp_path):
    model = code("net")
    model.save_weights(tmp_path / "net.weights.h5")
    session = opened(tmp_path / "net.weights.h5", "net", tmp_path)
    session.run(image(12, 12, 3))
    tokens = torch.from_numpy(session.activation("reshape"))
    _, scores = model.attention(tokens, tokens, return_attention_scores=True)
    close(session.activation("attention/softmax"), scores.detach().numpy())
    close(session.activation("attention/softmax").sum(-1), np.ones((1, 2, 144), np.float32))


def test_tokens_and_named_outputs(code, tmp_path):
    model = code("words")
    model.save_weights(tmp_path / "words.weights.h5")
    session = opened(tmp_path / "words.weights.h5", "words", tmp_path)
    assert session.structure_only is None
    assert (session.inputs[0].name, session.inputs[0].dtype) == ("tokens", "int32")
    tokens = np.array([[3, 1, 4, 1, 5, 0, 0]], np.int32)
    session.run(tokens)
    expected = model(tokens)
    for name in ("scores", "features"):
        close(session.value(name), expected[name].detach().numpy())
    assert session.gradient("embedding", 1).any()
    assert {"recurrent/forward_layer", "recurrent/backward_layer"} <= {
        node.id for node in session.graph.nodes
    }


def test_several_inputs_in_a_list(code, tmp_path):
    model = code("pair")
    model.save_weights(tmp_path / "pair.weights.h5")
    session = opened(tmp_path / "pair.weights.h5", "pair", tmp_path)
    assert [value.name for value in session.inputs] == ["inputs.0", "inputs.1"]
    left, right = image(4), image(2)
    session.run({"inputs.0": left, "inputs.1": right})
    close(session.value("output"), model([left, right]).detach().numpy())


def test_a_model_that_nobody_called_is_built_for_images(code, tmp_path):
    model = code("called")
    model.save_weights(tmp_path / "net.weights.h5")
    session = opened(tmp_path / "net.weights.h5", "unbuilt", tmp_path)
    assert session.structure_only is None
    session.run(image(12, 12, 3))
    close(session.value("output"), model(image(12, 12, 3)).detach().numpy())


def test_a_model_whose_input_nothing_tells_asks_for_it(code, tmp_path):
    code("net").save_weights(tmp_path / "net.weights.h5")
    session = opened(tmp_path / "net.weights.h5", "Net", tmp_path)
    assert session.structure_only is not None
    assert "input's shape is not known" in session.structure_only.what
    assert "keras.Input" in session.structure_only.remedy


@pytest.mark.parametrize("legacy", [False, True])
def test_a_functional_model_is_drawn_as_its_file_would_be(code, legacy, tmp_path):
    model = code("functional")
    path = tmp_path / "net.weights.h5"
    if legacy:
        with h5py.File(path, "w") as file:
            legacy_h5_format.save_weights_to_hdf5_group(file, model)
    else:
        model.save_weights(path)
    session = opened(path, "functional", tmp_path)
    assert session.structure_only is None
    given = image(12, 12, 3)
    session.run(given)
    assert session.graph.inputs == ("given",)
    close(session.activation("out/activation"), model(given).detach().numpy())
    norm = keras.Model(model.input, model.get_layer("norm").output)
    close(session.activation("norm"), norm(given).detach().numpy())
    assert session.graph.node("b/mix").scope == ("b",)
    kernel = session.graph.node("out").parameters[0]
    assert kernel.role == "kernel"
    np.testing.assert_array_equal(
        session.weight(kernel.name), model.get_layer("out").kernel.numpy()
    )


def test_a_layer_that_prepares_itself_from_its_weights_does_so(code, tmp_path):
    model = code("scaled")
    model.get_layer("scale").adapt(image(4).repeat(9, 0) * np.arange(9, dtype=np.float32)[:, None])
    model.save_weights(tmp_path / "net.weights.h5")
    session = opened(tmp_path / "net.weights.h5", "scaled", tmp_path)
    session.run(image(4))
    close(session.value(session.graph.outputs[0]), model(image(4)).detach().numpy())


@pytest.mark.parametrize("legacy", [False, True])
def test_weights_of_another_model_name_the_first_that_differs(code, legacy, tmp_path):
    model = code("functional")
    path = tmp_path / "net.weights.h5"
    if legacy:
        with h5py.File(path, "w") as file:
            legacy_h5_format.save_weights_to_hdf5_group(file, model)
    else:
        model.save_weights(path)
    session = opened(path, "others", tmp_path)
    assert session.structure_only is not None
    assert "conv/kernel is (3, 3, 3, 6)" in session.structure_only.what
    assert "(3, 3, 3, 4)" in session.structure_only.what
    assert any(node.parameters for node in session.graph.nodes)


def test_weights_that_the_model_has_no_place_for_are_no_fit(code, tmp_path):
    code("net").save_weights(tmp_path / "net.weights.h5")
    with h5py.File(tmp_path / "net.weights.h5", "a") as file:
        file["tail/vars/0"] = np.zeros(3)
    session = opened(tmp_path / "net.weights.h5", "net", tmp_path)
    assert session.structure_only is not None
    assert "no place for tail/vars/0 (3,)" in session.structure_only.what


def test_a_function_that_gives_no_model_says_so(code, tmp_path):
    code("net").save_weights(tmp_path / "net.weights.h5")
    session = opened(tmp_path / "net.weights.h5", "no_model", tmp_path)
    assert session.structure_only is not None
    assert "int, not a keras.Model" in session.structure_only.what


def test_a_file_of_the_persons_own_class_runs_with_trust_or_code(code, tmp_path):
    model = code("net")
    path = tmp_path / "net.keras"
    model.save(path)
    given = image(12, 12, 3)
    expected = model(given).detach().numpy()
    untouched = netviz_desktop.open(path)
    assert untouched.structure_only is not None
    assert untouched.opened.can_be_trusted
    assert "own_code" not in sys.modules
    for session in (netviz_desktop.open(path, trust=True), opened(path, "net", tmp_path)):
        assert session.structure_only is None
        session.run(given)
        close(session.value("output"), expected)


def test_running_leaves_the_model_as_it_was(code, tmp_path):
    code("net").save_weights(tmp_path / "net.weights.h5")
    session = opened(tmp_path / "net.weights.h5", "net", tmp_path)
    given = image(12, 12, 3)
    first = session.run(given)
    model = session._model.runner._model  # what no other way shows
    before = [set(vars(layer)) for layer in model._flatten_layers()]
    weights = [variable.numpy().copy() for variable in model.variables]
    again = session.run(given)
    again.gradients(1)
    assert before == [set(vars(layer)) for layer in model._flatten_layers()]
    for variable, array in zip(model.variables, weights, strict=True):
        np.testing.assert_array_equal(variable.numpy(), array)
    for name, recorded in first.values.items():
        torch.testing.assert_close(again.value(name), recorded.tensor, rtol=0, atol=0)
