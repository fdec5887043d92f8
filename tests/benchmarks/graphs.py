"""Graphs of every size and temper, as `ModelGraph`s without weights."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from netviz_desktop.graph import ModelGraph, Node, Value

_SHAPE = (1, 128, 768)


class _Builder:
    """Nodes by name; a name's scope is what stands before its last dot."""

    def __init__(self) -> None:
        self.nodes: list[Node] = []

    def add(self, name: str, *inputs: str, op: str = "Add") -> str:
        scope = tuple(name.split(".")[:-1])
        self.nodes.append(Node(name, op, "ai.onnx", name, scope, inputs, (name,)))
        return name

    def chain(self, prefix: str, ops: Iterable[str], start: str) -> str:
        at = start
        for number, op in enumerate(ops):
            at = self.add(f"{prefix}.{op.lower()}_{number}", at, op=op)
        return at

    def graph(self, *outputs: str) -> ModelGraph:
        values = {name: Value(name, _SHAPE, "float32") for n in self.nodes for name in n.outputs}
        values["x"] = Value("x", _SHAPE, "float32")
        return ModelGraph("ONNX", "benchmark", ("x",), outputs, tuple(self.nodes), values)


def bert(nodes: int) -> ModelGraph:
    """Encoder layers of 28 nodes with one mask for all of them."""
    b = _Builder()
    mask = b.chain("mask", ("Unsqueeze", "Cast", "Sub", "Mul"), "x")
    at = b.chain("embeddings", ("Gather", "Add", "LayerNormalization"), "x")
    for layer in range(max(1, (nodes - 7) // 28)):
        p = f"encoder.layer.{layer}"
        heads = [
            b.chain(f"{p}.attention.{k}", ("MatMul", "Add", "Reshape", "Transpose"), at)
            for k in ("query", "key", "value")
        ]
        score = b.add(f"{p}.attention.score", heads[0], heads[1], op="MatMul")
        masked = b.add(f"{p}.attention.masked", score, mask)
        weight = b.add(f"{p}.attention.softmax", masked, op="Softmax")
        mixed = b.add(f"{p}.attention.mixed", weight, heads[2], op="MatMul")
        out = b.chain(f"{p}.attention.out", ("Transpose", "Reshape", "MatMul", "Add"), mixed)
        middle = b.add(f"{p}.norm1", b.add(f"{p}.add1", at, out), op="LayerNormalization")
        wide = b.chain(f"{p}.mlp", ("MatMul", "Add", "Gelu", "MatMul", "Add"), middle)
        at = b.add(f"{p}.norm2", b.add(f"{p}.add2", middle, wide), op="LayerNormalization")
    return b.graph(at)


def densenet(blocks: tuple[int, ...] = (6, 12, 24, 16)) -> ModelGraph:
    b = _Builder()
    at = b.chain("features", ("Conv", "Relu", "MaxPool"), "x")
    for number, layers in enumerate(blocks):
        so_far = [at]
        for layer in range(layers):
            p = f"features.denseblock{number}.layer{layer}"
            joined = b.add(f"{p}.concat", *so_far, op="Concat")
            ops = ("BatchNormalization", "Relu", "Conv", "BatchNormalization", "Relu", "Conv")
            so_far.append(b.chain(p, ops, joined))
        joined = b.add(f"features.denseblock{number}.concat", *so_far, op="Concat")
        at = b.chain(f"features.transition{number}", ("Relu", "Conv", "AveragePool"), joined)
    return b.graph(at)


def wide(nodes: int, branches: int = 50) -> ModelGraph:
    """Stages of many short branches side by side."""
    b, at = _Builder(), "x"
    for stage in range(max(1, nodes // (4 * branches + 1))):
        ends = [
            b.chain(f"stage{stage}.branch{k}", ("Conv", "Relu", "Conv", "Relu"), at)
            for k in range(branches)
        ]
        at = b.add(f"stage{stage}.concat", *ends, op="Concat")
    return b.graph(at)


def dense(nodes: int, reach: int) -> ModelGraph:
    """Every node reads the last `reach` ones."""
    b, names = _Builder(), ["x"]
    for number in range(nodes):
        names.append(b.add(f"node{number}", *names[-reach:], op="Concat"))
    return b.graph(names[-1])


def masked(blocks: int) -> ModelGraph:
    """One early tensor is read by every block."""
    b = _Builder()
    mask, at = b.add("mask", "x"), "x"
    for block in range(blocks):
        p = f"block{block}"
        inner = b.add(f"{p}.c", b.add(f"{p}.b", b.add(f"{p}.a", at), mask))
        at = b.add(f"{p}.add", at, inner)
    return b.graph(at)


def fan(width: int) -> ModelGraph:
    b = _Builder()
    ends = [b.add(f"leaf{k}", "x") for k in range(width)]
    return b.graph(b.add("join", *ends, op="Concat"))


def chain(length: int) -> ModelGraph:
    b, at = _Builder(), "x"
    for number in range(length):
        at = b.add(f"node{number}", at)
    return b.graph(at)


def lstm(steps: int, layers: int) -> ModelGraph:
    """Cells of 17 nodes, unrolled in time and stacked: a grid."""
    b = _Builder()
    hidden, cell = ["x"] * layers, ["x"] * layers
    for t in range(steps):
        below = b.add(f"step{t}.input", "x", op="Gather")
        for k in range(layers):
            p = f"step{t}.cell{k}"
            both = b.add(f"{p}.add", b.add(f"{p}.ih", below), b.add(f"{p}.hh", hidden[k]))
            split = b.add(f"{p}.bias", both)
            gates = [
                b.chain(f"{p}.{g}", ("Slice", "Tanh" if g == "g" else "Sigmoid"), split)
                for g in "ifgo"
            ]
            kept = b.add(f"{p}.kept", gates[1], cell[k], op="Mul")
            fresh = b.add(f"{p}.fresh", gates[0], gates[2], op="Mul")
            cell[k] = b.add(f"{p}.c", kept, fresh)
            squashed = b.add(f"{p}.tanh", cell[k], op="Tanh")
            hidden[k] = below = b.add(f"{p}.h", gates[3], squashed, op="Mul")
    return b.graph(hidden[-1])


GRAPHS: dict[str, Callable[[], ModelGraph]] = {
    "bert 1k": lambda: bert(1_000),
    "bert 5k": lambda: bert(5_000),
    "bert 20k": lambda: bert(20_000),
    "bert 50k": lambda: bert(50_000),
    "densenet 121": densenet,
    "wide 1k": lambda: wide(1_000),
    "wide 10k": lambda: wide(10_000, branches=500),
    "dense concatenation 150 × 150": lambda: dense(150, 150),
    "dense concatenation 1k × 30": lambda: dense(1_000, 30),
    "mask in 2,500 blocks": lambda: masked(2_500),
    "fan of 3,000": lambda: fan(3_000),
    "chain of 10,000": lambda: chain(10_000),
    "lstm grid 6.8k": lambda: lstm(100, 4),
}
