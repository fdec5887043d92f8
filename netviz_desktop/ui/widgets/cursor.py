"""What is under the cursor, in words."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from netviz_desktop.ui.widgets.mosaic import Place
from netviz_desktop.ui.widgets.numbers import number
from netviz_desktop.ui.widgets.pictures import Pictures

_BETWEEN = "  ·  "


def in_mosaic(pictures: Pictures, place: Place) -> str:
    """`channel 2  ·  row 1, column 3  ·  5.571`"""
    pixel = in_picture(pictures.values[place.picture], pictures.size, (place.row, place.column))
    words = [f"{pictures.noun} {place.picture}", pixel]
    if pictures.dead[place.picture]:
        words.append("dead: zero everywhere")
    return _BETWEEN.join(words)


def in_picture(values: NDArray[Any], size: tuple[int, int], place: tuple[int, int]) -> str:
    """`row 1, column 3  ·  5.571`; where `values` are averages of a picture of `size`,
    the rows and columns that were averaged."""
    there = (int(values.shape[0]), int(values.shape[1]))
    rows = _span(*covered(place[0], there[0], size[0]))
    columns = _span(*covered(place[1], there[1], size[1]))
    said = ", ".join(number(float(one)) for one in np.atleast_1d(values[place]))
    mean = "" if there == tuple(size) else "mean "
    return f"row {rows}, column {columns}{_BETWEEN}{mean}{said}"


def in_vector(pictures: Pictures, values: NDArray[Any], index: int) -> str:
    """`index 285  ·  Egyptian cat  ·  18.03`"""
    words = [f"index {index}", number(float(values[index]))]
    if index < len(pictures.index_labels):
        words.insert(1, pictures.index_labels[index])
    return _BETWEEN.join(words)


def covered(index: int, there: int, full: int) -> tuple[int, int]:
    """The first and last place in full that a place among averages stands for."""
    first = index * full // there
    return first, max(first, -(-(index + 1) * full // there) - 1)


def _span(first: int, last: int) -> str:
    return str(first) if last == first else f"{first}–{last}"
