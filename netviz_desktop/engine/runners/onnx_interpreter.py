"""ONNX, run node by node on torch, with every value and its gradient kept."""

from __future__ import annotations

import time
from collections.abc import Mapping
from contextlib import ExitStack
from dataclasses import replace
from typing import Any

import numpy as np
import torch
from torch import Tensor
from torch.autograd.graph import get_gradient_edge

from netviz_desktop.engine.forward_pass import ForwardPass, Recorded
from netviz_desktop.engine.memory import Spill, storage_of
from netviz_desktop.engine.onnx_ops._numbers import computed_dtype, marked, rounded_to
from netviz_desktop.engine.runners import Step as Progress
from netviz_desktop.engine.runners import _onnx_tiers as tiers
from netviz_desktop.engine.runners._given import check_names, check_numbers, check_shape, missing
from netviz_desktop.engine.runners._logits import find_logits
from netviz_desktop.engine.runners._onnx_compile import compiled_step
from netviz_desktop.engine.runners._onnx_gradients import gradient_states, is_differentiable
from netviz_desktop.engine.runners._onnx_program import Context, Step
from netviz_desktop.engine.runners._onnx_values import to_torch
from netviz_desktop.graph import ModelGraph, Value, collector
from netviz_desktop.problems import Problem
from netviz_desktop.readers import OpenedModel
from netviz_desktop.readers.onnx_model import OnnxModel

_PROGRESS_SECONDS = 0.05


def runner(opened: OpenedModel, device: torch.device) -> OnnxInterpreter | None:
    if not isinstance(opened.executable, OnnxModel):
        return None
    with collector.at_rest():
        return OnnxInterpreter(opened.graph, opened.executable, device)


class OnnxInterpreter:
    """Runs one ONNX model. Weights become tensors at the first run and stay."""

    def __init__(self, graph: ModelGraph, model: OnnxModel, device: torch.device) -> None:
        proto = model.proto
        opsets = {opset.domain: opset.version for opset in proto.opset_import}
        functions = {(f.domain, f.name, f.overload): f for f in proto.functions}
        self._model = model
        self._context = Context(model.path, device, functions)
        self._steps: list[Step] = []
        for index in model.order:
            node, node_id = proto.graph.node[index], model.ids[index]
            self._steps.append(compiled_step(node, node_id, opsets, self._context, self._steps))
        self._element_types = {
            i.name: i.type.tensor_type.elem_type
            for i in proto.graph.input
            if i.type.HasField("tensor_type")
        }
        self._optional = {i.name for i in proto.graph.input if i.type.HasField("optional_type")}
        self._graph = _with_execution(graph, self._steps)
        self._constants: dict[str, Any] | None = None
        self._others: frozenset[int] = frozenset()
        self._spill = Spill(0)

    @property
    def graph(self) -> ModelGraph:
        return self._graph

    @property
    def inputs(self) -> tuple[Value, ...]:
        return tuple(self._graph.values[name] for name in self._graph.inputs)

    def run(
        self, inputs: Mapping[str, Tensor], *, gradients: bool = True, step: Progress | None = None
    ) -> ForwardPass:
        values, milliseconds = self.values(inputs, gradients=gradients, step=step)
        logits, kind = find_logits(self._graph, lambda name: _shape(values.get(name)))
        return ForwardPass(
            self._graph,
            self._recorded(values, logits or self._graph.outputs[0]),
            milliseconds,
            logits,
            kind,
            self._spill.bytes_on_disk,
            self._spill.limit_bytes,
        )

    def values(
        self, inputs: Mapping[str, Any], *, gradients: bool = True, step: Progress | None = None
    ) -> tuple[dict[str, Any], dict[str, float]]:
        """Every value by name, as `run` computes them, and the milliseconds of each node:
        tensors under autograd, and what no tensor holds: text as numpy arrays, sequences as
        lists, None for an optional value that is empty."""
        given = self._checked(inputs)
        if self._constants is None:
            self._constants = self._read_constants()
            constants = filter(lambda value: isinstance(value, Tensor), self._constants.values())
            self._others = frozenset(map(storage_of, constants))
        self._context.tick = _ticker(step)
        self._spill = Spill(others=self._others)
        with ExitStack() as stack:
            stack.enter_context(torch.set_grad_enabled(gradients))
            stack.enter_context(collector.at_rest())
            stack.callback(self._spill.forget)
            if gradients:
                stack.enter_context(self._spill.watching_autograd())
            values = dict(self._constants)
            values[""] = None
            for name, value in given.items():
                values[name] = _started(value) if gradients else value
            milliseconds = self._run_steps(values, gradients=gradients, step=step)
        for name in self._graph.outputs:
            if name not in values:
                raise Problem(
                    f"The output “{name}” is computed nowhere in {self._model.path.name}.",
                    "Export the model again.",
                )
        return values, milliseconds

    def _run_steps(
        self, values: dict[str, Any], *, gradients: bool, step: Progress | None
    ) -> dict[str, float]:
        # Two values that were one tensor would have one gradient between them.
        seen = {id(value) for value in values.values()}
        milliseconds: dict[str, float] = {}
        clock = time.perf_counter
        shown = now = clock()
        for index, todo in enumerate(self._steps):
            if step is not None and now - shown > _PROGRESS_SECONDS:
                step(index / len(self._steps), f"Running {todo.id}")
                shown = now
            try:
                outputs = todo.run(values)
            except Problem as problem:
                problem.node = todo.id  # it may be of a node inside this one
                raise
            for name, output in zip(todo.outputs, outputs, strict=False):
                if not name:
                    continue
                if isinstance(output, Tensor):
                    if gradients and not output.requires_grad:
                        output = _started(output)  # noqa: PLW2901
                    if id(output) in seen:
                        output = torch.ops.aten.alias(output)  # noqa: PLW2901
                    seen.add(id(output))
                    self._spill.add(output)
                values[name] = output
            self._spill.settle()
            before, now = now, clock()
            milliseconds[todo.id] = (now - before) * 1000
        return milliseconds

    def _recorded(self, values: dict[str, Any], target: str) -> dict[str, Recorded]:
        constants = self._constants or {}
        states = gradient_states(self._steps, values, target)
        outputs = set(self._graph.outputs)
        recorded = {}
        for name, value in values.items():
            if not isinstance(value, Tensor) or (name in constants and name not in outputs):
                continue
            edge = get_gradient_edge(value) if value.requires_grad else None
            state = "" if edge is None else states.get(name, "")
            recorded[name] = Recorded(value.detach(), edge, state)
        return recorded

    def _checked(self, inputs: Mapping[str, Tensor]) -> dict[str, Any]:
        check_names(inputs, self.inputs)
        return {value.name: self._fitted(value, inputs.get(value.name)) for value in self.inputs}

    def _fitted(self, value: Value, given: Any) -> Any:
        if given is None and value.name not in self._optional:
            raise missing(value)
        code = self._element_types.get(value.name)
        if not isinstance(given, Tensor) or code is None:
            return given
        check_shape(value, given)
        try:
            dtype = computed_dtype(code)
        except ValueError as error:
            raise Problem(
                f"The input “{value.name}” is of a type that cannot be run: "
                f"{value.dtype or 'none is stated'}.",
                "Export the model with a usual type of input.",
            ) from error
        check_numbers(value, given, dtype)
        tensor = given.detach().to(self._context.device, dtype)
        with torch.no_grad():
            return marked(rounded_to(tensor, code), code)

    def _read_constants(self) -> dict[str, Any]:
        read = {}
        for name in {name for step in self._steps for name in step.inputs} | {
            name for step in self._steps for body in step.bodies.values() for name in body.reads()
        }:
            stored = self._model.constants.get(name)
            if stored is not None:
                read[name] = to_torch(stored(), self._context.device)
        for name in self._graph.outputs:
            if name in self._model.constants:
                read[name] = to_torch(self._model.constants[name](), self._context.device)
        return read


def _with_execution(graph: ModelGraph, steps: list[Step]) -> ModelGraph:
    """The graph, each node saying what runs it, or why nothing does."""
    nodes = []
    for node, step in zip(graph.nodes, steps, strict=True):
        note = " ".join(filter(None, (node.note, tiers.note(step.tier))))
        nodes.append(node.as_run(step.tier, note, step.fault))
    return replace(graph, nodes=tuple(nodes))


def _started(output: Any) -> Any:
    """A value that autograd does not know yet, because it is an input, or integers or a
    forward-only node lead to it: gradients with respect to it begin here."""
    if not is_differentiable(output):
        return output
    return output.detach().requires_grad_().view_as(output)


def _ticker(step: Progress | None) -> Any:
    """What loops call in each turn, so that one without an end can be stopped."""
    if step is None:
        return lambda: None
    shown = time.perf_counter()

    def tick() -> None:
        nonlocal shown
        now = time.perf_counter()
        if now - shown > _PROGRESS_SECONDS:
            shown = now
            step(-1.0, "Running")

    return tick


def _shape(value: Any) -> tuple[int, ...]:
    return tuple(value.shape) if isinstance(value, Tensor | np.ndarray) else ()
