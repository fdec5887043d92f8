"""A pickled nn.Module, as `torch.save(model, path)` writes it.

Such a file is a program that imports the model's classes. A network of torch's own layers
runs without trust; for anything else the person must trust the file first.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from numpy.typing import NDArray

from netviz_desktop.problems import Problem
from netviz_desktop.readers import Format, OpenedModel, Options
from netviz_desktop.readers._allowed_globals import (
    allowed_classes,
    dangerous,
    needing_trust,
)
from netviz_desktop.readers._module_tree import is_module, module_tree, weights_of
from netviz_desktop.readers._person_code import from_person, importable
from netviz_desktop.readers._stored import numpy_dtype
from netviz_desktop.readers._stubs import Instance
from netviz_desktop.readers._torch_file import (
    TorchFile,
    may_be_torch_file,
    torch_file,
)

if TYPE_CHECKING:
    from torch import Tensor, nn

_LABEL = "PyTorch module"
_KEYS = ("model", "module", "net", "network", "ema", "student", "generator")


@dataclass(frozen=True)
class _Found:
    """The module in stubs, and under which key of the saved dict (None: it is all there is)."""

    module: Any
    key: str | None


def _recognises(path: Path, head: bytes) -> int:
    if not may_be_torch_file(path, head):
        return 0
    try:
        found = _module_in(torch_file(path))
    except Problem:
        return 1  # reading it says what is wrong
    return 3 if found else 1


FORMAT = Format("torch-module", _LABEL, (".pt", ".pth", ".bin", ".ckpt"), _recognises)


def read(path: Path, options: Options) -> OpenedModel:
    """Raises: Problem: it is damaged, holds no module, or would run a command."""
    file = torch_file(path)
    if commands := dangerous(file.named):
        raise Problem(
            f"{path.name} would call {', '.join(commands)} when it is loaded: "
            "no model needs that, so nothing of it was run.",
            "Delete it, and get the model from a source that you know.",
        )
    found = _module_in(file)
    if found is None:
        raise Problem(
            f"{path.name} holds neither a module nor weights.",
            "Save the model with torch.save(model, …) or torch.save(model.state_dict(), …).",
        )
    graph = module_tree(found.module, format_label=_LABEL, name=path.stem)
    weights = MappingProxyType(
        {name: file.reader(tensor) for name, tensor in weights_of(found.module).items()}
    )
    foreign = needing_trust(file.named)
    if foreign and not options.trust:
        problem = Problem(
            f"{path.name} holds Python code ({_listed(foreign)}), which was not run: "
            "only its structure and weights are shown.",
            "Trust the file only if you know who made it: “Trust and run…” or --trust.",
        )
        return OpenedModel(graph, weights, None, problem, can_be_trusted=True)
    try:
        module = _loaded(file, found.key, foreign, trust=options.trust)
    except Problem as problem:
        if options.trust:
            raise
        return OpenedModel(graph, weights, None, problem, can_be_trusted=True)
    if not is_module(found.module):
        graph = module_tree(module, format_label=_LABEL, name=path.stem)
    return OpenedModel(graph, MappingProxyType({**_live_weights(module), **weights}), module)


def _live_weights(module: nn.Module) -> dict[str, Callable[[], NDArray[Any]]]:
    """Those of a loaded module, some of which unfold only when they are loaded."""
    return {
        name: partial(_as_numpy, tensor)
        for found in (module.named_parameters(), module.named_buffers())
        for name, tensor in found
    }


def _as_numpy(tensor: Tensor) -> NDArray[Any]:
    import torch

    plain = tensor.detach().cpu()
    plain = plain.int_repr() if plain.is_quantized else plain
    stored = plain.contiguous().reshape(-1).view(torch.uint8).numpy()
    dtype = numpy_dtype(str(plain.dtype).removeprefix("torch."))
    return stored.view(dtype).reshape(plain.shape)


def _module_in(file: TorchFile) -> _Found | None:
    if is_module(file.root):
        return _Found(file.root, None)
    if isinstance(file.root, dict):
        keys = [key for key in (*_KEYS, *file.root) if key in file.root]
        for key in keys:
            if is_module(file.root[key]):
                return _Found(file.root[key], key)
    if isinstance(file.root, Instance) and file.root.kind.module.startswith("torch."):
        return _Found(file.root, None)  # a torch.fx.GraphModule unfolds itself when it is loaded
    return None


def _loaded(
    file: TorchFile, key: str | None, foreign: tuple[str, ...], *, trust: bool
) -> nn.Module:
    """The module itself; with `trust`, by running its code."""
    import torch

    path = file.path
    what = f"Loading {path.name}" + (f" ({_listed(foreign)})" if foreign else "")
    with from_person(what, path.parent):
        if trust:
            with importable(path.parent):
                loaded = torch.load(path, map_location="cpu", weights_only=False)
        else:
            with torch.serialization.safe_globals(allowed_classes(file.named)):
                loaded = torch.load(path, map_location="cpu", weights_only=True)
    module = loaded if key is None else loaded[key]
    if not isinstance(module, torch.nn.Module):
        raise Problem(
            f"{path.name} holds a {type(module).__name__} where a module was expected.",
            "Save the model again with torch.save(model, …).",
        )
    with from_person(what, path.parent):
        module.state_dict()  # a module put together from damaged parts raises here
    return module


def _listed(names: tuple[str, ...]) -> str:
    return ", ".join(names[:3]) + (f" and {len(names) - 3} more" if len(names) > 3 else "")
