"""What the set-up script decides, without installing anything."""

from __future__ import annotations

import importlib.util
import json
import sys
from pathlib import Path
from types import ModuleType

import pytest

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="module")
def bootstrap() -> ModuleType:
    spec = importlib.util.spec_from_file_location("bootstrap", ROOT / "packaging" / "bootstrap.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_the_apt_line_can_be_pasted_into_a_shell(bootstrap):
    assert bootstrap.apt_line(["libgl1", "xvfb"]) == "sudo apt-get install libgl1 xvfb"


def test_it_knows_every_package_that_the_program_may_ask_for(bootstrap):
    from netviz_desktop.ui import preflight

    asked = {*preflight._ALWAYS.values(), *preflight._X11.values(), *preflight._WAYLAND.values()}
    assert asked == {*bootstrap.QT_LIBRARIES, *bootstrap.SCREEN_LIBRARIES}


@pytest.mark.parametrize(
    ("pyproject", "version"), [(b"other requirements", (3, 11)), (b"these", (3, 12))]
)
def test_other_requirements_or_another_python_are_looked_at_again(bootstrap, pyproject, version):
    before = bootstrap.stamp(b"these", (3, 11))

    assert bootstrap.stamp(b"these", (3, 11)) == before
    assert bootstrap.stamp(pyproject, version) != before


def test_what_is_stamped_is_in_place_until_the_fingerprint_changes(bootstrap, tmp_path):
    stamp = tmp_path / "stamp.json"
    stamp.write_text(json.dumps({"fingerprint": "now", "prepared": ["extra:test"]}))

    assert bootstrap.prepared(stamp, "now") == {"extra:test"}
    assert bootstrap.prepared(stamp, "later") == set()


@pytest.mark.parametrize("content", [None, "", "{", "[]", '{"prepared": []}'])
def test_without_a_readable_stamp_nothing_is_in_place(bootstrap, tmp_path, content):
    stamp = tmp_path / "stamp.json"
    if content is not None:
        stamp.write_text(content)

    assert bootstrap.prepared(stamp, "now") == set()


def test_the_newest_pip_for_this_python_is_taken_with_its_checksum(bootstrap):
    digest = "0123456789abcdef" * 4
    page = f"""
        <a href="/files/pip-9.0.3-py3-none-any.whl#sha256={"f" * 64}">pip-9.0.3</a>
        <a href="/files/pip-26.3-py3-none-any.whl#sha256={digest}"
           data-requires-python="&gt;=3.10">pip-26.3</a>
        <a href="/files/pip-26.3.tar.gz#sha256={"e" * 64}">pip-26.3.tar.gz</a>
        <a href="/files/pip-99.1-py3-none-any.whl#sha256={"d" * 64}"
           data-requires-python="&gt;=3.{sys.version_info[1] + 1}">pip-99.1</a>
    """

    link, checksum = bootstrap.newest_wheel(page, "https://mirror.example/simple/pip/")

    assert link == "https://mirror.example/files/pip-26.3-py3-none-any.whl"
    assert checksum == digest


def test_an_index_without_pip_is_an_expected_failure(bootstrap):
    with pytest.raises(OSError, match="lists no pip"):
        bootstrap.newest_wheel("<html>Not found</html>", "https://mirror.example/simple/pip/")


def test_pip_comes_from_where_pip_itself_would_get_it(bootstrap):
    configured = {"index-url": "https://company.example/simple"}

    assert bootstrap.index_url({}, {}) == "https://pypi.org/simple"
    assert bootstrap.index_url({}, configured) == "https://company.example/simple"
    assert bootstrap.index_url({"PIP_INDEX_URL": "https://a"}, configured) == "https://a"


def test_the_bundle_starts_without_what_this_shell_has(bootstrap):
    shell = {"PATH": "/usr/bin", "PYTHONPATH": "/here", "LD_LIBRARY_PATH": "/there", "HOME": "/me"}

    clean = bootstrap.clean_environment(shell, "/elsewhere")

    assert clean["HOME"] == "/elsewhere"
    assert not {"PATH", "PYTHONPATH", "LD_LIBRARY_PATH"} & clean.keys()


@pytest.mark.parametrize("arguments", [[], ["fly"]])
def test_an_unknown_command_gets_the_list_of_commands(bootstrap, capsys, arguments):
    assert bootstrap.main(arguments) == 2
    assert "bootstrap.py run [FILE...]" in capsys.readouterr().out


def test_a_python_that_is_too_new_is_refused_with_the_way_out(bootstrap, monkeypatch, capsys):
    monkeypatch.setattr(bootstrap, "NEWEST", (3, 10))

    with pytest.raises(SystemExit) as ended:
        bootstrap.main(["run"])

    assert ended.value.code == 1
    told = capsys.readouterr().err.splitlines()
    assert "needs Python 3.11, 3.12 or 3.13" in told[0]
    assert "python3.12" in told[1]
