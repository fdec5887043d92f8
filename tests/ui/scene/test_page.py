"""The page is parsed by an HTML parser, and its script runs in a JavaScript engine."""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Callable
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest
from PySide6.QtQml import QJSEngine

from netviz_desktop.graph.export import as_dict
from netviz_desktop.ui.scene import picture
from netviz_desktop.ui.theme import DARK

pytestmark = pytest.mark.usefixtures("qapp")
EVIL = "</script><img src=x onerror=alert(1)><!--<script>&lt;{{graph}}"


class Page(HTMLParser):
    """What a browser would find in it."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.texts: dict[str, str] = {}
        self._inside = ""
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        self._inside = dict(attrs).get("id") or tag

    def handle_endtag(self, tag: str) -> None:
        del tag
        self._inside = ""

    def handle_data(self, data: str) -> None:
        self.texts[self._inside] = self.texts.get(self._inside, "") + data

    def run(self) -> Callable[[str], Any]:
        """Run its script; gives what evaluates JavaScript in it."""
        engine = QJSEngine()

        def evaluate(code: str) -> Any:
            result = engine.evaluate(code)
            assert not result.isError(), f"{result.toString()} in {code[:100]}"
            return result.toVariant()

        evaluate(Path(__file__).with_name("stub_dom.js").read_text(encoding="utf-8"))
        for part in ("graph", "picture"):
            evaluate(f'document.getElementById("{part}").own = {json.dumps(self.texts[part])}')
        evaluate(self.texts["script"])
        return evaluate


@pytest.fixture
def page(tmp_path: Path) -> Callable[..., Page]:
    def make(graph: object, *arguments: object, **options: object) -> Page:
        picture.draw(graph, tmp_path / "page.html", *arguments, **options)
        return Page((tmp_path / "page.html").read_text(encoding="utf-8"))

    return make


@pytest.fixture
def evil(graph):
    first = replace(graph.nodes[0], id=EVIL, op_type=EVIL, attributes={EVIL: EVIL}, fault=EVIL)
    return replace(graph, name=EVIL, nodes=(first, *graph.nodes[1:]), metadata={EVIL: "\ud800"})


def test_it_holds_the_graph_as_json(page, graph):
    found = json.loads(page(graph).texts["graph"])

    wanted = json.loads(json.dumps(as_dict(graph)))
    assert found["values"] == wanted["values"]
    for node, full in zip(found["nodes"], wanted["nodes"], strict=True):
        assert node == {key: value for key, value in full.items() if value}


def test_names_that_look_like_markup_add_no_tags(page, graph, evil):
    plain, found = page(graph, title="a"), page(evil, title=EVIL)

    assert found.tags == plain.tags
    assert json.loads(found.texts["graph"])["nodes"][0]["id"] == EVIL
    assert found.texts["title"] == EVIL


def test_it_loads_nothing_and_runs_no_other_script(page, graph):
    found = page(graph)

    assert not any(
        {"src", "href", "style", "onload"} & attributes.keys() for _, attributes in found.tags
    )
    policy = next(a["content"] for _, a in found.tags if "http-equiv" in a)
    digest = base64.b64encode(hashlib.sha256(found.texts["script"].encode()).digest()).decode()
    assert "default-src 'none'" in policy
    assert f"script-src 'sha256-{digest}'" in policy


def test_its_script_draws_every_box(page, graph):
    evaluate = page(graph).run()

    drawn = evaluate("drawn")
    assert {"image", "Conv", "Relu", "Add", "Gemm", "scores", "‹8×3×3×3›"} <= set(drawn)


def test_a_click_tells_of_the_node_and_of_what_it_is_connected_with(page, graph):
    found = page(graph)
    evaluate = found.run()
    x, y, width, height = next(
        box[:4] for box in json.loads(found.texts["picture"])["boxes"] if box[6] == "Conv"
    )
    evaluate('happens("fit", "click")')
    size = json.loads(found.texts["picture"])["size"]
    scale = min(1, (800 - 48) / size[0], (600 - 48) / size[1])
    at = [
        (side - whole * scale) / 2 + (corner + length / 2) * scale
        for side, whole, corner, length in zip(
            (800, 600), size, (x, y), (width, height), strict=True
        )
    ]
    for kind in ("pointerdown", "pointerup"):
        evaluate(f'happens("canvas", "{kind}", {{clientX: {at[0]}, clientY: {at[1]}}})')

    said = evaluate('said("details")').split("\n")
    assert {"Conv", "conv", "strides", "[2,2]", "8×3×3×3 float32", "1×8×16×16 float32"} <= set(said)
    assert [word for word in said if word in ("relu", "add")] == ["relu", "add"]

    evaluate('document.getElementById("details").all("BUTTON")[0].listeners.click()')
    assert evaluate('said("details")').startswith("Relu\nrelu")


def test_search_walks_through_what_it_finds(page, graph):
    evaluate = page(graph).run()
    evaluate('document.getElementById("words").value = "BODY  1×8×16"; happens("words", "input")')
    assert evaluate('said("count")') == "1"  # that of the conv: relu's shape is not all known
    evaluate('document.getElementById("words").value = "body"; happens("words", "input")')
    assert evaluate('said("count")') == "3"

    evaluate('happens("find", "submit")')
    assert evaluate('said("count")') == "1 of 3"
    assert "conv" in evaluate('said("details")').split("\n")
    evaluate('happens("previous", "click")')
    assert evaluate('said("count")') == "3 of 3"
    assert "add" in evaluate('said("details")').split("\n")

    evaluate('happens("", "keydown", {key: "Escape"})')
    assert evaluate('said("details")') == ""


def test_what_is_in_a_closed_module_is_found_in_it(page, graph):
    nodes = tuple(replace(node, scope=("body",)) for node in graph.nodes[:3])
    evaluate = page(replace(graph, nodes=(*nodes, graph.nodes[3])), depth=0).run()
    evaluate('document.getElementById("words").value = "relu"; happens("words", "input")')
    evaluate('happens("find", "submit")')

    assert "relu" in evaluate('said("details")').split("\n")
    assert "body" in evaluate('said("details")').split("\n")


def test_names_that_look_like_markup_are_shown_as_they_are(page, evil):
    evaluate = page(evil).run()
    evaluate('document.getElementById("words").value = "onerror"; happens("words", "input")')
    evaluate('happens("find", "submit")')

    assert evaluate('document.getElementById("details").all("IMG").length') == 0
    assert evaluate('said("details")').split("\n").count(EVIL) >= 4


def test_keys_and_wheel_move_and_zoom(page, graph):
    evaluate = page(graph).run()
    for key in ("+", "-", "ArrowDown", "PageUp", "Home", "f"):
        evaluate(f'happens("", "keydown", {{key: "{key}"}})')
    evaluate('happens("canvas", "wheel", {deltaX: 0, deltaY: 50, clientX: 9, clientY: 9})')
    evaluate('happens("canvas", "wheel", {deltaX: 0, deltaY: -50, ctrlKey: true, clientX: 9})')


def test_a_theme_can_be_given(page, graph):
    assert json.loads(page(graph).texts["picture"])["theme"] is None
    assert json.loads(page(graph, DARK).texts["picture"])["theme"] == "dark"
    evaluate = page(graph, DARK).run()
    assert evaluate('document.documentElement.style["--canvas"]') == DARK.canvas
