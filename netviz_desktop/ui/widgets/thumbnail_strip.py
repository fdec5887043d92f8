"""A row of thumbnails of image files, as many as there may be."""

from __future__ import annotations

from collections import OrderedDict, deque
from collections.abc import Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from functools import cache
from pathlib import Path

from PySide6.QtCore import (
    QAbstractListModel,
    QModelIndex,
    QPersistentModelIndex,
    QSize,
    Qt,
    QTimer,
    Signal,
)
from PySide6.QtGui import QColor, QImage, QImageReader, QPainter, QPen, QPixmap
from PySide6.QtWidgets import (
    QAbstractItemView,
    QFrame,
    QListView,
    QStyledItemDelegate,
    QStyleOptionViewItem,
    QWidget,
)

from netviz_desktop.ui import theme

_SIDE = 48  # pixels
_MARGIN = 3
_KEPT = 1000  # thumbnails: 9 MB
_ASKED_AT_ONCE = 64  # more than are in view; what was scrolled past is asked for again
_POLL_MS = 15
_LIMIT_MB = 256  # of an image on its way to a thumbnail

Index = QModelIndex | QPersistentModelIndex


class ThumbnailStrip(QListView):
    """Hidden for fewer than two images; a thumbnail is decoded once it is in view."""

    chosen = Signal(str)
    """The path of a thumbnail that was clicked."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.thumbnails = Thumbnails(self)
        self.setModel(self.thumbnails)
        self.setItemDelegate(_Cell(self))
        self.setFlow(QListView.Flow.LeftToRight)
        self.setWrapping(False)
        self.setUniformItemSizes(True)
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.setHorizontalScrollMode(QAbstractItemView.ScrollMode.ScrollPerPixel)
        self.setVerticalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setFixedHeight(_SIDE + 2 * _MARGIN + self.horizontalScrollBar().sizeHint().height())
        self.clicked.connect(lambda index: self.chosen.emit(self.thumbnails.paths[index.row()]))
        self.hide()

    def show_images(self, paths: Sequence[str], current: str) -> None:
        """These, with one of them marked and in view."""
        if paths is not self.thumbnails.paths:
            self.thumbnails.set_paths(paths)
        self.setVisible(len(paths) > 1)
        row = self.thumbnails.rows.get(current)
        if row is not None:
            index = self.thumbnails.index(row)
            self.setCurrentIndex(index)
            self.scrollTo(index)


class Thumbnails(QAbstractListModel):
    """Image files; the decoration is the thumbnail, or nothing until it is decoded."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.paths: Sequence[str] = ()
        self.rows: dict[str, int] = {}
        self._known: OrderedDict[str, QPixmap] = OrderedDict()
        self._wanted: deque[str] = deque(maxlen=_ASKED_AT_ONCE)  # the last asked comes first
        self._decoding: tuple[str, Future[QImage]] | None = None
        self._poll = QTimer(self, interval=_POLL_MS)
        self._poll.timeout.connect(self._collect)

    def set_paths(self, paths: Sequence[str]) -> None:
        self.beginResetModel()
        self.paths = paths
        self.rows = {path: row for row, path in enumerate(paths)}
        self._known.clear()
        self._wanted.clear()
        self.endResetModel()

    def rowCount(self, parent: Index | None = None) -> int:
        return 0 if parent is not None and parent.isValid() else len(self.paths)

    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> object:
        path = self.paths[index.row()]
        if role in (Qt.ItemDataRole.ToolTipRole, Qt.ItemDataRole.AccessibleTextRole):
            return Path(path).name
        if role != Qt.ItemDataRole.DecorationRole:
            return None
        if path in self._known:
            self._known.move_to_end(path)
            return self._known[path]
        if path not in self._wanted and (self._decoding is None or self._decoding[0] != path):
            self._wanted.append(path)
            self._begin()
        return None

    def _begin(self) -> None:
        if self._decoding is None and self._wanted:
            path = self._wanted.pop()
            self._decoding = path, _thread().submit(_decoded, path)
            self._poll.start()

    def _collect(self) -> None:
        """No signal comes from the thread: this may be gone by the time it is ready."""
        if self._decoding is None or not self._decoding[1].done():
            return
        (path, future), self._decoding = self._decoding, None
        self._poll.stop()
        if path in self.rows:
            self._known[path] = QPixmap.fromImage(future.result())
            if len(self._known) > _KEPT:
                self._known.popitem(last=False)
            index = self.index(self.rows[path])
            self.dataChanged.emit(index, index, [Qt.ItemDataRole.DecorationRole])
        self._begin()


class _Cell(QStyledItemDelegate):
    def sizeHint(self, option: QStyleOptionViewItem, index: Index) -> QSize:
        del option, index
        return QSize(_SIDE + 2 * _MARGIN, _SIDE + 2 * _MARGIN)

    def paint(self, painter: QPainter, option: QStyleOptionViewItem, index: Index) -> None:
        cell, strip = option.rect, option.widget
        is_current = isinstance(strip, QListView) and strip.currentIndex() == index
        room = cell.adjusted(_MARGIN, _MARGIN, -_MARGIN, -_MARGIN)
        picture = index.data(Qt.ItemDataRole.DecorationRole)
        colours = theme.current()
        if isinstance(picture, QPixmap) and not picture.isNull():
            target = picture.rect()
            target.moveCenter(room.center())
            painter.drawPixmap(target, picture)
        else:
            painter.fillRect(room, QColor(colours.border))
        if is_current:
            painter.setPen(QPen(QColor(colours.accent), 2))
            painter.drawRect(cell.adjusted(1, 1, -1, -1))


@cache
def _thread() -> ThreadPoolExecutor:
    return ThreadPoolExecutor(1, thread_name_prefix="thumbnails")


def _decoded(path: str) -> QImage:
    """At most `_SIDE` a side, upright; empty when Qt cannot read it."""
    reader = QImageReader(path)
    reader.setDecideFormatFromContent(True)
    reader.setAutoTransform(True)
    reader.setAllocationLimit(_LIMIT_MB)
    size = reader.size()
    if size.isValid():
        reader.setScaledSize(size.scaled(_SIDE, _SIDE, Qt.AspectRatioMode.KeepAspectRatio))
    image = reader.read()
    if image.isNull() or max(image.width(), image.height()) <= _SIDE:
        return image
    smooth = Qt.TransformationMode.SmoothTransformation
    return image.scaled(_SIDE, _SIDE, Qt.AspectRatioMode.KeepAspectRatio, smooth)
