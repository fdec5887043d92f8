"""The ONNX interpreter, judged by onnxruntime, by plain torch autograd, and by hand."""

from __future__ import annotations

import warnings
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import onnxruntime
import pytest
import torch
from onnx import TensorProto, helper, numpy_helper
from torch import Tensor, nn

from netviz_desktop import readers, resource
from netviz_desktop.engine import runners
from netviz_desktop.engine.forward_pass import ForwardPass
from netviz_desktop.engine.runners import _onnxruntime
from netviz_desktop.engine.runners.onnx_interpreter import OnnxInterpreter
from netviz_desktop.problems import Cancelled, Problem

CPU = torch.device("cpu")
FLOAT, INT64 = TensorProto.FLOAT, TensorProto.INT64


def value(name: str, shape: list[Any] | None, dtype: int = FLOAT) -> onnx.ValueInfoProto:
    return helper.make_tensor_value_info(name, dtype, shape)


def saved(
    folder: Path,
    nodes: list[onnx.NodeProto],
    inputs: list[onnx.ValueInfoProto],
    outputs: list[onnx.ValueInfoProto],
    weights: dict[str, Any] | None = None,
    opset: int = 17,
    **model: Any,
) -> Path:
    tensors = [numpy_helper.from_array(np.asarray(w), name) for name, w in (weights or {}).items()]
    graph = helper.make_graph(nodes, "g", inputs, outputs, tensors)
    imports = [helper.make_opsetid("", opset), helper.make_opsetid("com.microsoft", 1)]
    imports += model.pop("imports", [])
    proto = helper.make_model(graph, opset_imports=imports, ir_version=8, **model)
    path = folder / "model.onnx"
    path.write_bytes(proto.SerializeToString())
    return path


def opened(path: Path) -> OnnxInterpreter:
    runner = runners.runner(readers.read(path), CPU)
    assert isinstance(runner, OnnxInterpreter)
    return runner


def run(path: Path, **inputs: Tensor) -> ForwardPass:
    return opened(path).run(inputs)


def by_onnxruntime(path: Path, feeds: dict[str, Any]) -> dict[str, Any]:
    """Every value of the main graph, as onnxruntime computes it without optimising."""
    model = onnx.load(path)
    declared = {output.name for output in model.graph.output}
    for node in model.graph.node:
        for name in node.output:
            if name and name not in declared:
                model.graph.output.add().name = name
    options = onnxruntime.SessionOptions()
    options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_DISABLE_ALL
    options.intra_op_num_threads = 1
    options.log_severity_level = 3
    session = onnxruntime.InferenceSession(model.SerializeToString(), options)
    names = [output.name for output in session.get_outputs()]
    return dict(zip(names, session.run(names, feeds), strict=True))


# --- values ------------------------------------------------------------------------------


def test_every_value_of_the_demo_model_is_onnxruntimes() -> None:
    path = resource.path(resource.DEMO_MODEL)
    runner = opened(path)
    (image,) = runner.inputs
    x = np.random.default_rng(0).standard_normal((1, 3, 224, 224)).astype(np.float32)

    forward = runner.run({image.name: torch.from_numpy(x)})

    expected = by_onnxruntime(path, {image.name: x})
    assert set(expected) <= set(forward.values)
    for name, want in expected.items():
        error = np.abs(forward.value(name).numpy() - want).max() / np.abs(want).max()
        assert error < 1e-5, name
    assert set(forward.milliseconds) == {node.id for node in forward.graph.nodes}
    assert forward.logits == forward.graph.outputs[0]
    assert forward.score_kind == "softmax"


def test_a_second_run_is_not_touched_by_the_first(tmp_path: Path) -> None:
    relu = helper.make_node("Relu", ["x"], ["y"])
    path = saved(tmp_path, [relu], [value("x", ["n"])], [value("y", ["n"])])
    runner = opened(path)
    x = torch.tensor([1.0, -1.0])

    first = runner.run({"x": x})
    second = runner.run({"x": -x})

    assert first.value("y").tolist() == [1, 0]
    assert second.value("y").tolist() == [0, 1]
    assert not x.requires_grad


def test_without_gradients_nothing_is_recorded_for_them(tmp_path: Path) -> None:
    relu = helper.make_node("Relu", ["x"], ["y"])
    path = saved(tmp_path, [relu], [value("x", ["n"])], [value("y", ["n"])])

    forward = opened(path).run({"x": torch.ones(2)}, gradients=False)

    assert all(recorded.edge is None for recorded in forward.values.values())


def test_half_precision_is_computed_in_single_and_declared_as_it_is(tmp_path: Path) -> None:
    nodes = [helper.make_node("Mul", ["x", "w"], ["y"])]
    half = TensorProto.FLOAT16
    path = saved(
        tmp_path, nodes, [value("x", [1], half)], [value("y", [1], half)],
        {"w": np.array([3.0], np.float16)},
    )  # fmt: skip
    runner = opened(path)

    forward = runner.run({"x": torch.tensor([0.1])})

    assert runner.graph.values["y"].dtype == "float16"
    assert forward.value("y").dtype == torch.float32
    assert forward.value("x").item() == np.float32(np.float16(0.1))


def test_branches_see_the_values_around_them(tmp_path: Path) -> None:
    then = helper.make_graph(
        [helper.make_node("Mul", ["x", "two"], ["a"])], "t", [], [value("a", None)]
    )
    other = helper.make_graph([helper.make_node("Neg", ["x"], ["b"])], "e", [], [value("b", None)])
    nodes = [helper.make_node("If", ["c"], ["y"], then_branch=then, else_branch=other)]
    path = saved(
        tmp_path, nodes, [value("x", [2]), value("c", [], TensorProto.BOOL)], [value("y", [2])],
        {"two": np.float32(2)},
    )  # fmt: skip
    x = torch.tensor([1.0, 2.0])

    assert run(path, x=x, c=torch.tensor(True)).value("y").tolist() == [2, 4]
    forward = run(path, x=x, c=torch.tensor(False))
    assert forward.value("y").tolist() == [-1, -2]
    assert forward.gradients(1)["x"].tolist() == [0, -1]


def test_a_chain_of_ten_thousand_nodes_runs_and_differentiates(tmp_path: Path) -> None:
    nodes = [helper.make_node("Neg", [f"v{i}"], [f"v{i + 1}"]) for i in range(10_000)]
    path = saved(tmp_path, nodes, [value("v0", [2])], [value("v10000", [2])])

    forward = run(path, v0=torch.tensor([1.0, 2.0]))

    assert forward.value("v10000").tolist() == [1, 2]
    assert forward.gradients(0)["v1"].tolist() == [-1, 0]


# --- gradients ---------------------------------------------------------------------------


@pytest.mark.parametrize("op", ["Identity", "Dropout", "Cast", "Clip"])
def test_a_node_that_changes_nothing_still_has_a_gradient_of_its_own(
    op: str, tmp_path: Path
) -> None:
    attributes = {"to": FLOAT} if op == "Cast" else {}
    nodes = [
        helper.make_node(op, ["x"], ["y"], **attributes),
        helper.make_node("Mul", ["x", "two"], ["a"]),
        helper.make_node("Mul", ["y", "three"], ["b"]),
        helper.make_node("Add", ["a", "b"], ["z"]),
    ]
    weights = {"two": np.float32(2), "three": np.float32(3)}
    path = saved(tmp_path, nodes, [value("x", [1])], [value("z", [1])], weights)

    gradients = run(path, x=torch.ones(1)).gradients(0)

    assert gradients["y"].tolist() == [3]
    assert gradients["x"].tolist() == [5]


class SmallNet(nn.Module):
    """Convolution, normalisation, pooling, attention over what is left, and a classifier."""

    def __init__(self) -> None:
        super().__init__()
        self.conv = nn.Conv2d(3, 8, 3, padding=1, stride=2)
        self.norm = nn.GroupNorm(2, 8)
        self.query, self.key = nn.Linear(8, 8), nn.Linear(8, 8)
        self.last = nn.LayerNorm(8)
        self.head = nn.Linear(8, 5)

    def forward(self, x: Tensor) -> Tensor:
        x = torch.nn.functional.gelu(self.norm(self.conv(x)))
        x = torch.nn.functional.avg_pool2d(x, 2)
        x = x.flatten(2).transpose(1, 2)
        weights = torch.softmax(self.query(x) @ self.key(x).transpose(1, 2) / 3, dim=-1)
        return self.head(self.last((weights @ x).mean(dim=1)))


@pytest.mark.parametrize("exporter", ["legacy", "dynamo"])
def test_an_exported_network_has_the_gradients_of_the_original(
    exporter: str, tmp_path: Path
) -> None:
    torch.manual_seed(0)
    net = SmallNet().eval()
    x = torch.randn(1, 3, 16, 16)
    path = tmp_path / "net.onnx"
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # the exporters warn about themselves
        torch.onnx.export(
            net, (x,), path, dynamo=exporter == "dynamo", verbose=False,
            **({"optimize": False} if exporter == "dynamo" else {}),
        )  # fmt: skip
    runner = opened(path)

    forward = runner.run({runner.inputs[0].name: x})

    seen: dict[str, Tensor] = {}
    handle = net.conv.register_forward_hook(lambda *a: seen.update(conv=a[2]))
    x_leaf = x.clone().requires_grad_()
    logits = net(x_leaf)
    handle.remove()
    expected, expected_x = torch.autograd.grad(logits[0, 2], [seen["conv"], x_leaf])
    (conv,) = (node for node in forward.graph.nodes if node.op_type == "Conv")
    torch.testing.assert_close(forward.value(forward.graph.outputs[0]), logits.detach())
    torch.testing.assert_close(forward.activation(conv.id), seen["conv"].detach())
    torch.testing.assert_close(forward.gradient(2, conv.id), expected, atol=1e-6, rtol=1e-4)
    torch.testing.assert_close(
        forward.gradients(2)[runner.inputs[0].name], expected_x, atol=1e-6, rtol=1e-4
    )
    assert conv.scope == ("conv",)


def _loop() -> onnx.NodeProto:
    """Three times s = tanh(s · w), halved where it is large; each s is collected."""
    halve = helper.make_graph(
        [helper.make_node("Mul", ["t", "half"], ["h"])], "then", [], [value("h", None)]
    )
    keep = helper.make_graph(
        [helper.make_node("Identity", ["t"], ["k"])], "else", [], [value("k", None)]
    )
    steps = [
        helper.make_node("Identity", ["go"], ["on"]),
        helper.make_node("MatMul", ["s", "w2"], ["m"]),
        helper.make_node("Tanh", ["m"], ["t"]),
        helper.make_node("ReduceMax", ["t"], ["largest"], keepdims=0),
        helper.make_node("Greater", ["largest", "half"], ["large"]),
        helper.make_node("If", ["large"], ["next"], then_branch=halve, else_branch=keep),
        helper.make_node("Identity", ["next"], ["each"]),
    ]
    inputs = [value("i", [], INT64), value("go", [], TensorProto.BOOL), value("s", [2, 3])]
    outputs = [value("on", [], TensorProto.BOOL), value("next", [2, 3]), value("each", [2, 3])]
    body = helper.make_graph(steps, "body", inputs, outputs)
    return helper.make_node("Loop", ["three", "", "x"], ["last", "all"], name="loop", body=body)


def _scan() -> onnx.NodeProto:
    """A running sum of the rows of x · w, from the last to the first."""
    steps = [
        helper.make_node("Add", ["sum", "row"], ["new"]),
        helper.make_node("Sigmoid", ["new"], ["each"]),
    ]
    body = helper.make_graph(
        steps,
        "body",
        [value("sum", [3]), value("row", [3])],
        [value("new", [3]), value("each", [3])],
    )
    return helper.make_node(
        "Scan", ["zero", "xw"], ["last", "all"], name="scan", body=body, num_scan_inputs=1,
        scan_input_directions=[1],
    )  # fmt: skip


@pytest.mark.parametrize("inner", [_loop(), _scan()], ids=["Loop and If", "Scan"])
def test_gradients_flow_through_graphs_inside_and_to_what_they_see_around_them(
    inner: onnx.NodeProto, tmp_path: Path
) -> None:
    double = TensorProto.DOUBLE
    nodes = [
        helper.make_node("Mul", ["w", "two"], ["w2"], name="twice"),
        helper.make_node("MatMul", ["x", "w2"], ["xw"], name="product"),
        inner,
        helper.make_node("ReduceSumSquare", ["all"], ["a"], keepdims=0),
        helper.make_node("ReduceSumSquare", ["last"], ["b"], keepdims=0),
        helper.make_node("Add", ["a", "b"], ["y"]),
    ]
    weights = {
        "two": np.float64(2), "half": np.float64(0.5), "three": np.int64(3), "zero": np.zeros(3)
    }  # fmt: skip
    inputs = [value("x", [2, 3], double), value("w", [3, 3], double)]
    path = saved(tmp_path, nodes, inputs, [value("y", [], double)], weights)
    torch.manual_seed(0)
    feeds = {"x": torch.randn(2, 3).double(), "w": torch.randn(3, 3).double()}
    runner = opened(path)

    forward = runner.run(feeds)

    gradients = forward.gradients(0)
    for name, x in feeds.items():
        direction = torch.randn(x.shape).double()
        ahead, behind = (
            runner.run({**feeds, name: x + step * direction}, gradients=False).value("y")
            for step in (1e-6, -1e-6)
        )
        assert (gradients[name] * direction).sum() == pytest.approx((ahead - behind) / 2e-6)
    torch.testing.assert_close(gradients["w"], 2 * gradients["w2"])
    assert all(not forward.gradient_state(0, node.id) for node in forward.graph.nodes[2:])


def test_gradients_begin_at_an_embedding_that_integers_choose(tmp_path: Path) -> None:
    nodes = [
        helper.make_node("Gather", ["table", "ids"], ["words"], name="embed"),
        helper.make_node("ReduceSum", ["words"], ["y"], keepdims=0),
    ]
    table = np.arange(6, dtype=np.float32).reshape(3, 2)
    path = saved(tmp_path, nodes, [value("ids", [2], INT64)], [value("y", [])], {"table": table})

    forward = run(path, ids=torch.tensor([2, 0]))

    assert forward.value("y").item() == 10
    assert forward.gradient(0, "embed").tolist() == [[1, 1], [1, 1]]


def test_a_model_local_function_is_one_node_with_a_gradient(tmp_path: Path) -> None:
    body = [
        helper.make_node("Constant", [], ["k"]),
        helper.make_node("Mul", ["a", "k"], ["b"]),
    ]
    reference = body[0].attribute.add()
    reference.name, reference.ref_attr_name = "value_float", "factor"
    reference.type = onnx.AttributeProto.FLOAT
    function = helper.make_function(
        "my.ops", "Scaled", ["a"], ["b"], body, [helper.make_opsetid("", 17)], ["factor"]
    )
    nodes = [helper.make_node("Scaled", ["x"], ["y"], domain="my.ops", name="s", factor=4.0)]
    path = saved(
        tmp_path, nodes, [value("x", [1])], [value("y", [1])], functions=[function],
        imports=[helper.make_opsetid("my.ops", 1)],
    )  # fmt: skip

    forward = run(path, x=torch.tensor([2.0]))

    assert forward.value("y").tolist() == [8]
    assert forward.gradients(0)["x"].tolist() == [4]
    node = forward.graph.node("s")
    assert (node.op_type, node.domain) == ("Scaled", "my.ops")
    assert node.execution == "function of the model"


def test_a_function_body_gets_the_operators_default_attributes(tmp_path: Path) -> None:
    nodes = [helper.make_node("HannWindow", ["size"], ["y"], name="window")]
    path = saved(tmp_path, nodes, [value("size", [], INT64)], [value("y", None)])

    forward = run(path, size=torch.tensor(10))

    torch.testing.assert_close(forward.value("y"), torch.hann_window(10, periodic=True))
    assert forward.graph.node("window").execution == "ONNX function body"


def test_a_forward_only_node_says_so_and_gradients_go_on_behind_it(tmp_path: Path) -> None:
    nodes = [
        helper.make_node("Relu", ["rate"], ["r"], name="before"),
        helper.make_node(
            "MelWeightMatrix", ["bins", "length", "r", "low", "high"], ["m"], name="mel"
        ),
        helper.make_node("ReduceSum", ["m"], ["y"], keepdims=0),
    ]
    weights = {
        "bins": np.int64(2),
        "length": np.int64(8),
        "low": np.float32(0),
        "high": np.float32(400),
    }
    path = saved(tmp_path, nodes, [value("rate", [])], [value("y", [])], weights)

    forward = run(path, rate=torch.tensor(1000.0))

    assert forward.graph.node("mel").execution == "reference evaluator"
    assert "forward only" in forward.graph.node("mel").note
    assert forward.gradient(0, "mel").unique().tolist() == [1]
    assert "mel" in forward.gradient_state(0, "before")


def test_a_forward_only_node_aside_of_the_score_takes_nothing_from_any_gradient(
    tmp_path: Path,
) -> None:
    nodes = [
        helper.make_node("Relu", ["rate"], ["r"], name="before"),
        helper.make_node("Neg", ["r"], ["y"]),
        helper.make_node(
            "MelWeightMatrix", ["bins", "length", "r", "low", "high"], ["m"], name="mel"
        ),
    ]
    weights = {"bins": np.int64(2), "length": np.int64(8)}
    weights |= {"low": np.float32(0), "high": np.float32(400)}
    outputs = [value("y", []), value("m", None)]
    path = saved(tmp_path, nodes, [value("rate", [])], outputs, weights)

    forward = run(path, rate=torch.tensor(1000.0))

    assert forward.gradient(0, "before") == -1
    assert forward.gradient_state(0, "before") == ""
    assert forward.gradient_state(0, "mel") == "It is not on a path to the score."


def test_an_operator_that_only_onnxruntime_has_runs_there_forward_only(tmp_path: Path) -> None:
    nodes = [
        helper.make_node("Relu", ["a"], ["r"], name="before"),
        helper.make_node("CDist", ["r", "b"], ["d"], name="dist", domain="com.microsoft"),
        helper.make_node("Neg", ["d"], ["y"]),
    ]
    path = saved(tmp_path, nodes, [value("a", [2, 3]), value("b", [4, 3])], [value("y", [2, 4])])
    a, b = torch.rand(2, 3), torch.rand(4, 3)

    forward = run(path, a=a, b=b)

    torch.testing.assert_close(forward.value("d"), torch.cdist(a, b) ** 2)
    assert forward.graph.node("before").execution == "torch"
    assert forward.graph.node("dist").execution == "onnxruntime"
    assert "forward only" in forward.graph.node("dist").note
    assert forward.gradient(0, "dist")[0, 0] == -1
    assert "“dist”, which runs forward only" in forward.gradient_state(0, "before")


def test_without_onnxruntime_its_operators_are_drawn_and_the_remedy_installs_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(_onnxruntime, "installed", lambda: False)
    node = helper.make_node("CDist", ["a", "b"], ["y"], name="dist", domain="com.microsoft")
    path = saved(tmp_path, [node], [value("a", [2, 3]), value("b", [4, 3])], [value("y", [2, 4])])
    runner = opened(path)

    assert runner.graph.node("dist").execution == ""
    with pytest.raises(Problem) as problem:
        runner.run({"a": torch.ones(2, 3), "b": torch.ones(4, 3)})
    assert "pip install onnxruntime" in problem.value.remedy


# --- what cannot be run ------------------------------------------------------------------


@pytest.fixture
def doubling(tmp_path: Path) -> OnnxInterpreter:
    add = helper.make_node("Add", ["x", "x"], ["y"])
    return opened(saved(tmp_path, [add], [value("x", ["n", 3])], [value("y", ["n", 3])]))


@pytest.mark.parametrize(
    ("inputs", "says"),
    [
        ({"x": torch.ones(2, 4)}, ["“x”", "(n, 3)", "(2, 4)"]),
        ({"x": torch.ones(3)}, ["“x”", "(n, 3)", "(3)"]),
        ({}, ["“x”", "missing"]),
        ({"x": torch.ones(1, 3), "z": torch.ones(1)}, ["“z”"]),
    ],
)
def test_inputs_that_do_not_fit_are_refused_with_what_is_expected(
    doubling: OnnxInterpreter, inputs: dict[str, Tensor], says: list[str]
) -> None:
    with pytest.raises(Problem) as problem:
        doubling.run(inputs)

    assert all(part in problem.value.what for part in says), problem.value.what


def test_floats_are_not_taken_for_indices(tmp_path: Path) -> None:
    nodes = [helper.make_node("Identity", ["i"], ["y"])]
    path = saved(tmp_path, nodes, [value("i", [1], INT64)], [value("y", [1], INT64)])

    with pytest.raises(Problem, match="int64"):
        run(path, i=torch.tensor([0.5]))


def test_a_node_that_fails_is_named_with_the_reason(tmp_path: Path) -> None:
    nodes = [helper.make_node("MatMul", ["x", "w"], ["y"], name="project")]
    weights = {"w": np.zeros((4, 2), np.float32)}
    path = saved(tmp_path, nodes, [value("x", None)], [value("y", None)], weights)

    with pytest.raises(
        Problem, match=r"Node “project” \(MatMul\) could not be run: .*3.*4"
    ) as stopped:
        run(path, x=torch.ones(1, 3))
    assert stopped.value.node == "project"


def test_an_unknown_operator_is_drawn_but_not_run(tmp_path: Path) -> None:
    nodes = [helper.make_node("Whatever", ["x"], ["y"], domain="acme", name="w")]
    path = saved(
        tmp_path, nodes, [value("x", [1])], [value("y", [1])],
        imports=[helper.make_opsetid("acme", 1)],
    )  # fmt: skip
    runner = opened(path)

    assert "no operator Whatever in acme" in runner.graph.node("w").fault
    with pytest.raises(Problem, match="“w” cannot be run: there is no operator Whatever in acme"):
        runner.run({"x": torch.ones(1)})


def test_an_attribute_that_nobody_knows_is_not_ignored(tmp_path: Path) -> None:
    nodes = [helper.make_node("Relu", ["x"], ["y"], name="r", leak=0.1)]
    path = saved(tmp_path, nodes, [value("x", [1])], [value("y", [1])])

    with pytest.raises(Problem, match="“leak”"):
        run(path, x=torch.ones(1))


def test_a_table_entry_that_raises_is_not_replaced_by_another_tier(tmp_path: Path) -> None:
    nodes = [helper.make_node("Reshape", ["x", "s"], ["y"], name="r")]
    path = saved(tmp_path, nodes, [value("x", [3])], [value("y", None)], {"s": np.array([2, 2])})

    with pytest.raises(Problem, match="“r”"):
        run(path, x=torch.ones(3))


def test_what_stops_a_run_inside_a_node_is_said_of_the_node_that_is_drawn(tmp_path: Path) -> None:
    branch = helper.make_graph(
        [helper.make_node("Whatever", ["x"], ["t"], domain="acme")], "then", [], [value("t", [1])]
    )
    other = helper.make_graph(
        [helper.make_node("Neg", ["x"], ["t"])], "else", [], [value("t", [1])]
    )
    nodes = [helper.make_node("If", ["c"], ["y"], name="if", then_branch=branch, else_branch=other)]
    inputs = [value("x", [1]), value("c", [], TensorProto.BOOL)]
    path = saved(
        tmp_path, nodes, inputs, [value("y", [1])], imports=[helper.make_opsetid("acme", 1)]
    )
    runner = opened(path)

    assert runner.graph.node("if").fault == ""
    runner.run({"x": torch.ones(1), "c": torch.tensor(False)})
    with pytest.raises(Problem, match="no operator Whatever") as stopped:
        runner.run({"x": torch.ones(1), "c": torch.tensor(True)})
    assert stopped.value.node == "if"


def test_a_loop_without_end_can_be_stopped(tmp_path: Path) -> None:
    body = helper.make_graph(
        [helper.make_node("Identity", ["go"], ["on"]), helper.make_node("Neg", ["s"], ["t"])],
        "body",
        [value("i", [], INT64), value("go", [], TensorProto.BOOL), value("s", [1])],
        [value("on", [], TensorProto.BOOL), value("t", [1])],
    )
    nodes = [helper.make_node("Loop", ["", "always", "x"], ["y"], body=body)]
    path = saved(tmp_path, nodes, [value("x", [1])], [value("y", [1])], {"always": np.array(True)})
    calls = []

    def step(done: float, what: str) -> None:
        calls.append((done, what))
        raise Cancelled

    with pytest.raises(Cancelled):
        opened(path).run({"x": torch.ones(1)}, gradients=False, step=step)

    assert calls


def test_more_memory_than_there_is_is_a_problem(tmp_path: Path) -> None:
    nodes = [helper.make_node("ConstantOfShape", ["s"], ["y"], name="huge")]
    path = saved(
        tmp_path, nodes, [value("x", [1])], [value("y", None)], {"s": np.array([2**20, 2**20])}
    )

    with pytest.raises(Problem, match="“huge”"):
        run(path, x=torch.ones(1))
