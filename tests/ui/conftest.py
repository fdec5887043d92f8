from __future__ import annotations

import pytest
from PySide6.QtCore import QSettings

from netviz_desktop.graph import ModelGraph, Node, Value
from netviz_desktop.link import messages
from netviz_desktop.link.messages import Message, ModelOpened, Preprocessing, RunFinished
from netviz_desktop.ui.engine_client import EngineClient
from netviz_desktop.ui.selection import Selection
from netviz_desktop.ui.settings import Settings


class FakeEngine(EngineClient):
    """An engine whose process is the test: it reads what was sent, and answers."""

    def __init__(self) -> None:
        super().__init__(["unused"])
        self.sent: list[tuple[int, Message]] = []
        self.come_up()

    def start(self) -> None:
        pass

    def _send(self, number: int, message: Message) -> None:
        self.sent.append((number, message))

    def come_up(self) -> None:
        self._greeted(messages.Hello("0", "none", "cpu", (), ()))

    def die(self) -> None:
        """As when the process ends."""
        self.hello = None
        self._held = False
        self._was_lost = True
        for call in [c for c in self._calls.values() if c not in self._waiting]:
            call.end(call.stopped)
        self.lost.emit("The engine was killed; it is being restarted.")

    def requests(self, kind: type[Message]) -> list[Message]:
        return [message for _, message in self.sent if isinstance(message, kind)]

    def answer(self, kind: type[Message], answer: Message) -> None:
        """Answer the last question of a kind."""
        number = next(n for n, message in reversed(self.sent) if isinstance(message, kind))
        self._handle(number, answer)


@pytest.fixture
def engine(qapp: object) -> FakeEngine:  # noqa: ARG001 - there must be one
    return FakeEngine()


@pytest.fixture
def look(qapp):
    """The application, which has its own font, colours and style sheet back afterwards."""
    font, sheet, palette = qapp.font(), qapp.styleSheet(), qapp.palette()
    yield qapp
    qapp.setFont(font)
    qapp.setStyleSheet(sheet)
    qapp.setPalette(palette)


@pytest.fixture
def selection(engine: FakeEngine) -> Selection:
    return Selection(engine)


@pytest.fixture
def settings(tmp_path) -> Settings:
    return Settings(QSettings(str(tmp_path / "settings.ini"), QSettings.Format.IniFormat))


@pytest.fixture
def opened():
    """Makes a `ModelOpened` of a chain of nodes."""

    def make(
        path: str = "/models/a.onnx", nodes: tuple[str, ...] = ("relu",), **more: object
    ) -> ModelOpened:
        names = ["x", *(f"value {index}" for index in range(len(nodes)))]
        chain = tuple(
            Node(node, "Op", "ai.onnx", node, (), (before,), (after,))
            for node, before, after in zip(nodes, names, names[1:], strict=False)
        )
        values = {name: Value(name, (1, 3, 4, 4), "float32") for name in names}
        graph = ModelGraph("ONNX", "a", ("x",), (names[-1],), chain, values)
        return ModelOpened(path, 10, graph, preprocessing=Preprocessing(4, 4), **more)

    return make


@pytest.fixture
def finished():
    """Makes a `RunFinished`."""
    import numpy as np

    def make(milliseconds: float = 1.0) -> RunFinished:
        picture = np.zeros((4, 4, 3), np.uint8)
        return RunFinished(
            picture, (0, 0, 4, 4), picture, (), "", None, {}, {}, {}, milliseconds, "relu", ""
        )

    return make
