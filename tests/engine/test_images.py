from __future__ import annotations

import contextlib
import io
import struct
import zlib
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import torch
import torch.nn.functional as F  # noqa: N812 - its usual name
from numpy.typing import NDArray
from PIL import Image

from netviz_desktop import resource
from netviz_desktop.engine import images
from netviz_desktop.link.messages import Preprocessing
from netviz_desktop.problems import Problem

RAMP = np.arange(64, dtype=np.uint8).reshape(8, 8) * 4


def saved(image: Image.Image, kind: str, **options: Any) -> bytes:
    buffer = io.BytesIO()
    image.save(buffer, kind, **options)
    return buffer.getvalue()


def pixels(data: bytes) -> NDArray[np.uint8]:
    return np.asarray(images.decode(data, "it").convert("RGB"))


def gray(values: NDArray[Any]) -> NDArray[Any]:
    return np.repeat(values[..., None], 3, axis=2)


@pytest.mark.parametrize(
    ("image", "kind", "expected"),
    [
        (Image.fromarray(RAMP), "PNG", gray(RAMP)),
        (Image.fromarray(RAMP.astype(np.uint16) * 257), "PNG", gray(RAMP)),
        (Image.fromarray(RAMP.astype(np.uint16) * 257), "TIFF", gray(RAMP)),
        (Image.fromarray(RAMP.astype(np.int32) * 257), "TIFF", gray(RAMP)),
        (Image.fromarray(RAMP.astype(np.float32) / 255), "TIFF", gray(RAMP)),
        (Image.fromarray(RAMP.astype(np.float32)), "TIFF", gray(RAMP)),
        (Image.fromarray(RAMP > 99), "PNG", gray((RAMP > 99) * 255)),
        (Image.fromarray(RAMP).convert("RGB"), "BMP", gray(RAMP)),
        (Image.fromarray(RAMP).convert("P"), "GIF", gray(RAMP)),
        (Image.fromarray(255 - gray(RAMP)).convert("CMYK"), "TIFF", 255 - gray(RAMP)),
    ],
    ids=[
        "gray", "16-bit PNG", "16-bit TIFF", "32-bit TIFF", "float 0-1", "float 0-255", "1-bit",
        "RGB", "palette", "CMYK",
    ],
)  # fmt: skip
def test_every_kind_of_pixel_shows_the_same_picture(
    image: Image.Image, kind: str, expected: NDArray[Any]
) -> None:
    assert np.array_equal(pixels(saved(image, kind)), expected)


def test_floats_of_any_range_are_stretched() -> None:
    values = RAMP.astype(np.float32) * 100 - 5000
    values[0, 1] = np.nan
    found = pixels(saved(Image.fromarray(values), "TIFF"))[..., 0]
    assert (found[0, 0], found[7, 7]) == (0, 255)
    assert (np.diff(found[1:].ravel().astype(int)) >= 0).all()


@pytest.mark.parametrize("mode", ["RGBA", "LA", "P"])
def test_what_is_transparent_is_white(mode: str) -> None:
    image = Image.new("RGBA", (4, 2), (200, 0, 0, 255))
    image.paste((0, 0, 0, 0), (0, 0, 2, 2))
    found = pixels(saved(image.convert(mode), "PNG"))
    assert (found[:, :2] == 255).all()
    assert (found[:, 2:, 1:] < 100).all()


def test_half_transparent_is_half_white() -> None:
    found = pixels(saved(Image.new("RGBA", (1, 1), (0, 0, 0, 128)), "PNG"))
    assert np.allclose(found, 127, atol=1)


@pytest.mark.parametrize("orientation", range(1, 9))
def test_a_photo_stands_upright(orientation: int) -> None:
    """By TIFF's table: where the first row and the first column of the file belong."""
    upright = np.zeros((4, 6), np.uint8)
    upright[0, 0], upright[0, 5], upright[3, 0] = 255, 170, 85
    to_file: dict[int, Callable[[NDArray[Any]], NDArray[Any]]] = {
        1: lambda a: a,
        2: lambda a: a[:, ::-1],
        3: lambda a: a[::-1, ::-1],
        4: lambda a: a[::-1],
        5: lambda a: a.T,
        6: np.rot90,
        7: lambda a: np.rot90(a, 2).T,
        8: lambda a: np.rot90(a, -1),
    }
    image = Image.fromarray(np.ascontiguousarray(to_file[orientation](upright)))
    exif = Image.Exif()
    exif[0x0112] = orientation
    assert np.array_equal(pixels(saved(image, "PNG", exif=exif))[..., 0], upright)


def test_of_an_animation_the_first_frame_counts() -> None:
    frames = [Image.new("P", (2, 2), color) for color in (3, 7)]
    for frame in frames:
        frame.putpalette([0, 0, 0] * 3 + [9, 8, 7] + [0, 0, 0] * 3 + [200, 0, 0])
    data = saved(frames[0], "GIF", save_all=True, append_images=frames[1:])
    assert (pixels(data) == [9, 8, 7]).all()


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "GIF", "TIFF", "WEBP", "BMP"])
@pytest.mark.parametrize("share", [0.1, 0.5, 0.9])
def test_a_file_that_is_cut_short_is_a_problem(kind: str, share: float) -> None:
    noise = np.random.default_rng(0).integers(0, 255, (60, 50, 3), np.uint8)
    data = saved(Image.fromarray(noise), kind)
    with pytest.raises(Problem) as problem:
        images.decode(data[: int(len(data) * share)], "cat.png")
    assert "cat.png" in problem.value.what


@pytest.mark.parametrize("seed", range(60))
def test_a_damaged_file_is_a_problem_or_a_picture(seed: int) -> None:
    random = np.random.default_rng(seed)
    kind = ["PNG", "JPEG", "GIF", "TIFF", "WEBP", "BMP"][seed % 6]
    data = bytearray(saved(Image.fromarray(gray(RAMP)), kind))
    for place in random.integers(0, len(data), 8):
        data[place] = random.integers(0, 256)
    with contextlib.suppress(Problem):
        assert images.decode(bytes(data), "it").mode in ("L", "RGB")


@pytest.mark.parametrize("data", [b"", b"text", b"\x89PNG\r\n\x1a\n", b"%!PS-Adobe-3.0 EPSF-3.0\n"])
def test_what_is_no_image_is_a_problem(data: bytes) -> None:
    with pytest.raises(Problem):
        images.decode(data, "it")


def png_that_claims(width: int, height: int) -> bytes:
    def chunk(kind: bytes, body: bytes) -> bytes:
        return (
            struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))
        )

    head = struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)
    body = zlib.compress(bytes(1000))
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", body) + chunk(b"IEND", b"")


@pytest.mark.parametrize("side", [12_000, 50_000])
def test_a_bomb_is_refused_before_it_is_unpacked(side: int) -> None:
    with pytest.raises(Problem, match="too large"):
        images.decode(png_that_claims(side, side), "bomb.png")


def test_the_tensor_is_what_the_usual_pipeline_gives() -> None:
    """Antialiased bilinear to 256, centre 224, divided by 255, then mean and deviation."""
    image = images.decode(resource.path(resource.DEMO_IMAGE).read_bytes(), "chelsea")
    found = images.prepare(image, Preprocessing(224, 224, resize=256))
    raw = torch.from_numpy(np.array(image)).movedim(-1, 0)[None].float()
    columns = int(256 * image.width / image.height)
    resized = F.interpolate(
        raw, (256, columns), mode="bilinear", antialias=True, align_corners=False
    )
    top, left = (256 - 224) // 2, round((columns - 224) / 2)
    cut = resized[:, :, top : top + 224, left : left + 224] / 255
    mean, std = torch.tensor([0.485, 0.456, 0.406]), torch.tensor([0.229, 0.224, 0.225])
    expected = (cut - mean.view(1, 3, 1, 1)) / std.view(1, 3, 1, 1)
    assert found.tensor.shape == (1, 3, 224, 224)
    assert found.tensor.dtype == np.float32
    # Pillow rounds to whole gray levels, of which one is 0.018 after the division
    assert np.abs(found.tensor - expected.numpy()).max() < 0.02
    assert np.abs(found.tensor - expected.numpy()).mean() < 0.006


def test_what_the_model_saw_is_the_tensor_drawn_back() -> None:
    image = Image.fromarray(np.random.default_rng(1).integers(0, 255, (50, 70, 3), np.uint8))
    how = Preprocessing(20, 30, resize=40, mean=(0.1, 0.2, 0.3), std=(0.5, 0.6, 0.7))
    found = images.prepare(image, how)
    back = found.tensor[0].transpose(1, 2, 0) * how.std + how.mean
    assert np.array_equal(np.rint(back * 255), found.seen)


def test_the_crop_says_which_part_of_the_image_was_seen() -> None:
    marked = np.zeros((100, 200, 3), np.uint8)
    marked[24:76, 74:126] = 255
    found = images.prepare(Image.fromarray(marked), Preprocessing(26, 26, resize=50))
    assert found.crop == (74, 24, 52, 52)
    assert found.seen.min() > 100


def test_without_a_resize_the_whole_image_is_squeezed() -> None:
    found = images.prepare(Image.fromarray(gray(RAMP)), Preprocessing(4, 16))
    assert found.crop == (0, 0, 8, 8)
    assert found.seen.shape == (4, 16, 3)


def test_a_crop_larger_than_the_image_is_filled_up_with_black() -> None:
    found = images.prepare(Image.new("RGB", (10, 10), "white"), Preprocessing(20, 20, resize=10))
    assert found.crop == (-5, -5, 20, 20)
    assert (found.seen[:5] == 0).all()
    assert (found.seen[5:15, 5:15] == 255).all()


@pytest.mark.parametrize(
    ("size", "how"),
    [
        ((20000, 2), Preprocessing(224, 224, resize=256)),
        ((9, 9), Preprocessing(99999, 99999, resize=None)),
        ((9, 9), Preprocessing(99999, 99999, resize=224)),
        ((9, 9), Preprocessing(224, 224, resize=99999)),
    ],
)
def test_what_would_fill_the_memory_is_a_problem(size: tuple[int, int], how: Preprocessing) -> None:
    with pytest.raises(Problem, match="pixels, more than 89 million"):
        images.prepare(Image.new("RGB", size), how)


def test_channels_last_and_gray_and_whole_numbers() -> None:
    image = Image.fromarray(gray(RAMP))
    nhwc = images.prepare(
        image, Preprocessing(8, 8, layout="NHWC", mean=(0.5,) * 3, std=(0.5,) * 3)
    )
    assert nhwc.tensor.shape == (1, 8, 8, 3)
    assert np.allclose(nhwc.tensor[0, ..., 0], RAMP / 255 * 2 - 1, atol=1e-6)
    one = images.prepare(image, Preprocessing(8, 8, channels=1, mean=(0.0,), std=(1.0,)))
    assert one.tensor.shape == (1, 1, 8, 8)
    assert one.seen.shape == (8, 8, 3)
    whole = images.prepare(image, Preprocessing(8, 8, mean=(0.0,) * 3, std=(1 / 255,) * 3), "uint8")
    assert whole.tensor.dtype == np.uint8
    assert np.array_equal(whole.tensor[0, 2], RAMP)


def test_a_picture_to_be_shown_is_at_most_1024_pixels_a_side() -> None:
    assert images.picture(Image.new("L", (3000, 30))).shape == (10, 1024, 3)
    assert images.picture(Image.new("RGB", (300, 30))).shape == (30, 300, 3)


def test_bgr_gives_the_same_numbers_with_the_channels_turned_round():
    pixels = np.random.default_rng(0).integers(0, 255, (6, 6, 3), np.uint8)
    how = Preprocessing(6, 6, mean=(0.1, 0.2, 0.3), std=(1.0, 2.0, 4.0), bgr=True)
    tensor = images.prepare(Image.fromarray(pixels), how).tensor
    blue_first = pixels[..., ::-1].astype(np.float32) / 255
    expected = (blue_first - np.float32([0.1, 0.2, 0.3])) / np.float32([1, 2, 4])
    np.testing.assert_allclose(tensor[0].transpose(1, 2, 0), expected, rtol=1e-6)


def test_a_tensor_is_drawn_from_its_least_to_its_greatest_number():
    tensor = np.float32([[[[-2, 0], [0, 3]]] * 3])
    for layout in ("NCHW", "NHWC"):
        given = tensor if layout == "NCHW" else tensor.transpose(0, 2, 3, 1)
        picture, limits = images.taken(given, layout)
        assert limits == (-2, 3)
        assert picture[..., 0].tolist() == [[0, 102], [102, 255]]
