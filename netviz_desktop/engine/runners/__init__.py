"""An executable -> a `ForwardPass`, node by node on torch, under autograd.

A member is a module of this package with

    runner(opened, device) -> Runner | None     None: this executable is not mine

Members are found by themselves and know no other.
"""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Callable, Mapping
from contextvars import ContextVar
from functools import cache
from typing import TYPE_CHECKING, Any, Protocol

from netviz_desktop.problems import Problem

if TYPE_CHECKING:
    import torch
    from torch import Tensor

    from netviz_desktop.engine.forward_pass import ForwardPass
    from netviz_desktop.graph import ModelGraph, Value
    from netviz_desktop.readers import OpenedModel

Step = Callable[[float, str], None]
"""Called now and then with how much is done (0 to 1, negative when unknown) and what is
being done. It raises `Cancelled` when the work shall stop."""


_step: ContextVar[Step | None] = ContextVar("step of opening", default=None)


def step_of_opening() -> Step | None:
    """For a member that runs the model to learn its graph: how it stays cancellable."""
    return _step.get()


class Runner(Protocol):
    """Runs one model, any number of times; the model stays as it was."""

    @property
    def graph(self) -> ModelGraph:
        """The best that is known of the graph before a run."""

    @property
    def inputs(self) -> tuple[Value, ...]:
        """What a run must be given, with free dimensions as None or by name."""

    def run(
        self, inputs: Mapping[str, Tensor], *, gradients: bool = True, step: Step | None = None
    ) -> ForwardPass:
        """Run on tensors as the model takes them.

        Args:
            gradients: prepare for gradients of any target with respect to any value.

        Raises:
            Problem: the inputs do not fit, or a node cannot be run; it names the node.
            Cancelled: `step` said so.
        """


@cache
def _members() -> tuple[Any, ...]:
    return tuple(
        importlib.import_module(f"{__name__}.{found.name}")
        for found in sorted(pkgutil.iter_modules(__path__), key=lambda found: found.name)
        if not found.name.startswith("_")
    )


def runner(opened: OpenedModel, device: torch.device, step: Step | None = None) -> Runner:
    """What runs this model.

    Args:
        step: called while a member tries the model out, see `step_of_opening`.

    Raises:
        Problem: it cannot be run, and why.
        Cancelled: `step` said so.
    """
    from netviz_desktop.engine.runners._memory import reuse_freed_memory

    if opened.structure_only is not None:
        raise opened.structure_only
    reuse_freed_memory()
    before = _step.set(step)
    try:
        for member in _members():
            found: Runner | None = member.runner(opened, device)
            if found is not None:
                return found
    finally:
        _step.reset(before)
    raise Problem(
        f"{opened.graph.format} can be looked at but not run.",
        "Export the model as ONNX to run it.",
    )
