"""A checkpoint spread over several files, with an index that says what is where, as Hugging
Face's libraries write it; opening one of the shards opens all of them."""

from __future__ import annotations

import dataclasses
from pathlib import Path

from netviz_desktop.graph import ModelGraph, Node
from netviz_desktop.problems import Problem
from netviz_desktop.readers import Format, OpenedModel, Options, head_of
from netviz_desktop.readers._allowed_globals import dangerous
from netviz_desktop.readers._safetensors import may_be_safetensors, safetensors
from netviz_desktop.readers._shards import Index, index_of, is_index, read_index
from netviz_desktop.readers._stored import Stored
from netviz_desktop.readers._stubs import StubTensor
from netviz_desktop.readers._torch_file import torch_file
from netviz_desktop.readers._weights import opened_weights


def _recognises(path: Path, head: bytes) -> int:
    return 3 if is_index(path, head) or index_of(path) else 0


FORMAT = Format("sharded-checkpoint", "Sharded checkpoint", (".index.json",), _recognises)


def read(path: Path, options: Options) -> OpenedModel:
    """Raises: Problem: the index or a shard is damaged, or the architecture does not fit."""
    index = read_index(index_of(path) or path)
    weights: dict[str, Stored] = {}
    absent = [file for file in index.files if not file.is_file()]
    for file in index.files:
        if file not in absent:
            weights |= _of_shard(file, index)
    size = sum(file.stat().st_size for file in index.files if file not in absent)
    if not weights and not absent:
        raise Problem(f"{index.path.name} names no weights.", "Download it again.")
    if absent or index.shards.keys() - weights.keys():
        return _incomplete(index, weights, absent, size)
    opened = opened_weights(weights, index.path, options, label=FORMAT.label)
    return dataclasses.replace(opened, size_bytes=size)


def _of_shard(file: Path, index: Index) -> dict[str, Stored]:
    """Those of its weights that the index says are here."""
    if may_be_safetensors(file, head_of(file)):
        found, _ = safetensors(file)
    else:
        torch = torch_file(file)
        if commands := dangerous(torch.called):
            raise Problem(
                f"{file.name} would call {', '.join(commands)} when it is loaded: "
                "no model needs that, so nothing of it was run.",
                "Delete it, and get the model from a source that you know.",
            )
        root = torch.root if isinstance(torch.root, dict) else {}
        found = {
            name: torch.stored(tensor)
            for name, tensor in root.items()
            if isinstance(name, str) and isinstance(tensor, StubTensor)
        }
    return {
        name: stored
        for name, stored in found.items()
        if (index.path.parent / index.shards.get(name, "")) == file
    }


def _incomplete(
    index: Index, weights: dict[str, Stored], absent: list[Path], size: int
) -> OpenedModel:
    """What can be shown without all the shards: the tree, with names alone where they lack."""
    opened = opened_weights(weights, index.path, Options(architecture="none"), label=FORMAT.label)
    lost = index.shards.keys() - weights.keys()
    graph, first = _with_lost(opened.graph, index, lost)
    if absent:
        named = ", ".join(file.name for file in absent[:3]) + (", …" if len(absent) > 3 else "")
        what = f"{index.path.name} needs {named}, which {'is' if len(absent) == 1 else 'are'} "
        remedy = "Download what is missing into the same folder, then open it again."
        problem = Problem(f"{what}missing: {_weights(len(lost))} only a name.", remedy)
    else:
        named = ", ".join(sorted(lost)[:3]) + (", …" if len(lost) > 3 else "")
        problem = Problem(
            f"{index.path.name} names weights that are not in their files ({named}).",
            "Download the checkpoint again.",
        )
    problem.node = first
    return dataclasses.replace(
        opened,
        graph=graph,
        structure_only=problem,
        needs_code=False,
        architectures=(),
        size_bytes=size,
    )


def _weights(number: int) -> str:
    return "1 weight has" if number == 1 else f"{number} weights have"


def _with_lost(graph: ModelGraph, index: Index, lost: set[str]) -> tuple[ModelGraph, str]:
    """The graph with a node for each module of which weights are lost; and the first such."""
    files: dict[str, list[str]] = {}
    for name in index.shards:
        if name in lost:
            files.setdefault(name.rpartition(".")[0], []).append(name)
    nodes = {node.id: node for node in graph.nodes}
    for path, names in files.items():
        known = nodes.get(path or "Weights")
        said = ", ".join(name.rpartition(".")[2] for name in names[:4])
        fault = f"Its weights ({said}) should be in {index.shards[names[0]]}, and are not there."
        if known is None:
            scope = tuple(path.split(".")[:-1]) if path else ()
            known = Node(path or "Weights", "Weights", "torch.nn", path, scope, (), ())
        nodes[known.id] = dataclasses.replace(known, fault=fault)
    order = [name.rpartition(".")[0] or "Weights" for name in index.shards]
    ranked = {name: place for place, name in reversed(list(enumerate(order)))}
    arranged = sorted(nodes.values(), key=lambda node: ranked.get(node.id, len(order)))
    first = next(iter(files), "") or "Weights"
    return dataclasses.replace(graph, nodes=tuple(arranged)), first
