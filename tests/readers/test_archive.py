"""Archives and folders: what is in them opens, within bounds, and leaves nothing behind."""

from __future__ import annotations

import gc
import gzip
import io
import os
import stat
import struct
import tarfile
import tempfile
import zipfile
from pathlib import Path

import pytest
import torch
from safetensors.torch import save_file
from torch import nn

from netviz_desktop import resource
from netviz_desktop.problems import Cancelled, Problem
from netviz_desktop.readers import Options, read

DEMO = resource.path(resource.DEMO_MODEL)


@pytest.fixture(autouse=True)
def unpacked_here(
    tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch
) -> Path:
    """Where archives are unpacked into."""
    folder = tmp_path_factory.mktemp("temporary")
    monkeypatch.setattr(tempfile, "tempdir", str(folder))
    return folder


@pytest.fixture
def weights(tmp_path: Path) -> Path:
    path = tmp_path / "weights.pth"
    torch.save(nn.Linear(3, 2).state_dict(), path)
    return path


def zipped(path: Path, **members: Path) -> Path:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, file in members.items():
            archive.write(file, name)
    return path


def tarred(path: Path, mode: str, **members: Path) -> Path:
    with tarfile.open(path, mode) as archive:
        for name, file in members.items():
            archive.add(file, name)
    return path


def test_the_one_model_in_a_zip_opens_and_nothing_is_left(
    tmp_path: Path, weights: Path, unpacked_here: Path
) -> None:
    readme = tmp_path / "readme.txt"
    readme.write_text("hello")
    path = zipped(tmp_path / "a.zip", **{"a/weights.pth": weights, "a/readme.txt": readme})
    opened = read(path)

    assert opened.graph.metadata["in the archive"] == "a/weights.pth"
    assert opened.weights["weight"]().shape == (2, 3)
    assert len(list(unpacked_here.iterdir())) == 1
    del opened
    gc.collect()
    assert list(unpacked_here.iterdir()) == []


def test_an_archive_of_something_else_is_said_to_hold_no_model(tmp_path: Path) -> None:
    readme = tmp_path / "readme.txt"
    readme.write_text("hello")
    path = zipped(tmp_path / "a.zip", **{"a/readme.txt": readme})

    with pytest.raises(Problem, match=r"a\.zip is an archive without a model in it"):
        read(path)
    with pytest.raises(Problem, match=r"readme\.txt is no model that can be opened"):
        read(path, Options(member="a/readme.txt"))


@pytest.mark.parametrize(("suffix", "mode"), [("tar", "w"), ("tar.gz", "w:gz"), ("tar.xz", "w:xz")])
def test_a_tar_opens_however_it_is_compressed(
    tmp_path: Path, weights: Path, suffix: str, mode: str
) -> None:
    path = tarred(tmp_path / f"a.{suffix}", mode, **{"x/w.pth": weights})

    assert read(path).graph.parameter_count == 8


def test_a_compressed_file_opens(tmp_path: Path, weights: Path) -> None:
    path = tmp_path / "weights.pth.gz"
    path.write_bytes(gzip.compress(weights.read_bytes()))

    assert read(path).graph.parameter_count == 8


def test_content_decides_not_the_suffix(tmp_path: Path, weights: Path) -> None:
    path = zipped(tmp_path / "a.dat", **{"w.pth": weights})

    assert read(path).graph.parameter_count == 8


def test_an_archive_opens_that_is_called_like_a_model(tmp_path: Path) -> None:
    path = zipped(tmp_path / "model.pt", **{"squeezenet.onnx": DEMO})
    assert read(path).graph.format == "ONNX"


def test_several_models_are_a_choice(tmp_path: Path, weights: Path) -> None:
    path = zipped(tmp_path / "a.zip", **{"w.pth": weights, "demo.onnx": DEMO})
    with pytest.raises(Problem, match=r"holds 2 models: w\.pth, demo\.onnx") as raised:
        read(path)

    assert raised.value.choices == ("w.pth", "demo.onnx")
    assert "--member" in raised.value.remedy
    assert read(path, Options(member="demo.onnx")).graph.format == "ONNX"
    with pytest.raises(Problem, match="holds no model “other”"):
        read(path, Options(member="other"))


def test_external_data_comes_along(tmp_path: Path) -> None:
    import onnx

    model = onnx.load(DEMO)
    (tmp_path / "out").mkdir()
    onnx.save(model, tmp_path / "out/m.onnx", save_as_external_data=True, location="m.data")
    path = zipped(
        tmp_path / "a.zip",
        **{"n/m.onnx": tmp_path / "out/m.onnx", "n/m.data": tmp_path / "out/m.data"},
    )
    opened = read(path)

    name = next(iter(opened.graph.parameters))
    expected = read(DEMO).weights[name]()
    assert (opened.weights[name]() == expected).all()


def test_an_archive_in_an_archive_opens_but_no_deeper(tmp_path: Path, weights: Path) -> None:
    inner = zipped(tmp_path / "inner.zip", **{"w.pth": weights})
    middle = tarred(tmp_path / "middle.tar.gz", "w:gz", **{"inner.zip": inner})
    outer = zipped(tmp_path / "outer.zip", **{"middle.tar.gz": middle})

    assert read(middle).graph.parameter_count == 8
    with pytest.raises(Problem, match="an archive in an archive in an archive"):
        read(outer)


def test_names_that_lead_out_and_links_are_left_out(
    tmp_path: Path, weights: Path, unpacked_here: Path
) -> None:
    bad = tmp_path / "bad.zip"
    with zipfile.ZipFile(bad, "w") as archive:
        archive.write(weights, "../escaped.pth")
        archive.writestr(zipfile.ZipInfo("/absolute.pth"), weights.read_bytes())
        link = zipfile.ZipInfo("link.pth")
        link.external_attr = (stat.S_IFLNK | 0o777) << 16
        archive.writestr(link, "/etc/passwd")
    linked = tmp_path / "bad.tar"
    with tarfile.open(linked, "w") as tar:
        info = tarfile.TarInfo("link.pth")
        info.type, info.linkname = tarfile.SYMTYPE, "/etc/passwd"
        tar.addfile(info)
        tar.add(weights, "../escaped.pth")

    for path in (bad, linked):
        with pytest.raises(Problem, match="without a model in it"):
            read(path)
    assert list(unpacked_here.iterdir()) == []
    assert not (unpacked_here.parent / "escaped.pth").exists()


@pytest.mark.parametrize("kind", ["zip", "gz", "tar.gz"])
def test_a_bomb_is_left_packed(
    tmp_path: Path, kind: str, unpacked_here: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from netviz_desktop.readers import _archives

    monkeypatch.setattr(_archives, "_LEAST_SUSPECT", 1 << 20)
    path, zeros = tmp_path / f"bomb.{kind}", bytes(8 << 20)
    if kind == "zip":
        with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
            archive.writestr("m.onnx", zeros)
    elif kind == "gz":
        path.write_bytes(gzip.compress(zeros))
    else:
        with tarfile.open(path, "w:gz") as tar:
            info = tarfile.TarInfo("m.onnx")
            info.size = len(zeros)
            tar.addfile(info, io.BytesIO(zeros))

    with pytest.raises(Problem, match="more than 100 times its size"):
        read(path)
    gc.collect()
    assert list(unpacked_here.iterdir()) == []


def test_unpacking_can_be_cancelled(tmp_path: Path, weights: Path, unpacked_here: Path) -> None:
    path = zipped(tmp_path / "a.zip", **{"w.pth": weights})

    def stop(_done: float, _what: str) -> None:
        raise Cancelled

    with pytest.raises(Cancelled):
        read(path, Options(step=stop))
    gc.collect()
    assert list(unpacked_here.iterdir()) == []


def test_an_encrypted_or_damaged_archive_is_a_problem(tmp_path: Path, weights: Path) -> None:
    path = zipped(tmp_path / "a.zip", **{"w.pth": weights})
    whole = bytearray(path.read_bytes())
    whole[6] |= 1  # the flag that says: encrypted
    whole[whole.rindex(b"PK\1\2") + 8] |= 1
    path.write_bytes(whole)
    with pytest.raises(Problem, match="cut short, damaged or encrypted"):
        read(path)

    packed = tmp_path / "w.pth.gz"
    packed.write_bytes(gzip.compress(weights.read_bytes())[:200])
    with pytest.raises(Problem, match="cut short, damaged or encrypted"):
        read(packed)


@pytest.mark.parametrize(
    ("count", "said"), [(20_001, "more than 20,000 files"), (120_000, "more files than any model")]
)
def test_an_archive_of_very_many_files_is_refused_before_they_are_looked_at(
    tmp_path: Path, count: int, said: str
) -> None:
    """The directory alone, whose entries all mean one file."""
    path = zipped(tmp_path / "a.zip", **{"one_file_with_a_name.txt": DEMO.parent / "chelsea.png"})
    whole = path.read_bytes()
    start, end = whole.index(b"PK\1\2"), whole.index(b"PK\5\6")
    size = (end - start) * count
    ending = struct.pack("<4s4x4xLL2x", b"PK\5\6", size, start)
    path.write_bytes(whole[:start] + whole[start:end] * count + ending)

    with pytest.raises(Problem, match=said):
        read(path)


def test_what_a_killed_process_left_is_removed(
    tmp_path: Path, weights: Path, unpacked_here: Path
) -> None:
    process = os.fork()
    if process == 0:
        os._exit(0)
    os.waitpid(process, 0)
    left = unpacked_here / f"netviz-unpacked-{process}-abc"
    left.mkdir()
    read(zipped(tmp_path / "a.zip", **{"w.pth": weights}))

    assert not left.exists()


def test_a_folder_opens_by_the_model_in_it(tmp_path: Path) -> None:
    save_file(nn.Linear(3, 2).state_dict(), tmp_path / "model.safetensors")
    torch.save(nn.Linear(3, 2).state_dict(), tmp_path / "pytorch_model.bin")
    torch.save({"state": {}}, tmp_path / "optimizer.pt")
    (tmp_path / "config.json").write_text("{}")

    assert read(tmp_path).graph.format == "Safetensors"


def test_a_folder_of_several_models_is_a_choice(tmp_path: Path) -> None:
    for name in ("a.safetensors", "b.safetensors"):
        save_file(nn.Linear(3, 2).state_dict(), tmp_path / name)
    with pytest.raises(Problem) as raised:
        read(tmp_path)

    assert raised.value.choices == ("a.safetensors", "b.safetensors")
    assert read(tmp_path, Options(member="b.safetensors")).graph.name == "b"


def test_a_saved_model_is_said_to_be_one(tmp_path: Path) -> None:
    (tmp_path / "saved_model.pb").write_bytes(b"\x08\x01")

    with pytest.raises(Problem, match="TensorFlow SavedModel"):
        read(tmp_path)
