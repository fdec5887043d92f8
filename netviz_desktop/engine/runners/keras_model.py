"""Runs a Keras model on torch, layer by layer, with every value and its gradient kept."""

from __future__ import annotations

import gc
import time
from collections.abc import Mapping
from contextlib import ExitStack
from dataclasses import replace
from typing import Any

import torch
from torch import Tensor
from torch.autograd.graph import get_gradient_edge

from netviz_desktop.engine.forward_pass import ForwardPass, Recorded
from netviz_desktop.engine.memory import Spill, storage_of
from netviz_desktop.engine.runners import Runner, step_of_opening
from netviz_desktop.engine.runners import Step as Progress
from netviz_desktop.engine.runners._compiler import as_written
from netviz_desktop.engine.runners._eager import one_line
from netviz_desktop.engine.runners._given import check_names, check_shape, missing
from netviz_desktop.engine.runners._keras_code import made
from netviz_desktop.engine.runners._keras_fit import names_of
from netviz_desktop.engine.runners._keras_layers import in_place_of, is_scope
from netviz_desktop.engine.runners._keras_layout import lay_kernels, uncopied
from netviz_desktop.engine.runners._keras_load import device_name, imported, loaded, outlined
from netviz_desktop.engine.runners._keras_recording import Inside, recorded_inside
from netviz_desktop.engine.runners._keras_steps import Compiled, Step, compiled, functional_of
from netviz_desktop.engine.runners._logits import find_logits
from netviz_desktop.engine.shortage import is_shortage, shortage
from netviz_desktop.graph import ModelGraph, Value, collector
from netviz_desktop.problems import Cancelled, Problem
from netviz_desktop.readers import OpenedModel
from netviz_desktop.readers.keras_model import KerasCode, KerasModel

_PROGRESS_SECONDS = 0.05


def runner(opened: OpenedModel, device: torch.device) -> Runner | None:
    match opened.executable:
        case KerasModel() as model:
            return KerasRunner(model, opened.graph, device)
        case KerasCode() as code:
            found = made(code, opened, device)
            return KerasRunner(*found, device) if isinstance(found, tuple) else found
    return None


class KerasRunner:
    """Runs one Keras model; see `Runner`.

    Its layers are built at once, without memory; their weights are read at the first run.
    Layers run in a scope where every variable is a constant: what they would write to their
    state goes to the scope, so that the model stays as it was.
    """

    def __init__(self, model: KerasModel, graph: ModelGraph, device: torch.device) -> None:
        name = model.file.path.name
        step = step_of_opening()
        if step is not None:
            step(-1.0, "Starting Keras")
        self._keras = imported(name)
        self._device = device
        self._file = model
        self._model: Any = None  # until the first run
        self._steps: list[Step] = []
        outline = outlined(model, step)
        if functional_of(outline) is None:
            raise Problem(
                f"{name} was saved before it knew the shape of its input: its layers are shown, "
                "but it cannot be run.",
                "Call the model once, save it again, and open it.",
            )
        with as_written(), self._keras.device("meta"):
            self.graph = self._compiled(outline, graph).graph

    @property
    def inputs(self) -> tuple[Value, ...]:
        return tuple(self.graph.values[name] for name in self.graph.inputs)

    def run(
        self, inputs: Mapping[str, Tensor], *, gradients: bool = True, step: Progress | None = None
    ) -> ForwardPass:
        given = self._checked(inputs)
        if self._model is None:
            if step is not None:
                step(-1.0, "Reading the weights")
            self._load(step)
        constants = self._constants()
        run = _Run(gradients, Spill(others={storage_of(tensor) for _, tensor in constants}))
        with ExitStack() as stack:
            stack.enter_context(collector.at_rest())
            stack.enter_context(as_written())
            stack.callback(run.spill.forget)
            if gradients:
                stack.enter_context(run.spill.watching_autograd())
            stack.enter_context(torch.inference_mode(mode=False))
            stack.enter_context(torch.set_grad_enabled(gradients))
            stack.enter_context(self._keras.device(device_name(self._device)))
            stack.enter_context(self._keras.StatelessScope(constants))
            stack.enter_context(uncopied(self._device))
            for name, tensor in given.items():
                run.keep(name, tensor)
            self._run_steps(run, step)
            # Keras leaves functions that know themselves, and the tensors that they walked over.
            gc.collect(0)
        graph = self._as_it_ran(run)
        values = run.recorded()
        logits, kind = find_logits(graph, lambda name: tuple(values[name].tensor.shape))
        return ForwardPass(
            graph,
            values,
            run.milliseconds,
            logits,
            kind,
            run.spill.bytes_on_disk,
            run.spill.limit_bytes,
        )

    def _load(self, step: Progress | None) -> None:
        model = loaded(self._file, self._device, step)
        lay_kernels(model.variables)
        with as_written(), self._keras.device(device_name(self._device)):
            self._steps = self._compiled(model, self.graph).steps
        self._model = model

    def _compiled(self, model: Any, like: ModelGraph) -> Compiled:
        layers = (one for one in model._flatten_layers() if functional_of(one) is None)
        self._names = names_of(model, self._file.file) if any(map(is_scope, layers)) else {}
        return compiled(model, like, self._file.net, self._file.ids, self._names)

    def _run_steps(self, run: _Run, step: Progress | None) -> None:
        shown = 0.0
        for index, todo in enumerate(self._steps):
            now = time.perf_counter()
            if step is not None and now - shown > _PROGRESS_SECONDS:
                step(index / len(self._steps), f"Running {todo.id}")
                shown = now
            try:
                self._run_step(todo, run)
                run.spill.settle()
            except (Problem, Cancelled):
                raise
            except Exception as error:
                if is_shortage(error):
                    raise shortage() from error
                shapes = ", ".join(str(tuple(run.values[n].shape)) for n in todo.reads.values())
                kind = type(todo.operation).__name__
                raise Problem(
                    f"The model stopped in {todo.id} ({kind}): {one_line(error).rstrip('.')}.",
                    f"Check that the input is one it takes; this layer was given {shapes}.",
                    node=todo.inside[0] if todo.inside else todo.id,
                ) from error

    def _run_step(self, todo: Step, run: _Run) -> None:
        started = time.perf_counter()
        if todo.operation is None:
            (given,) = todo.reads.values()
            value = run.values[given]
            cast = self._keras.ops.cast(value, todo.dtype) if todo.dtype else value
            run.keep(todo.outputs[0], _with_mask_of(cast, value))
            run.milliseconds[todo.id] = (time.perf_counter() - started) * 1000
            return
        args, kwargs = todo.arguments.fill_in({k: run.values[n] for k, n in todo.reads.items()})
        if getattr(todo.operation, "_call_has_training_arg", False):
            kwargs["training"] = False
        if todo.inside:
            self._run_inside(todo, run, args, kwargs)
            return
        if not todo.ending:
            results = self._keras.tree.flatten(todo.operation(*args, **kwargs))
            for name, result in zip(todo.outputs, results, strict=True):
                run.keep(name, result)
            run.milliseconds[todo.id] = (time.perf_counter() - started) * 1000
            return
        middle = started

        def halfway(value: Tensor) -> Tensor:
            """What the layer takes for its activation: keeps what that is given."""
            nonlocal middle
            kept = run.keep(todo.outputs[0], value)
            middle = time.perf_counter()
            ended: Tensor = activation(kept)
            return ended

        with in_place_of(todo.operation, halfway) as activation:
            run.keep(todo.ending, todo.operation(*args, **kwargs))
        run.milliseconds[todo.id] = (middle - started) * 1000
        run.milliseconds[todo.ending] = (time.perf_counter() - middle) * 1000

    def _run_inside(self, todo: Step, run: _Run, args: Any, kwargs: Any) -> None:
        found = recorded_inside(
            todo.operation,
            todo.id,
            lambda: todo.operation(*args, **kwargs),
            {name: run.values[name] for name in todo.reads.values()},
            todo.outputs,
            self._names,
            device_name(self._device),
            gradients=run.gradients,
        )
        if found is None:
            raise Problem(
                f"{todo.id} gave back what it was given.", "Look at the values before it."
            )
        for name, result in zip(todo.outputs, found.results, strict=True):
            run.keep(name, result)
        run.inside[todo.inside] = found
        run.milliseconds |= found.milliseconds
        for recorded in found.values.values():
            run.spill.add(recorded.tensor)

    def _as_it_ran(self, run: _Run) -> ModelGraph:
        """With what layers that are scopes did in this run: masks may make a difference."""
        graph = self.graph
        for ids, found in run.inside.items():
            if tuple(node.id for node in found.graph.nodes) != ids:
                first = next(i for i, node in enumerate(graph.nodes) if node.id == ids[0])
                others = [node for node in graph.nodes if node.id not in ids]
                nodes = (*others[:first], *found.graph.nodes, *others[first:])
                values = found.graph.values | graph.values
                graph = replace(graph, nodes=nodes, values=values)
        return graph

    def _constants(self) -> list[tuple[Any, Tensor]]:
        """Every variable with its numbers, which autograd does not follow."""
        return [(variable, variable.value.detach()) for variable in self._model.variables]

    def _checked(self, inputs: Mapping[str, Tensor]) -> dict[str, Tensor]:
        check_names(inputs, self.inputs)
        return {value.name: self._fitted(value, inputs.get(value.name)) for value in self.inputs}

    def _fitted(self, value: Value, given: Tensor | None) -> Tensor:
        if given is None:
            raise missing(value)
        check_shape(value, given)
        return given.detach().to(self._device, getattr(torch, value.dtype or "", None))


class _Run:
    """The values of one run."""

    def __init__(self, gradients: bool, spill: Spill) -> None:
        self.spill = spill
        self.values: dict[str, Tensor] = {}
        self.milliseconds: dict[str, float] = {}
        self.inside: dict[tuple[str, ...], Inside] = {}  # by what was expected inside
        self.gradients = gradients
        self._seen: set[int] = set()

    def keep(self, name: str, value: Tensor) -> Tensor:
        """The value as the next layer shall have it: an object of its own, so that it has a
        gradient of its own; one that autograd does not know yet begins here."""
        kept = value
        if self.gradients and value.is_floating_point() and not value.requires_grad:
            kept = value.detach().requires_grad_().view_as(value)
        elif id(value) in self._seen:
            kept = value.view_as(value)
        self._seen.add(id(kept))
        self.values[name] = _with_mask_of(kept, value)
        self.spill.add(kept)
        if kept._base is not None:  # Keras transposes what torch computes
            self.spill.add(kept._base)
        return kept

    def recorded(self) -> dict[str, Recorded]:
        found = {
            name: Recorded(
                value.detach(), get_gradient_edge(value) if value.requires_grad else None
            )
            for name, value in self.values.items()
        }
        for inside in self.inside.values():
            found |= inside.values
        return found


def _with_mask_of(tensor: Tensor, source: Tensor) -> Tensor:
    """Keras hangs the mask of a sequence on its tensor."""
    mask = getattr(source, "_keras_mask", None)
    if mask is not None and tensor is not source:
        tensor._keras_mask = mask  # type: ignore[attr-defined]  # as Keras itself does
    return tensor
