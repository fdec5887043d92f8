"""`x[:, 0]`, which TorchScript writes as a slice of the first dimension and a selection in the
second, put together again."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, TypeAlias

from torch import Tensor

_Index: TypeAlias = tuple[int | slice, ...]
_EVERYTHING = 2**63 - 1  # where a slice ends that goes to the end


@dataclass(frozen=True)
class Indexing:
    """Args: of: the number of the value that is indexed."""

    of: int
    index: _Index

    def get(self, x: Tensor) -> Tensor:
        return x[self.index]


def indexing_in(block: Any) -> dict[int, Indexing | None]:
    """Value number -> the indexing that computes it; None for what only leads to another."""
    found: dict[int, Indexing | None] = {}
    for node in block.nodes():
        entry = _entry(node)
        if entry is None:
            continue
        dimension, what = entry
        source = next(node.inputs())
        before = found.get(source.unique())
        if before is not None and len(list(source.uses())) == 1:
            index = _longer(before.index, dimension, what)
            if index is not None:
                found[source.unique()] = None
                found[node.output().unique()] = Indexing(before.of, index)
                continue
        index = _longer((), dimension, what)
        if index is not None:
            found[node.output().unique()] = Indexing(source.unique(), index)
    return found


def _longer(index: _Index, dimension: int, what: int | slice) -> _Index | None:
    """With one more dimension indexed; None for one that comes before another's."""
    left = [at for at, one in enumerate(index) if isinstance(one, slice)]
    at = left[dimension] if dimension < len(left) else len(index) + dimension - len(left)
    if at < len(index):
        return None
    return (*index, *[slice(None)] * (at - len(index)), what)


def _entry(node: Any) -> tuple[int, int | slice] | None:
    """The dimension and what is taken of it, where the program says both in numbers."""
    if node.kind() not in ("aten::slice", "aten::select"):
        return None
    tensor, *rest = node.inputs()
    if str(tensor.type()) != "Tensor" or any(
        value.node().kind() != "prim::Constant" for value in rest
    ):
        return None
    dimension, *numbers = (value.toIValue() for value in rest)
    if not isinstance(dimension, int) or dimension < 0:
        return None
    if node.kind() == "aten::select":
        return (dimension, numbers[0]) if isinstance(numbers[0], int) else None
    start, stop, step = numbers
    return dimension, slice(
        start or None, None if stop == _EVERYTHING else stop, step if step != 1 else None
    )
