"""Ctrl+C ends a command at once, whatever it is busy with."""

from __future__ import annotations

import os
import signal
import socket
import sys
import threading

from netviz_desktop.cli import _output

EXIT_INTERRUPTED = 130  # as a shell reports SIGINT


def leave_on_interrupt() -> None:
    """From now on Ctrl+C ends the process, which leaves no temporary files.

    Python's own KeyboardInterrupt comes when a library is back from its computing, which may
    take minutes; and not at all where a library catches it.
    """
    if signal.getsignal(signal.SIGINT) is not signal.default_int_handler:
        return  # a shell has it ignored for what runs in the background
    told, tell = socket.socketpair()
    tell.setblocking(False)
    signal.set_wakeup_fd(tell.fileno(), warn_on_full_buffer=False)
    signal.signal(signal.SIGINT, lambda _number, _frame: None)
    threading.Thread(target=_wait, args=(told, tell), name="interrupt", daemon=True).start()


def _wait(told: socket.socket, _tell: socket.socket) -> None:
    while signal.SIGINT not in told.recv(64):
        pass
    try:
        _output.remove_unfinished()
        # Not imported here: whoever is importing it holds a lock.
        if (unpacked := sys.modules.get("netviz_desktop.readers._unpacked")) is not None:
            unpacked.remove_all()
    finally:
        os._exit(EXIT_INTERRUPTED)
