"""How long finding takes: making ready, and each search after that.

python tests/benchmarks/search.py [NODES]
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable
from dataclasses import replace

import graphs

from netviz_desktop.graph import ModelGraph, Parameter
from netviz_desktop.graph.search import FIELDS, SearchIndex, words

_REPEAT = 7
_SEARCHES = (
    ("e", False), ("matmul", False), ("layer.12", False), ("encoder matmul 768", False),
    ("nothing", False), ("shape:768", False), ("attr:perm=2", False), ("op:MatMul", False),
    (r"layer\.\d+\.mlp", True), (r"op:^(add|gelu)$", True),
)  # fmt: skip


def main() -> int:
    graph = _graph(int(sys.argv[1]) if len(sys.argv) > 1 else 50_000)
    index = SearchIndex(graph)
    ready = index.prepare()
    steps = [_cpu_ms(lambda: next(ready)) for _ in FIELDS]
    print(f"{len(graph.nodes):,} nodes, CPU milliseconds, the least of {_REPEAT}")
    print(f"{'made ready, in ' + str(len(steps)) + ' steps':32} {sum(steps):7.1f}")
    print(f"{'  the longest':32} {max(steps):7.1f}")
    for text, regular in _SEARCHES:
        search = words(text, regular=regular)
        least = min(_cpu_ms(lambda search=search: index.find(search)) for _ in range(_REPEAT))
        found = len(index.find(search))
        print(f"{text + (' (regular)' if regular else ''):32} {least:7.1f}  {found:,} found")
    return 0


def _graph(nodes: int) -> ModelGraph:
    """A transformer with attributes, and a weight in every third node."""
    graph = graphs.bert(nodes)
    full = [
        replace(
            node,
            attributes={"axis": 1, "perm": [0, 2, 1, number % 50]},
            parameters=(Parameter(f"{node.id}.weight", (768, 768), "float32", "weight"),)
            if number % 3 == 0
            else (),
        )
        for number, node in enumerate(graph.nodes)
    ]
    return replace(graph, nodes=tuple(full))


def _cpu_ms(action: Callable[[], object]) -> float:
    start = time.process_time()
    action()
    return 1000 * (time.process_time() - start)


if __name__ == "__main__":
    sys.exit(main())
