from __future__ import annotations

import pytest
from PySide6.QtCore import QByteArray, QSettings

from netviz_desktop.ui.settings import Settings


@pytest.fixture
def path(tmp_path):
    return str(tmp_path / "settings.ini")


def open_settings(path: str) -> Settings:
    return Settings(QSettings(path, QSettings.Format.IniFormat))


def test_toggles_begin_as_in_netron_and_outlive_a_restart(path):
    first = open_settings(path)
    assert not first.flag("attributes")
    assert first.flag("weights")
    assert not first.flag("names")
    assert not first.flag("left_to_right")
    assert not first.flag("wheel_zooms")
    first.set_flag("weights", False)
    first.set_flag("names", True)
    first._store.sync()

    again = open_settings(path)

    assert not again.flag("weights")
    assert again.flag("names")


def test_a_toggle_that_is_as_at_first_is_not_written_down(path):
    settings = open_settings(path)
    settings.set_flag("names", True)
    settings.set_flag("names", False)

    assert settings._store.allKeys() == []


def test_recent_models_are_nine_the_last_one_first_and_each_once(path, tmp_path):
    settings = open_settings(path)
    files = [tmp_path / f"model{n}.onnx" for n in range(11)]
    for file in [*files, files[5]]:
        file.touch()
        settings.remember(str(file))

    again = open_settings(path)

    expected = [files[n] for n in (5, 10, 9, 8, 7, 6, 4, 3, 2)]
    assert again.recent == [str(file) for file in expected]


def test_a_recent_model_that_is_gone_is_not_offered(path, tmp_path):
    settings = open_settings(path)
    kept, gone = tmp_path / "kept.onnx", tmp_path / "gone.onnx"
    for file in (kept, gone):
        file.touch()
        settings.remember(str(file))
    gone.unlink()

    assert settings.recent == [str(kept)]


def test_recent_models_can_be_forgotten(path, tmp_path):
    settings = open_settings(path)
    (tmp_path / "a.onnx").touch()
    settings.remember(str(tmp_path / "a.onnx"))

    settings.forget_recent()

    assert settings.recent == []


def test_an_unknown_theme_counts_as_the_systems(path):
    settings = open_settings(path)
    settings.theme = "dark"
    assert settings.theme == "dark"
    settings.theme = "sepia"
    assert settings.theme == "system"


def test_a_damaged_layout_counts_as_none(path):
    settings = open_settings(path)
    assert settings.layout.isEmpty()
    settings.layout = QByteArray(b"\x01\x02")
    assert open_settings(path).layout == QByteArray(b"\x01\x02")
    settings._store.setValue("window/layout1", "nonsense")
    assert settings.layout.isEmpty()


def test_each_kind_of_file_has_its_own_folder(path):
    settings = open_settings(path)
    settings.set_folder("model", "/models")
    settings.set_folder("image", "/images")

    assert settings.folder("model") == "/models"
    assert settings.folder("image") == "/images"
    assert settings.folder("picture") == ""


def test_the_memory_of_a_run_is_remembered_if_it_is_one_of_those_offered(path):
    settings = open_settings(path)
    assert settings.memory_gb == 0

    settings.memory_gb = 8
    settings._store.sync()
    assert open_settings(path).memory_gb == 8

    settings._store.setValue("memory_gb", "7")
    assert settings.memory_gb == 0
