from __future__ import annotations

from pathlib import Path
from xml.etree import ElementTree

import pytest
from PySide6.QtCore import QRectF
from PySide6.QtGui import QImage

from netviz_desktop.graph.overlay import NOT_FINITE, TIME, Overlay
from netviz_desktop.ui.scene import picture
from netviz_desktop.ui.scene.shades import categories, ramp
from netviz_desktop.ui.scene.strip import HEIGHT

SVG = "{http://www.w3.org/2000/svg}"
TIMES = Overlay(TIME, {"conv": 1.0, "relu": 100.0}, note="Of <the> machine.")


def texts(path: Path) -> list[str]:
    return ["".join(e.itertext()) for e in ElementTree.parse(path).iter(f"{SVG}text")]


def test_a_saved_picture_says_below_the_graph_what_its_colours_mean(
    open_graph, graph, selection, tmp_path: Path
) -> None:
    view = open_graph(graph)
    picture.save(view, tmp_path / "plain.svg")
    selection.set_overlay(TIMES)

    picture.save(view, tmp_path / "coloured.svg")

    found = texts(tmp_path / "coloured.svg")
    assert {"Time", "1 ms", "10 ms", "100 ms", "not known"} <= set(found)
    assert not {"Time", "1 ms"} & set(texts(tmp_path / "plain.svg"))
    plain, coloured = (
        float(ElementTree.parse(tmp_path / f"{name}.svg").getroot().get("height"))
        for name in ("plain", "coloured")
    )
    assert coloured == pytest.approx(plain + HEIGHT, abs=0.2)


def test_so_does_one_of_a_part_of_the_graph_as_png(
    open_graph, graph, selection, tmp_path: Path
) -> None:
    view = open_graph(graph)
    selection.set_overlay(TIMES)

    picture.save(view, tmp_path / "part.png", QRectF(0, 0, 60, 40))

    image = QImage(str(tmp_path / "part.png"))
    assert image.width() == 2 * 300  # wide enough for the numbers
    bar = image.height() - 2 * round(HEIGHT - 35)
    row = {image.pixelColor(x, bar).name() for x in range(image.width())}
    assert {step.fill for step in ramp()[1:-1]} <= row


def test_categories_are_named(open_graph, graph, selection, tmp_path: Path) -> None:
    view = open_graph(graph)
    selection.set_overlay(Overlay(NOT_FINITE, {"conv": 2.0}))

    picture.save(view, tmp_path / "graph.svg")

    assert set(NOT_FINITE.categories) <= set(texts(tmp_path / "graph.svg"))
    svg = (tmp_path / "graph.svg").read_text(encoding="utf-8")
    assert all(f'fill="{step.fill}"' in svg for step in categories())


def test_a_page_says_it_in_a_few_words(open_graph, graph, selection, tmp_path: Path) -> None:
    view = open_graph(graph)
    selection.set_overlay(TIMES)

    picture.save_page(view, tmp_path / "graph.html", graph, "Small")

    page = (tmp_path / "graph.html").read_text(encoding="utf-8")
    assert "Time, from 1 ms (dark) to 100 ms (bright)" in page
