from __future__ import annotations

import dataclasses
import random
from typing import Any

import msgspec
import numpy as np
import pytest

from netviz_desktop.graph import ModelGraph, Node, Parameter, Value
from netviz_desktop.layout import Box, Edge, PlacedBox, PlacedEdge, Placement
from netviz_desktop.link import frames, messages
from netviz_desktop.link.messages import Message

GRAPH = ModelGraph(
    "ONNX",
    "net",
    ("x",),
    ("y",),
    (
        Node(
            "conv",
            "Conv",
            "ai.onnx",
            "",
            ("features", "0"),
            ("x", "w", ""),
            ("y",),
            {"pads": [1, 1, 1, 1], "auto_pad": "NOTSET", "alpha": 0.5, "more": {"a": None}},
            (Parameter("w", (8, 3, 3, 3), "float32", "W"),),
            "A sentence.",
            "torch",
            "Another sentence.",
            "net.py:31 in forward",
            ("conv › body",),
        ),
    ),
    {"x": Value("x", ("batch", 3, None, 224), "float32"), "y": Value("y")},
    {"producer": "pytorch"},
)
STATISTICS = messages.Statistics(8, -1.0, 2.5, 0.25, 1.0, 0.5, 1, 2, np.arange(64))
HOW = messages.Preprocessing(224, 192, resize=None, reason="Because.")
FLOATS = np.random.default_rng(0).normal(size=(4, 3, 2)).astype(np.float32)

EXAMPLES: list[Message] = [
    messages.Cancel(),
    messages.Progress(-1, "Running conv"),
    messages.Failed("It cannot be.", "Do that.", "/features/Conv", ("a.onnx", "b.onnx")),
    messages.Crashed("KeyError: 'x'", "Traceback ...\n"),
    messages.Stopped(),
    messages.Hello(
        "0.1.0",
        "2.13.0+cpu",
        "cpu",
        (messages.FormatInfo("onnx", "ONNX", (".onnx",)),),
        (
            messages.MethodInfo(
                "grad-cam",
                "Grad-CAM",
                True,
                "Selvaraju",
                "Where.",
                tuple(messages.MethodParameter("p", v, "") for v in (True, 3, 0.5, "word")),
            ),
        ),
    ),
    messages.ModelOpened(
        "/a/b.onnx", 123, GRAPH, ("No.", "Yes."), True, True, "/features/Conv", "timm: a",
        ("timm: a", "timm: b"), HOW, ("cat", "dog"),
    ),
    messages.OpenModel("C:\\ö.onnx", True, "file.py:make", None, "timm: a", "inside/b.onnx"),
    messages.RunFinished(
        np.zeros((5, 4, 3), np.uint8),
        (0.5, 1, 2, 3),
        np.full((2, 2, 3), 255, np.uint8),
        (messages.Prediction(1, "dog", 2.5, 0.75),),
        "softmax",
        GRAPH,
        {"x": (1, 3, 8, 8), "y": ()},
        {"x": "float32"},
        {"conv": 0.25},
        0.25,
        None,
        "None.",
        1 << 40,
        ("It stopped.", "Look there."),
        "conv",
    ),
    messages.RunImage(b"\x00\xff" * 100, "cat.png", HOW, 1 << 40),
    messages.RunTensors({"x": FLOATS, "rate": np.array(16000)}, 1 << 40),
    messages.Maps(
        "conv", 0, "y", (1, 4, 3, 2), "float32", "channels", FLOATS, (3, 2),
        FLOATS.min((1, 2)), FLOATS.max((1, 2)), STATISTICS, "A sentence.",
    ),
    messages.ActivationOf("conv", 1),
    messages.GradientOf("conv", 3),
    messages.GradientStates("conv", ("", "A sentence.")),
    messages.GradientStatesOf("conv", 3),
    messages.Channel(2, FLOATS[2]),
    messages.ChannelOf("conv", 2, gradient=True, target=7),
    messages.NodeValues(("conv", "relu"), np.array([0.5, 2.0])),
    messages.OverlayOf("time", 3),
    messages.TensorPart("y", (1, 4, 3, 2), "float32", FLOATS[0], (3, 2), STATISTICS),
    messages.TensorPartOf("y", (0, 1), statistics=False),
    messages.Numbers(FLOATS[0, 0], (1, 4, 3, 2)),
    messages.NumbersOf("y", 0, 2),
    messages.Weights(
        "conv",
        (
            messages.WeightView(
                "w", "W", (4, 1, 3, 2), "float32", "kernels", FLOATS, False, STATISTICS, 0, 1
            ),
            messages.WeightView("b", "", (0,), "float32", "", FLOATS[:0], False, None),
        ),
    ),
    messages.WeightsOf("conv", 1),
    messages.Diagnosis(("conv",), ("sparsity",), np.array([[0.5]]), "None."),
    messages.DiagnosisOf(3),
    messages.Body(GRAPH),
    messages.BodyOf("conv › body"),
    messages.Attribution("grad-cam", "conv", 1, "dog", FLOATS[0], FLOATS[1], "By fields.", ""),
    messages.Explain("grad-cam", None, 1, {"n": 3, "x": 0.5, "on": True, "name": "a"}),
    messages.Placed(
        Placement(
            10,
            20.5,
            (PlacedBox("conv", 1, 2),),
            (PlacedEdge("e", (0.0, 1, 2, 3, 4, 5, 6, 7), 3.5, None),),
        )
    ),
    messages.LayOut((Box("conv", 10, 20),), (Edge("e", "conv", "conv", 5, 6),), True),
]  # fmt: skip


def stream(*said: Message) -> bytes:
    pieces = [piece for n, message in enumerate(said) for piece in frames.encode(n, message)]
    return b"".join(bytes(piece) for piece in pieces)


def plain(thing: Any) -> Any:
    """Arrays as lists beside their dtype, so that two messages can be compared."""
    if isinstance(thing, np.ndarray):
        return [thing.dtype.str, thing.shape, thing.tolist()]
    if dataclasses.is_dataclass(thing):
        return {f.name: plain(getattr(thing, f.name)) for f in dataclasses.fields(thing)}
    if isinstance(thing, (tuple, list)):
        return [plain(item) for item in thing]
    if isinstance(thing, dict):
        return {key: plain(value) for key, value in thing.items()}
    return thing


def test_there_is_an_example_of_every_message() -> None:
    assert {type(message).__name__ for message in EXAMPLES} == set(messages.KINDS)


def test_every_request_names_the_type_of_its_answer() -> None:
    for kind in messages.KINDS.values():
        if issubclass(kind, messages.Request):
            assert messages.KINDS[kind.Answer.__name__] is kind.Answer


@pytest.mark.parametrize("message", EXAMPLES, ids=lambda message: type(message).__name__)
def test_what_is_said_arrives_as_it_was(message: Message) -> None:
    (frame,) = frames.Decoder().feed(b"".join(bytes(p) for p in frames.encode(7, message)))
    assert frame.call == 7
    assert type(frame.message) is type(message)
    assert plain(frame.message) == plain(message)


def test_a_stream_may_be_cut_at_every_byte() -> None:
    whole = stream(*EXAMPLES)
    expected = [plain(message) for message in EXAMPLES]
    for cut in range(1, len(whole)):
        decoder = frames.Decoder()
        found = [*decoder.feed(whole[:cut]), *decoder.feed(whole[cut:])]
        assert [frame.call for frame in found] == list(range(len(EXAMPLES)))
    assert [plain(frame.message) for frame in found] == expected


def test_a_stream_may_come_in_pieces_of_any_size() -> None:
    whole = stream(*EXAMPLES, *EXAMPLES)
    choose = random.Random(0)
    decoder, found, at = frames.Decoder(), [], 0
    while at < len(whole):
        size = choose.randint(1, 400)
        found += [plain(frame.message) for frame in decoder.feed(whole[at : at + size])]
        at += size
    assert found == [plain(message) for message in (*EXAMPLES, *EXAMPLES)]


@pytest.mark.parametrize(
    "array",
    [
        np.zeros((0, 4), np.float32),
        np.arange(24, dtype=np.int64).reshape(2, 3, 4)[:, ::2, ::-1],
        np.array([np.nan, np.inf, -0.0]),
        np.array([[True, False]]),
        np.asfortranarray(np.arange(6, dtype=np.uint16).reshape(2, 3)),
    ],
)
def test_arrays_keep_dtype_shape_and_every_bit(array: Any) -> None:
    (frame,) = frames.Decoder().feed(stream(messages.Channel(0, array)))
    assert isinstance(frame.message, messages.Channel)
    found = frame.message.values
    assert found.dtype == array.dtype
    assert found.shape == array.shape
    assert found.tobytes() == array.tobytes()


def test_a_graph_of_thousands_of_nodes_arrives() -> None:
    nodes = tuple(
        dataclasses.replace(GRAPH.nodes[0], id=f"conv_{n}", outputs=(f"y{n}",)) for n in range(3000)
    )
    opened = messages.ModelOpened("x", 1, dataclasses.replace(GRAPH, nodes=nodes))
    (frame,) = frames.Decoder().feed(stream(opened))
    assert isinstance(frame.message, messages.ModelOpened)
    assert frame.message.graph == opened.graph


def test_arrays_are_not_copied_into_the_frame() -> None:
    array = np.zeros(1000, np.float32)
    pieces = frames.encode(1, messages.Channel(0, array))
    array[:] = 1
    assert np.frombuffer(pieces[-1], np.float32).all()


def test_a_number_of_numpy_is_refused_where_a_plain_one_belongs() -> None:
    with pytest.raises(TypeError, match="float32"):
        frames.encode(1, messages.Progress(np.float32(0.5), ""))  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "rubbish", [b"Hello, world! This was printed.\n", b"NVF1" + b"\xff" * 12, b"\x00" * 16]
)
def test_what_is_no_frame_breaks_the_link(rubbish: bytes) -> None:
    decoder = frames.Decoder()
    with pytest.raises(frames.BrokenLink):
        list(decoder.feed(stream(messages.Cancel()) + rubbish))


def test_a_message_of_an_unknown_kind_breaks_the_link() -> None:
    with pytest.raises(frames.BrokenLink):
        list(frames.Decoder().feed(stream(messages.Stopped()).replace(b"Stopped", b"Stepped")))


def test_a_message_of_the_wrong_types_is_no_message() -> None:
    with pytest.raises(msgspec.MsgspecError):
        list(frames.Decoder().feed(stream(messages.Failed(1, "two"))))  # type: ignore[arg-type]
