"""What Qt needs before it draws without a screen."""

from __future__ import annotations

import os

from netviz_desktop.problems import Problem


def prepare_offscreen() -> None:
    """Must come before the first import of a widget.

    Raises:
        Problem: the machine lacks libraries or fonts; it says how to get them.
    """
    os.environ["QT_QPA_PLATFORM"] = "offscreen"
    from netviz_desktop.ui import preflight

    if (missing := preflight.missing()) is not None:
        what, _, remedy = missing.partition("\n")
        raise Problem(what, remedy)
