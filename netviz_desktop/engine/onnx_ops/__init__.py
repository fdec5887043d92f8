"""The operator table: an ONNX operator -> a torch function with a gradient.

A member is a module of this package whose functions are entered by `@onnx_op`:

    @onnx_op("Clip", since=11)
    def clip(x: Tensor, low: Tensor | None = None, high: Tensor | None = None) -> Tensor:

The operator's inputs are the positional parameters, in its order; one that is left out is
None. Its attributes are the keyword-only parameters, under ONNX's names, with ONNX's
defaults: a list for ints and floats, a Tensor for a tensor, a `Body` for a graph. A node
with an attribute that the function does not name is refused, so none is ever ignored by
accident. Of several entries for one operator the newest that is not newer than the model's
opset is taken. A function gives its output, or a tuple of them; a sequence is a list.

A function may ask for more through these keyword-only names: `opset_version` (the version that the
model imports), `output_count` (how many outputs the node names), `device`, `between` (a `Body`:
the part of the graph that leads from the values that the attributes `xs` and `zs` name to `y`).

No function writes to its inputs. Text arrives as a numpy array of str, and float16 and
bfloat16 as float32: that is what the interpreter computes with.
Members are found by themselves and know no other; what they share begins with "_".
"""

from __future__ import annotations

import importlib
import inspect
import math
import pkgutil
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache, lru_cache
from typing import Any, Protocol, TypeVar

FunctionT = TypeVar("FunctionT", bound=Callable[..., Any])

GIVEN_BY_INTERPRETER = frozenset({"opset_version", "output_count", "device", "between"})


class Body(Protocol):
    """A subgraph, ready to be run with what it sees of the graph around it."""

    @property
    def input_count(self) -> int: ...

    @property
    def output_count(self) -> int: ...

    def __call__(self, *inputs: Any) -> tuple[Any, ...]: ...


@dataclass(frozen=True)
class Op:
    """An entry of the table.

    Args:
        since: the first opset version that it is right for.
        attributes: the attributes that it takes.
        wants: which names of `GIVEN_BY_INTERPRETER` it takes.
        inputs: the least and the greatest number of inputs.
        moves: it only moves or picks elements. What is true of an input then holds for the
            output as well, such as which real numbers its integers stand for.
        rounds: its gradient passes straight through a rounding.
    """

    function: Callable[..., Any]
    since: int
    attributes: frozenset[str]
    wants: frozenset[str]
    inputs: tuple[int, float]
    moves: bool
    rounds: bool


_table: dict[tuple[str, str], list[Op]] = {}


def onnx_op(
    name: str, *, since: int = 1, domain: str = "", moves: bool = False, rounds: bool = False
) -> Callable[[FunctionT], FunctionT]:
    """Enter a function into the table; `domain` "" is ai.onnx. See `Op` for the rest."""

    def enter(function: FunctionT) -> FunctionT:
        parameters = inspect.signature(function).parameters.values()
        keywords = {p.name for p in parameters if p.kind is p.KEYWORD_ONLY}
        keywords = {name for name in keywords if not name.startswith("_")}
        positional = [p for p in parameters if p.kind is p.POSITIONAL_OR_KEYWORD]
        any_number = any(p.kind is p.VAR_POSITIONAL for p in parameters)
        least = sum(p.default is p.empty for p in positional)
        op = Op(
            function=function,
            since=since,
            attributes=frozenset(keywords - GIVEN_BY_INTERPRETER),
            wants=frozenset(keywords & GIVEN_BY_INTERPRETER),
            inputs=(least, math.inf if any_number else len(positional)),
            moves=moves,
            rounds=rounds,
        )
        _table.setdefault((domain, name), []).append(op)
        return function

    return enter


@lru_cache(maxsize=4096)
def find(name: str, domain: str, opset: int) -> Op | None:
    """The entry for an operator in a model that imports this opset, or None."""
    entries = _all().get(("" if domain == "ai.onnx" else domain, name), [])
    fitting = [op for op in entries if op.since <= opset]
    return max(fitting, key=lambda op: op.since, default=None)


def names() -> set[tuple[str, str]]:
    """(domain, operator) of every entry."""
    return set(_all())


@cache
def _all() -> dict[tuple[str, str], list[Op]]:
    for found in pkgutil.iter_modules(__path__):
        if not found.name.startswith("_"):
            importlib.import_module(f"{__name__}.{found.name}")
    return _table
