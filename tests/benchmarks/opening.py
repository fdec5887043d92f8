"""Seconds from a dropped file to its first picture, the engine warm and idle.

python tests/benchmarks/opening.py [--repeat 3]
"""

from __future__ import annotations

import argparse
import os
import statistics
import sys
import tempfile
from pathlib import Path

import onnx
from graphs import bert
from windows import drop

from netviz_desktop.graph import ModelGraph

_SIZES = (1_000, 5_000, 20_000, 50_000)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--repeat", type=int, default=3)
    options = parser.parse_args()
    print(f"{os.cpu_count()} cores\n{'':28} {'median s':>9} {'least':>7}")
    with tempfile.TemporaryDirectory() as folder:
        for size in _SIZES:
            for name, scoped in (("with scopes", True), ("without", False)):
                path = Path(folder, f"{size}.onnx")
                path.write_bytes(as_onnx(bert(size), scoped=scoped))
                seconds = drop(path, options.repeat)
                label = f"{size:,} nodes, {name}"
                print(
                    f"{label:28} {statistics.median(seconds):9.2f} {min(seconds):7.2f}", flush=True
                )
    return 0


def as_onnx(graph: ModelGraph, *, scoped: bool) -> bytes:
    """A file of the same structure; every operator is one that takes any number of inputs."""
    nodes = [
        onnx.helper.make_node(
            "Sum",
            list(node.inputs),
            list(node.outputs),
            name="/" + node.name.replace(".", "/") if scoped else node.name.replace(".", "_"),
        )
        for node in graph.nodes
    ]
    ends = [
        [onnx.helper.make_tensor_value_info(name, 1, (1, 128, 768)) for name in names]
        for names in (graph.inputs, graph.outputs)
    ]
    proto = onnx.helper.make_graph(nodes, "benchmark", *ends)
    return onnx.helper.make_model(proto).SerializeToString()


if __name__ == "__main__":
    sys.exit(main())
