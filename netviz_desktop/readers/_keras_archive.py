"""A file that Keras wrote: its configuration as JSON, and where its weights lie.

A `.keras` file is a zip archive of config.json, metadata.json and model.weights.h5; the
`.h5` files of before hold the configuration in an attribute. Nothing is extracted.
"""

from __future__ import annotations

import json
import struct
import zipfile
import zlib
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from netviz_desktop.problems import Problem
from netviz_desktop.readers import _zip_directory as zip_directory
from netviz_desktop.readers._hdf5 import SIGNATURE, Group, Hdf5, Step, Stored, attributes

ZIP = b"PK\x03\x04"
CONFIG = "config.json"
WEIGHTS = "model.weights.h5"
METADATA = "metadata.json"

_MOST_CONFIG_BYTES = 32 * 2**20
_MOST_INFLATED_BYTES = 400 * 2**20
_CONTAINERS = {"layers", "_layer_checkpoint_dependencies"}
_NO_GROUPS: dict[str, Group] = {}


@dataclass(frozen=True)
class KerasFile:
    """Args:
    config: of the model, as Keras wrote it; None in a file of weights alone.
    weights: where the numbers lie; None when the file has none.
    groups, stored: what `weights` holds, by path.
    version: of the Keras that wrote it; empty when it does not say.
    legacy: whether it is laid out as in Keras 2, by names of layers and weights.
    """

    path: Path
    config: dict[str, Any] | None
    weights: Hdf5 | None
    groups: dict[str, Group]
    stored: dict[str, Stored]
    version: str
    legacy: bool


def is_keras_zip(path: Path) -> bool:
    """Whether it is a zip archive with a Keras configuration in it."""
    names = set(zip_directory.names(path))
    return CONFIG in names and bool({WEIGHTS, METADATA, "model.weights.npz"} & names)


def is_keras_hdf5(path: Path) -> bool:
    """Whether it is an HDF5 file with a Keras configuration, or with weights by layer."""
    try:
        with Hdf5(path).opened() as file:
            return bool(
                {"model_config", "layer_names", "layer_names0"} & set(file.attrs)
                or {"vars", "model_weights", *_CONTAINERS} & set(file)
            )
    except Problem:
        return False


def keras_file(path: Path, head: bytes, step: Step) -> KerasFile:
    """Raises: Problem: it is damaged, or holds no model."""
    return _hdf5(path, step) if head.startswith(SIGNATURE) else _zipped(path, step)


def _zipped(path: Path, step: Step) -> KerasFile:
    try:
        with zipfile.ZipFile(path) as archive:
            config = _json(_member(archive, CONFIG))
            metadata = _json(_member(archive, METADATA)) if METADATA in archive.namelist() else {}
            weights = _weights(path, archive)
    except KeyError as error:
        raise Problem(
            f"{path.name} holds no {CONFIG}: it is no model that Keras saved.",
            "Save it with model.save(…) of Keras 3.",
        ) from error
    except (
        zipfile.BadZipFile, zlib.error, struct.error, EOFError, ValueError, OverflowError,
        RuntimeError, NotImplementedError, RecursionError, OSError,
    ) as error:  # fmt: skip
        raise Problem(
            f"{path.name} is cut short or damaged: it cannot be read as a Keras archive.",
            "Download or save it again.",
        ) from error
    groups, stored = weights.contents(step) if weights is not None else (_NO_GROUPS, {})
    version = metadata.get("keras_version", "")
    return KerasFile(path, config, weights, groups, stored, str(version)[:40], legacy=False)


def _hdf5(path: Path, step: Step) -> KerasFile:
    weights = Hdf5(path)
    with weights.opened() as file:
        said = attributes(file)
    groups, stored = weights.contents(step)
    text = said.get("model_config")
    config = None
    if isinstance(text, str):
        try:
            config = _json(text)
        except (ValueError, RecursionError) as error:
            raise Problem(
                f"{path.name} is damaged: its configuration is no JSON.",
                "Download or save it again.",
            ) from error
    top = groups.get("model_weights", groups[""])
    version = said.get("keras_version") or top.attributes.get("keras_version") or ""
    legacy = not {"vars", *_CONTAINERS} & groups.keys()
    return KerasFile(path, config, weights, groups, stored, str(version)[:40], legacy)


def _weights(path: Path, archive: zipfile.ZipFile) -> Hdf5 | None:
    if WEIGHTS not in archive.namelist():
        return None
    info = archive.getinfo(WEIGHTS)
    if info.compress_type == zipfile.ZIP_STORED:
        with path.open("rb") as file:
            file.seek(info.header_offset + 26)
            name, extra = struct.unpack("<HH", file.read(4))
        return Hdf5(path, info.header_offset + 30 + name + extra, info.file_size)
    if info.file_size > _MOST_INFLATED_BYTES:
        raise Problem(
            f"{path.name} holds {info.file_size / 2**20:.0f} MiB of weights, compressed: "
            "too many to keep in memory.",
            "Save it again with Keras, which does not compress them.",
        )
    return Hdf5(path, content=archive.read(info))


def _member(archive: zipfile.ZipFile, name: str) -> bytes:
    with archive.open(name) as member:
        content = member.read(_MOST_CONFIG_BYTES + 1)
    if len(content) > _MOST_CONFIG_BYTES:
        raise ValueError(f"{name} is too large")
    return content


def _json(text: str | bytes) -> dict[str, Any]:
    found = json.loads(text)
    if not isinstance(found, dict):
        raise ValueError("it is no object")  # noqa: TRY004 - it is damage, as a wrong bracket is
    return found
