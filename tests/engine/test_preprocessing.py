from __future__ import annotations

import pytest

from netviz_desktop.engine.preprocessing import ImageInput, image_input
from netviz_desktop.graph import Dimension, ModelGraph, Node, Parameter, Value


def graph(*weights: tuple[int, ...], **metadata: str) -> ModelGraph:
    nodes = tuple(
        Node(f"n{i}", "conv2d", "torch", "", (), (), (), {}, (Parameter(f"w{i}", w, "float32"),))
        for i, w in enumerate(weights)
    )
    return ModelGraph("test", "test", ("x",), (), nodes, {}, metadata)


def of(shape: tuple[Dimension, ...] | None, dtype: str = "float32", **metadata: str) -> ImageInput:
    found = image_input([Value("x", shape, dtype)], graph((8, 3, 3, 3), **metadata))
    assert found is not None
    return found


def test_three_channels_first_take_imagenets_usual_numbers() -> None:
    how = of(("batch", 3, 224, 224)).preprocessing
    assert (how.height, how.width, how.resize, how.layout) == (224, 224, 256, "NCHW")
    assert how.mean == (0.485, 0.456, 0.406)
    assert "batch × 3 × 224 × 224" in how.reason


@pytest.mark.parametrize(("size", "resize"), [(299, 342), (384, 439), (32, 32), (64, 64)])
def test_the_margin_around_the_crop_goes_with_the_size(size: int, resize: int) -> None:
    assert of((1, 3, size, size)).preprocessing.resize == resize


def test_a_picture_that_is_not_square_is_squeezed() -> None:
    how = of((1, 3, 384, 640)).preprocessing
    assert (how.height, how.width, how.resize) == (384, 640, None)


def test_channels_last_take_what_keras_usually_takes() -> None:
    how = of((None, 64, 48, 1)).preprocessing
    assert (how.height, how.width, how.channels, how.layout) == (64, 48, 1, "NHWC")
    assert (how.mean, how.std, how.resize) == ((0.5,), (0.5,), None)


def test_one_channel_takes_gray_from_0_to_1() -> None:
    how = of((1, 1, 28, 28)).preprocessing
    assert (how.channels, how.mean, how.std, how.resize) == (1, (0.0,), (1.0,), 28)


@pytest.mark.parametrize("free", ["height", None, 0, -1])
def test_a_free_size_is_224(free: Dimension) -> None:
    how = of((1, 3, free, free)).preprocessing
    assert (how.height, how.width) == (224, 224)


def test_whole_numbers_are_taken_as_they_stand_in_the_file() -> None:
    how = of((1, 3, 8, 8), "uint8").preprocessing
    assert (how.mean, how.std) == ((0.0,) * 3, (1 / 255,) * 3)


def test_ultralytics_takes_0_to_1_of_the_whole_image() -> None:
    how = of((1, 3, 640, 640), names="{0: 'a'}", stride="32").preprocessing
    assert (how.mean, how.std, how.resize) == ((0.0,) * 3, (1.0,) * 3, None)


def test_a_fixed_batch_is_filled() -> None:
    assert of((4, 3, 8, 8)).batch == 4
    assert of(("batch", 3, 8, 8)).batch == 1


@pytest.mark.parametrize(("weights", "channels"), [((8, 1, 5, 5), 1), ((16, 3, 7, 7), 3)])
def test_of_an_unknown_shape_the_first_kernels_tell(
    weights: tuple[int, ...], channels: int
) -> None:
    found = image_input([Value("x")], graph((9,), weights, (4, 4, 3, 3)))
    assert found is not None
    assert found.preprocessing.channels == channels


@pytest.mark.parametrize("shape", [(1, 16), (1, 16, 3), (1, 4, 64, 64), (), (1, 3, 8, 8, 8)])
def test_what_takes_no_image_says_so(shape: tuple[int, ...]) -> None:
    assert image_input([Value("x", shape, "float32")], graph()) is None


def test_the_image_may_be_the_second_input() -> None:
    values = [Value("text", (1, 16), "int64"), Value("image", (1, 3, 8, 8), "float16")]
    found = image_input(values, graph())
    assert found is not None
    assert (found.name, found.dtype) == ("image", "float16")
