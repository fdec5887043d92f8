"""From what is open to what is open after one more step: a scope opened, closed, stepped."""

from __future__ import annotations

from netviz_desktop.graph.scopes import Opened, Scope, Scopes


def toggled(scopes: Scopes, opened: Opened, scope: Scope) -> Opened:
    """With a scope opened, or closed. A run opens at its first member."""
    found, steps = set(opened.scopes), dict(opened.steps or {})
    if scope.id in found:
        found.discard(scope.id)
    elif scope.id in scopes.by_id:
        found.add(scope.id)
        steps.pop(scope.id, None)
        if scope.members:
            steps[scope.id] = 0
            found.add(scopes.all[scope.members[0]].id)
    else:  # a part of a run that is open at another member: it opens at its own first one
        first = scopes.all[scope.members[0]]
        if (run := scopes.parent(first)) is not None:
            steps[run.id] = run.members.index(scope.members[0])
            found.add(first.id)
    return Opened(frozenset(found), steps)


def stepped(scopes: Scopes, opened: Opened, run: Scope, by: int) -> Opened:
    """With the next member of an open run; before the first and after the last, all."""
    step, count = opened.step(run.id), len(run.members)
    steps = dict(opened.steps or {})
    at = (0 if by > 0 else count - 1) if step is None else step + by
    found = set(opened.scopes)
    members = [scopes.all[member].id for member in run.members]
    shows_inside = step is None or members[step] in found
    found -= set(members)
    if 0 <= at < count:
        steps[run.id] = at
        found |= {members[at]} if shows_inside else set()
    else:
        steps.pop(run.id, None)
    return Opened(frozenset(found), steps)
