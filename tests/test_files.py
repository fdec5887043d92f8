"""The table of files: each is opened as it should be, or refused in two sentences."""

from __future__ import annotations

import gzip
import io
import json
import logging
import os
import pickle
import struct
import subprocess
import sys
import tarfile
import tomllib
import warnings
import zipfile
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest
import torch
from onnx import NodeProto, TensorProto, helper, numpy_helper
from safetensors.torch import save_file

from netviz_desktop import resource
from netviz_desktop.cli import main

TABLE = tomllib.loads(Path(__file__).with_name("files.toml").read_text(encoding="utf-8"))
GOOD = [entry for entry in TABLE["model"] if "format" in entry]
BAD = [entry for entry in TABLE["model"] if "problem" in entry]
COMMANDS = ("graph", "summary", "run")

DEMO = resource.path(resource.DEMO_MODEL)
CAT = resource.path(resource.DEMO_IMAGE)


def name_of(entry: dict[str, Any]) -> str:
    return str(entry["name"])


@pytest.mark.parametrize("entry", GOOD, ids=name_of)
def test_a_model_is_summed_up(entry, tmp_path, capsys):
    assert main(["graph", str(made(entry, tmp_path))]) == 0
    found = json.loads(capsys.readouterr().out)
    assert found["format"] == entry["format"]
    assert found["parameter_count"] == entry["parameters"]
    if "nodes" in entry:
        assert len(found["nodes"]) == entry["nodes"]


@pytest.mark.parametrize("entry", [e for e in GOOD if "faults" in e], ids=name_of)
def test_the_node_that_stops_a_model_is_marked_and_said(entry, tmp_path, capsys):
    path = made(entry, tmp_path)
    says = entry["problem"].format(name=entry["name"])

    assert main(["graph", str(path)]) == 0
    faults = {n["id"]: n["fault"] for n in json.loads(capsys.readouterr().out)["nodes"]}
    assert [node for node, fault in faults.items() if fault] == entry["faults"]
    assert faults[entry["faults"][0]].startswith(says)

    assert main(["summary", str(path)]) == 0
    assert f"Not run: {says}" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("entry", "command"),
    [(entry, command) for entry in BAD for command in entry.get("commands", COMMANDS)],
    ids=lambda given: given if isinstance(given, str) else name_of(given),
)
def test_a_bad_file_is_refused_in_two_sentences(entry, command, tmp_path, capsys):
    path = made(entry, tmp_path / "given")
    before = everything_in(tmp_path)
    rest = ["--image", str(CAT), "-o", str(tmp_path / "out.npz")] if command == "run" else []
    assert main([command, str(path), *rest]) == 2
    check_problem(entry, path, *capsys.readouterr())
    assert everything_in(tmp_path) == before


@pytest.mark.parametrize("entry", TABLE["image"], ids=name_of)
def test_a_bad_image_is_refused_in_two_sentences(entry, tmp_path, capsys):
    path = made(entry, tmp_path / "given")
    before = everything_in(tmp_path)
    assert main(["run", str(DEMO), "--image", str(path), "-o", str(tmp_path / "out.npz")]) == 2
    check_problem(entry, path, *capsys.readouterr())
    assert everything_in(tmp_path) == before


@pytest.mark.parametrize("name", ["truncated.onnx", "command.pt", "noise.pth"])
def test_the_real_command_says_no_more(name, tmp_path):
    entry = next(entry for entry in BAD if entry["name"] == name)
    path = made(entry, tmp_path / "given")
    before = everything_in(tmp_path)
    script = "import sys; from netviz_desktop.cli import main; sys.exit(main())"
    done = subprocess.run(
        [sys.executable, "-c", script, "graph", str(path)],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 2
    check_problem(entry, path, done.stdout, done.stderr)
    assert everything_in(tmp_path) == before


def test_the_trap_would_spring(tmp_path, capsys):
    """The judge of the tests above. Not even trust makes `netviz` step into it."""
    path = tmp_path / "command.pt"
    pickle_that_runs_a_command(path)
    assert main(["graph", str(path), "--trust"]) == 2
    assert len(capsys.readouterr().err.splitlines()) == 2
    assert not (tmp_path / "sprung").exists()
    torch.load(path, weights_only=False)
    assert (tmp_path / "sprung").exists()


def test_the_trap_in_a_script_would_spring(tmp_path):
    """The judge of the test above."""
    path = tmp_path / "net.pt"
    script_that_writes_a_file_when_loaded(path)
    assert main(["graph", str(path)]) == 0
    assert not (tmp_path / "sprung").exists()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        torch.jit.load(path)
    assert (tmp_path / "sprung").exists()


def made(entry: dict[str, Any], folder: Path) -> Path:
    if "recipe" not in entry:
        return resource.path(entry["name"])
    folder.mkdir(exist_ok=True)
    path = folder / entry["name"]
    recipe: Callable[[Path], None] = globals()[entry["recipe"]]
    recipe(path)
    return path


def check_problem(entry: dict[str, Any], path: Path, printed: str, error: str) -> None:
    assert printed == ""
    what, remedy = error.splitlines()
    assert what.startswith(entry["problem"].format(name=path.name, folder=path.parent))
    assert what.endswith(".")
    assert remedy.endswith((".", "?"))
    assert "Traceback" not in error


def everything_in(folder: Path) -> dict[Path, int]:
    return {path: path.stat().st_mtime_ns for path in folder.rglob("*") if path.is_file()}


# --- recipes -----------------------------------------------------------------------------


def three_nodes(path: Path) -> None:
    weight = np.arange(36, dtype=np.float32).reshape(4, 1, 3, 3) / 36
    nodes = [
        helper.make_node("Conv", ["x", "w"], ["c"], name="conv", pads=[1, 1, 1, 1]),
        helper.make_node("Relu", ["c"], ["r"]),
        helper.make_node("GlobalAveragePool", ["r"], ["y"]),
    ]
    write_onnx(path, nodes, [1, 1, 8, 8], [1, 4, 1, 1], {"w": weight})


def weights_in_constants(path: Path) -> None:
    weight = numpy_helper.from_array(np.ones((4, 3), np.float32), "w")
    nodes = [
        helper.make_node("Constant", [], ["w"], name="weight", value=weight),
        helper.make_node("MatMul", ["x", "w"], ["y"], name="product"),
    ]
    write_onnx(path, nodes, [1, 4], [1, 3], {})


def huge_dimensions(path: Path) -> None:
    nodes = [helper.make_node("Mul", ["x", "w"], ["y"], name="product")]
    tensor = TensorProto(name="w", data_type=TensorProto.FLOAT, raw_data=bytes(64))
    tensor.dims.extend([2**60, 2**60])
    write_onnx(path, nodes, [1], [1], {}, tensor)


def node(op_type: str, inputs: str, outputs: str, name: str = "", **more: Any) -> NodeProto:
    return helper.make_node(op_type, inputs.split(), outputs.split(), name=name, **more)


def curious_names(path: Path) -> None:
    endless = "<img src=x onerror=alert(1)>" * 4000
    nodes = [
        node("Relu", "x", "a", "twice"),
        node("Relu", "a", "b", "twice"),
        node("Relu", "b", "c", "twice#2"),
        node("Relu", "c", "d"),
        node("Relu", "d", "y", endless),
    ]
    write_onnx(path, nodes, [1, 3], [1, 3], {})


def weights_of_nan_and_infinity(path: Path) -> None:
    weight = np.full((4, 3), np.nan, np.float32)
    weight[0] = np.inf
    write_onnx(path, [node("MatMul", "x w", "y")], [1, 4], [1, 3], {"w": weight})


def small_types(path: Path) -> None:
    """int4, float8 and bfloat16, which numpy itself does not know."""
    kinds = {"q": TensorProto.INT4, "f": TensorProto.FLOAT8E4M3FN, "b": TensorProto.BFLOAT16}
    tensors = [helper.make_tensor(name, kind, [3], [1, 2, -3]) for name, kind in kinds.items()]
    casts = [node("Cast", name, f"{name}1", to=TensorProto.FLOAT) for name in kinds]
    nodes = [*casts, node("Sum", "q1 f1 b1", "s"), node("Mul", "x s", "y")]
    write_onnx(path, nodes, [1, 3], [1, 3], {}, *tensors, opset=21)


def strings(path: Path) -> None:
    text = helper.make_tensor("t", TensorProto.STRING, [2], [b"a", b"\xff\xfe"])
    write_onnx(
        path, [node("StringConcat", "x t", "y")], [2], [2], {}, text, opset=20, kind="STRING"
    )


def chain(path: Path) -> None:
    nodes = [node("Neg", f"v{i}" if i else "x", f"v{i + 1}") for i in range(9_999)]
    write_onnx(path, [*nodes, node("Neg", "v9999", "y")], [1], [1], {})


def fan(path: Path) -> None:
    nodes = [node("Neg", "x", f"f{i}") for i in range(3_000)]
    last = node("Sum", " ".join(f"f{i}" for i in range(3_000)), "y")
    write_onnx(path, [*nodes, last], [1], [1], {})


def unknown_operator(path: Path) -> None:
    nodes = [node("Relu", "x", "a"), node("Fancy", "a", "y", "fancy", domain="acme")]
    write_onnx(path, nodes, [1, 3], [1, 3], {}, imports={"acme": 1})


def missing_function(path: Path) -> None:
    nodes = [node("Relu", "x", "a"), node("Gone", "a", "y", "call", domain="mine")]
    write_onnx(path, nodes, [1, 3], [1, 3], {}, imports={"mine": 1})


def future_opset(path: Path) -> None:
    write_onnx(path, two_nodes(), [1, 3], [1, 3], {}, opset=999)


def future_format(path: Path) -> None:
    write_onnx(path, two_nodes(), [1, 3], [1, 3], {}, ir_version=99)


def two_nodes() -> list[NodeProto]:
    return [node("Relu", "x", "a", "first"), node("Neg", "a", "y", "last")]


def dangling_input(path: Path) -> None:
    nodes = [node("Relu", "x", "a"), node("Add", "a ghost", "y", "add")]
    write_onnx(path, nodes, [1, 3], [1, 3], {})


def circle(path: Path) -> None:
    nodes = [
        node("Add", "x b", "a", "one"),
        node("Relu", "a", "b", "two"),
        node("Neg", "b", "y", "after"),
    ]
    write_onnx(path, nodes, [1, 3], [1, 3], {})


def value_twice(path: Path) -> None:
    nodes = [node("Relu", "x", "y", "first"), node("Neg", "x", "y", "again")]
    write_onnx(path, nodes, [1, 3], [1, 3], {})


def output_computed_nowhere(path: Path) -> None:
    write_onnx(path, [node("Relu", "x", "a")], [1, 3], [1, 3], {})


def weights_in_another_file(path: Path, location: str = "weights.bin") -> None:
    tensor = TensorProto(name="w", data_type=TensorProto.FLOAT, dims=[4, 3])
    tensor.data_location = TensorProto.EXTERNAL
    tensor.external_data.add(key="location", value=location)
    write_onnx(path, [node("MatMul", "x w", "y", "product")], [1, 4], [1, 3], {}, tensor)


def weights_cut_short(path: Path) -> None:
    path.with_name("weights.bin").write_bytes(bytes(47))
    weights_in_another_file(path)


def weights_outside_the_folder(path: Path) -> None:
    (path.parent.parent / "weights.bin").write_bytes(bytes(48))
    weights_in_another_file(path, "../weights.bin")


def four_terabytes(path: Path) -> None:
    nodes = [node("ConstantOfShape", "s", "h", "huge"), node("Add", "x h", "y")]
    write_onnx(path, nodes, [1, 3, 8, 8], [1], {"s": np.array([2**20, 2**20])})


def truncated_onnx(path: Path) -> None:
    path.write_bytes(DEMO.read_bytes()[:1_000_000])


def pickled_module(path: Path) -> None:
    conv, linear = torch.nn.Conv2d(1, 4, 3), torch.nn.Linear(4, 12)
    torch.save(torch.nn.Sequential(conv, torch.nn.ReLU(), linear), path)


def state_dict(path: Path) -> None:
    torch.save({"conv.weight": torch.zeros(10, 3, 3), "conv.bias": torch.zeros(10)}, path)


def truncated_pt(path: Path) -> None:
    torch.save({"weight": torch.zeros(1000)}, path)
    path.write_bytes(path.read_bytes()[:2000])


class Trap:
    """Pickled, it is a command to run."""

    def __init__(self, touched: Path) -> None:
        self.touched = touched

    def __reduce__(self) -> tuple[Any, ...]:
        return os.system, (f"touch '{self.touched}'",)


def pickle_that_runs_a_command(path: Path) -> None:
    torch.save(Trap(path.with_name("sprung")), path)


def bare_pickle_that_runs_a_command(path: Path) -> None:
    path.write_bytes(pickle.dumps({"weight": Trap(path.with_name("sprung"))}))


def exported_program(path: Path) -> None:
    net = torch.nn.Sequential(torch.nn.Conv2d(1, 4, 3), torch.nn.ReLU(), torch.nn.Linear(4, 12))
    logging.getLogger("torch").setLevel(logging.ERROR)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        torch.export.save(torch.export.export(net, (torch.ones(1, 1, 6, 6),)), path)


def truncated_pt2(path: Path) -> None:
    exported_program(path)
    path.write_bytes(path.read_bytes()[:5000])


def pt2_that_runs_a_command(path: Path) -> None:
    pickled = io.BytesIO()
    torch.save(Trap(path.with_name("sprung")), pickled)
    with_other_members(path, {"data/sample_inputs/": pickled.getvalue()})


def pt2_that_names_a_function(path: Path) -> None:
    with_other_members(path, {}, (b"torch.ops.aten.relu.default", b"torch.os.system"))


def with_other_members(
    path: Path, others: dict[str, bytes], renamed: tuple[bytes, bytes] = (b"", b"")
) -> None:
    """An exported program, some of whose members, by the folder they lie in, are replaced."""
    exported_program(path)
    with zipfile.ZipFile(path) as archive:
        members = {name: archive.read(name) for name in archive.namelist()}
    with zipfile.ZipFile(path, "w") as archive:
        for name, content in members.items():
            other = next((new for folder, new in others.items() if folder in name), content)
            archive.writestr(name, other.replace(*renamed) if renamed[0] else other)


def compiled_pt2(path: Path) -> None:
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("model/archive_format", "pt2")
        archive.writestr("model/data/aotinductor/model/model.so", b"\x7fELF")


def traced(path: Path) -> None:
    write_script(path, trace=True)


def scripted(path: Path) -> None:
    write_script(path)


def truncated_script(path: Path) -> None:
    write_script(path)
    path.write_bytes(path.read_bytes()[:3000])


def script_without_constants(path: Path) -> None:
    write_script(path)
    rewrite(path, lambda name, old: None if name.endswith("constants.pkl") else old)


def script_that_does_not_compile(path: Path) -> None:
    write_script(path)
    rewrite(path, lambda name, old: old + b"  = 1\n" if name.endswith(".py") else old)


def script_with_a_huge_weight(path: Path) -> None:
    write_script(path)
    huge = b"(\x8a\x08" + (2**60).to_bytes(8, "little")
    rewrite(path, lambda _, old: old.replace(b"(K\x04K\x01K\x03", huge + b"K\x01K\x03"))


class WritesWhenLoaded(torch.nn.Module):
    def __init__(self, touched: Path) -> None:
        super().__init__()
        self.weight = torch.nn.Parameter(torch.ones(3))
        self.touched = str(touched)

    @torch.jit.export
    def __getstate__(self) -> tuple[torch.Tensor, str]:
        return self.weight, self.touched

    @torch.jit.export
    def __setstate__(self, state: tuple[torch.Tensor, str]) -> None:
        self.weight = state[0]
        self.touched = state[1]
        self.training = False
        torch.save(self.weight, self.touched)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return x * self.weight


def script_that_writes_a_file_when_loaded(path: Path) -> None:
    write_script(path, WritesWhenLoaded(path.with_name("sprung")))


def write_script(path: Path, module: torch.nn.Module | None = None, *, trace: bool = False) -> None:
    conv, linear = torch.nn.Conv2d(1, 4, 3), torch.nn.Linear(4, 12)
    module = module or torch.nn.Sequential(conv, torch.nn.ReLU(), linear)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # torch.jit is deprecated
        made = (
            torch.jit.trace(module, torch.zeros(1, 1, 6, 6)) if trace else torch.jit.script(module)
        )
        torch.jit.save(made, path)


def rewrite(path: Path, edit: Callable[[str, bytes], bytes | None]) -> None:
    """A zip archive with each member as `edit` makes it of the old; None leaves it out."""
    with zipfile.ZipFile(path) as archive:
        members = {name: archive.read(name) for name in archive.namelist()}
    with zipfile.ZipFile(path, "w") as archive:
        for name, old in members.items():
            if (new := edit(name, old)) is not None:
                archive.writestr(name, new)


KERAS_CONFIG = {
    "class_name": "Sequential",
    "config": {
        "name": "net",
        "layers": [
            {
                "class_name": "Dense",
                "config": {
                    "name": "dense", "trainable": True, "batch_input_shape": [None, 4],
                    "units": 2, "activation": "relu",
                },
            }
        ],
    },
}  # fmt: skip
KERAS_WEIGHTS = {"kernel": np.ones((4, 2), np.float32), "bias": np.zeros(2, np.float32)}


def keras_weights(path: Path) -> None:
    with h5py.File(path, "w") as file:
        for place, array in enumerate(KERAS_WEIGHTS.values()):
            file[f"layers/dense/vars/{place}"] = array


def keras_archive(path: Path, config: str = "", layer: str = "Dense") -> None:
    weights = path.with_name("weights")
    keras_weights(weights)
    with zipfile.ZipFile(path, "w") as archive:
        text = config or json.dumps(KERAS_CONFIG).replace("Dense", layer)
        archive.writestr("metadata.json", '{"keras_version": "3.9.0"}')
        archive.writestr("config.json", text)
        archive.write(weights, "model.weights.h5")
    weights.unlink()


def keras_archive_of_brackets(path: Path) -> None:
    keras_archive(path, "[" * 200_000)


def keras_archive_with_code(path: Path) -> None:
    keras_archive(path, layer="Lambda")


def truncated_keras(path: Path) -> None:
    keras_archive(path)
    path.write_bytes(path.read_bytes()[:-500])


def keras_hdf5(path: Path) -> None:
    with h5py.File(path, "w") as file:
        file.attrs["model_config"] = json.dumps(KERAS_CONFIG)
        group = file.create_group("model_weights/dense")
        group.attrs["weight_names"] = [f"dense/{name}:0" for name in KERAS_WEIGHTS]
        for name, array in KERAS_WEIGHTS.items():
            group[f"dense/{name}:0"] = array


def truncated_hdf5(path: Path) -> None:
    keras_hdf5(path)
    path.write_bytes(path.read_bytes()[:1500])


def plain_hdf5(path: Path) -> None:
    with h5py.File(path, "w") as file:
        file["voltage"] = np.arange(10)


def noise(path: Path) -> None:
    path.write_bytes(np.random.default_rng(7).bytes(50_000))


def zeros(path: Path) -> None:
    path.write_bytes(bytes(10_000))


def empty(path: Path) -> None:
    path.touch()


def folder(path: Path) -> None:
    path.mkdir()


def nothing(path: Path) -> None:
    assert not path.exists()


def text(path: Path) -> None:
    path.write_text("Dear diary,\ntoday I trained a network.\n" * 100)


def lfs_pointer(path: Path) -> None:
    path.write_text(
        f"version https://git-lfs.github.com/spec/v1\noid sha256:{'0' * 64}\nsize 98765\n"
    )


def web_page(path: Path) -> None:
    path.write_text("<!DOCTYPE html>\n<html><title>Sign in</title></html>\n")


def foreign_zip(path: Path) -> None:
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("word/document.xml", "<xml/>")


def safetensors(path: Path) -> None:
    save_file({"conv.weight": torch.zeros(10, 3, 3), "conv.bias": torch.zeros(10)}, path)


def write_safetensors(path: Path, header: dict[str, Any], numbers: bytes) -> None:
    text = json.dumps(header).encode()
    path.write_bytes(struct.pack("<Q", len(text)) + text + numbers)


def entry(begin: int, end: int, *shape: int, dtype: str = "F32") -> dict[str, Any]:
    return {"dtype": dtype, "shape": shape, "data_offsets": [begin, end]}


def many_weights(path: Path) -> None:
    names = [f"layer.{n // 2}.{'bias' if n % 2 else 'weight'}" for n in range(30_000)]
    names.append("x" * 100_000 + ".weight")
    header = {name: entry(n, n + 1, 1, dtype="U8") for n, name in enumerate(names)}
    write_safetensors(path, header, bytes(len(names)))


def odd_weights(path: Path) -> None:
    numbers = np.array([np.nan, np.inf], np.float32).tobytes() + bytes(8)
    header = {
        "nan.weight": entry(0, 8, 2),
        "empty.weight": entry(8, 8, 0, 2**40),
        "float8.weight": entry(8, 12, 4, dtype="F8_E4M3"),
        "four_bits.weight": entry(12, 15, 6, dtype="F4"),
    }
    write_safetensors(path, header, numbers)


def sharded(path: Path) -> None:
    shards = {
        "a.weight": "m-00001-of-00002.safetensors",
        "b.weight": "m-00002-of-00002.safetensors",
    }
    for name, file in shards.items():
        save_file({name: torch.zeros(7)}, path.with_name(file))
    path.write_text(json.dumps({"weight_map": shards}))


def safetensors_of_impossible_length(path: Path) -> None:
    path.write_bytes(struct.pack("<Q", 2**60) + b"{" + bytes(100))


def safetensors_that_overlap(path: Path) -> None:
    write_safetensors(path, {"a": entry(0, 8, 2), "b": entry(4, 12, 2)}, bytes(12))


def truncated_safetensors(path: Path) -> None:
    safetensors(path)
    path.write_bytes(path.read_bytes()[:-5])


def index_that_leaves(path: Path) -> None:
    path.write_text('{"weight_map": {"a": "../../secret.safetensors"}}')


def index_without_shards(path: Path) -> None:
    path.write_text('{"weight_map": {"a.weight": "gone.safetensors"}}')


def zipped_onnx(path: Path) -> None:
    three_nodes(path.with_suffix(".onnx"))
    with zipfile.ZipFile(path, "w") as archive:
        archive.write(path.with_suffix(".onnx"), "folder/net.onnx")


def two_zipped(path: Path) -> None:
    with zipfile.ZipFile(path, "w") as archive:
        for name in ("a.onnx", "b.onnx"):
            archive.writestr(name, b"x")


def compressed_onnx(path: Path) -> None:
    three_nodes(path)
    path.write_bytes(gzip.compress(path.read_bytes()))


def tar_that_leaves(path: Path) -> None:
    with tarfile.open(path, "w") as archive:
        archive.add(DEMO, "../escaped.onnx")
        link = tarfile.TarInfo("link.onnx")
        link.type, link.linkname = tarfile.SYMTYPE, str(DEMO)
        archive.addfile(link)


def bomb(path: Path) -> None:
    packer = zlib.compressobj(wbits=31)
    megabyte = bytes(1 << 20)
    path.write_bytes(b"".join(packer.compress(megabyte) for _ in range(300)) + packer.flush())


def saved_model(path: Path) -> None:
    path.mkdir()
    (path / "saved_model.pb").write_bytes(b"\x08\x01")


def picture(path: Path) -> None:
    path.write_bytes(CAT.read_bytes())


def truncated_png(path: Path) -> None:
    path.write_bytes(CAT.read_bytes()[:100_000])


def png_that_claims_to_be_huge(path: Path) -> None:
    header = struct.pack(">IIBBBBB", 200_000, 200_000, 8, 2, 0, 0, 0)
    chunk = b"IHDR" + header
    data = b"IDAT" + zlib.compress(bytes(1000))
    path.write_bytes(
        b"\x89PNG\r\n\x1a\n"
        + b"".join(
            struct.pack(">I", len(part) - 4) + part + struct.pack(">I", zlib.crc32(part))
            for part in (chunk, data, b"IEND")
        )
    )


def write_onnx(
    path: Path,
    nodes: list[Any],
    inputs: list[int],
    outputs: list[int],
    weights: dict[str, np.ndarray],
    *tensors: TensorProto,
    opset: int = 17,
    ir_version: int = 10,
    imports: dict[str, int] | None = None,
    kind: str = "FLOAT",
) -> None:
    element = TensorProto.DataType.Value(kind)
    graph = helper.make_graph(
        nodes,
        "made in a test",
        [helper.make_tensor_value_info("x", element, inputs)],
        [helper.make_tensor_value_info("y", element, outputs)],
        [*(numpy_helper.from_array(array, name) for name, array in weights.items()), *tensors],
    )
    opsets = [helper.make_opsetid(*pair) for pair in {"": opset, **(imports or {})}.items()]
    model = helper.make_model(graph, opset_imports=opsets, ir_version=ir_version)
    path.write_bytes(model.SerializeToString())
