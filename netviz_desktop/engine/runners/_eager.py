"""What computes eagerly with torch, run with everything that it computes recorded."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager, ExitStack
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Any

import torch
from torch import Tensor, nn

from netviz_desktop.engine.forward_pass import ForwardPass, Recorded, RunStopped
from netviz_desktop.engine.runners import Step
from netviz_desktop.engine.runners._at_rest import at_rest, parts_of
from netviz_desktop.engine.runners._compiler import as_written
from netviz_desktop.engine.runners._keeping import Weights
from netviz_desktop.engine.runners._logits import find_logits
from netviz_desktop.engine.runners._recorded_graph import (
    parameters_of,
    ran_alike,
    recorded_graph,
    rename_outputs,
)
from netviz_desktop.engine.runners._recorder import Operation, Recorder, named_by_place
from netviz_desktop.engine.shortage import is_shortage, shortage
from netviz_desktop.graph import ModelGraph, Parameter, collector
from netviz_desktop.problems import Cancelled, Problem


@dataclass
class Eager:
    """A program of torch operations, and what is looked up in it at every run.

    Args:
        name: what a Problem calls it: "ResNet".
        call: runs it on inputs by name, and gives its result. It may tell the recorder at
            which place it is, see `Recorder.place`; modules that it calls tell themselves.
        weights, parameters: what it reads of its own, by the same names.
        paths: id(module) -> its path.
        resting: inside this context it runs; afterwards it is as it was.
        expected: operations in a run, for the progress; 0 when not known.
        naming: as in `Recorder`.
    """

    name: str
    call: Callable[[Recorder, Mapping[str, Tensor]], Any]
    weights: Weights
    parameters: Mapping[str, Parameter]
    paths: Mapping[int, str]
    resting: Callable[[], AbstractContextManager[None]]
    expected: int = 0
    naming: Callable[[Operation], str] = named_by_place
    _graph: ModelGraph | None = field(default=None, init=False)  # of the last run

    @collector.at_rest()
    def run(
        self,
        given: Mapping[str, Tensor],
        like: ModelGraph,
        *,
        gradients: bool,
        step: Step | None = None,
    ) -> ForwardPass:
        """Run it, and leave it exactly as it was.

        Args:
            given: inputs by name, on the device of the program.
            like: what was known of the graph before.

        What writes over its values in ways that autograd refuses runs without gradients, and
        every value says so.

        Raises:
            RunStopped: its code raised.
            Problem: it gave back no tensor, or there is not enough memory.
            Cancelled: `step` said so.
        """
        try:
            return self._run(given, like, gradients=gradients, step=step)
        except RunStopped as stopped:
            if not gradients or not _autograd_refused(stopped):
                raise
        passed = self._run(given, like, gradients=False, step=step)
        for name, recorded in passed.values.items():
            passed.values[name] = replace(recorded, state=_NO_GRADIENTS)
        return passed

    def record(
        self,
        given: Mapping[str, Tensor],
        *,
        gradients: bool,
        like: ModelGraph | None = None,
        step: Step | None = None,
    ) -> tuple[Recorder, Any]:
        """The recording of a run, and what `call` gave back; see `run`.

        Args:
            like: what was known of the graph before, of which a run that stops gives as much
                as it reached. None: what `call` raises rises as it is.
        """
        recorder = Recorder(self.paths, self.weights, gradients, step, self.expected, self.naming)
        with ExitStack() as stack:
            stack.enter_context(collector.at_rest())
            stack.enter_context(as_written())
            stack.enter_context(self.resting())
            stack.enter_context(torch.inference_mode(mode=False))
            stack.enter_context(torch.set_grad_enabled(gradients))
            fed = {name: _fed(tensor, gradients=gradients) for name, tensor in given.items()}
            for name, tensor in fed.items():
                recorder.add_input(name, tensor)
            try:
                with recorder.recording():
                    result = self.call(recorder, fed)
            except Cancelled:
                raise
            except (Exception, SystemExit) as error:  # the person's code: anything may rise
                if is_shortage(error):
                    raise shortage() from error
                if like is None:
                    raise
                raise self._stopped(recorder, error, fed, like) from error
        self.expected = len(recorder.operations)
        return recorder, result

    def _run(
        self, given: Mapping[str, Tensor], like: ModelGraph, *, gradients: bool, step: Step | None
    ) -> ForwardPass:
        recorder, result = self.record(given, gradients=gradients, like=like, step=step)
        outputs = rename_outputs(recorder, result)
        if not outputs:
            raise Problem(
                f"{self.name} ran, but gave back no tensor.",
                "Open a module whose forward returns a tensor, or tensors in a tuple or dict.",
            )
        inputs = tuple(given)
        graph = self._graph
        if graph is None or not ran_alike(recorder, inputs, outputs, graph):
            graph = recorded_graph(recorder, self.parameters, inputs, outputs, like)
            self._graph = graph
        logits = find_logits(graph, lambda name: tuple(recorder.values[name].held.shape))
        return _forward_pass(recorder, graph, *logits)

    def _stopped(
        self,
        recorder: Recorder,
        error: BaseException,
        fed: Mapping[str, Tensor],
        like: ModelGraph,
    ) -> RunStopped:
        where = recorder.where
        at = recorder.stopped_at(error)
        shapes = ", ".join(f"{n} {tuple(t.shape)} {t.dtype}" for n, t in fed.items())
        problem = (
            Problem(error.what, error.remedy, node=at.id, choices=error.choices)
            if isinstance(error, Problem)
            else Problem(
                f"{self.name} stopped {where}: {one_line(error)}",
                "Install what is missing beside NetViz Desktop, and run it again."
                if isinstance(error, ImportError)
                else f"Check that the input is one it takes; it was given {shapes}.",
                node=at.id,
            )
        )
        fault = (
            error.what if isinstance(error, Problem) else f"The run stopped here: {one_line(error)}"
        )
        graph = recorded_graph(recorder, self.parameters, tuple(fed), (), like, at, fault)
        return RunStopped(problem, _forward_pass(recorder, graph))


_NO_GRADIENTS = "The model writes over its values in a way that allows no gradients."


def _autograd_refused(stopped: RunStopped) -> bool:
    """Whether the run would do without gradients."""
    said = str(stopped.__cause__)
    return isinstance(stopped.__cause__, RuntimeError) and any(
        words in said for words in ("modified inplace", "in-place operation", "Inference tensors")
    )


def _forward_pass(
    recorder: Recorder, graph: ModelGraph, logits: str | None = None, score_kind: str = ""
) -> ForwardPass:
    return ForwardPass(
        graph,
        {n: Recorded(_dense(seen.tensor), seen.edge) for n, seen in recorder.values.items()},
        {operation.id: operation.milliseconds for operation in recorder.operations},
        logits,
        score_kind,
        recorder.spill.bytes_on_disk,
        recorder.spill.limit_bytes,
    )


def eager_module(module: nn.Module, positional: tuple[str, ...], dictionary: str = "") -> Eager:
    """An nn.Module, called as it is.

    Args:
        positional: the arguments that go by their place; others go by their name.
        dictionary: all go in a dictionary, which is its one argument, of this name.
    """

    def call(recorder: Recorder, fed: Mapping[str, Tensor]) -> Any:
        with recorder.listening(parts_of(module)):
            if dictionary:
                return module(dict(fed))
            by_name = {name: tensor for name, tensor in fed.items() if name not in positional}
            return module(*(fed[name] for name in positional), **by_name)

    return Eager(
        type(module).__name__,
        call,
        Weights(itertools.chain(module.named_parameters(), module.named_buffers())),
        parameters_of(module),
        {id(part): path for path, part in module.named_modules()},
        partial(at_rest, module),
    )


def _dense(tensor: Tensor) -> Tensor:
    tensor = tensor.detach()
    return tensor if tensor.layout is torch.strided else tensor.to_dense()


def one_line(error: BaseException) -> str:
    """Its type and the first line of what it says."""
    said = str(error).strip().splitlines()
    return f"{type(error).__name__}: {said[0][:300]}" if said else type(error).__name__


def _fed(tensor: Tensor, *, gradients: bool) -> Tensor:
    """A copy that autograd follows and that the program may write over."""
    tensor = tensor.detach()
    if gradients and tensor.is_floating_point():
        tensor.requires_grad_()
    return tensor.clone()
