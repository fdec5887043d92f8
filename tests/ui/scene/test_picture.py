from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from xml.etree import ElementTree

import numpy as np
import pytest
from PySide6.QtCore import QRectF
from PySide6.QtGui import QImage, QPainter
from PySide6.QtSvg import QSvgRenderer

from netviz_desktop.problems import Problem
from netviz_desktop.ui import theme
from netviz_desktop.ui.scene import picture
from netviz_desktop.ui.theme import DARK, LIGHT

pytestmark = pytest.mark.usefixtures("qapp")
SVG = "{http://www.w3.org/2000/svg}"


def test_svg_holds_every_word_as_text(open_graph, graph, tmp_path: Path) -> None:
    view = open_graph(graph)

    picture.save(view, tmp_path / "graph.svg")

    root = ElementTree.parse(tmp_path / "graph.svg").getroot()
    texts = {"".join(element.itertext()) for element in root.iter(f"{SVG}text")}
    assert {"image", "Conv", "Relu", "Add", "Gemm", "weight\u00a0\u00a0‹8×3×3×3›"} <= texts
    assert "1×8×16×16" in texts
    arrows = [path.get("d") for path in root.iter(f"{SVG}path") if path.get("class") == "a"]
    assert "".join(arrows).count("z") == len(view.chart.wires)
    titles = [element.text for element in root.iter(f"{SVG}title")]
    assert {node.id for node in graph.nodes} <= set(titles)
    ground = root.find(f"{SVG}rect")  # in numbers: Qt's own reader takes 100 % for 100
    assert [float(ground.get(side)) for side in ("width", "height")] == pytest.approx(
        view.chart.size, abs=0.1
    )


@pytest.mark.parametrize("palette", [LIGHT, DARK])
def test_svg_looks_like_png(graph, tmp_path: Path, palette) -> None:
    nodes = (replace(graph.nodes[0], fault="It is unknown."), *graph.nodes[1:])
    picture.draw(replace(graph, nodes=nodes), tmp_path / "graph.svg", palette)
    picture.draw(replace(graph, nodes=nodes), tmp_path / "graph.png", palette)

    wanted = QImage(str(tmp_path / "graph.png")).convertToFormat(QImage.Format.Format_RGB32)
    found = QImage(wanted.size(), wanted.format())
    painter = QPainter(found)
    QSvgRenderer(str(tmp_path / "graph.svg")).render(painter)
    painter.end()

    # they may smooth and place letters differently
    off = np.abs(_pixels(wanted).astype(int) - _pixels(found)).max(axis=2) > 64
    assert off.mean() < 0.05


def _pixels(image: QImage) -> np.ndarray:
    return np.frombuffer(image.constBits(), np.uint8).reshape(image.height(), -1, 4)[..., :3]


def test_svg_of_the_view_shows_what_is_in_view(open_graph, graph, tmp_path: Path) -> None:
    view = open_graph(graph)
    view.zoom_to(2.0)
    view.look_closely(view.chart.index["fc"])

    picture.save(view, tmp_path / "view.svg", area=view.visible_area())

    root = ElementTree.parse(tmp_path / "view.svg").getroot()
    titles = [element.text for element in root.iter(f"{SVG}title")]
    assert "fc" in titles
    assert "conv" not in titles
    seen = view.visible_area() & view.chart.bounds  # no empty ground beside the graph
    assert float(root.get("width")) == pytest.approx(seen.width(), abs=0.1)
    assert float(root.get("height")) == pytest.approx(seen.height(), abs=0.1)


def test_png_and_pdf_of_the_view_have_its_shape(open_graph, graph, tmp_path: Path) -> None:
    view = open_graph(graph)
    view.zoom_to(2.0)
    view.look_closely(view.chart.index["conv"])

    picture.save(view, tmp_path / "view.png", area=view.visible_area())
    picture.save(view, tmp_path / "view.pdf", area=view.visible_area())

    image = QImage(str(tmp_path / "view.png"))
    seen = view.visible_area() & view.chart.bounds
    assert image.width() == pytest.approx(2 * seen.width(), abs=1)
    assert image.height() == pytest.approx(2 * seen.height(), abs=1)
    middle = image.pixelColor(image.width() // 2, image.height() // 2)
    assert middle.name() != theme.current().canvas
    box = (tmp_path / "view.pdf").read_bytes().split(b"/MediaBox [")[1].split(b"]")[0].split()
    assert float(box[2]) == pytest.approx(seen.width(), abs=1)


def test_a_view_beside_the_graph_is_a_problem(open_graph, graph, tmp_path: Path) -> None:
    view = open_graph(graph)

    with pytest.raises(Problem, match="in view"):
        picture.save(view, tmp_path / "view.png", area=QRectF(-500, 0, 100, 100))


def test_svg_of_names_that_look_like_markup_is_well_formed(graph, tmp_path: Path) -> None:
    nodes = (replace(graph.nodes[0], op_type="<b>&\x00\ud800", id="<i>"), *graph.nodes[1:])

    picture.draw(replace(graph, nodes=nodes), tmp_path / "graph.svg")

    texts = [e.text for e in ElementTree.parse(tmp_path / "graph.svg").iter(f"{SVG}text")]
    assert "<b>&  " in texts


def test_svg_and_png_show_which_node_is_at_fault(open_graph, graph, tmp_path: Path) -> None:
    nodes = (graph.nodes[0], replace(graph.nodes[1], fault="It is unknown."), *graph.nodes[2:])
    view = open_graph(replace(graph, nodes=nodes))

    picture.save(view, tmp_path / "graph.svg")
    picture.save(view, tmp_path / "graph.png")

    root = ElementTree.parse(tmp_path / "graph.svg").getroot()
    assert len([r for r in root.iter(f"{SVG}rect") if r.get("class") == "f"]) == 1
    image = QImage(str(tmp_path / "graph.png"))
    corner = view.scene_rect_of("relu").topRight() * 2
    colour = theme.current().error
    assert image.pixelColor(int(corner.x()) - 7, int(corner.y()) + 10).name() == colour


def test_png_is_twice_the_size_and_shows_the_boxes(open_graph, graph, tmp_path: Path) -> None:
    view = open_graph(graph)

    picture.save(view, tmp_path / "graph.png")

    image = QImage(str(tmp_path / "graph.png"))
    assert image.width() == pytest.approx(2 * view.chart.size[0], abs=1)
    header = view.scene_rect_of("conv").topLeft()
    assert image.pixelColor(int(2 * header.x()) + 140, int(2 * header.y()) + 10).name() == "#335588"


def test_png_of_a_huge_graph_is_made_smaller(
    open_graph, graph, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(picture, "_PNG_PIXELS", 10_000)
    view = open_graph(graph)

    picture.save(view, tmp_path / "graph.png")

    image = QImage(str(tmp_path / "graph.png"))
    assert 5_000 < image.width() * image.height() < 11_000


def test_pdf_is_one_page_of_the_graphs_size(open_graph, graph, tmp_path: Path) -> None:
    view = open_graph(graph)

    picture.save(view, tmp_path / "graph.pdf")

    data = (tmp_path / "graph.pdf").read_bytes()
    assert data.startswith(b"%PDF-")
    box = data.split(b"/MediaBox [")[1].split(b"]")[0].split()
    assert float(box[2]) == pytest.approx(view.chart.size[0], abs=1)
    assert float(box[3]) == pytest.approx(view.chart.size[1], abs=1)


@pytest.mark.parametrize("palette", [LIGHT, DARK])
def test_draw_needs_no_window(graph, tmp_path: Path, palette) -> None:
    picture.draw(graph, tmp_path / "graph.png", palette)

    assert QImage(str(tmp_path / "graph.png")).pixelColor(1, 1).name() == palette.canvas


def test_another_suffix_is_a_problem(graph, tmp_path: Path) -> None:
    with pytest.raises(Problem, match=r"graph\.bmp"):
        picture.draw(graph, tmp_path / "graph.bmp")


def test_before_anything_is_drawn_there_is_nothing_to_save(view, tmp_path: Path) -> None:
    with pytest.raises(Problem, match="no graph"):
        picture.save(view, tmp_path / "graph.svg")


def test_a_shape_that_was_inferred_is_written_in_italics_until_a_run_shows_it(
    open_graph, graph, selection, finished, lay_out, tmp_path: Path
) -> None:
    def style() -> str:
        picture.save(view, tmp_path / "graph.svg")
        root = ElementTree.parse(tmp_path / "graph.svg").getroot()
        found = {e.get("class") for e in root.iter(f"{SVG}text") if e.text == "1×8×16×16"}
        assert len(found) == 1
        return found.pop()

    values = graph.values | {"c": replace(graph.values["c"], origin="inferred")}
    view = open_graph(replace(graph, values=values))
    assert style() == "i"

    selection.set_run(replace(finished(), shapes={"c": (1, 8, 16, 16)}))
    lay_out()
    assert style() is None
