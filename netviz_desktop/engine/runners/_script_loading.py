"""Loads a TorchScript file with torch, after which its functions can be looked at."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import torch
from torch import Tensor, nn
from torch.jit._recursive import wrap_cpp_module

from netviz_desktop.engine.runners._eager import one_line
from netviz_desktop.engine.runners._script_source import Sources
from netviz_desktop.problems import Problem
from netviz_desktop.readers.torchscript import ScriptFile

_import: Any = torch._C.import_ir_module  # torch's own stub of it lacks an argument
_as_module: Any = wrap_cpp_module


@dataclass(frozen=True)
class Loaded:
    """Args:
    unit: torch's compilation unit, which knows every function by its name.
    module: torch's own handle of the module.
    script: the same as an nn.Module.
    """

    unit: Any
    module: Any
    script: nn.Module
    sources: Sources = field(default_factory=Sources)

    def weights(self) -> Iterator[tuple[str, Tensor, bool]]:
        """Name, tensor, and whether it is a buffer. Of a tensor that stands under two names,
        which the file has twice, both are given the first."""
        first: dict[tuple[Any, ...], str] = {}
        named = ((self.script.named_parameters(), False), (self.script.named_buffers(), True))
        for found, buffer in named:
            for name, tensor in found:
                place = (tensor.data_ptr() or id(tensor), tensor.shape, tensor.stride())
                yield first.setdefault(place, name), tensor, buffer


def loaded(file: ScriptFile, device: torch.device) -> Loaded:
    """Raises: Problem: torch cannot compile it; or it would do more than compute."""
    unit = torch._C.CompilationUnit()
    try:
        # Not torch.jit.load, which keeps the unit to itself, and warns.
        module = _import(unit, str(file.path), device, {}, False)
        found = Loaded(unit, module, _as_module(module))
    except Exception as error:  # it is the file's code: anything may rise
        raise Problem(
            f"{file.path.name} cannot be loaded by PyTorch {torch.__version__}: {one_line(error)}.",
            "Export the model again, or open its ONNX export.",
        ) from error
    if not file.trusted:
        _check_harmless(unit, file)
    return found


@contextmanager
def frozen(module: nn.Module) -> Iterator[None]:
    """Its parameters as constants, for the length of a run."""
    trained = [parameter for parameter in module.parameters() if parameter.requires_grad]
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
