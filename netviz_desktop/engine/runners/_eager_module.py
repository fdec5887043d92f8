"""An nn.Module that runs eagerly and has everything that it computes recorded."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import ExitStack
from typing import Any

import torch
from torch import Tensor, nn

from netviz_desktop.engine.forward_pass import ForwardPass, Recorded
from netviz_desktop.engine.runners import Step
from netviz_desktop.engine.runners._at_rest import at_rest
from netviz_desktop.engine.runners._keeping import Weights
from netviz_desktop.engine.runners._logits import find_logits
from netviz_desktop.engine.runners._memory import without_garbage_collection
from netviz_desktop.engine.runners._recorded_graph import (
    parameters_of,
    recorded_graph,
    rename_outputs,
)
from netviz_desktop.engine.runners._recorder import Recorder
from netviz_desktop.graph import ModelGraph
from netviz_desktop.problems import Cancelled, Problem


class EagerModule:
    """The module, and what is looked up in it at every run."""

    def __init__(self, module: nn.Module) -> None:
        self.module = module
        self._paths = {id(part): path for path, part in module.named_modules()}
        self._weights = Weights(module)
        self._parameters = parameters_of(module)
        self.expected = 0  # operations in a run, for the progress; 0 when not known

    def run(
        self,
        given: Mapping[str, Tensor],
        positional: tuple[str, ...],
        like: ModelGraph,
        *,
        gradients: bool,
        step: Step | None = None,
    ) -> ForwardPass:
        """Run it, and leave it exactly as it was.

        Args:
            given: inputs by argument name, where the module is.
            positional: which of them go by their place; the others go by their name.
            like: what was known of the graph before.

        Raises:
            Problem: its code raised; or it gave back no tensor.
            Cancelled: `step` said so.
        """
        recorder = Recorder(self._paths, self._weights, gradients, step, self.expected)
        with ExitStack() as stack:
            stack.enter_context(without_garbage_collection())
            stack.enter_context(at_rest(self.module))
            stack.enter_context(torch.inference_mode(mode=False))
            stack.enter_context(torch.set_grad_enabled(gradients))
            fed = {name: _fed(tensor, gradients=gradients) for name, tensor in given.items()}
            for name, tensor in fed.items():
                recorder.add_input(name, tensor)
            with recorder.recording():
                result = self._call(recorder, fed, positional)
        self.expected = len(recorder.operations)
        outputs = rename_outputs(recorder, result)
        if not outputs:
            raise Problem(
                f"{type(self.module).__name__} ran, but gave back no tensor.",
                "Open a module whose forward returns a tensor, or tensors in a tuple or dict.",
            )
        graph = recorded_graph(recorder, self._parameters, tuple(given), outputs, like)
        logits, score_kind = find_logits(
            graph, lambda name: tuple(recorder.values[name].held.shape)
        )
        return ForwardPass(
            graph,
            {n: Recorded(seen.tensor.detach(), seen.edge) for n, seen in recorder.values.items()},
            {operation.id: operation.milliseconds for operation in recorder.operations},
            logits,
            score_kind,
        )

    def _call(
        self, recorder: Recorder, fed: Mapping[str, Tensor], positional: tuple[str, ...]
    ) -> Any:
        by_name = {name: tensor for name, tensor in fed.items() if name not in positional}
        try:
            return self.module(*(fed[name] for name in positional), **by_name)
        except (Problem, Cancelled):
            raise
        except (Exception, SystemExit) as error:  # it is the person's code: anything may rise
            shapes = ", ".join(f"{n} {tuple(t.shape)} {t.dtype}" for n, t in fed.items())
            raise Problem(
                f"{type(self.module).__name__} stopped {recorder.where}: {one_line(error)}",
                f"Check that the input is one it takes; it was given {shapes}.",
            ) from error


def one_line(error: BaseException) -> str:
    """Its type and the first line of what it says."""
    said = str(error).strip().splitlines()
    return f"{type(error).__name__}: {said[0][:300]}" if said else type(error).__name__


def _fed(tensor: Tensor, *, gradients: bool) -> Tensor:
    """A copy that autograd follows and that the module may write over."""
    tensor = tensor.detach()
    if gradients and tensor.is_floating_point():
        tensor.requires_grad_()
    return tensor.clone()
