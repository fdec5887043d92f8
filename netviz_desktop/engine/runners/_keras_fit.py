"""Which weights of a file belong to which variables of a live Keras model."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from netviz_desktop.problems import Problem
from netviz_desktop.readers._hdf5 import Stored, listed
from netviz_desktop.readers._keras_archive import KerasFile

_NOT_THE_MODELS = ("optimizer", "compile_metrics", "metrics", "loss")

Names = dict[int, str]
"""id(variable) -> the path of its numbers in the file."""


def fitted(model: Any, file: KerasFile, what: str) -> Names:
    """Where every variable of a model lies in a file.

    Args:
        what: the model, as a Problem calls it.

    Raises:
        Problem: a weight of the model or of the file has no counterpart, or another shape.
    """
    fault = ""
    try:
        names = _by_order(model, file) if file.legacy else _by_path(model, file)
    except _MismatchError as found:
        names, fault = {}, str(found)
    wanted = [variable for variable in model.variables if not _is_of_training(variable)]
    missing = next((one for one in wanted if id(one) not in names), None)
    used = set(names.values())
    left = next((path for path in file.stored if _may_be_left(path, file, used)), None)
    if not fault and missing is not None:
        fault = f"the file has no {missing.path} {_shape(missing)}"
    if not fault and left is not None:
        fault = f"the model has no place for {left} {file.stored[left].shape}"
    if fault:
        raise Problem(
            f"The weights in {file.path.name} do not fit {what}: {fault}.",
            "Name the function that makes the model these weights were trained in.",
        )
    return names


def names_of(model: Any, file: KerasFile) -> Names:
    """As `fitted`, of a model that was made from the same file; empty where it is not known."""
    try:
        return fitted(model, file, "its layers")
    except Problem:
        return {}


class _MismatchError(Exception):
    """Says in what, as a part of a sentence."""


def _by_path(model: Any, file: KerasFile) -> Names:
    """As Keras 3 stores them: Keras itself goes through the model, on stand-ins that tell
    what it takes for which variable."""
    import keras
    from keras.src.saving import saving_lib

    class Store(saving_lib.H5IOStore):  # type: ignore[misc]  # keras has no annotations
        """What Keras takes for the file."""

        def __init__(self) -> None:
            self.home = self.last = ""

        def __bool__(self) -> bool:
            return True

        def get(self, path: str) -> _Group:
            self.home = path
            return _Group(self, file, path)

        def has_path(self, path: str) -> bool:
            return path in file.groups

    class Scope(keras.StatelessScope):  # type: ignore[misc]  # keras has no annotations
        """Nothing is written; what is to be written was read just before."""

        def add_update(self, update: tuple[Any, Any]) -> None:
            names[id(update[0])] = store.last

    class Failures(dict[int, Any]):
        """Where each of them was looked for."""

        def __setitem__(self, key: int, value: Any) -> None:
            super().__setitem__(key, (*value, store.home))

    names: Names = {}
    store, failures, failed = Store(), Failures(), set[int]()
    layers = (layer for layer in model._flatten_layers() if hasattr(layer, "finalize_state"))
    tables = [(layer.__dict__, dict(layer.__dict__)) for layer in layers]
    with keras.device("meta"), Scope(initialize_variables=False):
        saving_lib._load_state(
            model,
            weights_store=store,
            assets_store=None,
            inner_path="",
            visited_saveables=set(),
            failed_saveables=failed,
            error_msgs=failures,
        )
    for table, before in tables:  # what they computed from the stand-ins
        table.update(before)
    for layer, error, home in failures.values():
        raise _MismatchError(_difference(layer, error, home, file))
    return names


class _Group:
    """The variables of one layer, as Keras reads them: by their number."""

    def __init__(self, store: Any, file: KerasFile, path: str) -> None:
        self._store = store
        self._stored = _numbered(file, path)

    def keys(self) -> list[str]:
        return list(self._stored)

    def __len__(self) -> int:
        return len(self._stored)

    def __contains__(self, number: object) -> bool:
        return number in self._stored

    def __getitem__(self, number: str) -> Any:
        import torch

        found = self._stored[number]
        self._store.last = found.path
        return torch.empty(found.shape, device="meta")


def _numbered(file: KerasFile, path: str) -> dict[str, Stored]:
    prefix = f"{path}/vars/" if path else "vars/"
    inner = {p.removeprefix(prefix): s for p, s in file.stored.items() if p.startswith(prefix)}
    return {number: stored for number, stored in inner.items() if "/" not in number}


def _difference(layer: Any, error: Exception, home: str, file: KerasFile) -> str:
    numbered = _numbered(file, home)
    own = [*layer._trainable_variables, *layer._non_trainable_variables]
    for number, variable in enumerate(own):
        stored = numbered.get(str(number))
        if stored is None:
            return f"the file has no {variable.path} {_shape(variable)}"
        if stored.shape != _shape(variable):
            return f"{variable.path} is {_shape(variable)}, but {stored.shape} in the file"
    if len(numbered) > len(own):
        left = numbered.get(str(len(own)))
        more = f"{left.path} {left.shape}" if left is not None else home
        return f"{layer.name} has no place for {more}"
    return (str(error).strip().splitlines() or [type(error).__name__])[0][:200].rstrip(".")


def _by_order(model: Any, file: KerasFile) -> Names:
    """As Keras 2 stores them: layer by layer, in their order."""
    from keras.src.legacy.saving.legacy_h5_format import _legacy_weights

    layers = [(layer, found) for layer in model.layers if (found := _legacy_weights(layer))]
    groups = list(_groups(file))
    own = [variable for variable in (*model._trainable_variables, *model._non_trainable_variables)
           if any(variable is one for one in model.weights)]  # fmt: skip
    if groups and groups[-1][0] == "top_level_model_weights" and own:
        layers.append((model, own))
    names: Names = {}
    for place, (layer, variables) in enumerate(layers):
        stored = groups[place][1] if place < len(groups) else []
        for number, variable in enumerate(variables):
            if number >= len(stored):
                raise _MismatchError(f"the file has no {variable.path} {_shape(variable)}")
            if stored[number].shape != _shape(variable):
                raise _MismatchError(
                    f"{variable.path} is {_shape(variable)}, but {stored[number].path} "
                    f"{stored[number].shape} in the file"
                )
            names[id(variable)] = stored[number].path
        if len(stored) > len(variables):
            raise _MismatchError(f"{layer.name} has no place for {stored[len(variables)].path}")
    return names


def _groups(file: KerasFile) -> Iterator[tuple[str, list[Stored]]]:
    """Layers that have weights, and those weights, in the file's order."""
    top = file.groups.get("model_weights", file.groups[""])
    within = f"{top.path}/" if top.path else ""
    for layer in (*listed(top, "layer_names"), "top_level_model_weights"):
        group = file.groups.get(f"{within}{layer}")
        if group is not None and (names := listed(group, "weight_names")):
            paths = [f"{group.path}/{name}" for name in names]
            yield layer, [file.stored[path] for path in paths if path in file.stored]


def _may_be_left(path: str, file: KerasFile, used: set[str]) -> bool:
    """Whether nobody reads it who should."""
    top = path.partition("/")[0]
    if path in used or top in _NOT_THE_MODELS:
        return False
    if file.legacy:
        return top != "optimizer_weights"
    return "/vars/" in f"/{path}" and "seed_generator" not in path


def _is_of_training(variable: Any) -> bool:
    return "seed_generator" in variable.path


def _shape(variable: Any) -> tuple[int, ...]:
    return tuple(map(int, variable.shape))
