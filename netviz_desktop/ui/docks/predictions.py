"""What the model takes the image for; a click chooses the class that is explained."""

from __future__ import annotations

from PySide6.QtCore import QModelIndex, QStringListModel, Qt
from PySide6.QtWidgets import (
    QCompleter,
    QLineEdit,
    QListView,
    QPushButton,
    QStackedWidget,
    QWidget,
)

from netviz_desktop.problems import Problem
from netviz_desktop.ui.docks._following import Following
from netviz_desktop.ui.docks._reasons import finished_run
from netviz_desktop.ui.docks._targets import class_count, class_label, target_in_view
from netviz_desktop.ui.engine_client import EngineClient
from netviz_desktop.ui.selection import Selection
from netviz_desktop.ui.widgets.labels import Caption, Message
from netviz_desktop.ui.widgets.layouts import GRID, column, row
from netviz_desktop.ui.widgets.score_list import Score, ScoreList

_SCORES = {
    "softmax": "Score (softmax over all classes), and the logit before it.",
    "sigmoid": "Score (sigmoid, each class on its own), and the logit before it.",
    "": "The output as it is.",
}


class Predictions(Following):
    ID = "predictions"
    TITLE = "Prediction"
    AREA = Qt.DockWidgetArea.LeftDockWidgetArea
    ORDER = 20
    FOLLOWS = ("model", "run", "target", "stop")

    def __init__(
        self, engine: EngineClient, selection: Selection, parent: QWidget | None = None
    ) -> None:
        super().__init__(engine, selection, parent)
        self.scores = ScoreList()
        self.scores.chosen.connect(self._choose)
        self.search = QLineEdit()
        self.search.setPlaceholderText("Other class…")
        self.search.setToolTip("Any class, by its name or index")
        self.search.setClearButtonEnabled(True)
        self.search.returnPressed.connect(self._search)
        self.predicted = QPushButton("Predicted")
        self.predicted.setToolTip("Explain the class with the highest score")
        self.predicted.clicked.connect(lambda: self.selection.set_target(None))
        self._names = QStringListModel(self)
        self._completer = QCompleter(self._names, self)
        self._completer.setFilterMode(Qt.MatchFlag.MatchContains)
        self._completer.setCaseSensitivity(Qt.CaseSensitivity.CaseInsensitive)
        self._completer.activated[QModelIndex].connect(  # type: ignore[index]  # not in the stubs
            self._completed
        )
        popup = QListView()
        popup.setUniformItemSizes(True)
        self._completer.setPopup(popup)
        self.search.setCompleter(self._completer)
        self.caption = Caption()
        self.message = Message()
        content = QWidget()
        layout = column(content, self.scores, row(self.search, self.predicted), self.caption)
        layout.setStretch(0, 1)
        self._pages = QStackedWidget()
        self._pages.addWidget(self.message)
        self._pages.addWidget(content)
        frame = QWidget()
        column(frame, self._pages, margin=GRID)
        self.setWidget(frame)

    def refresh(self) -> None:
        run = finished_run(self.selection)
        if isinstance(run, Problem):
            self._say(run.what, run.remedy)
        elif run.stopped is not None:
            self._say("The run stopped before it gave a score.", "Its last node says why.")
        elif not run.predictions:
            self._say("The output of this model is not a list of classes.", "")
        else:
            self._draw()
            self._pages.setCurrentIndex(1)
        self.shown.emit(self.selection.node or "")

    def _say(self, what: str, remedy: str) -> None:
        self.message.say(what, remedy)
        self._pages.setCurrentIndex(0)

    def _draw(self) -> None:
        run, target = self.selection.run, target_in_view(self.selection)
        assert run is not None
        scores = [
            Score(
                p.target,
                class_label(self.selection, p.target),
                p.score if run.score_kind else None,
                p.logit,
            )
            for p in run.predictions
        ]
        if target is not None and all(score.target != target for score in scores):
            scores.append(Score(target, class_label(self.selection, target), None, None))
        self.scores.show_scores(scores, target)
        self.predicted.setEnabled(self.selection.target is not None)
        self.caption.say(_SCORES.get(run.score_kind, ""))
        names = [
            f"{index}  {class_label(self.selection, index)}"
            for index in range(class_count(self.selection))
        ]
        if names != self._names.stringList():
            self._names.setStringList(names)

    def _choose(self, target: int) -> None:
        run = self.selection.run
        if run is None:
            return
        # the predicted class stays what follows the next image
        predicted = target == run.predictions[0].target
        self.selection.set_target(None if predicted else target)

    def _completed(self, index: QModelIndex) -> None:
        self._choose(int(str(index.data()).split(maxsplit=1)[0]))

    def _search(self) -> None:
        """Enter: an index, or the first class whose name holds the text."""
        text = self.search.text().strip().casefold()
        if not text:
            return
        names = [name.casefold() for name in self._names.stringList()]
        number = text.split(maxsplit=1)[0]
        if number.isdecimal() and int(number) < len(names):
            self._choose(int(number))
            return
        found = [index for index, name in enumerate(names) if text in name]
        if found:
            self._choose(found[0])


DOCK = Predictions
