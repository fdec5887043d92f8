"""A folder in place of a model file, as Hugging Face's libraries and TensorFlow write them."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from pathlib import Path

from netviz_desktop.problems import Problem
from netviz_desktop.readers._choice import models_among

_DEEPEST = 3
_MOST_FILES = 5000


def model_in(folder: Path, member: str | None, suffixes: Iterable[str]) -> tuple[Path, bool]:
    """The model file in a folder, and whether `member` named it.

    Raises:
        Problem: there is none, or there are several.
    """
    found = list(_files(folder))
    names = [name for name in found if "/" not in name]
    models = models_among(names, suffixes) or models_among(found, suffixes)
    if member is not None and member in found:
        return folder / member, True
    if len(models) == 1:
        return folder / models[0], False
    if models:
        raise several(folder.name, models, member)
    if "saved_model.pb" in found:
        raise Problem(
            f"{folder.name} is a TensorFlow SavedModel, which cannot be opened.",
            "Convert it to ONNX (tf2onnx), or save the model as .keras.",
        )
    raise Problem(f"{folder.name} is a folder without a model file in it.", "Choose a model file.")


def several(name: str, models: tuple[str, ...], member: str | None) -> Problem:
    """Said when there is a choice."""
    named = ", ".join(models[:8]) + (", …" if len(models) > 8 else "")
    what = f"{name} holds {len(models)} models: {named}."
    if member is not None:
        what = f"{name} holds no model “{member}”, but {named}."
    return Problem(what, "Choose one: “Choose…” or --member PATH.", choices=models)


def _files(folder: Path) -> Iterator[str]:
    """Relative names, with slashes; what a link to a folder leads to is left out."""
    count = 0
    for place, folders, files in os.walk(folder):
        here = Path(place).relative_to(folder)
        folders[:] = sorted(folders) if len(here.parts) < _DEEPEST else []
        for name in sorted(files):
            count += 1
            if count > _MOST_FILES:
                return
            yield (here / name).as_posix()
