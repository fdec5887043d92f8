"""Where a model's own code computes a node, of the stack that torch's exporters write down."""

from __future__ import annotations

import re

_FRAME = re.compile(r'File "([^"]{1,500})", line (\d+), in (\S{1,200})')
_TORCHS = frozenset(("functional.py", "module.py", "_tensor.py", "_ops.py"))


def source_line(stack: str, classes: str) -> str:
    """ "net.py:31 in forward": the innermost line that is not torch's own; empty where there
    is none.

    Args:
        stack: as Python prints it; files may be without their folders.
        classes: text that names the classes of the modules around, with their packages.
    """
    torchs = _TORCHS | {
        f"{module.split('.')[-2]}.py"
        for module in re.findall(r"torch\.nn\.modules\.[\w.]+", classes)
    }
    named = [
        (re.split(r"[/\\]", file)[-1], line, function)
        for file, line, function in _FRAME.findall(stack)
        if not file.startswith(("<", "torch/"))
    ]
    own = [frame for frame in named if frame[0] not in torchs] or named
    return f"{own[-1][0]}:{own[-1][1]} in {own[-1][2]}" if own else ""
