"""What stands for the objects in a pickle, and what stands for the functions of torch.save."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any


class BadPickle(ValueError):  # noqa: N818 - what it is, not what went wrong here
    """No pickle that can be read: damaged, foreign, or too large."""


@dataclass(frozen=True)
class Global:
    """A class or function that the pickle names."""

    module: str
    name: str

    def __str__(self) -> str:
        return f"{self.module}.{self.name}"


@dataclass(eq=False)
class Instance:
    """What calling `kind` with `arguments` would give, or an object of that class.

    Args:
        state: its `__dict__`, or what its `__setstate__` would be given.
        items: what would be put into it as a list, a set or a dict.
    """

    kind: Global
    arguments: Any = ()
    state: Any = None
    items: list[Any] = field(default_factory=list)


@dataclass(frozen=True)
class StubStorage:
    """A run of numbers in the file; `key` says where. `first` is a view's first element."""

    dtype: str
    key: str
    count: int
    first: int = 0


@dataclass(eq=False)
class StubTensor:
    """A tensor whose numbers are still in the file; strides and offset in elements."""

    storage: StubStorage
    offset: int
    shape: tuple[int, ...]
    strides: tuple[int, ...]
    dtype: str
    trained: bool = False


def as_key(key: Any) -> Any:
    """Hashing a deeply nested tuple would overflow the stack of the interpreter."""
    if isinstance(key, (list, dict, bytearray)) or (
        isinstance(key, tuple) and any(isinstance(item, (tuple, list, dict)) for item in key)
    ):
        raise BadPickle("it has a dictionary with keys that are containers")
    return key


_STORAGES = {
    "FloatStorage": "float32", "DoubleStorage": "float64", "HalfStorage": "float16",
    "BFloat16Storage": "bfloat16", "LongStorage": "int64", "IntStorage": "int32",
    "ShortStorage": "int16", "CharStorage": "int8", "ByteStorage": "uint8",
    "BoolStorage": "bool", "ComplexFloatStorage": "complex64",
    "ComplexDoubleStorage": "complex128", "UntypedStorage": "uint8",
    "QInt8Storage": "int8", "QUInt8Storage": "uint8", "QInt32Storage": "int32",  # as stored
}  # fmt: skip


def persistent(described: Any) -> Any:
    """What torch.save keeps outside the pickle: a storage; a class, with its source."""
    if described[0] == "module":
        return described[1]
    _, kind, key, _, count, *view = described
    dtype = _STORAGES.get(kind.name)
    if dtype is None:
        raise BadPickle(f"it holds numbers of the unknown kind {kind.name}")
    first = int(view[0][1]) if view and view[0] else 0
    return StubStorage(dtype, str(key), int(count), first)


def _tensor(
    numbers: StubStorage, offset: int, shape: Any, strides: Any, *details: Any
) -> StubTensor:
    sizes = tuple(int(size) for size in shape)
    steps = tuple(int(step) for step in strides)
    if len(sizes) != len(steps) or min((0, int(offset), *sizes, *steps)) < 0:
        raise BadPickle("it has a tensor of an impossible shape")
    trained = bool(details[0]) if details else False
    return StubTensor(numbers, int(offset), sizes, steps, numbers.dtype, trained)


def _tensor_of_dtype(
    numbers: StubStorage, offset: int, shape: Any, strides: Any, trained: Any, _hooks: Any,
    dtype: Global, *_details: Any,
) -> StubTensor:  # fmt: skip
    tensor = _tensor(numbers, offset, shape, strides, trained)
    tensor.dtype = dtype.name
    return tensor


def _quantised(
    numbers: StubStorage, offset: int, shape: Any, strides: Any, _scale: Any, *_details: Any
) -> StubTensor:
    return _tensor(numbers, offset, shape, strides)


def _parameter(data: StubTensor, trained: Any = True, *_details: Any) -> StubTensor:
    return StubTensor(
        data.storage, data.offset, data.shape, data.strides, data.dtype, bool(trained)
    )


def _from_type(function: Global, _kind: Any, arguments: Any, _state: Any) -> Any:
    known = KNOWN.get((function.module, function.name))
    return Instance(function, arguments) if known is None else known(*arguments)


def _reconstructed(kind: Global, *_details: Any) -> Instance:
    return Instance(kind)


def _dictionary(*items: Any) -> dict[Any, Any]:
    return {as_key(key): value for key, value in (items[0] if items else ())}


def _set(items: Any = ()) -> Instance:
    return Instance(Global("builtins", "set"), items=list(items))


def _encoded(text: str, _encoding: str = "latin1") -> bytes:
    return text.encode("latin1")


KNOWN: dict[tuple[str, str], Callable[..., Any]] = {
    ("torch._utils", "_rebuild_tensor"): _tensor,
    ("torch._utils", "_rebuild_tensor_v2"): _tensor,
    ("torch._utils", "_rebuild_tensor_v3"): _tensor_of_dtype,
    ("torch._utils", "_rebuild_qtensor"): _quantised,
    ("torch._utils", "_rebuild_parameter"): _parameter,
    ("torch._utils", "_rebuild_parameter_with_state"): _parameter,
    ("torch._tensor", "_rebuild_from_type_v2"): _from_type,
    ("collections", "OrderedDict"): _dictionary,
    ("torch", "Size"): tuple,
    ("builtins", "set"): _set,
    ("_codecs", "encode"): _encoded,
    ("copyreg", "_reconstructor"): _reconstructed,
}
"""What torch.save itself calls, as functions of ours."""
