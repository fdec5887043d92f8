"""Say which network weights were recognised as, and let the person choose another."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from PySide6.QtWidgets import QWidget

from netviz_desktop.link.messages import ModelOpened
from netviz_desktop.problems import Problem
from netviz_desktop.ui.widgets.choice import ChoiceDialog

_NONE = "none"
_NONE_LABEL = "None: the weights alone"


def recognised(model: ModelOpened) -> Problem:
    """What is good to know after weights were opened as those of a network."""
    others = [name for name in model.architectures if name != model.architecture]
    rest = "If it is another network, choose that one with “Change…”."
    if others:
        named = ", ".join(others[:2]) + (", …" if len(others) > 2 else "")
        rest = (
            f"{len(others)} other{'s' if len(others) > 1 else ''} would fit as well ({named}): "
            "“Change…” lets you choose."
        )
    return Problem(f"Recognised as {model.architecture} by its weights' names and shapes.", rest)


def ask_architecture(
    parent: QWidget, model: ModelOpened, then: Callable[[str], object]
) -> ChoiceDialog:
    """The question; `then` is called with a name, or "none"."""
    dialog = ChoiceDialog(
        "Architecture",
        f"{Path(model.path).name} holds weights alone. Which network do they belong to? "
        "Each of these has weights of the same names and shapes.",
        [*model.architectures, _NONE_LABEL],
        current=model.architecture or _NONE_LABEL,
        other="Another, as timm or torchvision calls it: vit_base_patch16_224",
        parent=parent,
    )
    dialog.accepted.connect(lambda: then(_NONE if dialog.chosen == _NONE_LABEL else dialog.chosen))
    dialog.open()
    return dialog
