"""Where an eager run can be listened to: torch functions, the dispatcher, module calls."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from functools import cache
from typing import Any, Protocol

import torch
from torch import Tensor
from torch._C._functorch import peek_interpreter_stack
from torch.nn.modules.module import register_module_forward_hook, register_module_forward_pre_hook
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
def listening(listener: Listener) -> Iterator[None]:
    """Tell the listener what this thread does."""
    thread = threading.get_ident()

    def before(module: torch.nn.Module, inputs: Any) -> None:
        if threading.get_ident() == thread:  # these hooks are the whole process's
            listener.enter(module, inputs)

    def after(module: torch.nn.Module, _inputs: object, _outputs: object) -> None:
        if threading.get_ident() == thread:
            listener.leave(module)

    with ExitStack() as stack:
        stack.callback(register_module_forward_pre_hook(before).remove)
        stack.callback(register_module_forward_hook(after).remove)
        functions = _Functions(listener)
        stack.enter_context(_Dispatch(listener, functions))
        stack.enter_context(functions)
        yield


def tensors_in(*found: Any) -> list[Tensor]:
    """Every tensor in lists, tuples and dicts, in their order."""
    tensors: list[Tensor] = []
    for item in found:
        _gather(item, tensors)
    return tensors


def _gather(found: Any, tensors: list[Tensor]) -> None:
    if isinstance(found, Tensor):
        tensors.append(found)
        return
    if isinstance(found, dict):
        found = found.values()
    elif not isinstance(found, (list, tuple)):
        return
    for item in found:
        if isinstance(item, Tensor):
            tensors.append(item)
        elif isinstance(item, (list, tuple, dict)):
            _gather(item, tensors)


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
                for tensor in tensors_in(target):
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
