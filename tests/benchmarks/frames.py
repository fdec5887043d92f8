"""How long a frame of the canvas takes while somebody pans and zooms.

    python tests/benchmarks/frames.py [--only NAME]

Offscreen, software raster, 1600 × 1000. Every graph is drawn with nothing closed, which is
more than anybody looks at by choice.
"""

from __future__ import annotations

import argparse
import os
import sys
import time
from collections.abc import Callable, Iterator

import numpy as np
from graphs import GRAPHS
from PySide6.QtCore import QEventLoop, QPointF, QTimer, qInstallMessageHandler

from netviz_desktop.graph import ModelGraph
from netviz_desktop.layout import place
from netviz_desktop.ui.application import make_application
from netviz_desktop.ui.engine_client import EngineClient
from netviz_desktop.ui.scene.chart import Chart
from netviz_desktop.ui.scene.drawing import Options, draw
from netviz_desktop.ui.scene.graph_view import GraphView
from netviz_desktop.ui.selection import Selection

os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
_NAMES = ("bert 1k", "wide 10k", "chain of 10,000", "dense concatenation 1k × 30", "bert 50k")
_STEPS = 60


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--only", default="", help="graphs whose name begins so")
    options = parser.parse_args()
    qInstallMessageHandler(lambda *_: None)
    make_application("light")
    print(f"{os.cpu_count()} cores; ms a frame, wall and CPU, median and 95 %")
    for name in _NAMES:
        if name.startswith(options.only):
            benchmark(name, GRAPHS[name]())
    return 0


def benchmark(name: str, graph: ModelGraph) -> None:
    view = GraphView(EngineClient(), Selection())
    view.resize(1600, 1000)
    view.show()
    drawing = draw(graph, Options(), view.lettering)
    placement = place(drawing.boxes, drawing.edges, drawing.frames)
    start = time.process_time()
    view._show(Chart(drawing, placement, view.lettering))
    view.viewport().repaint()
    first = time.process_time() - start
    figures, wires = len(drawing.figures), len(drawing.wires)
    print(f"\n{name}: {figures} boxes, {wires} lines, first picture {first * 1000:.0f} ms CPU")
    fitting = view._fitting_scale()
    turn(300)  # as long as a person takes to begin
    for scale in sorted({max(fitting, 0.005), 0.1, 0.3, 0.5, 1.0}):
        report(f"pan at {scale:.3f}", view, pan(view, scale))
    report("zoom from all to 100 %", view, zoom(view, fitting))
    view.close()
    view.deleteLater()


def pan(view: GraphView, scale: float) -> Iterator[Callable[[], None]]:
    view.zoom_to(scale)
    bounds = view.chart.bounds
    view.centerOn(QPointF(bounds.center().x(), bounds.top() + bounds.height() / 3))
    for step in range(_STEPS):
        yield lambda step=step: view._scroll(11 if step % 3 else 0, 17)


def zoom(view: GraphView, fitting: float) -> Iterator[Callable[[], None]]:
    view.centerOn(view.chart.bounds.center())
    for share in np.linspace(0, 1, _STEPS):
        scale = float(fitting ** (1 - share))
        yield lambda scale=scale: view.zoom_to(scale)


def report(what: str, view: GraphView, steps: Iterator[Callable[[], None]]) -> None:
    wall, cpu = [], []
    for step in steps:
        start, cpu_start = time.perf_counter(), time.process_time()
        step()
        view.viewport().repaint()  # all of it: with the minimap above it, nothing is shifted
        wall.append(time.perf_counter() - start)
        cpu.append(time.process_time() - cpu_start)
        turn()
    numbers = [
        f"{1000 * np.percentile(found, share):7.1f}" for found in (wall, cpu) for share in (50, 95)
    ]
    print(f"  {what:24} wall {numbers[0]} {numbers[1]}   CPU {numbers[2]} {numbers[3]}", flush=True)


def turn(milliseconds: int = 0) -> None:
    loop = QEventLoop()
    QTimer.singleShot(milliseconds, loop.quit)
    loop.exec()


if __name__ == "__main__":
    sys.exit(main())
