"""ONNX nodes, ready to run: a step for each, and programs of steps for graphs inside."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import torch
from torch import Tensor

from netviz_desktop.engine.onnx_ops._numbers import FLOAT8, UNSIGNED, remembered, with_real
from netviz_desktop.engine.shortage import is_shortage
from netviz_desktop.problems import Problem, short

# What a bad model makes torch, numpy or onnx raise.
NODE_FAILURES = (
    ArithmeticError,
    AssertionError,
    AttributeError,
    LookupError,
    MemoryError,
    NotImplementedError,
    OSError,
    RuntimeError,
    TypeError,
    ValueError,
)


@dataclass
class Context:
    """What all steps of one model share.

    Args:
        tick: called between steps and between turns of a loop; raises to stop the run.
    """

    path: Path
    device: torch.device
    functions: Mapping[tuple[str, str, str], onnx.FunctionProto] = field(default_factory=dict)
    tick: Callable[[], None] = lambda: None
    depth: int = 0


@dataclass(frozen=True)
class Step:
    """A node, ready to run.

    Args:
        kernel: from the inputs to one output or a tuple of them.
        tier: what runs it; see `_onnx_tiers`.
        bodies: its subgraphs, by attribute name.
        functions: its function body, compiled for each combination of input types it was
            run with.
        moves, rounds: see `onnx_ops.Op`.
        fault: why it can not be run, where that is known beforehand.
    """

    id: str
    op_type: str
    kernel: Callable[..., Any]
    inputs: tuple[str, ...]
    outputs: tuple[str, ...]
    tier: str
    bodies: dict[str, Program]
    functions: Mapping[Any, Program]
    moves: bool
    rounds: bool
    fallback: Callable[..., Any]
    fault: str = ""

    def inner(self) -> Iterator[Step]:
        """The steps inside, at any depth."""
        for program in (*self.bodies.values(), *self.functions.values()):
            for step in program.steps:
                yield step
                yield from step.inner()

    def reads(self) -> set[str]:
        """The values that it takes, those that only its subgraphs name among them."""
        return set(self.inputs).union(*(body.reads() for body in self.bodies.values()))

    def run(self, values: Mapping[str, Any]) -> tuple[Any, ...]:
        """The outputs.

        Raises:
            Problem: the node cannot be run; it names the node.
        """
        try:
            arguments = [values[name] for name in self.inputs]
        except KeyError as error:
            reason = LookupError(f"its input {error} is computed nowhere")
            raise node_problem(self.id, self.op_type, reason) from error
        try:
            if self.bodies:
                bodies = {name: _Bound(body, values) for name, body in self.bodies.items()}
                result = self.kernel(*arguments, **bodies)
            else:
                result = self.kernel(*arguments)
        except NODE_FAILURES as error:
            result = self._otherwise(arguments, error)
        outputs = result if type(result) is tuple else (result,)
        if self.moves:
            self._remember(arguments, outputs)
        return outputs

    def _otherwise(self, arguments: list[Any], error: Exception) -> Any:
        """A second way, only for types of elements that torch has no operations for."""
        try:
            if any(
                isinstance(argument, np.ndarray) or _is_text(argument) for argument in arguments
            ):
                return self.fallback(*arguments)
            if not self.bodies and any(_is_unsigned(argument) for argument in arguments):
                return _in_int64(self.kernel, arguments)
        except NODE_FAILURES as second:
            error = second
        raise node_problem(self.id, self.op_type, error) from error

    def _remember(self, arguments: list[Any], outputs: tuple[Any, ...]) -> None:
        """Integers that were only moved still stand for the same real numbers."""
        if not any(isinstance(a, Tensor) and remembered(a) is not None for a in arguments):
            return
        reals = [
            a if not isinstance(a, Tensor) or (found := remembered(a)) is None else found
            for a in arguments
        ]
        moved = self.kernel(*reals)
        for output, real in zip(outputs, moved if type(moved) is tuple else (moved,), strict=True):
            if isinstance(output, Tensor) and not output.is_floating_point():
                with_real(output, real)


class Program:
    """A graph, ready to run inside another: a subgraph or a function body."""

    def __init__(
        self,
        inputs: Iterable[str],
        outputs: Iterable[str],
        steps: list[Step],
        constants: dict[str, Any],
        context: Context,
    ) -> None:
        self.inputs = tuple(inputs)
        self.outputs = tuple(outputs)
        self.steps = steps
        self.constants = constants
        self.context = context

    def run(self, arguments: Iterable[Any], outer: Mapping[str, Any]) -> tuple[Any, ...]:
        values = _Scope(outer)
        values.update(self.constants)
        values[""] = None
        values.update(zip(self.inputs, arguments, strict=False))
        for name in self.inputs:
            values.setdefault(name, None)
        for step in self.steps:
            self.context.tick()
            values.update(zip(step.outputs, step.run(values), strict=False))
            values[""] = None
        return tuple(values[name] for name in self.outputs)

    def reads(self) -> set[str]:
        """What it takes from the graph around it."""
        read = set(self.outputs)
        for step in self.steps:
            read |= step.reads()
        own = {name for step in self.steps for name in step.outputs}
        return read - own - set(self.inputs) - set(self.constants)


class _Scope(dict[str, Any]):
    """Values by name; what is not here is in the graph around it."""

    def __init__(self, outer: Mapping[str, Any]) -> None:
        super().__init__()
        self._outer = outer

    def __missing__(self, name: str) -> Any:
        return self._outer[name]


class _Bound:
    """A subgraph with what it sees of the graph around it: an `onnx_ops.Body`."""

    def __init__(self, program: Program, outer: Mapping[str, Any]) -> None:
        self._program = program
        self._outer = outer

    @property
    def input_count(self) -> int:
        return len(self._program.inputs)

    @property
    def output_count(self) -> int:
        return len(self._program.outputs)

    def __call__(self, *inputs: Any) -> tuple[Any, ...]:
        return self._program.run(inputs, self._outer)


def node_problem(node_id: str, op_type: str, error: Exception) -> Problem:
    """The two sentences about a node that failed."""
    if is_shortage(error):
        return Problem(
            f"Node “{short(node_id)}” ({short(op_type)}) could not be run: what it computes is "
            "larger than the memory.",
            "Close other programs, or give the model a smaller input.",
        )
    reason = " ".join(str(error).split()) or type(error).__name__
    if len(reason) > 300:
        reason = reason[:300] + "…"
    if isinstance(error, KeyError):
        reason = f"{reason} is not known"
    return Problem(
        f"Node “{short(node_id)}” ({short(op_type)}) could not be run: {reason.rstrip('.')}.",
        "Check that the input is what the model expects; otherwise the model may be invalid.",
    )


def _is_unsigned(argument: Any) -> bool:
    return isinstance(argument, Tensor) and argument.dtype in UNSIGNED | FLOAT8


def _is_text(argument: Any) -> bool:
    return isinstance(argument, list) and any(isinstance(a, np.ndarray) for a in argument)


def _in_int64(kernel: Callable[..., Any], arguments: list[Any]) -> Any:
    """The kernel on wider numbers, its result brought back to the type that came in."""
    narrow = next(argument.dtype for argument in arguments if _is_unsigned(argument))
    wide = torch.float32 if narrow in FLOAT8 else torch.int64
    result = kernel(*(a.to(wide) if _is_unsigned(a) else a for a in arguments))

    def back(value: Any) -> Any:
        if isinstance(value, Tensor) and value.dtype == wide:
            return value.to(narrow)
        return value

    return tuple(map(back, result)) if isinstance(result, tuple) else back(result)
