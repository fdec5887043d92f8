"""What a pickle describes, without importing or calling anything that it names.

A pickle is a program for a small stack machine. Here it runs on a machine whose only
effects are containers and stubs: `Global` for whatever it names, `Instance` for whatever it
would construct or call, `StubTensor` for a tensor, whose numbers stay in the file.
"""

from __future__ import annotations

import io
import pickletools
from _compat_pickle import IMPORT_MAPPING, NAME_MAPPING
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from netviz_desktop.readers._stubs import KNOWN, BadPickle, Global, Instance, as_key, persistent

_MOST_OPCODES = 5_000_000
_MOST_BYTES = 128 * 2**20


@dataclass
class Unpickled:
    """The object, everything the pickle names, and where in the bytes it ends."""

    root: Any
    named: tuple[Global, ...]
    called: tuple[Global, ...]
    end: int


def unpickle(pickled: bytes, start: int = 0) -> Unpickled:
    """The first object from `start` on.

    Raises:
        BadPickle: it cannot be read.
    """
    if len(pickled) - start > _MOST_BYTES:
        raise BadPickle("it is too large")
    stream = io.BytesIO(pickled)
    stream.seek(start)
    machine = _Machine()
    try:
        for count, (opcode, argument, _) in enumerate(pickletools.genops(stream)):
            if count > _MOST_OPCODES:
                raise BadPickle("it is too long")  # noqa: TRY301 - inside the loop it guards
            machine.do(opcode.name, argument)
        return Unpickled(
            machine.stack[-1],
            tuple(dict.fromkeys(machine.named)),
            tuple(dict.fromkeys(machine.called)),
            stream.tell(),
        )
    except BadPickle:
        raise
    except (ValueError, TypeError, KeyError, IndexError, AttributeError, UnicodeError) as error:
        # Whatever a damaged pickle makes the machine stumble over.
        raise BadPickle(str(error) or type(error).__name__) from error


_CONSTANTS = {
    "NONE": None, "NEWTRUE": True, "NEWFALSE": False, "EMPTY_TUPLE": (),
}  # fmt: skip
_PLAIN = frozenset(
    "INT BININT BININT1 BININT2 LONG LONG1 LONG4 FLOAT BINFLOAT STRING BINSTRING "
    "SHORT_BINSTRING BINBYTES SHORT_BINBYTES BINBYTES8 BYTEARRAY8 UNICODE BINUNICODE "
    "SHORT_BINUNICODE BINUNICODE8".split()
)
_IGNORED = frozenset(("PROTO", "FRAME", "STOP"))


class _Machine:
    def __init__(self) -> None:
        self.stack: list[Any] = []
        self.marks: list[int] = []
        self.memo: dict[int, Any] = {}
        self.named: list[Global] = []
        self.called: list[Global] = []

    def do(self, opcode: str, argument: Any) -> None:
        if opcode in _PLAIN:
            self.stack.append(argument)
        elif opcode in _CONSTANTS:
            self.stack.append(_CONSTANTS[opcode])
        elif opcode not in _IGNORED:
            step: Callable[[Any], None] | None = getattr(self, f"_{opcode.lower()}", None)
            if step is None:
                raise BadPickle(f"it holds {opcode}, which no model file does")
            step(argument)

    def _to_mark(self) -> list[Any]:
        mark = self.marks.pop()
        items = self.stack[mark:]
        del self.stack[mark:]
        return items

    def _mark(self, _: Any) -> None:
        self.marks.append(len(self.stack))

    def _pop(self, _: Any) -> None:
        self.stack.pop()

    def _pop_mark(self, _: Any) -> None:
        self._to_mark()

    def _dup(self, _: Any) -> None:
        self.stack.append(self.stack[-1])

    def _put(self, index: Any) -> None:
        self.memo[int(index)] = self.stack[-1]

    _binput = _long_binput = _put

    def _memoize(self, _: Any) -> None:
        self.memo[len(self.memo)] = self.stack[-1]

    def _get(self, index: Any) -> None:
        self.stack.append(self.memo[int(index)])

    _binget = _long_binget = _get

    def _empty_list(self, _: Any) -> None:
        self.stack.append([])

    def _empty_dict(self, _: Any) -> None:
        self.stack.append({})

    def _empty_set(self, _: Any) -> None:
        self.stack.append(Instance(Global("builtins", "set")))

    def _list(self, _: Any) -> None:
        self.stack.append(self._to_mark())

    def _tuple(self, _: Any) -> None:
        self.stack.append(tuple(self._to_mark()))

    def _frozenset(self, _: Any) -> None:
        self.stack.append(Instance(Global("builtins", "frozenset"), items=self._to_mark()))

    def _dict(self, _: Any) -> None:
        items = self._to_mark()
        self.stack.append({})
        self._put_items(items)

    def _tuple1(self, _: Any) -> None:
        self.stack[-1:] = [tuple(self.stack[-1:])]

    def _tuple2(self, _: Any) -> None:
        self.stack[-2:] = [tuple(self.stack[-2:])]

    def _tuple3(self, _: Any) -> None:
        self.stack[-3:] = [tuple(self.stack[-3:])]

    def _append(self, _: Any) -> None:
        self._extend([self.stack.pop()])

    def _appends(self, _: Any) -> None:
        self._extend(self._to_mark())

    _additems = _appends

    def _setitem(self, _: Any) -> None:
        value, key = self.stack.pop(), self.stack.pop()
        self._put_items([key, value])

    def _setitems(self, _: Any) -> None:
        self._put_items(self._to_mark())

    def _extend(self, items: list[Any]) -> None:
        target = self.stack[-1]
        (target.items if isinstance(target, Instance) else target).extend(items)

    def _put_items(self, items: list[Any]) -> None:
        target = self.stack[-1]
        pairs = list(zip(items[::2], items[1::2], strict=True))
        if isinstance(target, Instance):
            target.items.extend(pairs)
        else:
            target.update((as_key(key), value) for key, value in pairs)

    def _global(self, names: str) -> None:
        module, _, name = names.partition(" ")
        self._name(module, name)

    def _stack_global(self, _: Any) -> None:
        name, module = self.stack.pop(), self.stack.pop()
        self._name(module, name)

    def _name(self, module: Any, name: Any) -> None:
        if not (isinstance(module, str) and isinstance(name, str)):
            raise BadPickle("it names something that is no name")
        # Protocol 2, torch's default, writes Python 2's names.
        module, name = NAME_MAPPING.get((module, name), (IMPORT_MAPPING.get(module, module), name))
        found = Global(module, name)
        self.named.append(found)
        self.stack.append(found)

    def _reduce(self, _: Any) -> None:
        arguments, function = self.stack.pop(), self.stack.pop()
        self.stack.append(self._call(function, arguments))

    def _newobj(self, _: Any) -> None:
        arguments, kind = self.stack.pop(), self.stack.pop()
        self.stack.append(self._call(kind, arguments))

    def _newobj_ex(self, _: Any) -> None:
        _keywords, arguments, kind = self.stack.pop(), self.stack.pop(), self.stack.pop()
        self.stack.append(self._call(kind, arguments))

    def _inst(self, names: str) -> None:
        arguments = self._to_mark()
        self._global(names)
        self.stack.append(self._call(self.stack.pop(), tuple(arguments)))

    def _obj(self, _: Any) -> None:
        kind, *arguments = self._to_mark()
        self.stack.append(self._call(kind, tuple(arguments)))

    def _build(self, _: Any) -> None:
        state, target = self.stack.pop(), self.stack[-1]
        if isinstance(target, Instance):
            target.state = state
        elif isinstance(target, Global):
            self.called.append(target)

    def _binpersid(self, _: Any) -> None:
        self.stack.append(persistent(self.stack.pop()))

    def _call(self, function: Any, arguments: Any) -> Any:
        if isinstance(function, Instance):  # what another call would give
            return Instance(function.kind, (function, arguments))
        if not isinstance(function, Global):
            raise BadPickle("it calls what is neither a class nor a function")
        known = KNOWN.get((function.module, function.name))
        if known is not None and isinstance(arguments, tuple):
            return known(*arguments)
        self.called.append(function)
        return Instance(function, arguments)
