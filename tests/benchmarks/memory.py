"""How much memory runs take that keep everything."""

from __future__ import annotations

import ctypes
import re
import subprocess
import sys
from pathlib import Path

import numpy as np

import netviz_desktop

_BUDGET_MB = 64


def measure(files: dict[str, Path]) -> None:
    print("\nResNet-50, 224 px: peak above the loaded model")
    print(f"{'':50}   one run MB  later MB  on disk MB")
    for name, path in files.items():
        for budget in (0, _BUDGET_MB):
            row = f"{name}, budget {budget} MB" if budget else name
            command = [sys.executable, __file__, str(path), str(budget)]
            done = subprocess.run(command, stdout=subprocess.PIPE, check=True, text=True)
            one, later, on_disk = map(float, done.stdout.split())
            print(f"{row:50} {one:12.0f} {later:9.0f} {on_disk:11.0f}")
    sys.stdout.flush()


def _measure(path: str, budget_mb: int) -> None:
    session = netviz_desktop.open(path, trust=True)
    session.memory_bytes = budget_mb * 2**20 or None
    declared = session.inputs[0].shape or ()
    shape = [1, *(size if isinstance(size, int) else 224 for size in declared[1:])]
    x = np.zeros(shape, np.float32)
    session.run(x)  # reads the weights, and imports what it needs
    session._run = None  # as if it had not run yet
    ctypes.CDLL(None).malloc_trim(0)
    loaded = _mb("VmRSS")
    peaks = []
    for runs in (1, 3):  # a later run takes the memory of the one before
        Path("/proc/self/clear_refs").write_text("5")  # the peak begins anew
        for _ in range(runs):
            session.run(x)
        peaks.append(_mb("VmHWM") - loaded)
    print(*peaks, session.last.bytes_on_disk / 2**20)


def _mb(what: str) -> float:
    found = re.search(rf"{what}:\s+(\d+)", Path("/proc/self/status").read_text())
    assert found is not None
    return int(found[1]) / 1024


if __name__ == "__main__":
    _measure(sys.argv[1], int(sys.argv[2]))
