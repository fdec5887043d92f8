"""Which stored numbers belong to which layer.

Keras 3 stores them by class and place ("layers/conv2d_1/vars/0"), a nested model below its
own path; Keras 2 under the name of a layer of the whole model, with a name for each weight
("model_weights/conv/conv/kernel:0"), those of a nested model all under the model's name.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping

from netviz_desktop.graph import Parameter
from netviz_desktop.readers._hdf5 import Stored, listed
from netviz_desktop.readers._keras_archive import KerasFile
from netviz_desktop.readers._keras_config import Layer, Net
from netviz_desktop.readers._keras_layers import is_buffer, is_saved_twice, role, snake_case

_CONTAINERS = ("layers", "_layer_checkpoint_dependencies")  # the latter in Keras 2.12 and 2.13

Weights = Mapping[tuple[str, ...], tuple[Parameter, ...]]
"""Names of the nested models and of the layer -> its parameters."""


def weights_by_layer(net: Net, file: KerasFile) -> Weights:
    """The parameters of every layer; those that no layer claims are left out."""
    return dict(_by_name(net, file) if file.legacy else _by_place(net, file))


def parameter(stored: Stored, name: str) -> Parameter:
    return Parameter(stored.path, stored.shape, stored.dtype, name, is_buffer(name))


def _by_place(net: Net, file: KerasFile) -> Iterator[tuple[tuple[str, ...], tuple[Parameter, ...]]]:
    below = _below(file.stored)
    waiting: list[tuple[Net, tuple[str, ...], str]] = [(net, (), "")]
    while waiting:
        inside, scope, prefix = waiting.pop()
        for layer, home in _homes(inside, prefix, file):
            path = (*scope, layer.name)
            if layer.net is not None:
                waiting.append((layer.net, path, f"{home}/"))
                continue
            found = tuple(
                parameter(stored, role(layer.class_name, layer.config, inner))
                for stored in below.get(home, ())
                if not is_saved_twice(
                    layer.class_name, inner := stored.path.removeprefix(f"{home}/")
                )
            )
            yield path, found


def _homes(net: Net, prefix: str, file: KerasFile) -> Iterator[tuple[Layer, str]]:
    """Each layer of a net, and its group in the file."""
    container = next((c for c in _CONTAINERS if f"{prefix}{c}" in file.groups), _CONTAINERS[0])
    times: dict[str, int] = defaultdict(int)
    for layer in net.layers:
        if not layer.is_layer or (net.class_name == "Sequential" and layer is net.layers[0]):
            continue
        name = snake_case("Functional" if layer.class_name == "Model" else layer.class_name)
        number = f"_{times[name]}" if times[name] else ""
        times[name] += 1
        yield layer, f"{prefix}{container}/{name}{number}"


def _below(stored: Mapping[str, Stored]) -> dict[str, list[Stored]]:
    """Group -> every dataset in it, however deep."""
    result: dict[str, list[Stored]] = defaultdict(list)
    for path, one in stored.items():
        parts = path.split("/")[:40]
        for end in range(1, len(parts)):
            result["/".join(parts[:end])].append(one)
    return result


def _by_name(net: Net, file: KerasFile) -> Iterator[tuple[tuple[str, ...], tuple[Parameter, ...]]]:
    for layer in net.layers:
        found = list(weights_of_layer(file, layer.name))
        if layer.net is None:
            yield (layer.name,), tuple(parameter(s, _within(name, layer.name)) for name, s in found)
        else:
            yield from _nested(layer.net, (layer.name,), found)


def weights_of_layer(file: KerasFile, layer: str) -> Iterator[tuple[str, Stored]]:
    """The stored weights under a layer's name, with the names that they have there."""
    top = "model_weights/" if "model_weights" in file.groups else ""
    group = file.groups.get(f"{top}{layer}")
    if group is None:
        return
    for name in listed(group, "weight_names"):
        stored = file.stored.get(f"{group.path}/{name}")
        if stored is not None:
            yield name, stored


def _nested(
    net: Net, scope: tuple[str, ...], found: list[tuple[str, Stored]]
) -> Iterator[tuple[tuple[str, ...], tuple[Parameter, ...]]]:
    """The weights of a nested model, by the names of its layers in theirs."""
    leaves = list(_leaves(net, scope))
    by_name = {path[-1]: path for path in leaves}
    groups: dict[tuple[str, ...], list[Parameter]] = defaultdict(list)
    for name, stored in found:
        owner = next((part for part in reversed(name.split("/")[:-1]) if part in by_name), None)
        if owner is not None:
            groups[by_name[owner]].append(parameter(stored, _within(name, owner)))
    yield from ((path, tuple(parameters)) for path, parameters in groups.items())


def _leaves(net: Net, scope: tuple[str, ...]) -> Iterator[tuple[str, ...]]:
    waiting = [(net, scope)]
    while waiting:
        inside, path = waiting.pop()
        for layer in inside.layers:
            if layer.net is None:
                yield (*path, layer.name)
            else:
                waiting.append((layer.net, (*path, layer.name)))


def _within(name: str, layer: str) -> str:
    """What the layer calls its weight: "net/conv/kernel:0" is the "kernel" of "conv"."""
    parts = name.split("/")
    first = next((i for i in range(len(parts) - 2, -1, -1) if parts[i] == layer), 0)
    inner = "/".join(parts[first + 1 :]) or name
    return inner.rpartition(":")[0] if inner.rpartition(":")[2].isdecimal() else inner
