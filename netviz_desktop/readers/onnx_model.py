"""ONNX: the structure from protobuf, weights only when somebody asks for them."""

from __future__ import annotations

import mmap
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from netviz_desktop.graph.memory_limit import held_bytes
from netviz_desktop.problems import Problem
from netviz_desktop.readers import Format, OpenedModel, Options
from netviz_desktop.readers._onnx_wire import Damaged, TooLarge, certainty, pieces, without_weights

if TYPE_CHECKING:
    import onnx

    from netviz_desktop.graph import ModelGraph
    from netviz_desktop.readers._onnx_tensors import StoredTensor


_MOST_BYTES = 2**29  # of structure in memory
_MOST_COPIED_BYTES = 2**27  # of structure in memory; inferring shapes takes several times as much


def _recognises(path: Path, head: bytes) -> int:
    del path
    return certainty(head)


FORMAT = Format("onnx", "ONNX", (".onnx",), _recognises)


@dataclass(frozen=True, eq=False)
class OnnxModel:
    """What runs an ONNX file.

    Args:
        proto: the model without its large weights.
        path: where it lies; external data is relative to it.
        constants: every tensor that the main graph reads from the file, by value name:
            initialisers, and Constant nodes that are folded away.
        order: indices of the main graph's other nodes, in an order in which they can run.
        ids: the node id for each index.
    """

    proto: onnx.ModelProto
    path: Path
    constants: dict[str, StoredTensor]
    order: tuple[int, ...]
    ids: tuple[str, ...]


def read(path: Path, options: Options) -> OpenedModel:
    """The model in an ONNX file. No code of the file runs; no weight is read.

    Raises:
        Problem: the file is cut short, damaged, empty of nodes, or contradicts itself.
    """
    del options
    from netviz_desktop.readers._onnx_constants import constants as constants_of
    from netviz_desktop.readers._onnx_graph import drawn
    from netviz_desktop.readers._onnx_shapes import infer_shapes

    before = held_bytes()
    proto = _decoded(path)
    takes = held_bytes() - before
    if not proto.graph.node and not proto.graph.output:
        raise Problem(
            f"{path.name} holds no model: it is ONNX, but without a single node.",
            "Download or export it again.",
        )
    if any(not value.name for value in proto.graph.input):
        raise Problem(
            f"{path.name} is invalid: one of its inputs has no name.",
            "Export it again.",
        )
    if not _is_text_throughout(proto):
        raise Problem(
            f"{path.name} is damaged: it holds names that are no text.",
            "Download or export it again.",
        )
    imports = [*proto.opset_import, *(o for f in proto.functions for o in f.opset_import)]
    if any(not 0 <= opset.version < 2**31 for opset in imports):
        raise Problem(
            f"{path.name} is damaged: it names a version of operators that cannot be.",
            "Download or export it again.",
        )
    _with_plain_domains(proto)
    inferred = infer_shapes(proto) if takes < _MOST_COPIED_BYTES else frozenset()
    constants, folded = constants_of(path, proto.graph)
    found = drawn(proto, constants, folded, path, inferred)
    stopped = next(iter(found.faults.values()), None) or _without_output(
        path, found.graph, constants
    )
    executable = OnnxModel(proto, path, constants, found.order, found.ids)
    return OpenedModel(
        graph=found.graph,
        weights=found.weights,
        executable=executable if stopped is None else None,
        structure_only=stopped,
        bodies=found.bodies,
    )


def _without_output(
    path: Path, graph: ModelGraph, constants: Mapping[str, StoredTensor]
) -> Problem | None:
    if not graph.outputs:
        return Problem(
            f"{path.name} can be looked at but not run: it declares no output.",
            "Export it again, with its outputs.",
        )
    known = {*graph.producer, *graph.inputs, *constants}
    missing = next((name for name in graph.outputs if name not in known), None)
    if missing is None:
        return None
    return Problem(
        f"{path.name} can be looked at but not run: its output “{missing}” is computed nowhere.",
        "Export it again.",
    )


def _decoded(path: Path) -> onnx.ModelProto:
    from google.protobuf.message import DecodeError  # type: ignore[import-untyped]

    try:
        with path.open("rb") as file:
            # Not closed here: an error's traceback may still hold on to parts of it.
            mapped = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)
        return _merged(without_weights(memoryview(mapped), path.name))
    except (Damaged, DecodeError, RecursionError) as error:
        raise Problem(
            f"{path.name} is cut short or damaged: it cannot be decoded as ONNX.",
            "Download or export it again.",
        ) from error
    except TooLarge as error:
        raise _too_large(path) from error
    except OSError as error:
        raise Problem(
            f"{path.name} cannot be read: {error.strerror or error}.",
            "Check that you may read it and that its disk is there.",
        ) from error


def _merged(structure: bytes) -> onnx.ModelProto:
    """Raises: TooLarge: it would fill the memory."""
    import onnx

    proto = onnx.ModelProto()
    before = held_bytes()
    for piece in pieces(structure):
        proto.MergeFromString(piece)
        if held_bytes() - before > _MOST_BYTES:
            raise TooLarge
    return proto


def _too_large(path: Path) -> Problem:
    return Problem(
        f"{path.name} is too large to be opened: it holds more beside its weights than any "
        "network needs.",
        "Export it again with its weights as raw or external data.",
    )


def _with_plain_domains(proto: onnx.ModelProto) -> None:
    """ONNX's own domain has two names, "" and "ai.onnx"; onnx itself looks up only the first."""
    from netviz_desktop.readers._onnx_subgraphs import subgraphs

    if not any(opset.domain == "ai.onnx" for opset in proto.opset_import):
        return
    for opset in proto.opset_import:
        opset.domain = "" if opset.domain == "ai.onnx" else opset.domain
    graphs = [proto.graph]
    while graphs:
        for node in graphs.pop().node:
            node.domain = "" if node.domain == "ai.onnx" else node.domain
            graphs += [graph for _, graph in subgraphs(node)]


def _is_text_throughout(proto: onnx.ModelProto) -> bool:
    """Whether every name is: protobuf hands over what is no UTF-8 as bytes."""
    from netviz_desktop.readers._onnx_subgraphs import subgraphs

    graphs = [proto.graph]
    nodes = [node for function in proto.functions for node in function.node]
    names = [f.name for f in proto.functions] + [o.domain for o in proto.opset_import]
    while graphs or nodes:
        if graphs:
            graph = graphs.pop()
            nodes += graph.node
            values = (*graph.input, *graph.output, *graph.value_info, *graph.initializer)
            names += [graph.name, *(value.name for value in values)]
            continue
        node = nodes.pop()
        names += (node.name, node.op_type, node.domain)
        names += node.input
        names += node.output
        if node.attribute:
            names += [attribute.name for attribute in node.attribute]
            graphs += [graph for _, graph in subgraphs(node)]
    return {str}.issuperset(map(type, names))
