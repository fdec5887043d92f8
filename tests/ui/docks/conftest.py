from __future__ import annotations

import numpy as np
import pytest
from PySide6.QtCore import QEvent, QPointF, Qt
from PySide6.QtGui import QMouseEvent
from PySide6.QtWidgets import QApplication

from netviz_desktop.graph import ModelGraph, Node, Parameter, Value
from netviz_desktop.link import messages
from netviz_desktop.link.messages import (
    Maps,
    MethodInfo,
    MethodParameter,
    ModelOpened,
    Prediction,
    Preprocessing,
    RunFinished,
    Statistics,
)


def _statistics_of(values):
    finite = values[np.isfinite(values)]
    some = finite if finite.size else np.full(1, np.nan)
    low, high = float(some.min()), float(some.max())
    counts = np.histogram(finite, 8)[0] if finite.size else np.zeros(0)
    return Statistics(
        count=values.size,
        minimum=low,
        maximum=high,
        mean=float(some.mean()),
        std=float(some.std()),
        zeros=float((values == 0).mean()),
        nan_count=int(np.isnan(values).sum()),
        inf_count=int(np.isinf(values).sum()),
        counts=counts,
    )


@pytest.fixture
def statistics_of():
    """Makes the `Statistics` of an array, with eight bins."""
    return _statistics_of


@pytest.fixture
def maps_of():
    """Makes the `Maps` of a tensor (N, C, H, W), (N, D) or of a number, which is not averaged."""

    def make(node, tensor, *, axes="", state="", averaged=False):
        tensor = np.asarray(tensor, np.float32)
        pictures = {
            4: lambda: tensor[0],
            2: lambda: tensor[:1, None],
            0: lambda: tensor[None, None, None],
        }
        stack = pictures[tensor.ndim]()
        axes = axes or {4: "channels", 2: "vector", 0: "scalar"}[tensor.ndim]
        size = stack.shape[1:]
        flat = stack.reshape(len(stack), -1)
        finite = np.where(np.isfinite(flat), flat, np.nan)
        if averaged:
            stack = stack.reshape(len(stack), size[0] // 2, 2, size[1] // 2, 2).mean((2, 4))
        return Maps(
            node=node,
            output=0,
            value=f"{node}_out",
            shape=tensor.shape,
            dtype="float32",
            axes=axes,
            thumbnails=stack,
            size=size,
            minimum=flat.min(1),
            maximum=flat.max(1),
            mean=finite.mean(1),
            std=finite.std(1),
            zeros=(flat == 0).mean(1),
            statistics=_statistics_of(tensor),
            state=state,
        )

    return make


def _graph():
    weight = Parameter("conv.weight", (4, 3, 3, 3), "float32", "weight")
    bias = Parameter("conv.bias", (4,), "float32", "bias")
    nodes = (
        Node(
            "conv",
            "Conv",
            "ai.onnx",
            "<b>conv</b>",
            ("features", "0"),
            ("image", "conv.weight", "conv.bias"),
            ("a",),
            {"strides": [2, 2], "alpha": -0.5, "auto_pad": "NOTSET"},
            (weight, bias),
            note="A note & more.",
        ),
        Node("relu", "Relu", "ai.onnx", "relu", (), ("a",), ("b",)),
        Node("split", "Split", "ai.onnx", "split", (), ("b",), ("c", "d")),
        Node("head", "Gemm", "ai.onnx", "head", (), ("c",), ("scores",)),
    )
    shapes = {
        "image": ("N", 3, 8, 8),
        "a": (1, 4, 4, 4),
        "b": (1, 4, 4, 4),
        "c": (1, 2, 4, 4),
        "d": (1, 2, 4, 4),
        "scores": (1, 5),
    }
    values = {name: Value(name, shape, "float32") for name, shape in shapes.items()}
    return ModelGraph(
        "ONNX", "tiny", ("image",), ("scores",), nodes, values, {"producer": "a test"}
    )


@pytest.fixture
def model():
    return ModelOpened(
        "/models/tiny.onnx",
        4_900_000,
        _graph(),
        preprocessing=Preprocessing(8, 8, resize=10, reason="It is so in this test."),
        labels=("ant", "bee", "cat", "dog", "eel"),
    )


@pytest.fixture
def run():
    picture = np.random.default_rng(0).integers(0, 255, (10, 16, 3), np.uint8)
    return RunFinished(
        picture=picture,
        crop=(3, 0, 10, 10),
        seen=np.full((8, 8, 3), 100, np.uint8),
        predictions=(
            Prediction(2, "cat", 5.25, 0.75),
            Prediction(0, "ant", -1.5, 0.25),
        ),
        score_kind="softmax",
        graph=None,
        shapes={"a": (1, 4, 4, 4), "b": (1, 4, 4, 4), "scores": (1, 5)},
        dtypes={"a": "float32", "b": "float32", "scores": "float32"},
        milliseconds={"conv": 1.25, "relu": 0.25},
        total_milliseconds=5.0,
        default_node="relu",
        default_reason="relu is the last one with height and width.",
    )


METHODS = (
    MethodInfo(
        "grad-cam",
        "Grad-CAM",
        of_layer=True,
        source="Selvaraju et al. 2017",
        help="Where features speak for a class.",
    ),
    MethodInfo(
        "saliency",
        "Saliency",
        of_layer=False,
        source="Simonyan et al. 2013",
        help="The gradient.",
    ),
    MethodInfo(
        "occlusion",
        "Occlusion",
        of_layer=False,
        source="Zeiler & Fergus 2014",
        help="What is lost when a part is covered.",
        parameters=(
            MethodParameter("window", 15, "Side of the square.", minimum=1, maximum=100),
            MethodParameter("baseline", 0.5, "What covers."),
            MethodParameter("normalise", default=True, help="Divide by how often."),
            MethodParameter("fill", "mean", "With what.", choices=("mean", "blur")),
        ),
    ),
)


@pytest.fixture
def engine(engine):
    """The fake engine, which knows three methods."""
    engine._greeted(messages.Hello("0", "none", "cpu", (), METHODS))
    return engine


@pytest.fixture
def show(qtbot, engine, selection):
    """Makes a dock of a kind and shows it."""

    def make(kind):
        dock = kind(engine, selection)
        qtbot.addWidget(dock)
        dock.resize(360, 480)
        with qtbot.waitExposed(dock):
            dock.show()
        qtbot.waitUntil(lambda: not dock.is_stale)
        return dock

    return make


@pytest.fixture
def hover():
    """Moves the mouse over a widget."""

    def move(widget, x, y):
        at = QPointF(x, y)
        none = Qt.MouseButton.NoButton
        event = QMouseEvent(
            QEvent.Type.MouseMove,
            at,
            widget.mapToGlobal(at),
            none,
            none,
            Qt.KeyboardModifier.NoModifier,
        )
        QApplication.sendEvent(widget, event)

    return move
