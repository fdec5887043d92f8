"""Where an eager run can be listened to: torch functions, the dispatcher, module calls."""

from __future__ import annotations

import threading
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from contextlib import contextmanager
from functools import cache, lru_cache
from typing import Any, Protocol

import torch
from torch import Tensor, nn
from torch._C._functorch import peek_interpreter_stack
from torch.overrides import TorchFunctionMode
from torch.utils._python_dispatch import TorchDispatchMode


class Listener(Protocol):
    """What is told about a run."""

    def call(
        self,
        name: str,
        function: Callable[..., Any],
        arguments: tuple[Any, ...],
        keywords: Mapping[str, Any],
    ) -> Any:
        """Call it, and give its result."""

    def before_write(self, tensor: Tensor) -> None:
        """The tensor's memory is about to be written over."""

    def enter(self, module: torch.nn.Module, inputs: Any) -> None:
        """The module is called."""

    def leave(self, module: torch.nn.Module) -> None:
        """The module's call returned."""


@contextmanager
def listening(listener: Listener, modules: Collection[nn.Module]) -> Iterator[None]:
    """Tell the listener what this thread does, and which of these modules it calls."""
    functions = _Functions(listener)
    with _hearing_calls(listener, modules), _Dispatch(listener, functions), functions:
        yield


@contextmanager
def _hearing_calls(listener: Listener, modules: Collection[nn.Module]) -> Iterator[None]:
    """By the attribute in which `nn.Module.compile` puts what is called instead: torch's hooks
    for all modules let each call take three times as long."""
    thread = threading.get_ident()

    def heard(module: nn.Module) -> Callable[..., Any]:
        call = module._compiled_call_impl or module._call_impl

        def told(*arguments: Any, **keywords: Any) -> Any:
            if threading.get_ident() != thread:
                return call(*arguments, **keywords)
            listener.enter(module, arguments)
            result = call(*arguments, **keywords)
            listener.leave(module)
            return result

        return told

    before = [(module.__dict__, module.__dict__.get(_CALLED)) for module in modules]
    for module in modules:
        module.__dict__[_CALLED] = heard(module)
    try:
        yield
    finally:
        for attributes, compiled in before:
            attributes.pop(_CALLED, None)
            if compiled is not None:
                attributes[_CALLED] = compiled


_CALLED = "_compiled_call_impl"


def tensors_in(found: Iterable[Any]) -> list[Tensor]:
    """Every tensor in it and in the lists, tuples and dicts inside, in their order."""
    tensors: list[Tensor] = []
    _gather(found, tensors)
    return tensors


def _gather(found: Iterable[Any], tensors: list[Tensor]) -> None:
    for item in found:
        kind = type(item)
        if kind in _WITHOUT_TENSORS:
            continue
        if isinstance(item, Tensor):
            tensors.append(item)
        elif isinstance(item, dict):
            _gather(item.values(), tensors)
        elif isinstance(item, (list, tuple)):
            _gather(item, tensors)


def arguments_in(arguments: tuple[Any, ...]) -> list[Tensor]:
    """`tensors_in` the arguments of a call, in half of the time."""
    plain, containers = _places(tuple(map(type, arguments)))
    for place in containers:
        found = arguments[place]
        if isinstance(found, dict) or not _WITHOUT_TENSORS.issuperset(map(type, found)):
            return tensors_in(arguments)
    return [arguments[place] for place in plain]


@lru_cache(1024)
def _places(kinds: tuple[type, ...]) -> tuple[tuple[int, ...], tuple[int, ...]]:
    """Where the tensors stand among arguments of these types, and what may hold some."""
    return (
        tuple(place for place, kind in enumerate(kinds) if issubclass(kind, Tensor)),
        tuple(place for place, kind in enumerate(kinds) if issubclass(kind, (list, tuple, dict))),
    )


_WITHOUT_TENSORS = frozenset((type(None), bool, int, float, str, torch.dtype, torch.device))


class _Functions(TorchFunctionMode):
    def __init__(self, listener: Listener) -> None:
        super().__init__()
        self._listener = listener
        self.inside = False  # a function is under way: what it calls is part of it

    def __torch_function__(
        self,
        func: Callable[..., Any],
        types: Any,
        args: tuple[Any, ...] = (),
        kwargs: Mapping[str, Any] | None = None,
    ) -> Any:
        name = _plain_name(func)
        keywords = {} if kwargs is None else kwargs
        # Inside vmap tensors are stand-ins; what really happens shows in the dispatcher.
        if not name or peek_interpreter_stack() is not None:
            return func(*args, **keywords)
        if name in _LEAVING_TORCH:  # they warn about, or refuse, what requires a gradient
            return func(*(a.detach() if isinstance(a, Tensor) else a for a in args), **keywords)
        self.inside = True
        try:
            return self._listener.call(name, func, args, keywords)
        finally:
            self.inside = False


class _Dispatch(TorchDispatchMode):  # type: ignore[no-untyped-call]
    def __init__(self, listener: Listener, functions: _Functions) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self._listener = listener
        self._functions = functions

    def __torch_dispatch__(
        self,
        func: Any,
        types: Any,
        args: tuple[Any, ...] = (),
        kwargs: Mapping[str, Any] | None = None,
    ) -> Any:
        keywords = kwargs or {}
        with torch._C.DisableTorchFunction():
            for position, name in _written_by(func):
                target = args[position] if position < len(args) else keywords.get(name)
                for tensor in tensors_in((target,)):
                    self._listener.before_write(tensor)
            if self._functions.inside or func.overloadpacket.__name__ in _BOOKKEEPING:
                return func(*args, **keywords)
            return self._listener.call(func.overloadpacket.__name__, func, args, keywords)


@cache
def _written_by(func: Any) -> tuple[tuple[int, str], ...]:
    return tuple(
        (position, argument.name)
        for position, argument in enumerate(func._schema.arguments)
        if argument.alias_info is not None and argument.alias_info.is_write
    )


def _plain_name(func: Callable[..., Any]) -> str:
    """conv2d, add_, getitem, T; empty for what is no operation (shape, dim, requires_grad)."""
    name: str = getattr(func, "__name__", type(func).__name__)
    if name == "__get__":
        attribute: str = getattr(func, "__self__").__name__  # noqa: B009 - not every callable's
        return attribute if attribute in _COMPUTED_ATTRIBUTES else ""
    return _operation(name)


@cache  # by its name: the function itself may hold a whole run
def _operation(name: str) -> str:
    name = name.partition(".")[0]
    if name in _ASKING or name in ("__set__", "__delete__"):
        return ""
    if name in _LEAVING_TORCH:
        return name
    if name.startswith("__") and name.endswith("__"):
        plain = name.strip("_")
        return f"{plain[1:]}_" if plain in _IN_PLACE_OPERATORS else plain
    return name.lstrip("_") or name


_COMPUTED_ATTRIBUTES = frozenset(("T", "mT", "H", "mH", "real", "imag", "data"))
_IN_PLACE_OPERATORS = frozenset(
    f"i{operator}"
    for operator in "add sub mul truediv floordiv mod pow and or xor lshift rshift".split()
)
_LEAVING_TORCH = frozenset(
    "item tolist numpy __float__ __int__ __bool__ __index__ __complex__ __array__".split()
)
_ASKING = frozenset(
    "dim ndimension size numel nelement stride storage_offset element_size is_floating_point "
    "is_complex is_contiguous is_nonzero get_device data_ptr untyped_storage __len__ __hash__ "
    "__repr__ __format__ register_hook retain_grad has_names".split()
)
_BOOKKEEPING = frozenset(("detach", "lift_fresh", "_local_scalar_dense", "alias"))
