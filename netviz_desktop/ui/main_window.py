"""The window: the graph in its middle, docks around it, and everything a person can do."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from functools import partial
from pathlib import Path

from PySide6.QtCore import QEvent, QMimeData, QSize, Qt, QTimer
from PySide6.QtGui import (
    QCloseEvent,
    QDragEnterEvent,
    QDropEvent,
    QGuiApplication,
    QKeyEvent,
    QMouseEvent,
    QPaintEvent,
)
from PySide6.QtWidgets import QMainWindow, QStackedWidget, QVBoxLayout, QWidget

from netviz_desktop import resource
from netviz_desktop.link.messages import ModelOpened, RunFinished
from netviz_desktop.problems import Problem
from netviz_desktop.ui import theme
from netviz_desktop.ui.actions import Actions
from netviz_desktop.ui.arrangement import Arrangement
from netviz_desktop.ui.banner import Banner, Remedy
from netviz_desktop.ui.empty_state import EmptyState
from netviz_desktop.ui.engine_client import EngineClient
from netviz_desktop.ui.operations.about import about
from netviz_desktop.ui.operations.architecture import ask_architecture, recognised
from netviz_desktop.ui.operations.bookmarks import Bookmarks
from netviz_desktop.ui.operations.choose_member import ask_member
from netviz_desktop.ui.operations.export_graph import choose_export, export
from netviz_desktop.ui.operations.find import FindBar
from netviz_desktop.ui.operations.give_inputs import GiveInputs
from netviz_desktop.ui.operations.last_session import LastSession
from netviz_desktop.ui.operations.model_code import ModelCodeDialog
from netviz_desktop.ui.operations.open_files import local_files, open_in_own_window, sort_files
from netviz_desktop.ui.operations.open_image import (
    OpenImage,
    choose_image,
    choose_image_folder,
    load,
)
from netviz_desktop.ui.operations.open_model import OpenModel, choose_class_names, choose_model
from netviz_desktop.ui.operations.overlays import Overlays, choose_values
from netviz_desktop.ui.operations.pages import Pages
from netviz_desktop.ui.operations.palette import Palette
from netviz_desktop.ui.operations.preparation import Preparation
from netviz_desktop.ui.operations.report import ReportDialog, Reports
from netviz_desktop.ui.operations.restore import Restore
from netviz_desktop.ui.operations.trust import ask_trust
from netviz_desktop.ui.scene import GraphView, History, Legend, Minimap
from netviz_desktop.ui.selection import Page, Selection
from netviz_desktop.ui.settings import FLAGS, Settings
from netviz_desktop.ui.status_bar import StatusBar
from netviz_desktop.ui.widgets.breadcrumbs import Breadcrumbs
from netviz_desktop.ui.widgets.numbers import size

_SIZE = QSize(1600, 1000)
_LEAST_GRAPH = 240  # pixels: with all docks beside it, the window fits a screen of 1024


class MainWindow(QMainWindow):
    """Shows at once, and brings in the docks (and pyqtgraph) after its first painting.

    Args:
        engine: started or not; the window ends it when it closes.
    """

    def __init__(self, engine: EngineClient, settings: Settings) -> None:
        super().__init__()
        self.setObjectName("MainWindow")
        self.engine = engine
        self.settings = settings
        self.selection = Selection(self)
        self.reports = Reports(engine, self)
        self.models = OpenModel(engine, self.selection, settings, self)
        # before the images: a model that opens runs at once, prepared as is remembered
        self.preparation = Preparation(self.selection, settings, self)
        self.images = OpenImage(engine, self.selection, self)
        self.images.memory_gb = settings.memory_gb
        self.inputs = GiveInputs(self.images, self.selection, settings, self)
        self.restore = Restore(engine, self.models, self.images, self)
        self._painted = False
        self._furnishing = self._bring_docks()

        self.view = GraphView(engine, self.selection)
        self.history = History(self.view, self.selection, self)
        self.last_session = LastSession(
            self.models, self.images, self.selection, self.view, settings, self
        )
        self.bookmarks = Bookmarks(self.selection, settings, self)
        self.overlays = Overlays(engine, self.selection, self)
        self.minimap, self.legend = Minimap(self.view), Legend(self.view, self.overlays)
        self.empty = EmptyState(self)
        self.banner = Banner(self)
        self.find_bar = FindBar(self.view, self.selection, self)
        self.pages = Pages(engine, self.selection, self)
        self.breadcrumbs = Breadcrumbs(self)
        self._stack = QStackedWidget(self)
        self._compose()
        self.status = StatusBar(engine, self)
        self.setStatusBar(self.status)
        self.command_palette = Palette(
            self.menuBar().actions, lambda: self.selection.graph, settings, self
        )
        self.commands = Actions(self)
        self.arrangement = Arrangement(self, settings, self.commands.panels_menu)
        self.setAcceptDrops(True)
        for part in (self.view, self.view.viewport()):
            part.setAcceptDrops(False)  # what is dropped on the graph is dropped on the window
        self._connect()
        for flag in FLAGS:
            self._apply_flag(flag, settings.flag(flag))
        self.empty.set_recent(settings.recent)
        self._set_title(None)
        self.resize(_SIZE.boundedTo(self.screen().availableSize()))
        if not settings.geometry.isEmpty():
            self.restoreGeometry(settings.geometry)

    def _compose(self) -> None:
        """The graph, or what is there before, with the bars above it."""
        self._stack.addWidget(self.empty)
        self._stack.addWidget(self.view)
        self._stack.setMinimumWidth(_LEAST_GRAPH)
        middle = QWidget(self)
        column = QVBoxLayout(middle)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        for bar in (self.banner, self.find_bar, self.breadcrumbs):
            column.addWidget(bar)
        column.addWidget(self._stack, 1)
        self.setCentralWidget(middle)

    # --- opening ------------------------------------------------------------------------

    def open_files(
        self,
        paths: Iterable[str],
        *,
        trust: bool = False,
        model_code: str | None = None,
        labels: str | None = None,
        architecture: str | None = None,
        member: str | None = None,
    ) -> None:
        """Models, images and arrays, told apart by their content. The first model opens here,
        the others in windows of their own. Of several images the first runs, and the others
        can be gone through; of arrays the last one counts."""
        models, images, arrays = sort_files(paths)
        if models:
            try:
                self.images.pending = load(images[0]) if images else None
            except Problem as problem:
                self.tell(problem)
            if images:
                self.selection.set_images(tuple(images), images[0])
            self.inputs.pending = arrays[-1] if arrays else None
            self.models.open(
                models[0],
                trust=trust,
                model_code=model_code,
                labels=labels,
                architecture=architecture,
                member=member,
            )
        elif arrays:
            self.inputs.open(arrays[-1])
        elif images:
            self.images.open_several(images)
        for model in models[1:]:
            open_in_own_window(model)

    def open_demo(self) -> None:
        self.open_files(
            [str(resource.path(resource.DEMO_MODEL)), str(resource.path(resource.DEMO_IMAGE))]
        )

    def choose_model(self) -> None:
        formats = self.engine.hello.formats if self.engine.hello is not None else ()
        choose_model(self, formats, self.settings, lambda path: self.open_files([path]))

    def choose_image(self) -> None:
        choose_image(self, self.settings, self.images.open)

    def choose_image_folder(self) -> None:
        choose_image_folder(self, self.settings, self.images.open_folder)

    def paste(self) -> None:
        """An image, or files, from the clipboard."""
        self._take(QGuiApplication.clipboard().mimeData())

    def ask_trust(self) -> None:
        if self.selection.model is not None:
            ask_trust(self, Path(self.selection.model.path).name, self.models.trust)

    def ask_model_code(self) -> None:
        if self.selection.model is None or self.models.request is None:
            return
        name = Path(self.selection.model.path).name
        dialog = ModelCodeDialog(name, self.models.request.model_code or "", self)
        dialog.accepted.connect(lambda: self.models.with_code(dialog.code))
        dialog.open()

    def choose_class_names(self) -> None:
        choose_class_names(self, self.settings, self.models.with_labels)

    def ask_architecture(self) -> None:
        if self.selection.model is not None:
            ask_architecture(self, self.selection.model, self.models.with_architecture)

    def choose_values(self) -> None:
        choose_values(self, self.settings, self.open_values)

    def open_values(self, path: str) -> None:
        """Colour the graph by what a file says of nodes."""
        if said := self.overlays.open_file(path):
            self.status.say(said)

    def forget_recent(self) -> None:
        self.settings.forget_recent()
        self.empty.set_recent([])
        self.commands.refresh()

    # --- what is said -------------------------------------------------------------------

    def tell(self, problem: Problem) -> None:
        """What went wrong."""
        self.status.say("")  # what it said was being done has ended
        self.banner.show_problem(problem, self._ways_to(problem.node))

    def show_node(self, node: str) -> None:
        """Select a node of the model, and bring it to the middle."""
        self.selection.set_pages(())
        self.selection.set_node(node)
        self.view.center_on(node)

    def tell_defect(self, summary: str) -> None:
        """The program, not what it was given, is at fault; it goes on."""
        self.banner.show_problem(
            Problem(
                f"NetViz Desktop met a defect of its own: {summary}",
                "The program goes on; the report shows what to send us.",
            ),
            [("Report…", self.show_report)],
        )

    def show_report(self) -> None:
        ReportDialog(self.reports.text(), _REPORT_HEADLINE, self).open()

    def show_about(self) -> None:
        about(self, self.engine.hello).open()

    # --- how it looks -------------------------------------------------------------------

    def set_flag(self, flag: str, on: bool) -> None:
        """Switch one of the View menu's toggles, and remember it."""
        self.settings.set_flag(flag, on)
        self._apply_flag(flag, on)

    def set_theme(self, choice: str) -> None:
        self.settings.theme = choice
        theme.apply(choice)

    def set_memory(self, gigabytes: int) -> None:
        """How much a run may keep in memory; 0: a quarter of the machine's."""
        self.settings.memory_gb = self.images.memory_gb = gigabytes

    def reset_layout(self) -> None:
        self.arrangement.reset()

    def toggle_full_screen(self) -> None:
        self.setWindowState(self.windowState() ^ Qt.WindowState.WindowFullScreen)

    def copy_node_name(self) -> None:
        node, edge = self.selection.selected_node, self.selection.edge
        name = edge.value if edge is not None else node and (node.name or node.id)
        if name:
            QGuiApplication.clipboard().setText(name)
            self.status.say(f"Copied “{name}”.")

    def choose_export(self, *, only_view: bool = False) -> None:
        if self.selection.model is not None:
            name = Path(self.selection.model.path).name
            then = partial(self.export, only_view=only_view)
            choose_export(self, name, self.settings, then, only_view=only_view)

    def export(self, path: Path, *, only_view: bool = False) -> None:
        """The graph, or what of it is in view, as the suffix says."""
        try:
            export(self.view, self.selection, path, only_view=only_view)
        except Problem as problem:
            self.tell(problem)
        else:
            self.status.say(f"Saved {path}.")

    # --- what happens -------------------------------------------------------------------

    def furnish(self) -> None:
        """Bring in the docks now, as far as they are not here yet."""
        for _ in self._furnishing:
            pass

    def _furnish_bit_by_bit(self) -> None:
        if next(self._furnishing, "done") != "done":
            QTimer.singleShot(0, self, self._furnish_bit_by_bit)

    def _bring_docks(self) -> Iterator[None]:
        """Gives the window a chance to answer between one dock and the next."""
        import pyqtgraph  # noqa: F401 - most of the time that the docks take

        yield
        from netviz_desktop.ui import docks

        kinds = docks.kinds()
        made = []
        for kind in kinds:
            yield
            made.append(kind(self.engine, self.selection, self))
            made[-1].remember(self.settings)
            made[-1].hide()
        self.arrangement.furnish(made)

    def _connect(self) -> None:
        self.models.started.connect(self._opening)
        self.models.ended.connect(self._opening_ended)
        self.models.failed.connect(self._refused)
        for operation in (self.images, self.inputs, self.restore, self.pages, self.overlays):
            operation.failed.connect(self.tell)
        self.legend.node_chosen.connect(self.show_node)
        self.images.noted.connect(self.status.say)
        self.view.noted.connect(self.status.say)
        self.bookmarks.said.connect(self.status.say)
        self.bookmarks.changed.connect(lambda: self.view.mark_nodes(self.bookmarks.nodes))
        for way in (self.bookmarks.asked, self.command_palette.node_asked):
            way.connect(self.show_node)
        self.command_palette.closed.connect(self.view.setFocus)
        self.view.tracing.said.connect(self.status.say)
        self.restore.done.connect(lambda: self.status.say("The engine is back; nothing was lost."))
        self.reports.added.connect(self.tell_defect)
        self.view.type_asked.connect(self.find_bar.find_type)
        self.selection.model_changed.connect(self._model_changed)
        self.selection.page_changed.connect(self._page_changed)
        self.breadcrumbs.chosen.connect(self.selection.leave_to)
        self.selection.run_changed.connect(self._run_changed)
        self.empty.open_asked.connect(self.choose_model)
        self.empty.demo_asked.connect(self.open_demo)
        self.empty.recent_asked.connect(lambda path: self.open_files([path]))

    def _opening(self, path: str) -> None:
        self.banner.dismiss()
        self.status.say(f"Opening {Path(path).name}…")
        self.empty.say(f"Opening {Path(path).name}…")

    def _refused(self, problem: Problem) -> None:
        """Of several models in one file, the person chooses."""
        refused = self.models.refused
        if refused is None or not problem.choices or refused.architecture not in (None, "none"):
            self.tell(problem)
            return

        def ask() -> None:
            ask_member(self, Path(refused.path).name, problem.choices, self.models.with_member)

        self.status.say("")
        self.banner.show_problem(problem, [("Choose…", ask)], error=False)
        ask()

    def _opening_ended(self) -> None:
        self.images.pending = self.inputs.pending = None
        self.empty.say("")
        if self.selection.model is None:
            self.status.say("")

    def _model_changed(self, model: ModelOpened | None) -> None:
        self._set_title(model)
        self._stack.setCurrentWidget(self.empty if model is None else self.view)
        self.empty.set_recent(self.settings.recent)
        self.commands.refresh()
        self.banner.dismiss()
        self.status.set_summary("" if model is None else _summary(model))
        if model is None:
            self.status.say("")
            self.find_bar.hide()
            self.arrangement.hide()
            return
        self.status.say(f"Opened {Path(model.path).name}.")
        self.furnish()
        self.arrangement.show()
        if model.structure_only is not None:
            self.banner.show_problem(
                Problem(*model.structure_only), self._remedies(model), error=False
            )
        elif model.architecture and not self._has_chosen_architecture():
            self.banner.show_problem(
                recognised(model), [("Change…", self.ask_architecture)], error=False
            )

    def _page_changed(self, pages: tuple[Page, ...]) -> None:
        model = self.selection.model
        names = [Path(model.path).name] if model is not None else []
        titles = [f"{page.holder} › {page.title}" for page in pages]
        self.breadcrumbs.set_steps([*names, *titles])

    def _has_chosen_architecture(self) -> bool:
        return self.models.request is not None and self.models.request.architecture is not None

    def _run_changed(self, run: RunFinished | None) -> None:
        if run is not None and self.banner.is_error:
            self.banner.dismiss()

    def _remedies(self, model: ModelOpened) -> list[Remedy]:
        remedies = self._ways_to(model.stopped_at)
        if model.can_be_trusted:
            remedies.append(("Trust and run…", self.ask_trust))
        if model.needs_code:
            remedies.append(("Model code…", self.ask_model_code))
        if model.architectures:
            remedies.append(("Architecture…", self.ask_architecture))
        return remedies

    def _ways_to(self, node: str) -> list[Remedy]:
        graph = self.selection.whole
        if not node or graph is None or node not in graph:
            return []
        return [("Show node", partial(self.show_node, node))]

    def _apply_flag(self, flag: str, on: bool) -> None:
        if flag == "minimap":
            self.minimap.setVisible(on)
        elif flag == "left_to_right":
            self.view.left_to_right = on
        elif flag == "wheel_zooms":
            self.view.wheel_zooms = on
        else:
            setattr(self.view, f"show_{flag}", on)

    def _set_title(self, model: ModelOpened | None) -> None:
        name = "NetViz Desktop"
        self.setWindowTitle(f"{Path(model.path).name} — {name}" if model is not None else name)

    def _take(self, mime: QMimeData) -> None:
        if paths := local_files(mime):
            self.open_files(paths)
        else:
            self.images.paste(mime)

    # --- Qt's events --------------------------------------------------------------------

    def paintEvent(self, event: QPaintEvent) -> None:
        super().paintEvent(event)
        if not self._painted:
            self._painted = True
            QTimer.singleShot(0, self, self._furnish_bit_by_bit)

    def dragEnterEvent(self, event: QDragEnterEvent) -> None:
        if local_files(event.mimeData()) or event.mimeData().hasImage():
            event.acceptProposedAction()

    def dropEvent(self, event: QDropEvent) -> None:
        event.acceptProposedAction()
        # after the drop: the program that we got it from waits for its end
        QTimer.singleShot(0, self, partial(self._take, _copy(event.mimeData())))

    def mousePressEvent(self, event: QMouseEvent) -> None:
        if event.button() == Qt.MouseButton.BackButton:
            self.history.back()
        elif event.button() == Qt.MouseButton.ForwardButton:
            self.history.forward()
        else:
            super().mousePressEvent(event)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() != Qt.Key.Key_Escape:
            super().keyPressEvent(event)
        elif self.find_bar.isVisible():
            self.find_bar.dismiss()
        elif self.banner.isVisible():
            self.banner.dismiss()
        else:
            self.view.escape()

    def changeEvent(self, event: QEvent) -> None:
        if event.type() == QEvent.Type.PaletteChange and hasattr(self, "commands"):
            self.commands.draw_icons()
        super().changeEvent(event)

    def closeEvent(self, event: QCloseEvent) -> None:
        self.settings.geometry = self.saveGeometry()
        self.arrangement.save()
        self.last_session.keep()
        self.engine.close()
        super().closeEvent(event)


_REPORT_HEADLINE = (
    "If something went wrong, copy this into a report. It stays on this computer until you send it."
)


def _copy(mime: QMimeData) -> QMimeData:
    """What a drop holds, to keep beyond its event."""
    copy = QMimeData()
    if mime.hasUrls():
        copy.setUrls(mime.urls())
    if mime.hasImage():
        copy.setImageData(mime.imageData())
    return copy


def _summary(model: ModelOpened) -> str:
    graph = model.graph
    nodes = f"{len(graph.nodes):,} node{'s' if len(graph.nodes) != 1 else ''}"
    return "  ·  ".join(
        [
            graph.format,
            nodes,
            f"{_short_count(graph.parameter_count)} parameters",
            size(model.size_bytes),
        ]
    )


def _short_count(count: int) -> str:
    for unit, suffix in ((1e9, " G"), (1e6, " M"), (1e3, " k")):
        if count >= unit:
            return f"{count / unit:.3g}{suffix}"
    return str(count)
