"""An exported program as a model graph, and as what runs it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from netviz_desktop.graph import ModelGraph, Node, Parameter, Value
from netviz_desktop.problems import Problem
from netviz_desktop.readers import _exported_names as naming
from netviz_desktop.readers._exported_archive import Archive, Weight
from netviz_desktop.readers._exported_attributes import attributes
from netviz_desktop.readers._exported_schema import (
    DTYPES,
    Argument,
    BufferInput,
    ConstantInput,
    ConstantTensorInput,
    ParameterInput,
    Program,
    TensorMeta,
    UserInput,
    UserOutput,
)
from netviz_desktop.readers._exported_steps import Names, Step, Steps, steps_of
from netviz_desktop.readers._exported_values import Values

LABEL = "PyTorch exported program"


@dataclass(frozen=True, eq=False)
class ExportedProgram:
    """What runs a .pt2 file.

    Args:
        steps: in running order.
        inputs: tensors and numbers that a run is given.
        numbers: those of them that are numbers.
        fixed: what was None or a number when the program was exported, by name.
        literals: what regions of the graph are given beside tensors, by name.
        stored: tensor of the program -> name of the weight that it is.
        outputs: tensor of the program -> its value in the model graph.
    """

    name: str
    steps: tuple[Step, ...]
    inputs: tuple[str, ...]
    numbers: frozenset[str]
    fixed: Mapping[str, Any]
    literals: Mapping[str, Argument]
    stored: Mapping[str, str]
    outputs: tuple[tuple[str, str], ...]


@dataclass(frozen=True)
class Described:
    """Args:
    problem: why the program cannot be run; None when it can.
    """

    graph: ModelGraph
    program: ExportedProgram
    weights: Mapping[str, Weight]
    problem: Problem | None


def describe(archive: Archive, path: Path) -> Described:
    program = archive.program
    main = program.graph_module.graph
    given = _Given(archive)
    names = Names()
    there = (*given.inputs, *given.fixed, *given.stored)
    steps = steps_of(main, there, given.missing, names)
    values = Values({**{name: name for name in given.inputs}, **given.stored})
    for step in steps.all:
        values.follow(step)
    leaves = _leaves(program, names)
    renamed = _renamed([(values.read(n), wanted) for n, wanted in leaves if n in values], steps)
    outputs = []
    for name, _ in leaves:
        if name in values:
            value = values.read(name)
            outputs.append((name, renamed.get(value, value)))
    for step in steps.all:
        step.reads = [(name, renamed.get(value, value)) for name, value in step.reads]
        step.computes = [(name, renamed.get(value, value)) for name, value in step.computes]
    shown = [step for step in steps.all if step.node]
    nodes = tuple(_node(step, given, steps) for step in shown)
    graph = ModelGraph(
        LABEL,
        path.stem,
        given.inputs,
        tuple(dict.fromkeys(value for _, value in outputs)),
        nodes,
        naming.in_words(_values(shown, given, steps), given.inputs),
        {"producer": f"torch {program.torch_version}"} if program.torch_version else {},
        naming.modules(step.call for step in steps.all),
    )
    executable = ExportedProgram(
        path.name,
        tuple(steps.all),
        given.inputs,
        frozenset(name for name in given.inputs if name not in main.tensor_values),
        given.fixed,
        steps.literals,
        given.stored,
        tuple(outputs),
    )
    return Described(graph, executable, given.weights, _problem(path, graph))


class _Given:
    """What is there before the first call: inputs, weights, constants."""

    def __init__(self, archive: Archive) -> None:
        self.inputs: tuple[str, ...] = ()
        self.fixed: dict[str, Any] = {}
        self.stored: dict[str, str] = {}
        self.missing: dict[str, str] = {}
        self.parameters: dict[str, Parameter] = {}
        self.weights: dict[str, Weight] = {}
        self._archive = archive
        self._first: dict[Any, str] = {}
        for spec in archive.program.graph_module.signature.input_specs:
            given = next((getattr(spec, f) for f in spec.__struct_fields__ if getattr(spec, f)), 0)
            match given:
                case UserInput(arg=argument):
                    self.inputs += (*argument.tensors(), *argument.numbers())
                case ConstantInput(name=name, value=value):
                    self.fixed[name] = None if "as_none" in value else next(iter(value.values()), 0)
                case ParameterInput(arg=tensor, parameter_name=name):
                    self._store(tensor.name, name, archive.weights, buffer=False)
                case BufferInput(arg=tensor, buffer_name=name, persistent=persistent):
                    table = archive.weights if persistent else archive.constants
                    self._store(tensor.name, name, table, buffer=True)
                case ConstantTensorInput(arg=tensor, tensor_constant_name=name):
                    self._store(tensor.name, name, archive.constants, buffer=True)

    def _store(self, tensor: str, name: str, table: Mapping[str, Weight], *, buffer: bool) -> None:
        weight = table.get(name)
        meta = self._archive.program.graph_module.graph.tensor_values.get(tensor)
        if weight is None:
            self.missing[tensor] = name
            shape = (
                tuple(n if isinstance(n, int) else 0 for n in naming.shape(meta)) if meta else ()
            )
            dtype = _dtype(meta) or "float32"
        else:
            held = weight.tensor
            shape, dtype = held.shape, held.dtype
            # A weight that modules share has the first of its names.
            same = (held.storage.key, held.offset, shape, held.strides, id(weight.file.places))
            name = self._first.setdefault(same, name)
            self.weights[name] = weight
        self.stored[tensor] = name
        role = name.rpartition(".")[2]
        self.parameters.setdefault(name, Parameter(name, shape, dtype, role, buffer=buffer))


def _leaves(program: Program, names: Names) -> list[tuple[str, str]]:
    """Tensors that the program gives back, and what they are called."""
    module = program.graph_module
    whole = next((call for call in module.module_call_graph if not call.fqn), None)
    spec = whole.signature.out_spec if whole is not None and whole.signature is not None else ""
    given = [spec.user_output for spec in module.signature.output_specs]
    outputs = [found.arg for found in given if isinstance(found, UserOutput)]
    called = naming.output_names(spec, module.treespec_namedtuple_fields)
    if len(called) != len(outputs):
        called = [f"output.{place}" for place in range(len(outputs))]
        called = called if len(outputs) > 1 else ["output"] * len(outputs)
    return [
        (names[tensor], name)
        for argument, name in zip(outputs, called, strict=True)
        for tensor in argument.tensors()
    ]


def _renamed(outputs: list[tuple[str, str]], steps: Steps) -> dict[str, str]:
    """Value -> the name of the output that it is, for what the program computes."""
    computed = {value for step in steps.all for _, value in step.computes}
    taken = computed | {value for step in steps.all for _, value in step.reads}
    renamed: dict[str, str] = {}
    for value, wanted in outputs:
        if value in computed and value not in renamed and wanted not in taken:
            renamed[value] = wanted
            taken.add(wanted)
    return renamed


def _node(step: Step, given: _Given, steps: Steps) -> Node:
    inputs = tuple(value for _, value in step.reads)
    known = given.parameters
    return Node(
        id=step.node,
        op_type=step.op_type,
        domain=naming.domain(step.call.target),
        name=step.path,
        scope=tuple(step.path.split(".")) if step.path else (),
        inputs=inputs,
        outputs=tuple(value if tensor in steps.tensors else "" for tensor, value in step.computes),
        attributes=attributes(step, steps.sizes),
        parameters=tuple(known[name] for name in dict.fromkeys(inputs) if name in known),
        note=_note(step),
        execution="torch",
        fault=step.fault,
        source=step.source,
    )


def _values(shown: list[Step], given: _Given, steps: Steps) -> dict[str, Value]:
    named = [(name, name) for name in given.inputs]
    named += [pair for step in shown for pair in (*step.reads, *step.computes)]
    found = {
        value: Value(value, naming.shape(meta), _dtype(meta))
        for name, value in named
        if (meta := steps.tensors.get(name)) is not None
    }
    for name in given.inputs:
        found.setdefault(name, Value(name, (), "int64"))  # a number
    stored = {p for step in shown for _, p in step.reads if p in given.parameters}
    return found | {
        name: Value(name, given.parameters[name].shape, given.parameters[name].dtype)
        for name in given.parameters
        if name in stored
    }


def _problem(path: Path, graph: ModelGraph) -> Problem | None:
    faulty = next((node for node in graph.nodes if node.fault), None)
    if faulty is not None:
        foreign = faulty.fault.startswith("It calls")
        fault = faulty.fault[0].lower() + faulty.fault[1:]
        return Problem(
            f"{path.name} can be looked at but not run because of {faulty.id}: {fault}",
            "Export the network with operators of PyTorch alone, or open it in another format."
            if foreign
            else "Download or export it again.",
            node=faulty.id,
        )
    computed = {*graph.inputs, *graph.parameters, *graph.producer}
    if not graph.outputs or any(name not in computed for name in graph.outputs):
        return Problem(
            f"{path.name} can be looked at but not run: none of its nodes computes its output.",
            "Export it again, with an output that is a tensor.",
        )
    return None


def _note(step: Step) -> str:
    given = {argument.name: argument.arg.value for argument in step.call.inputs}
    if "norm" in step.operator and given.get("training") is True:
        return "Exported in training mode: it normalises by the batch it is given."
    if "dropout" in step.operator and given.get("train") is True and given.get("p") != 0:
        return "Exported in training mode: it drops at random."
    return ""


def _dtype(meta: TensorMeta | None) -> str | None:
    return DTYPES.get(meta.dtype) if meta is not None else None
