"""Numbers that stay although the memory they stand in is written over.

Networks overwrite their activations: `relu_`, `x += y`, `x[:, 0] = 0`. What somebody wants
to see later, or autograd saved for the way back, is copied just before that happens; what
nobody writes over is never copied.
"""

from __future__ import annotations

import itertools
from collections import defaultdict
from collections.abc import Iterable
from typing import Any

import torch
from torch import Tensor


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


class Weights:
    """A model's parameters and buffers, by name; one under two names has the first."""

    def __init__(self, named: Iterable[tuple[str, Tensor]]) -> None:
        self.names: dict[int, str] = {}
        self.by_storage: dict[int, list[Tensor]] = defaultdict(list)
        for name, tensor in named:
            self.names.setdefault(id(tensor), name)
            self.by_storage[storage_of(tensor)].append(tensor)


class Keeper:
    """Knows who relies on which memory."""

    def __init__(self, weights: Weights) -> None:
        self._by_storage: dict[int, list[Kept]] = defaultdict(list)
        self._weights = weights
        self._written_weights: dict[int, list[Kept]] = {}

    def keep(self, kept: Kept) -> None:
        self._by_storage[storage_of(kept.held)].append(kept)

    def save(self, tensor: Tensor) -> Kept:
        """For autograd, as the first of the two `saved_tensors_hooks`.

        It refuses a backward pass over saved memory that was written over; what is kept
        here it may go over.
        """
        if tensor.requires_grad:  # its grad_fn may be the one that saves it: a cycle
            with torch._C._DisableTorchDispatch(), torch._C.DisableTorchFunction():
                tensor = tensor.detach()
        saved = Kept(tensor)
        self.keep(saved)
        return saved

    def before_write(self, tensor: Tensor) -> None:
        """Copy what is kept in this tensor's memory."""
        storage = storage_of(tensor)
        relying = self._by_storage.pop(storage, [])
        if storage in self._weights.by_storage and storage not in self._written_weights:
            weights = [Kept(weight) for weight in self._weights.by_storage[storage]]
            self._written_weights[storage] = weights
            relying = relying + weights
        copies: dict[tuple[Any, ...], Tensor] = {}
        for kept in relying:
            held = kept.held
            layout = (held.storage_offset(), held.shape, held.stride(), held.dtype)
            if layout not in copies:
                copies[layout] = held.detach().clone()
            kept.copy = copies[layout]

    def restore_weights(self) -> None:
        """Give the weights that were written over their numbers back."""
        for kept in itertools.chain.from_iterable(self._written_weights.values()):
            self.before_write(kept.held)
            with torch.no_grad():
                kept.held.copy_(kept.tensor)

    def forget(self) -> None:
        """Autograd's graph holds on to this object: it must not hold on to the tensors."""
        self._by_storage.clear()
        self._written_weights.clear()


def saved(kept: Kept) -> Tensor:
    """For autograd, as the second of the two `saved_tensors_hooks`."""
    return kept.tensor


def storage_of(tensor: Tensor) -> int:
    """The same number for tensors that share memory."""
    try:
        return int(tensor.untyped_storage()._cdata)
    except NotImplementedError:  # sparse tensors have no storage of their own
        return -id(tensor)
