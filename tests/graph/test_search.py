from __future__ import annotations

import pytest

from netviz_desktop.graph import ModelGraph, Node, Parameter, Value
from netviz_desktop.graph.search import Reason, SearchIndex, type_search, words
from netviz_desktop.problems import Problem


@pytest.fixture
def graph():
    conv = Node(
        "body/conv", "Conv", "ai.onnx", "body/conv", ("body", "layer3"), ("image", "w", "b"),
        ("c",), {"strides": [2, 2], "auto_pad": "SAME_UPPER", "group": 1},
        (
            Parameter("w", (64, 3, 7, 7), "float16", "weight"),
            Parameter("conv.bias", (64,), "bfloat16", "bias"),
        ),
    )  # fmt: skip
    pool = Node(
        "pool", "AveragePool", "ai.onnx", "", ("body",), ("c",), ("p",), {"kernel_shape": [20]}
    )
    head = Node("head", "Conv Transpose", "", "the Head", (), ("p",), ("scores",))
    values = {
        "c": Value("c", ("batch", 64, 112, 112), "float16"),
        "p": Value("p", (1, 640, None, 7), "float32"),
        "scores": Value("scores"),
    }
    return ModelGraph("ONNX", "g", ("image",), ("scores",), (conv, pool, head), values)


@pytest.fixture
def found(graph):
    index = SearchIndex(graph)
    return lambda text, **how: index.find(words(text, **how))


@pytest.mark.parametrize(
    ("text", "ids"),
    [
        ("CONV", ["body/conv", "head"]),
        ("conv stride", ["body/conv"]),
        ("conv nothing", []),
        ("  ", []),
        ("the head", ["head"]),
        ("image", ["body/conv"]),
        ("op:conv", ["body/conv", "head"]),
        ('op:"conv"', ["body/conv"]),
        ('"the head"', ["head"]),
        ("scope:layer3", ["body/conv"]),
        ("scope:body op:pool", ["pool"]),
        ("name:conv", ["body/conv"]),
        ("weight:bias", ["body/conv"]),
        ("value:scores", ["head"]),
        ("attr:stride=2", ["body/conv"]),
        ("attr:kernel=2", []),
        ("attr:kernel_shape=20", ["pool"]),
        ("attr:auto_pad=same", ["body/conv"]),
        ("shape:64", ["body/conv"]),
        ("shape:112x112", ["body/conv"]),
        ("shape:112×112", ["body/conv"]),
        ("shape:batch", ["body/conv"]),
        ("shape:640,?,7", ["pool"]),
        ("dtype:float16", ["body/conv"]),
        ("dtype:bfloat", ["body/conv"]),
        ("dtype:float", ["body/conv", "pool"]),
        ("aten::conv", []),
    ],
)
def test_every_word_is_found_in_its_field_or_anywhere(found, text, ids):
    assert found(text) == ids


@pytest.mark.parametrize(
    ("text", "ids"),
    [
        ("^conv$", ["body/conv"]),
        ("op:^conv", ["body/conv", "head"]),
        (r"attr:strides=(\d),\1", ["body/conv"]),
        (r"shape:^\d+×640", ["pool"]),
        (r"the\shead", ["head"]),
    ],
)
def test_words_may_be_regular_expressions(found, text, ids):
    assert found(text, regular=True) == ids


@pytest.mark.parametrize("text", ["(", "[a", "a{2,1}", "*"])
def test_what_is_no_regular_expression_is_a_problem(text):
    with pytest.raises(Problem, match="no regular expression"):
        words(text, regular=True)


def test_where_a_word_was_found_is_said(graph):
    index = SearchIndex(graph)

    assert index.reason("body/conv", words("conv 112")) == Reason("shape", "batch×64×112×112")
    assert index.reason("body/conv", words("strides=2")) == Reason("attr", "strides=2,2")
    assert index.reason("head", words("TRANSPOSE")) == Reason("op", "Conv Transpose")


def test_shapes_of_a_run_stand_in_place_of_the_graphs(graph):
    index = SearchIndex(graph, {"p": (1, 12, 8, 8), "scores": (1, 1000)})

    assert index.find(words("shape:640")) == []
    assert index.find(words("shape:1000")) == ["head"]


def test_all_of_a_type_are_no_others(found):
    assert found(type_search("Conv")) == ["body/conv"]
    assert found(type_search("Conv Transpose")) == ["head"]


def test_it_can_be_made_ready_before_it_is_asked(graph):
    index = SearchIndex(graph)
    for _ in index.prepare():
        pass

    assert index.find(words("pool")) == ["pool"]


def test_a_regular_expression_that_goes_astray_is_given_up():
    node = Node("a" * 60, "Op", "", "", (), (), ())
    index = SearchIndex(ModelGraph("ONNX", "g", (), (), (node,), {}))

    with pytest.raises(Problem, match="takes too long"):
        index.find(words(r"^(a|aa)+$x", regular=True))
