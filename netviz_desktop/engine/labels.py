"""Class names, in the order of a model's output."""

from __future__ import annotations

import ast
import json
import re
from functools import cache
from pathlib import Path
from typing import Any

from netviz_desktop import resource
from netviz_desktop.problems import Problem
from netviz_desktop.readers import OpenedModel

Labels = tuple[str, ...]

_IMAGENET_CLASSES = 1000
_METADATA_KEYS = ("names", "classes", "labels")  # Ultralytics, and others after it
_METADATA_LIMIT = 1_000_000  # characters
_SYNSET = re.compile(r"^n\d{8}[\s:,]+")


def read(path: Path) -> Labels:
    """The names in a file: one a line, a JSON list, or a JSON object index -> name.

    Raises:
        Problem: it cannot be read, or holds no names.
    """
    try:
        text = path.read_text(encoding="utf-8-sig")
    except FileNotFoundError as error:
        raise Problem(
            f"The labels file {path} does not exist.", "Check the path, or leave it out."
        ) from error
    except OSError as error:
        raise Problem(
            f"The labels file {path.name} cannot be read: {error.strerror or error}.",
            "Choose a file that you may read.",
        ) from error
    except UnicodeDecodeError as error:
        raise Problem(f"The labels file {path.name} is not text in UTF-8.", _REMEDY) from error
    found = _of_json(text, path.name) if text.lstrip()[:1] in ("{", "[") else _of_lines(text)
    if not found:
        raise Problem(f"The labels file {path.name} holds no names.", _REMEDY)
    return found


def of_model(opened: OpenedModel) -> Labels:
    """The names that the file itself holds; empty when it holds none."""
    if opened.labels:
        return opened.labels
    for key in _METADATA_KEYS:
        text = opened.graph.metadata.get(key, "")
        if text and len(text) <= _METADATA_LIMIT and (found := _of_metadata(text)):
            return found
    return ()


def usual(classes: int) -> Labels:
    """ImageNet's names for 1000 outputs, or 1001 with a background; else none."""
    if classes == _IMAGENET_CLASSES:
        return _imagenet()
    if classes == _IMAGENET_CLASSES + 1:
        return ("background", *_imagenet())
    return ()


_REMEDY = "Write one name a line, or a JSON list, in the order of the model's output."


@cache
def _imagenet() -> Labels:
    return tuple(json.loads(resource.path(resource.IMAGENET_LABELS).read_text(encoding="utf-8")))


def _of_lines(text: str) -> Labels:
    lines = [line.strip() for line in text.strip().splitlines()]
    if all(_SYNSET.match(line) for line in lines):
        lines = [_SYNSET.sub("", line) for line in lines]
    return tuple(lines) if any(lines) else ()


def _of_json(text: str, name: str) -> Labels:
    try:
        return _in_order(json.loads(text))
    except (ValueError, RecursionError) as error:
        raise Problem(f"The labels file {name} is not valid JSON.", _REMEDY) from error


def _of_metadata(text: str) -> Labels:
    for parse in (json.loads, ast.literal_eval):
        try:
            return _in_order(parse(text))
        except (ValueError, SyntaxError, RecursionError, MemoryError):
            continue  # it is written the other way, or is something else by the same name
    return ()


def _in_order(found: Any) -> Labels:
    """A list of names, or index -> name, or index -> [synset, name] as Keras writes."""
    if isinstance(found, list):
        return tuple(_name(item) for item in found)
    if not isinstance(found, dict) or not found:
        return ()
    if not all(str(key).isdecimal() for key in found):
        if all(isinstance(value, int) for value in found.values()):  # name -> index
            return _in_order({index: name for name, index in found.items()})
        raise ValueError("keys are not indices")
    by_index = {int(key): _name(value) for key, value in found.items()}
    if max(by_index) > 10 * len(by_index) + 1000:
        raise ValueError("indices far apart")
    return tuple(by_index.get(index, "") for index in range(max(by_index) + 1))


def _name(item: Any) -> str:
    if isinstance(item, (list, tuple)) and item:
        return str(item[-1])
    return str(item)
