"""How long a cancelled call may go on: the longest time between two looks at whether it is.

    python tests/benchmarks/steps.py FILE...

Each file is opened, and run once, in a process that has the engine loaded, as the window's
has. CPU time of the thread that computes: what else the machine does is not in it.
"""

from __future__ import annotations

import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import torch

from netviz_desktop import resource
from netviz_desktop.engine.answers import warm_up
from netviz_desktop.engine.session import Session
from netviz_desktop.graph import Value
from netviz_desktop.problems import Problem
from netviz_desktop.readers import Options

_NAMES = ("opened in", "longest gap", "run in", "longest gap")


class Watch:
    """A `step` that notes when it was called."""

    def __init__(self) -> None:
        self.began = self._last = time.thread_time()
        self.longest = 0.0
        self.where = self._what = "the beginning"

    def step(self, _done: float, what: str) -> None:
        now = time.thread_time()
        if now - self._last > self.longest:
            self.longest, self.where = now - self._last, f"after “{self._what}”"
        self._last, self._what = now, what

    def end(self) -> tuple[float, float, str]:
        self.step(1, "")
        return self._last - self.began, self.longest, self.where


def measure(files: dict[str, Path]) -> None:
    """Args:
    files: by what they are called in the table.
    """
    print(f"\nBetween two looks\n{'':40} " + " ".join(f"{name:>12}" for name in _NAMES))
    for name, path in files.items():
        subprocess.run([sys.executable, __file__, "--one", name, str(path)], check=True)


def _measure(name: str, path: Path) -> None:
    warm_up()
    session = Session("cpu")
    opening = Watch()
    try:
        session.open(path, Options(trust=True), step=opening.step)
        runs = session.structure_only is None
    except Problem:
        runs = False  # to be refused may take long, too
    text, places = _row(opening)
    if runs:
        running = Watch()
        if session.preprocessing is not None:
            image = resource.path(resource.DEMO_IMAGE)
            session.run_image(image.read_bytes(), image.name, step=running.step)
        else:
            session.run({value.name: _zeros(value) for value in session.inputs}, running.step)
        more, where = _row(running)
        text, places = text + more, places + where
    print(f"{name:40}{text}  {'; '.join(places)}", flush=True)


def _zeros(value: Value) -> np.ndarray:
    shape = [size if isinstance(size, int) else 1 for size in value.shape or ()]
    return np.zeros(shape, value.dtype or "float32")


def _row(watch: Watch) -> tuple[str, list[str]]:
    took, longest, where = watch.end()
    return f" {took:10.2f} s {longest:10.2f} s", [where] if longest > 0.5 else []


if __name__ == "__main__":
    if sys.argv[1:2] == ["--one"]:
        torch.set_num_threads(1)
        _measure(sys.argv[2], Path(sys.argv[3]))
    else:
        measure({Path(file).name: Path(file) for file in sys.argv[1:]})
