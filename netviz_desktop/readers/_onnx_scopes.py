"""Which modules an ONNX node was exported from, and of which classes they are."""

from __future__ import annotations

import ast
from collections.abc import Iterable
from functools import lru_cache

import onnx

from netviz_desktop.readers._onnx_attributes import text

_NAMES = "pkg.torch.onnx.name_scopes"
_CLASSES = "pkg.torch.onnx.class_hierarchy"
_FX_PLACEHOLDER = "_empty_nn_module_stack"


def scope_of(node: onnx.NodeProto) -> tuple[str, ...]:
    """The module path: from what torch.onnx notes on the node, else from its name."""
    for entry in node.metadata_props or ():
        if entry.key == _NAMES and (noted := _around(entry.value)) is not None:
            modules = list(filter(_is_module, noted))
            return tuple(modules[-1].split(".")) if modules else ()
    return _scope_of_path(node.name.rstrip("/").rpartition("/")[0])


@lru_cache(maxsize=4096)
def _scope_of_path(around: str) -> tuple[str, ...]:
    """From the name of a node but for its last part; many have it in common."""
    scope: list[str] = []
    for part in filter(None, around.split("/")):
        # torch's older exporter repeats a container's name in its children: features.3
        last = scope[-1] if scope else None
        path = part.split(".")
        scope.append(path[-1] if last is not None and path[:-1] and path[-2] == last else part)
    return tuple(scope)


def classes(nodes: Iterable[onnx.NodeProto]) -> dict[str, str]:
    """Dotted module path -> class, where torch.onnx has noted it."""
    found: dict[str, str] = {}
    for node in nodes:
        if not node.metadata_props:
            continue
        noted = {entry.key: entry.value for entry in node.metadata_props}
        names, kinds = _around(noted.get(_NAMES, "")), _around(noted.get(_CLASSES, ""))
        for name, kind in zip(names or (), kinds or (), strict=False):
            if _is_module(name):
                found[name] = kind.rpartition(".")[2]
    return found


def _is_module(name: str) -> bool:
    return bool(name) and not name.startswith(_FX_PLACEHOLDER)


def _around(value: str | bytes) -> tuple[str, ...] | None:
    """A list of text as Python writes it, but for its last item, which is the node's own: what
    is around many nodes is read once. None where it is no such list."""
    outer, comma, _ = text(value).rpartition(",")
    if not comma:
        return None if _listed(text(value)) is None else ()
    return _listed(f"{outer}]")


@lru_cache(maxsize=4096)
def _listed(value: str) -> tuple[str, ...] | None:
    try:
        found = ast.literal_eval(value)
    except (ValueError, SyntaxError, RecursionError, MemoryError):
        return None
    is_list = isinstance(found, list) and all(isinstance(item, str) for item in found)
    return tuple(found) if is_list else None
