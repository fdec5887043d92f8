"""The calls of an exported program in running order, each with the node that it becomes.

A call becomes a node, but for what an eager run would not show either: numbers worked out
of sizes, a constant's copy, a slice of everything. Regions such as `torch.no_grad()` are
graphs inside the graph; their calls stand where the region stood. Checks are left out.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property

from netviz_desktop.readers import _exported_names as naming
from netviz_desktop.readers._exported_operators import REGIONS, fault
from netviz_desktop.readers._exported_schema import Argument, Call, Graph, Size, TensorMeta

_SAME_NUMBERS = frozenset(("lift_fresh", "lift_fresh_copy", "detach_", "alias"))
_CHECKS = frozenset(
    "_assert_async _assert_scalar _assert_tensor_metadata _functional_assert_async "
    "_functional_assert_scalar sym_constrain_range sym_constrain_range_for_size".split()
)
_EVERYTHING = 2**63 - 1


@dataclass(frozen=True)
class Region:
    """A part of the graph that is computed in a certain way, which `target` names.

    Args:
        given: the region's own arguments, without its graph and operands.
    """

    target: str
    given: tuple[Argument, ...]


@dataclass(frozen=True)
class Names:
    """What the names of a graph are called in the whole program."""

    prefix: str = ""
    known: dict[str, str] = field(default_factory=dict)

    def __getitem__(self, name: str) -> str:
        return self.known.get(name, self.prefix + name)


@dataclass(eq=False)
class Step:
    """A call.

    Args:
        names: of what it reads and computes, as the whole program calls them.
        node: the id of its node; empty where it has none.
        op_type: what the node shows.
        path, kind: the module that computes it, and its class.
        source: the line of the model's code.
        fault: one sentence why it cannot be run, else empty.
        reads: tensors it reads, each with the name of its value in the model graph.
        computes: the same for what it computes; tensors that are views of what it writes
            over come last.
    """

    call: Call
    names: Names
    regions: tuple[Region, ...]
    path: str
    kind: str
    source: str
    node: str = ""
    op_type: str = ""
    fault: str = ""
    reads: list[tuple[str, str]] = field(default_factory=list)
    computes: list[tuple[str, str]] = field(default_factory=list)

    @cached_property
    def operator(self) -> str:
        """aten's name of it: "relu_", "_softmax"."""
        parts = self.call.target.split(".")
        return parts[3] if len(parts) > 3 else parts[-1]

    @property
    def inputs(self) -> Iterator[str]:
        """Tensors of the program."""
        for argument in self.call.inputs:
            yield from (self.names[name] for name in argument.arg.tensors())

    @property
    def outputs(self) -> Iterator[str]:
        for argument in self.call.outputs:
            yield from (self.names[name] for name in argument.tensors())

    @property
    def passes_on(self) -> bool:
        """Whether its output is its input."""
        return not self.node and next(self.outputs, None) is not None

    @property
    def writes_over(self) -> bool:
        """Whether it overwrites its first input."""
        name = self.operator
        return name.endswith("_") and not name.endswith("__") and name not in _SAME_NUMBERS


@dataclass
class Steps:
    """Args:
    tensors, sizes: what the file says of every name, those inside regions too.
    literals: numbers that a region is given, by name.
    """

    all: list[Step] = field(default_factory=list)
    tensors: dict[str, TensorMeta] = field(default_factory=dict)
    sizes: dict[str, Size] = field(default_factory=dict)
    literals: dict[str, Argument] = field(default_factory=dict)


def steps_of(graph: Graph, given: Iterable[str], missing: Mapping[str, str], names: Names) -> Steps:
    """Args:
    given: names of what is there before the first call.
    missing: weights that the file does not hold, by those of their tensors.
    names: gets to know how the regions' outputs are called.
    """
    steps = Steps()
    _flatten(steps, graph, names, ())
    _find_faults(steps, set(given), missing)
    _name(steps.all, given)
    return steps


def _flatten(steps: Steps, graph: Graph, names: Names, regions: tuple[Region, ...]) -> None:
    steps.tensors |= {names.prefix + name: meta for name, meta in graph.tensor_values.items()}
    steps.sizes |= {names.prefix + name: size for name, size in graph.sym_int_values.items()}
    for call in graph.nodes:
        place = next(
            (at for at, given in enumerate(call.inputs) if given.arg.kind == "as_graph"), None
        )
        if call.target in REGIONS and place is not None:
            inner: Graph = call.inputs[place].arg.value.graph
            operands = [given.arg for given in call.inputs[place + 1 :]]
            if len(operands) == len(inner.inputs) and len(call.outputs) <= len(inner.outputs):
                region = Region(call.target, tuple(g.arg for g in call.inputs[:place]))
                inside = _entered(steps, inner, operands, names)
                _flatten(steps, inner, inside, (*regions, region))
                for outer, computed in zip(call.outputs, inner.outputs, strict=False):
                    for name, origin in zip(_all(outer), _all(computed), strict=False):
                        names.known[name] = inside[origin]
                continue
        step = Step(call, names, regions, *naming.module(call), naming.source(call))
        if step.operator not in _CHECKS:
            steps.all.append(step)


def _entered(steps: Steps, inner: Graph, operands: list[Argument], outer: Names) -> Names:
    names = Names(f"{outer.prefix}{len(steps.all)}/")
    for argument, operand in zip(inner.inputs, operands, strict=True):
        for name, origin in zip(_all(argument), _all(operand), strict=False):
            names.known[name] = outer[origin]
        if not any(_all(operand)):
            for name in _all(argument):
                steps.literals[names.prefix + name] = operand
    return names


def _all(argument: Argument) -> Iterator[str]:
    yield from argument.tensors()
    yield from argument.numbers()


def _find_faults(steps: Steps, there: set[str], missing: Mapping[str, str]) -> None:
    there |= steps.literals.keys()
    for step in steps.all:
        reads = [step.names[name] for given in step.call.inputs for name in _all(given.arg)]
        uncomputed = next((name for name in reads if name not in there), None)
        absent = next((name for name in reads if name in missing), None)
        if uncomputed is not None:
            step.fault = f"It reads “{uncomputed}”, which nothing before it computes."
        elif absent is not None:
            step.fault = f"Its weight “{missing[absent]}” is not in the file."
        else:
            step.fault = _fault(step.call)
        there.update(step.names[name] for given in step.call.outputs for name in _all(given))


def _fault(call: Call) -> str:
    if reason := fault(call.target):
        return f"It calls {_shortened(call.target)}, {reason}."
    for given in call.inputs:
        if not given.arg.kind:
            return f"Its argument “{given.name}” is of a kind that is not known."
        if given.arg.kind == "as_graph":
            graph: Graph = given.arg.value.graph
            there = {name for argument in graph.inputs for name in _all(argument)}
            for inner in graph.nodes:
                if any(name not in there for given in inner.inputs for name in _all(given.arg)):
                    return "A node in one of its subgraphs reads what nothing before it computes."
                if reason := _fault(inner):
                    return reason
                there.update(name for given in inner.outputs for name in _all(given))
            if any(name not in there for argument in graph.outputs for name in _all(argument)):
                return "One of its subgraphs gives what nothing in it computes."
    return ""


def _shortened(target: str) -> str:
    return target if len(target) <= 100 else f"{target[:97]}…"


def _name(steps: list[Step], taken: Iterable[str]) -> None:
    """Where torch computes one call in several steps (attention), each is named as a part."""
    shown = [step for step in steps if step.fault or not _is_hidden(step)]
    parts = Counter(naming.torch_call(step.call) for step in shown)
    count = Counter(taken)
    wholes: dict[tuple[str, tuple[str, str]], str] = {}
    for step in shown:
        operator = naming.operator(step.call.target)
        call = naming.torch_call(step.call)
        called = call[1] or operator
        does_it_all = called.strip("_") == operator.strip("_")
        step.op_type = called if does_it_all else operator
        if does_it_all or parts[call] == 1:
            step.node = _numbered(_joined(step.path, called), count)
        else:
            if (step.path, call) not in wholes:
                wholes[step.path, call] = _numbered(_joined(step.path, called), count)
            step.node = _numbered(_joined(wholes[step.path, call], operator), count)


def _joined(path: str, name: str) -> str:
    return f"{path}.{name}" if path else name


def _numbered(name: str, count: Counter[str]) -> str:
    count[name] += 1
    return name if count[name] == 1 else f"{name}#{count[name]}"


def _is_hidden(step: Step) -> bool:
    computes_tensors = next(step.outputs, None) is not None
    if step.call.outputs and not computes_tensors:
        return all(argument.kind for argument in step.call.outputs)
    return step.operator in _SAME_NUMBERS or _is_whole_slice(step.call)


def _is_whole_slice(call: Call) -> bool:
    if call.target != "torch.ops.aten.slice.Tensor":
        return False
    given = {argument.name: argument.arg.value for argument in call.inputs}
    return (
        given.get("start") in (None, 0, True)  # None is written as true
        and given.get("step", 1) == 1
        and given.get("end", True) in (None, True, _EVERYTHING)
    )
