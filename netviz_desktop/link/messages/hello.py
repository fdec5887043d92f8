"""Who the engine is: the formats that it opens, the methods that it knows."""

# No `from __future__ import annotations`: msgspec reads the annotations.
from dataclasses import dataclass

from netviz_desktop.link.messages.base import Message


@dataclass(frozen=True)
class FormatInfo:
    """A file format that the engine opens; `suffixes` with their dot, most usual first."""

    id: str
    label: str
    suffixes: tuple[str, ...]


@dataclass(frozen=True)
class MethodParameter:
    """A parameter of an attribution method; its type is that of `default`."""

    name: str
    default: bool | int | float | str
    help: str
    minimum: float | None = None
    maximum: float | None = None
    choices: tuple[str, ...] = ()


@dataclass(frozen=True)
class MethodInfo:
    """An attribution method.

    Args:
        id: as `netviz explain --method` takes it: "grad-cam".
        of_layer: the map belongs to a node and has its resolution; otherwise to the input.
        source: the paper or specification, with its address.
        help: one sentence: what the map says.
    """

    id: str
    label: str
    of_layer: bool
    source: str
    help: str
    parameters: tuple[MethodParameter, ...] = ()


@dataclass(frozen=True)
class Hello(Message):
    """The engine's first message, in call 0: what it can do."""

    version: str
    torch_version: str
    device: str
    formats: tuple[FormatInfo, ...]
    methods: tuple[MethodInfo, ...]
