from __future__ import annotations

import json
from pathlib import Path

import pytest
from PySide6.QtCore import QMimeData, QPoint, QPointF, Qt, QUrl
from PySide6.QtGui import (
    QDragEnterEvent,
    QDropEvent,
    QGuiApplication,
    QImage,
    QKeySequence,
    QPalette,
)
from PySide6.QtSvg import QSvgRenderer
from PySide6.QtWidgets import QApplication, QMessageBox

from netviz_desktop import resource
from netviz_desktop.layout import place
from netviz_desktop.link.messages import (
    Crashed,
    Failed,
    LayOut,
    OpenModel,
    Placed,
    Progress,
    RunImage,
)
from netviz_desktop.problems import Problem
from netviz_desktop.ui import docks, main_window, theme
from netviz_desktop.ui.docks import Dock
from netviz_desktop.ui.main_window import MainWindow
from netviz_desktop.ui.operations.model_code import ModelCodeDialog
from netviz_desktop.ui.operations.report import ReportDialog
from netviz_desktop.ui.widgets.choice import ChoiceDialog


@pytest.fixture(autouse=True)
def light_docks(monkeypatch):
    """Docks that take no time to make, in the places of real ones."""

    def kind(name: str, **more: object) -> type[Dock]:
        return type(name, (Dock,), {"ID": name, "TITLE": name.capitalize(), **more})

    left = Qt.DockWidgetArea.LeftDockWidgetArea
    kinds = [kind("image", AREA=left), *map(kind, ("maps", "weights", "cam"))]
    kinds += [kind("first", TABS="both"), kind("second", TABS="both"), kind("spare", VISIBLE=False)]
    monkeypatch.setattr(docks, "kinds", lambda: kinds)


@pytest.fixture
def window(qtbot, engine, settings):
    window = MainWindow(engine, settings)
    qtbot.addWidget(window)
    window.show()
    qtbot.waitExposed(window)
    return window


@pytest.fixture
def open_model(window, engine, opened):
    """Opens a model in the window; what is special about it by name."""

    def open_it(path: str = "/models/a.onnx", **more: object) -> None:
        window.open_files([path])
        engine.answer(OpenModel, opened(path, **more))

    return open_it


def drop(window: MainWindow, mime: QMimeData) -> QDragEnterEvent:
    """As the desktop delivers a drop, first over the window and then on it."""
    modifiers, buttons = Qt.KeyboardModifier.NoModifier, Qt.MouseButton.LeftButton
    enter = QDragEnterEvent(QPoint(200, 200), Qt.DropAction.CopyAction, mime, buttons, modifiers)
    QApplication.sendEvent(window, enter)
    if enter.isAccepted():
        where = QPointF(200, 200)
        event = QDropEvent(where, Qt.DropAction.CopyAction, mime, buttons, modifiers)
        QApplication.sendEvent(window, event)
    return enter


def files(*paths: Path) -> QMimeData:
    mime = QMimeData()
    mime.setUrls([QUrl.fromLocalFile(str(path)) for path in paths])
    return mime


def test_it_invites_to_drop_a_model_while_nothing_is_open(window, engine):
    assert window.empty.isVisible()
    assert not window.view.isVisible()
    assert window.windowTitle() == "NetViz Desktop"
    assert engine.requests(OpenModel) == []


def test_a_model_in_view_brings_in_the_docks_and_its_name(window, open_model, qtbot):
    qtbot.waitUntil(lambda: bool(window.arrangement.docks))
    assert not any(dock.isVisible() for dock in window.arrangement.docks)

    open_model("/models/resnet.onnx")

    assert window.view.isVisible()
    assert window.windowTitle() == "resnet.onnx — NetViz Desktop"
    assert "1 node" in window.status.summary.text()
    shown = [dock for dock in window.arrangement.docks if dock.VISIBLE]
    assert shown
    assert all(not dock.isHidden() for dock in shown)


def test_a_model_and_an_image_dropped_together_are_both_opened(
    window, engine, opened, tmp_path, qtbot
):
    model, image = tmp_path / "a.onnx", tmp_path / "cat.png"
    model.write_bytes(b"\x08\x07")
    image.write_bytes(b"\x89PNG\r\n cat")

    drop(window, files(image, model))

    qtbot.waitUntil(lambda: engine.requests(OpenModel) == [OpenModel(str(model))])
    assert engine.requests(RunImage) == []
    engine.answer(OpenModel, opened(str(model)))
    assert engine.requests(RunImage) == [RunImage(b"\x89PNG\r\n cat", "cat.png")]


def test_further_models_get_windows_of_their_own(window, engine, monkeypatch):
    others: list[str] = []
    monkeypatch.setattr(main_window, "open_in_own_window", others.append)

    window.open_files(["/models/a.onnx", "/models/b.onnx", "/models/c.onnx"])

    assert [request.path for request in engine.requests(OpenModel)] == ["/models/a.onnx"]
    assert others == ["/models/b.onnx", "/models/c.onnx"]


def test_text_cannot_be_dropped(window, engine):
    mime = QMimeData()
    mime.setText("hello")

    assert not drop(window, mime).isAccepted()
    assert engine.requests(OpenModel) == []


def test_an_image_can_be_dropped_without_a_file(window, engine, open_model, qtbot):
    open_model()
    mime = QMimeData()
    mime.setImageData(QImage(3, 3, QImage.Format.Format_RGB32))

    drop(window, mime)

    qtbot.waitUntil(lambda: len(engine.requests(RunImage)) == 1)


def test_an_image_is_pasted_from_the_clipboard(window, engine, open_model):
    open_model()
    image = QImage(3, 3, QImage.Format.Format_RGB32)
    image.fill(Qt.GlobalColor.red)
    QGuiApplication.clipboard().setImage(image)

    window.commands.paste.trigger()

    assert engine.requests(RunImage)[0].data.startswith(b"\x89PNG")


def test_a_model_that_cannot_be_opened_is_said_and_nothing_is_lost(window, engine, open_model):
    open_model("/models/a.onnx")
    before = window.selection.model

    window.open_files(["/models/b.onnx"])
    engine.answer(OpenModel, Failed("b.onnx is empty.", "Download it again."))

    assert window.banner.isVisible()
    assert window.banner.problem.what == "b.onnx is empty."
    assert window.selection.model is before
    assert window.windowTitle() == "a.onnx — NetViz Desktop"
    assert window.status.message.text() == ""


@pytest.mark.usefixtures("look")
def test_the_invitation_can_be_read_after_the_theme_was_switched(window):
    theme.apply("light")
    theme.apply("dark")
    text = window.empty.explanation.palette().color(QPalette.ColorRole.WindowText)
    assert text.name() == theme.DARK.muted


def test_with_all_docks_it_fits_a_small_screen(qtbot, engine, settings, monkeypatch, opened):
    monkeypatch.undo()  # the docks are the real ones
    window = MainWindow(engine, settings)
    qtbot.addWidget(window)
    window.furnish()
    window.show()
    window.open_files(["/models/a-model-with-quite-a-long-name.onnx"])
    engine.answer(OpenModel, opened())
    assert window.minimumSizeHint().width() <= 1024
    assert window.minimumSizeHint().height() <= 700


def test_what_was_said_goes_with_the_next_success(window, engine, open_model):
    window.open_files(["/models/b.onnx"])
    engine.answer(OpenModel, Failed("b.onnx is empty.", "Download it again."))

    open_model("/models/a.onnx")

    assert not window.banner.isVisible()


def test_escape_dismisses_what_was_said(window, qtbot):
    window.tell(Problem("It failed.", "Try again."))

    qtbot.keyClick(window, Qt.Key.Key_Escape)

    assert not window.banner.isVisible()


def test_a_pickled_module_offers_to_trust_it_and_asks_once_more(window, engine, open_model):
    open_model(
        "/models/a.pt",
        structure_only=("a.pt holds code.", "Trust it, if you know it."),
        can_be_trusted=True,
    )
    assert window.banner.problem.what == "a.pt holds code."
    (button,) = window.banner.buttons
    button.click()
    box = window.findChild(QMessageBox)
    assert len(engine.requests(OpenModel)) == 1

    next(b for b in box.buttons() if b.text() == "Trust and run").click()

    assert engine.requests(OpenModel)[-1] == OpenModel("/models/a.pt", trust=True)


def test_the_node_that_stops_a_model_can_be_gone_to(window, open_model, monkeypatch):
    shown = []
    monkeypatch.setattr(window.view, "center_on", shown.append)
    open_model(nodes=("a", "b"), structure_only=("“b” is unknown.", "Export."), stopped_at="b")

    (button,) = window.banner.buttons
    button.click()

    assert window.selection.node == "b"
    assert shown == ["b"]


def test_the_node_that_stops_a_run_is_marked_until_the_next_run(window, engine, open_model):
    open_model(nodes=("a", "b"))
    window.images.run(_picture())

    engine.answer(RunImage, Failed("“b” could not be run.", "Check it.", "b"))

    assert window.banner.problem.what == "“b” could not be run."
    assert [button.text() for button in window.banner.buttons] == ["Show node"]
    assert window.selection.fault(window.selection.graph.node("b")) == "“b” could not be run."
    window.images.run(_picture())
    assert window.selection.stop is None


def test_declining_to_trust_asks_nothing_of_the_engine(window, engine, open_model):
    open_model("/models/a.pt", structure_only=("Code.", "Trust it."), can_be_trusted=True)
    window.commands.trust.trigger()
    box = window.findChild(QMessageBox)

    next(b for b in box.buttons() if b.text() == "Structure only").click()

    assert len(engine.requests(OpenModel)) == 1


def test_a_state_dict_is_opened_with_the_code_that_is_entered(window, engine, open_model):
    open_model("/models/a.pth", structure_only=("Weights alone.", "Name code."), needs_code=True)
    (button,) = window.banner.buttons
    button.click()
    dialog = window.findChild(ModelCodeDialog)
    assert not dialog._run.isEnabled()
    dialog.field.setText(" net.py:make ")

    dialog._run.click()

    assert engine.requests(OpenModel)[-1] == OpenModel("/models/a.pth", model_code="net.py:make")


def test_long_work_is_shown_and_can_be_cancelled(window, engine, open_model, qtbot):
    open_model()
    window.images.run(window.images.current or _picture())
    engine.answer(RunImage, Progress(0.25, "conv1"))
    qtbot.waitUntil(window.status.progress.isVisible)
    assert window.status.progress.value() == 250
    label = window.status._activity
    qtbot.waitUntil(lambda: label.width() >= label.sizeHint().width() > 0)

    window.status.cancel.click()

    assert not window.status.progress.isVisible()
    assert window.status.message.text() == "Cancelled."
    assert window.selection.run is None
    for timer in engine._overdue.values():
        timer.stop()


def test_short_work_is_not_shown(window, engine, open_model, finished):
    open_model()
    window.images.run(_picture())
    engine.answer(RunImage, finished())

    assert not window.status.progress.isVisible()
    assert "ran in 1 ms" in window.status.message.text()


def test_a_lost_engine_is_said_in_the_status_line(window, engine, open_model):
    open_model()

    engine.die()

    assert window.status.message.text() == "The engine was killed; it is being restarted."
    assert window.isVisible()


def test_a_defect_of_the_engine_can_be_read_in_the_report(window, engine):
    window.open_files(["/models/a.onnx"])
    engine.answer(OpenModel, Crashed("ValueError: no", "Traceback: line 7"))
    assert "ValueError: no" in window.banner.problem.what
    assert window.isVisible()

    window.show_report()

    text = window.findChild(ReportDialog).text.toPlainText()
    assert "ValueError: no" in text
    assert "Traceback: line 7" in text


def test_a_defect_of_the_window_is_said_with_the_way_to_its_report(window):
    window.reports.add("TypeError: no", "Traceback: line 9")
    assert "TypeError: no" in window.banner.problem.what
    (button,) = window.banner.buttons

    button.click()

    assert "Traceback: line 9" in window.findChild(ReportDialog).text.toPlainText()


@pytest.mark.parametrize(
    ("key", "flag", "name"),
    [
        ("Ctrl+D", "attributes", "show_attributes"),
        ("Ctrl+I", "weights", "show_weights"),
        ("Ctrl+U", "names", "show_names"),
        ("Ctrl+K", "left_to_right", "left_to_right"),
        ("Ctrl+M", "wheel_zooms", "wheel_zooms"),
    ],
)
def test_netrons_keys_switch_what_the_graph_shows(window, settings, open_model, key, flag, name):
    open_model()
    action = action_of(window, key)
    before = settings.flag(flag)
    assert getattr(window.view, name) is before

    action.trigger()

    assert getattr(window.view, name) is not before
    assert settings.flag(flag) is not before


@pytest.mark.parametrize(
    "key",
    [
        *("Ctrl+O", "Ctrl+F", "Ctrl+Shift+E", "F5", "F11", "Ctrl+W", "Ctrl+Q", "Ctrl+C", "Ctrl+V"),
        *("Shift+Up", "Shift+Down", "Shift+Backspace"),
    ],
)
def test_netrons_keys_are_there(window, open_model, key):
    open_model()

    assert action_of(window, key).isEnabled()


def test_no_key_means_two_things(window, open_model, settings, tmp_path):
    for number in range(3):
        (tmp_path / f"{number}.onnx").touch()
        settings.remember(str(tmp_path / f"{number}.onnx"))
    open_model()

    keys = [key.toString() for action in all_actions(window) for key in action.shortcuts()]

    assert sorted(keys) == sorted(set(keys))
    assert {"Ctrl+1", "Ctrl+2", "Ctrl+3"} <= set(keys)


def test_a_recent_model_is_opened_by_its_number(window, engine, settings, tmp_path):
    file = tmp_path / "recent.onnx"
    file.touch()
    settings.remember(str(file))
    window.commands.refresh()

    action_of(window, "Ctrl+1").trigger()

    assert engine.requests(OpenModel) == [OpenModel(str(file))]


def test_closing_the_model_brings_back_the_invitation(window, open_model):
    open_model()

    window.commands.close_model.trigger()

    assert window.empty.isVisible()
    assert window.windowTitle() == "NetViz Desktop"
    assert not any(dock.isVisible() for dock in window.arrangement.docks)
    assert not window.commands.find.isEnabled()


def test_finding_goes_from_one_node_to_the_next(window, open_model, qtbot):
    open_model()
    window.commands.find.trigger()
    assert window.find_bar.isVisible()
    qtbot.keyClicks(window.find_bar.field, "relu")
    assert window.find_bar.count.text() == "1 of 1"

    qtbot.keyClick(window.find_bar.field, Qt.Key.Key_Return)

    assert window.selection.node == "relu"
    qtbot.keyClick(window.find_bar.field, Qt.Key.Key_Escape)
    assert not window.find_bar.isVisible()


def test_enter_chooses_what_is_in_view_and_then_the_next(window, engine, opened, qtbot):
    window.open_files(["/models/a.onnx"])
    engine.answer(OpenModel, opened(nodes=("relu_a", "conv", "relu_b")))
    window.commands.find.trigger()
    qtbot.keyClicks(window.find_bar.field, "relu")
    assert window.find_bar.count.text() == "1 of 2"
    assert window.selection.node is None

    chosen = []
    for _ in range(3):
        qtbot.keyClick(window.find_bar.field, Qt.Key.Key_Return)
        chosen.append(window.selection.node)
    qtbot.keyClick(window.find_bar.field, Qt.Key.Key_Return, Qt.KeyboardModifier.ShiftModifier)

    assert chosen == ["relu_a", "relu_b", "relu_a"]
    assert window.selection.node == "relu_b"


def test_nothing_found_is_said(window, open_model, qtbot):
    open_model()
    window.commands.find.trigger()

    qtbot.keyClicks(window.find_bar.field, "transformer")

    assert window.find_bar.count.text() == "None"


def test_what_is_found_is_listed_with_where_it_was_found(window, open_model, qtbot):
    open_model()
    window.commands.find.trigger()

    qtbot.keyClicks(window.find_bar.field, "float32")

    model = window.find_bar.results.model()
    said = [model.index(0, column).data() for column in range(3)]
    assert said == ["relu", "Op", "data type: float32"]
    window.find_bar.results.clicked.emit(model.index(0, 0))
    assert window.selection.node == "relu"


def test_a_search_that_is_no_regular_expression_is_said_in_the_bar(window, open_model, qtbot):
    open_model()
    window.commands.find.trigger()
    window.find_bar.regular.click()

    qtbot.keyClicks(window.find_bar.field, "^re(")
    assert window.find_bar.refusal.isVisible()
    assert "no regular expression" in window.find_bar.refusal.text()

    qtbot.keyClicks(window.find_bar.field, "l)u$")
    assert not window.find_bar.refusal.isVisible()
    assert window.find_bar.count.text() == "1 of 1"


def test_all_nodes_of_the_selected_ones_type_are_found(window, engine, opened):
    window.open_files(["/models/a.onnx"])
    engine.answer(OpenModel, opened(nodes=("relu_a", "conv", "relu_b")))
    window.selection.set_node("conv")

    action_of(window, "Ctrl+Shift+A").trigger()

    assert window.find_bar.field.text() == 'op:"Op"'
    assert window.find_bar.found == ["relu_a", "conv", "relu_b"]
    assert window.find_bar.count.text() == "2 of 3"
    assert window.selection.node == "conv"
    assert set(window.selection.others) == {"relu_a", "relu_b"}


def test_all_that_is_found_is_selected_at_once(window, engine, opened, qtbot):
    window.open_files(["/models/a.onnx"])
    engine.answer(OpenModel, opened(nodes=("relu_a", "conv", "relu_b")))
    window.commands.find.trigger()
    qtbot.keyClicks(window.find_bar.field, "relu")
    assert window.selection.node is None

    qtbot.keyClick(window.find_bar.field, Qt.Key.Key_Return, Qt.KeyboardModifier.AltModifier)

    assert (window.selection.node, window.selection.others) == ("relu_a", ("relu_b",))


def test_f3_goes_on_without_the_bar(window, engine, opened, qtbot):
    window.open_files(["/models/a.onnx"])
    engine.answer(OpenModel, opened(nodes=("relu_a", "conv", "relu_b")))
    action_of(window, "F3").trigger()
    assert window.find_bar.isVisible()
    qtbot.keyClicks(window.find_bar.field, "relu")
    window.find_bar.dismiss()

    chosen = []
    for _ in range(2):
        action_of(window, "F3").trigger()
        chosen.append(window.selection.node)

    assert chosen == ["relu_a", "relu_b"]
    window.selection.set_model(opened(nodes=("other",)))
    action_of(window, "Shift+F3").trigger()
    assert window.find_bar.count.text() == "None"


def test_the_name_of_a_node_is_copied(window, open_model):
    open_model()
    window.selection.set_node("relu")

    action_of(window, "Ctrl+C").trigger()

    assert QGuiApplication.clipboard().text() == "relu"


def test_the_graph_is_saved_as_a_picture(window, engine, open_model, tmp_path):
    open_model()
    place_the_graph(engine)

    window.export(tmp_path / "graph.svg")

    assert "graph.svg" in window.status.message.text()
    assert (tmp_path / "graph.svg").stat().st_size > 0


def test_what_is_in_view_is_saved_as_a_picture(window, engine, open_model, tmp_path):
    open_model()
    place_the_graph(engine)
    window.view.zoom_to(4.0)

    window.export(tmp_path / "graph.svg")
    window.export(tmp_path / "view.svg", only_view=True)

    whole, part = (QSvgRenderer(str(tmp_path / f"{name}.svg")) for name in ("graph", "view"))
    assert part.defaultSize().height() < whole.defaultSize().height()


def test_the_graph_is_saved_as_a_page(window, engine, open_model, tmp_path):
    open_model()
    place_the_graph(engine)

    window.export(tmp_path / "graph.html")

    page = (tmp_path / "graph.html").read_text(encoding="utf-8")
    assert all(node.id in page for node in window.selection.graph.nodes)


def test_the_graph_is_saved_as_data(window, open_model, tmp_path):
    open_model()

    window.export(tmp_path / "graph.json")

    saved = json.loads((tmp_path / "graph.json").read_text(encoding="utf-8"))
    assert [node["id"] for node in saved["nodes"]] == [
        node.id for node in window.selection.graph.nodes
    ]


def test_a_picture_that_cannot_be_written_is_said(window, engine, open_model, tmp_path):
    open_model()
    place_the_graph(engine)

    window.export(tmp_path / "no such folder" / "graph.svg")

    assert window.banner.isVisible()


def test_the_layout_of_the_docks_is_remembered(window, engine, settings, open_model, qtbot):
    qtbot.waitUntil(lambda: bool(window.arrangement.docks))
    open_model()
    closed = window.arrangement.docks[0]
    closed.close()
    window.close()

    again = MainWindow(engine, settings)
    qtbot.addWidget(again)
    again.show()
    again.furnish()
    again.arrangement.show()

    states = {dock.ID: dock.isHidden() for dock in again.arrangement.docks}
    assert states.pop(closed.ID)
    assert not all(states.values())


def test_the_layout_can_be_reset(window, open_model, qtbot):
    qtbot.waitUntil(lambda: bool(window.arrangement.docks))
    open_model()
    closed, floating = window.arrangement.docks[:2]
    closed.close()
    floating.setFloating(True)

    window.commands.reset_layout.trigger()

    assert not closed.isHidden()
    assert not floating.isFloating()


def test_docks_of_the_right_area_stand_in_rows_of_two(window, open_model, qtbot):
    open_model()
    docks = {dock.ID: dock for dock in window.arrangement.docks}
    qtbot.waitUntil(lambda: docks["cam"].y() > docks["maps"].y())

    assert docks["maps"].y() == docks["weights"].y()
    assert docks["weights"].x() > docks["maps"].x() > docks["image"].x()
    assert docks["cam"].x() == docks["maps"].x()
    assert docks["second"] in window.tabifiedDockWidgets(docks["first"])
    assert docks["spare"].isHidden()


def test_the_real_docks_come_in_bit_by_bit(qtbot, engine, settings, monkeypatch):
    monkeypatch.undo()
    window = MainWindow(engine, settings)
    qtbot.addWidget(window)
    window.show()
    assert window.arrangement.docks == []

    qtbot.waitUntil(lambda: bool(window.arrangement.docks), timeout=20_000)

    shown = {dock.ID for dock in window.arrangement.docks}
    assert {"feature_maps", "gradients", "weights", "attribution", "predictions"} <= shown


def test_the_demo_is_a_model_with_an_image(window, engine, opened):
    window.commands.demo.trigger()

    path = str(resource.path(resource.DEMO_MODEL))
    assert engine.requests(OpenModel) == [OpenModel(path)]
    engine.answer(OpenModel, opened(path))
    assert engine.requests(RunImage)[0].name == "chelsea.png"


def test_recognised_weights_are_said_and_can_be_changed(window, engine, open_model):
    open_model(architecture="a: x", architectures=("a: x", "b: y"), needs_code=True)
    assert window.banner.isVisible()
    assert not window.banner.is_error
    assert window.commands.architecture.isEnabled()
    (change,) = window.banner.buttons
    change.click()
    dialog = window.findChild(ChoiceDialog)
    dialog.list.setCurrentRow(1)
    dialog.accept()

    assert engine.requests(OpenModel)[-1].architecture == "b: y"


def test_of_several_models_in_a_file_the_person_chooses(window, engine):
    window.open_files(["/models/a.zip"])
    engine.answer(OpenModel, Failed("a.zip holds 2.", "Choose.", choices=("x.onnx", "y.onnx")))
    dialog = window.findChild(ChoiceDialog)
    assert not window.banner.is_error
    dialog.list.setCurrentRow(1)
    dialog.accept()

    assert engine.requests(OpenModel)[-1].member == "y.onnx"


@pytest.mark.usefixtures("look")
def test_a_switched_theme_is_remembered(window, settings):
    window.set_theme("dark")
    assert window.palette().window().color().lightness() < 128
    window.set_theme("light")
    assert window.palette().window().color().lightness() > 128
    assert settings.theme == "light"


def all_actions(window: MainWindow) -> list:
    found = []
    menus = [action.menu() for action in window.menuBar().actions()]
    while menus:
        for action in menus.pop().actions():
            found.append(action)
            if action.menu() is not None:
                menus.append(action.menu())
    return found


def action_of(window: MainWindow, key: str):
    wanted = QKeySequence(key)
    (action,) = [a for a in all_actions(window) if wanted in a.shortcuts()]
    return action


def place_the_graph(engine) -> None:
    """Answers the question for a layout, if there is one."""
    from netviz_desktop import layout
    from netviz_desktop.link.messages import Placed

    for request in engine.requests(LayOut)[-1:]:
        placed = layout.place(request.boxes, request.edges, request.frames)
        engine.answer(LayOut, Placed(placed))


def _picture():
    from netviz_desktop.ui.operations.open_image import Picture

    return Picture("cat.png", b"cat")


@pytest.mark.parametrize("button", [Qt.MouseButton.BackButton, Qt.MouseButton.ForwardButton])
def test_the_buttons_at_the_side_of_a_mouse_go_back_and_forward(
    qtbot, window, open_model, engine, button
):
    open_model(nodes=("a", "b"))
    request = engine.requests(LayOut)[-1]
    engine.answer(LayOut, Placed(place(request.boxes, request.edges, request.frames)))
    selection = window.selection
    selection.set_node("a")
    selection.set_node("b")
    window.history.back()
    if button is Qt.MouseButton.BackButton:
        window.history.forward()
    before = selection.node

    qtbot.mouseClick(window.view.viewport(), button)

    assert (before, selection.node) in ((None, "b"), ("b", None))


def test_a_bookmarked_node_wears_a_ribbon_and_stands_in_the_menu(window, open_model, engine):
    open_model(nodes=("a", "b"))
    request = engine.requests(LayOut)[-1]
    engine.answer(LayOut, Placed(place(request.boxes, request.edges, request.frames)))
    window.selection.set_node("b")

    action_of(window, "Ctrl+B").trigger()

    assert window.view._item.marks.bookmarked == {window.view.chart.index["b"]}
    window.selection.set_node("a")
    action_of(window, "F2").trigger()
    assert window.selection.node == "b"
    menu = next(a.menu() for a in all_actions(window) if a.text() == "Book&marks")
    menu.aboutToShow.emit()
    assert [action.text() for action in menu.actions()] == ["b"]


def test_every_command_has_words_and_the_palette_finds_it(qtbot, window, open_model):
    open_model()
    action_of(window, "Ctrl+Shift+P").trigger()
    palette = window.command_palette
    assert palette.isVisible()

    qtbot.keyClicks(palette.field, "show names")
    qtbot.keyClick(palette.field, Qt.Key.Key_Return)

    assert window.view.show_names
    assert all(a.text() for a in all_actions(window) if not a.isSeparator())
