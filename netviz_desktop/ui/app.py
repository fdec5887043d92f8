"""The program around the window: its files, its end, and what happens to defects."""

from __future__ import annotations

import logging
import signal
import socket
import sys
import traceback
from argparse import Namespace
from collections.abc import Callable
from types import TracebackType

from PySide6.QtCore import QSocketNotifier, qInstallMessageHandler
from PySide6.QtWidgets import QApplication

from netviz_desktop.ui.application import log_qt, make_application
from netviz_desktop.ui.engine_client import EngineClient
from netviz_desktop.ui.main_window import MainWindow
from netviz_desktop.ui.settings import Settings

_log = logging.getLogger("netviz")


def run(options: Namespace) -> int:
    """The window, until it is closed; gives the exit code.

    Args:
        options: as `__main__` parses them.
    """
    logging.basicConfig(format="%(levelname)s %(name)s: %(message)s")
    settings = Settings()
    application = make_application(options.theme or settings.theme)
    qInstallMessageHandler(log_qt)
    window = open_window(options, settings)
    sys.excepthook = report_to(window.reports.add)
    _quit_on_signals(application)
    return application.exec()


def open_window(options: Namespace, settings: Settings) -> MainWindow:
    """The window, shown, with the files that `options` name on their way."""
    engine = EngineClient()
    engine.start()  # it imports torch while the window is being made
    window = MainWindow(engine, settings)
    window.show()
    if options.demo:
        window.open_demo()
    elif not options.files and not options.image:
        window.last_session.restore()
    window.open_files(
        [*options.files, *([options.image] if options.image else [])],
        trust=options.trust,
        model_code=options.model_code,
        labels=options.labels,
    )
    return window


def report_to(add: Callable[[str, str], object]) -> Callable[..., None]:
    """An exception hook: a defect in the window is written down, and the window goes on.

    Args:
        add: takes one line and the traceback.
    """

    def hook(kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
        text = "".join(traceback.format_exception(kind, error, trace))
        _log.error("%s", text)
        add(f"{kind.__name__}: {error}", text)

    return hook


def _quit_on_signals(application: QApplication) -> None:
    """Ctrl+C in the terminal and a plain kill close the window as a click does. Python hears
    of a signal only when it is called: the byte that it writes wakes Qt, which calls it."""
    near, far = socket.socketpair()
    for end in (near, far):
        end.setblocking(False)
    signal.set_wakeup_fd(far.detach())
    notifier = QSocketNotifier(near.fileno(), QSocketNotifier.Type.Read, application)
    notifier.activated.connect(lambda: near.recv(64))
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: application.quit())
