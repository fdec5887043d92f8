"""The graph as a file: SVG, PNG or PDF, of all of it or of a part; or an HTML page."""

from __future__ import annotations

import math
from collections.abc import Callable
from functools import cache
from pathlib import Path

from PySide6.QtCore import (
    QBuffer,
    QByteArray,
    QCoreApplication,
    QIODevice,
    QMarginsF,
    QRectF,
    QSizeF,
)
from PySide6.QtGui import QColor, QImage, QImageWriter, QPageSize, QPainter, QPdfWriter
from PySide6.QtWidgets import QApplication

from netviz_desktop.graph import ModelGraph
from netviz_desktop.graph.overlay import Overlay
from netviz_desktop.graph.scopes import Scopes
from netviz_desktop.layout import place
from netviz_desktop.problems import Problem
from netviz_desktop.ui import theme
from netviz_desktop.ui.application import make_application
from netviz_desktop.ui.scene import strip
from netviz_desktop.ui.scene.canvas import Canvas
from netviz_desktop.ui.scene.chart import Chart
from netviz_desktop.ui.scene.drawing import Lettering, Options
from netviz_desktop.ui.scene.drawing import draw as drawing_of
from netviz_desktop.ui.scene.graph_item import GraphItem
from netviz_desktop.ui.scene.page import as_html
from netviz_desktop.ui.scene.shades import shades
from netviz_desktop.ui.scene.svg import as_svg
from netviz_desktop.ui.theme import LIGHT, Theme

_PNG_SCALE = 2.0
_PNG_PIXELS = 100_000_000
_PNG_SIDE = 32_000  # Qt paints no further
_PDF_SIDE_POINTS = 14_400.0  # the format's own limit
_PDF_DOTS_PER_POINT = 10

_Writer = Callable[[Chart, Lettering, Theme, QRectF], bytes]


def save(view: Canvas, path: Path, area: QRectF | None = None) -> None:
    """Write what `view` shows, in the theme in force; the suffix says as what.

    Args:
        area: the part of the scene that is wanted; None: all.

    Raises:
        Problem: nothing is drawn yet or in the area, or the suffix is none of .svg, .png and .pdf.
        OSError: it cannot be written there.
    """
    writer = _writer(path)
    chart = _drawn(view)
    area = chart.bounds if area is None else area & chart.bounds
    if area.isEmpty():
        raise Problem("Nothing of the graph is in view.", "Bring it into view, or export all.")
    area = strip.around(chart, area)
    path.write_bytes(writer(chart, view.lettering, theme.current(), area))


def save_page(view: Canvas, path: Path, graph: ModelGraph, title: str) -> None:
    """Write what `view` shows of the graph, all of it, as an HTML page.

    Raises:
        Problem: nothing is drawn yet.
        OSError: it cannot be written there.
    """
    path.write_text(as_html(_drawn(view), graph, title), encoding="utf-8")


def draw(
    graph: ModelGraph,
    path: Path,
    palette: Theme | None = None,
    *,
    title: str = "Model",
    depth: int | None = None,
    left_to_right: bool = False,
    overlay: Overlay | None = None,
) -> None:
    """Lay a graph out and write its picture; no window is needed.

    Args:
        path: what ends in .html becomes a page.
        palette: None: light; of a page, as its reader prefers.
        title: of a page.
        depth: how many levels of scopes are open; None: as the window opens the model.
        overlay: what colours it, in place of the kinds of nodes.

    Raises:
        Problem, OSError: as `save`.
    """
    is_page = path.suffix.lower() == ".html"
    writer = None if is_page else _writer(path)
    _application("dark" if palette is not None and palette.dark else "light")
    lettering = Lettering()
    scopes = Scopes(graph)
    opened = scopes.readable() if depth is None else scopes.to_level(depth)
    drawing = drawing_of(graph, Options(), lettering, scopes=scopes, opened=opened)
    placement = place(drawing.boxes, drawing.edges, drawing.frames, left_to_right=left_to_right)
    chart = Chart(drawing, placement, lettering)
    if overlay is not None:
        chart.shades = shades(overlay, chart.figures, scopes)
    if writer is None:
        path.write_text(as_html(chart, graph, title, palette), encoding="utf-8")
    else:
        area = strip.around(chart, chart.bounds)
        path.write_bytes(writer(chart, lettering, palette or LIGHT, area))


@cache
def _application(theme_choice: str) -> QCoreApplication:
    """There must be one to measure and paint text, and it must live on."""
    if (running := QApplication.instance()) is not None:
        return running
    return make_application(theme_choice)


def _drawn(view: Canvas) -> Chart:
    if view.chart is None:
        raise Problem("There is no graph to save yet.", "Open a model, and wait until it is drawn.")
    return view.chart


def _writer(path: Path) -> _Writer:
    writer = _WRITERS.get(path.suffix.lower())
    if writer is None:
        raise Problem(
            f"{path.name} cannot be written: pictures are saved as {', '.join(_WRITERS)}.",
            "Give it one of these suffixes.",
        )
    return writer


def _svg(chart: Chart, lettering: Lettering, palette: Theme, area: QRectF) -> bytes:
    return as_svg(chart, lettering, palette, area).encode("utf-8")


def _png(chart: Chart, lettering: Lettering, palette: Theme, area: QRectF) -> bytes:
    width, height = area.width(), area.height()
    scale = min(
        _PNG_SCALE, math.sqrt(_PNG_PIXELS / (width * height)), _PNG_SIDE / max(width, height)
    )
    image = QImage(
        max(1, math.ceil(width * scale)),
        max(1, math.ceil(height * scale)),
        QImage.Format.Format_RGB32,
    )
    if image.isNull():
        raise Problem(
            "There is not enough memory for a picture of the whole graph.",
            "Save it as SVG, which needs little.",
        )
    image.fill(QColor(palette.canvas))
    painter = QPainter(image)
    painter.scale(scale, scale)
    painter.translate(-area.topLeft())
    _item(chart, lettering).paint_area(painter, area, scale, palette)
    strip.paint(painter, chart, area, palette)
    painter.end()
    return _bytes(lambda buffer: QImageWriter(buffer, QByteArray(b"png")).write(image))


def _pdf(chart: Chart, lettering: Lettering, palette: Theme, area: QRectF) -> bytes:
    width, height = area.width(), area.height()
    scale = min(1.0, _PDF_SIDE_POINTS / max(width, height))

    def write(buffer: QBuffer) -> None:
        writer = QPdfWriter(buffer)
        writer.setCreator("NetViz Desktop")
        size = QSizeF(width * scale, height * scale)
        writer.setPageSize(
            QPageSize(size, QPageSize.Unit.Point, "", QPageSize.SizeMatchPolicy.ExactMatch)
        )
        writer.setPageMargins(QMarginsF())
        writer.setResolution(72 * _PDF_DOTS_PER_POINT)
        painter = QPainter(writer)
        painter.scale(scale * _PDF_DOTS_PER_POINT, scale * _PDF_DOTS_PER_POINT)
        painter.translate(-area.topLeft())
        painter.fillRect(area, QColor(palette.canvas))
        _item(chart, lettering).paint_area(painter, area, 1.0, palette)
        strip.paint(painter, chart, area, palette)
        painter.end()

    return _bytes(write)


def _item(chart: Chart, lettering: Lettering) -> GraphItem:
    item = GraphItem(lettering)
    item.set_chart(chart)
    return item


def _bytes(write: Callable[[QBuffer], object]) -> bytes:
    array = QByteArray()
    buffer = QBuffer(array)
    buffer.open(QIODevice.OpenModeFlag.WriteOnly)
    write(buffer)
    buffer.close()
    return bytes(array.data())


_WRITERS: dict[str, _Writer] = {".svg": _svg, ".png": _png, ".pdf": _pdf}
