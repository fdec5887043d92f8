"""The names in zip archives, as zipfile gives them."""

from __future__ import annotations

import zipfile
from pathlib import Path

import pytest
import torch

from netviz_desktop.readers._zip_directory import names


@pytest.fixture
def archive(tmp_path: Path) -> Path:
    path = tmp_path / "a.zip"
    with zipfile.ZipFile(path, "w") as written:
        for name in ("a/", "a/b.txt", "ä.txt", "模型.onnx"):
            written.writestr(name, "x")
        written.comment = b"a comment " * 6000
    return path


def test_they_are_those_that_zipfile_gives(archive: Path) -> None:
    assert list(names(archive)) == zipfile.ZipFile(archive).namelist()


def test_they_are_found_in_an_archive_of_the_64_bit_kind(tmp_path: Path) -> None:
    path = tmp_path / "a.pt"
    torch.save({"w": torch.ones(2)}, path)

    assert b"PK\x06\x06" in path.read_bytes()
    assert list(names(path)) == zipfile.ZipFile(path).namelist()


def test_an_archive_that_lost_its_directory_has_none(archive: Path) -> None:
    whole = archive.read_bytes()
    for kept in (10, whole.index(b"PK\1\2"), whole.index(b"PK\5\6")):
        archive.write_bytes(whole[:kept])
        assert names(archive) == ()


def test_a_damaged_directory_has_none(archive: Path) -> None:
    damaged = archive.read_bytes().replace(b"PK\1\2", b"PK\1\0", 2)
    archive.write_bytes(damaged)
    assert names(archive) == ()
