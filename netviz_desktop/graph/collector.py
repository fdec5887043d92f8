"""Work that makes many objects and no cycles."""

from __future__ import annotations

import gc
from collections.abc import Iterator
from contextlib import contextmanager


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
            gc.enable()
