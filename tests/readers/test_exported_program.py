"""Exported programs: what is shown without loading them, and what damaged ones are met with."""

from __future__ import annotations

import io
import json
import logging
import os
import random
import warnings
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from netviz_desktop.graph import Value
from netviz_desktop.problems import Problem
from netviz_desktop.readers import Options, read

Parts = dict[str, bytes]


class Net(nn.Module):
    """A convolution and a ReLU called twice; weights of every kind, two of them one."""

    def __init__(self) -> None:
        super().__init__()
        self.body = nn.Sequential(nn.Conv2d(1, 4, 3, stride=2), nn.BatchNorm2d(4))
        self.act = nn.ReLU(inplace=True)
        self.a, self.b = nn.Linear(4, 4, bias=False), nn.Linear(4, 4, bias=False)
        self.b.weight = self.a.weight
        self.register_buffer("scale", torch.full((4,), 0.5), persistent=False)

    def forward(self, x: Tensor) -> Tensor:
        x = self.act(self.body(x)).mean((2, 3))
        return self.b(self.act(self.a(x))) * self.scale + torch.tensor([1.0, 2.0, 3.0, 4.0])


def net() -> Net:
    torch.manual_seed(0)
    return Net().eval()


def program() -> torch.export.ExportedProgram:
    batch = torch.export.Dim("batch")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return torch.export.export(net(), (torch.ones(2, 1, 9, 9),), dynamic_shapes=({0: batch},))


def saved(path: Path, exported: Any) -> Path:
    logging.getLogger("torch").setLevel(logging.ERROR)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        torch.export.save(exported, path)
    return path


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return saved(tmp_path_factory.mktemp("exported") / "net.pt2", program())


@pytest.fixture
def parts(model: Path) -> Parts:
    """Members of the archive by the end of their names."""
    with zipfile.ZipFile(model) as archive:
        return {name.partition("/")[2]: archive.read(name) for name in archive.namelist()}


def packed(path: Path, parts: Parts, compression: int = zipfile.ZIP_STORED) -> Path:
    with zipfile.ZipFile(path, "w", compression) as archive:
        for name, content in parts.items():
            archive.writestr(f"net/{name}", content)
    return path


def changed(parts: Parts, member: str, change: Callable[[Any], object]) -> Parts:
    content = json.loads(parts[member])
    change(content)
    return {**parts, member: json.dumps(content).encode()}


MODEL = "models/model.json"
WEIGHTS = "data/weights/model_weights_config.json"


def test_the_structure_is_that_of_the_program(model):
    found = read(model)
    graph = found.graph
    assert graph.format == "PyTorch exported program"
    assert graph.modules == {
        "body": "Sequential", "body.0": "Conv2d", "body.1": "BatchNorm2d", "act": "ReLU",
        "a": "Linear", "b": "Linear",
    }  # fmt: skip
    assert [node.id for node in graph.nodes] == [
        "body.0.conv2d", "body.1.batch_norm", "act.relu", "mean", "a.linear", "act.relu#2",
        "b.linear", "mul", "add",
    ]  # fmt: skip
    conv = graph.nodes[0]
    assert (conv.op_type, conv.domain, conv.scope) == ("conv2d", "aten", ("body", "0"))
    assert conv.attributes == {"stride": [2, 2]}
    assert conv.inputs == ("x", "body.0.weight", "body.0.bias")
    assert conv.source.startswith("test_exported_program.py:")
    assert conv.source.endswith(" in forward")
    assert graph.inputs == ("x",)
    assert graph.outputs == ("output",)
    batch, *sizes = graph.values["x"].shape or ()
    assert sizes == [1, 9, 9]
    assert isinstance(batch, str)
    assert graph.values["output"] == Value("output", (batch, 4), "float32")


def test_weights_are_read_when_asked_for_by_their_names_in_the_state_dict(model):
    found, module = read(model), net()
    graph = found.graph
    for name, tensor in module.state_dict().items():
        if name in found.weights:
            assert np.array_equal(found.weights[name](), tensor.numpy())
    assert np.array_equal(found.weights["scale"](), module.scale.numpy())
    assert graph.node("b.linear").inputs[1] == "a.weight"  # the one that both share
    assert graph.parameter_count == sum(p.numel() for p in module.parameters())
    assert graph.parameters["body.1.running_mean"].buffer
    assert graph.parameters["scale"].buffer
    constant = graph.node("add").parameters[0]
    assert found.weights[constant.name]().tolist() == [1, 2, 3, 4]


def test_the_suffix_does_not_matter(model, tmp_path):
    path = tmp_path / "model.bin"
    path.write_bytes(model.read_bytes())
    assert read(path).graph.nodes == read(model).graph.nodes


def test_the_layout_of_older_versions_reads_the_same(model, tmp_path):
    from torch._export.serde.serialize import serialize

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        artifact = serialize(program())
    path = tmp_path / "net.pt2"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("version", "8.2")
        archive.writestr("serialized_exported_program.json", artifact.exported_program)
        archive.writestr("serialized_state_dict.pt", artifact.state_dict)
        archive.writestr("serialized_constants.pt", artifact.constants)
        archive.writestr("serialized_example_inputs.pt", artifact.example_inputs)
    found, expected = read(path), read(model)
    assert [node.id for node in found.graph.nodes] == [node.id for node in expected.graph.nodes]
    assert found.weights.keys() == expected.weights.keys()
    for name, stored in expected.weights.items():
        assert np.array_equal(found.weights[name](), stored())


def test_of_several_programs_one_is_chosen(parts, tmp_path):
    second = {name.replace("model", "other"): content for name, content in parts.items()
              if "model" in name and "data/sample" not in name}  # fmt: skip
    second = {name.replace("others/", "models/"): content for name, content in second.items()}
    path = packed(tmp_path / "two.pt2", {**parts, **second})
    with pytest.raises(Problem, match="holds 2 programs") as caught:
        read(path)
    assert caught.value.choices == ("model", "other")
    assert len(read(path, Options(member="other")).graph.nodes) == 9
    with pytest.raises(Problem, match="holds no program “third”"):
        read(path, Options(member="third"))


def test_a_compiled_package_is_refused(tmp_path):
    path = packed(
        tmp_path / "compiled.pt2",
        {"archive_format": b"pt2", "data/aotinductor/model/model.so": b"\x7fELF"},
    )
    with pytest.raises(Problem, match="compiled code"):
        read(path)


def test_what_is_read_before_it_is_computed_is_drawn_and_marked(parts, tmp_path):
    def backwards(found: Any) -> None:
        nodes = found["graph_module"]["graph"]["nodes"]
        nodes[1]["inputs"][0]["arg"] = {"as_tensor": {"name": "linear_1"}}

    found = read(packed(tmp_path / "cycle.pt2", changed(parts, MODEL, backwards)))
    assert found.executable is None
    assert found.structure_only.node == "body.1.batch_norm"
    assert len(found.graph.nodes) == 9
    assert found.graph.node("body.1.batch_norm").fault == (
        "It reads “linear_1”, which nothing before it computes."
    )


def test_a_weight_that_is_not_in_the_archive_is_drawn_and_marked(parts, tmp_path):
    del parts["data/weights/weight_0"]
    found = read(packed(tmp_path / "missing.pt2", parts))
    assert found.structure_only.node == "body.0.conv2d"
    assert found.graph.node("body.0.conv2d").fault == (
        "Its weight “body.0.weight” is not in the file."
    )
    assert found.graph.parameters["body.0.weight"].shape == (4, 1, 3, 3)


@pytest.mark.parametrize(
    "meta",
    [
        {"storage_offset": {"as_int": 10**9}},
        {"sizes": [{"as_int": 2**60}] * 4},
        {"sizes": [{"as_int": 2**10}] * 4, "strides": [{"as_int": 0}] * 4},
    ],
    ids=["outside", "huge", "repeated"],
)
def test_a_weight_that_is_not_all_there_is_a_problem_once_it_is_read(meta, parts, tmp_path):
    path = packed(
        tmp_path / "bad.pt2",
        changed(parts, WEIGHTS, lambda c: c["config"]["body.0.weight"]["tensor_meta"].update(meta)),
    )
    found = read(path)
    with pytest.raises(Problem):
        found.weights["body.0.weight"]()


class Trap:
    """Pickled, it is a command to run."""

    def __init__(self, touched: Path) -> None:
        self.touched = touched

    def __reduce__(self) -> tuple[Any, ...]:
        return os.system, (f"touch '{self.touched}'",)


@pytest.mark.parametrize("member", ["data/sample_inputs/model.pt", "data/weights/weight_0"])
def test_a_pickle_that_runs_a_command_is_named_and_not_run(member, parts, tmp_path):
    pickled = io.BytesIO()
    torch.save(Trap(tmp_path / "sprung"), pickled)
    path = packed(tmp_path / "trap.pt2", {**parts, member: pickled.getvalue()})
    with pytest.raises(Problem, match=r"would call (posix|nt)\.system when it is loaded"):
        read(path)
    assert not (tmp_path / "sprung").exists()


@pytest.mark.parametrize(
    "content",
    [b"[" * 1_000_000, b"{}", b"null", b'{"graph_module": {"graph": 7}}', b"\xff\xfe", b""],
    ids=["deep", "empty", "null", "foreign", "no text", "nothing"],
)
def test_a_program_that_is_none_is_a_problem(content, parts, tmp_path):
    path = packed(tmp_path / "bad.pt2", {**parts, MODEL: content})
    with pytest.raises(Problem, match="is cut short or damaged"):
        read(path)


def test_what_would_fill_the_memory_is_not_read(parts, tmp_path):
    many = parts[MODEL][:-1] + b', "x": [' + b"{}," * 2_000_000 + b"1]}"
    for content in (b" " * (65 * 2**20), many):
        path = packed(tmp_path / "bomb.pt2", {**parts, MODEL: content}, zipfile.ZIP_DEFLATED)
        with pytest.raises(Problem, match="is cut short or damaged"):
            read(path)


def test_graphs_in_graphs_without_end_are_a_problem(parts, tmp_path):
    opening = (
        '{"inputs": [], "outputs": [], "tensor_values": {}, "nodes": [{"target": '
        '"torch.ops.higher_order.wrap_with_set_grad_enabled", "outputs": [], "inputs": '
        '[{"name": "", "arg": {"as_graph": {"name": "inner", "graph": '
    )
    innermost = '{"inputs": [], "outputs": [], "tensor_values": {}, "nodes": []}'
    program = json.loads(parts[MODEL])
    program["graph_module"]["graph"] = "HERE"
    nested = opening * 20_000 + innermost + "}}}]}]}" * 20_000
    text = json.dumps(program).replace('"HERE"', nested)
    with pytest.raises(Problem, match="is cut short or damaged"):
        read(packed(tmp_path / "deep.pt2", {**parts, MODEL: text.encode()}))


def test_a_damaged_file_is_a_problem_or_a_model_never_anything_else(model, tmp_path):
    chance, path = random.Random(0), tmp_path / "damaged.pt2"
    whole = model.read_bytes()
    for _ in range(60):
        path.write_bytes(whole[: chance.randrange(1, len(whole))])
        with pytest.raises(Problem):
            read(path)
    for _ in range(60):
        flipped = bytearray(whole)
        for _ in range(5):
            flipped[chance.randrange(len(flipped))] ^= 1 << chance.randrange(8)
        path.write_bytes(flipped)
        try:
            found = read(path)
            for weight in found.weights.values():
                weight()
        except Problem:
            pass


def test_a_program_with_anything_in_any_place_is_a_problem_or_a_model(parts, tmp_path):
    chance, path = random.Random(0), tmp_path / "odd.pt2"
    odd = [None, 2**60, -1, "x", [], {}, 1.5, True]
    for _ in range(150):
        member = chance.choice([MODEL, WEIGHTS])

        def change(content: Any) -> None:
            holder, key = chance.choice(list(places(content)))
            holder[key] = chance.choice(odd)

        packed(path, changed(parts, member, change))
        try:
            found = read(path)
        except Problem:
            continue
        assert (found.executable is None) == (found.structure_only is not None)


def places(content: Any) -> Any:
    """Every place of a JSON value that holds another one."""
    keys = range(len(content)) if isinstance(content, list) else list(content)
    for key in keys:
        yield content, key
        if isinstance(content[key], (list, dict)):
            yield from places(content[key])


def test_sizes_that_may_vary_are_called_by_what_they_are(tmp_path: Path) -> None:
    class Pyramid(nn.Module):
        def forward(self, x: Tensor, y: Tensor) -> Tensor:
            return torch.cat([x, x], 2) + y.mean()

    free = torch.export.Dim.DYNAMIC
    program = torch.export.export(
        Pyramid(),
        (torch.ones(2, 3, 8, 9), torch.ones(5, 4)),
        dynamic_shapes=({0: free, 2: free, 3: free}, {0: free}),
    )
    path = tmp_path / "pyramid.pt2"
    torch.export.save(program, path)
    values = read(path).graph.values

    assert values["x"].shape == ("batch", 3, "height", "width")
    assert values["y"].shape == ("batch_2", 4)
    assert values["output"].shape == ("batch", 3, "2*height", "width")
