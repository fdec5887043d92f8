"""What of a TorchScript program is the same in every run is done once, before the first.

A layer of torch.nn that was scripted asks for each of its settings, builds lists of them and
checks them: three of four steps, which know nothing of the input. What is left is a function of
its own for each module and each call: partial evaluation, as N. D. Jones, C. K. Gomard and
P. Sestoft describe it, "Partial Evaluation and Automatic Program Generation", 1993.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from functools import partial
from typing import Any

from torch import Tensor

from netviz_desktop.engine.runners._script_machine import Machine
from netviz_desktop.engine.runners._script_program import (
    FORWARD,
    Block,
    Form,
    Function,
    Program,
    Step,
)
from netviz_desktop.engine.runners._script_values import NotInterpretedError, Place

_PLAIN = (bool, int, float, str, type(None))  # nobody can write to them
_MOST_STEPS = 200_000  # of all functions; a file may call each of many from two places
_DEEPEST = 60  # calls inside each other
_SAME = frozenset(
    ("prim::unchecked_cast", "prim::unchecked_unwrap_optional", "aten::_unwrap_optional")
)
_ASKS_WHICH = frozenset(("aten::__is__", "aten::__isnot__"))


def folded(program: Program) -> Function:
    """The program's forward of its root, for runs on real numbers: attributes are as the file
    has them, and modules are at rest."""
    try:
        return _Folding(program).function(program.forward, {0: program.root}, 0)
    except RecursionError:  # a file decides how deep branches are nested
        return program.forward


class _Folding:
    def __init__(self, program: Program) -> None:
        self._program = program
        self._steps = 0

    def function(self, function: Function, arguments: Mapping[int, Any], depth: int) -> Function:
        """The function where some arguments, by their place, are always these."""
        block = function.block
        known = {block.inputs[at]: value for at, value in arguments.items()}
        return replace(function, block=_Blocks(self, known, depth).folded(block))

    def has_room(self, block: Block) -> bool:
        self._steps += len(block.steps)
        return self._steps < _MOST_STEPS

    def callee(self, form: Form, given: list[Any]) -> tuple[Function, Place | None] | None:
        """What is called, and the module whose forward that is; None where the run decides."""
        try:
            if form.kind == "prim::CallFunction":
                return self._program.function(given[0]), None
            target = given[0]
            if not isinstance(target, Place):
                return None
            function = self._program.function(f"{target.type_name}.{form.name}")
        except NotInterpretedError:
            return None
        return function, target if FORWARD.match(form.name) else None

    def attribute(self, target: Any, name: str) -> Any:
        if not isinstance(target, Place):
            return _UNKNOWN
        if name == "training":
            return False
        if name in self._program.written:
            return _UNKNOWN
        found = self._program.attribute(target, name)
        return found if isinstance(found, (*_PLAIN, Tensor, Place)) else _UNKNOWN


class _Blocks:
    """The blocks of one function. Values have one number throughout."""

    def __init__(self, folding: _Folding, known: dict[int, Any], depth: int) -> None:
        self._folding = folding
        self._known = known
        self._depth = depth
        self._other: dict[int, int] = {}  # a value that is another one

    def folded(self, block: Block) -> Block:
        steps: list[Step] = []
        forms: list[Form] = []
        self._take(block, steps, forms)
        outputs = self._numbers(block.outputs)
        read = {*outputs, *(number for step in steps for number in step.inputs)}
        constants = {number: self._known[number] for number in read & self._known.keys()}
        return Block(block.inputs, tuple(steps), outputs, constants, tuple(forms))

    def _take(self, block: Block, steps: list[Step], forms: list[Form]) -> None:
        """Add what is left of a block."""
        self._known |= block.constants
        for step, form in zip(block.steps, block.forms, strict=True):
            given = [self._known.get(number, _UNKNOWN) for number in self._numbers(step.inputs)]
            if form.kind == "prim::If" and given[0] is not _UNKNOWN:
                branch = form.blocks[0 if given[0] else 1]
                self._take(branch, steps, forms)
                self._call_same(step.outputs, self._numbers(branch.outputs))
            elif (found := self._evaluated(step, form, given)) is not _UNKNOWN:
                self._known[step.outputs[0]] = found
            else:
                steps.append(self._left(step, form, given))
                forms.append(form)

    def _call_same(self, numbers: Iterable[int], others: Iterable[int]) -> None:
        for number, other in zip(numbers, others, strict=True):
            if other in self._known:
                self._known[number] = self._known[other]
            else:
                self._other[number] = other

    def _numbers(self, numbers: Iterable[int]) -> tuple[int, ...]:
        return tuple(self._other.get(number, number) for number in numbers)

    def _evaluated(self, step: Step, form: Form, given: list[Any]) -> Any:
        """What the step gives in every run, if that is known."""
        if len(step.outputs) != 1 or any(value is _UNKNOWN for value in given):
            return _UNKNOWN
        if form.kind == "prim::GetAttr":
            return self._folding.attribute(given[0], form.name)
        plain = all(isinstance(value, _PLAIN) for value in given)
        if (
            (form.counts and given and (plain or form.kind in _ASKS_WHICH))
            or (form.is_read_only and plain)
            or (form.kind in _SAME and given[0] is not None)
        ):
            try:
                return step.do(_NO_MACHINE, {}, given)
            except (ArithmeticError, ValueError, TypeError, LookupError, MemoryError):
                return _UNKNOWN  # the run says so, if it comes there
        return _UNKNOWN

    def _left(self, step: Step, form: Form, given: list[Any]) -> Step:
        step = step._replace(inputs=self._numbers(step.inputs))
        if form.kind == "prim::If":
            then, otherwise = map(self.folded, form.blocks)
            return step._replace(do=partial(_branch, then, otherwise))
        if form.kind == "prim::Loop":
            return step._replace(do=partial(_loop, self.folded(form.blocks[0])))
        if form.kind in ("prim::CallMethod", "prim::CallFunction"):
            found = self._folding.callee(form, given)
            if found is not None:
                function, place = found
                first = 1 if form.kind == "prim::CallFunction" else 0
                do = partial(_call, self._callee(function, given[first:]), place)
                return step._replace(do=do, inputs=step.inputs[first:])
        return step

    def _callee(self, function: Function, given: list[Any]) -> Function:
        if self._depth >= _DEEPEST or not self._folding.has_room(function.block):
            return function
        arguments = {
            at: value
            for at, (value, name) in enumerate(zip(given, function.argument_names, strict=True))
            if isinstance(value, (*_PLAIN, Place))
            # who records an operation may call it another way
            and not (function.one_node and name == "inplace")
        }
        return self._folding.function(function, arguments, self._depth + 1)


def _call(
    function: Function, place: Place | None, machine: Machine, _values: Any, given: list[Any]
) -> Any:
    return machine.call_known(function, place, given)


def _branch(
    then: Block, otherwise: Block, machine: Machine, values: dict[int, Any], given: list[Any]
) -> Any:
    return machine.branch(then, otherwise, values, given[0])


def _loop(body: Block, machine: Machine, values: dict[int, Any], given: list[Any]) -> Any:
    return machine.loop(body, values, given)


_UNKNOWN = object()
_NO_MACHINE: Any = None  # nothing that is evaluated here asks it
