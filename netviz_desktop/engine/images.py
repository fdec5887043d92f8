"""Image files: bytes -> an upright picture -> the tensor that a model takes."""

from __future__ import annotations

import io
import struct
import warnings
from dataclasses import dataclass
from functools import cache
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageOps, UnidentifiedImageError

from netviz_desktop.link.messages import Preprocessing
from netviz_desktop.problems import Problem

PICTURE_SIDE = 1024
"""The longer side of a picture that is sent to be shown, at most."""

# Not EPS, which Pillow hands to Ghostscript: an image runs no program here.
_FORMATS = frozenset(
    "PNG JPEG MPO GIF BMP DIB TIFF WEBP AVIF PPM TGA ICO ICNS JPEG2000 PCX SGI PSD QOI DDS".split()
)

# What Pillow's decoders raise when a file is damaged, beside OSError.
_DAMAGED = (SyntaxError, ValueError, EOFError, struct.error, IndexError, KeyError, TypeError)


@dataclass(frozen=True)
class Prepared:
    """An image as the model takes it.

    Args:
        tensor: (1, C, H, W) or (1, H, W, C), in the input's dtype.
        seen: (H, W, 3) uint8, the same before mean and std.
        crop: left, top, width, height of `seen` in pixels of the whole image.
    """

    tensor: NDArray[Any]
    seen: NDArray[np.uint8]
    crop: tuple[float, float, float, float]


def decode(data: bytes, name: str) -> Image.Image:
    """The image upright, 8 bits a channel, mode "RGB" or "L": the first frame, over white.

    16-bit gray is divided by 257. Floating-point pixels are taken as 0 to 1 or as 0 to 255
    if they lie in there, and else stretched from the least to the greatest.

    Raises:
        Problem: it is no image, damaged, or too large.
    """
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error", Image.DecompressionBombWarning)
            warnings.filterwarnings("ignore", category=UserWarning)  # odd but harmless metadata
            with Image.open(io.BytesIO(data), formats=_formats()) as image:
                image.load()
                return _plain(ImageOps.exif_transpose(image))
    except UnidentifiedImageError as error:
        raise Problem(
            f"{name} is not an image that can be read." if data else f"{name} is empty.",
            "Choose a picture, such as a PNG, JPEG, WebP, TIFF, GIF or BMP file.",
        ) from error
    except (Image.DecompressionBombError, Image.DecompressionBombWarning) as error:
        limit = (Image.MAX_IMAGE_PIXELS or 0) // 1_000_000
        raise Problem(
            f"{name} is too large: more than {limit} million pixels.",
            "Scale it down first; a model sees a few hundred pixels a side.",
        ) from error
    except (OSError, *_DAMAGED) as error:
        raise Problem(
            f"{name} is cut short or damaged: its pixels cannot be read.",
            "Download or save it again, or choose another image.",
        ) from error


def prepare(image: Image.Image, how: Preprocessing, dtype: str = "float32") -> Prepared:
    """The image as the model takes it; what each step does is said in `Preprocessing`.

    Raises:
        Problem: it would be too large on the way.
    """
    gray_or_rgb = image.convert("L" if how.channels == 1 else "RGB")
    resized, box, crop = _resized(gray_or_rgb, how)
    cut = np.asarray(resized.crop(box))  # black where the crop is larger than the image
    pixels = cut.reshape(how.height, how.width, how.channels).astype(np.float32) / 255
    mean, std = np.array(how.mean, np.float32), np.array(how.std, np.float32)
    scaled = ((pixels[..., ::-1] if how.bgr else pixels) - mean) / std
    if how.layout == "NCHW":
        scaled = scaled.transpose(2, 0, 1)
    kind = np.dtype(dtype if dtype != "bfloat16" else "float32")
    numbers = np.rint(scaled) if kind.kind in "iu" else scaled
    tensor = np.ascontiguousarray(numbers[None], dtype=kind)
    return Prepared(tensor, np.asarray(resized.convert("RGB").crop(box)), crop)


def taken(tensor: NDArray[Any], layout: str) -> tuple[NDArray[np.uint8], tuple[float, float]]:
    """A tensor of an image as a picture (H, W, 3), spread from its least to its greatest number,
    and these two. Its channels are drawn as red, green and blue, whatever they are."""
    pixels = tensor[0].astype(np.float32)
    if layout == "NCHW":
        pixels = pixels.transpose(1, 2, 0)
    finite = pixels[np.isfinite(pixels)]
    low, high = (float(finite.min()), float(finite.max())) if finite.size else (0.0, 0.0)
    spread = (np.nan_to_num(pixels, nan=low) - low) / ((high - low) or 1.0) * 255
    shown = np.rint(np.clip(spread, 0, 255)).astype(np.uint8)
    return np.broadcast_to(shown, (*shown.shape[:2], 3)), (low, high)


def picture(image: Image.Image) -> NDArray[np.uint8]:
    """(H, W, 3): the whole image, averaged down to at most `PICTURE_SIDE` a side."""
    shown = image.convert("RGB")
    shown.thumbnail((PICTURE_SIDE, PICTURE_SIDE), Image.Resampling.BOX, reducing_gap=None)
    return np.asarray(shown)


@cache
def _formats() -> tuple[str, ...]:
    """Those of them that this Pillow was built with."""
    Image.init()
    return tuple(name for name in Image.OPEN if name in _FORMATS)


_Box = tuple[int, int, int, int]
_Crop = tuple[float, float, float, float]


def _resized(image: Image.Image, how: Preprocessing) -> tuple[Image.Image, _Box, _Crop]:
    """The resized image, the box to cut out of it, and that box in the original."""
    width, height = image.size
    _check_size(how.width, how.height)
    if how.resize is None:
        whole = image.resize((how.width, how.height), Image.Resampling.BILINEAR)
        return whole, (0, 0, how.width, how.height), (0.0, 0.0, float(width), float(height))
    short = min(width, height)
    # as torchvision rounds, so that a tensor equals the one a model was trained on
    columns = int(how.resize * width / short)
    rows = int(how.resize * height / short)
    _check_size(columns, rows)
    resized = image.resize((columns, rows), Image.Resampling.BILINEAR)
    left, top = round((columns - how.width) / 2), round((rows - how.height) / 2)
    scale_x, scale_y = width / columns, height / rows
    crop = (left * scale_x, top * scale_y, how.width * scale_x, how.height * scale_y)
    return resized, (left, top, left + how.width, top + how.height), crop


def _check_size(width: int, height: int) -> None:
    limit = Image.MAX_IMAGE_PIXELS or 0
    if limit and width * height > limit:
        raise Problem(
            f"The prepared image would be {width} × {height} pixels, more than "
            f"{limit // 1_000_000} million.",
            "Choose smaller sizes to resize and to crop to, or an image that is less narrow.",
        )


def _plain(image: Image.Image) -> Image.Image:
    if image.mode in ("I;16", "I;16L", "I;16B", "I;16N", "I"):
        return _gray_of_integers(np.asarray(image))
    if image.mode == "F":
        return _gray_of_floats(np.asarray(image))
    if image.has_transparency_data:
        clear = image.convert("RGBA")
        white = Image.new("RGBA", clear.size, (255, 255, 255, 255))
        return Image.alpha_composite(white, clear).convert("RGB")
    return image.convert("L" if image.mode in ("1", "L") else "RGB")


def _gray_of_integers(pixels: NDArray[Any]) -> Image.Image:
    values = pixels.astype(np.int64)
    if values.min() < 0 or values.max() > 0xFFFF:
        return _gray_of_floats(pixels)
    return Image.fromarray(np.rint(values / 257).astype(np.uint8))


def _gray_of_floats(pixels: NDArray[Any]) -> Image.Image:
    values = np.nan_to_num(pixels.astype(np.float64), nan=0.0)
    low, high = float(values.min()), float(values.max())
    if low >= 0 and high <= 1:
        low, high = 0.0, 1.0
    elif low >= 0 and high <= 255:
        low, high = 0.0, 255.0
    span = (high - low) or 1.0
    return Image.fromarray(np.rint((values - low) / span * 255).astype(np.uint8))
