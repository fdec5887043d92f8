from __future__ import annotations

import os
import signal
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from netviz_desktop.link.messages import Channel, ChannelOf, RunImage
from netviz_desktop.problems import Problem
from netviz_desktop.ui import engine_client
from netviz_desktop.ui.engine_client import Call, EngineClient

SCRIPT = str(Path(__file__).with_name("scripted_engine.py"))


@pytest.fixture
def client(qapp: object) -> Iterator[EngineClient]:  # noqa: ARG001 - there must be one
    client = EngineClient([sys.executable, SCRIPT])
    client.start()
    yield client
    client.close()


class Ends:
    """Writes down how a call goes."""

    def __init__(self, call: Call[Channel]) -> None:
        self.said: list[object] = []
        call.answered.connect(self.said.append)
        call.failed.connect(self.said.append)
        call.stopped.connect(lambda: self.said.append("stopped"))
        call.ended.connect(lambda: self.said.append("ended"))


def ask(client: EngineClient, node: str, index: int = 0, slot: str | None = None) -> Ends:
    return Ends(client.ask(ChannelOf(node, index), slot=slot))


def test_a_question_asked_before_the_engine_is_ready_is_answered(qtbot, client):
    assert client.hello is None

    ends = ask(client, "size", 3)

    qtbot.waitUntil(lambda: len(ends.said) == 2)
    assert ends.said[0].values.shape == (3, 1000)
    assert ends.said[1] == "ended"


def test_a_large_request_and_a_large_answer_arrive_whole(qtbot, client):
    data = bytes(range(256)) * 40_000  # 10 MB, far more than a pipe holds
    big = Ends(client.ask(RunImage(data, "big.png")))
    answer = ask(client, "size", 5_000)  # 20 MB

    qtbot.waitUntil(lambda: len(answer.said) == 2, timeout=20_000)

    assert big.said[0].index == len(data)
    assert answer.said[0].values.shape == (5_000, 1000)
    assert float(answer.said[0].values.sum()) == 5_000_000


def test_of_several_questions_of_one_slot_only_the_newest_is_answered(qtbot, client):
    ends = [ask(client, "size", n, slot="maps") for n in (1, 2, 3)]
    other = ask(client, "size", 4, slot="weights")

    qtbot.waitUntil(lambda: len(other.said) == 2)

    assert [e.said[0] for e in ends[:2]] == ["stopped", "stopped"]
    assert ends[2].said[0].index == 3


def test_a_newer_question_also_replaces_one_that_the_engine_is_working_on(qtbot, client):
    held = client.ask(ChannelOf("hold", 0), slot="maps")
    ends = Ends(held)
    with qtbot.waitSignal(held.progressed) as progressed:
        pass
    assert progressed.args == [-1.0, "holding"]

    newer = ask(client, "size", 1, slot="maps")

    assert ends.said == ["stopped", "ended"]
    qtbot.waitUntil(lambda: len(newer.said) == 2)
    assert newer.said[0].index == 1


def test_a_problem_crosses_the_link_in_its_two_sentences(qtbot, client):
    ends = ask(client, "fail")

    qtbot.waitUntil(lambda: len(ends.said) == 2)

    problem = ends.said[0]
    assert isinstance(problem, Problem)
    assert (problem.what, problem.remedy) == ("It failed.", "Try again.")


def test_a_defect_of_the_engine_fails_the_call_and_is_kept_for_the_report(qtbot, client):
    with qtbot.waitSignal(client.crashed) as crashed:
        ends = ask(client, "defect")

    assert crashed.args == ["ValueError: no", "Traceback: here"]
    qtbot.waitUntil(lambda: len(ends.said) == 2)
    assert "ValueError: no" in ends.said[0].what


def test_progress_is_passed_on(qtbot, client):
    call = client.ask(ChannelOf("progress", 0))

    with qtbot.waitSignals([call.progressed, call.answered]):
        pass


@pytest.mark.parametrize(
    ("node", "line"),
    [
        ("exit", "The engine ended with code 7; it is being restarted."),
        ("killed", "The engine was killed; it is being restarted."),
        (
            "babble",
            "The engine sent something that is no message of this version; it is being restarted.",
        ),
    ],
)
def test_a_lost_engine_is_said_in_one_line_and_started_again(qtbot, client, node, line):
    with qtbot.waitSignals([client.lost, client.restarted], order="strict", timeout=10_000):
        said: list[str] = []
        client.lost.connect(said.append)
        ends = ask(client, node)

    assert said == [line]
    assert ends.said == ["stopped", "ended"]
    again = ask(client, "size", 2)
    qtbot.waitUntil(lambda: len(again.said) == 2)
    assert again.said[0].index == 2


def test_an_engine_killed_from_outside_is_replaced_by_another_process(qtbot, client):
    with qtbot.waitSignal(client.ready):
        pass
    first = client.process_id

    with qtbot.waitSignal(client.restarted, timeout=10_000):
        os.kill(first, signal.SIGKILL)

    assert client.process_id not in (0, first)


def test_what_is_asked_while_the_engine_restarts_is_answered_by_the_next_one(qtbot, client):
    asked: list[Ends] = []
    client.lost.connect(lambda _line: asked.append(ask(client, "size", 6)))

    with qtbot.waitSignal(client.restarted, timeout=10_000):
        ask(client, "exit")

    qtbot.waitUntil(lambda: len(asked[0].said) == 2)
    assert asked[0].said[0].index == 6


def test_while_the_client_is_held_only_what_goes_ahead_is_asked(qtbot, client):
    with qtbot.waitSignal(client.ready):
        pass
    client.hold()
    waiting = ask(client, "size", 1)
    ahead = Ends(client.ask(ChannelOf("size", 2), ahead=True))
    qtbot.waitUntil(lambda: len(ahead.said) == 2)
    assert waiting.said == []

    client.resume()

    qtbot.waitUntil(lambda: len(waiting.said) == 2)
    assert waiting.said[0].index == 1


def test_the_last_words_of_an_engine_are_kept(qtbot, client, capsys):
    with qtbot.waitSignal(client.restarted, timeout=10_000):
        ask(client, "exit")

    assert client.standard_error == b"last words\n"
    assert capsys.readouterr().err == "last words\n"


def test_an_engine_that_cannot_let_go_is_restarted_when_a_person_cancels(
    qtbot, client, monkeypatch
):
    monkeypatch.setattr(engine_client, "_GRACE_MS", 50)
    call = client.ask(ChannelOf("deaf", 0))
    with qtbot.waitSignal(call.progressed):
        pass

    with qtbot.waitSignals([client.lost, client.restarted], timeout=10_000):
        call.stop()


def test_an_engine_that_lets_go_is_not_restarted(qtbot, client, monkeypatch):
    monkeypatch.setattr(engine_client, "_GRACE_MS", 300)
    call = client.ask(ChannelOf("hold", 0))
    with qtbot.waitSignal(call.progressed):
        pass
    process = client.process_id

    call.stop()

    qtbot.waitUntil(lambda: not client._overdue)
    assert client.process_id == process


def test_what_is_superseded_may_run_to_its_end(qtbot, client, monkeypatch):
    monkeypatch.setattr(engine_client, "_GRACE_MS", 0)
    call = client.ask(ChannelOf("hold", 0))
    with qtbot.waitSignal(call.progressed):
        pass

    call.cancel()

    assert not client._overdue


def test_a_program_that_is_not_there_is_said_and_what_waits_fails(qtbot):
    client = EngineClient(["/no/such/program"])
    with qtbot.waitSignal(client.lost) as lost:
        client.start()
        ends = ask(client, "size")
    assert "/no/such/program was not found" in lost.args[0]
    assert isinstance(ends.said[0], Problem)
    client.close()


def test_an_engine_that_dies_at_once_is_not_started_for_ever(qtbot, tmp_path):
    starts = tmp_path / "starts"
    script = f"open({str(starts)!r}, 'a').write('x'); raise SystemExit(1)"
    client = EngineClient([sys.executable, "-c", script])
    ends = ask(client, "size")  # asking starts it

    qtbot.waitUntil(lambda: len(ends.said) == 2, timeout=10_000)

    assert isinstance(ends.said[0], Problem)
    assert ends.said[0].what == "The engine does not start."
    assert starts.read_text() == "xxx"
    client.close()


def test_closing_ends_open_calls_and_the_process(qtbot, client):
    call = client.ask(ChannelOf("hold", 0))
    ends = Ends(call)
    with qtbot.waitSignal(call.progressed):
        pass
    process = client.process_id

    client.close()

    assert ends.said == ["stopped", "ended"]
    with pytest.raises(ProcessLookupError):
        os.kill(process, 0)


def test_a_call_may_be_cancelled_after_its_end(qtbot, client):
    call = client.ask(ChannelOf("size", 1))
    with qtbot.waitSignal(call.ended):
        pass
    qtbot.wait(0)  # deleteLater has happened

    call.cancel()
    call.stop()

    assert not call.open
