from __future__ import annotations

import itertools
import json
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper, numpy_helper

from netviz_desktop import readers, resource
from netviz_desktop.graph import Node, Value
from netviz_desktop.problems import Problem
from netviz_desktop.readers import _onnx_wire, onnx_model
from netviz_desktop.readers.onnx_model import OnnxModel

FLOAT = TensorProto.FLOAT


def value(name: str, shape: list[Any] | None, dtype: int = FLOAT) -> onnx.ValueInfoProto:
    return helper.make_tensor_value_info(name, dtype, shape)


def model(
    nodes: list[onnx.NodeProto],
    weights: dict[str, Any] | None = None,
    inputs: list[onnx.ValueInfoProto] | None = None,
    outputs: list[onnx.ValueInfoProto] | None = None,
    opset: int = 17,
) -> onnx.ModelProto:
    tensors = [numpy_helper.from_array(np.asarray(w), name) for name, w in (weights or {}).items()]
    graph = helper.make_graph(
        nodes, "g", inputs or [value("x", ["n", 3])], outputs or [value("y", None)], tensors
    )
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", opset)], ir_version=8)


def opened(proto: onnx.ModelProto, folder: Path) -> readers.OpenedModel:
    path = folder / "model.onnx"
    path.write_bytes(proto.SerializeToString())
    return readers.read(path)


def only_node(opened_model: readers.OpenedModel) -> Node:
    (node,) = opened_model.graph.nodes
    return node


# --- structure ---------------------------------------------------------------------------


def test_the_demo_model_is_what_its_authors_published() -> None:
    path = resource.path(resource.DEMO_MODEL)

    opened_model = readers.read(path)

    graph = opened_model.graph
    assert graph.format == "ONNX"
    assert graph.parameter_count == 1_235_496  # SqueezeNet 1.1, torchvision's documentation
    assert [node.op_type for node in graph.nodes].count("Conv") == 26
    assert graph.values[graph.inputs[0]].shape is not None
    assert graph.values[graph.inputs[0]].shape[1:] == (3, 224, 224)
    first = graph.nodes[0]
    assert first.domain == "ai.onnx"
    assert first.scope == ("features", "0")
    assert [(p.role, p.shape) for p in first.parameters] == [
        ("weight", (64, 3, 3, 3)),
        ("bias", (64,)),
    ]
    squeeze = next(node for node in graph.nodes if node.scope[:2] == ("features", "3"))
    assert squeeze.scope == ("features", "3", "squeeze")
    assert all(
        graph.values[name].shape is not None for node in graph.nodes for name in node.outputs
    )
    assert "17" in graph.metadata["opset"]


def test_weights_are_those_that_onnx_reads() -> None:
    path = resource.path(resource.DEMO_MODEL)

    weights = readers.read(path).weights

    expected = {i.name: numpy_helper.to_array(i) for i in onnx.load(path).graph.initializer}
    floats = {name: array for name, array in expected.items() if array.dtype == np.float32}
    assert weights.keys() == floats.keys()
    for name, array in floats.items():
        np.testing.assert_array_equal(weights[name](), array)


def test_nodes_without_a_name_and_with_one_twice_get_stable_ids(tmp_path: Path) -> None:
    nodes = [
        helper.make_node("Relu", ["x"], ["a"]),
        helper.make_node("Relu", ["a"], ["b"], name="act"),
        helper.make_node("Relu", ["b"], ["c"], name="act"),
        helper.make_node("Relu", ["c"], ["d"], name="act#2"),
        helper.make_node("Relu", ["d"], ["y"], name="act"),
    ]

    ids = [node.id for node in opened(model(nodes), tmp_path).graph.nodes]

    assert ids == ["Relu_0", "act", "act#2", "act#2#2", "act#3"]


def test_weights_in_constant_nodes_are_parameters_and_the_nodes_are_not_drawn(
    tmp_path: Path,
) -> None:
    weight = numpy_helper.from_array(np.ones((3, 400), np.float32))
    nodes = [
        helper.make_node("Constant", [], ["w"], value=weight),
        helper.make_node("MatMul", ["x", "w"], ["m"]),
        helper.make_node("Constant", [], ["s"], value_ints=[-1, 4, 100]),
        helper.make_node("Reshape", ["m", "s"], ["y"]),
    ]

    opened_model = opened(model(nodes), tmp_path)

    matmul, reshape = opened_model.graph.nodes
    assert [(p.name, p.role) for p in matmul.parameters] == [("w", "weight")]
    assert reshape.parameters == ()
    assert reshape.attributes["shape"] == [-1, 4, 100]
    assert opened_model.graph.parameter_count == 1200
    assert opened_model.weights["w"]().shape == (3, 400)
    assert opened_model.graph.values["y"] == Value("y", (None, 4, 100), "float32")


def test_settings_are_no_parameters_even_in_floating_point(tmp_path: Path) -> None:
    nodes = [helper.make_node("Clip", ["x", "low", "high"], ["y"])]
    weights = {"low": np.float32(0), "high": np.float32(6)}

    node = only_node(opened(model(nodes, weights), tmp_path))

    assert node.parameters == ()
    assert node.attributes == {"min": 0, "max": 6}
    assert node.inputs == ("x", "low", "high")


def test_a_quantised_weight_is_a_parameter_and_its_scale_is_none(tmp_path: Path) -> None:
    nodes = [
        helper.make_node("DequantizeLinear", ["q", "scale", "zero"], ["w"], axis=0),
        helper.make_node("MatMul", ["x", "w"], ["y"]),
    ]
    weights = {
        "q": np.zeros((3, 2), np.int8),
        "scale": np.ones(3, np.float32),
        "zero": np.zeros(3, np.int8),
    }

    graph = opened(model(nodes, weights), tmp_path).graph

    assert [p.name for p in graph.nodes[0].parameters] == ["q"]
    assert graph.parameter_count == 6


def test_a_weight_that_two_nodes_share_counts_once(tmp_path: Path) -> None:
    nodes = [
        helper.make_node("MatMul", ["x", "w"], ["a"]),
        helper.make_node("MatMul", ["a", "w"], ["y"]),
    ]

    graph = opened(model(nodes, {"w": np.eye(3, dtype=np.float32)}), tmp_path).graph

    assert [node.parameter_count for node in graph.nodes] == [9, 9]
    assert graph.parameter_count == 9


def test_initialisers_that_are_listed_as_inputs_are_not_asked_for(tmp_path: Path) -> None:
    nodes = [helper.make_node("MatMul", ["x", "w"], ["y"])]
    inputs = [value("x", [1, 3]), value("w", [3, 3])]

    graph = opened(model(nodes, {"w": np.eye(3, dtype=np.float32)}, inputs), tmp_path).graph

    assert graph.inputs == ("x",)


def test_weights_inside_branches_are_parameters_of_the_node_that_branches(tmp_path: Path) -> None:
    def branch(name: str, size: int) -> onnx.GraphProto:
        weight = numpy_helper.from_array(np.full((3, size), size, np.float32))
        nodes = [
            helper.make_node("Constant", [], ["w"], value=weight),
            helper.make_node("MatMul", ["x", "w"], [name]),
        ]
        return helper.make_graph(nodes, name, [], [value(name, None)])

    nodes = [
        helper.make_node(
            "If", ["c"], ["y"], name="if", then_branch=branch("a", 2), else_branch=branch("b", 5)
        )
    ]
    inputs = [value("x", [1, 3]), value("c", [], TensorProto.BOOL)]

    opened_model = opened(model(nodes, inputs=inputs), tmp_path)

    node = only_node(opened_model)
    assert {p.shape for p in node.parameters} == {(3, 2), (3, 5)}
    assert opened_model.graph.parameter_count == 21
    for parameter in node.parameters:
        assert opened_model.weights[parameter.name]().mean() == parameter.shape[1]


def test_a_body_is_fed_by_what_it_takes_from_outside(tmp_path: Path) -> None:
    body = helper.make_graph(
        [helper.make_node("Add", ["a", "x"], ["t"])], "body", [], [value("t", None)]
    )
    nodes = [
        helper.make_node("Neg", ["x"], ["a"], name="neg"),
        helper.make_node("If", ["c"], ["y"], name="if", then_branch=body, else_branch=body),
    ]
    inputs = [value("x", [1, 3]), value("c", [], TensorProto.BOOL)]

    graph = opened(model(nodes, inputs=inputs), tmp_path).graph

    assert graph.node("if").inputs == ("c", "a", "x")
    assert graph.digraph.has_edge("neg", "if")


def test_weights_that_functions_of_the_model_hold_are_counted_once(tmp_path: Path) -> None:
    def holding(name: str, size: int, *more: onnx.NodeProto) -> onnx.FunctionProto:
        weight = numpy_helper.from_array(np.full((3, size), size, np.float32))
        nodes = [
            helper.make_node("Constant", [], ["w"], value=weight),
            helper.make_node("MatMul", ["i", "w"], ["o"]),
            *more,
        ]
        return helper.make_function(
            "mine", name, ["i"], ["o"], nodes, [helper.make_opsetid("", 17)], []
        )

    called = helper.make_node("Inner", ["i"], ["unused"], domain="mine")
    nodes = [
        helper.make_node("Outer", ["x"], ["a"], domain="mine", name="first"),
        helper.make_node("Outer", ["x"], ["b"], domain="mine", name="second"),
        helper.make_node("Add", ["a", "b"], ["y"]),
    ]
    proto = model(nodes)
    proto.opset_import.append(helper.make_opsetid("mine", 1))
    proto.functions.extend([holding("Outer", 2, called), holding("Inner", 5)])

    opened_model = opened(proto, tmp_path)

    graph = opened_model.graph
    first, second, _ = graph.nodes
    assert {p.name: p.shape for p in first.parameters} == {
        "mine.Outer/w": (3, 2),
        "mine.Inner/w": (3, 5),
    }
    assert first.parameters == second.parameters
    assert graph.parameter_count == 21
    assert opened_model.weights["mine.Inner/w"]().mean() == 5
    assert first.note == (
        "The model defines it as a function of 3 nodes: 1 Constant, 1 MatMul, 1 Inner."
    )


def test_attributes_can_be_written_as_json(tmp_path: Path) -> None:
    body = helper.make_graph(
        [helper.make_node("Relu", ["x"], ["t"])], "body", [], [value("t", None)]
    )
    nodes = [
        helper.make_node(
            "Custom", ["x"], ["y"], domain="acme", f=0.1, i=3, s="text", fs=[1.0, float("inf")],
            t=numpy_helper.from_array(np.zeros((2, 3), np.float32)), g=body, b=b"\xff\x00",
        )
    ]  # fmt: skip

    node = only_node(opened(model(nodes), tmp_path))

    assert node.domain == "acme"
    assert json.loads(json.dumps(node.attributes, allow_nan=False)) == node.attributes
    assert node.attributes["f"] == 0.1
    assert node.attributes["t"] == "tensor float32 2×3"
    assert node.attributes["g"] == "graph “body” of 1 node: 1 Relu"


def test_the_module_path_comes_from_what_torch_notes_on_a_node(tmp_path: Path) -> None:
    node = helper.make_node("Conv", ["x", "w"], ["y"], name="node_conv2d_7")
    entry = node.metadata_props.add()
    entry.key = "pkg.torch.onnx.name_scopes"
    entry.value = "['', 'layer1', 'layer1.0', 'layer1.0.conv2', 'conv2d_7']"

    opened_model = opened(model([node], {"w": np.zeros((1, 3, 1, 1), np.float32)}), tmp_path)

    assert only_node(opened_model).scope == ("layer1", "0", "conv2")


def test_the_source_line_is_the_innermost_that_is_not_torchs_own(tmp_path: Path) -> None:
    node = helper.make_node("Conv", ["x", "w"], ["y"])
    for key, value in {
        "pkg.torch.onnx.class_hierarchy": "['net.Net', 'torch.nn.modules.conv.Conv2d', 'aten']",
        "pkg.torch.onnx.stack_trace": (
            'File "net.py", line 34, in forward\n    return self.conv(x)\n'
            '  File "conv.py", line 565, in forward\n    return self._conv_forward(input)'
        ),
    }.items():
        node.metadata_props.add(key=key, value=value)

    opened_model = opened(model([node], {"w": np.zeros((1, 3, 1, 1), np.float32)}), tmp_path)

    assert only_node(opened_model).source == "net.py:34 in forward"


def test_onnxs_own_domain_may_be_written_out(tmp_path: Path) -> None:
    proto = model([helper.make_node("Flatten", ["x"], ["y"], domain="ai.onnx")])
    proto.opset_import[0].domain = "ai.onnx"

    opened_model = opened(proto, tmp_path)

    assert only_node(opened_model).domain == "ai.onnx"
    assert opened_model.graph.values["y"].shape == ("n", 3)


def test_a_size_of_zero_in_an_input_means_unknown(tmp_path: Path) -> None:
    nodes = [helper.make_node("Relu", ["x"], ["y"])]

    graph = opened(model(nodes, inputs=[value("x", [0, 3])]), tmp_path).graph

    assert graph.values["x"].shape == (None, 3)


def test_nodes_in_any_order_are_put_into_one_that_runs(tmp_path: Path) -> None:
    nodes = [
        helper.make_node("Relu", ["a"], ["y"], name="second"),
        helper.make_node("Neg", ["x"], ["a"], name="first"),
    ]

    graph = opened(model(nodes), tmp_path).graph

    assert [node.id for node in graph.nodes] == ["first", "second"]


def test_transposes_around_a_convolution_name_each_other(tmp_path: Path) -> None:
    """As Keras' exporter writes a padded convolution and what follows it."""
    nodes = [
        helper.make_node("Transpose", ["x"], ["a"], perm=[0, 3, 1, 2], name="in"),
        helper.make_node("Pad", ["a", "pads"], ["p"]),
        helper.make_node("Conv", ["p", "w"], ["b"]),
        helper.make_node("Relu", ["b"], ["r"]),
        helper.make_node("Transpose", ["r"], ["c"], perm=[0, 2, 3, 1], name="out"),
        helper.make_node("Transpose", ["c"], ["y"], perm=[0, 2, 1, 3], name="other"),
    ]
    weights = {
        "w": np.zeros((4, 3, 1, 1), np.float32),
        "pads": np.array([0, 0, 0, 0, 0, 0, 1, 1]),
    }
    inputs = [value("x", [1, 8, 8, 3])]

    graph = opened(model(nodes, weights, inputs), tmp_path).graph

    assert graph.node("in").note == (
        "Only turns channels last (NHWC) into channels first (NCHW); its partner is “out”."
    )
    assert graph.node("out").note == (
        "Only turns channels first (NCHW) into channels last (NHWC); its partner is “in”."
    )
    assert graph.node("other").note == ""


def test_a_transpose_in_attention_is_not_taken_for_one_of_channels(tmp_path: Path) -> None:
    nodes = [
        helper.make_node("Transpose", ["x"], ["a"], perm=[0, 2, 1]),
        helper.make_node("MatMul", ["x", "a"], ["b"]),
        helper.make_node("Transpose", ["b"], ["y"], perm=[0, 2, 1]),
    ]

    graph = opened(model(nodes, inputs=[value("x", [1, 4, 3])]), tmp_path).graph

    assert not any(node.note for node in graph.nodes)


def test_a_weight_that_cast_and_mul_make_of_integers_is_seen_and_said(tmp_path: Path) -> None:
    """As MiniLM's int8 file has it, without a single DequantizeLinear."""
    nodes = [
        helper.make_node("Cast", ["q"], ["f"], to=FLOAT, name="cast"),
        helper.make_node("Mul", ["f", "s"], ["w"], name="scale"),
        helper.make_node("MatMul", ["x", "w"], ["y"]),
    ]
    weights = {"q": np.ones((3, 2), np.int8), "s": np.float32(0.5)}

    opened_model = opened(model(nodes, weights), tmp_path)

    cast = opened_model.graph.node("cast")
    assert cast.note == "Turns its int8 weight into floats; “scale” scales it."
    assert [(p.name, p.dtype) for p in cast.parameters] == [("q", "int8")]
    np.testing.assert_array_equal(opened_model.weights["q"](), weights["q"])


@pytest.mark.parametrize(
    ("element_type", "numbers", "dtype"),
    [
        (TensorProto.BFLOAT16, [1.0, -2.0, 0.5], "bfloat16"),
        (TensorProto.INT4, [-8, 7, 3], "int4"),
        (TensorProto.FLOAT8E4M3FN, [1.0, 448.0, -0.5], "float8_e4m3fn"),
        (TensorProto.FLOAT16, [float("nan"), float("inf"), 1.0], "float16"),
    ],
)
def test_unusual_element_types_are_read(
    element_type: int, numbers: list[float], dtype: str, tmp_path: Path
) -> None:
    proto = model([helper.make_node("Cast", ["w"], ["y"], to=FLOAT)], opset=21)
    proto.graph.initializer.append(helper.make_tensor("w", element_type, [3], numbers))

    opened_model = opened(proto, tmp_path)

    assert only_node(opened_model).parameters[0].dtype == dtype
    np.testing.assert_array_equal(opened_model.weights["w"]().astype(np.float32), numbers)


# --- where weights lie -------------------------------------------------------------------


def with_external_weight(folder: Path, location: str, **keys: str) -> readers.OpenedModel:
    proto = model([helper.make_node("MatMul", ["x", "w"], ["y"])])
    tensor = proto.graph.initializer.add()
    tensor.name, tensor.data_type = "w", FLOAT
    tensor.dims.extend([3, 2])
    tensor.data_location = TensorProto.EXTERNAL
    for key, text in {"location": location, **keys}.items():
        tensor.external_data.add(key=key, value=text)
    return opened(proto, folder)


def test_weights_beside_the_model_are_found(tmp_path: Path) -> None:
    expected = np.arange(6, dtype=np.float32).reshape(3, 2)
    (tmp_path / "weights.bin").write_bytes(b"head" + expected.tobytes())

    opened_model = with_external_weight(tmp_path, "weights.bin", offset="4", length="24")

    np.testing.assert_array_equal(opened_model.weights["w"](), expected)


def test_a_weight_of_which_the_file_says_that_it_is_inside_is_found(tmp_path: Path) -> None:
    """As onnx writes a model whose weights it had read from another file."""
    expected = np.arange(600, dtype=np.float32).reshape(3, 200)
    proto = model([helper.make_node("MatMul", ["x", "w"], ["y"])], {"w": expected})
    proto.graph.initializer[0].data_location = TensorProto.DEFAULT

    np.testing.assert_array_equal(opened(proto, tmp_path).weights["w"](), expected)


@pytest.mark.parametrize(
    "array",
    [
        np.arange(3000, dtype=np.float32).reshape(3, 1000),
        np.arange(3000, dtype=np.float64).reshape(3, 1000),
        (np.arange(3000) * (1 + 2j)).astype(np.complex64).reshape(3, 1000),
        np.arange(3000, dtype=np.int32).reshape(3, 1000),
    ],
    ids=lambda array: str(array.dtype),
)
def test_weights_that_lie_in_typed_fields_are_read(array: Any, tmp_path: Path) -> None:
    """As Caffe2 and the first exporters wrote them; floats are left in the file, too."""
    kind = helper.np_dtype_to_tensor_dtype(array.dtype)
    proto = model([helper.make_node("Identity", ["w"], ["y"])])
    proto.graph.initializer.append(helper.make_tensor("w", kind, array.shape, array.ravel()))
    assert not proto.graph.initializer[0].HasField("raw_data")

    opened_model = opened(proto, tmp_path)

    assert opened_model.executable.constants["w"]() == pytest.approx(array)


def typed(kind: int, count: int = 5001) -> onnx.TensorProto:
    """Numbers in the field of their type, of both signs where it has them."""
    dtype = helper.tensor_dtype_to_np_dtype(kind)
    wide = np.random.default_rng(0).normal(size=count) * 300
    small = kind in (TensorProto.INT4, TensorProto.UINT4)
    numbers = (np.abs(wide) % 8 if small else np.abs(wide)).astype(dtype)
    if np.issubdtype(dtype, np.signedinteger) or np.issubdtype(dtype, np.floating):
        numbers[::2] *= -1
    return helper.make_tensor("w", kind, [count], numbers)


INTEGERS_OF_VARYING_LENGTH = (
    "INT64", "UINT64", "INT32", "UINT32", "INT16", "UINT16", "INT8", "UINT8", "BOOL", "FLOAT16",
    "BFLOAT16", "FLOAT8E4M3FN", "INT4", "UINT4",
)  # fmt: skip


@pytest.mark.parametrize("kind", INTEGERS_OF_VARYING_LENGTH)
def test_numbers_in_typed_fields_stay_in_the_file_and_are_those_that_onnx_reads(
    kind: str, tmp_path: Path
) -> None:
    tensor = typed(getattr(TensorProto, kind))
    proto = model([helper.make_node("Identity", ["w"], ["y"])])
    proto.graph.initializer.append(tensor)

    found = opened(proto, tmp_path)

    assert isinstance(found.executable, OnnxModel)
    assert found.executable.proto.ByteSize() < 1000
    numbers = found.executable.constants["w"]()
    expected = numpy_helper.to_array(tensor)
    assert numbers.dtype == expected.dtype
    assert numbers.tobytes() == expected.tobytes()


@pytest.mark.parametrize(("count", "drawn"), [(5000, True), (5002, True), (500, False)])
def test_numbers_in_typed_fields_that_do_not_fill_the_shape_are_refused(
    count: int, drawn: bool, tmp_path: Path
) -> None:
    tensor = typed(TensorProto.INT64)
    tensor.dims[0] = count
    proto = model([helper.make_node("Identity", ["w"], ["y"])])
    proto.graph.initializer.append(tensor)

    found = opened(proto, tmp_path)

    if not drawn:
        assert found.structure_only is not None
        assert "damaged" in found.structure_only.what
        return
    assert isinstance(found.executable, OnnxModel)
    with pytest.raises(Problem, match="does not make int64"):
        found.executable.constants["w"]()


@pytest.mark.parametrize("location", ["../secret", "/etc/hostname", "sub/../../secret", ""])
def test_weights_outside_the_models_folder_are_refused(location: str, tmp_path: Path) -> None:
    (tmp_path / "secret").write_bytes(bytes(24))
    folder = tmp_path / "model"
    (folder / "sub").mkdir(parents=True)

    opened_model = with_external_weight(folder, location)

    assert only_node(opened_model).parameters[0].shape == (3, 2)
    with pytest.raises(Problem, match="outside the model's folder"):
        opened_model.weights["w"]()


def test_a_link_that_leads_out_of_the_folder_is_refused(tmp_path: Path) -> None:
    (tmp_path / "secret").write_bytes(bytes(24))
    folder = tmp_path / "model"
    folder.mkdir()
    (folder / "innocent").symlink_to(tmp_path / "secret")

    opened_model = with_external_weight(folder, "innocent")

    with pytest.raises(Problem, match="outside the model's folder"):
        opened_model.weights["w"]()


def test_a_missing_weight_file_leaves_the_structure(tmp_path: Path) -> None:
    opened_model = with_external_weight(tmp_path, "gone.bin")

    assert opened_model.graph.parameter_count == 6
    with pytest.raises(Problem, match=r"gone\.bin"):
        opened_model.weights["w"]()


def test_a_weight_file_that_is_too_short_is_named(tmp_path: Path) -> None:
    (tmp_path / "weights.bin").write_bytes(bytes(8))

    opened_model = with_external_weight(tmp_path, "weights.bin", length="24")

    with pytest.raises(Problem, match=r"beyond the end of weights\.bin"):
        opened_model.weights["w"]()


def test_writing_to_a_weight_leaves_the_file_as_it_is(tmp_path: Path) -> None:
    proto = model(
        [helper.make_node("MatMul", ["x", "w"], ["y"])], {"w": np.ones((3, 999), np.float32)}
    )
    opened_model = opened(proto, tmp_path)
    before = (tmp_path / "model.onnx").read_bytes()

    opened_model.weights["w"]()[:] = 7

    assert (tmp_path / "model.onnx").read_bytes() == before
    assert opened_model.weights["w"]().max() == 1


# --- what stops a run --------------------------------------------------------------------


def relu(read: str, written: str, name: str) -> onnx.NodeProto:
    return helper.make_node("Relu", [read], [written], name=name)


@pytest.mark.parametrize(
    ("nodes", "stopping", "says"),
    [
        (
            [relu("x", "a", "fine"), helper.make_node("Add", ["a", "ghost"], ["y"], name="add")],
            ["add"],
            "its input “ghost” is computed nowhere",
        ),
        (
            [
                helper.make_node("Add", ["x", "b"], ["a"], name="one"),
                relu("a", "b", "two"),
                relu("b", "y", "after"),
            ],
            ["one", "two"],
            "Node “one” waits, in a circle, for its own output.",
        ),
        ([relu("y", "y", "self")], ["self"], "“self” waits, in a circle"),
        (
            [relu("x", "y", "first"), relu("x", "y", "second")],
            ["second"],
            "Node “second” computes the value “y”, which “first” computes too.",
        ),
        (
            [
                helper.make_node("RandomNormal", [], ["x"], shape=[1, 3], name="noise"),
                relu("x", "y", "on"),
            ],
            ["noise"],
            "which the file gives too",
        ),
    ],
    ids=["dangling input", "circle", "own output", "value twice", "input computed"],
)
def test_what_cannot_be_run_is_drawn_and_says_where_it_stops(
    nodes: list[onnx.NodeProto], stopping: list[str], says: str, tmp_path: Path
) -> None:
    opened_model = opened(model(nodes), tmp_path)

    graph = opened_model.graph
    assert {node.id for node in graph.nodes} == {node.name for node in nodes}
    assert [node.id for node in graph.nodes if node.fault] == stopping
    problem = opened_model.structure_only
    assert problem is not None
    assert opened_model.executable is None
    assert problem.node == stopping[0]
    assert problem.what == graph.node(stopping[0]).fault
    assert any(says in graph.node(node).fault for node in stopping)


def test_what_is_newer_than_onnx_itself_is_drawn(tmp_path: Path) -> None:
    nodes = [relu("x", "a", "first"), relu("a", "y", "last")]
    newest = onnx.defs.onnx_opset_version()
    future_opset = opened(model(nodes, opset=newest + 1), tmp_path)
    proto = model(nodes)
    proto.ir_version = onnx.IR_VERSION + 1
    future_format = opened(proto, tmp_path)

    for opened_model, says in ((future_opset, f"opset {newest + 1}"), (future_format, "format")):
        assert len(opened_model.graph.nodes) == 2
        assert opened_model.structure_only is not None
        assert opened_model.structure_only.node == "first"
        assert says in opened_model.graph.node("first").fault


def test_an_output_that_nothing_computes_is_no_nodes_fault(tmp_path: Path) -> None:
    outputs = [value("y", [1, 3]), value("ghost", [1, 3])]

    opened_model = opened(model([relu("x", "y", "r")], outputs=outputs), tmp_path)

    assert opened_model.structure_only is not None
    assert "its output “ghost” is computed nowhere" in opened_model.structure_only.what
    assert opened_model.structure_only.node == ""
    assert only_node(opened_model).fault == ""


@pytest.mark.parametrize(
    ("location", "content", "says"),
    [
        ("gone.bin", None, "gone.bin, which cannot be read"),
        ("../gone.bin", None, "outside the model's folder"),
        ("here.bin", bytes(8), "beyond the end of here.bin"),
    ],
)
def test_weights_that_are_not_there_stop_the_node_that_reads_them(
    location: str, content: bytes | None, says: str, tmp_path: Path
) -> None:
    if content is not None:
        (tmp_path / location).write_bytes(content)

    opened_model = with_external_weight(tmp_path, location)

    assert says in only_node(opened_model).fault
    assert opened_model.structure_only is not None
    assert opened_model.structure_only.node == "MatMul_0"
    assert opened_model.graph.parameter_count == 6


# --- hostile files -----------------------------------------------------------------------


def test_dimensions_that_no_memory_holds_allocate_nothing(tmp_path: Path) -> None:
    proto = model([helper.make_node("MatMul", ["x", "w"], ["y"])])
    tensor = proto.graph.initializer.add()
    tensor.name, tensor.data_type, tensor.raw_data = "w", FLOAT, bytes(64)
    tensor.dims.extend([2**60, 2**60])

    opened_model = opened(proto, tmp_path)

    assert opened_model.graph.parameter_count == 2**120
    with pytest.raises(Problem, match="“w”"):
        opened_model.weights["w"]()


def test_a_sparse_weight_that_no_memory_holds_is_refused(tmp_path: Path) -> None:
    proto = model([helper.make_node("MatMul", ["x", "w"], ["y"])])
    sparse = proto.graph.sparse_initializer.add()
    sparse.values.CopyFrom(numpy_helper.from_array(np.ones(1, np.float32), "w"))
    sparse.indices.CopyFrom(numpy_helper.from_array(np.zeros(1, np.int64)))
    sparse.dims.extend([2**40, 2])

    opened_model = opened(proto, tmp_path)

    with pytest.raises(Problem, match="too large"):
        opened_model.weights["w"]()


@pytest.mark.parametrize("kept", [0.05, 0.3, 0.9, 0.999])
def test_a_file_that_is_cut_short_is_a_problem(kept: float, tmp_path: Path) -> None:
    content = resource.path(resource.DEMO_MODEL).read_bytes()
    path = tmp_path / "cut.onnx"
    path.write_bytes(content[: int(len(content) * kept)])

    with pytest.raises(Problem, match="cut short or damaged") as problem:
        readers.read(path)

    assert problem.value.remedy == "Download or export it again."


@pytest.mark.parametrize(
    "content",
    [
        np.random.default_rng(0).bytes(5000),
        b"import torch\nprint('hello')\n" * 200,
        b"\x08\x07" + bytes(100),
        b"\x89PNG\r\n\x1a\n" + bytes(100),
    ],
    ids=["random", "text", "zeros", "image"],
)
def test_what_is_no_model_is_a_problem_whatever_its_name(content: bytes, tmp_path: Path) -> None:
    path = tmp_path / "model.onnx"
    path.write_bytes(content)

    with pytest.raises(Problem) as problem:
        readers.read(path)

    assert "model.onnx" in problem.value.what
    assert problem.value.remedy


def test_a_model_of_nothing_is_a_problem(tmp_path: Path) -> None:
    empty = onnx.ModelProto(ir_version=8, graph=onnx.GraphProto(name="g"))
    empty.opset_import.append(helper.make_opsetid("", 17))

    with pytest.raises(Problem, match="without a single node"):
        opened(empty, tmp_path)


def test_the_content_decides_whatever_the_suffix(tmp_path: Path) -> None:
    path = tmp_path / "model.bin"
    path.write_bytes(resource.path(resource.DEMO_MODEL).read_bytes())

    assert readers.read(path).graph.format == "ONNX"


def test_a_model_without_outputs_is_drawn_but_cannot_be_run(tmp_path: Path) -> None:
    proto = model([helper.make_node("Relu", ["x"], ["y"])])
    del proto.graph.output[:]

    opened_model = opened(proto, tmp_path)

    assert only_node(opened_model).op_type == "Relu"
    assert opened_model.structure_only is not None
    assert opened_model.executable is None


def test_names_that_look_like_code_or_go_on_for_ever_are_kept_as_text(tmp_path: Path) -> None:
    name = "<script>alert(1)</script>" + "x" * 100_000
    proto = model([helper.make_node("Relu", ["x"], ["y"], name=name)])

    assert only_node(opened(proto, tmp_path)).name == name


def test_names_that_are_no_text_are_a_problem(tmp_path: Path) -> None:
    content = model([helper.make_node("Relu", ["x"], ["y"], name="NAME")]).SerializeToString()
    path = tmp_path / "model.onnx"
    path.write_bytes(content.replace(b"NAME", b"\xff\xfe\xfd\xfc"))

    with pytest.raises(Problem, match="no text"):
        readers.read(path)


def test_ten_thousand_nodes_in_a_row_and_three_thousand_side_by_side_are_read(
    tmp_path: Path,
) -> None:
    chain = [helper.make_node("Neg", [f"v{i}"], [f"v{i + 1}"]) for i in range(10_000)]
    fan = [helper.make_node("Neg", ["v10000"], [f"f{i}"]) for i in range(3000)]
    last = helper.make_node("Sum", [f"f{i}" for i in range(3000)], ["y"])

    graph = opened(model([*chain, *fan, last], inputs=[value("v0", [1])]), tmp_path).graph

    assert len(graph.nodes) == 13_001
    assert graph.digraph.in_degree("Sum_13000") == 3000


def test_graphs_nested_beyond_measure_are_a_problem(tmp_path: Path) -> None:
    def field(number: int, content: bytes) -> bytes:
        size, length = len(content), bytearray()
        while size >= 0x80:
            length.append(size & 0x7F | 0x80)
            size >>= 7
        return bytes([number << 3 | 2]) + bytes([*length, size]) + content

    graph = field(10, b"d" * 2000)  # a documentation string
    for _ in range(200):  # a graph of a node of an attribute of a graph
        graph = field(1, field(5, field(6, graph)))
    path = tmp_path / "model.onnx"
    path.write_bytes(b"\x08\x08" + field(7, graph))

    with pytest.raises(Problem, match="damaged"):
        readers.read(path)


def test_structure_that_would_fill_the_memory_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(_onnx_wire, "_LARGEST_STRUCTURE", 10_000)
    proto = model([helper.make_node("Relu", ["x"], ["y"], doc_string="d" * 10_000)])

    with pytest.raises(Problem, match="too large to be opened"):
        opened(proto, tmp_path)


def test_more_nodes_than_any_network_has_are_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(_onnx_wire, "_MOST_MEMBERS", 1000)
    proto = model([onnx.NodeProto() for _ in range(1000)])

    with pytest.raises(Problem, match="too large to be opened"):
        opened(proto, tmp_path)


@pytest.mark.parametrize("size", [1, 100, 1000, 100_000])
def test_a_structure_that_is_decoded_in_pieces_is_the_same(
    size: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    nodes = [
        helper.make_node("Relu", [f"{n}"], [f"{n + 1}"], doc_string="d" * n) for n in range(99)
    ]
    proto = model(nodes, {"w": np.arange(40)})
    monkeypatch.setattr(_onnx_wire, "_PIECE", size)

    decoded = onnx.ModelProto()
    for piece in _onnx_wire.pieces(proto.SerializeToString()):
        decoded.MergeFromString(piece)
    assert decoded == proto


def test_a_small_file_whose_structure_would_fill_the_memory_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(_onnx_wire, "_PIECE", 10_000)
    held = itertools.count(0, 100 * 2**20)  # bytes, after each piece
    monkeypatch.setattr(onnx_model, "held_bytes", lambda: next(held))
    node = onnx.NodeProto(attribute=[onnx.AttributeProto()] * 400)

    with pytest.raises(Problem, match="too large to be opened"):
        opened(model([node] * 1000), tmp_path)
    assert next(held) == 800 * 2**20  # no more pieces than were needed to see it


def test_functions_that_call_functions_are_not_written_out(tmp_path: Path) -> None:
    """Each calls the next twice: written out, they are 2^60 nodes."""
    opsets = [helper.make_opsetid("", 17), helper.make_opsetid("mine", 1)]

    def calling(index: int) -> onnx.FunctionProto:
        inner = ("Relu", "") if index == 60 else (f"f{index + 1}", "mine")
        nodes = [
            helper.make_node(inner[0], ["a"], ["b"], domain=inner[1]),
            helper.make_node(inner[0], ["b"], ["c"], domain=inner[1]),
        ]
        return helper.make_function("mine", f"f{index}", ["a"], ["c"], nodes, opsets, [])

    proto = model([helper.make_node("f0", ["x"], ["y"], domain="mine")])
    proto.opset_import.append(opsets[1])
    proto.functions.extend(calling(index) for index in range(61))

    assert only_node(opened(proto, tmp_path)).note == (
        "The model defines it as a function of 2 nodes: 2 f1."
    )


@pytest.mark.parametrize(
    ("node", "opsets"),
    [
        (
            helper.make_node("LabelEncoder", ["ghost"], ["y"], domain="ai.onnx.ml"),
            ("", "ai.onnx.ml"),
        ),
        (helper.make_node("RegexFullMatch", [""], ["y"], pattern="a"), ("",)),
        (helper.make_node("EyeLike", ["ghost"], ["y"]), ("",)),
        (helper.make_node("LayerNormalization", ["x", "x"], ["y"], axis=2**63 - 1), ("",)),
        (helper.make_node("GatherND", ["x", "x"], ["y"], batch_dims=-(2**31)), ("",)),
    ],
    ids=lambda given: given.op_type if isinstance(given, onnx.NodeProto) else "",
)
def test_what_ends_onnxs_own_shape_inference_is_read(
    node: onnx.NodeProto, opsets: tuple[str, ...], tmp_path: Path
) -> None:
    proto = model([node], opset=20)
    proto.opset_import.extend(helper.make_opsetid(domain, 4) for domain in opsets[1:])

    assert only_node(opened(proto, tmp_path)).op_type == node.op_type


def test_vectors_that_nobody_can_count_are_not_counted(tmp_path: Path) -> None:
    nodes = [helper.make_node("Cast", ["x"], ["s"], to=TensorProto.INT64)]
    nodes.append(helper.make_node("Reshape", ["x", "s"], ["y"]))

    graph = opened(model(nodes, inputs=[value("x", [2**60])]), tmp_path).graph

    assert graph.values["s"].shape == (2**60,)


def test_shapes_say_whether_the_file_has_them_or_they_are_inferred(tmp_path: Path) -> None:
    nodes = [
        helper.make_node("MatMul", ["x", "w"], ["a"]),
        helper.make_node("Relu", ["a"], ["b"]),
        helper.make_node("Relu", ["b"], ["y"]),
    ]
    proto = model(nodes, {"w": np.ones((3, 4), np.float32)})
    proto.graph.value_info.append(value("a", ["n", 4]))

    values = opened(proto, tmp_path).graph.values

    assert {name: values[name].origin for name in "xwab"} == {
        "x": "file", "w": "file", "a": "file", "b": "inferred"
    }  # fmt: skip
    assert values["b"] == Value("b", ("n", 4), "float32")
    assert values["y"].origin == "inferred"  # the file declares it without a shape
