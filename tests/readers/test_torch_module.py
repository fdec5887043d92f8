"""Pickled modules: what is shown without running them, and what it takes to run them."""

from __future__ import annotations

import io
import os
import pickle
import random
import sys
import warnings
import zipfile
from pathlib import Path
from typing import Any

import pytest
import torch
import torch.fx
from torch import nn

from netviz_desktop.problems import Problem
from netviz_desktop.readers import OpenedModel, Options, read, torch_module

NET = """
import torch
import torch.fx
from torch import nn

class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv = nn.Conv2d(3, 4, 3, stride=2)
        self.scale = nn.Parameter(torch.ones(4, 1, 1))
        self.act = nn.ReLU(inplace=True)
        self.rates = (1, 2)

    def forward(self, x):
        return self.act(self.conv(x)) * self.scale

def make():
    return Net()
"""


def plain_net() -> nn.Module:
    torch.manual_seed(0)
    return nn.Sequential(
        nn.Conv2d(1, 4, 3, stride=2), nn.BatchNorm2d(4), nn.ReLU(), nn.Flatten(), nn.Linear(36, 2)
    )


def saved(folder: Path, found: Any, **options: Any) -> Path:
    path = folder / "model.pt"
    torch.save(found, path, **options)
    return path


@pytest.fixture
def foreign(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A pickled module whose class stands in a file beside it, not imported yet."""
    (tmp_path / "foreign_net.py").write_text(NET)
    monkeypatch.syspath_prepend(tmp_path)
    import foreign_net

    path = saved(tmp_path, foreign_net.make())
    monkeypatch.undo()
    del sys.modules["foreign_net"]
    return path


class Runs:
    """A pickle that makes a file when it is loaded."""

    def __init__(self, function: Any, *arguments: Any) -> None:
        self.call = (function, arguments)

    def __reduce__(self) -> Any:
        return self.call


def test_a_module_of_torchs_own_layers_runs_without_trust(tmp_path: Path) -> None:
    module = plain_net()
    opened = read(saved(tmp_path, module))

    assert opened.structure_only is None
    assert isinstance(opened.executable, nn.Sequential)
    x = torch.randn(1, 1, 8, 8)
    assert torch.equal(opened.executable.eval()(x), module.eval()(x))
    assert [n.op_type for n in opened.graph.nodes] == [
        "Conv2d",
        "BatchNorm2d",
        "ReLU",
        "Flatten",
        "Linear",
    ]


@pytest.mark.parametrize("zipped", [True, False])
def test_weights_are_read_when_they_are_asked_for(tmp_path: Path, *, zipped: bool) -> None:
    module = plain_net()
    opened = read(saved(tmp_path, module, _use_new_zipfile_serialization=zipped))

    assert opened.weights.keys() == module.state_dict().keys()
    for name, tensor in module.state_dict().items():
        assert torch.equal(torch.from_numpy(opened.weights[name]()), tensor)


def test_functions_of_torch_in_a_module_need_no_trust(tmp_path: Path) -> None:
    layer = nn.TransformerEncoderLayer(8, 2, 16, activation=nn.functional.gelu)

    assert read(saved(tmp_path, layer)).executable is not None


def test_a_helper_of_torch_is_no_function_on_tensors(tmp_path: Path) -> None:
    module = nn.Linear(1, 1)
    module.extra = nn.functional.boolean_dispatch

    assert read(saved(tmp_path, module)).can_be_trusted


def test_views_transposed_and_shared_weights_are_read_as_torch_sees_them(tmp_path: Path) -> None:
    whole = torch.arange(24.0).reshape(4, 6)
    module = nn.Linear(2, 2)
    module.weight = nn.Parameter(whole[1:3, 2:6:2].t())
    module.bias = nn.Parameter(whole[0, :2].to(torch.bfloat16))
    opened = read(saved(tmp_path, module))

    assert opened.weights["weight"]().tolist() == whole[1:3, 2:6:2].t().tolist()
    assert opened.weights["bias"]().dtype.name == "bfloat16"
    assert opened.weights["bias"]().astype(float).tolist() == [0.0, 1.0]


def test_the_tree_has_hyperparameters_and_weights(foreign: Path) -> None:
    graph = read(foreign).graph

    nodes = {node.id: node for node in graph.nodes}
    assert list(nodes) == ["Net", "conv", "act"]
    assert nodes["conv"].op_type == "Conv2d"
    assert nodes["conv"].domain == "torch.nn"
    assert nodes["conv"].attributes["stride"] == [2, 2]
    assert nodes["Net"].attributes["rates"] == [1, 2]
    assert [p.name for p in nodes["Net"].parameters] == ["scale"]
    assert [p.shape for p in nodes["conv"].parameters] == [(4, 3, 3, 3), (4,)]
    assert graph.parameter_count == 116


def test_nested_modules_have_their_parents_as_scope(tmp_path: Path) -> None:
    opened = read(saved(tmp_path, nn.Sequential(nn.Sequential(plain_net()))))

    assert opened.graph.node("0.0.1").scope == ("0", "0")
    assert opened.graph.modules["0"] == opened.graph.modules["0.0"] == "Sequential"
    assert opened.graph.modules["0.0.1"] == "BatchNorm2d"


def test_buffers_are_weights_but_do_not_count(tmp_path: Path) -> None:
    opened = read(saved(tmp_path, nn.BatchNorm2d(4)))

    assert [(p.role, p.buffer) for p in opened.graph.nodes[0].parameters] == [
        ("weight", False),
        ("bias", False),
        ("running_mean", True),
        ("running_var", True),
        ("num_batches_tracked", True),
    ]
    assert opened.graph.parameter_count == 8


def test_foreign_code_is_not_imported_without_trust(foreign: Path) -> None:
    opened = read(foreign)

    assert "foreign_net" not in sys.modules
    assert opened.executable is None
    assert opened.can_be_trusted
    assert opened.structure_only is not None
    assert "foreign_net.Net" in opened.structure_only.what
    assert "Trust the file" in opened.structure_only.remedy


def test_foreign_code_beside_the_file_runs_once_it_is_trusted(foreign: Path) -> None:
    opened = read(foreign, Options(trust=True))

    assert isinstance(opened.executable, nn.Module)
    assert opened.executable(torch.randn(1, 3, 8, 8)).shape == (1, 4, 3, 3)
    assert opened.structure_only is None


def test_of_two_modules_of_one_name_each_finds_its_own(foreign: Path, tmp_path: Path) -> None:
    other = tmp_path / "other"
    other.mkdir()
    (other / "foreign_net.py").write_text(NET.replace("* self.scale", "* self.scale * 0"))
    (other / "model.pt").write_bytes(foreign.read_bytes())

    first = read(foreign, Options(trust=True)).executable
    second = read(other / "model.pt", Options(trust=True)).executable

    x = torch.ones(1, 3, 8, 8)
    assert isinstance(first, nn.Module)
    assert isinstance(second, nn.Module)
    assert first(x).abs().sum() > 0
    assert second(x).abs().sum() == 0


def test_a_trusted_module_whose_class_is_missing_is_a_problem(foreign: Path) -> None:
    (foreign.parent / "foreign_net.py").unlink()

    with pytest.raises(Problem) as raised:
        read(foreign, Options(trust=True))

    assert "foreign_net.Net" in raised.value.what
    assert str(foreign.parent) in raised.value.remedy


def test_trusted_code_that_raises_is_a_problem_that_says_where(foreign: Path) -> None:
    (foreign.parent / "foreign_net.py").write_text("x = 1\nraise ValueError('not on my machine')")

    with pytest.raises(Problem, match=r"foreign_net.py, line 2: ValueError: not on my machine\."):
        read(foreign, Options(trust=True))


def test_a_traced_fx_graph_runs_once_it_is_trusted(tmp_path: Path) -> None:
    module = torch.fx.symbolic_trace(nn.Sequential(nn.Linear(4, 3), nn.ReLU()))
    path = saved(tmp_path, module)

    assert read(path).can_be_trusted
    opened = read(path, Options(trust=True))

    assert isinstance(opened.executable, nn.Module)
    assert [n.op_type for n in opened.graph.nodes] == ["Linear", "ReLU"]


def test_a_module_inside_a_checkpoint_is_found(tmp_path: Path) -> None:
    opened = read(saved(tmp_path, {"epoch": 3, "model": plain_net()}))

    assert isinstance(opened.executable, nn.Sequential)
    assert len(opened.graph.nodes) == 5


@pytest.mark.parametrize("trust", [False, True])
@pytest.mark.parametrize("protocol", [2, 4])
@pytest.mark.parametrize("as_torch", [True, False])
def test_a_pickle_that_would_run_a_command_runs_nothing(
    tmp_path: Path, *, trust: bool, protocol: int, as_torch: bool
) -> None:
    mark = tmp_path / "it-ran"
    hostile = {"model": Runs(os.system, f"touch {mark}")}
    path = tmp_path / "model.pt"
    if as_torch:
        torch.save(hostile, path, pickle_protocol=protocol)
    else:
        path.write_bytes(pickle.dumps(hostile, protocol))

    with pytest.raises(Problem, match=f"would call {os.system.__module__}.system"):
        read(path, Options(trust=trust))

    assert not mark.exists()


def test_a_module_that_hides_a_command_runs_nothing(tmp_path: Path) -> None:
    mark = tmp_path / "it-ran"
    module = plain_net()
    module.extra = Runs(eval, f"open({str(mark)!r}, 'w')")

    with pytest.raises(Problem, match=r"would call builtins\.eval"):
        read(saved(tmp_path, module), Options(trust=True))

    assert not mark.exists()


def test_an_unknown_call_in_a_module_waits_for_trust(tmp_path: Path) -> None:
    module = plain_net()
    mark = tmp_path / "it-ran"
    module.extra = Runs(Path.touch, mark)
    opened = read(saved(tmp_path, module))

    assert not mark.exists()
    assert opened.can_be_trusted
    assert len(opened.graph.nodes) == 5


def archive(members: dict[str, bytes], kind: int = zipfile.ZIP_STORED) -> bytes:
    written = io.BytesIO()
    with zipfile.ZipFile(written, "w", kind) as file:
        for name, content in members.items():
            file.writestr(name, content)
    return written.getvalue()


def good() -> bytes:
    written = io.BytesIO()
    torch.save(plain_net(), written)
    return written.getvalue()


DEEP = b"\x80\x02" + b")" + b"\x85" * 100_000
DAMAGED = {
    "cut short": lambda: good()[:1500],
    "cut in the middle of the last member": lambda: good()[:-40],
    "no zip after its first bytes": lambda: b"PK\x03\x04" + bytes(range(256)) * 4,
    "empty zip": lambda: b"PK\x05\x06" + bytes(18),
    "random bytes": lambda: bytes((i * 167 + 13) % 256 for i in range(5000)),
    "half a pickle": lambda: pickle.dumps({"a": list(range(1000))})[:500],
    "a pickled number": lambda: pickle.dumps(7),
    "a pickled list": lambda: pickle.dumps([1, 2, 3]),
    "a zip of text": lambda: archive({"readme.txt": b"hello"}),
    "an empty pickle in a zip": lambda: archive({"model/data.pkl": b""}),
    "a pickle bomb in a zip": lambda: archive(
        {"model/data.pkl": b"\x80\x02" + b"0" * 2**28}, zipfile.ZIP_DEFLATED
    ),
    "a huge memo index": lambda: b"\x80\x02Nr\xff\xff\xff\xff.",
    "a huge length": lambda: b"\x80\x05\x96" + b"\xff" * 7 + b"\x7f.",
    "a deeply nested key": lambda: b"\x80\x02}" + DEEP[2:] + b"Ns.",
    "deeply nested": lambda: DEEP + b".",
    "an unbalanced stack": lambda: b"\x80\x02000.",
    "a tensor from nowhere": lambda: archive(
        {"m/data.pkl": b"\x80\x02ctorch._utils\n_rebuild_tensor_v2\n)R."}
    ),
}


@pytest.mark.parametrize("damage", DAMAGED)
@pytest.mark.timeout(60)
def test_damage_is_a_problem(tmp_path: Path, damage: str) -> None:
    path = tmp_path / "model.pt"
    path.write_bytes(DAMAGED[damage]())

    with pytest.raises(Problem) as raised:
        read(path, Options(trust=True))

    assert raised.value.what.startswith("model.pt ")
    assert raised.value.what.endswith(".")
    assert raised.value.remedy.endswith(".")


@pytest.mark.parametrize("zipped", [True, False])
def test_any_changed_byte_ends_in_a_model_or_a_problem(tmp_path: Path, *, zipped: bool) -> None:
    path = saved(tmp_path, plain_net().state_dict(), _use_new_zipfile_serialization=zipped)
    whole = path.read_bytes()
    chance = random.Random(0)
    outcomes = set()
    for _ in range(150):
        changed = bytearray(whole)
        for _ in range(chance.randint(1, 4)):
            changed[chance.randrange(len(changed))] = chance.randrange(256)
        path.write_bytes(
            changed[: chance.choice([len(changed), chance.randrange(9, len(changed))])]
        )
        try:
            for weight in read(path).weights.values():
                weight()
            outcomes.add("opened")
        except Problem:
            outcomes.add("problem")

    assert outcomes == {"opened", "problem"}


def test_weights_that_are_missing_from_the_archive_are_a_problem(tmp_path: Path) -> None:
    path = saved(tmp_path, plain_net())
    with zipfile.ZipFile(path) as file:
        members = {name: file.read(name) for name in file.namelist()}
    kept = {name: content for name, content in members.items() if not name.endswith("data/0")}
    path.write_bytes(archive(kept))

    file = torch_module.torch_file(path)
    weights = torch_module.weights_of(file.root)
    with pytest.raises(Problem, match="is not all there"):
        file.reader(weights["0.weight"])()


def test_a_weight_that_repeats_a_number_without_end_is_not_filled_in(tmp_path: Path) -> None:
    opened: OpenedModel = read(saved(tmp_path, {"w": torch.zeros(1).expand(2**40)}))

    with pytest.raises(Problem, match="too many to hold"):
        opened.weights["w"]()


def test_what_unfolds_when_it_is_loaded_gives_its_weights_too(tmp_path: Path) -> None:
    net = plain_net()
    opened = read(saved(tmp_path, torch.fx.symbolic_trace(net)), Options(trust=True))

    weights = {name: weight() for name, weight in opened.weights.items()}
    assert weights.keys() == net.state_dict().keys()
    for name, tensor in net.state_dict().items():
        assert (weights[name] == tensor.numpy()).all()


def test_quantised_numbers_are_read_as_the_integers_that_they_are(tmp_path: Path) -> None:
    module = nn.Module()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)  # torch is about to give them up
        weight = torch.quantize_per_tensor(torch.tensor([0.5, -1.0, 2.0]), 0.5, 0, torch.qint8)
    module.register_buffer("weight", weight)

    opened = read(saved(tmp_path, module), Options())

    assert opened.weights["weight"]().tolist() == [1, -2, 4]


def test_a_class_of_a_script_or_notebook_says_what_to_do(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    kind = type("Mine", (nn.Module,), {"__module__": "__main__"})
    monkeypatch.setattr(sys.modules["__main__"], "Mine", kind, raising=False)
    path = saved(tmp_path, kind())
    monkeypatch.undo()

    with pytest.raises(Problem, match="script or notebook") as raised:
        read(path, Options(trust=True))
    assert "file of its own" in raised.value.remedy
