"""What a model is run on: an image, or tensors as it takes them."""

from __future__ import annotations

import argparse
import dataclasses
import math
import re
import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from netviz_desktop.cli._model import close_matches
from netviz_desktop.link.messages import Preprocessing, RunFinished
from netviz_desktop.problems import Problem

if TYPE_CHECKING:
    from netviz_desktop.engine.session import Session


def add_input(parser: argparse.ArgumentParser) -> None:
    given = parser.add_mutually_exclusive_group(required=True)
    given.add_argument(
        "--image", metavar="IMG", help="an image file, preprocessed as the model expects"
    )
    given.add_argument(
        "--input",
        metavar="[NAME=]X.npy",
        action="append",
        help="a tensor as the model takes it, without preprocessing; "
        "NAME= says which of several inputs it is; repeatable",
    )
    parser.add_argument(
        "--memory",
        type=_bytes_of,
        metavar="SIZE",
        help="how much the run may keep in memory, such as 500M or 4G; what is beyond lies in "
        "temporary files; default: a quarter of the machine's",
    )
    image = parser.add_argument_group(
        "preprocessing of --image",
        "The image is turned upright, its shorter side resized, the centre cut out, divided\n"
        "by 255, then (x - mean) / std. What is not given is inferred from the model.",
    )
    image.add_argument("--mean", type=_numbers, metavar="R,G,B", help="of values from 0 to 1")
    image.add_argument("--std", type=_deviations, metavar="R,G,B", help="of values from 0 to 1")
    image.add_argument(
        "--resize",
        type=_resize,
        metavar="N",
        help="pixels of the shorter side; 0 squeezes the whole image into the crop's size",
    )
    image.add_argument(
        "--crop", type=_size, metavar="N|HxW", help="height and width that the model takes"
    )
    image.add_argument(
        "--bgr",
        action="store_true",
        help="the model takes blue, green, red; --mean and --std are in that order",
    )


def add_target(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--target",
        type=int,
        metavar="N",
        help="the class, as its index in the output before softmax; default: the predicted one",
    )


def run_model(session: Session, options: argparse.Namespace) -> RunFinished | None:
    """Run the model on what was given; what an image gave, None for tensors.

    Raises:
        Problem: the input cannot be read, or does not fit the model.
    """
    session.memory_bytes = options.memory
    if options.image is None:
        session.run(_tensors(session, options.input))
        return None
    path = Path(options.image)
    return session.run_image(_bytes(path), path.name, _preprocessing(session, options))


def _preprocessing(session: Session, options: argparse.Namespace) -> Preprocessing | None:
    """As the person says, on top of what the model says; None: as the model says."""
    said = {
        name: getattr(options, name)
        for name in ("mean", "std")
        if getattr(options, name) is not None
    }
    if options.resize is not None:
        said["resize"] = options.resize or None
    if options.bgr:
        said["bgr"] = True
    if options.crop is not None:
        said["height"], said["width"] = options.crop
    if not said:
        return None
    inferred = session.preprocessing
    if inferred is None and options.crop is None:
        raise Problem(
            f"The size of the image that {Path(options.model).name} takes is not known.",
            "Give it with --crop, or give the tensor itself with --input.",
        )
    channels = len(said.get("mean") or said.get("std") or (0, 0, 0))
    base = inferred or _unnormalised(options.crop, channels)
    for name in ("mean", "std"):
        if len(said.get(name, ())) == 1:
            said[name] *= base.channels
        elif name in said and len(said[name]) != base.channels:
            raise Problem(
                f"--{name} has {len(said[name])} numbers, but the model takes "
                f"{base.channels} channel{'s' if base.channels > 1 else ''}.",
                "Give one number for each channel, or one for all.",
            )
    if options.bgr and base.channels != 3:
        raise Problem(
            f"--bgr is about three colours, but the model takes {base.channels} channel.",
            "Leave it out.",
        )
    return dataclasses.replace(base, **said, reason="as given")


def _unnormalised(crop: tuple[int, int], channels: int) -> Preprocessing:
    return Preprocessing(*crop, channels=channels, mean=(0.0,) * channels, std=(1.0,) * channels)


def _tensors(session: Session, given: list[str]) -> Mapping[str, NDArray[Any]]:
    if session.structure_only is not None:
        raise session.structure_only
    # not the graph's: of a module whose inputs cannot be guessed it knows none before a run
    inputs = [value.name for value in session.inputs]
    tensors: dict[str, NDArray[Any]] = {}
    for text in given:
        name, separator, file = text.partition("=")
        if not separator or Path(text).is_file():
            name, file = _only_input(inputs, text), text
        if name not in inputs:
            close = close_matches(name, inputs)
            raise Problem(
                f"The model has no input “{name}”.",
                f"Did you mean {close}?"
                if close
                else f"Its inputs are {', '.join(inputs) or 'none'}.",
            )
        if name in tensors:
            raise Problem(f"The input “{name}” is given twice.", "Give each input once.")
        tensors[name] = _array(Path(file))
    missing = [name for name in inputs if name not in tensors]
    if missing:
        raise Problem(
            f"The model needs {', '.join(missing)} too.",
            f"Give {'it' if len(missing) == 1 else 'them'} with --input NAME=X.npy.",
        )
    return tensors


def _only_input(inputs: list[str], text: str) -> str:
    if len(inputs) != 1:
        raise Problem(
            f"The model has {len(inputs)} inputs: {text} could be for any of them.",
            f"Give --input NAME={text}, with one of these names: {', '.join(inputs)}.",
        )
    return inputs[0]


def _array(path: Path) -> NDArray[Any]:
    not_an_array = Problem(
        f"{path.name} is not an array as numpy.save writes it.",
        "Save the tensor with numpy.save, as numbers.",
    )
    try:
        with path.open("rb") as file:
            array = np.load(file, allow_pickle=False)
    except (ValueError, EOFError, zipfile.BadZipFile) as error:
        raise not_an_array from error
    except OSError as error:
        raise _unreadable(path, error) from error
    if not isinstance(array, np.ndarray) or array.dtype.kind not in "biufc":  # an .npz, a text
        raise not_an_array
    return array


def _bytes(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise _unreadable(path, error) from error


def _unreadable(path: Path, error: OSError) -> Problem:
    if isinstance(error, FileNotFoundError):
        return Problem(f"{path} does not exist.", "Check the path, or choose another file.")
    return Problem(
        f"{path} cannot be read: {error.strerror or error}.", "Check the path and its permissions."
    )


def _numbers(text: str) -> tuple[float, ...]:
    try:
        numbers = tuple(float(number) for number in text.split(","))
    except ValueError as error:
        raise argparse.ArgumentTypeError(f"{text!r} is no list of numbers") from error
    if not all(map(math.isfinite, numbers)):
        raise argparse.ArgumentTypeError(f"{text!r} holds a number that is not finite")
    return numbers


def _deviations(text: str) -> tuple[float, ...]:
    numbers = _numbers(text)
    if 0 in numbers:
        raise argparse.ArgumentTypeError(f"{text!r} holds a 0, by which nothing can be divided")
    return numbers


def _resize(text: str) -> int:
    return int(_bounded(text, 0))


def _size(text: str) -> tuple[int, int]:
    """Height and width."""
    height, separator, width = text.lower().partition("x")
    return _bounded(height, 1), _bounded(width if separator else height, 1)


def _bounded(text: str, least: int) -> int:
    if not re.fullmatch(r"\d{1,5}", text) or int(text) < least:
        raise argparse.ArgumentTypeError(f"{text!r} is no number of pixels")
    return int(text)


def _bytes_of(text: str) -> int:
    """500M, 4G."""
    found = re.fullmatch(r"(\d{1,6})([KMGT])", text.upper().removesuffix("B"))
    if not found:
        raise argparse.ArgumentTypeError(f"{text!r} is no size such as 500M or 4G")
    return int(found[1]) << 10 * ("KMGT".index(found[2]) + 1)
