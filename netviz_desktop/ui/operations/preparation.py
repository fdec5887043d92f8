"""How images are prepared for a model, as the person set it: remembered for each model file."""

from __future__ import annotations

from PySide6.QtCore import QObject

from netviz_desktop.link.messages import ModelOpened, Preprocessing
from netviz_desktop.ui.selection import Selection
from netviz_desktop.ui.settings import Settings


class Preparation(QObject):
    """Works by itself: what is set is written down, and is there when the model opens again."""

    def __init__(
        self, selection: Selection, settings: Settings, parent: QObject | None = None
    ) -> None:
        super().__init__(parent)
        self._selection = selection
        self._settings = settings
        selection.model_changed.connect(self._model_changed)
        selection.preprocessing_changed.connect(self._changed)

    def _model_changed(self, model: ModelOpened | None) -> None:
        how = None
        if model is not None and model.preprocessing is not None:
            how = self._settings.preprocessing(model.path)
            # the file may be another model by now
            if how is not None and not _fits(how, model.preprocessing):
                how = None
        self._selection.preprocessing = how  # said by the model's own signal

    def _changed(self, how: Preprocessing | None) -> None:
        model = self._selection.model
        if model is not None:
            self._settings.set_preprocessing(model.path, how)


def _fits(how: Preprocessing, inferred: Preprocessing) -> bool:
    return (how.channels, how.layout) == (inferred.channels, inferred.layout)
