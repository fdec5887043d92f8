"""Line icons, drawn in the colours of the theme in force."""

from __future__ import annotations

from functools import cache

from PySide6.QtCore import QByteArray, QRectF, QSize, Qt
from PySide6.QtGui import QIcon, QPainter, QPixmap
from PySide6.QtSvg import QSvgRenderer

from netviz_desktop import resource
from netviz_desktop.ui import theme

_SIZES = (16, 20, 24, 40, 48, 96)


def icon(name: str) -> QIcon:
    """The icon `resources/icons/NAME.svg`, which is drawn in black; ask again when the
    theme changes."""
    colours = theme.current()
    return _icon(name, colours.text, colours.muted)


@cache
def _icon(name: str, colour: str, disabled: str) -> QIcon:
    made = QIcon()
    for mode, ink, opacity in (
        (QIcon.Mode.Normal, colour, 1.0),
        (QIcon.Mode.Disabled, disabled, 0.5),
    ):
        for size in _SIZES:
            made.addPixmap(pixmap(name, size, ink, opacity), mode)
    return made


def pixmap(name: str, size: int, colour: str, opacity: float = 1.0) -> QPixmap:
    """The icon as a picture of `size` x `size` pixels."""
    source = resource.path(f"icons/{name}.svg").read_bytes()
    renderer = QSvgRenderer(QByteArray(source.replace(b"#000000", colour.encode())))
    drawn = QPixmap(QSize(size, size))
    drawn.fill(Qt.GlobalColor.transparent)
    painter = QPainter(drawn)
    painter.setOpacity(opacity)
    renderer.render(painter, QRectF(0, 0, size, size))
    painter.end()
    return drawn
