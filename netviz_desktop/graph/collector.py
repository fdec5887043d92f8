"""Work that makes many objects and no cycles."""

from __future__ import annotations

import gc
from collections.abc import Iterator
from contextlib import contextmanager

_keeps = False


def keep() -> None:
    """What there is now stays to the end: nobody looks for cycles among it again."""
    global _keeps  # noqa: PLW0603 - as the collector's own state, there is one in a process
    _keeps = True
    gc.freeze()


@contextmanager
def at_rest() -> Iterator[None]:
    """Nobody looks for cycles meanwhile: among the objects of a large graph, that takes as
    long as the work itself; among what torch has imported, a tenth of a run of ResNet-50."""
    was_enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_enabled:
            if not _keeps:  # or what is kept would be set free
                # What has been made is as good as old: as young, all of it would be looked
                # through as soon as the next object is made.
                gc.freeze()
                gc.unfreeze()
            gc.enable()
