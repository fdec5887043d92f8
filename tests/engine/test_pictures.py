from __future__ import annotations

import math
from typing import Any

import ml_dtypes
import numpy as np
import pytest
import torch
from torch import Tensor

from netviz_desktop.engine.pictures import THUMBNAIL_SIDE, channel, maps, pictures, weight_view
from netviz_desktop.graph import Node
from netviz_desktop.problems import Problem


def node(op_type: str = "Conv", **attributes: Any) -> Node:
    return Node("n", op_type, "ai.onnx", "", (), ("x",), ("y",), attributes)


@pytest.mark.parametrize(
    ("shape", "axes", "stack"),
    [
        ((2, 5, 7, 6), "channels", (5, 7, 6)),
        ((1, 5, 1, 1), "vector", (1, 1, 5)),
        ((1, 1, 4, 4), "channels", (1, 4, 4)),
        ((2, 9, 4), "matrix", (1, 9, 4)),
        ((2, 10), "vector", (1, 1, 10)),
        ((10,), "vector", (1, 1, 10)),
        ((1, 1), "scalar", (1, 1, 1)),
        ((), "scalar", (1, 1, 1)),
        ((1, 2, 3, 4, 5), "slices", (6, 4, 5)),
        ((2, 1, 2, 3, 4, 5), "slices", (6, 4, 5)),
        ((1, 0, 4, 4), "", (0, 0, 0)),
    ],
)
def test_a_tensor_of_any_rank_is_pictures_of_its_first_sample(
    shape: tuple[int, ...], axes: str, stack: tuple[int, ...]
) -> None:
    tensor = torch.randn(shape)
    found = pictures(tensor)
    assert found.axes == axes
    assert tuple(found.stack.shape) == stack
    if stack[0]:
        first = tensor.reshape(-1)[: math.prod(stack)]
        assert torch.equal(found.stack.reshape(-1), first)


def test_attention_weights_are_heads() -> None:
    assert pictures(torch.rand(1, 4, 9, 9), "Softmax").axes == "heads"
    assert pictures(torch.rand(1, 4, 9, 9), "softmax").axes == "heads"
    assert pictures(torch.rand(1, 4, 9, 9), "Relu").axes == "channels"


def test_channels_last_are_channels_all_the_same() -> None:
    tensor = torch.randn(1, 4, 5, 3)
    found = maps(node(), tensor, channels_last={"y"})
    assert (found.axes, found.size, found.shape) == ("channels", (4, 5), (1, 4, 5, 3))
    assert np.array_equal(found.thumbnails, tensor[0].movedim(-1, 0).numpy())


def test_small_pictures_travel_as_they_are() -> None:
    tensor = torch.randn(2, 3, 96, 50)
    found = maps(node(), tensor)
    assert found.thumbnails.dtype == np.float32
    assert np.array_equal(found.thumbnails, tensor[0].numpy())
    assert (found.node, found.output, found.value, found.dtype) == ("n", 0, "y", "float32")


def test_large_pictures_are_averaged_down() -> None:
    tensor = torch.randn(1, 2, 192, 384)
    found = maps(node(), tensor)
    assert found.thumbnails.shape == (2, 48, 96)
    blocks = tensor[0].reshape(2, 48, 4, 96, 4).mean((2, 4))
    assert np.allclose(found.thumbnails, blocks.numpy(), atol=1e-6)
    assert found.size == (192, 384)
    assert np.array_equal(found.minimum, tensor[0].amin((1, 2)).numpy())
    assert np.array_equal(found.maximum, tensor[0].amax((1, 2)).numpy())


@pytest.mark.parametrize("shape", [(1, 1, 97, 1), (1, 2, 1000, 30), (1, 50000), (1, 197, 768)])
def test_thumbnails_are_never_larger_than_allowed(shape: tuple[int, ...]) -> None:
    assert max(maps(node(), torch.randn(shape)).thumbnails.shape[1:]) <= THUMBNAIL_SIDE


def test_very_many_pictures_get_smaller_thumbnails() -> None:
    found = maps(node(), torch.zeros(1, 4000, 80, 80))
    assert found.thumbnails.shape[0] == 4000
    assert found.thumbnails.nbytes <= 33e6


def test_numbers_that_are_not_finite_spoil_their_own_picture_alone() -> None:
    tensor = torch.zeros(1, 3, 2, 2)
    tensor[0, 0] = torch.tensor([[1.0, math.nan], [math.inf, -2.0]])
    tensor[0, 1] = math.nan
    found = maps(node(), tensor)
    assert np.array_equal(found.minimum, [-2, math.nan, 0], equal_nan=True)
    assert np.array_equal(found.maximum, [1, math.nan, 0], equal_nan=True)
    assert found.statistics is not None
    assert (found.statistics.nan_count, found.statistics.inf_count) == (5, 1)


@pytest.mark.parametrize(
    "dtype", [torch.int64, torch.bool, torch.float16, torch.bfloat16, torch.complex64]
)
def test_every_dtype_can_be_drawn(dtype: torch.dtype) -> None:
    found = maps(node(), torch.ones(1, 2, 100, 100).to(dtype))
    assert (found.thumbnails == 1).all()
    assert found.dtype == str(dtype)[6:]


def test_nothing_to_draw_says_why() -> None:
    found = maps(node(), torch.zeros(0), state="A sentence.")
    assert (found.axes, found.thumbnails.size, found.statistics) == ("", 0, None)
    assert found.state == "A sentence."


def test_a_channel_is_the_picture_in_full() -> None:
    tensor = torch.randn(1, 3, 200, 300)
    found = channel(node(), tensor, 2)
    assert found.index == 2
    assert np.array_equal(found.values, tensor[0, 2].numpy())
    last = channel(node(), tensor.permute(0, 2, 3, 1), 2, channels_last={"y"})
    assert np.array_equal(last.values, found.values)


@pytest.mark.parametrize("index", [-1, 3])
def test_a_channel_that_is_not_there_is_a_problem(index: int) -> None:
    with pytest.raises(Problem):
        channel(node(), torch.randn(1, 3, 2, 2), index)


def weights(*shape: int) -> Any:
    return np.random.default_rng(0).normal(size=shape).astype(np.float32)


def test_kernels_over_three_channels_are_colour_pictures() -> None:
    stored = weights(8, 3, 5, 7)
    found = weight_view(node(), "w", "W", stored)
    assert found.axes == "rgb kernels"
    assert np.array_equal(found.pictures, stored.transpose(0, 2, 3, 1))


def test_kernels_show_one_input_channel_at_a_time() -> None:
    stored = weights(8, 5, 3, 3)
    found = weight_view(node(), "w", "W", stored, input_channel=4)
    assert (found.axes, found.input_channel, found.input_channels) == ("kernels", 4, 5)
    assert np.array_equal(found.pictures, stored[:, 4])
    beyond = weight_view(node(), "w", "W", stored, input_channel=99)
    assert beyond.input_channel == 4


def test_a_transposed_convolution_keeps_its_outputs_second() -> None:
    stored = weights(5, 8, 3, 3)
    found = weight_view(node("ConvTranspose"), "w", "W", stored, input_channel=1)
    assert np.array_equal(found.pictures, stored[1])
    assert found.input_channels == 5


@pytest.mark.parametrize(
    ("reader", "turned"),
    [
        (node("linear"), False),
        (node("Gemm", transB=1), False),
        (node("Gemm", transB=0), True),
        (node("MatMul"), True),
        (node("Gather"), False),
    ],
)
def test_rows_of_a_matrix_are_outputs(reader: Node, turned: bool) -> None:
    stored = weights(4, 6)
    found = weight_view(reader, "w", "W", stored)
    assert (found.axes, found.reduced) == ("matrix", False)
    assert np.array_equal(found.pictures[0], stored.T if turned else stored)


def test_kernels_of_one_pixel_are_a_matrix() -> None:
    stored = weights(6, 4, 1, 1)
    found = weight_view(node(), "w", "W", stored)
    assert found.axes == "matrix"
    assert np.array_equal(found.pictures[0], stored[:, :, 0, 0])


def test_a_large_matrix_is_averaged_down_and_says_so() -> None:
    stored = weights(2048, 512)
    found = weight_view(node("linear"), "w", "W", stored)
    assert found.reduced
    assert found.pictures.shape == (1, 1024, 512)
    assert np.allclose(found.pictures[0], stored.reshape(1024, 2, 512).mean(1), atol=1e-6)


@pytest.mark.parametrize(
    ("shape", "axes"),
    [
        ((7,), "vector"),
        ((1, 7, 1, 1), "vector"),
        ((), "scalar"),
        ((1,), "scalar"),
        ((4, 5, 3), "slices"),
        ((4, 2, 3, 3, 3), "slices"),
        ((0, 4), ""),
    ],
)
def test_weights_of_any_rank_have_a_view(shape: tuple[int, ...], axes: str) -> None:
    found = weight_view(node(), "w", "W", weights(*shape))
    assert (found.axes, found.shape) == (axes, shape)
    assert (found.statistics is None) == (axes == "")


@pytest.mark.parametrize(
    "dtype",
    [ml_dtypes.bfloat16, ml_dtypes.float8_e4m3fn, ml_dtypes.int4, np.int8, np.uint32, np.float16],
)
def test_weights_of_any_dtype_have_a_view(dtype: Any) -> None:
    found = weight_view(node(), "w", "W", np.arange(8).reshape(2, 4).astype(dtype))
    assert found.dtype == str(np.dtype(dtype))
    assert found.statistics is not None
    assert found.statistics.maximum == 7 or dtype is ml_dtypes.float8_e4m3fn


def test_stored_strings_cannot_be_drawn_and_say_so() -> None:
    found = weight_view(node(), "w", "W", np.array(["a", "b"], dtype=object))
    assert (found.axes, found.statistics) == ("", None)
    assert found.state


def test_stored_weights_are_never_written_to() -> None:
    stored = weights(8, 3, 5, 5)
    stored.setflags(write=False)
    view: Tensor | Any = weight_view(node(), "w", "W", stored).pictures
    view[:] = 0
    assert stored.any()


def test_each_picture_has_the_mean_deviation_and_zeros_that_numpy_finds() -> None:
    tensor = torch.randn(1, 5, 120, 130).relu()
    tensor[0, 3] = 0
    found = maps(node(), tensor)
    flat = tensor[0].numpy().reshape(5, -1)
    np.testing.assert_allclose(found.mean, flat.mean(1), rtol=1e-4)
    np.testing.assert_allclose(found.std, flat.std(1), rtol=1e-4)
    np.testing.assert_allclose(found.zeros, (flat == 0).mean(1), atol=1e-6)


def test_numbers_that_are_not_finite_are_left_out_of_mean_and_deviation() -> None:
    tensor = torch.randn(1, 3, 4, 4)
    tensor[0, 0, 0, :2] = torch.nan
    tensor[0, 0, 1, 0] = torch.inf
    tensor[0, 0, 2, 0] = 0
    tensor[0, 1] = torch.nan
    found = maps(node(), tensor)
    finite = tensor[0, 0][tensor[0, 0].isfinite()].numpy()
    assert found.mean[0] == pytest.approx(finite.mean(), rel=1e-5)
    assert found.std[0] == pytest.approx(finite.std(), rel=1e-5)
    assert found.zeros[0] == pytest.approx(1 / 13)
    assert np.isnan([found.mean[1], found.std[1], found.zeros[1]]).all()
    assert found.mean[2] == pytest.approx(float(tensor[0, 2].mean()), rel=1e-5)


@pytest.mark.parametrize(
    ("op_type", "shape", "outputs"),
    [
        ("Conv", (6, 4, 3, 3), 0),
        ("ConvTranspose", (6, 4, 3, 3), 1),
        ("linear", (5, 7), 0),
        ("MatMul", (5, 7), 1),
    ],
)
def test_weights_have_a_norm_for_each_output(
    op_type: str, shape: tuple[int, ...], outputs: int
) -> None:
    stored = weights(*shape)
    rest = tuple(axis for axis in range(len(shape)) if axis != outputs)
    expected = np.sqrt((stored.astype(np.float64) ** 2).sum(axis=rest))
    np.testing.assert_allclose(
        weight_view(node(op_type), "w", "W", stored).norms, expected, rtol=1e-6
    )


@pytest.mark.parametrize("stored", [weights(8), weights(1), np.zeros((4, 3), np.int8)])
def test_a_bias_and_raw_quantised_weights_have_no_norms(stored: Any) -> None:
    assert weight_view(node(), "w", "W", stored).norms is None
