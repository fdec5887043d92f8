"""A module before its weights are there: built in milliseconds, whatever its size."""

from __future__ import annotations

import weakref
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from torch import Tensor, nn

Shape = tuple[int, ...]
Step = Callable[[float, str], None]


@dataclass(frozen=True)
class UnfilledModule:
    """An executable whose weights are still in the file.

    Args:
        module: its parameters are on the meta device, its buffers computed.
        fill: puts the weights in, and calls what it is given now and then.
    """

    module: nn.Module
    fill: Callable[[Step], None]


def unfilled(make: Callable[..., nn.Module], **options: Any) -> nn.Module:
    """What `make` gives, with its parameters on the meta device; in full where it computes
    with them while it is made."""
    try:
        with _parameters_on_meta():
            return make(**options)
    except (NotImplementedError, RuntimeError):  # what meta tensors say to being read
        return make(**options)


def shapes_of(module: nn.Module) -> dict[str, Shape]:
    """By state_dict key."""
    return {name: tuple(tensor.shape) for name, tensor in module.state_dict().items()}


def assign(module: nn.Module, tensors: Mapping[str, Tensor], step: Step) -> None:
    """Put tensors in the place of parameters and buffers, in the types of the module's own;
    tensors of that type are not copied. A parameter that has several names is one afterwards,
    too."""
    state = module.state_dict(keep_vars=True)
    own_types = {}
    for count, (name, tensor) in enumerate(tensors.items()):
        step(count / len(tensors), "Reading the weights")
        own_types[name] = tensor.to(state[name].dtype)
    module.load_state_dict(own_types, strict=False, assign=True)
    for names in shared_names(state):
        first = next(name for name in names if name in tensors)
        for name in names:
            path, _, role = name.rpartition(".")
            setattr(module.get_submodule(path), role, module.get_parameter(first))


def shared_names(state: Mapping[str, Any]) -> list[list[str]]:
    """The names of each parameter of a state dict that has several."""
    by_identity: dict[int, list[str]] = {}
    for name, tensor in state.items():
        by_identity.setdefault(id(tensor), []).append(name)
    return [names for names in by_identity.values() if len(names) > 1]


@contextmanager
def _parameters_on_meta() -> Iterator[None]:
    """A parameter gives up its memory when a module takes it: filling it with random numbers
    then costs nothing. Buffers are computed, because files may lack them."""
    from torch import nn
    from torch.nn.modules.module import register_module_parameter_registration_hook

    moved: dict[int, tuple[weakref.ref[nn.Parameter], nn.Parameter]] = {}

    def to_meta(_module: nn.Module, _name: str, parameter: nn.Parameter) -> nn.Parameter | None:
        if parameter is None or parameter.is_meta:
            return None
        known, empty = moved.get(id(parameter), (None, None))
        if known is None or known() is not parameter:  # one that two modules share stays one
            empty = nn.Parameter(parameter.detach().to("meta"), parameter.requires_grad)
            moved[id(parameter)] = (weakref.ref(parameter), empty)
        return empty

    hook: Any = to_meta  # torch's annotation forgets that a hook may give another parameter
    handle = register_module_parameter_registration_hook(hook)
    try:
        yield
    finally:
        handle.remove()
