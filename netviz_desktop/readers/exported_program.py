"""A .pt2 file, as torch.export.save writes it: the program in JSON beside its weights.

Nothing of it is loaded by torch, which would unpickle parts of it and look up whatever
operator the file names.
"""

from __future__ import annotations

from pathlib import Path
from types import MappingProxyType

from netviz_desktop.problems import Problem
from netviz_desktop.readers import Format, OpenedModel, Options
from netviz_desktop.readers import _zip_directory as zip_directory
from netviz_desktop.readers._exported_archive import DAMAGE, is_exported, open_archive
from netviz_desktop.readers._exported_graph import LABEL, describe


def _recognises(path: Path, head: bytes) -> int:
    if not head.startswith(zip_directory.ZIP):
        return 0
    names = zip_directory.names(path)
    if is_exported(names):
        return 3
    return 2 if not names and path.suffix.lower() == ".pt2" else 0


FORMAT = Format("exported-program", LABEL, (".pt2",), _recognises)


def read(path: Path, options: Options) -> OpenedModel:
    """Raises: Problem: it is damaged, compiled, or would run a command when torch loads it."""
    try:
        found = describe(open_archive(path, options.member), path)
    except Problem:
        raise
    except (*DAMAGE, RecursionError) as error:
        raise Problem(
            f"{path.name} is cut short or damaged: it cannot be read as an exported program.",
            "Download or export it again.",
        ) from error
    weights = MappingProxyType(
        {name: weight.file.reader(weight.tensor) for name, weight in found.weights.items()}
    )
    if found.problem is not None:
        return OpenedModel(found.graph, weights, structure_only=found.problem)
    return OpenedModel(found.graph, weights, found.program)
