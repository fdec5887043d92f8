"""Runs TorchScript in an interpreter of our own, with everything that it computes recorded.

`torch.jit` is deprecated; what is used of it is used here and in `_script_program`.
"""

from __future__ import annotations

import copy
import time
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from functools import partial
from typing import Any

import torch
from torch import Tensor

from netviz_desktop.engine.forward_pass import ForwardPass
from netviz_desktop.engine.runners import Step, step_of_opening
from netviz_desktop.engine.runners._eager import Eager
from netviz_desktop.engine.runners._guessed_inputs import Guess
from netviz_desktop.engine.runners._keeping import Weights
from netviz_desktop.engine.runners._recorder import Recorder
from netviz_desktop.engine.runners._script_folding import folded
from netviz_desktop.engine.runners._script_inputs import arguments_of, likely_inputs
from netviz_desktop.engine.runners._script_loading import Loaded, frozen, loaded, outlined
from netviz_desktop.engine.runners._script_machine import Machine
from netviz_desktop.engine.runners._script_program import Function, Program
from netviz_desktop.engine.runners._script_sketch import sketch
from netviz_desktop.engine.runners._script_values import NotInterpretedError
from netviz_desktop.graph import ModelGraph, Parameter, Value
from netviz_desktop.problems import Problem
from netviz_desktop.readers import OpenedModel
from netviz_desktop.readers.torchscript import ScriptFile

_LARGE_BYTES = 64 * 2**20  # below it, reading the weights takes less than compiling twice
_SECONDS_OF_DRAWING = 10.0
_META = torch.device("meta")


def runner(opened: OpenedModel, device: torch.device) -> ScriptRunner | None:
    if not isinstance(opened.executable, ScriptFile):
        return None
    return ScriptRunner(opened.executable, opened.graph, device)


class ScriptRunner:
    """Runs one TorchScript file; see `Runner`.

    The graph before the first run is that of a run without weights, which computes shapes
    alone, on the inputs that it was traced with or that its first layer suggests. Where the
    way depends on numbers, both ways are drawn, and an "If" or "Loop" joins them.
    """

    _program: Program | None
    _eager: Eager

    def __init__(self, file: ScriptFile, graph: ModelGraph, device: torch.device) -> None:
        self._file = file
        self._device = device
        self.graph = graph
        large = file.path.stat().st_size > _LARGE_BYTES
        outline = outlined(file) if large else None
        self._has_weights = outline is None
        self._take(outline or loaded(file, device))
        self.inputs = tuple(Value(a.name) for a in self._arguments if a.required)
        drawn = self._draw_shapes()
        if not drawn and not self._has_weights:  # numbers may be all that was missing
            self._read_weights()
            drawn = self._draw_shapes()
        if not drawn:
            known = list(self._weights())
            self.graph = sketch(self._loaded, known, dict(self._eager.parameters), self.graph)

    def run(
        self, inputs: Mapping[str, Tensor], *, gradients: bool = True, step: Step | None = None
    ) -> ForwardPass:
        if not self._has_weights:
            if step is not None:
                step(-1.0, "Reading the weights")
            self._read_weights()
        given = self._fitted(inputs)
        if self._program is not None:
            try:
                return self._eager.run(given, self.graph, gradients=gradients, step=step)
            except Problem as problem:
                if not isinstance(problem.__cause__, NotInterpretedError):
                    raise
                self._program, self._eager = None, self._direct()
        run = self._eager.run(given, self.graph, gradients=gradients, step=step)
        nodes = tuple(replace(n, note=_DIRECT, execution="TorchScript") for n in run.graph.nodes)
        return replace(run, graph=replace(run.graph, nodes=nodes))

    # --- what the file holds --------------------------------------------------------------

    def _take(self, found: Loaded) -> None:
        self._loaded = found
        self._arguments = arguments_of(found.module._get_method("forward").schema)
        self._program = self._interpreted_program()
        self._eager = self._interpreted() if self._program is not None else self._direct()

    def _read_weights(self) -> None:
        """Raises: Problem: the file is not what it was."""
        expected = self._eager.expected
        self._take(loaded(self._file, self._device))
        self._eager.expected = expected
        self._has_weights = True

    # --- the two ways to run it -----------------------------------------------------------

    def _interpreted_program(self) -> Program | None:
        try:
            return Program(self._file, self._loaded)
        except NotInterpretedError:
            return None

    def _interpreted(self) -> Eager:
        known: list[Function] = []

        def call(recorder: Recorder, fed: Mapping[str, Tensor]) -> Any:
            if not known:
                known.append(folded(self._known_program))
            with Machine(self._known_program, recorder, self._device).running() as machine:
                return machine.call_known(known[0], None, self._given(fed))

        return self._eager_of(call, self._weights())

    def _direct(self) -> Eager:
        def call(recorder: Recorder, fed: Mapping[str, Tensor]) -> Any:
            optimized = torch._C._get_graph_executor_optimize()
            torch._C._set_graph_executor_optimize(False)  # it would fuse operations away
            try:
                copied = copy.copy(self._loaded.script)  # of the same tensors; it may set others
                with recorder.listening((copied,)):
                    return copied.eval()(*(a.value(fed) for a in self._arguments))
            finally:
                torch._C._set_graph_executor_optimize(optimized)

        return self._eager_of(call, self._weights())

    def _without_weights(self, until: float) -> Eager:
        """Computes shapes alone."""
        known: dict[int, tuple[Tensor, Tensor]] = {}

        def meta(tensor: Tensor) -> Tensor:
            if id(tensor) not in known:
                with torch._C._DisableTorchDispatch(), torch._C.DisableTorchFunction():
                    known[id(tensor)] = tensor, tensor.detach().to(_META)
            return known[id(tensor)][1]

        def call(recorder: Recorder, fed: Mapping[str, Tensor]) -> Any:
            program = self._known_program
            with Machine(program, recorder, _META, meta, until).running() as machine:
                return machine.call(program.forward.name, self._given(fed))

        return self._eager_of(call, ((name, meta(t), b) for name, t, b in self._weights()))

    def _given(self, fed: Mapping[str, Tensor]) -> list[Any]:
        arguments = (argument.value(fed) for argument in self._arguments)
        return [self._known_program.root, *arguments]

    def _eager_of(self, call: Any, weights: Iterable[tuple[str, Tensor, bool]]) -> Eager:
        found = list(weights)
        return Eager(
            str(self._loaded.script.original_name) or "The model",
            call,
            Weights((name, tensor) for name, tensor, _ in found),
            {
                name: Parameter(
                    name,
                    tuple(tensor.shape),
                    str(tensor.dtype).removeprefix("torch."),
                    name.rpartition(".")[2],
                    buffer=buffer,
                )
                for name, tensor, buffer in found
            },
            {},
            partial(frozen, [tensor for _, tensor, buffer in found if not buffer]),
        )

    @property
    def _known_program(self) -> Program:
        assert self._program is not None
        return self._program

    def _weights(self) -> Iterator[tuple[str, Tensor, bool]]:
        yield from self._loaded.weights()
        if self._program is not None:
            yield from ((n, tensor, False) for n, tensor in self._program.constants.items())

    # --- what is known before a run -------------------------------------------------------

    def _draw_shapes(self) -> bool:
        if self._program is None:
            return False
        until = time.monotonic() + _SECONDS_OF_DRAWING
        eager = self._without_weights(until)
        constants = iter(self._known_program.constants.values())
        for likely in likely_inputs(
            self._arguments, self._file.traced, self._loaded.script, constants
        ):
            try:
                run = self._try(eager, likely)
            except Problem:
                if time.monotonic() > until:
                    break
                continue
            self.graph = run.graph
            self._eager.expected = len(run.graph.nodes)
            self.inputs = self._described(eager, likely)
            return True
        return False

    def _try(self, eager: Eager, likely: Mapping[str, Guess]) -> ForwardPass:
        given = {
            argument.name: guess.tensor(_META)
            if argument.dtype is None
            else torch.tensor(argument.usual, dtype=argument.dtype)
            for argument in self._arguments
            if (guess := likely.get(argument.name)) is not None
        }
        return eager.run(given, self.graph, gradients=False, step=step_of_opening())

    def _described(self, eager: Eager, likely: Mapping[str, Guess]) -> tuple[Value, ...]:
        """Sizes that it was traced with stay; of guessed ones, those that may be others are
        free."""
        free = False
        if any(guess.free for guess in likely.values()):
            try:
                self._try(eager, {name: guess.resized() for name, guess in likely.items()})
                free = True
            except Problem:
                pass  # only this size fits
        return tuple(
            Value(
                name,
                tuple(
                    None if at == 0 or (free and at in guess.free) else size
                    for at, size in enumerate(guess.shape)
                ),
                str(guess.dtype).removeprefix("torch."),
            )
            for name, guess in likely.items()
        )

    def _fitted(self, inputs: Mapping[str, Tensor]) -> dict[str, Tensor]:
        known = {argument.name for argument in self._arguments}
        required = [argument.name for argument in self._arguments if argument.required]
        if any(name not in inputs for name in required) or any(n not in known for n in inputs):
            raise Problem(
                f"The model takes {', '.join(required)}, but was given "
                f"{', '.join(inputs) or 'nothing'}.",
                "Name each input as the model's forward does.",
            )
        weights = (t for _, t, _ in self._weights() if t.is_floating_point())
        wanted = next((tensor.dtype for tensor in weights), torch.float32)
        return {
            name: tensor.to(self._device, wanted if tensor.is_floating_point() else None)
            for name, tensor in inputs.items()
        }


_DIRECT = "Run by TorchScript itself: its operations are seen, but not which module they are in."
