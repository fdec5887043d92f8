"""Runs an nn.Module as it is, eagerly, with everything that it computes recorded."""

from __future__ import annotations

import copy
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, replace

import torch
from torch import Tensor, nn

from netviz_desktop.engine.forward_pass import ForwardPass, RunStopped
from netviz_desktop.engine.runners import Step, step_of_opening
from netviz_desktop.engine.runners._at_rest import at_rest
from netviz_desktop.engine.runners._compiler import as_written
from netviz_desktop.engine.runners._eager import Eager, eager_module
from netviz_desktop.engine.runners._guessed_inputs import (
    Asked,
    Guess,
    Guesses,
    argument_names,
    floating_dtype,
    guesses,
    guesses_of_keys,
    takes_dictionary,
)
from netviz_desktop.graph import ModelGraph, Value
from netviz_desktop.problems import Problem
from netviz_desktop.readers import OpenedModel
from netviz_desktop.readers._unfilled import UnfilledModule

_SECONDS_OF_GUESSING = 20.0


def runner(opened: OpenedModel, device: torch.device) -> ModuleRunner | None:
    side = opened.image.side if opened.image is not None else None
    match opened.executable:
        case nn.Module() as module:
            there = module if _is_on(module, device) else module.to(device)
            return ModuleRunner(there, opened.graph, device, side=side)
        case UnfilledModule(module, fill):
            return ModuleRunner(module, opened.graph, device, side=side, fill=fill)
    return None


class ModuleRunner:
    """Runs one nn.Module; see `Runner`.

    The graph before the first run is recorded on guessed inputs, without weights where the
    module allows it. Where no guess fits it is as much as the best one could record, with
    the modules that it did not reach beside it.

    Args:
        side: of the images that it was trained on, where that is known.
        fill: puts its weights in, which is done when they are first needed.
    """

    def __init__(
        self,
        module: nn.Module,
        graph: ModelGraph,
        device: torch.device,
        *,
        side: int | None = None,
        fill: Callable[[Step], None] | None = None,
    ) -> None:
        self._device = device
        self._module = module
        self._side = side
        self._fill = fill
        self._required, self._optional = argument_names(module)
        self._dictionary = ""
        self.inputs: tuple[Value, ...] = tuple(Value(name) for name in self._required)
        self.graph = graph
        self._guess_inputs()
        self._eager = self._looked_up()

    def run(
        self, inputs: Mapping[str, Tensor], *, gradients: bool = True, step: Step | None = None
    ) -> ForwardPass:
        self._check(inputs)
        if self._fill is not None:
            self._fill_in(step)
            self._eager = self._looked_up()
        given = {name: self._fitted(tensor) for name, tensor in inputs.items()}
        return self._eager.run(given, self.graph, gradients=gradients, step=step)

    def _looked_up(self) -> Eager:
        eager = eager_module(self._module, self._required, self._dictionary)
        eager.expected = len(self.graph.nodes)
        return eager

    def _fill_in(self, step: Step | None) -> None:
        """Put the weights in, if that is still to be done."""
        if self._fill is not None:
            self._fill(step or (lambda _done, _what: None))
            self._fill = None
            self._module.to(self._device)

    def _check(self, inputs: Mapping[str, Tensor]) -> None:
        required = tuple(value.name for value in self.inputs)
        known = {*required, *self._optional}
        missing = [name for name in required if name not in inputs]
        unknown = [name for name in inputs if name not in known and not self._dictionary]
        if missing or unknown:
            raise Problem(
                f"The model takes {', '.join(required)}, but was given "
                f"{', '.join(inputs) or 'nothing'}.",
                "Name each input as the model's forward does.",
            )

    def _fitted(self, tensor: Tensor) -> Tensor:
        wanted = floating_dtype(self._module)
        return tensor.to(self._device, wanted if tensor.is_floating_point() else None)

    # --- before the first run -----------------------------------------------------------

    def _guess_inputs(self) -> None:
        """First on a copy without weights, which computes shapes alone; then, for a module
        that looks at numbers, on the module itself."""
        step = step_of_opening()
        until = time.monotonic() + _SECONDS_OF_GUESSING
        furthest = self.graph
        for attempt in self._attempts():
            if time.monotonic() > until:
                break
            try:
                run = attempt.run(self.graph, step)
            except RunStopped as stopped:
                if len(stopped.run.milliseconds) > len(furthest.nodes) or furthest is self.graph:
                    furthest = stopped.run.graph
            except Problem:
                continue
            else:
                self._dictionary = attempt.dictionary
                self.graph, self.inputs = run.graph, attempt.described(self.graph, step)
                return
        if furthest is not self.graph and len(furthest.nodes) > 1:
            self.graph = _with_unreached(furthest, self.graph)

    def _attempts(self) -> Iterator[_Attempt]:
        for weightless in (True, False):
            module = _without_weights(self._module) if weightless else self._module
            if module is None:
                continue
            device = torch.device("meta") if weightless else self._device
            if not weightless:
                self._fill_in(step_of_opening())
            only = self._required[0] if len(self._required) == 1 else ""
            if not only or not takes_dictionary(self._module, only):
                eager = eager_module(module, self._required)
                for found in guesses(self._module, self._required, self._side):
                    yield _Attempt(eager, found, device)
            if only:
                eager = eager_module(module, (), only)
                for of_key in guesses_of_keys(self._module):
                    if keys := _keys_read(module, of_key, device):
                        yield _Attempt(eager, keys, device, only)


@dataclass(frozen=True)
class _Attempt:
    """A run on guessed inputs; in a dictionary if one of that name is taken."""

    eager: Eager
    guessed: Guesses
    device: torch.device
    dictionary: str = ""

    def run(self, like: ModelGraph, step: Step | None) -> ForwardPass:
        given = {name: guess.tensor(self.device) for name, guess in self.guessed.items()}
        return self.eager.run(given, like, gradients=False, step=step)

    def described(self, like: ModelGraph, step: Step | None) -> tuple[Value, ...]:
        """The inputs, once this fitted: dimensions that other sizes fit as well are free."""
        free = any(guess.free for guess in self.guessed.values())
        if free:
            resized = {name: guess.resized() for name, guess in self.guessed.items()}
            try:
                replace(self, guessed=resized).run(like, step)
            except Problem:
                free = False  # only this size fits
        return tuple(guess.described(name, free=free) for name, guess in self.guessed.items())


def _keys_read(
    module: nn.Module, of_key: Callable[[str], Guess], device: torch.device
) -> dict[str, Guess]:
    """What a forward reads from the dictionary that it takes, as far as it comes."""
    asked = Asked(lambda key: of_key(key).tensor(device))
    with (
        as_written(),
        at_rest(module),
        torch.no_grad(),
        suppress(Exception),
    ):  # it is the person's code
        module(asked)
    return {key: of_key(key) for key in asked if isinstance(key, str)}


def _with_unreached(recorded: ModelGraph, tree: ModelGraph) -> ModelGraph:
    """What could be recorded, and beside it the modules that it did not come to."""
    reached = {parameter.name for node in recorded.nodes for parameter in node.parameters}
    unreached = tuple(
        node
        for node in tree.nodes
        if node.id not in recorded
        and node.parameters
        and reached.isdisjoint(parameter.name for parameter in node.parameters)
    )
    said = "Recorded on a guessed input as far as it ran; beside it, the modules not reached."
    return replace(
        recorded,
        nodes=recorded.nodes + unreached,
        values=tree.values | recorded.values,
        metadata={**recorded.metadata, "structure": said},
    )


def _is_on(module: nn.Module, device: torch.device) -> bool:
    """Moving what is there already would still make some modules rebuild their attributes."""
    return all(tensor.device == device for tensor in (*module.parameters(), *module.buffers()))


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
