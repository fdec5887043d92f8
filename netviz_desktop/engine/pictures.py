"""Tensors as pictures: what the window draws of activations, gradients and weights."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F  # noqa: N812 - its usual name
from numpy.typing import NDArray
from torch import Tensor

from netviz_desktop.engine.patches import Patches
from netviz_desktop.engine.placement import rows_and_columns
from netviz_desktop.engine.tensor_statistics import real, statistics
from netviz_desktop.graph import Node
from netviz_desktop.graph.receptive_field import Field, plain_op
from netviz_desktop.link.messages import Channel, Maps, Statistics, WeightView
from netviz_desktop.problems import Problem

THUMBNAIL_SIDE = 96
_THUMBNAILS_LIMIT = 8_000_000  # numbers in all of them together: 32 MB on the link
_MATRIX_SIDE = 1024
_PICTURES_LIMIT = 4096
_ATTENTION = frozenset(("softmax", "matmul", "bmm", "scaled_dot_product_attention"))


@dataclass(frozen=True)
class Pictures:
    """Args:
    axes: as in `messages.Maps`.
    stack: (P, h, w), in the tensor's dtype.
    """

    axes: str
    stack: Tensor


def pictures(
    tensor: Tensor,
    op_type: str = "",
    *,
    channels_last: bool = False,
    patches: Patches | None = None,
) -> Pictures:
    """The first sample of a value as pictures; of a tensor of any rank.

    (N, C, 1, 1) is a vector: its pictures would be single points.
    """
    if not tensor.numel():
        return Pictures("", torch.zeros(0, 0, 0))
    if tensor.ndim == 4:
        first = tensor[0].movedim(-1, 0) if channels_last else tensor[0]
        square = first.shape[1] == first.shape[2]
        if first.shape[1] * first.shape[2] == 1 and first.shape[0] > 1:
            return Pictures("vector", first.reshape(1, 1, -1))
        if square and not channels_last and plain_op(op_type) in _ATTENTION:
            return Pictures("heads", first)
        return Pictures("channels", first)
    if tensor.ndim == 3:
        before = patches.prefixes(tuple(tensor.shape)) if patches is not None else None
        if patches is not None and before is not None:
            return Pictures("tokens", tensor[0, before:].T.reshape(-1, *patches.size))
        return Pictures("matrix", tensor[:1])
    if tensor.ndim in (1, 2):
        vector = tensor if tensor.ndim == 1 else tensor[0]
        return Pictures("scalar" if vector.numel() == 1 else "vector", vector.reshape(1, 1, -1))
    if tensor.ndim == 0:
        return Pictures("scalar", tensor.reshape(1, 1, 1))
    return Pictures("slices", tensor[0].reshape(-1, *tensor.shape[-2:]))


def maps(
    node: Node,
    tensor: Tensor,
    *,
    output: int = 0,
    state: str = "",
    channels_last: Collection[str] = (),
    field: Field | None = None,
    patches: Patches | None = None,
) -> Maps:
    """The message that shows a node's value, or the gradient there.

    Args:
        field: where on the image the value looks.
        patches: of the image, where there are any.
    """
    value = node.outputs[output]
    last = value in channels_last
    found = pictures(tensor, node.op_type, channels_last=last, patches=patches)
    if patches is not None and found.axes == "tokens":
        field = patches.field
    upright = field is not None and field.keys() == ({1, 2} if last else {2, 3})
    stack = real(found.stack)
    minimum, maximum = _extremes(stack)
    mean, std, zeros = _moments(stack)
    return Maps(
        node=node.id,
        output=output,
        value=value,
        shape=tuple(tensor.shape),
        dtype=str(tensor.dtype)[6:],
        axes=found.axes,
        thumbnails=_array(_thumbnails(stack)),
        size=(stack.shape[1], stack.shape[2]),
        minimum=minimum,
        maximum=maximum,
        statistics=statistics(tensor),
        state=state,
        mean=mean,
        std=std,
        zeros=zeros,
        looks_at=rows_and_columns(field)
        if found.axes in ("channels", "tokens") and upright
        else (),
    )


def channel(
    node: Node,
    tensor: Tensor,
    index: int,
    *,
    output: int = 0,
    channels_last: Collection[str] = (),
    patches: Patches | None = None,
) -> Channel:
    """One picture of the same `maps`, in full.

    Raises:
        Problem: there is no such picture.
    """
    last = node.outputs[output] in channels_last
    stack = pictures(tensor, node.op_type, channels_last=last, patches=patches).stack
    if not 0 <= index < len(stack):
        raise Problem(
            f"{node.id} has no picture {index}: there are {len(stack)}.",
            "Choose one that is there.",
        )
    return Channel(index, _array(real(stack[index])))


def weight_view(
    node: Node, name: str, role: str, stored: NDArray[Any], input_channel: int = 0
) -> WeightView:
    """A parameter of a node as pictures, with values as stored."""
    try:
        tensor = _tensor(stored)
    except (TypeError, ValueError):  # strings
        return _undrawn(name, role, stored, f"It holds {stored.dtype}, which is no number.")
    axes, stack, channels = _weight_pictures(node, role, tensor, input_channel)
    size = (stack.shape[1], stack.shape[2])
    stack, reduced = _reduced(stack, axes)
    return WeightView(
        name=name,
        role=role,
        shape=tuple(stored.shape),
        dtype=str(stored.dtype),
        axes=axes,
        pictures=_array(stack),
        reduced=reduced,
        statistics=statistics(tensor),
        input_channel=min(max(input_channel, 0), channels - 1) if axes == "kernels" else 0,
        input_channels=channels if axes == "kernels" else 1,
        size=size,
        norms=_norms(node, role, tensor),
    )


def _norms(node: Node, role: str, tensor: Tensor) -> NDArray[Any] | None:
    """(O,), of a matrix or kernels of real numbers with a fraction: whole ones are quantised,
    and without their scale they have no norm to compare."""
    if tensor.numel() == max(tensor.shape, default=1) or not tensor.is_floating_point():
        return None
    if node.domain == "keras":
        tensor = _outputs_first(node, tensor, role)
    if tensor.ndim == 2:
        tensor = _rows_are_outputs(node, tensor)
    elif "transpose" in node.op_type.lower():
        tensor = tensor.transpose(0, 1)  # of groups: the outputs of one, over all of them
    return _array(torch.linalg.vector_norm(tensor.flatten(1).double(), dim=1))


def _outputs_first(node: Node, tensor: Tensor, role: str) -> Tensor:
    """A kernel of Keras, (h, w, inputs, outputs), as torch has it; what is none, as it is. A
    depthwise kernel has one output for each input and multiplier."""
    if not role.endswith("kernel"):
        return tensor
    if tensor.ndim == 4 and (role == "depthwise_kernel" or node.op_type.startswith("Depthwise")):
        return tensor.flatten(2).permute(2, 0, 1)[:, None]
    if tensor.ndim == 2:
        return tensor.T
    return tensor.permute(-1, -2, *range(tensor.ndim - 2)) if "Conv" in node.op_type else tensor


def _weight_pictures(
    node: Node, name: str, tensor: Tensor, input_channel: int
) -> tuple[str, Tensor, int]:
    """axes, (P, h, w) or (P, h, w, 3), and how many input channels there are."""
    if not tensor.numel():
        return "", torch.zeros(0, 0, 0), 1
    if tensor.numel() == max(tensor.shape, default=1):
        axes = "scalar" if tensor.numel() == 1 else "vector"
        return axes, tensor.reshape(1, 1, -1), 1
    if node.domain == "keras":
        tensor = _outputs_first(node, tensor, name)
    if tensor.ndim == 2:
        return "matrix", _rows_are_outputs(node, tensor)[None], 1
    if tensor.ndim == 3:
        return "slices", tensor, 1
    kernels = tensor.transpose(0, 1) if "transpose" in node.op_type.lower() else tensor
    if tensor.ndim > 4:
        kernels = kernels.reshape(*kernels.shape[:2], -1, *kernels.shape[-2:])
        chosen = min(max(input_channel, 0), kernels.shape[1] - 1)
        return "slices", kernels[:, chosen].reshape(-1, *kernels.shape[-2:]), 1
    outputs, inputs, height, width = kernels.shape
    if height * width == 1:
        return "matrix", kernels.reshape(1, outputs, inputs), 1
    if inputs == 3:
        return "rgb kernels", kernels.movedim(1, -1), 1
    return "kernels", kernels[:, min(max(input_channel, 0), inputs - 1)], inputs


def _rows_are_outputs(node: Node, matrix: Tensor) -> Tensor:
    """ONNX multiplies from the right, unless a Gemm says otherwise; torch's linear keeps
    outputs first."""
    from_right = node.op_type in ("MatMul", "matmul", "mm", "addmm", "MatMulInteger") or (
        node.op_type == "Gemm" and not node.attributes.get("transB")
    )
    return matrix.T if from_right else matrix


def _reduced(stack: Tensor, axes: str) -> tuple[Tensor, bool]:
    if axes == "rgb kernels" or not stack.numel():
        return real(stack), False
    shown = real(stack[:_PICTURES_LIMIT])
    height, width = min(stack.shape[1], _MATRIX_SIDE), min(stack.shape[2], _MATRIX_SIDE)
    if (height, width) != tuple(stack.shape[1:]):
        shown = F.adaptive_avg_pool2d(shown[None], (height, width))[0]
    return shown, shown.shape != stack.shape


def _thumbnails(stack: Tensor) -> Tensor:
    """(P, h, w), averaged down to at most `THUMBNAIL_SIDE` a side, and smaller still when
    there are very many."""
    if not stack.numel():
        return stack
    count, height, width = stack.shape
    room = max(1, int((_THUMBNAILS_LIMIT / count) ** 0.5))
    shrink = max(height, width) / min(THUMBNAIL_SIDE, room)
    if shrink <= 1:
        return stack
    size = (max(1, round(height / shrink)), max(1, round(width / shrink)))
    return F.adaptive_avg_pool2d(stack[None], size)[0]


def _extremes(stack: Tensor) -> tuple[NDArray[Any], NDArray[Any]]:
    """(P,) each, of the finite numbers; NaN for a picture without any."""
    if not stack.numel():
        return np.zeros(0, np.float32), np.zeros(0, np.float32)
    low, high = stack.flatten(1).aminmax(dim=1)  # NaN where any number is
    if not bool((low.isfinite() & high.isfinite()).all()):
        finite = stack.isfinite()
        none = ~finite.any(2).any(1)
        low = stack.masked_fill(~finite, torch.inf).amin((1, 2)).masked_fill(none, torch.nan)
        high = stack.masked_fill(~finite, -torch.inf).amax((1, 2)).masked_fill(none, torch.nan)
    return _array(low), _array(high)


def _moments(stack: Tensor) -> tuple[NDArray[Any], NDArray[Any], NDArray[Any]]:
    """(P,) each: mean, deviation and share of zeros of the finite numbers; NaN where there are
    none."""
    if not stack.numel():
        return (np.zeros(0, np.float32),) * 3
    flat = stack.flatten(1)
    std, mean = torch.std_mean(flat, dim=1, correction=0)
    zeros = 1 - flat.count_nonzero(dim=1) / flat.shape[1]
    if not bool(mean.isfinite().all()):
        finite = flat.isfinite()
        count = finite.sum(1)  # 0 / 0 is the NaN that is meant
        clean = flat.where(finite, 0)
        mean = clean.sum(1) / count
        std = ((clean - mean[:, None]).where(finite, 0).square().sum(1) / count).sqrt()
        zeros = ((flat == 0).sum(1) / count).where(count > 0, torch.nan)
    return _array(mean), _array(std), _array(zeros)


def _undrawn(name: str, role: str, stored: NDArray[Any], state: str) -> WeightView:
    none: Statistics | None = None
    nothing = np.zeros((0, 0, 0), np.float32)
    shape, dtype = tuple(stored.shape), str(stored.dtype)
    return WeightView(name, role, shape, dtype, "", nothing, False, none, state=state)


def _tensor(stored: NDArray[Any]) -> Tensor:
    """A copy; what torch does not know (float8, int4, uint32) as float32 or float64."""
    try:
        return torch.from_numpy(np.array(stored, order="C"))
    except TypeError:
        wide = np.float64 if stored.dtype.kind == "u" else np.float32
        return torch.from_numpy(np.array(stored, dtype=wide, order="C"))


def _array(tensor: Tensor) -> NDArray[Any]:
    array: NDArray[Any] = tensor.detach().float().cpu().contiguous().numpy()
    return array
