"""TorchScript's own nodes: constants, containers, attributes, calls, branches and loops."""

from __future__ import annotations

from collections import namedtuple
from collections.abc import Callable
from functools import cache
from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor
from torch.overrides import get_testing_overrides, handle_torch_function, has_torch_function

from netviz_desktop.engine.runners._script_values import (
    Made,
    NotInterpretedError,
    ScriptError,
    Unknown,
    bounded,
)

if TYPE_CHECKING:
    from netviz_desktop.engine.runners._script_machine import Machine
    from netviz_desktop.engine.runners._script_program import Block, Do, Program

_FUNCTIONAL = "__torch__.torch.nn.functional."


def functional_name(name: str) -> str:
    """For a function of torch.nn.functional that the recorder sees as one operation, what it
    is called; else empty."""
    if not name.startswith(_FUNCTIONAL):
        return ""
    plain = name.rpartition(".")[2].lstrip("_")
    return plain if plain in _overridable() else ""


@cache
def _overridable() -> frozenset[str]:
    found = (getattr(function, "__module__", "") for function in get_testing_overrides())
    names = (getattr(function, "__name__", "") for function in get_testing_overrides())
    return frozenset(
        name for name, module in zip(names, found, strict=True) if module == "torch.nn.functional"
    )


def called_by(node: Any) -> str:
    """The qualified name of what a node calls; empty for one that calls nothing, and for a
    call that only the object decides."""
    kind = node.kind()
    if kind == "prim::CallFunction":
        return str(next(node.inputs()).type().annotation_str)
    if kind == "prim::CallMethod":
        return f"{next(node.inputs()).type().annotation_str}.{node.s('name')}"
    return ""


def is_only_read(value: Any) -> bool:
    """Whether a list goes nowhere but into operations that leave it as it is."""
    for use in value.uses():
        schema = use.user.schema()
        if not use.user.kind().startswith("aten::") or schema == "(no schema)":
            return False
        parsed = torch._C.parse_schema(schema)
        if any("List" in str(found.type) or "[]" in str(found.type) for found in parsed.returns):
            return False
        if parsed.arguments[use.offset].alias_info is not None:
            return False
    return True


def named(
    function: Callable[..., Any], name: str, argument_names: tuple[str, ...] = ()
) -> Callable[..., Any]:
    """The function under another name, which is one operation for the recorder."""

    def operation(*arguments: Any, **keywords: Any) -> Any:
        return function(*arguments, *keywords.values())

    def call(*arguments: Any, **keywords: Any) -> Any:
        if has_torch_function((None,)):  # a recorder listens
            return handle_torch_function(operation, (), *arguments, **keywords)
        return operation(*arguments, **keywords)

    operation.__name__ = name
    operation.argument_names = argument_names  # type: ignore[attr-defined]  # for node_attributes
    return call


def constant(value: Tensor | torch.device) -> Do:
    if isinstance(value, torch.device):
        return lambda machine, _values, _given: machine.device  # not the one it was traced on
    return lambda machine, _values, _given: machine.constant(value)


def plain(function: Callable[..., Any]) -> Do:
    return lambda _machine, _values, given: function(*given)


def counting(function: Callable[..., Any]) -> Do:
    """For functions of single numbers: of one that is not known, the result is not, either."""

    def do(_machine: Machine, _values: Any, given: list[Any]) -> Any:
        unknown = next((item for item in given if isinstance(item, Unknown)), None)
        if unknown is not None:
            return unknown
        found = bounded(function(*given))
        if given:
            bounded(given[0])  # the list that it was put into
        return found

    return do


def computing(function: Callable[..., Any], device_at: int | None) -> Do:
    """Args: device_at: which argument is the device of a tensor that it makes."""
    return lambda machine, _values, given: machine.compute(function, given, device_at)


def step_of(node: Any, blocks: list[Block], program: Program) -> Do | None:
    """What computes one of TorchScript's own nodes; None for any other."""
    make = _PRIMS.get(node.kind())
    return None if make is None else make(node, blocks, program)


def _always(function: Callable[..., Any]) -> Callable[..., Do]:
    return lambda _node, _blocks, _program: plain(function)


def _list_construct(_node: Any, _blocks: Any, _program: Any) -> Do:
    return lambda _machine, _values, given: given


def _tuple_construct(node: Any, _blocks: Any, program: Program) -> Do:
    fields = program.file.fields.get(node.output().type().annotation_str)
    if not fields:
        return lambda _machine, _values, given: tuple(given)
    # Its fields are the file's, which mypy wants to see spelled out.
    kind = namedtuple("Named", fields, rename=True)  # type: ignore[misc]  # noqa: PYI024
    return lambda _machine, _values, given: kind(*given)


def _dict_construct(_node: Any, _blocks: Any, _program: Any) -> Do:
    return lambda _machine, _values, given: dict(zip(given[::2], given[1::2], strict=True))


def _get_attribute(node: Any, _blocks: Any, _program: Any) -> Do:
    name = node.s("name")
    return lambda machine, _values, given: machine.attribute(given[0], name)


def _set_attribute(node: Any, _blocks: Any, _program: Any) -> Do:
    name = node.s("name")
    return lambda machine, _values, given: machine.set_attribute(given[0], name, given[1])


def _create(node: Any, _blocks: Any, _program: Any) -> Do:
    type_name = node.output().type().annotation_str
    if type_name.startswith("__torch__.torch.classes."):
        raise NotInterpretedError(type_name)
    return lambda _machine, _values, _given: Made(type_name)


def _call_method(node: Any, _blocks: Any, _program: Any) -> Do:
    name = node.s("name")
    return lambda machine, _values, given: machine.call_method(given[0], name, given)


def _call_function(_node: Any, _blocks: Any, _program: Any) -> Do:
    return lambda machine, _values, given: machine.call(given[0], given[1:])


def _enter(_node: Any, _blocks: Any, _program: Any) -> Do:
    return lambda machine, _values, given: machine.call_method(given[0], "__enter__", given)


def _exit(_node: Any, _blocks: Any, _program: Any) -> Do:
    return lambda machine, _values, given: machine.call_method(given[0], "__exit__", given)


def _if(_node: Any, blocks: list[Block], _program: Any) -> Do:
    return lambda machine, values, given: machine.branch(blocks[0], blocks[1], values, given[0])


def _loop(_node: Any, blocks: list[Block], _program: Any) -> Do:
    return lambda machine, values, given: machine.loop(blocks[0], values, given)


def _number_to_tensor(_node: Any, _blocks: Any, _program: Any) -> Do:
    return lambda machine, _values, given: machine.tensor_of(given[0])


def _chunk(node: Any, _blocks: Any, _program: Any) -> Do:
    chunks, dimension = node.i("chunks"), node.i("dim")

    def chunk(machine: Machine, _values: Any, given: list[Any]) -> Any:
        return machine.compute(torch.chunk, [given[0], chunks, dimension])

    return chunk


def _raise(message: str, kind: str | None = None) -> None:
    raise ScriptError(f"{(kind or 'Error').rpartition('.')[2]}: {message}")


def _checked_cast(found: Any) -> Any:
    if found is None:
        _raise("an optional value is None", "AssertionError")
    return found


def _to_list(data: Any, _dimension: int, _element: int) -> Any:
    return data.tolist()


_PRIMS: dict[str, Callable[[Any, list[Block], Any], Do]] = {
    "prim::ListConstruct": _list_construct,
    "prim::TupleConstruct": _tuple_construct,
    "prim::DictConstruct": _dict_construct,
    "prim::ListUnpack": _always(lambda items: items),
    "prim::TupleUnpack": _always(lambda items: items),
    "prim::TupleIndex": _always(lambda items, at: items[at]),
    "prim::GetAttr": _get_attribute,
    "prim::SetAttr": _set_attribute,
    "prim::CreateObject": _create,
    "prim::CallMethod": _call_method,
    "prim::CallFunction": _call_function,
    "prim::Enter": _enter,
    "prim::Exit": _exit,
    "prim::If": _if,
    "prim::Loop": _loop,
    "prim::NumToTensor": _number_to_tensor,
    "prim::ConstantChunk": _chunk,
    "prim::RaiseException": _always(_raise),
    "prim::Uninitialized": _always(lambda: None),
    "prim::unchecked_cast": _always(lambda found: found),
    "prim::unchecked_unwrap_optional": _always(lambda found: found),
    "aten::_unwrap_optional": _always(_checked_cast),
    "prim::data": _always(lambda tensor: tensor.data),
    "prim::Print": _always(lambda *_said: None),
    "prim::tolist": _always(_to_list),
}
