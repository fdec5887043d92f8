"""Where the code of a model computes a node, read from what TorchScript remembers of it."""

from __future__ import annotations

import re
from typing import Any

_FRAME = re.compile(r"^(?P<file>[^\n(]+)\((?P<line>\d+)\): (?P<name>\S+)$", re.MULTILINE)  # traced
_LINE = re.compile(
    r'^(?P<kind>Serialized)? *File "(?P<file>[^"]+)", line (?P<line>\d+)', re.MULTILINE
)
_MARK = re.compile(r"^(?P<before>.*)\n(?P<spaces> *)~+ <--- HERE", re.MULTILINE)
# torch's own code, and what torch.jit wrote by itself for a class of a name that was taken
_LIBRARY = re.compile(r"[\\/]torch[\\/]|__torch_mangle_\d+")


class Sources:
    """Reads what TorchScript remembers of its nodes, until that turns out to be damaged."""

    def __init__(self) -> None:
        self._readable = True

    def of(self, node: Any, function: str) -> str:
        """ "net.py:31 in forward"; empty when it lies in torch's own code, or is not known."""
        said = self._said(node)
        for frame in _FRAME.finditer(said):
            if not _LIBRARY.search(frame["file"]):
                return f"{_last(frame['file'])}:{frame['line']} in {frame['name']}"
        lines = list(_LINE.finditer(said))
        own = [line for line in lines if line["kind"] is None]
        if own and not _LIBRARY.search(own[0]["file"]):
            return f"{_last(own[0]['file'])}:{own[0]['line']} in {function}"
        if not own and not _FRAME.search(said) and lines and not _LIBRARY.search(lines[-1]["file"]):
            return f"{lines[-1]['file']}:{lines[-1]['line']} in {function}"
        return ""

    def constant_index(self, node: Any) -> int | None:
        """Of a constant tensor that the archive's code calls `CONSTANTS.c3`: 3."""
        for mark in _MARK.finditer(self._said(node)):
            found = re.match(r"CONSTANTS\.c(\d+)\b", mark["before"][len(mark["spaces"]) :])
            if found:
                return int(found[1])
        return None

    def _said(self, node: Any) -> str:
        if self._readable:
            try:
                return str(node.sourceRange())
            except (RuntimeError, UnicodeDecodeError):
                self._readable = False  # torch takes seconds to fail, and would at every node
        return ""


def _last(path: str) -> str:
    return re.split(r"[\\/]", path)[-1]
