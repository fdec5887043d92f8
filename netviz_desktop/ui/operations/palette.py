"""The command palette: everything that the menus can do, and every node, by a few letters."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from functools import partial

from PySide6.QtCore import QEvent, QObject, Qt, Signal
from PySide6.QtGui import QAction, QKeyEvent, QKeySequence
from PySide6.QtWidgets import (
    QFrame,
    QHeaderView,
    QLineEdit,
    QMenu,
    QTreeWidget,
    QTreeWidgetItem,
    QVBoxLayout,
    QWidget,
)

from netviz_desktop.graph import ModelGraph, Node
from netviz_desktop.ui.settings import Settings

_MOST_NODES = 50
_WIDTH, _ROWS, _TOP = 620, 12, 64
_KEYS = (Qt.Key.Key_Up, Qt.Key.Key_Down, Qt.Key.Key_PageUp, Qt.Key.Key_PageDown)


@dataclass(frozen=True)
class Command:
    """Something that can be chosen: its words, what stands beside them, and what it does."""

    text: str
    key: str
    run: Callable[[], object]
    is_on: bool = False


class Palette(QFrame):
    """Above the window's middle while somebody chooses.

    Args:
        menus: where the commands come from.
        graph: the graph whose nodes can be gone to.
    """

    node_asked = Signal(str)
    closed = Signal()

    def __init__(
        self,
        menus: Callable[[], Iterable[QAction]],
        graph: Callable[[], ModelGraph | None],
        settings: Settings,
        parent: QWidget,
    ) -> None:
        super().__init__(parent)
        self.setObjectName("Palette")
        self.setFrameShape(QFrame.Shape.StyledPanel)
        self.setAutoFillBackground(True)
        self._menus, self._graph, self._settings, self._window = menus, graph, settings, parent
        self._commands: list[Command] = []
        self._nodes: list[tuple[str, Node]] = []
        self._shown: list[Command] = []
        self.field = QLineEdit(self)
        self.field.setPlaceholderText("Type a command, or the name of a node")
        self.field.setAccessibleName("Command palette")
        self.field.textChanged.connect(self._fill)
        self.field.installEventFilter(self)
        self.list = QTreeWidget(self)
        self.list.setAccessibleName("Commands and nodes")
        self.list.setColumnCount(2)
        self.list.setHeaderHidden(True)
        self.list.setRootIsDecorated(False)
        self.list.setUniformRowHeights(True)
        self.list.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self.list.setFrameShape(QFrame.Shape.NoFrame)
        self.list.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.list.header().setStretchLastSection(False)
        self.list.header().setSectionResizeMode(0, QHeaderView.ResizeMode.Stretch)
        self.list.header().setSectionResizeMode(1, QHeaderView.ResizeMode.ResizeToContents)
        self.list.itemClicked.connect(lambda _item: self._choose())
        column = QVBoxLayout(self)
        column.setContentsMargins(8, 8, 8, 8)
        column.addWidget(self.field)
        column.addWidget(self.list)
        self.hide()

    def begin(self) -> None:
        graph = self._graph()
        self._commands = list(_commands(self._menus()))
        self._nodes = (
            [(f"{node.id} {node.op_type}".lower(), node) for node in graph.nodes] if graph else []
        )
        self._place()
        self.field.clear()
        self._fill()
        self.show()
        self.raise_()
        self.field.setFocus(Qt.FocusReason.ShortcutFocusReason)

    def dismiss(self) -> None:
        self.hide()
        self._commands, self._nodes, self._shown = [], [], []
        self.closed.emit()

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if event.type() == QEvent.Type.FocusOut and self.isVisible():
            self.dismiss()
        if event.type() != QEvent.Type.KeyPress or not isinstance(event, QKeyEvent):
            return super().eventFilter(watched, event)
        if event.key() == Qt.Key.Key_Escape:
            self.dismiss()
        elif event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
            self._choose()
        elif event.key() in _KEYS:
            self._move(Qt.Key(event.key()))
        else:
            return super().eventFilter(watched, event)
        return True

    def _move(self, key: Qt.Key) -> None:
        at, last = self.list.currentIndex().row(), len(self._shown) - 1
        by = 1 if key in (Qt.Key.Key_Up, Qt.Key.Key_Down) else _ROWS
        at += by if key in (Qt.Key.Key_Down, Qt.Key.Key_PageDown) else -by
        self._put_cursor(max(0, min(at, last)))

    def _put_cursor(self, row: int) -> None:
        item = self.list.topLevelItem(row)
        if item is not None:
            self.list.setCurrentItem(item)

    def _choose(self) -> None:
        row = self.list.currentIndex().row()
        if not 0 <= row < len(self._shown):
            return
        chosen = self._shown[row]
        if chosen in self._commands:  # and not a node
            self._settings.remember_command(chosen.text)
        self.dismiss()
        chosen.run()

    def _fill(self) -> None:
        text = self.field.text().strip()
        recent = {name: rank for rank, name in enumerate(self._settings.recent_commands)}
        ranked = []
        for index, command in enumerate(self._commands):
            if (score := closeness(text, command.text)) is not None:
                used = recent.get(command.text, len(recent))
                ranked.append((-score, used, index))
        self._shown = [self._commands[index] for *_, index in sorted(ranked)]
        self._shown += self._found_nodes(text)
        self.list.clear()
        muted = self.palette().placeholderText()
        for command in self._shown:
            item = QTreeWidgetItem([command.text + "  ✓" * command.is_on, command.key])
            item.setForeground(1, muted)
            item.setToolTip(0, command.text)
            self.list.addTopLevelItem(item)
        self._put_cursor(0)

    def _found_nodes(self, text: str) -> Iterator[Command]:
        words = text.lower().split()
        count = 0
        for said, node in self._nodes if words else ():
            if all(word in said for word in words):
                yield Command(node.id, node.op_type, partial(self.node_asked.emit, node.id))
                count += 1
                if count == _MOST_NODES:
                    return

    def _place(self) -> None:
        around = self._window.rect()
        width = min(_WIDTH, around.width() - 40)
        row = self.fontMetrics().height() + 12
        height = min((_ROWS + 2) * row + 24, around.height() - 2 * _TOP)
        self.setGeometry((around.width() - width) // 2, _TOP, width, height)


def closeness(asked: str, text: str) -> float | None:
    """How well a text answers to some letters, which it must hold in their order; None: it
    does not, or only by chance. Letters together count more than apart, and at the starts of
    words most."""
    letters, low = asked.lower(), text.lower()
    if not letters:
        return 0.0
    if (at := low.rfind(letters)) >= 0:
        return 100.0 + 50.0 * _is_start(low, at) - 0.1 * len(text)
    for at_starts in (True, False):
        score = _spelt(letters.replace(" ", ""), low, at_starts=at_starts)
        if score is not None and score >= len(letters):  # less is scattered by chance
            return score - 0.1 * len(text)
    return None


def _spelt(letters: str, text: str, *, at_starts: bool) -> float | None:
    """Args:
    at_starts: whether to leap to the start of a word, where a letter is one.
    """
    score, at = 0.0, 0
    for letter in letters:
        found = text.find(letter, at)
        if found < 0:
            return None
        starts = (i for i in range(found, len(text)) if text[i] == letter and _is_start(text, i))
        if at_starts and found != at:
            found = next(starts, found)
        score += 3.0 if _is_start(text, found) else 1.5 if found == at else 0.2
        at = found + 1
    return score


def _is_start(text: str, at: int) -> bool:
    return at == 0 or not text[at - 1].isalnum()


def _commands(actions: Iterable[QAction], above: str = "") -> Iterator[Command]:
    """Of menus and the menus in them, what can be done now."""
    for action in actions:
        name = above + action.text().replace("&", "").rstrip("…")
        menu = action.menu()
        if isinstance(menu, QMenu):
            menu.aboutToShow.emit()  # some are filled when they are opened
            yield from _commands(menu.actions(), f"{name}: ")
        elif action.isEnabled() and not action.isSeparator():
            shortcut = action.shortcut().toString(QKeySequence.SequenceFormat.NativeText)
            yield Command(name, shortcut, action.trigger, action.isChecked())
