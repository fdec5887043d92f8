"""A module in evaluation mode for the length of a run, and afterwards exactly as before."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import torch
from torch import nn


@contextmanager
def at_rest(module: nn.Module) -> Iterator[None]:
    """Evaluation mode, parameters frozen, no fused attention.

    What the run leaves in the modules' attributes is taken out again. The training flags
    are set one by one because `eval()` may be overridden to do more.
    """
    parts = list(module.modules())
    tables = [
        (table, dict(table))
        for part in parts
        if not isinstance(part, torch.jit.ScriptModule)  # its tables are not dictionaries
        for table in (part.__dict__, part._parameters, part._buffers, part._modules)
    ]
    training = [(part, part.training) for part in parts]
    trained = {
        id(parameter): parameter
        for part in parts
        for parameter in part._parameters.values()
        if parameter is not None and parameter.requires_grad
    }
    fused = torch.backends.mha.get_fastpath_enabled()
    try:
        # Fused attention shows no weights and runs as one unknown operation.
        torch.backends.mha.set_fastpath_enabled(False)
        for part, _ in training:
            part.training = False
        for parameter in trained.values():
            parameter.requires_grad_(False)
        yield
    finally:
        torch.backends.mha.set_fastpath_enabled(fused)
        for table, before in tables:
            table.clear()
            table.update(before)
        for part, flag in training:
            part.training = flag
        for parameter in trained.values():
            parameter.requires_grad_()
