"""Ask which of several models in an archive or a folder is meant."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from PySide6.QtWidgets import QWidget

from netviz_desktop.ui.widgets.choice import ChoiceDialog


def ask_member(
    parent: QWidget, file_name: str, models: Sequence[str], then: Callable[[str], object]
) -> ChoiceDialog:
    """The question; `then` is called with the one that is chosen."""
    dialog = ChoiceDialog(
        "Choose a model", f"{file_name} holds several models. Which one?", models, parent=parent
    )
    dialog.accepted.connect(lambda: then(dialog.chosen))
    dialog.open()
    return dialog
