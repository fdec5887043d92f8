"""Runs a TorchScript program step by step, and tells a recorder where it is."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import torch
from torch import Tensor

from netviz_desktop.engine.runners._listening import tensors_in
from netviz_desktop.engine.runners._recorder import Recorder
from netviz_desktop.engine.runners._script_prims import named
from netviz_desktop.engine.runners._script_program import FORWARD, Block, Function, Program
from netviz_desktop.engine.runners._script_values import (
    Made,
    NeedsNumbersError,
    Place,
    ScriptError,
    Unknown,
)

_TICK_SECONDS = 0.05


class Machine:
    """One run of a program.

    What the program writes into its modules it finds there again, but the modules
    themselves stay as they are.

    Args:
        meta: for a run that computes shapes alone, each of the file's tensors on the meta
            device. Where the way on depends on numbers, both ways are gone, and an "If" or
            "Loop" joins them.
        until: when such a run gives up, on the clock of `time.monotonic`.
    """

    def __init__(
        self,
        program: Program,
        recorder: Recorder,
        device: torch.device,
        meta: Callable[[Tensor], Tensor] | None = None,
        until: float = float("inf"),
    ) -> None:
        self.device = device
        self._program = program
        self._recorder = recorder
        self._meta = meta
        self._until = until
        self._attributes: dict[tuple[int, str], Any] = {}
        self._numbers: dict[int, Tensor] = {}
        self._place = program.root
        self._source = self._step_source = ""
        self._inside = False  # a function that is one node is under way
        self._ticked = time.monotonic()

    @contextmanager
    def running(self) -> Iterator[Machine]:
        """Afterwards it knows the recorder no more, whose operations know the machine: in a
        cycle, a whole run would stay until somebody looks for garbage."""
        with self._recorder.listening():
            try:
                yield self
            finally:
                del self._recorder

    # --- functions and blocks -------------------------------------------------------------

    def call(self, name: str, given: list[Any]) -> Any:
        outer_source = self._source
        self._source = self._step_source or outer_source
        result = self._called(self._program.function(name), given)
        self._source = outer_source
        return result

    def call_method(self, target: Any, name: str, given: list[Any]) -> Any:
        if not isinstance(target, (Place, Made)):
            return getattr(target, name)(*given[1:])  # an object of torch's C++ classes
        function = self._program.function(f"{target.type_name}.{name}")
        outer, outer_source = self._place, self._source
        self._source = self._step_source or outer_source
        if isinstance(target, Place) and FORWARD.match(name):
            self._place = target
        result = self._called(function, given)
        self._place, self._source = outer, outer_source
        return result

    def call_known(self, function: Function, place: Place | None, given: list[Any]) -> Any:
        """Call what was found before the run.

        Args:
            place: the module that is called.
        """
        outer, outer_source = self._place, self._source
        self._source = self._step_source or outer_source
        if place is not None:
            self._place = place
        result = self._called(function, given)
        self._place, self._source = outer, outer_source
        return result

    def _called(self, function: Function, given: list[Any]) -> Any:
        if not function.one_node or self._inside:
            return self._run(function, given)
        tensors = next(
            (at for at, x in enumerate(given) if x is not None and not isinstance(x, Tensor)),
            len(given),
        )
        names = function.argument_names
        self._here()
        compute = named(
            lambda *arguments: self._as_one(function, list(arguments)), function.one_node, names
        )
        keywords = dict(zip(names[tensors:], given[tensors:], strict=False))
        return compute(*given[:tensors], **keywords)

    def _as_one(self, function: Function, given: list[Any]) -> Any:
        self._inside = True
        try:
            return self._run(function, given)
        finally:
            self._inside = False

    def _run(self, function: Function, given: list[Any]) -> Any:
        found = self.block(function.block, {}, given)
        return found[0] if len(found) == 1 else tuple(found)

    def block(self, block: Block, values: dict[int, Any], given: list[Any]) -> list[Any]:
        """Run it on values of the function around it, to which its own are added."""
        values.update(block.constants)
        values.update(zip(block.inputs, given, strict=True))
        value = values.__getitem__
        for do, inputs, outputs, self._step_source in block.steps:
            found = do(self, values, list(map(value, inputs)))
            if len(outputs) == 1:
                values[outputs[0]] = found
            elif outputs:
                values.update(zip(outputs, found, strict=True))
        return list(map(value, block.outputs))

    def branch(self, then: Block, otherwise: Block, values: dict[int, Any], condition: Any) -> Any:
        if isinstance(condition, Unknown):
            found = self._both(then, otherwise, values, condition)
        else:
            found = self.block(then if condition else otherwise, values, [])
        return found[0] if len(found) == 1 else found

    def loop(self, body: Block, values: dict[int, Any], given: list[Any]) -> Any:
        most, going, *carried = given
        if isinstance(most, Unknown) or isinstance(going, Unknown):
            condition = going if isinstance(going, Unknown) else most
            _, *after = self.block(body, values, [0, *carried])
            carried = self._joined("Loop", condition, carried, after)
            going = False
        turn = 0
        while going and turn < most:
            self._tick()
            going, *after = self.block(body, values, [turn, *carried])
            turn += 1
            if isinstance(going, Unknown):
                after = self._joined("Loop", going, carried, after)
                going = False
            carried = after
        return carried[0] if len(carried) == 1 else carried

    # --- without numbers ------------------------------------------------------------------

    def _both(
        self, then: Block, otherwise: Block, values: dict[int, Any], condition: Unknown
    ) -> list[Any]:
        found = []
        for block in (then, otherwise):
            try:
                found.append(self.block(block, values, []))
            except ScriptError:
                continue  # a check: the run goes the other way
        if not found:
            raise NeedsNumbersError
        return found[0] if len(found) == 1 else self._joined("If", condition, *found)

    def _joined(
        self, name: str, condition: Unknown, ones: list[Any], others: list[Any]
    ) -> list[Any]:
        """What is one thing or the other: a tensor like the one; a number that is not known."""
        joined = list(ones)
        tensors = []
        for at, (one, other) in enumerate(zip(ones, others, strict=True)):
            if isinstance(one, Tensor) and isinstance(other, Tensor):
                tensors.append(at)
            elif isinstance(one, (bool, int, float, str, Unknown)) and one != other:
                joined[at] = Unknown(condition.tensor)
        if tensors:
            self._here()
            join = named(
                lambda _condition, *both: [torch.empty_like(x) for x in both[: len(tensors)]],
                name,
            )
            both = [ones[at] for at in tensors] + [others[at] for at in tensors]
            made = join(condition.tensor, *both)
            for at, tensor in zip(tensors, made, strict=True):
                joined[at] = tensor
        return joined

    # --- attributes -----------------------------------------------------------------------

    def attribute(self, target: Place | Made, name: str) -> Any:
        if isinstance(target, Made):
            return target.attributes[name]
        if name == "training":
            return False
        key = (id(target), name)
        if key not in self._attributes:
            self._attributes[key] = self._own(self._program.attribute(target, name))
        return self._attributes[key]

    def set_attribute(self, target: Place | Made, name: str, value: Any) -> None:
        if isinstance(target, Made):
            target.attributes[name] = value
        else:
            self._attributes[id(target), name] = value

    def _own(self, found: Any) -> Any:
        """Containers of this run's own; tensors as they are."""
        if isinstance(found, Tensor):
            return self.weight(found)
        if isinstance(found, list):
            return [self._own(item) for item in found]
        if isinstance(found, tuple):
            return tuple(self._own(item) for item in found)
        if isinstance(found, dict):
            return {key: self._own(item) for key, item in found.items()}
        return found

    def weight(self, tensor: Tensor) -> Tensor:
        return tensor if self._meta is None else self._meta(tensor)

    def constant(self, tensor: Tensor) -> Tensor:
        if tensor.ndim:
            return self.weight(tensor)
        self._numbers[id(tensor)] = tensor
        return tensor

    # --- tensors --------------------------------------------------------------------------

    def compute(
        self, function: Callable[..., Any], given: list[Any], device_at: int | None = None
    ) -> Any:
        if self._meta is not None:
            if any(isinstance(item, Unknown) for item in given):
                raise NeedsNumbersError
            if device_at is not None and given[device_at] is None and not tensors_in(given):
                given[device_at] = self.device
        if self._numbers and self._only_numbers(given):
            return self._unrecorded(function, given)
        self._here()
        return function(*given)

    def tensor_of(self, number: Any) -> Tensor:
        """A number as a tensor, as tracing writes sizes; what is computed of sizes is no node."""
        if isinstance(number, Unknown):
            raise NeedsNumbersError
        found: Tensor = self._unrecorded(torch.tensor, [number])
        return found

    def _only_numbers(self, given: list[Any]) -> bool:
        tensors = tensors_in(given)
        return bool(tensors) and all(id(tensor) in self._numbers for tensor in tensors)

    def _unrecorded(self, function: Callable[..., Any], given: list[Any]) -> Any:
        with torch._C._DisableTorchDispatch(), torch._C.DisableTorchFunction():
            found = function(*given)
        for tensor in tensors_in((found,)):
            self._numbers[id(tensor)] = tensor
        return found

    def _here(self) -> None:
        if not self._inside:
            place = self._place
            self._recorder.place(place.path, place.kind, self._step_source or self._source)

    def _tick(self) -> None:
        """Loops call it in each turn, so that one without an end can be stopped."""
        now = time.monotonic()
        if now > self._until:
            raise NeedsNumbersError
        if now - self._ticked > _TICK_SECONDS:
            self._ticked = now
            if self._recorder.step is not None:
                self._recorder.step(-1.0, "Running a loop")
