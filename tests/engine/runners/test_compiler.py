"""Runs without torch.compile."""

from __future__ import annotations

import subprocess
import sys

_SHAPES_ALONE_THEN_THE_COMPILER = """
import sys
import torch
from netviz_desktop.engine.runners._compiler import as_written

x = torch.ones(1, 3, device="meta")
with as_written():
    torch.cat([x, x]) + torch.nn.functional.gelu(x)
print("torch._dynamo" in sys.modules)
with as_written():
    from torch._dynamo.exc import Unsupported
    print(torch._dynamo.is_compiling(), Unsupported.__name__)
print(sys.modules["torch._dynamo"].__file__ == torch._dynamo.__file__)
"""


def test_the_compiler_is_loaded_only_for_who_asks_for_it() -> None:
    done = subprocess.run(
        [sys.executable, "-c", _SHAPES_ALONE_THEN_THE_COMPILER],
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout.split() == ["False", "False", "Unsupported", "True"]
