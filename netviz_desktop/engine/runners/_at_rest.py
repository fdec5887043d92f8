"""A module in evaluation mode for the length of a run, and afterwards exactly as before."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext
from typing import Any

import torch
import torch.utils.checkpoint as checkpoints
from torch import nn


@contextmanager
def at_rest(module: nn.Module) -> Iterator[None]:
    """Evaluation mode, parameters frozen, no fused attention, nothing computed twice.

    What the run leaves in the modules' attributes is taken out again, and torch's random
    numbers go on where they were. The training flags are set one by one because `eval()`
    may be overridden to do more.
    """
    parts = parts_of(module)
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


def parts_of(module: nn.Module) -> list[nn.Module]:
    """It and all inside; `modules()` takes three times as long."""
    found: dict[int, nn.Module] = {}
    waiting: list[nn.Module | None] = [module]
    while waiting:
        part = waiting.pop()
        if part is not None and id(part) not in found:
            found[id(part)] = part
            waiting.extend(part._modules.values())
    return list(found.values())


class _NoCheckpoint:
    @staticmethod
    def apply(function: Callable[..., Any], _preserve: bool, *arguments: Any) -> Any:
        return function(*arguments)


# What torch.utils.checkpoint does its work with, of either kind.
_NO_CHECKPOINTS = {"_checkpoint_hook": nullcontext, "CheckpointFunction": _NoCheckpoint}
