"""TorchScript, as torch.jit.save writes it: traced, scripted and frozen modules.

The archive holds the module tree as a pickle, and the program as text, which is compiled
only when the model is made ready to run.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType
from typing import Any

from numpy.typing import NDArray

from netviz_desktop.graph import Value
from netviz_desktop.problems import Problem
from netviz_desktop.readers import Format, OpenedModel, Options
from netviz_desktop.readers._module_tree import module_tree, weights_of
from netviz_desktop.readers._script_archive import (
    ScriptArchive,
    is_script_archive,
    reaching,
    script_archive,
)
from netviz_desktop.readers._script_tree import CONSTANTS, ScriptTree, script_tree
from netviz_desktop.readers._stored import numpy_dtype
from netviz_desktop.readers._stubs import Instance, StubTensor
from netviz_desktop.readers._torch_file import TorchFile, torch_file

_LABEL = "TorchScript"


@dataclass(frozen=True)
class ScriptFile:
    """What it takes to run the file.

    Args:
        trusted: the person allowed it to do anything.
        shared: path of a module that has an earlier one, too -> the first.
        tied: name of a weight that is the same tensor as an earlier one -> the first.
        fields: qualified name of a NamedTuple -> its fields.
        traced: the inputs that it was traced with, in the order of its forward.
        constants: how many tensors stand in its code; those that are weights are read by
            `constant_name`.
    """

    path: Path
    trusted: bool
    shared: Mapping[str, str] = field(repr=False)
    tied: Mapping[str, str] = field(repr=False)
    fields: Mapping[str, tuple[str, ...]] = field(repr=False)
    traced: tuple[Value, ...]


def constant_name(index: int) -> str:
    """The weight that the code calls `CONSTANTS.c0`."""
    return f"{CONSTANTS}.{index}"


def _recognises(path: Path, head: bytes) -> int:
    return 3 if is_script_archive(path, head) else 0


FORMAT = Format("torchscript", _LABEL, (".pt", ".pth", ".ts", ".torchscript", ".ptl"), _recognises)


def read(path: Path, options: Options) -> OpenedModel:
    """Raises: Problem: it is damaged."""
    archive = script_archive(path)
    data, constants = torch_file(path), torch_file(path, "constants")
    root = data.root
    if not isinstance(root, Instance) or not isinstance(constants.root, tuple):
        raise Problem(
            f"{path.name} is damaged: its module cannot be read.", "Download or export it again."
        )
    tree = script_tree(root, archive.classes, constants.root)
    graph = module_tree(tree.root, format_label=_LABEL, name=path.stem)
    weights = _weights(tree, data, constants)
    faults = (_optimized(archive), _untrusted(archive, options))
    problem = next((fault for fault in faults if fault is not None), None)
    executable = ScriptFile(
        path,
        options.trust,
        tree.shared,
        _tied(tree),
        {name: found.fields for name, found in archive.classes.items() if found.fields},
        _traced(path),
    )
    return OpenedModel(
        graph,
        weights,
        executable if problem is None else None,
        problem,
        can_be_trusted=problem is not None and problem is faults[1],
    )


def _weights(
    tree: ScriptTree, data: TorchFile, constants: TorchFile
) -> Mapping[str, Callable[[], NDArray[Any]]]:
    """Raises: Problem: one is larger than what the file holds of it; torch would make room."""
    own = {id(tensor) for tensor in constants.root}
    weights = {}
    for name, tensor in weights_of(tree.root).items():
        file = constants if id(tensor) in own else data
        _check(file, tensor)
        weights[name] = file.reader(tensor)
    for tensor in constants.root:
        if isinstance(tensor, StubTensor):
            _check(constants, tensor)
    return MappingProxyType(weights)


def _tied(tree: ScriptTree) -> Mapping[str, str]:
    first: dict[int, str] = {}
    named = weights_of(tree.root).items()
    return {n: known for n, t in named if (known := first.setdefault(id(t), n)) != n}


def _check(file: TorchFile, tensor: StubTensor) -> None:
    _, size = file.places.get(tensor.storage.key, (0, 0))
    spans = zip(tensor.shape, tensor.strides, strict=True)
    span = tensor.offset + 1 + sum((length - 1) * stride for length, stride in spans)
    if math.prod(tensor.shape) and span * numpy_dtype(tensor.dtype).itemsize > size:
        raise Problem(
            f"{file.path.name} is damaged: a weight of shape {tensor.shape} is not all there.",
            "Download or export it again.",
        )


def _optimized(archive: ScriptArchive) -> Problem | None:
    if not any("ConstantMKLDNNTensor" in text for text in archive.code.values()):
        return None
    return Problem(
        f"{archive.path.name} was written after torch.jit.optimize_for_inference, "
        "and PyTorch itself cannot load such a file: only its structure is shown.",
        "Save the module before that step, or after torch.jit.freeze alone.",
    )


def _untrusted(archive: ScriptArchive, options: Options) -> Problem | None:
    found = reaching(archive)
    if not found or options.trust:
        return None
    return Problem(
        f"The code in {archive.path.name} can do more than compute ({', '.join(found[:3])}), "
        "so it was not run: only its structure and weights are shown.",
        "Trust the file only if you know who made it: “Trust and run…” or --trust.",
    )


def _traced(path: Path) -> tuple[Value, ...]:
    """The example inputs, which torch.jit.trace leaves in the file; none in a scripted one."""
    try:
        inputs = torch_file(path, "traced_inputs").root
    except Problem:
        return ()
    forward = _plain(inputs).get("forward") if isinstance(_plain(inputs), dict) else None
    return tuple(
        Value(f"input.{at}", tensor.shape, tensor.dtype)
        if isinstance(tensor, StubTensor)
        else Value(f"input.{at}")
        for at, tensor in enumerate(_plain(forward) or ())
    )


def _plain(found: Any) -> Any:
    """A list or dict without the type that TorchScript pickles with it."""
    if isinstance(found, Instance) and found.kind.name == "restore_type_tag":
        return found.arguments[0]
    return found
