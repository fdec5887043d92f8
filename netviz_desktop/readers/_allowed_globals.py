"""Which of the names in a pickle may be imported without asking the person."""

from __future__ import annotations

import importlib
from collections.abc import Iterable
from typing import Any

from netviz_desktop.readers._stubs import Global

# What weights_only=True of torch.load knows by itself.
_KNOWN_TO_TORCH = frozenset(
    (
        ("collections", "OrderedDict"),
        ("collections", "defaultdict"),
        ("collections", "Counter"),
        ("builtins", "set"),
        ("builtins", "bytearray"),
        ("builtins", "complex"),
        ("_codecs", "encode"),
        ("torch._utils", "_rebuild_tensor"),
        ("torch._utils", "_rebuild_tensor_v2"),
        ("torch._utils", "_rebuild_tensor_v3"),
        ("torch._utils", "_rebuild_parameter"),
        ("torch._utils", "_rebuild_parameter_with_state"),
        ("torch._utils", "_rebuild_qtensor"),
        ("torch._tensor", "_rebuild_from_type_v2"),
        ("torch", "Size"),
        ("torch", "device"),
        ("torch", "Tensor"),
        ("torch.nn.parameter", "Parameter"),
        ("torch.nn.parameter", "Buffer"),
        ("torch.serialization", "_get_layout"),
    )
)
# Modules whose functions start programs or evaluate code; a network has no use for them.
_DANGEROUS = frozenset(
    "os posix nt subprocess sys shutil socket pty runpy code codeop ctypes _ctypes "
    "importlib imp zipimport webbrowser pickle _pickle marshal pip pdb bdb timeit cProfile "
    "profile trace".split()
)
_DANGEROUS_BUILTINS = frozenset(
    "eval exec compile __import__ open input breakpoint execfile".split()
)


def dangerous(named: Iterable[Global]) -> tuple[str, ...]:
    """Those that reach the machine: they start programs or evaluate code."""
    return tuple(str(found) for found in named if _is_dangerous(found))


def needing_trust(named: Iterable[Global]) -> tuple[str, ...]:
    """Those that are neither torch's layers nor part of how tensors are saved."""
    return tuple(str(found) for found in named if not _is_basic(found) and _layer(found) is None)


def allowed_classes(named: Iterable[Global]) -> list[Any]:
    """Torch's own layers and functions among them, for `torch.serialization.safe_globals`."""
    return [layer for found in named if (layer := _layer(found)) is not None]


def _is_dangerous(found: Global) -> bool:
    room = found.module.partition(".")[0]
    return room in _DANGEROUS or (
        room == "builtins" and found.name.partition(".")[0] in _DANGEROUS_BUILTINS
    )


def _is_basic(found: Global) -> bool:
    if (found.module, found.name) in _KNOWN_TO_TORCH:
        return True
    return found.module in ("torch", "torch.storage") and (
        found.name.endswith("Storage") or _is_dtype(found.name)
    )


def _is_dtype(name: str) -> bool:
    import torch

    return isinstance(getattr(torch, name, None), torch.dtype)


def _layer(found: Global) -> Any:
    """Torch's own layer class of this name, or its function on tensors; else None."""
    from torch import nn
    from torch.overrides import get_testing_overrides

    if not found.module.startswith(("torch.nn.", "torch._C._nn")) or "." in found.name:
        return None
    try:
        layer = getattr(importlib.import_module(found.module), found.name, None)
    except ImportError:
        return None
    if isinstance(layer, type):
        return layer if issubclass(layer, nn.Module) else None
    # The functions that torch lets others override are those on tensors: relu, gelu.
    return layer if callable(layer) and layer in get_testing_overrides() else None
