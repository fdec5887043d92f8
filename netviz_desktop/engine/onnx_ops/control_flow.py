"""Branches, loops, sequences and optional values."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor

from netviz_desktop.engine.onnx_ops import Body, onnx_op


@onnx_op("If")
def branch(condition: Tensor, *, then_branch: Body, else_branch: Body) -> tuple[Any, ...]:
    return then_branch() if bool(condition) else else_branch()


@onnx_op("Loop")
def loop(
    limit: Tensor | None = None, condition: Tensor | None = None, *state: Any, body: Body
) -> tuple[Any, ...]:
    device = next((t.device for t in (limit, condition) if t is not None), None)
    turns = None if limit is None else int(limit)
    going = True if condition is None else bool(condition)
    carried = len(state)
    scanned: list[list[Any]] = [[] for _ in range(body.output_count - 1 - carried)]
    turn = 0
    while going and (turns is None or turn < turns):
        result = body(torch.tensor(turn, device=device), torch.tensor(going, device=device), *state)
        going, state = bool(result[0]), result[1 : 1 + carried]
        for values, value in zip(scanned, result[1 + carried :], strict=True):
            values.append(value)
        turn += 1
    stacked = (
        torch.stack(values) if values else torch.zeros(0, device=device) for values in scanned
    )
    return (*state, *stacked)


@onnx_op("Scan")
def scan_of_batches(
    *values: Any, body: Body, directions: list[int] | None = None, num_scan_inputs: int
) -> tuple[Any, ...]:
    lengths, values = values[0], values[1:]
    if lengths is not None:
        raise NotImplementedError("Scan with sequence lengths is not known")
    results = [
        scan(
            *(value[sample] for value in values), body=body, num_scan_inputs=num_scan_inputs,
            scan_input_directions=directions,
        )
        for sample in range(values[0].shape[0])
    ]  # fmt: skip
    return tuple(torch.stack(parts) for parts in zip(*results, strict=True))


@onnx_op("Scan", since=9)
def scan(
    *values: Any,
    body: Body,
    num_scan_inputs: int,
    scan_input_axes: list[int] | None = None,
    scan_input_directions: list[int] | None = None,
    scan_output_axes: list[int] | None = None,
    scan_output_directions: list[int] | None = None,
) -> tuple[Any, ...]:
    carried = len(values) - num_scan_inputs
    state, scanned = values[:carried], values[carried:]
    axes = scan_input_axes or [0] * num_scan_inputs
    backward = scan_input_directions or [0] * num_scan_inputs
    rows = [
        list(value.unbind(axis))[:: -1 if back else 1]
        for value, axis, back in zip(scanned, axes, backward, strict=True)
    ]
    outputs: list[list[Tensor]] = [[] for _ in range(body.output_count - carried)]
    for row in zip(*rows, strict=True):
        result = body(*state, *row)
        state = result[:carried]
        for collected, value in zip(outputs, result[carried:], strict=True):
            collected.append(value)
    out_axes = scan_output_axes or [0] * len(outputs)
    out_backward = scan_output_directions or [0] * len(outputs)
    stacked = (
        torch.stack(collected[:: -1 if back else 1], dim=axis)
        for collected, axis, back in zip(outputs, out_axes, out_backward, strict=True)
    )
    return (*state, *stacked)


@onnx_op("SequenceEmpty")
def sequence_empty(*, dtype: int = 1) -> list[Any]:
    del dtype
    return []


@onnx_op("SequenceConstruct")
def sequence_construct(*values: Any) -> list[Any]:
    return list(values)


@onnx_op("SequenceInsert")
def sequence_insert(sequence: list[Any], value: Any, position: Tensor | None = None) -> list[Any]:
    at = len(sequence) if position is None else int(position)
    if not -len(sequence) <= at <= len(sequence):
        raise IndexError(f"position {at} is outside a sequence of {len(sequence)}")
    at += len(sequence) if at < 0 else 0
    return [*sequence[:at], value, *sequence[at:]]


@onnx_op("SequenceErase")
def sequence_erase(sequence: list[Any], position: Tensor | None = None) -> list[Any]:
    at = range(len(sequence))[-1 if position is None else int(position)]
    return sequence[:at] + sequence[at + 1 :]


@onnx_op("SequenceAt")
def sequence_at(sequence: list[Any], position: Tensor) -> Any:
    return sequence[int(position)]


@onnx_op("SequenceLength")
def sequence_length(sequence: list[Any]) -> Tensor:
    return torch.tensor(len(sequence), dtype=torch.int64)


@onnx_op("ConcatFromSequence")
def concat_from_sequence(sequence: list[Any], *, axis: int, new_axis: int = 0) -> Tensor:
    return torch.stack(sequence, dim=axis) if new_axis else torch.cat(sequence, dim=axis)


@onnx_op("SplitToSequence")
def split_to_sequence(
    x: Tensor, lengths: Tensor | None = None, *, axis: int = 0, keepdims: int = 1
) -> list[Tensor]:
    if lengths is None:
        parts = list(torch.split(x, 1, dim=axis))
        return parts if keepdims else [part.squeeze(axis) for part in parts]
    sizes = int(lengths) if lengths.ndim == 0 else lengths.tolist()
    return list(torch.split(x, sizes, dim=axis))


@onnx_op("Optional")
def optional(value: Any = None, *, type: Any = None) -> Any:  # noqa: A002
    del type
    return value


@onnx_op("OptionalHasElement")
def optional_has_element(value: Any = None) -> Tensor:
    return torch.tensor(value is not None)


@onnx_op("OptionalGetElement")
def optional_get_element(value: Any) -> Any:
    if value is None:
        raise ValueError("the optional value is empty")
    return value
