"""`netviz export` and `netviz window`."""

from __future__ import annotations

import json
import xml.etree.ElementTree as ET

import networkx
import numpy as np
import pytest
from PIL import Image

from netviz_desktop import resource

DEMO = resource.path(resource.DEMO_MODEL)


def test_data_formats_hold_every_node(netviz, network, tmp_path):
    ids = {node["id"] for node in json.loads(netviz("graph", network.onnx))["nodes"]}
    netviz("export", network.onnx, "-o", tmp_path / "g.json")
    netviz("export", network.onnx, "-o", tmp_path / "g.graphml")
    netviz("export", network.onnx, "-o", tmp_path / "g.dot")
    assert (tmp_path / "g.json").read_text(encoding="utf-8") == netviz("graph", network.onnx)
    assert set(networkx.read_graphml(tmp_path / "g.graphml").nodes) == ids
    dot = (tmp_path / "g.dot").read_text(encoding="utf-8")
    assert all(f'"{node}" [label=' in dot for node in ids)


def test_an_svg_names_every_kind_of_node(netviz, tmp_path):
    netviz("export", DEMO, "-o", tmp_path / "g.svg")
    root = ET.parse(tmp_path / "g.svg").getroot()
    assert root.tag.endswith("svg")
    text = " ".join("".join(element.itertext()) for element in root.iter())
    for op_type in ("Conv", "Relu", "MaxPool", "Concat", "GlobalAveragePool", "Flatten"):
        assert op_type in text


def test_a_png_shows_something_of_the_graphs_shape(netviz, network, tmp_path):
    netviz("export", network.onnx, "-o", tmp_path / "g.png")
    picture = np.asarray(Image.open(tmp_path / "g.png").convert("RGB"))
    assert len(np.unique(picture.reshape(-1, 3), axis=0)) > 16
    assert picture.shape[0] > picture.shape[1]  # a chain of nodes, from top to bottom


def test_a_pdf_is_one(netviz, network, tmp_path):
    netviz("export", network.onnx, "-o", tmp_path / "g.pdf")
    assert (tmp_path / "g.pdf").read_bytes().startswith(b"%PDF-")


@pytest.mark.parametrize("name", ["g.jpg", "g", "g.svgz"])
def test_another_suffix_is_a_problem_before_any_work(netviz_fails, tmp_path, name):
    what, remedy = netviz_fails("export", tmp_path / "missing.onnx", "-o", tmp_path / name)
    assert what.startswith(f"{tmp_path / name} cannot be written: ")
    assert remedy == "Give a name that ends in .svg, .png, .pdf, .html, .dot, .graphml or .json."


def test_nothing_is_left_behind_when_it_fails(netviz_fails, tmp_path):
    (tmp_path / "old.json").write_text("old")
    netviz_fails("export", tmp_path / "missing.onnx", "-o", tmp_path / "old.json")
    assert [path.name for path in tmp_path.iterdir()] == ["old.json"]
    assert (tmp_path / "old.json").read_text() == "old"


def test_the_window_is_drawn_with_what_was_asked_for(netviz, tmp_path):
    image = resource.path(resource.DEMO_IMAGE)
    netviz(
        "window", DEMO, "--image", image, "--size", "1200x800", "--theme", "dark",
        "-o", tmp_path / "shot.png",
    )  # fmt: skip
    shot = Image.open(tmp_path / "shot.png").convert("L")
    assert shot.size == (1200, 800)
    assert np.median(np.asarray(shot)) < 128  # dark


def test_a_window_of_a_damaged_model_is_a_problem(netviz_fails, tmp_path):
    (tmp_path / "damaged.onnx").write_bytes(DEMO.read_bytes()[:1000])
    what, _ = netviz_fails("window", tmp_path / "damaged.onnx", "-o", tmp_path / "shot.png")
    assert what.startswith("damaged.onnx ")
    assert not (tmp_path / "shot.png").exists()


def _texts(path):
    return ["".join(e.itertext()) for e in ET.parse(path).iter("{http://www.w3.org/2000/svg}text")]


def test_modules_are_open_as_far_as_asked_for(netviz, tmp_path):
    netviz("export", DEMO, "--depth", "0", "-o", tmp_path / "closed.svg")
    netviz("export", DEMO, "--depth", "1", "-o", tmp_path / "one.svg")
    netviz("export", DEMO, "--all", "-o", tmp_path / "all.svg")
    netviz("export", DEMO, "-o", tmp_path / "plain.svg")

    closed, one = _texts(tmp_path / "closed.svg"), _texts(tmp_path / "one.svg")
    assert "features" in closed
    assert "Conv" not in closed
    assert _texts(tmp_path / "all.svg").count("Conv") == 26
    assert 0 < one.count("Conv") < 26
    assert (tmp_path / "plain.svg").read_bytes() == (tmp_path / "all.svg").read_bytes()


def test_a_picture_has_the_direction_and_theme_that_are_asked_for(netviz, network, tmp_path):
    netviz(
        "export", network.onnx, "--direction", "right", "--theme", "dark", "-o", tmp_path / "g.png"
    )
    picture = np.asarray(Image.open(tmp_path / "g.png").convert("L"))
    assert picture.shape[1] > picture.shape[0]
    assert np.median(picture) < 128


@pytest.mark.parametrize("option", [("--all",), ("--theme", "dark"), ("--direction", "down")])
def test_data_has_no_looks(netviz_fails, network, tmp_path, option):
    what, _ = netviz_fails("export", network.onnx, *option, "-o", tmp_path / "g.json")
    assert what.startswith(option[0]) or "--all" in what


def test_a_page_holds_the_whole_graph(netviz, network, tmp_path):
    netviz("export", network.onnx, "-o", tmp_path / "g.html")
    page = (tmp_path / "g.html").read_text(encoding="utf-8")
    assert f"<title>{network.onnx.name}</title>" in page
    graph = json.loads(page.split('id="graph">')[1].split("</script>")[0])
    wanted = json.loads(netviz("graph", network.onnx))
    assert [node["id"] for node in graph["nodes"]] == [node["id"] for node in wanted["nodes"]]


def test_an_overlay_colours_a_picture(netviz, tmp_path):
    netviz("export", DEMO, "-o", tmp_path / "plain.svg")
    netviz("export", DEMO, "--overlay", "parameters", "-o", tmp_path / "coloured.svg")
    (tmp_path / "ranks.csv").write_text("node,rank\nfeatures,4\nclassifier,5\n")
    netviz("export", DEMO, "--overlay", tmp_path / "ranks.csv", "-o", tmp_path / "ranks.svg")
    first, last = "#440154", "#fde725"  # viridis
    for name, coloured in (("plain", False), ("coloured", True), ("ranks", True)):
        text = (tmp_path / f"{name}.svg").read_text(encoding="utf-8")
        assert (first in text) is (last in text) is coloured


def test_an_overlay_that_is_none_or_of_a_run_is_a_problem(netviz_fails, tmp_path):
    for wanted, said in (("sparsity", "is of a run"), ("beauty", "There is no overlay “beauty”.")):
        what, _ = netviz_fails("export", DEMO, "--overlay", wanted, "-o", tmp_path / "g.svg")
        assert said in what
