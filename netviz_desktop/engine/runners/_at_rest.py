"""A module in evaluation mode for the length of a run, and afterwards exactly as before."""

from __future__ import annotations

import importlib
import sys
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from types import ModuleType
from typing import Any

import torch
import torch.utils.checkpoint as checkpoints
from torch import nn

_COMPILER = "torch._dynamo"


@contextmanager
def at_rest(module: nn.Module) -> Iterator[None]:
    """Evaluation mode, parameters frozen, no fused attention, nothing computed twice.

    What the run leaves in the modules' attributes is taken out again, and torch's random
    numbers go on where they were. The training flags are set one by one because `eval()`
    may be overridden to do more.
    """
    parts = list(module.modules())
    plain = [part for part in parts if not isinstance(part, torch.jit.ScriptModule)]
    tables: list[tuple[dict[str, Any], dict[str, Any]]] = [
        (table, dict(table))
        for part in plain
        for table in (part.__dict__, part._parameters, part._buffers, part._modules)
    ]
    # The tables of scripts are not dictionaries.
    scripts = [(part, part.training) for part in parts if isinstance(part, torch.jit.ScriptModule)]
    trained = {
        id(parameter): parameter
        for part in parts
        for parameter in part._parameters.values()
        if parameter is not None and parameter.requires_grad
    }
    fused = torch.backends.mha.get_fastpath_enabled()
    random = torch.get_rng_state()
    recomputing = {name: vars(checkpoints)[name] for name in _NO_CHECKPOINTS}
    try:
        # Checkpoints would compute again on the way back, with parameters no more frozen.
        vars(checkpoints).update(_NO_CHECKPOINTS)
        # Fused attention shows no weights and runs as one unknown operation.
        torch.backends.mha.set_fastpath_enabled(False)
        for part in plain:
            part.__dict__["training"] = False  # nn.Module's own way takes ten times as long
        for script, _ in scripts:
            script.training = False
        for parameter in trained.values():
            parameter.requires_grad_(False)
        with _as_written():
            yield
    finally:
        vars(checkpoints).update(recomputing)
        torch.set_rng_state(random)
        torch.backends.mha.set_fastpath_enabled(fused)
        for table, before in tables:
            table.clear()
            table.update(before)
        for script, flag in scripts:
            script.training = flag
        for parameter in trained.values():
            parameter.requires_grad_()


def _as_written() -> AbstractContextManager[object]:
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
    def disable(function: Any, *_how: object, **_more: object) -> Any:
        return function

    def __getattr__(self, name: str) -> Any:
        if sys.modules.get(_COMPILER) is self:
            del sys.modules[_COMPILER]
        return getattr(importlib.import_module(_COMPILER), name)


class _NoCheckpoint:
    @staticmethod
    def apply(function: Callable[..., Any], _preserve: bool, *arguments: Any) -> Any:
        return function(*arguments)


# What torch.utils.checkpoint does its work with, of either kind.
_NO_CHECKPOINTS = {"_checkpoint_hook": nullcontext, "CheckpointFunction": _NoCheckpoint}
