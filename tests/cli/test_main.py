"""What holds for every command."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

import netviz_desktop
from netviz_desktop import cli, resource
from netviz_desktop.problems import Problem

NETVIZ = [sys.executable, "-c", "import sys; from netviz_desktop.cli import main; sys.exit(main())"]
DEMO = str(resource.path(resource.DEMO_MODEL))


def test_the_commands_are_the_contract():
    assert [command.NAME for command in cli.COMMANDS] == [
        "graph",
        "summary",
        "run",
        "explain",
        "methods",
        "export",
        "window",
    ]


@pytest.mark.parametrize("command", cli.COMMANDS, ids=lambda command: command.NAME)
def test_every_command_explains_itself(command, capsys):
    with pytest.raises(SystemExit) as left:
        cli.main([command.NAME, "--help"])
    assert left.value.code == 0
    assert command.DESCRIPTION.splitlines()[0] in capsys.readouterr().out


def test_it_tells_its_version(capsys):
    with pytest.raises(SystemExit) as left:
        cli.main(["--version"])
    assert left.value.code == 0
    assert capsys.readouterr().out == f"netviz {netviz_desktop.__version__}\n"


@pytest.mark.parametrize("arguments", [[], ["nope"], ["graph"], ["run", DEMO, "-o", "x.npz"]])
def test_a_wrong_call_ends_with_2_and_the_usage(arguments, capsys):
    with pytest.raises(SystemExit) as left:
        cli.main(arguments)
    assert left.value.code == 2
    assert capsys.readouterr().err.startswith("usage: netviz")


def test_help_waits_for_no_heavy_library():
    script = (
        "import sys\nfrom netviz_desktop.cli import main\n"
        "try:\n    main(['run', '--help'])\nexcept SystemExit:\n    pass\n"
        "print([n for n in ('torch', 'onnx', 'PySide6', 'PIL', 'networkx') if n in sys.modules])"
    )
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=True
    )
    assert done.stdout.splitlines()[-1] == "[]"


def test_a_problem_is_two_lines_whatever_its_sentences_hold(monkeypatch, capsys):
    def fail(_options):
        raise Problem("The name\nof it is  odd.", "Rename\tit.")

    monkeypatch.setattr(cli.graph, "run", fail)
    assert cli.main(["graph", DEMO]) == 2
    assert capsys.readouterr().err == "The name of it is odd.\nRename it.\n"


def test_a_defect_is_not_dressed_up(monkeypatch):
    def fail(_options):
        raise ZeroDivisionError

    monkeypatch.setattr(cli.graph, "run", fail)
    with pytest.raises(ZeroDivisionError):
        cli.main(["graph", DEMO])


def test_ctrl_c_ends_it_quietly(monkeypatch, capsys):
    def interrupt(_options):
        signal.raise_signal(signal.SIGINT)

    monkeypatch.setattr(cli.graph, "run", interrupt)
    # a shell that starts the tests in the background has SIGINT ignored
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        assert cli.main(["graph", DEMO]) == 130
    finally:
        signal.signal(signal.SIGINT, before)
    assert capsys.readouterr().err == ""


_BUSY = """
import hashlib, signal, sys
from pathlib import Path
from netviz_desktop import cli
from netviz_desktop.cli import _output
from netviz_desktop.readers._unpacked import Unpacked

def busy(options):
    unpacked = Unpacked()
    with _output.whole(Path(sys.argv[2])) as part:
        part.touch()
        print(unpacked.folder, part, flush=True)
        hashlib.pbkdf2_hmac("sha512", b"", b"", 10**9)  # many minutes, and deaf to Python's signals

cli.graph.run = busy
signal.signal(signal.SIGINT, signal.default_int_handler)  # as in a terminal
sys.exit(cli.main())
"""


@pytest.mark.skipif(os.name == "nt", reason="no other process can press Ctrl+C there")
def test_ctrl_c_ends_what_a_library_is_busy_with_and_leaves_no_files(tmp_path):
    with subprocess.Popen(
        [sys.executable, "-c", _BUSY, "graph", str(tmp_path / "out.json")],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        files = [Path(name) for name in process.stdout.readline().split()]
        assert all(file.exists() for file in files)
        process.send_signal(signal.SIGINT)
        assert process.wait() == 130
        assert process.stderr.read() == ""
    assert not any(file.exists() for file in files)


@pytest.mark.skipif(os.name == "nt", reason="pipes break differently there")
def test_a_reader_that_has_seen_enough_is_no_error():
    with subprocess.Popen(
        [*NETVIZ, "graph", DEMO], stdout=subprocess.PIPE, stderr=subprocess.PIPE
    ) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        process.stdout.close()
        assert process.stderr.read() == b""
        assert process.wait() == 141


def test_a_terminal_that_knows_only_ascii_still_shows_the_table():
    done = subprocess.run(
        [*NETVIZ, "summary", DEMO],
        capture_output=True,
        check=True,
        env=os.environ | {"PYTHONIOENCODING": "ascii"},
    )
    assert b"1,235,496" in done.stdout


def test_the_package_opens_a_model_for_notebooks():
    session = netviz_desktop.open(DEMO)
    assert session.graph.parameter_count == 1_235_496
    with pytest.raises(Problem):
        netviz_desktop.open("nowhere.onnx")
