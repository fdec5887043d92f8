"""The words in a box: attributes, weights and shapes, short enough to read at a glance."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from netviz_desktop.graph import Attribute, Dimension, Node, Value
from netviz_desktop.graph.scopes import Scope, Scopes

_LONGEST_VALUE = 12
_LONGEST_DIMENSION = 10
_MOST_WEIGHTS = 16

_KEY_ATTRIBUTES = {
    # name -> the value that goes without saying
    "kernel_shape": None,
    "kernel_size": None,
    "pool_size": None,
    "strides": "1",
    "stride": "1",
    "pads": "0",
    "padding": "0",
    "dilations": "1",
    "dilation": "1",
    "dilation_rate": "1",
    "group": "1",
    "groups": "1",
    "axis": None,
    "axes": None,
    "dim": None,
    "dims": None,
    "perm": None,
    "alpha": "1",
    "p": None,
    "ratio": None,
    "rate": None,
    "num_heads": None,
    "negative_slope": None,
    "to": None,
    "output_size": None,
}
_WITH_WEIGHT = ("kernel_shape", "kernel_size")  # a kernel's size is in the weight's shape


def elided(text: str, limit: int = 21) -> str:
    """The text on one line, with its middle left out where it is too long."""
    if len(text) > limit:
        half = (limit - 1) // 2
        text = f"{text[:half]}…{text[-half:]}"
    return "".join(letter if letter.isprintable() else " " for letter in text)


def shape_text(shape: Sequence[Dimension] | None) -> str:
    """As "1×64×112×112"; "?" for what is not known; empty for a scalar and for no rank."""
    if not shape:
        return ""
    return "×".join(
        "?" if size is None else elided(str(size), _LONGEST_DIMENSION) for size in shape
    )


def weight_rows(node: Node) -> Iterator[tuple[str, str]]:
    """Each parameter's role and shape; of the many in a loop or a branch, the first ones."""
    # without counters, such as num_batches_tracked
    shown = [p for p in node.parameters if p.shape or not p.buffer]
    kept = shown if len(shown) <= _MOST_WEIGHTS else shown[: _MOST_WEIGHTS - 1]
    for parameter in kept:
        role = parameter.role or parameter.name.rsplit(".", 1)[-1]
        yield elided(role), f"‹{shape_text(parameter.shape) or 'scalar'}›"
    if len(kept) < len(shown):
        yield "", f"… and {len(shown) - len(kept)} more"


def attribute_rows(node: Node, *, everything: bool) -> Iterator[tuple[str, str]]:
    """Attributes by name: all of them, or only what makes this node differ from its like."""
    for name in sorted(node.attributes):
        value = node.attributes[name]
        if everything:
            yield elided(name), f"= {_cut(value_text(value))}"
        elif name == "activation" and node.op_type == "Activation":  # of Keras: any function
            yield name, f"= {_cut(value_text(value))}"
        elif name in _KEY_ATTRIBUTES and not (name in _WITH_WEIGHT and node.parameters):
            text = value_text(_one_of_equals(value))
            if text not in ("", _KEY_ATTRIBUTES[name]):
                yield name, f"= {_cut(text)}"


def body_rows(node: Node) -> Iterator[tuple[str, str]]:
    """Which graphs are inside it, that one can look at."""
    if node.bodies:
        parts = [name.rpartition(" › ") for name in node.bodies[:_MOST_WEIGHTS]]
        yield (
            "inside",
            elided(", ".join(name if mark else "function" for _, mark, name in parts), 30),
        )


def scope_title(scope: Scope) -> str:
    """ "layer1.0"; of a run "layer.0 – 11  ×12"."""
    return f"{scope.name}  ×{len(scope.members)}" if scope.members else scope.name


def scope_rows(
    scopes: Scopes, scope: Scope, values: Mapping[str, Value]
) -> Iterator[tuple[str, str]]:
    """What a closed scope is and holds: class, nodes, parameters, shape of its output."""
    if kind := scopes.kind(scope):
        yield "", elided(kind, 30)
    yield "nodes", f"{scope.count:,}"
    if count := scopes.parameters(scope):
        yield "parameters", short_count(count)
    found = scopes.output(scope)
    if found is not None:
        value = values.get(found[1].name, found[1])
        if text := shape_text(value.shape):
            yield "output", elided(text, 30)


def short_count(count: int) -> str:
    """ "7.09 M" of 7,087,872."""
    for size, suffix in ((1e9, " G"), (1e6, " M"), (1e3, " k")):
        if count >= size:
            return f"{count / size:.3g}{suffix}"
    return str(count)


def value_text(value: Attribute) -> str:
    """An attribute's value as a person writes it."""
    if isinstance(value, list):
        if len(value) > 8:
            return f"[{len(value)} values]"
        return ", ".join(value_text(item) for item in value)
    if isinstance(value, float):
        return f"{value:.4g}"
    if isinstance(value, dict):
        return f"{{{len(value)} entries}}"
    return "" if value is None else str(value)


def _one_of_equals(value: Attribute) -> Attribute:
    """Pads and strides are mostly the same on all sides."""
    if isinstance(value, list) and value and all(item == value[0] for item in value):
        first: Attribute = value[0]
        return first
    return value


def _cut(text: str) -> str:
    return elided(text if len(text) <= _LONGEST_VALUE else text[:_LONGEST_VALUE] + "…")
