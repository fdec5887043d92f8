"""The two processes, as the operating system sees them."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).resolve().parents[2]

pytestmark = pytest.mark.skipif(not Path("/proc/self/task").is_dir(), reason="needs /proc")


@pytest.fixture
def window(tmp_path) -> Iterator[subprocess.Popen[bytes]]:
    """The real program without a screen, whose engine has been started."""
    environment = os.environ | {
        "QT_QPA_PLATFORM": "offscreen",
        "PYTHONPATH": str(REPOSITORY),
        "XDG_CONFIG_HOME": str(tmp_path),
    }
    process = subprocess.Popen([sys.executable, "-m", "netviz_desktop"], env=environment)
    yield process
    process.kill()
    process.wait()


def test_ctrl_c_closes_the_window_properly(window, tmp_path):
    (engine,) = started(window)

    wait_until(lambda: handles_signals(window.pid))
    wait_until(lambda: "torch" in Path(f"/proc/{engine}/maps").read_text())
    window.send_signal(signal.SIGINT)

    assert window.wait(20) == 0
    wait_until(lambda: not is_running(engine))
    assert list(tmp_path.rglob("*.ini")), "where the window was is remembered"


def test_an_engine_does_not_outlive_a_window_that_was_killed(window):
    (engine,) = started(window)

    window.kill()

    wait_until(lambda: not is_running(engine))


def started(window: subprocess.Popen[bytes]) -> list[int]:
    """The processes that a window has started, once there are any."""
    children = Path(f"/proc/{window.pid}/task/{window.pid}/children")
    wait_until(lambda: bool(children.read_text().split()))
    return [int(child) for child in children.read_text().split()]


def handles_signals(process: int) -> bool:
    """Whether it has got so far that it handles SIGTERM, which Python itself does not."""
    lines = Path(f"/proc/{process}/status").read_text().splitlines()
    (caught,) = [line.split()[1] for line in lines if line.startswith("SigCgt")]
    return bool(int(caught, 16) & 1 << (signal.SIGTERM - 1))


def is_running(process: int) -> bool:
    try:
        state = Path(f"/proc/{process}/stat").read_text()
    except (FileNotFoundError, ProcessLookupError):
        return False
    return state.rpartition(")")[2].split()[0] != "Z"


def wait_until(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 30
    while not condition():
        assert time.monotonic() < deadline, "waited too long"
        time.sleep(0.01)
