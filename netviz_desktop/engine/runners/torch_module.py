"""Runs an nn.Module as it is, eagerly, with everything that it computes recorded."""

from __future__ import annotations

import copy
import time
from collections.abc import Iterator, Mapping

import torch
from torch import Tensor, nn

from netviz_desktop.engine.forward_pass import ForwardPass
from netviz_desktop.engine.runners import Step
from netviz_desktop.engine.runners._eager import Eager, eager_module
from netviz_desktop.engine.runners._guessed_inputs import (
    Guess,
    argument_names,
    floating_dtype,
    guesses,
)
from netviz_desktop.graph import ModelGraph, Value
from netviz_desktop.problems import Problem
from netviz_desktop.readers import OpenedModel

_SECONDS_OF_GUESSING = 20.0


def runner(opened: OpenedModel, device: torch.device) -> ModuleRunner | None:
    if not isinstance(opened.executable, nn.Module):
        return None
    return ModuleRunner(opened.executable, opened.graph, device)


class ModuleRunner:
    """Runs one nn.Module; see `Runner`.

    The graph before the first run is recorded on zeros of a guessed shape, without weights
    where the module allows it. Where no guess fits it is the module tree, and says so.
    """

    def __init__(self, module: nn.Module, graph: ModelGraph, device: torch.device) -> None:
        self._device = device
        self._module = module.to(device)
        self._required, self._optional = argument_names(module)
        self._eager = eager_module(self._module, self._required)
        self.inputs = tuple(Value(name) for name in self._required)
        self.graph = graph
        for eager, guess in self._candidates():
            try:
                run = self._try(eager, guess)
            except Problem:
                continue
            self.graph = run.graph
            self._eager.expected = len(run.graph.nodes)
            self.inputs = self._described(eager, guess)
            break

    def run(
        self, inputs: Mapping[str, Tensor], *, gradients: bool = True, step: Step | None = None
    ) -> ForwardPass:
        self._check(inputs)
        given = {name: self._fitted(tensor) for name, tensor in inputs.items()}
        return self._eager.run(given, self.graph, gradients=gradients, step=step)

    def _check(self, inputs: Mapping[str, Tensor]) -> None:
        known = {*self._required, *self._optional}
        missing = [name for name in self._required if name not in inputs]
        unknown = [name for name in inputs if name not in known]
        if missing or unknown:
            raise Problem(
                f"The model takes {', '.join(self._required)}, but was given "
                f"{', '.join(inputs) or 'nothing'}.",
                "Name each input as the model's forward does.",
            )

    def _fitted(self, tensor: Tensor) -> Tensor:
        wanted = floating_dtype(self._module)
        return tensor.to(self._device, wanted if tensor.is_floating_point() else None)

    def _candidates(self) -> Iterator[tuple[Eager, Guess]]:
        """First all guesses on a copy without weights, which computes shapes alone; then, for
        a module that looks at numbers, on the module itself."""
        found = list(guesses(self._module))
        weightless = _without_weights(self._module)
        if weightless is not None:
            eager = eager_module(weightless, self._required)
            yield from ((eager, guess) for guess in found)
        until = time.monotonic() + _SECONDS_OF_GUESSING
        for guess in found:
            if time.monotonic() < until:
                yield self._eager, guess

    def _try(self, eager: Eager, guess: Guess) -> ForwardPass:
        device = "meta" if eager is not self._eager else self._device
        given = {name: guess.tensor(device) for name in self._required}
        return eager.run(given, self.graph, gradients=False)

    def _described(self, eager: Eager, guess: Guess) -> tuple[Value, ...]:
        free: tuple[int, ...] = ()
        if guess.free:
            try:
                self._try(eager, guess.resized())
                free = guess.free
            except Problem:
                pass  # only this size fits
        shape = tuple(
            None if dimension == 0 or dimension in free else size
            for dimension, size in enumerate(guess.shape)
        )
        dtype = str(guess.dtype).removeprefix("torch.")
        return tuple(Value(name, shape, dtype) for name in self._required)


def _without_weights(module: nn.Module) -> nn.Module | None:
    """A copy on the meta device, where operations compute shapes alone; None when the module
    cannot be copied."""
    memo: dict[int, object] = {}
    for part in module.modules():
        if isinstance(part, torch.jit.ScriptModule):
            return None  # it copies its tensors itself
        for found in (part._parameters, part._buffers, part.__dict__):
            for held in found.values():
                if isinstance(held, nn.Parameter):
                    memo[id(held)] = nn.Parameter(held.detach().to("meta"), requires_grad=False)
                elif isinstance(held, Tensor):
                    memo[id(held)] = held.detach().to("meta")
    try:
        copied: nn.Module = copy.deepcopy(module, memo)
    except Exception:  # noqa: BLE001 - it is the person's code: anything may rise
        return None
    return copied
