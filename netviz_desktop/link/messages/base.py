"""What every message is made of: the two kinds, and arrays."""

# No `from __future__ import annotations`: msgspec reads the annotations.
from typing import Any, ClassVar, Generic, TypeVar

from numpy.typing import NDArray

Array = NDArray[Any]


class Message:
    """Anything that can be said."""


AnswerT = TypeVar("AnswerT", bound=Message)


class Request(Message, Generic[AnswerT]):
    """What the window asks. `Answer` is the type that comes back."""

    Answer: ClassVar[type[Message]]
