"""Loads a TorchScript file with torch, after which its functions can be looked at."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn
from torch.jit._recursive import wrap_cpp_module

from netviz_desktop.engine.runners._eager import one_line
from netviz_desktop.engine.runners._script_source import Sources
from netviz_desktop.problems import Problem
from netviz_desktop.readers.torchscript import ScriptFile

_import: Any = torch._C.import_ir_module  # torch's own stub of it lacks an argument
_import_buffer: Any = torch._C.import_ir_module_from_buffer
_as_module: Any = wrap_cpp_module
_META = torch.device("meta")


@dataclass(frozen=True)
class Loaded:
    """Args:
    unit: torch's compilation unit, which knows every function by its name.
    module: torch's own handle of the module.
    script: the same as an nn.Module.
    tied: as the file says, for weights that have no place in memory.
    """

    unit: Any
    module: Any
    script: nn.Module
    tied: Mapping[str, str] = field(default_factory=dict)
    sources: Sources = field(default_factory=Sources)

    def weights(self) -> Iterator[tuple[str, Tensor, bool]]:
        """Name, tensor, and whether it is a buffer. Of a tensor that stands under two names,
        which the file has twice, both are given the first."""
        first: dict[tuple[Any, ...], str] = {}
        named = ((self.script.named_parameters(), False), (self.script.named_buffers(), True))
        for found, buffer in named:
            for name, tensor in found:
                place = (
                    tensor.data_ptr() or self.tied.get(name, name),
                    tensor.shape,
                    tensor.stride(),
                )
                yield first.setdefault(place, name), tensor, buffer


def loaded(file: ScriptFile, device: torch.device) -> Loaded:
    """Raises: Problem: torch cannot compile it; or it would do more than compute."""
    unit = torch._C.CompilationUnit()
    try:
        # Not torch.jit.load, which keeps the unit to itself, and warns.
        module = _import(unit, str(file.path), device, {}, False)
        found = Loaded(unit, module, _as_module(module), file.tied)
    except Exception as error:  # it is the file's code: anything may rise
        raise Problem(
            f"{file.path.name} cannot be loaded by PyTorch {torch.__version__}: {one_line(error)}.",
            "Export the model again, or open its ONNX export.",
        ) from error
    if not file.trusted:
        _check_harmless(unit, file)
    return found


def outlined(file: ScriptFile) -> Loaded | None:
    """The same with weights on the meta device, of which none is read; None where it takes
    them to load the file.

    Raises: Problem: it would do more than compute.
    """
    unit = torch._C.CompilationUnit()
    try:
        content = _without_weights(file.path)
        if content is None:
            return None
        module = _import_buffer(unit, content, _META, {}, False)
        found = Loaded(unit, module, _as_module(module), file.tied)
    except Exception:  # noqa: BLE001 - any may rise, and rises again when the file is loaded whole
        return None
    if not file.trusted:
        _check_harmless(unit, file)
    return found


def _without_weights(path: Path) -> bytes | None:
    """The archive with nothing where its weights were: torch looks at them only to move them
    to their device. None if code of the file is handed them while it is loaded."""
    copied = io.BytesIO()
    with zipfile.ZipFile(path) as archive, zipfile.ZipFile(copied, "w") as copy:
        for member in archive.infolist():
            weight = member.filename.split("/")[-2:-1] in (["data"], ["constants"])
            content = b"" if weight else archive.read(member)
            if member.filename.endswith(".py") and b"__setstate__" in content:
                return None
            copy.writestr(member.filename, content)
    return copied.getvalue()


@contextmanager
def frozen(weights: Iterable[Tensor]) -> Iterator[None]:
    """Parameters as constants, for the length of a run."""
    trained = [tensor for tensor in weights if tensor.requires_grad]
    try:
        for parameter in trained:
            parameter.requires_grad_(False)
        yield
    finally:
        for parameter in trained:
            parameter.requires_grad_()


def nodes_in(graph: Any) -> Iterator[Any]:
    """Every node, those of inner blocks too."""
    waiting = [graph]
    while waiting:
        for node in waiting.pop().nodes():
            yield node
            waiting.extend(node.blocks())


def _check_harmless(unit: Any, file: ScriptFile) -> None:
    """The reader looked through the text already; this is what torch made of it."""
    for function in unit.get_functions():
        for node in nodes_in(function.graph):
            kind = node.kind()
            if kind in _REACHING or kind.partition("::")[0] not in _HARMLESS:
                raise Problem(
                    f"The code in {file.path.name} can do more than compute ({kind}), "
                    "so it was not run.",
                    "Open it with --trust, only if you know who made it.",
                )


_REACHING = frozenset(("aten::save", "aten::from_file", "prim::PythonOp"))
_HARMLESS = frozenset(
    "prim aten quantized _quantized mkldnn prepacked xnnpack torchvision torchaudio "
    "static_runtime".split()
)
