from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from xml.etree import ElementTree

import pytest
from PySide6.QtGui import QImage

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
    texts = [element.text for element in root.iter(f"{SVG}text")]
    assert {"image", "Conv", "Relu", "Add", "Gemm", "‹8×3×3×3›", "1×8×16×16"} <= set(texts)
    assert len(list(root.iter(f"{SVG}polygon"))) == len(view.chart.wires)
    ground = root.find(f"{SVG}rect")  # in numbers: Qt's own reader takes 100 % for 100
    assert [float(ground.get(side)) for side in ("width", "height")] == pytest.approx(
        view.chart.size, abs=0.1
    )


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
