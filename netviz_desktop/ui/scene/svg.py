"""A chart as SVG: small, and its text can be searched and selected."""

from __future__ import annotations

import html
from collections.abc import Iterator

from netviz_desktop.ui.scene import badge, colours, frames
from netviz_desktop.ui.scene.boxes import RADIUS
from netviz_desktop.ui.scene.captions import elided
from netviz_desktop.ui.scene.chart import Chart
from netviz_desktop.ui.scene.drawing import (
    HEADER_HEIGHT,
    NAME_GAP,
    PADDING,
    ROW_HEIGHT,
    ROWS_PADDING,
    TITLE_HEIGHT,
    Figure,
    Lettering,
)
from netviz_desktop.ui.theme import Theme

_LONGEST_NAME = 300


def as_svg(chart: Chart, lettering: Lettering, palette: Theme) -> str:
    """The whole chart as an SVG document."""
    width, height = chart.size
    return "\n".join(
        [
            '<svg xmlns="http://www.w3.org/2000/svg"',
            f'width="{width:.0f}" height="{height:.0f}" viewBox="0 0 {width:.1f} {height:.1f}">',
            f"<style>{_style(lettering, palette)}</style>",
            # in numbers: some readers take 100 % for 100
            f'<rect width="{width:.1f}" height="{height:.1f}" fill="{palette.canvas}"/>',
            *(
                line
                for index in range(len(chart.borders))
                for line in _frame(chart, index, palette)
            ),
            *_wires(chart),
            *_labels(chart, lettering),
            *(
                line
                for index, figure in enumerate(chart.figures)
                for line in _figure(figure, chart.rectangles[index].tolist(), lettering, palette)
            ),
            "</svg>\n",
        ]
    )


def _style(lettering: Lettering, palette: Theme) -> str:
    family = lettering.header.family().replace("'", "")
    return (
        f"text{{font-family:'{family}',sans-serif;font-size:9px;white-space:pre}}"
        f".e{{fill:none;stroke:{palette.edge}}}.a{{fill:{palette.edge}}}"
        f".l{{font-size:10px;fill:{colours.label(palette)}}}"
        ".t{font-size:11px;font-weight:500}"
        f".n{{fill:{palette.text}}}.v{{fill:{palette.muted}}}"
        f".f{{fill:none;stroke:{palette.error};stroke-width:2;stroke-dasharray:8 4}}"
        f".b{{fill:{palette.node}}}.o{{fill:none;stroke:{colours.outline(palette)}}}"
    )


def _frame(chart: Chart, index: int, palette: Theme) -> Iterator[str]:
    border, letters = chart.borders[index], chart.lettering
    ground, edge, colour = colours.frame(border.depth, palette)
    left, top, width, height = chart.frames[index].tolist()
    yield (
        f'<rect x="{left:.1f}" y="{top:.1f}" width="{width:.1f}" height="{height:.1f}" '
        f'rx="{frames.RADIUS}" fill="{ground}" stroke="{edge}"/>'
    )
    x = left + PADDING
    y = top + (TITLE_HEIGHT - letters.height(letters.header)) / 2 + letters.ascent(letters.header)
    yield f'<text class="t" x="{x:.1f}" y="{y:.1f}" fill="{colour}">{_escaped(border.title)}</text>'
    if border.detail:
        x += letters.width(letters.header, border.title) + 8
        yield f'<text class="v" x="{x:.1f}" y="{y:.1f}">{_escaped(border.detail)}</text>'


def _wires(chart: Chart) -> Iterator[str]:
    for index in range(len(chart.wires)):
        points = chart.points(index)
        curve = " ".join(f"{value:.1f}" for value in points[2:])
        yield f'<path class="e" d="M{points[0]:.1f} {points[1]:.1f}C{curve}"/>'
        corners = " ".join(f"{p.x():.1f},{p.y():.1f}" for p in chart.arrow(index).toList())
        yield f'<polygon class="a" points="{corners}"/>'


def _labels(chart: Chart, lettering: Lettering) -> Iterator[str]:
    drop = lettering.ascent(lettering.label) - lettering.height(lettering.label) / 2
    for index, wire in enumerate(chart.wires):
        centre = chart.label_centre(index)
        if wire.label and centre is not None:
            x, y = centre.x() - wire.label_width / 2, centre.y() + drop
            yield f'<text class="l" x="{x:.1f}" y="{y:.1f}">{_escaped(wire.label)}</text>'


def _figure(
    figure: Figure, rectangle: list[float], lettering: Lettering, palette: Theme
) -> Iterator[str]:
    left, top, width, height = rectangle
    fill = colours.header(figure.category, palette, closed=figure.scope is not None)
    size = f'width="{width:.1f}" height="{height:.1f}"'
    pill = figure.is_end
    radius = height / 2 if pill else RADIUS
    name = elided(figure.node or figure.full, _LONGEST_NAME)
    yield f'<g transform="translate({left:.1f} {top:.1f})"><title>{_escaped(name)}</title>'
    if pill or not figure.rows:
        yield f'<rect {size} rx="{radius:.1f}" fill="{fill.fill}"/>'
    else:
        right, bottom = width - RADIUS, HEADER_HEIGHT
        yield f'<rect class="b" {size} rx="{radius:.1f}"/>'
        yield (
            f'<path d="M0 {bottom}V5A5 5 0 0 1 5 0H{right:.1f}a5 5 0 0 1 5 5V{bottom}z" '
            f'fill="{fill.fill}"/>'
        )
    yield f'<rect class="o" {size} rx="{radius:.1f}"/>'
    yield from _texts(figure, fill.text, lettering)
    if figure.faulty:
        yield f'<rect class="f" {size} rx="{radius:.1f}"/>'
        yield badge.as_svg(width, 0, palette)
    yield "</g>"


def _texts(figure: Figure, colour: str, lettering: Lettering) -> Iterator[str]:
    pill = figure.is_end
    centred = pill or not figure.rows
    font = lettering.header
    x = (figure.width - lettering.width(font, figure.title)) / 2 if centred else PADDING
    y = (HEADER_HEIGHT - lettering.height(font)) / 2 + lettering.ascent(font)
    y += 2 if pill and figure.rows else 0
    title = _escaped(figure.title)
    yield f'<text class="t" x="{x:.1f}" y="{y:.1f}" fill="{colour}">{title}</text>'
    font = lettering.row
    y = HEADER_HEIGHT + (-3 if pill else ROWS_PADDING)
    y += (ROW_HEIGHT - lettering.height(font)) / 2 + lettering.ascent(font)
    for row in figure.rows:
        x = (figure.width - lettering.width(font, row.text)) / 2 if pill else PADDING
        if row.name:
            yield f'<text class="n" x="{x:.1f}" y="{y:.1f}">{_escaped(row.name)}</text>'
            x += lettering.width(font, row.name) + NAME_GAP
        kind = "v" if row.name or pill else "n"
        yield f'<text class="{kind}" x="{x:.1f}" y="{y:.1f}">{_escaped(row.text)}</text>'
        y += ROW_HEIGHT


def _escaped(text: str) -> str:
    return html.escape(text, quote=False)
