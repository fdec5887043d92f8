"""The Go menu: from where one is in a graph to somewhere else."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING

from PySide6.QtCore import Qt
from PySide6.QtGui import QAction, QKeySequence
from PySide6.QtWidgets import QMenu

if TYPE_CHECKING:
    from netviz_desktop.ui.main_window import MainWindow

_MOST = 30  # bookmarks in a menu


class GoMenu:
    """Fills the menu, and keeps enabled what leads somewhere.

    Args:
        add: makes an action of a menu, a text, what is done, and a key.
    """

    def __init__(self, menu: QMenu, add: Callable[..., QAction], window: MainWindow) -> None:
        history = window.history
        self._history = history
        self.back = add(menu, "&Back", history.back, "Alt+Left")
        self.back.setShortcuts([QKeySequence("Alt+Left"), QKeySequence(Qt.Key.Key_Back)])
        self.forward = add(menu, "&Forward", history.forward, "Alt+Right")
        self.forward.setShortcuts([QKeySequence("Alt+Right"), QKeySequence(Qt.Key.Key_Forward)])
        tracing = window.view.tracing
        menu.addSeparator()
        for text, trace, key in (
            ("Trace &Inputs", tracing.inputs, "Ctrl+Shift+Up"),
            ("Trace &Outputs", tracing.outputs, "Ctrl+Shift+Down"),
            ("Trace Bo&th", tracing.both, "Ctrl+T"),
            ("&Path Between Two Nodes", tracing.path, "Ctrl+J"),
        ):
            add(menu, text, trace, key, needs_model=True)
        selection = window.selection
        self._selection = selection
        self._end = add(menu, "&End Tracing", tracing.end)
        menu.addSeparator()
        self._out = add(menu, "Out of the &Inner Graph", self._leave, "Alt+Up")
        selection.page_changed.connect(self._refresh)
        menu.addSeparator()
        bookmarks = window.bookmarks
        add(menu, "Bookmar&k This Node", bookmarks.toggle, "Ctrl+B", needs_model=True)
        add(menu, "&Next Bookmark", bookmarks.next, "F2", needs_model=True)
        add(menu, "Pre&vious Bookmark", bookmarks.previous, "Shift+F2", needs_model=True)
        self._bookmarks, self._marked = bookmarks, menu.addMenu("Book&marks")
        self._marked.aboutToShow.connect(self._fill)
        bookmarks.changed.connect(self._refresh)
        menu.addSeparator()
        self.palette = add(menu, "&Command Palette…", window.command_palette.begin, "Ctrl+Shift+P")
        self.palette.setShortcuts([QKeySequence("Ctrl+Shift+P"), QKeySequence("F1")])
        tracing.changed.connect(self._refresh)
        self._tracing = tracing
        history.changed.connect(self._refresh)
        self._refresh()

    def _refresh(self) -> None:
        self.back.setEnabled(self._history.can_go_back)
        self.forward.setEnabled(self._history.can_go_forward)
        self._end.setEnabled(self._tracing.is_active)
        self._out.setEnabled(bool(self._selection.pages))
        self._marked.menuAction().setEnabled(bool(self._bookmarks.nodes))

    def _leave(self) -> None:
        self._selection.leave_to(len(self._selection.pages) - 1)

    def _fill(self) -> None:
        self._marked.clear()
        for node in self._bookmarks.nodes[:_MOST]:
            action = self._marked.addAction(node.replace("&", "&&"))
            action.triggered.connect(partial(self._bookmarks.asked.emit, node))
