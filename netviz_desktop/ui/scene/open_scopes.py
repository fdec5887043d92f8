"""Which scopes of the graph in view are open, and which of them is in focus."""

from __future__ import annotations

from PySide6.QtCore import QObject, Signal

from netviz_desktop.graph import stepping
from netviz_desktop.graph.scopes import Opened, Scope, Scopes
from netviz_desktop.ui.selection import Selection


class OpenScopes(QObject):
    """Opens, closes and steps; whoever draws the graph follows."""

    changed = Signal(str)
    """The id of what should stay where it is in view; empty for anything."""

    def __init__(self, selection: Selection, parent: QObject) -> None:
        super().__init__(parent)
        self._selection = selection
        self.tree: Scopes | None = None
        self.opened = Opened()
        self._kept: dict[str, tuple[Scopes, Opened]] = {}
        """By the name of a graph inside a node, or "" for the whole, as it was left."""
        self._name = ""

    def take(self, tree: Scopes | None) -> None:
        """Of another graph; what was open stays so, if it is the same graph again."""
        if self.tree is not None:
            self._kept[self._name] = self.tree, self.opened
        pages = self._selection.pages
        self.tree, self._name = tree, pages[-1].name if pages else ""
        if tree is None:
            self.opened, self._kept = Opened(), {}
            return
        known, opened = self._kept.get(self._name, (None, Opened()))
        is_known = known is not None and known.by_id.keys() == tree.by_id.keys()
        self.opened = opened if is_known else tree.readable()

    def set(self, opened: Opened, anchor: str = "") -> None:
        """Have these open; what `anchor` names stays where it is in view."""
        if opened != self.opened:
            self.opened = opened
            self.changed.emit(anchor)

    def open_all(self) -> None:
        """Open every scope, and unfold every run."""
        if self.tree is not None:
            self.set(self.tree.everything())

    def open_to_level(self, level: int) -> None:
        """Open scopes with fewer than so many around them, and close the rest; 0 closes all."""
        if self.tree is not None:
            self.set(self.tree.to_level(level))

    def open_readable(self) -> None:
        """As when the model was opened."""
        if self.tree is not None:
            self.set(self.tree.readable())

    def open_around(self, node: str, anchor: str = "") -> None:
        """Open all that a node is in."""
        if self.tree is not None:
            self.set(self.tree.opened_to(node, self.opened), anchor)

    def toggle(self, scope: Scope) -> None:
        """Open a scope, or close it. A run opens at its first member."""
        if self.tree is not None:
            self.set(stepping.toggled(self.tree, self.opened, scope), scope.id)

    def toggle_with_around(self, scope: Scope) -> None:
        """Open a scope, and what is around it where that is closed; close it, if it is seen."""
        if self.tree is None:
            return
        inside = next(self.tree.nodes(scope)).id
        around = [outer.id for outer in self.tree.around(inside)]
        before = around[: around.index(scope.id)] if scope.id in around else []
        if self.opened.scopes.issuperset(before):
            self.toggle(scope)
            return
        opened = self.tree.opened_to(inside, self.opened)
        not_asked = set(around[len(before) + 1 :]) - self.opened.scopes
        self.set(Opened(opened.scopes - not_asked, opened.steps))

    def step(self, run: Scope, by: int) -> None:
        """Show the next member of an open run; before the first and after the last, all."""
        if self.tree is not None:
            self.set(stepping.stepped(self.tree, self.opened, run, by), run.id)

    def is_open(self, scope: Scope) -> bool:
        return scope.id in self.opened.scopes

    def in_focus(self) -> Scope | None:
        """The selected one, or the one around the selected node."""
        if self._selection.scope is not None:
            return self._selection.scope
        node = self._selection.node
        if self.tree is None or node is None or node not in self.tree.graph:
            return None
        around = [scope for scope in self.tree.around(node) if self.is_open(scope)]
        return around[-1] if around else None

    def close_around(self) -> None:
        """Close the selected scope, or what is around the selection, and select that."""
        scope = self.in_focus()
        if scope is not None and not self.is_open(scope):
            scope = self._parent(scope)
        if scope is not None:
            self._selection.set_scope(scope)
            self.toggle(scope)

    def step_in_focus(self, by: int) -> None:
        """Step through the open run around what is selected."""
        run = self.in_focus()
        while run is not None and not (run.members and self.is_open(run)):
            run = self._parent(run)
        if run is not None:
            self.step(run, by)

    def _parent(self, scope: Scope) -> Scope | None:
        known = self.tree.by_id.get(scope.id) if self.tree is not None else None
        return self.tree.parent(known) if self.tree is not None and known is not None else None
