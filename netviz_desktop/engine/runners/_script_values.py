"""What a TorchScript program handles apart from tensors and Python's own numbers and lists."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from torch import Tensor


@dataclass(eq=False)
class Place:
    """A module of the file, or an object that one holds.

    Args:
        held: torch's own handle of it; nothing is ever written there.
        path: where it stands, as in the nn.Module.
    """

    held: Any
    path: str
    type_name: str
    known: dict[str, Any] = field(default_factory=dict, repr=False)

    @property
    def kind(self) -> str:
        """The name of its class."""
        return self.type_name.rpartition(".")[2]


@dataclass(eq=False)
class Made:
    """An object that the program makes while it runs."""

    type_name: str
    attributes: dict[str, Any] = field(default_factory=dict)


@dataclass(eq=False)
class Unknown:
    """A number that depends on numbers which are not there: on the input's, before a run.

    Args:
        tensor: what it is read from.
    """

    tensor: Tensor


class NotInterpretedError(Exception):
    """The program holds an operation that only TorchScript itself can run."""


class NeedsNumbersError(Exception):
    """What the program does next depends on numbers which are not there."""


class ScriptError(Exception):
    """The program raised."""


_MOST_ITEMS = 10_000_000


def bounded(found: Any) -> Any:
    """A whole number in 64 bits, as TorchScript's are; anything else as it is.

    Raises: MemoryError: a list or text is larger than any model needs.
    """
    if type(found) is int and not -(2**63) <= found < 2**63:
        return (found + 2**63) % 2**64 - 2**63
    if isinstance(found, (list, str)):
        check_size(len(found))
    return found


def check_size(items: int) -> None:
    """Raises: MemoryError: a list would be larger than any model needs."""
    if items > _MOST_ITEMS:
        raise MemoryError
