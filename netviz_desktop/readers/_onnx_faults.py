"""What stops an ONNX model from being run, as far as its file says so."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TypeAlias

import onnx
from onnx import defs

from netviz_desktop.problems import Problem, short
from netviz_desktop.readers._onnx_order import in_circles
from netviz_desktop.readers._onnx_tensors import StoredTensor

Fault: TypeAlias = tuple[int, Problem]
"""The index of a node, and why the model cannot be run because of it."""


@dataclass(frozen=True)
class Wiring:
    """Who computes and who reads what.

    Args:
        ids: of the main graph's nodes.
        reads: the values that each node reads, inside too.
        outputs: the values that each node computes.
        producer: see `_onnx_order.producers`.
        order: indices of the nodes that run, as far as possible in an order in which they can.
        tensors: what each node reads from the file, inside too.
        given: names of the model's inputs, and of all that it reads from the file.
    """

    ids: Sequence[str]
    reads: Sequence[Sequence[str]]
    outputs: Sequence[Sequence[str]]
    producer: Mapping[str, int]
    order: Sequence[int]
    tensors: Mapping[int, Sequence[StoredTensor]]
    given: frozenset[str]


def faults(path: Path, model: onnx.ModelProto, wiring: Wiring) -> dict[int, Problem]:
    """By index, in running order: why the model cannot be run because of this node."""
    found: dict[int, Problem] = {}
    for some in (
        _of_version(path, model, wiring),
        _of_circles(wiring),
        _of_inputs(wiring),
        _of_outputs(wiring),
        _of_weights(wiring),
    ):
        for index, problem in some:
            found.setdefault(index, problem)
    return {index: found[index] for index in wiring.order if index in found}


def _of_version(path: Path, model: onnx.ModelProto, wiring: Wiring) -> Iterator[Fault]:
    """At the first node that it concerns: it concerns them all."""
    nodes = model.graph.node
    if model.ir_version > onnx.IR_VERSION and wiring.order:
        what = (
            f"{path.name} is written in version {model.ir_version} of ONNX's format, and the "
            f"newest that is known here is {onnx.IR_VERSION}."
        )
        remedy = f"Export it for version {onnx.IR_VERSION}, or install a newer onnx package."
        yield _fault(wiring, wiring.order[0], what, remedy)
    newest = {"": defs.onnx_opset_version(), "ai.onnx.ml": defs.onnx_ml_opset_version()}
    for opset in model.opset_import:
        known = newest.get(opset.domain, opset.version)
        first = next((i for i in wiring.order if nodes[i].domain == opset.domain), -1)
        if opset.version > known and first >= 0:
            what = (
                f"Node {_name(wiring.ids[first])} and its like are of opset {opset.version} of "
                f"{opset.domain or 'ai.onnx'}, and the newest that is known here is {known}."
            )
            remedy = f"Export the model with opset {known}, or install a newer onnx package."
            yield _fault(wiring, first, what, remedy)


def _of_circles(wiring: Wiring) -> Iterator[Fault]:
    place = {index: place for place, index in enumerate(wiring.order)}
    producer = wiring.producer
    if all(
        place.get(producer[name], -1) < place[index]
        for index in wiring.order
        for name in wiring.reads[index]
        if name in producer
    ):
        return
    for index in in_circles(wiring.reads, producer):
        what = f"Node {_name(wiring.ids[index])} waits, in a circle, for its own output."
        remedy = "Export the model again; loops are written with the Loop and Scan operators."
        yield _fault(wiring, index, what, remedy)


def _of_inputs(wiring: Wiring) -> Iterator[Fault]:
    known = wiring.producer.keys() | wiring.given | {""}
    for index in wiring.order:
        missing = next((name for name in wiring.reads[index] if name not in known), None)
        if missing is not None:
            what = (
                f"Node {_name(wiring.ids[index])} cannot be run: its input {_name(missing)} is "
                "computed nowhere."
            )
            yield _fault(wiring, index, what, "Export the model again.")


def _of_outputs(wiring: Wiring) -> Iterator[Fault]:
    for index in wiring.order:
        for name in filter(None, wiring.outputs[index]):
            other = wiring.producer[name]
            if other == index and name not in wiring.given:
                continue
            who = "the file gives" if other == index else f"{_name(wiring.ids[other])} computes"
            what = (
                f"Node {_name(wiring.ids[index])} computes the value {_name(name)}, which {who} "
                "too."
            )
            yield _fault(wiring, index, what, "Export the model again, with unique value names.")
            break


def _of_weights(wiring: Wiring) -> Iterator[Fault]:
    known: dict[int, Problem | None] = {}  # of tensors that several nodes read
    for index, tensors in wiring.tensors.items():
        for tensor in tensors:
            if id(tensor) not in known:
                known[id(tensor)] = _problem(tensor)
            problem = known[id(tensor)]
            if problem is not None:
                yield _fault(wiring, index, problem.what, problem.remedy)
                break


def _fault(wiring: Wiring, index: int, what: str, remedy: str) -> Fault:
    return index, Problem(what, remedy, node=wiring.ids[index])


def _name(name: str) -> str:
    return f"“{short(name)}”"


def _problem(tensor: StoredTensor) -> Problem | None:
    try:
        tensor.check()
    except Problem as problem:
        return problem
    return None
