"""What the machine lacks for a window, found out before Qt starts.

Qt itself aborts the process when its platform plugin cannot load, and blames a library even
when there is simply no display.
"""

from __future__ import annotations

import ctypes
import os
import sys
from collections.abc import Callable, Mapping

from netviz_desktop import resource

# shared library -> Debian package
_ALWAYS = {
    "libGL.so.1": "libgl1",
    "libEGL.so.1": "libegl1",
    "libglib-2.0.so.0": "libglib2.0-0",
    "libdbus-1.so.3": "libdbus-1-3",
    "libfontconfig.so.1": "libfontconfig1",
    "libxkbcommon.so.0": "libxkbcommon0",
}
_X11 = {
    "libxkbcommon-x11.so.0": "libxkbcommon-x11-0",
    "libxcb-cursor.so.0": "libxcb-cursor0",
    "libxcb-icccm.so.4": "libxcb-icccm4",
    "libxcb-keysyms.so.1": "libxcb-keysyms1",
    "libxcb-shape.so.0": "libxcb-shape0",
}
_WAYLAND = {"libwayland-cursor.so.0": "libwayland-cursor0"}


def missing() -> str | None:
    """What to tell the person, with the line that mends it; None when nothing is missing."""
    if not sys.platform.startswith("linux"):
        return None
    return judge(os.environ, _loads, _x_answers, has_font=_has_font())


def judge(
    environment: Mapping[str, str],
    loads: Callable[[str], bool],
    x_answers: Callable[[], bool],
    *,
    has_font: bool,
) -> str | None:
    """As `missing`, of a machine described by its arguments."""
    platform = _platform(environment)
    wanted = _ALWAYS | {"xcb": _X11, "wayland": _WAYLAND}.get(platform, {})
    lacking = {library: package for library, package in wanted.items() if not loads(library)}
    if lacking:
        return (
            f"NetViz Desktop cannot show a window: {_listed(lacking)} "
            f"{'is' if len(lacking) == 1 else 'are'} not installed.\n"
            f"On Debian or Ubuntu: sudo apt-get install -y {' '.join(lacking.values())}"
        )
    if platform == "" or (platform == "xcb" and not x_answers()):
        return (
            "NetViz Desktop cannot show a window: there is no display here.\n"
            "Start it from a desktop, with ssh -X, or on a virtual screen: "
            "sudo apt-get install -y xvfb xauth, then xvfb-run -a netviz-desktop"
        )
    if not has_font:
        return (
            "NetViz Desktop cannot write any text: there is no font, not even its own.\n"
            "Install it again, or: sudo apt-get install -y fonts-dejavu-core"
        )
    return None


def _platform(environment: Mapping[str, str]) -> str:
    """Qt's plugin: "offscreen", "xcb", "wayland", ...; empty when nothing can be shown."""
    chosen = environment.get("QT_QPA_PLATFORM", "").split(";")[0].split(":")[0]
    if chosen:
        return "wayland" if chosen.startswith("wayland") else chosen
    if environment.get("WAYLAND_DISPLAY"):
        return "wayland"
    return "xcb" if environment.get("DISPLAY") else ""


def _loads(library: str) -> bool:
    try:
        ctypes.CDLL(library)
    except OSError:
        return False
    return True


def _x_answers() -> bool:
    try:
        xcb = ctypes.CDLL("libxcb.so.1")
    except OSError:
        return True  # PySide6 brings its own; let Qt say what it thinks
    xcb.xcb_connect.restype = ctypes.c_void_p
    xcb.xcb_connection_has_error.argtypes = [ctypes.c_void_p]
    xcb.xcb_disconnect.argtypes = [ctypes.c_void_p]
    connection = xcb.xcb_connect(None, None)
    refused = xcb.xcb_connection_has_error(connection)
    xcb.xcb_disconnect(connection)
    return not refused


def _has_font() -> bool:
    folders = (resource.path("fonts"), "/usr/share/fonts", "/usr/local/share/fonts")
    return any(
        name.endswith((".ttf", ".otf", ".ttc", ".pfb"))
        for folder in folders
        for _, _, names in os.walk(folder)
        for name in names
    )


def _listed(lacking: Mapping[str, str]) -> str:
    names = list(lacking)
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} and {names[-1]}"
