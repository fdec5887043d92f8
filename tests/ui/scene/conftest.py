"""A view on a small network, laid out at once by the real layout."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest
from PySide6.QtWidgets import QApplication

from netviz_desktop.graph import ModelGraph, Node, Parameter, Value
from netviz_desktop.layout import place
from netviz_desktop.link.messages import LayOut, ModelOpened, Placed
from netviz_desktop.ui import theme
from netviz_desktop.ui.scene import GraphView

Open = Callable[[ModelGraph], GraphView]


@pytest.fixture
def graph() -> ModelGraph:
    """conv → relu, added to the conv's own output, → fc."""
    weight = Parameter("conv.weight", (8, 3, 3, 3), "float32", "weight")
    return ModelGraph(
        format="ONNX",
        name="small",
        inputs=("image",),
        outputs=("scores",),
        nodes=(
            Node(
                "conv", "Conv", "ai.onnx", "body/conv", (), ("image", "conv.weight"), ("c",),
                {"strides": [2, 2], "pads": [1, 1, 1, 1], "auto_pad": "NOTSET"}, (weight,),
            ),
            Node("relu", "Relu", "ai.onnx", "body/relu", (), ("c",), ("r",)),
            Node("add", "Add", "ai.onnx", "body/add", (), ("c", "r"), ("a",)),
            Node("fc", "Gemm", "ai.onnx", "head/fc", (), ("a",), ("scores",)),
        ),
        values={
            "image": Value("image", ("N", 3, 32, 32), "float32"),
            "c": Value("c", (1, 8, 16, 16), "float32"),
            "r": Value("r", (1, 8, None, 16), "float32"),
            "conv.weight": Value("conv.weight", (8, 3, 3, 3), "float32"),
        },
    )  # fmt: skip


@pytest.fixture
def view(qtbot, engine, selection) -> GraphView:
    view = GraphView(engine, selection)
    qtbot.addWidget(view)
    view.resize(800, 600)
    with qtbot.waitExposed(view):
        view.show()
    return view


@pytest.fixture
def lay_out(engine) -> Callable[[], None]:
    """Answers the last question for a layout."""

    def answer() -> None:
        request = engine.requests(LayOut)[-1]
        placement = place(
            request.boxes, request.edges, request.frames, left_to_right=request.left_to_right
        )
        engine.answer(LayOut, Placed(placement))

    return answer


@pytest.fixture
def open_graph(view, selection, lay_out) -> Open:
    def open_it(graph: ModelGraph) -> GraphView:
        selection.set_model(ModelOpened("small.onnx", 100, graph))
        lay_out()
        return view

    return open_it


@pytest.fixture
def themes(qapp: QApplication) -> Iterator[Callable[[str], None]]:
    """Makes the application light or dark; afterwards it is as it was."""
    palette, sheet = qapp.palette(), qapp.styleSheet()
    yield theme.apply
    qapp.setStyleSheet(sheet)
    qapp.setPalette(palette)
