"""Runs without torch.compile, which is not even loaded for them."""

from __future__ import annotations

import importlib
import sys
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from types import ModuleType
from typing import Any

import torch

_COMPILER = "torch._dynamo"


def as_written() -> AbstractContextManager[object]:
    """What torch.compile made runs as it was written."""
    if _COMPILER not in sys.modules:
        return _without_compiler()
    stance: AbstractContextManager[object] = torch.compiler.set_stance("force_eager")
    return stance


@contextmanager
def _without_compiler() -> Iterator[None]:
    """Functions of torch that are written in Python, such as most that compute shapes alone,
    load all of torch.compile, for a second and 100 MB, to ask not to be compiled."""
    stand_in = sys.modules[_COMPILER] = _NoCompiler(_COMPILER)
    try:
        yield
    finally:
        if sys.modules.get(_COMPILER) is stand_in:
            del sys.modules[_COMPILER]


class _NoCompiler(ModuleType):
    """Grants that wish. Whoever asks for anything else gets the compiler itself."""

    @staticmethod
    def disable(function: Any = None, *_how: object, **_more: object) -> Any:
        return (lambda decorated: decorated) if function is None else function

    def __getattr__(self, name: str) -> Any:
        if sys.modules.get(_COMPILER) is self:
            del sys.modules[_COMPILER]
        return getattr(importlib.import_module(_COMPILER), name)
