"""What is remembered from one start to the next."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any, TypeVar

import msgspec
from PySide6.QtCore import QByteArray, QSettings

from netviz_desktop.link.messages import Preprocessing
from netviz_desktop.ui.operations.given_inputs import Given

RECENT_COUNT = 9
MEMORY_GB = (0, 1, 2, 4, 8, 16, 32, 64)
"""How much a run may keep in memory; 0: a quarter of the machine's."""
THEMES = ("system", "light", "dark")

FLAGS = {
    "attributes": False,
    "weights": True,
    "names": False,
    "chips": True,
    "left_to_right": False,
    "wheel_zooms": False,
    "minimap": True,
}
"""The View menu's toggles, with what they are at first."""

_Kind = TypeVar("_Kind")
_COMMANDS = 12  # that the palette puts first
_LAYOUT_VERSION = 1  # raise it when the docks change so much that an old layout is in the way


class Settings:
    """One object for all of them.

    Args:
        store: where they are kept; None: where the platform keeps such things.
    """

    def __init__(self, store: QSettings | None = None) -> None:
        self._store = store or QSettings(
            QSettings.Format.IniFormat, QSettings.Scope.UserScope, "NetViz", "NetViz Desktop"
        )

    def flag(self, name: str) -> bool:
        """One of the View menu's toggles."""
        return bool(self._store.value(f"view/{name}", FLAGS[name], type=bool))

    def set_flag(self, name: str, on: bool) -> None:
        if on == FLAGS[name]:
            self._store.remove(f"view/{name}")
        else:
            self._store.setValue(f"view/{name}", on)

    @property
    def theme(self) -> str:
        """One of `THEMES`."""
        value = self._text("theme")
        return value if value in THEMES else THEMES[0]

    @theme.setter
    def theme(self, value: str) -> None:
        self._store.setValue("theme", value)

    @property
    def memory_gb(self) -> int:
        """One of `MEMORY_GB`."""
        value = self._store.value("memory_gb", 0, type=int)
        return value if isinstance(value, int) and value in MEMORY_GB else 0

    @memory_gb.setter
    def memory_gb(self, value: int) -> None:
        self._store.setValue("memory_gb", value)

    @property
    def reopens(self) -> bool:
        """Whether what was open last is opened at the start."""
        return bool(self._store.value("reopens", True, type=bool))

    @reopens.setter
    def reopens(self, on: bool) -> None:
        self._store.setValue("reopens", on)

    @property
    def windows(self) -> str:
        """What was in windows that are closed, as JSON; other windows write here, too."""
        self._store.sync()
        return self._text("windows") or "[]"

    @windows.setter
    def windows(self, value: str) -> None:
        self._store.setValue("windows", value)
        self._store.sync()

    @property
    def recent(self) -> list[str]:
        """Model files that are still there, the last opened first."""
        count = self._store.beginReadArray("recent")
        paths = []
        for index in range(count):
            self._store.setArrayIndex(index)
            paths.append(self._text("path"))
        self._store.endArray()
        return [path for path in paths if Path(path).is_file()]

    def remember(self, path: str) -> None:
        """`path` was opened."""
        path = str(Path(path).absolute())
        paths = [path, *(other for other in self.recent if other != path)][:RECENT_COUNT]
        self._store.remove("recent")
        self._store.beginWriteArray("recent", len(paths))
        for index, recent in enumerate(paths):
            self._store.setArrayIndex(index)
            self._store.setValue("path", recent)
        self._store.endArray()

    def forget_recent(self) -> None:
        self._store.remove("recent")

    def bookmarks(self, path: str) -> list[str]:
        """The nodes that are marked in a model file, by id."""
        known = json.loads(self._text(_bookmarks_of(path)) or "{}")
        return [str(node) for node in known.get("nodes", [])]

    def set_bookmarks(self, path: str, nodes: list[str]) -> None:
        if nodes:
            known = {"path": str(Path(path).absolute()), "nodes": nodes}
            self._store.setValue(_bookmarks_of(path), json.dumps(known))
        else:
            self._store.remove(_bookmarks_of(path))

    def preprocessing(self, path: str) -> Preprocessing | None:
        """How the person wants images prepared for a model file; None: as inferred."""
        return self._remembered("preprocessing", path, Preprocessing)

    def set_preprocessing(self, path: str, how: Preprocessing | None) -> None:
        self._remember("preprocessing", path, how)

    def class_names(self, path: str) -> str | None:
        """The file of class names that was chosen for a model file; None when it is gone."""
        chosen = self._text(_of_file("class_names", path))
        return chosen if chosen and Path(chosen).is_file() else None

    def set_class_names(self, path: str, chosen: str | None) -> None:
        if chosen is None:
            self._store.remove(_of_file("class_names", path))
        else:
            self._store.setValue(_of_file("class_names", path), str(Path(chosen).absolute()))

    def given_inputs(self, path: str) -> dict[str, Given]:
        """What the inputs of a model file were given last, by their names."""
        return self._remembered("inputs", path, dict[str, Given]) or {}

    def set_given_inputs(self, path: str, given: dict[str, Given]) -> None:
        self._remember("inputs", path, given)

    @property
    def recent_commands(self) -> list[str]:
        """What was chosen in the command palette, the last first."""
        return [str(name) for name in json.loads(self._text("recent_commands") or "[]")]

    def remember_command(self, name: str) -> None:
        others = (other for other in self.recent_commands if other != name)
        self._store.setValue("recent_commands", json.dumps([name, *others][:_COMMANDS]))

    def looks(self, dock: str) -> dict[str, Any]:
        """How a dock draws, as it was last chosen there; empty before."""
        known = json.loads(self._text(f"looks/{dock}") or "{}")
        return known if isinstance(known, dict) else {}

    def set_looks(self, dock: str, looks: dict[str, Any]) -> None:
        self._store.setValue(f"looks/{dock}", json.dumps(looks))

    def folder(self, kind: str) -> str:
        """Where a file of this kind ("model", "image", "picture") was last chosen."""
        return self._text(f"folder/{kind}")

    def set_folder(self, kind: str, folder: str) -> None:
        self._store.setValue(f"folder/{kind}", folder)

    @property
    def geometry(self) -> QByteArray:
        """The window's place; empty before it was ever closed."""
        return self._bytes("window/geometry")

    @geometry.setter
    def geometry(self, value: QByteArray) -> None:
        self._store.setValue("window/geometry", value)

    @property
    def layout(self) -> QByteArray:
        """Where the docks are; empty for the layout we suggest."""
        return self._bytes(f"window/layout{_LAYOUT_VERSION}")

    @layout.setter
    def layout(self, value: QByteArray) -> None:
        self._store.setValue(f"window/layout{_LAYOUT_VERSION}", value)

    def _remembered(self, what: str, path: str, kind: type[_Kind]) -> _Kind | None:
        """What is known of a model file; nothing where another version wrote it."""
        try:
            return msgspec.json.decode(self._text(_of_file(what, path)), type=kind)
        except msgspec.MsgspecError:
            return None

    def _remember(self, what: str, path: str, known: object | None) -> None:
        if known is None:
            self._store.remove(_of_file(what, path))
        else:
            self._store.setValue(_of_file(what, path), msgspec.json.encode(known).decode())

    def _text(self, key: str) -> str:
        return str(self._store.value(key, "", type=str))

    def _bytes(self, key: str) -> QByteArray:
        value = self._store.value(key, QByteArray())
        return value if isinstance(value, QByteArray) else QByteArray()


def _bookmarks_of(path: str) -> str:
    return _of_file("bookmarks", path)


def _of_file(what: str, path: str) -> str:
    """A path as it stands would be many nested groups."""
    whole = str(Path(path).absolute())
    return f"{what}/{hashlib.sha256(whole.encode()).hexdigest()[:24]}"
