from __future__ import annotations

from collections.abc import Mapping
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
from PySide6.QtGui import QImage

from netviz_desktop.graph.overlay import KINDS, NOT_FINITE, PARAMETERS, SPARSITY, TIME, Overlay
from netviz_desktop.ui import theme
from netviz_desktop.ui.scene import Minimap, colours, picture
from netviz_desktop.ui.scene.graph_item import GraphItem
from netviz_desktop.ui.scene.shades import Shades, categories, contrast, luminance, ramp, said
from netviz_desktop.ui.theme import DARK, LIGHT, Theme

pytestmark = pytest.mark.usefixtures("qapp")


@pytest.fixture
def shaded(open_graph, graph, selection):
    """Colours the small graph; gives what the colours are."""

    def shade(overlay: Overlay) -> Shades:
        view = open_graph(graph)
        selection.set_overlay(overlay)
        assert view.chart.shades is not None
        return view.chart.shades

    return shade


def lightness(colour: str) -> float:
    """CIE L*, 0 to 100."""
    y = luminance(colour)
    return 116 * y ** (1 / 3) - 16 if y > 0.008856 else 903.3 * y


def test_contrast_is_that_of_wcag() -> None:
    assert contrast("#000000", "#ffffff") == pytest.approx(21)
    assert contrast("#777777", "#ffffff") == pytest.approx(4.48, abs=0.005)
    assert contrast("#ffffff", "#777777") == contrast("#777777", "#ffffff")


def test_text_can_be_read_on_every_colour() -> None:
    for fill in (*ramp(), *categories()):
        assert contrast(fill.fill, fill.text) >= 4.5, fill
    for palette in (LIGHT, DARK):
        blank = colours.blank(palette)
        assert contrast(blank.fill, blank.text) >= 4.5


def test_the_ramp_gets_lighter_evenly_so_that_it_can_be_read_in_grey() -> None:
    steps = [after - before for before, after in pairwise(lightness(s.fill) for s in ramp())]
    assert min(steps) > 0
    assert max(steps) < 2 * np.mean(steps)


def test_categories_differ_in_lightness() -> None:
    levels = sorted(lightness(step.fill) for step in categories())
    assert min(np.diff(levels)) > 15


def test_a_blank_box_has_none_of_the_ramps_colours() -> None:
    for palette in (LIGHT, DARK):
        assert colours.blank(palette).fill not in {step.fill for step in ramp()}


def test_boxes_are_coloured_from_the_smallest_to_the_largest_value(shaded) -> None:
    found = shaded(Overlay(TIME, {"conv": 100.0, "relu": 1.0, "add": 10.0}))

    assert found.fills["relu"] == ramp()[0]
    assert found.fills["conv"] == ramp()[-1]
    assert found.position(10.0) == pytest.approx(0.5)
    assert found.fill("fc", LIGHT) == colours.blank(LIGHT)  # it has no value
    assert found.blank == 1


def test_on_a_logarithmic_scale_zero_has_no_colour_but_its_value_is_told(shaded) -> None:
    found = shaded(Overlay(PARAMETERS, {"conv": 216.0, "relu": 0.0}))

    assert "relu" not in found.fills
    assert found.text("relu") == "Parameters: 0"
    assert found.text("fc") == ""


def test_what_is_a_million_times_smaller_than_the_largest_has_the_first_colour(shaded) -> None:
    found = shaded(Overlay(TIME, {"conv": 1.0, "relu": 1e-30, "add": 1e-6}))

    assert found.low == 1e-6
    assert found.fills["relu"] == found.fills["add"] == ramp()[0]


def test_shares_are_coloured_from_0_to_1_whatever_is_there(shaded) -> None:
    found = shaded(Overlay(SPARSITY, {"conv": 0.5, "relu": 0.5}))

    assert (found.low, found.high) == (0, 1)
    assert found.fills["conv"] in ramp()[31:33]


@pytest.mark.parametrize("values", [{}, {"conv": 0.0}, {"conv": 3.0, "relu": 3.0}])
@pytest.mark.parametrize("kind", KINDS)
def test_no_values_or_equal_ones_can_be_shown(shaded, kind, values: Mapping[str, float]) -> None:
    found = shaded(Overlay(kind, values))

    assert all(found.low <= tick <= found.high for tick in found.ticks())
    assert set(found.values) == set(values)


@pytest.mark.parametrize(
    ("low", "high", "ticks"),
    [
        (1.0, 1e6, [1, 100, 1e4, 1e6]),
        (3.0, 60.0, [5, 10, 20, 50]),
        (3.0, 4.0, [3.0, 4.0]),
    ],
)
def test_ticks_of_a_logarithmic_scale_are_round(shaded, low, high, ticks) -> None:
    found = shaded(Overlay(TIME, {"conv": low, "relu": high}))
    assert found.ticks() == pytest.approx(ticks)


def test_ticks_of_a_linear_scale_are_round(shaded) -> None:
    assert shaded(Overlay(SPARSITY, {})).ticks() == pytest.approx([0, 0.5, 1])


def test_values_are_said_with_their_unit() -> None:
    by_id = {kind.id: kind for kind in KINDS}
    assert said(by_id["activation-memory"], 3_211_264) == "3.21 MB"
    assert said(by_id["time"], 1.5) == "1.5 ms"
    assert said(by_id["sparsity"], 0.384) == "38.4 %"
    assert said(by_id["nan-inf"], 2.0) == "NaN"
    assert said(by_id["activation-norm"], 0.25) == "0.25"


# --- where they are seen ---------------------------------------------------------------------


@pytest.mark.parametrize("palette", [LIGHT, DARK])
def test_canvas_minimap_and_files_show_the_same_colours(
    open_graph, graph, selection, themes, tmp_path: Path, palette: Theme
) -> None:
    themes("dark" if palette.dark else "light")
    view = open_graph(graph)
    minimap = Minimap(view)
    view.zoom_to(4)
    minimap.grab()  # as it was before
    selection.set_overlay(Overlay(TIME, {"conv": 1.0, "relu": 100.0}))
    view.fit()
    expected = {ramp()[0].fill, ramp()[-1].fill}

    picture.save(view, tmp_path / "graph.svg")
    picture.save(view, tmp_path / "graph.png")
    picture.save_page(view, tmp_path / "graph.html", graph, "Small")
    canvas = view.grab().toImage()
    view.zoom_to(4)
    view.centerOn(view.scene_rect_of("fc").center())  # the map paints over what is in view

    assert expected <= seen(canvas)
    assert expected <= seen(QImage(str(tmp_path / "graph.png")))
    assert expected <= seen(minimap.grab().toImage())
    page = (tmp_path / "graph.html").read_text(encoding="utf-8")
    assert all(f'"{colour}"' in page for colour in expected)
    svg = (tmp_path / "graph.svg").read_text(encoding="utf-8")
    blank = colours.blank(palette).fill  # of what has no value
    assert all(f"fill:{colour}" in svg for colour in (*expected, blank))


def test_without_an_overlay_the_colours_are_those_of_the_kinds_again(
    open_graph, graph, selection
) -> None:
    view = open_graph(graph)
    before = view.grab().toImage()
    selection.set_overlay(Overlay(NOT_FINITE, {"conv": 2.0}))
    assert view.grab().toImage() != before

    selection.set_overlay(None)

    assert view.grab().toImage() == before


def test_the_colours_of_another_layout_are_those_of_what_is_open_there(
    open_graph, graph, selection, lay_out
) -> None:
    view = open_graph(graph)
    selection.set_overlay(Overlay(TIME, {"conv": 1.0, "relu": 100.0}))

    view.show_attributes = True
    lay_out()

    assert view.chart.shades.fills["relu"] == ramp()[-1]


def test_a_tooltip_tells_the_value(open_graph, graph, selection) -> None:
    view = open_graph(graph)
    selection.set_overlay(Overlay(TIME, {"conv": 1.5}))

    tip = view.tooltip(view.mapFromScene(view.scene_rect_of("conv").center()).toPointF())

    assert "Time: 1.5 ms" in tip


def test_pictures_of_parts_are_made_again_only_when_the_overlay_changes(
    open_graph, graph, selection, monkeypatch
) -> None:
    made = []
    monkeypatch.setattr(GraphItem, "recolour", lambda _item: made.append("again"))
    view = open_graph(graph)
    overlay = Overlay(TIME, {"conv": 1.5})

    selection.set_overlay(overlay)
    selection.set_overlay(overlay)
    view.zoom_to(2)
    selection.set_node("conv")

    assert made == ["again"]


def seen(image: QImage) -> set[str]:
    return {
        image.pixelColor(x, y).name() for x in range(image.width()) for y in range(image.height())
    }


def test_a_theme_has_its_own_blank(themes) -> None:
    themes("dark")
    assert theme.current() == DARK
    assert colours.blank(DARK) != colours.blank(LIGHT)
