"""What a run is given, held against what the model takes."""

from __future__ import annotations

import re
from collections.abc import Collection

import torch
from torch import Tensor

from netviz_desktop.graph import Dimension, Value
from netviz_desktop.problems import Problem


def check_names(given: Collection[str], expected: tuple[Value, ...]) -> None:
    """Raises: Problem: something is given that the model does not take."""
    known = [value.name for value in expected]
    if unknown := set(given) - set(known):
        raise Problem(
            f"The model has no input “{min(unknown)}”.", f"Its inputs are: {', '.join(known)}."
        )


def missing(value: Value) -> Problem:
    """Said when an input is not given."""
    wanted = " ".join(filter(None, (described(value.shape), value.dtype)))
    return Problem(f"The input “{value.name}” is missing.", f"Give it a tensor of {wanted}.")


def check_shape(value: Value, given: Tensor, *, otherwise: str = "") -> None:
    """Raises: Problem: it is of another shape.

    Args:
        otherwise: what else the person can do: "export it with another one".
    """
    shape = value.shape
    if shape is None:
        return
    if len(shape) != given.ndim or any(
        isinstance(want, int) and want != have
        for want, have in zip(shape, given.shape, strict=True)
    ):
        raise Problem(
            f"The input “{value.name}” takes {described(shape)} and was given "
            f"{described(tuple(given.shape))}.",
            f"Give it a tensor of that shape{f', or {otherwise}' if otherwise else ''}.",
        )


def check_numbers(value: Value, given: Tensor, dtype: torch.dtype) -> None:
    """Raises: Problem: to become `dtype`, its numbers would lose more than digits."""
    lossy = (given.is_floating_point() and not dtype.is_floating_point) or given.is_complex()
    if lossy and not dtype.is_complex:
        raise Problem(
            f"The input “{value.name}” takes {value.dtype} and was given {str(given.dtype)[6:]}.",
            f"Convert it to {value.dtype}.",
        )


def described(shape: tuple[Dimension, ...] | None) -> str:
    """(batch, 3, any, 224): a free size has its name, unless torch made that up."""
    if shape is None:
        return "any shape"
    return "(" + ", ".join(map(_size, shape)) + ")"


def _size(size: Dimension) -> str:
    if size is None or (isinstance(size, str) and _MADE_UP.search(size)):
        return "any"
    return str(size)


_MADE_UP = re.compile(r"\b[su]\d+\b")
