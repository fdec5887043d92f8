"""Numbers that stay although the memory they stand in is written over.

Networks overwrite their activations: `relu_`, `x += y`, `x[:, 0] = 0`. What somebody wants
to see later, or autograd saved for the way back, is copied just before that happens; what
nobody writes over is never copied.
"""

from __future__ import annotations

import itertools
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping
from typing import Any

import torch
from torch import Tensor
from torch.autograd.graph import GradientEdge, get_gradient_edge

from netviz_desktop.engine.memory import Spill, storage_of, users_of
from netviz_desktop.engine.runners._writing import computed_apart


class Kept:
    """A tensor whose numbers stay.

    `held` is the model's own object; holding it keeps its identity unique. `copy` is made
    before something writes over it.
    """

    __slots__ = ("copy", "held")

    def __init__(self, held: Tensor) -> None:
        self.held = held
        self.copy: Tensor | None = None

    @property
    def tensor(self) -> Tensor:
        return self.held if self.copy is None else self.copy


class SeenValue(Kept):
    """A tensor at the moment it was computed.

    `edge` is where autograd knows it: looked for when the run has ended, or something is
    about to write over it.
    """

    __slots__ = ("edge", "name", "version")

    def __init__(self, name: str, tensor: Tensor) -> None:
        self.held = tensor
        self.copy = None
        self.name = name
        self.version = version_of(tensor)
        self.edge: GradientEdge | None = None

    def look_for_edge(self) -> None:
        tensor = self.held
        if self.edge is None and tensor.requires_grad and version_of(tensor) == self.version:
            node = tensor.grad_fn
            self.edge = (
                get_gradient_edge(tensor) if node is None else GradientEdge(node, tensor.output_nr)
            )


class Weights:
    """A model's parameters and buffers, by name; one under two names has the first.

    `kept` is what autograd saves of them, by id: the same in every run that writes over none.
    """

    def __init__(self, named: Iterable[tuple[str, Tensor]]) -> None:
        self.names: dict[int, str] = {}
        self.kept: dict[int, Kept] = {}
        self.by_storage: dict[int, list[Tensor]] = defaultdict(list)
        for name, tensor in named:
            self.names.setdefault(id(tensor), name)
            self.kept[id(tensor)] = Kept(tensor)
            self.by_storage[storage_of(tensor)].append(tensor)


class Keeper:
    """Knows who relies on which memory.

    Args:
        spill: told of all that is kept.
        seen: what a value that was seen stands in, by its id.
    """

    def __init__(self, weights: Weights, spill: Spill, seen: Mapping[int, SeenValue]) -> None:
        self._seen = seen
        self._weights = weights
        self._spill = spill
        self._by_storage: dict[int, list[Kept]] = defaultdict(list)
        self._waiting: list[Kept] = []  # to be sorted into `_by_storage` when it is asked
        self._written_weights: dict[int, list[Kept]] = {}

    def keep(self, kept: Kept) -> None:
        self._waiting.append(kept)
        self._spill.add(kept.held)

    def save(self, tensor: Tensor) -> Kept:
        """For autograd, as the first of the two `saved_tensors_hooks`.

        It refuses a backward pass over saved memory that was written over; what is kept
        here it may go over.
        """
        key = id(tensor)
        seen = self._seen.get(key)
        if seen is not None and seen.version == version_of(tensor):
            return seen
        if not self._written_weights and (kept := self._weights.kept.get(key)):
            return kept
        if tensor.requires_grad:  # its grad_fn may be the one that saves it: a cycle
            with torch._C.DisableTorchFunction():
                tensor = tensor.data
        saved = Kept(tensor)
        self.keep(saved)
        return saved

    def _stands_alone(self, tensor: Tensor) -> bool:
        """Whether nobody but this tensor, and what autograd saved, sees its memory."""
        storage = storage_of(tensor)
        if storage < 0 or storage in self._weights.by_storage:
            return False
        if (users := users_of(tensor)) == 1:
            return True
        relying = self._relying()[storage]
        if any(type(kept) is not Kept and kept.held is not tensor for kept in relying):
            return False  # a view of it that the model may hold as well
        return users == len({id(tensor), *(id(kept.held) for kept in relying)})

    def _moved_out(self, kept: Kept, before: Tensor) -> None:
        """What is kept now stands in another object: `before`."""
        kept.held = before
        self._spill.add(before)

    def settle(self) -> dict[int, int]:
        """Called between operations; see `Spill.settle`."""
        if moved := self._spill.settle():
            for kept in self._by_storage.values():
                self._waiting += kept
            self._by_storage.clear()
        return moved

    def write(
        self,
        name: str,
        function: Callable[..., Any],
        arguments: tuple[Any, ...],
        keywords: Mapping[str, Any],
        overwritten: list[Tensor],
    ) -> tuple[Any, list[Tensor]]:
        """Make a call that writes over these; gives its result, and what it really wrote."""
        target = overwritten[0]
        if len(overwritten) == 1 and self._may_be_replaced(target):
            apart = computed_apart(name, function, arguments, keywords)
            if apart is target:
                return target, []  # dropout at rest
            if apart is not None and _takes_the_place_of(apart, target):
                seen = self._seen[id(target)]
                torch._C._swap_tensor_impl(target, apart)
                self._moved_out(seen, apart)
                return target, overwritten
        for tensor in overwritten:
            self.before_write(tensor)
        versions = [version_of(tensor) for tensor in overwritten]
        result = function(*arguments, **keywords)
        written = [t for t, v in zip(overwritten, versions, strict=True) if version_of(t) != v]
        return result, written

    def _may_be_replaced(self, target: Tensor) -> bool:
        """Whether the object may get other memory instead of being written over: what
        computes both costs less than a copy and a write. Nobody else may see the memory."""
        return (
            type(target) is Tensor
            and id(target) in self._seen
            and not target._is_view()
            and not (target.requires_grad and target.is_leaf)  # torch refuses to write there
            and not target._backward_hooks
            and self._stands_alone(target)
        )

    def before_write(self, tensor: Tensor) -> None:
        """Copy what is kept in this tensor's memory."""
        storage = storage_of(tensor)
        relying = self._relying().pop(storage, [])
        if storage in self._weights.by_storage and storage not in self._written_weights:
            ids = [id(weight) for weight in self._weights.by_storage[storage]]
            weights = [self._weights.kept[weight] for weight in ids]
            self._written_weights[storage] = weights
            self._weights.kept.update((id(kept.held), Kept(kept.held)) for kept in weights)
            relying = relying + weights
        copies: dict[tuple[Any, ...], Tensor] = {}
        for kept in relying:
            held = kept.held
            if isinstance(kept, SeenValue):
                kept.look_for_edge()
            layout = (held.storage_offset(), held.shape, held.stride(), held.dtype)
            if layout not in copies:
                copies[layout] = held.detach().clone()
                self._spill.add(copies[layout])
            kept.copy = copies[layout]

    def restore_weights(self) -> None:
        """Give the weights that were written over their numbers back."""
        for kept in itertools.chain.from_iterable(self._written_weights.values()):
            self.before_write(kept.held)
            with torch.no_grad():
                kept.held.copy_(kept.tensor)

    def forget(self) -> None:
        """Autograd's graph holds on to this object: it must not hold on to the tensors."""
        self._seen = {}
        self._by_storage.clear()
        self._waiting.clear()
        self._written_weights.clear()
        self._spill.forget()

    def _relying(self) -> dict[int, list[Kept]]:
        for kept in self._waiting:
            self._by_storage[storage_of(kept.held)].append(kept)
        self._waiting.clear()
        return self._by_storage


def saved(kept: Kept) -> Tensor:
    """For autograd, as the second of the two `saved_tensors_hooks`."""
    return kept.tensor


def _takes_the_place_of(apart: Any, target: Tensor) -> bool:
    """Whether it differs in nothing but numbers from what a write would have given."""
    return (
        type(apart) is Tensor
        and apart.dtype is target.dtype
        and apart.shape == target.shape
        and apart.stride() == target.stride()
        and apart.device == target.device
        and (apart.requires_grad or not target.requires_grad)
        and not apart._is_view()
    )


def version_of(tensor: Tensor) -> int:
    try:
        return tensor._version
    except RuntimeError:  # computed in inference mode, where nobody counts
        return 0
