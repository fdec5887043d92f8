"""The engine as the window starts it: another process, at the end of two pipes."""

from __future__ import annotations

import itertools
import os
import queue
import signal
import subprocess
import sys
import threading
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TypeVar

import numpy as np
import onnxruntime
import pytest
import torch

from netviz_desktop import resource
from netviz_desktop.engine import server
from netviz_desktop.layout import Box, Edge
from netviz_desktop.link import frames, messages
from netviz_desktop.link.messages import Message, Request
from netviz_desktop.problems import Cancelled, Problem

MessageT = TypeVar("MessageT", bound=Message)
PATIENCE_SECONDS = 60


class Engine:
    """Starts one and talks to it; `received` keeps all that came."""

    def __init__(self) -> None:
        self.process = subprocess.Popen(
            [sys.executable, "-P", "-m", "netviz_desktop", "--engine"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            env=os.environ | {"PYTHONPATH": str(Path(__file__).parents[2])},
        )
        self.arrived: queue.Queue[frames.Frame | None] = queue.Queue()
        self.progress: list[frames.Frame] = []
        self.numbers = itertools.count(1)
        self.reader = threading.Thread(target=self._read, daemon=True)
        self.reader.start()

    def _read(self) -> None:
        decoder = frames.Decoder()
        assert self.process.stdout is not None
        while data := os.read(self.process.stdout.fileno(), 1 << 20):
            for frame in decoder.feed(data):
                self.arrived.put(frame)
        self.arrived.put(None)

    def send(self, message: Message, number: int | None = None) -> int:
        number = next(self.numbers) if number is None else number
        assert self.process.stdin is not None
        for piece in frames.encode(number, message):
            self.process.stdin.write(piece)
        self.process.stdin.flush()
        return number

    def next_ending(self) -> frames.Frame:
        while True:
            frame = self.arrived.get(timeout=PATIENCE_SECONDS)
            assert frame is not None, self.said()
            if not isinstance(frame.message, messages.Progress):
                return frame
            self.progress.append(frame)

    def ask(self, request: Request[MessageT]) -> MessageT:
        found = self.end_of(request)
        assert type(found) is request.Answer, found
        return found

    def end_of(self, request: Request[MessageT]) -> Message:
        number = self.send(request)
        frame = self.next_ending()
        assert frame.call == number
        return frame.message

    def said(self) -> str:
        self.process.wait(PATIENCE_SECONDS)
        assert self.process.stderr is not None
        return self.process.stderr.read().decode()

    def end(self) -> int:
        assert self.process.stdin is not None
        self.process.stdin.close()
        code = self.process.wait(PATIENCE_SECONDS)
        self.reader.join(PATIENCE_SECONDS)
        for stream in (self.process.stdout, self.process.stderr):
            assert stream is not None
            stream.close()
        return code


@pytest.fixture(scope="module")
def engine() -> Iterator[Engine]:
    engine = Engine()
    hello = engine.next_ending()
    assert isinstance(hello.message, messages.Hello)
    yield engine
    assert engine.end() == 0


@pytest.fixture
def demo(engine: Engine) -> messages.RunFinished:
    engine.ask(messages.OpenModel(str(resource.path(resource.DEMO_MODEL))))
    image = resource.path(resource.DEMO_IMAGE)
    return engine.ask(messages.RunImage(image.read_bytes(), image.name))


def test_its_first_word_says_what_it_can_do() -> None:
    engine = Engine()
    frame = engine.next_ending()
    hello = frame.message
    assert isinstance(hello, messages.Hello)
    assert frame.call == 0
    assert ".onnx" in {suffix for known in hello.formats for suffix in known.suffixes}
    assert hello.methods[0].id == "grad-cam"
    assert type(hello.torch_version) is str
    assert engine.end() == 0


def test_the_demo_opens_and_runs_and_can_be_looked_into(
    engine: Engine, demo: messages.RunFinished
) -> None:
    session = onnxruntime.InferenceSession(resource.path(resource.DEMO_MODEL))
    mean, std = np.array([0.485, 0.456, 0.406]), np.array([0.229, 0.224, 0.225])
    tensor = ((demo.seen / 255 - mean) / std).transpose(2, 0, 1)[None].astype(np.float32)
    (scores,) = session.run(None, {session.get_inputs()[0].name: tensor})
    assert demo.predictions[0].target == scores[0].argmax()
    assert demo.predictions[0].logit == pytest.approx(float(scores[0].max()), rel=1e-4)

    node = demo.default_node
    assert node is not None
    maps = engine.ask(messages.ActivationOf(node))
    assert (maps.axes, maps.size, maps.thumbnails.shape) == ("channels", (13, 13), (512, 13, 13))
    channel = engine.ask(messages.ChannelOf(node, 7))
    assert np.array_equal(channel.values, maps.thumbnails[7])
    over = engine.ask(messages.ChannelOf(node, 7, placed=True))
    assert over.placed is not None
    assert over.placed.shape == demo.seen.shape[:2]
    rows, columns = ((axis.start + np.arange(13) * axis.jump) for axis in maps.looks_at)
    on_a_pixel = np.ix_(rows.astype(int), columns.astype(int))
    assert not (rows % 1).any()
    assert np.allclose(over.placed[on_a_pixel], channel.values, atol=1e-5)
    gradient = engine.ask(messages.GradientOf(node))
    assert gradient.thumbnails.shape == maps.thumbnails.shape
    assert gradient.thumbnails.any()
    same = engine.ask(messages.ChannelOf(node, 7, gradient=True))
    assert np.allclose(same.values, gradient.thumbnails[7], atol=1e-7)

    explained = engine.ask(messages.Explain("grad-cam"))
    assert (explained.node, explained.target) == (node, demo.predictions[0].target)
    weight = gradient.thumbnails.mean((1, 2), keepdims=True)
    assert np.allclose(explained.raw, (weight * maps.thumbnails).sum(0), atol=1e-4)
    assert explained.placed.shape == demo.seen.shape[:2]


def test_weights_need_no_run(engine: Engine) -> None:
    opened = engine.ask(messages.OpenModel(str(resource.path(resource.DEMO_MODEL))))
    first = opened.graph.nodes[0]
    found = engine.ask(messages.WeightsOf(first.id))
    assert [view.axes for view in found.weights] == ["rgb kernels", "vector"]
    assert opened.preprocessing is not None
    assert len(opened.labels) == 1000


def test_a_node_or_picture_that_is_not_there_is_a_problem(
    engine: Engine, demo: messages.RunFinished
) -> None:
    node = demo.default_node
    assert node is not None
    for request in (
        messages.ActivationOf("nowhere"),
        messages.ActivationOf(node, 3),
        messages.GradientOf(node, 12345),
        messages.ChannelOf(node, 9999),
        messages.WeightsOf("nowhere"),
        messages.Explain("no-cam"),
        messages.Explain("grad-cam", node, 1, {"no": 1}),
    ):
        ending = engine.end_of(request)
        assert isinstance(ending, messages.Failed), request
        assert ending.what
        assert ending.remedy


@pytest.mark.parametrize("content", [b"", b"rubbish" * 100, b"\x08\x07\x12\x07pytorch"])
def test_a_bad_file_is_a_problem_and_the_open_model_stays(
    engine: Engine, demo: messages.RunFinished, tmp_path: Path, content: bytes
) -> None:
    bad = tmp_path / "bad.onnx"
    bad.write_bytes(content)
    for path in (bad, tmp_path, tmp_path / "none"):
        assert isinstance(engine.end_of(messages.OpenModel(str(path))), messages.Failed)
    assert isinstance(engine.end_of(messages.RunImage(content, "x.png")), messages.Failed)
    assert demo.default_node is not None
    assert engine.ask(messages.ActivationOf(demo.default_node)).shape == (1, 512, 13, 13)


def test_what_waits_and_is_cancelled_is_never_begun(
    engine: Engine, demo: messages.RunFinished
) -> None:
    image = resource.path(resource.DEMO_IMAGE).read_bytes()
    first = engine.send(messages.RunImage(image, "1"))
    waiting = [engine.send(messages.RunImage(image, str(n))) for n in range(2, 7)]
    for number in waiting[:-1]:
        engine.send(messages.Cancel(), number)
    endings = {frame.call: frame.message for frame in (engine.next_ending() for _ in range(6))}
    assert type(endings[first]) is messages.RunFinished
    assert [type(endings[n]) for n in waiting[:-1]] == [messages.Stopped] * 4
    assert type(endings[waiting[-1]]) is messages.RunFinished
    assert demo.default_node is not None


def test_a_layout_is_answered(engine: Engine) -> None:
    placed = engine.ask(
        messages.LayOut((Box("a", 40, 20), Box("b", 40, 20)), (Edge("e", "a", "b"),))
    )
    above, below = sorted(placed.placement.boxes, key=lambda box: box.y)
    assert (above.id, below.id) == ("a", "b")


def test_what_is_no_request_is_left_alone(engine: Engine) -> None:
    engine.send(messages.Stopped())
    engine.send(messages.Cancel(), 99999)
    assert isinstance(engine.end_of(messages.ActivationOf("nowhere")), messages.Failed)


def test_the_end_of_the_stream_ends_it_at_once() -> None:
    engine = Engine()
    image = resource.path(resource.DEMO_IMAGE).read_bytes()
    engine.send(messages.OpenModel(str(resource.path(resource.DEMO_MODEL))))
    for _ in range(300):
        engine.send(messages.RunImage(image, "x"))
    assert engine.end() == 0


def test_what_an_archive_was_unpacked_into_is_gone_at_the_end(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    temporary = tmp_path / "temporary"
    temporary.mkdir()
    monkeypatch.setenv("TMPDIR", str(temporary))
    with zipfile.ZipFile(tmp_path / "demo.zip", "w") as archive:
        archive.write(resource.path(resource.DEMO_MODEL), "demo.onnx")
    engine = Engine()
    engine.next_ending()
    opened = engine.ask(messages.OpenModel(str(tmp_path / "demo.zip")))
    assert opened.graph.format == "ONNX"
    assert list(temporary.iterdir())

    assert engine.end() == 0
    assert list(temporary.iterdir()) == []


def test_what_is_no_frame_ends_it_with_a_trace() -> None:
    engine = Engine()
    assert engine.process.stdin is not None
    engine.process.stdin.write(b"This is not what I expected to hear.")
    engine.process.stdin.flush()
    assert engine.process.wait(PATIENCE_SECONDS) == 1
    assert "BrokenLink" in engine.said()
    engine.end()


@pytest.mark.skipif(sys.platform == "win32", reason="there are no such signals")
def test_ctrl_c_in_the_terminal_does_not_end_it(engine: Engine) -> None:
    engine.process.send_signal(signal.SIGINT)
    assert isinstance(engine.end_of(messages.ActivationOf("nowhere")), messages.Failed)


SLOW = """
import sys, time
import torch

print("A library greets.", flush=True)
sys.stdout.write("And goes on.")

class Slow(torch.nn.Module):
    def __init__(self):
        super().__init__()
        self.conv = torch.nn.Conv2d(3, 3, 3, padding=1)

    def forward(self, x):
        if x.device.type != "meta":
            assert sys.stdin.read() == ""
        for _ in range({rounds}):
            x = self.conv(x).relu()
            if x.device.type != "meta":
                time.sleep(0.02)
        return x.mean((2, 3))

def make():
    return Slow()
"""


def open_slow(engine: Engine, folder: Path, rounds: int) -> messages.ModelOpened:
    (folder / "slow.py").write_text(SLOW.replace("{rounds}", str(rounds)))
    weights = {"conv.weight": torch.zeros(3, 3, 3, 3), "conv.bias": torch.zeros(3)}
    torch.save(weights, folder / "slow.pt")
    return engine.ask(
        messages.OpenModel(str(folder / "slow.pt"), model_code=f"{folder / 'slow.py'}:make")
    )


def test_what_a_model_prints_or_reads_does_not_reach_the_link(
    engine: Engine, tmp_path: Path
) -> None:
    opened = open_slow(engine, tmp_path, rounds=1)
    assert opened.structure_only is None
    image = resource.path(resource.DEMO_IMAGE)
    assert engine.ask(messages.RunImage(image.read_bytes(), image.name)).shapes


def test_what_is_under_way_says_how_far_it_is_and_can_be_cancelled(
    engine: Engine, tmp_path: Path
) -> None:
    open_slow(engine, tmp_path, rounds=2000)  # it would take 40 s
    image = resource.path(resource.DEMO_IMAGE).read_bytes()
    number = engine.send(messages.RunImage(image, "x"))
    frame = engine.arrived.get(timeout=PATIENCE_SECONDS)
    assert frame is not None
    assert frame.call == number
    assert isinstance(frame.message, messages.Progress)
    layout = engine.send(messages.LayOut((Box("a", 1, 1),), ()))
    placed = engine.next_ending()
    assert placed.call == layout  # answered beside the run
    engine.send(messages.Cancel(), number)
    ending = engine.next_ending()
    assert (ending.call, type(ending.message)) == (number, messages.Stopped)
    assert isinstance(engine.end_of(messages.ActivationOf("conv.conv2d")), messages.Failed)


def raises(error: BaseException) -> Message:
    def answer(_request: Message, _step: object) -> Message:
        raise error

    return server._ending(answer, messages.ActivationOf("n"), lambda _done, _what: None)


def test_whatever_is_raised_ends_the_call_alone() -> None:
    assert raises(Problem("What.", "Do.")) == messages.Failed("What.", "Do.")
    assert isinstance(raises(Cancelled()), messages.Stopped)
    crashed = raises(KeyError("conv1"))
    assert isinstance(crashed, messages.Crashed)
    assert crashed.summary == "KeyError: 'conv1'"
    assert "Traceback" in crashed.traceback
    assert isinstance(raises(SystemExit(3)), messages.Crashed)
    assert isinstance(raises(RecursionError()), messages.Crashed)


@pytest.mark.parametrize(
    "allocate", [lambda: np.zeros((1 << 50,)), lambda: torch.zeros(1 << 50)], ids=["numpy", "torch"]
)
def test_a_shortage_of_memory_is_a_problem(allocate: Callable[[], object]) -> None:
    with pytest.raises((MemoryError, RuntimeError)) as shortage:
        allocate()
    failed = raises(shortage.value)
    assert isinstance(failed, messages.Failed)
    assert "memory" in failed.what


def test_progress_is_not_said_more_than_some_twenty_times_a_second() -> None:
    source, sink = os.pipe()
    queue = server.Queue()
    calls = server.Calls(server.Stream(source, sink))
    queue.put((1, messages.ActivationOf("n")))
    queue.take(None)
    step = calls._step(queue, 1)
    for done in range(1000):
        step(done / 1000, "Running")
    os.close(sink)
    said = list(frames.Decoder().feed(os.read(source, 1 << 16)))
    os.close(source)
    assert 1 <= len(said) <= 3
    queue.cancel(1)
    with pytest.raises(Cancelled):
        step(1.0, "Running")
