"""A TorchScript archive, looked at without torch: its code as text, and what that may do."""

from __future__ import annotations

import itertools
import re
import zipfile
import zlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from netviz_desktop.problems import Problem
from netviz_desktop.readers import _zip_directory as zip_directory
from netviz_desktop.readers._zip_directory import ZIP

_MOST_CODE_BYTES = 128 * 2**20
_DEEPEST = 400  # torch's parser calls itself for each level, and so overflows its stack


@dataclass(frozen=True)
class ScriptArchive:
    """Args:
    code: member name -> TorchScript text.
    classes: qualified name -> the class.
    """

    path: Path
    code: Mapping[str, str]
    classes: Mapping[str, ScriptClass]


@dataclass(frozen=True)
class ScriptClass:
    """What the text of a class says of its attributes; `fields` of a NamedTuple, in order."""

    parameters: tuple[str, ...] = ()
    buffers: tuple[str, ...] = ()
    fields: tuple[str, ...] = ()


def is_script_archive(path: Path, head: bytes) -> bool:
    """Whether it is a zip archive with a pickled module and TorchScript code, whatever its
    suffix."""
    if not head.startswith(ZIP):
        return False
    names = zip_directory.names(path)
    if not names:  # cut short, it has lost its directory: the first members' names still tell
        return b"/code/__torch__" in head
    roots = [name.removesuffix("data.pkl") for name in names if name.endswith("/data.pkl")]
    return any(name.startswith(f"{root}code/") for root in roots for name in names)


def script_archive(path: Path) -> ScriptArchive:
    """Raises: Problem: it is damaged, or its code is too large or too deeply nested."""
    try:
        with zipfile.ZipFile(path) as archive:
            members = archive.infolist()
            # Reading them all, debug information too, finds what is damaged.
            code = [m for m in members if "/code/" in m.filename]
            if sum(member.file_size for member in code) > _MOST_CODE_BYTES:
                raise Problem(
                    f"{path.name} holds more code than any model needs, so it was not read.",
                    "Get the model from a source that you know.",
                )
            names = {member.filename.rpartition("/")[2] for member in members}
            read = {member.filename: archive.read(member) for member in code}
    except (zipfile.BadZipFile, zlib.error, EOFError, OSError, ValueError, RuntimeError) as error:
        raise Problem(
            f"{path.name} is cut short or damaged: it cannot be read as TorchScript.",
            "Download or export it again.",
        ) from error
    if "constants.pkl" not in names:
        raise Problem(
            f"{path.name} is damaged: a TorchScript archive holds constants.pkl, and it does not.",
            "Download or export it again.",
        )
    texts = {
        name: content.decode("utf-8", "replace")
        for name, content in read.items()
        if name.endswith(".py")
    }
    if any(_too_deep(text) for text in texts.values()):
        raise Problem(
            f"The code in {path.name} is nested too deeply to be compiled.",
            "Export the model again, from a source that you know.",
        )
    classes = {
        f"{_module_name(member)}.{name}": found
        for member, text in texts.items()
        for name, found in _classes(text)
    }
    return ScriptArchive(path, texts, classes)


def reaching(archive: ScriptArchive) -> tuple[str, ...]:
    """What in the code reaches beyond the model: it writes files, or runs while it loads."""
    found = dict.fromkeys(
        itertools.chain.from_iterable(_REACHING.findall(text) for text in archive.code.values())
    )
    texts = archive.code.values()
    if any("__setstate__" in text for text in texts):
        # That runs while the file is loaded, before torch's own view of the code can be looked
        # at, and when nothing could stop a loop.
        if not found and any(_HIDDEN.search(text) for text in texts):
            found["save while it is loaded"] = None
        if any(_LOOP.search(text) for text in texts):
            found["a loop while it is loaded"] = None
    return tuple(found)


# As `torch.save(x, "…")`, `x.save("…")`; ops of libraries that are not torch's own arithmetic.
_REACHING = re.compile(
    r"\b(?:save|from_file)(?=\()|"
    r"(?<![\w.])ops\.(?!(?:aten|prim|quantized|_quantized|mkldnn|prepacked|xnnpack|torchvision|"
    r"torchaudio|static_runtime)\b)\w+\.\w+|"
    r"\btorch\.classes\.(?!quantized\b|xnnpack\b|mkldnn\b)\w+\.\w+"
)
_LOOP = re.compile(r"\b(?:while|for)\b")
_HIDDEN = re.compile(r"\b(?:save|from_file|fork)\b|\bgetattr\b.*\\")


def _too_deep(text: str) -> bool:
    depth = 0
    for line in text.splitlines():
        if len(line) - len(line.lstrip(" ")) > 2 * _DEEPEST:
            return True
        for bracket in _BRACKETS.findall(line):
            depth = depth + 1 if bracket in "([{" else max(0, depth - 1)
            if depth > _DEEPEST:
                return True
    return False


_BRACKETS = re.compile(r"[(\[{)\]}]")


def _module_name(member: str) -> str:
    return member.partition("/code/")[2].removesuffix(".py").replace("/", ".")


def _classes(text: str) -> Iterator[tuple[str, ScriptClass]]:
    for found in _CLASS.finditer(text):
        name, kind, body = found.groups()
        if kind == "NamedTuple":
            yield name, ScriptClass(fields=tuple(re.findall(r"^  (\w+) : ", body, re.MULTILINE)))
        else:
            tables = [tuple(re.findall(r'"([^"]+)"', names)) for names in _TABLE.findall(body)]
            if len(tables) == 2:
                yield name, ScriptClass(*tables)


_TABLE = re.compile(r"^  __(?:parameters|buffers)__ = \[(.*)\]", re.MULTILINE)
_CLASS = re.compile(r"^class (\w+)(?:\((\w+)\))?:\n((?:  .*\n|\n)*)", re.MULTILINE)
