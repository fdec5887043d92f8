"""An archive with a model in it: what is needed of it is unpacked for as long as it is open."""

from __future__ import annotations

import dataclasses
from pathlib import Path, PurePosixPath

from netviz_desktop import readers
from netviz_desktop.problems import Problem
from netviz_desktop.readers import Format, OpenedModel, Options
from netviz_desktop.readers._archives import archive, is_archive
from netviz_desktop.readers._choice import models_among
from netviz_desktop.readers._folder import several
from netviz_desktop.readers._unpacked import Unpacked

_DEEPEST = 2  # an archive in an archive, and no more


def _recognises(path: Path, head: bytes) -> int:
    del path
    return 1 if is_archive(head) else 0  # many formats are archives themselves


FORMAT = Format(
    "archive", "Archive", (".zip", ".tar", ".tar.gz", ".tgz", ".gz", ".bz2", ".xz"), _recognises
)


def read(path: Path, options: Options) -> OpenedModel:
    """Raises: Problem: it holds no model, or several; or what is in it cannot be opened."""
    if options.within >= _DEEPEST:
        raise Problem(
            f"{path.name} is an archive in an archive in an archive.",
            "Unpack it, and open the model that is in it.",
        )
    packed = archive(path, options.step)
    names = packed.names()
    chosen, named = _chosen(path, names, options.member)
    unpacked = Unpacked()
    packed.unpack(_with_companions(chosen, names), unpacked.folder)
    inner = dataclasses.replace(
        options, member=None if named else options.member, within=options.within + 1
    )
    try:
        opened = readers.read(unpacked.folder / chosen, inner)
    except readers.NoModel as error:
        if named:
            raise
        raise _without_model(path) from error
    opened.graph.metadata["in the archive"] = chosen
    return dataclasses.replace(opened, keep=(unpacked, opened.keep))


def _chosen(path: Path, names: list[str], member: str | None) -> tuple[str, bool]:
    """The model in the archive, and whether `member` named it."""
    models = models_among(names, readers.suffixes()) or (tuple(names) if len(names) == 1 else ())
    if member is not None and member in names:
        return member, True
    if len(models) == 1:
        return models[0], False
    if models:
        raise several(path.name, models, member)
    raise _without_model(path)


def _without_model(path: Path) -> Problem:
    return Problem(
        f"{path.name} is an archive without a model in it.",
        "Choose another one; files whose names lead out of it, and links, are left out.",
    )


def _with_companions(chosen: str, names: list[str]) -> set[str]:
    """It, and what it may refer to: what lies in its folder and below, apart from other models;
    of a sharded checkpoint all."""
    folder = PurePosixPath(chosen).parent
    inside = "" if folder == PurePosixPath(".") else f"{folder}/"
    near = {name for name in names if name.removeprefix("./").startswith(inside)}
    if chosen.endswith(".index.json"):
        return near
    return near - set(models_among(names, readers.suffixes())) | {chosen}
