"""Runs an exported program call by call, with everything that it computes recorded.

The program's JSON is interpreted here. `torch.export.load` would unpickle parts of the
file, look up whatever name stands where an operator should, and refuse inputs of another
batch size than the example's.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager, nullcontext
from dataclasses import dataclass, field
from typing import Any

import torch
from numpy.typing import NDArray
from torch import Tensor

from netviz_desktop.engine.forward_pass import ForwardPass, Recorded
from netviz_desktop.engine.runners import Step as Progress
from netviz_desktop.engine.runners._eager import Eager, one_line
from netviz_desktop.engine.runners._exported_calls import (
    Compiled,
    Environment,
    compiled,
    meant,
)
from netviz_desktop.engine.runners._given import check_names, check_numbers, check_shape, missing
from netviz_desktop.engine.runners._keeping import SeenValue, Weights
from netviz_desktop.engine.runners._logits import find_logits
from netviz_desktop.engine.runners._recorder import Recorder
from netviz_desktop.engine.shortage import is_shortage, shortage
from netviz_desktop.graph import ModelGraph, Value
from netviz_desktop.problems import Cancelled, Problem
from netviz_desktop.readers import OpenedModel
from netviz_desktop.readers._exported_graph import ExportedProgram
from netviz_desktop.readers._exported_steps import Region, Step

# Torch's own schema does not say that these write over their running statistics.
_KEEPING_STATISTICS = frozenset(("batch_norm", "native_batch_norm"))
# Of operators for which torch has no derivative, such as prims, which compilers alone call.
_NO_DERIVATIVE = frozenset(
    ("NotImplemented", "GeneratedBackwardFor_prims_convert_element_type_defaultBackward")
)


def runner(opened: OpenedModel, device: torch.device) -> ExportedRunner | None:
    if not isinstance(opened.executable, ExportedProgram):
        return None
    return ExportedRunner(opened.executable, opened.graph, opened.weights, device)


class ExportedRunner:
    """Runs one exported program; see `Runner`. Weights become tensors at the first run."""

    def __init__(
        self,
        program: ExportedProgram,
        graph: ModelGraph,
        weights: Mapping[str, Callable[[], NDArray[Any]]],
        device: torch.device,
    ) -> None:
        self.graph = graph
        self.inputs = tuple(graph.values[name] for name in graph.inputs)
        self._program, self._weights, self._device = program, weights, device
        self._stored: dict[str, Tensor] | None = None
        self._known = Weights(())
        self._step: Progress | None = None
        self._calls = [compiled(s.call, s.names, device, self._tick) for s in program.steps]

    def run(
        self, inputs: Mapping[str, Tensor], *, gradients: bool = True, step: Progress | None = None
    ) -> ForwardPass:
        check_names(inputs, self.inputs)
        given = {value.name: self._fitted(value, inputs.get(value.name)) for value in self.inputs}
        if self._stored is None:
            self._stored = self._read_weights(step)
            self._known = Weights(self._stored.items())
        interpretation = _Interpretation(self._program, self._calls, self._stored, self._device)
        eager = Eager(
            self._program.name,
            interpretation.run,
            self._known,
            {},
            {},
            nullcontext,
            len(self.graph.nodes),
        )
        self._step = step
        try:
            recorder, _ = eager.record(given, gradients=gradients, step=step)
        finally:
            self._step = None
        states = _gradient_states(self.graph, interpretation.cut)
        values = {
            name: Recorded(seen.tensor.detach(), seen.edge, states.get(name, ""))
            for name, seen in interpretation.kept.items()
        }
        for name in self.graph.outputs:
            if name in self._stored:  # a weight, given back as it is
                values[name] = Recorded(self._stored[name])
        logits, kind = find_logits(
            self.graph, lambda name: tuple(values[name].tensor.shape) if name in values else ()
        )
        return ForwardPass(
            self.graph,
            values,
            interpretation.milliseconds,
            logits,
            kind,
            recorder.spill.bytes_on_disk,
            recorder.spill.limit_bytes,
        )

    def _fitted(self, value: Value, given: Tensor | None) -> Tensor:
        if given is None:
            raise missing(value)
        check_shape(value, given, otherwise="export the program again with dynamic shapes")
        dtype: torch.dtype = getattr(torch, value.dtype or "float32")
        check_numbers(value, given, dtype)
        return given.to(self._device, dtype)

    def _read_weights(self, step: Progress | None) -> dict[str, Tensor]:
        stored: dict[str, Tensor] = {}
        for name in self._program.stored.values():
            if name not in stored:
                if step is not None:
                    step(-1.0, f"Reading {name}")
                stored[name] = _tensor(self._weights[name]()).to(self._device)
        return stored

    def _tick(self) -> None:
        if self._step is not None:
            self._step(-1.0, "Running")


@dataclass(eq=False)
class _Interpretation:
    """One run.

    Args:
        kept: by value name of the model graph, what the run computed.
        cut: nodes that have no derivative.
    """

    program: ExportedProgram
    calls: Sequence[Compiled]
    stored: Mapping[str, Tensor]
    device: torch.device
    kept: dict[str, SeenValue] = field(default_factory=dict)
    milliseconds: dict[str, float] = field(default_factory=dict)
    cut: set[str] = field(default_factory=set)

    def run(self, recorder: Recorder, fed: Mapping[str, Tensor]) -> None:
        with recorder.listening():
            self._run(recorder, fed)

    def _run(self, recorder: Recorder, fed: Mapping[str, Tensor]) -> None:
        program = self.program
        values: Environment = dict(program.fixed)
        values |= {name: self.stored[stored] for name, stored in program.stored.items()}
        for name, argument in program.literals.items():
            values[name] = meant(argument, values, self.device)
        for name, tensor in fed.items():
            self._keep(name, tensor, recorder)
            values[name] = tensor.item() if name in program.numbers else tensor
        for step, call in zip(program.steps, self.calls, strict=True):
            recorder.place(step.path, step.kind, step.source)
            self._do(step, call, values, recorder)
        for name, value in program.outputs:
            self._keep(value, values[name], recorder)

    def _do(self, step: Step, call: Compiled, values: Environment, recorder: Recorder) -> None:
        with torch._C.DisableTorchFunction():  # whoever listens would hear each question
            for name, value in step.reads:
                self._keep(value, values[name], recorder)
        before = len(recorder.operations)
        try:
            with _inside(step.regions, values, self.device) if step.regions else nullcontext():
                call.assign(self._result(step, call, values, recorder), values)
        except (Problem, Cancelled):
            raise
        except Exception as error:  # whatever torch says of these arguments
            if is_shortage(error):
                raise shortage() from error
            raise Problem(
                f"{self.program.name} stopped at {step.node or step.operator}: {one_line(error)}",
                "Check that the input is one that the program was exported for.",
                node=step.node,
            ) from error
        if step.node:
            with torch._C.DisableTorchFunction():
                for name, value in zip(step.outputs, dict(step.computes).values(), strict=False):
                    if name in values:
                        self._keep(value, values[name], recorder)
            done = recorder.operations[before:]
            self.milliseconds[step.node] = sum(operation.milliseconds for operation in done)

    def _result(self, step: Step, call: Compiled, values: Environment, recorder: Recorder) -> Any:
        positional, keywords = call.arguments(values)
        if step.operator in _KEEPING_STATISTICS and positional[5:6] == [True]:  # training
            with torch._C._DisableTorchDispatch(), torch._C.DisableTorchFunction():
                for statistics in positional[3:5]:
                    if isinstance(statistics, Tensor):
                        recorder.before_write(statistics)
        result = call.function(*positional, **keywords)
        if isinstance(result, Tensor) and _derivative(result) in _NO_DERIVATIVE:
            self.cut.add(step.node)
            return result.detach().requires_grad_().view_as(result)  # gradients begin here
        if (
            isinstance(result, Tensor)  # one number may be the other: Python has but one 1
            and not step.writes_over
            and any(result is argument for argument in positional)
        ):
            return result.view_as(result)  # a conversion that had nothing to do
        return result

    def _keep(self, value: str, found: Any, recorder: Recorder) -> None:
        """Remember what the recording knows of a tensor, as it is now."""
        if isinstance(found, Tensor) and value not in self.kept and value not in self.stored:
            self.kept[value] = recorder.values[recorder.name_of(found)]


def _derivative(tensor: Tensor) -> str:
    with torch._C.DisableTorchFunction():
        return type(tensor.grad_fn).__name__


@contextmanager
def _inside(
    regions: tuple[Region, ...], values: Environment, device: torch.device
) -> Iterator[None]:
    """Computing as a region of the graph says."""
    with ExitStack() as stack:
        for region in regions:
            given = [meant(argument, values, device) for argument in region.given]
            if region.target.endswith("set_grad_enabled"):
                stack.enter_context(
                    torch.set_grad_enabled(bool(given[0]) and torch.is_grad_enabled())
                )
            else:
                _, dtype, enabled, *_ = given
                stack.enter_context(torch.autocast(device.type, dtype, enabled))
        yield


def _gradient_states(graph: ModelGraph, cut: set[str]) -> dict[str, str]:
    """For values that lead to the output through a node without a derivative: so."""
    states: dict[str, str] = {}
    for node in reversed(graph.nodes) if cut else ():
        said = next((states[name] for name in node.outputs if name in states), "")
        if node.id in cut:
            said = f"Its gradient through “{node.id}”, which has no derivative, is missing."
        states.update((name, said) for name in node.inputs if said and name not in states)
    return states


def _tensor(numbers: NDArray[Any]) -> Tensor:
    if numbers.dtype.isbuiltin == 1:
        return torch.from_numpy(numbers)
    # ml_dtypes are strangers to torch: hand over the bytes.
    dtype: torch.dtype = getattr(torch, numbers.dtype.name)
    return torch.from_numpy(numbers.view(f"u{numbers.dtype.itemsize}")).view(dtype)
