"""A TorchScript file, loaded: its modules, and its functions as steps that can be run."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple, TypeAlias

import torch
from torch import Tensor

from netviz_desktop.engine.runners import _script_prims as prims
from netviz_desktop.engine.runners._script_indexing import indexing_in
from netviz_desktop.engine.runners._script_loading import Loaded, nodes_in
from netviz_desktop.engine.runners._script_ops import RENAMED, function_of
from netviz_desktop.engine.runners._script_values import NotInterpretedError, Place
from netviz_desktop.readers.torchscript import ScriptFile, constant_name

if TYPE_CHECKING:
    from netviz_desktop.engine.runners._script_machine import Machine

Do: TypeAlias = Callable[["Machine", dict[int, Any], list[Any]], Any]
"""Computes a step from the machine, the values of the function so far, and its inputs."""


class Step(NamedTuple):
    """One node; `inputs` and `outputs` number the values of its function."""

    do: Do
    inputs: tuple[int, ...]
    outputs: tuple[int, ...]
    source: str = ""


class Form(NamedTuple):
    """What is known of a step before any run.

    Args:
        kind: TorchScript's name of the node.
        name: of the attribute or method.
        blocks: inside it.
        counts: it computes plain numbers from plain numbers, if it is given nothing else.
        is_read_only: nobody writes to the list that it makes.
    """

    kind: str
    name: str = ""
    blocks: tuple[Block, ...] = ()
    counts: bool = False
    is_read_only: bool = False


@dataclass(frozen=True, slots=True)
class Block:
    """Args:
    constants: values that every run of it begins with.
    forms: of each step.
    """

    inputs: tuple[int, ...]
    steps: tuple[Step, ...]
    outputs: tuple[int, ...]
    constants: dict[int, Any]
    forms: tuple[Form, ...]


@dataclass(frozen=True)
class Function:
    """Args:
    one_node: what the recorder calls it as a whole; empty where its operations are nodes.
    """

    name: str
    block: Block
    argument_names: tuple[str, ...]
    one_node: str = ""


class Program:
    """The modules and functions of a loaded file.

    Raises:
        NotInterpretedError: something that forward may call, only TorchScript itself can run.
    """

    def __init__(self, file: ScriptFile, loaded: Loaded) -> None:
        self.file = file
        self.constants: dict[str, Tensor] = {}
        self._unit = loaded.unit
        self._sources = loaded.sources
        self._functions: dict[str, Function] = {}
        self._places: dict[tuple[str, str], Place] = {}
        self.written: set[str] = set()
        """Names of the attributes that some function sets."""
        self.root = self.place(loaded.module, "")
        self.forward = self.function(f"{self.root.type_name}.forward")
        self._compile_all()

    def place(self, held: Any, path: str) -> Place:
        key = path, held._type().qualified_name()  # tracing gives one module two classes
        if key not in self._places:
            self._places[key] = Place(held, self.file.shared.get(path, path), key[1])
        return self._places[key]

    def attribute(self, place: Place, name: str) -> Any:
        """What a module holds under this name, as the file has it."""
        if name not in place.known:
            found = place.held.getattr(name)
            if isinstance(found, torch._C.ScriptModule) or (
                isinstance(found, torch._C.ScriptObject)
                and not found._type().qualified_name().startswith("__torch__.torch.classes.")
            ):
                found = self.place(found, f"{place.path}.{name}" if place.path else name)
            place.known[name] = found
        return place.known[name]

    def function(self, name: str) -> Function:
        """A function, or a method as `class name.method`.

        Raises:
            NotInterpretedError: it holds what only TorchScript itself can run.
        """
        if name not in self._functions:
            found = self._unit.find_function(name)
            if found is None:
                raise NotInterpretedError(name)
            block = self._block(found.graph, name.rpartition(".")[2])
            names = tuple(argument.name for argument in found.schema.arguments)
            self._functions[name] = Function(name, block, names, prims.functional_name(name))
        return self._functions[name]

    def _compile_all(self) -> None:
        """Raises: NotInterpretedError: something that forward may call cannot be interpreted."""
        waiting, met = [self.forward.name], set[str]()
        while waiting:
            name = waiting.pop()
            if name in met:
                continue
            met.add(name)
            self.function(name)
            for node in nodes_in(self._unit.find_function(name).graph):
                if node.kind() == "prim::SetAttr":
                    self.written.add(node.s("name"))
                called = prims.called_by(node)
                if called and self._unit.find_function(called) is not None:
                    waiting.append(called)

    def _block(self, block: Any, function: str) -> Block:
        constants: dict[int, Any] = {}
        steps, forms = [], []
        for step, form in self._steps(block, function, constants):
            steps.append(step)
            forms.append(form)
        return Block(
            tuple(value.unique() for value in block.inputs()),
            tuple(steps),
            tuple(value.unique() for value in block.outputs()),
            constants,
            tuple(forms),
        )

    def _steps(
        self, block: Any, function: str, constants: dict[int, Any]
    ) -> Iterator[tuple[Step, Form]]:
        """Slices and selections that Python writes as one `x[:, 0]` are one step; constants
        that are the same in every run are none."""
        indexed = indexing_in(block)
        for node in block.nodes():
            if node.kind() == "prim::Constant" and not isinstance(
                constant := self._constant(node), (Tensor, torch.device)
            ):
                constants[node.output().unique()] = constant
            elif not node.outputsSize() or (at := node.outputsAt(0).unique()) not in indexed:
                yield self._step(node, function)
            elif (index := indexed[at]) is not None:
                source = self._sources.of(node, function)
                step = Step(prims.computing(index.get, None), (index.of,), (at,), source)
                yield step, Form(node.kind())

    def _step(self, node: Any, function: str) -> tuple[Step, Form]:
        inputs = tuple(value.unique() for value in node.inputs())
        outputs = tuple(value.unique() for value in node.outputs())
        kind = node.kind()
        if kind == "prim::Constant":
            return Step(prims.constant(self._constant(node)), inputs, outputs), Form(kind)
        blocks = [self._block(block, function) for block in node.blocks()]
        form = Form(
            kind,
            node.s("name") if "name" in node.attributeNames() else "",
            tuple(blocks),
            is_read_only=kind == "prim::ListConstruct" and prims.is_only_read(node.output()),
        )
        do = prims.step_of(node, blocks, self)
        if do is not None:
            source = self._sources.of(node, function) if kind.startswith("prim::Call") else ""
            return Step(do, inputs, outputs, source), form
        schema = node.schema()
        if schema == "(no schema)":
            raise NotInterpretedError(kind)
        parsed = torch._C.parse_schema(schema)
        compute, of_tensors = function_of(kind, parsed)
        name = kind.partition("::")[2]
        if not of_tensors:
            return Step(prims.counting(compute), inputs, outputs), Form(kind, counts=True)
        names = tuple(argument.name for argument in parsed.arguments)
        if name in RENAMED:
            compute = prims.named(compute, RENAMED[name], names)
        device_at = names.index("device") if "device" in names else None
        do = prims.computing(compute, device_at)
        return Step(do, inputs, outputs, self._sources.of(node, function)), form

    def _constant(self, node: Any) -> Any:
        output = node.output()
        if "value" not in node.attributeNames():
            kind = output.type()
            return kind.annotation_str if kind.kind() == "FunctionType" else None
        found = output.toIValue()
        if isinstance(found, Tensor) and found.ndim:
            index = self._sources.constant_index(node)
            if index is not None:
                return self.constants.setdefault(constant_name(index), found)
        return found


FORWARD = re.compile(r"forward(__)?\d*$")
"""A call of a module itself; tracing numbers the second call, scripting the overloads."""
