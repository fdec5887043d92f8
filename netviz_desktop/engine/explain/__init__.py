"""Attribution methods: where the evidence for a class lies.

A member is a module of this package with

    METHOD: MethodInfo                          what it is called, and its parameters
    explain(case, **parameters) -> Tensor       the raw map, signed where the method allows

`case` is a finished run with a target: a class, as its index in the output before softmax.
A method of a layer gives (h, w), at that layer's resolution; a method of the input gives
the input's own shape. Both are of the first sample, neither is rectified or scaled: that is
how a map is shown, not what it is.

Members are found by themselves and know no other.
"""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cache
from typing import Any

from torch import Tensor

from netviz_desktop.engine.forward_pass import ForwardPass
from netviz_desktop.engine.runners import Step
from netviz_desktop.link.messages import MethodInfo, MethodParameter
from netviz_desktop.problems import Problem

Parameter = bool | int | float | str


def _no_step(_done: float, _what: str) -> None:
    """For those who do not ask how far it is."""


@dataclass(frozen=True)
class Case:
    """What a method is asked about.

    Args:
        node: the layer, for methods of a layer; "" for those of the input.
        input: name of the input that methods of the input look at.
        channels_last: names of the values whose channels stand in the last axis.
        again: run the model on other inputs, by name.
    """

    run: ForwardPass
    target: int
    node: str
    input: str
    again: Callable[[Mapping[str, Tensor]], ForwardPass]
    channels_last: frozenset[str] = frozenset()
    step: Step = field(default=_no_step)

    def layer(self) -> tuple[Tensor, Tensor]:
        """The layer's activation and the gradient of the target there, both (C, h, w).

        Raises:
            Problem: it has no height and width, or no gradient.
        """
        activation = self.run.activation(self.node)
        if activation.ndim != 4 or not activation.is_floating_point():
            shape = " × ".join(map(str, activation.shape)) or "a single number"
            raise Problem(
                f"{self.node} has no map to explain: its output is {shape}, without height "
                "and width.",
                "Choose a node whose output is N × channels × height × width, such as a "
                "convolution.",
            )
        gradient = self.run.gradient(self.target, self.node)
        last = self.run.graph.node(self.node).outputs[0] in self.channels_last
        first = (activation[0], gradient[0])
        return (first[0].movedim(-1, 0), first[1].movedim(-1, 0)) if last else first

    def input_and_gradient(self) -> tuple[Tensor, Tensor]:
        """The input and the gradient of the target there, both in the input's shape.

        Raises:
            Problem: the input has no gradient.
        """
        value = self.run.value(self.input)
        found = self.run.gradients(self.target).get(self.input)
        if found is None:
            raise Problem(
                f"The score has no gradient with respect to the input “{self.input}”.",
                "Choose a method of a layer, and a node between the input and the score.",
            )
        return value, found


_FIRST = "grad-cam"


def _order(method_id: str) -> tuple[bool, str]:
    return method_id != _FIRST, method_id


@cache
def _members() -> dict[str, Any]:
    found = (
        importlib.import_module(f"{__name__}.{member.name}")
        for member in sorted(pkgutil.iter_modules(__path__), key=lambda member: member.name)
        if not member.name.startswith("_")
    )
    return {member.METHOD.id: member for member in found}


def methods() -> tuple[MethodInfo, ...]:
    """All methods: Grad-CAM, the others of layers, then those of the input."""
    found = [member.METHOD for member in _members().values()]
    return tuple(sorted(found, key=lambda method: (not method.of_layer, _order(method.id))))


def method(method_id: str) -> MethodInfo:
    """Raises: Problem: there is no such method."""
    if method_id not in _members():
        raise Problem(
            f"There is no method “{method_id}”.",
            f"Choose one of: {', '.join(m.id for m in methods())}.",
        )
    info: MethodInfo = _members()[method_id].METHOD
    return info


def explain(method_id: str, case: Case, parameters: Mapping[str, Parameter]) -> Tensor:
    """The raw map of a method, detached.

    Raises:
        Problem: there is no such method or parameter, or it cannot explain this case.
    """
    checked = _checked(method(method_id), parameters)
    case.run.check_target(case.target)
    raw: Tensor = _members()[method_id].explain(case, **checked)
    return raw.detach()


def _checked(info: MethodInfo, given: Mapping[str, Parameter]) -> dict[str, Parameter]:
    known = {parameter.name: parameter for parameter in info.parameters}
    for name in given:
        if name not in known:
            takes = ", ".join(known) or "none"
            raise Problem(f"{info.label} has no parameter “{name}”.", f"Its parameters: {takes}.")
    return {
        name: _value(parameter, given.get(name, parameter.default))
        for name, parameter in known.items()
    }


def _value(parameter: MethodParameter, given: Parameter) -> Parameter:
    kind = type(parameter.default)
    wrong = Problem(
        f"“{given}” is no value for the parameter “{parameter.name}”.",
        f"{parameter.help} Default: {parameter.default}.",
    )
    if kind is bool:
        words = {"true": True, "yes": True, "1": True, "false": False, "no": False, "0": False}
        value: Parameter | None = words.get(str(given).lower())
        if value is None:
            raise wrong
        return value
    try:
        value = kind(given)
    except ValueError as error:
        raise wrong from error
    low, high = parameter.minimum, parameter.maximum
    if isinstance(value, (int, float)) and (
        (low is not None and value < low) or (high is not None and value > high)
    ):
        raise wrong
    if parameter.choices and value not in parameter.choices:
        raise wrong
    return value
