"""`netviz`: the engine without a window, for scripts.

A member of `COMMANDS` is a module with

    NAME, HELP, DESCRIPTION          the word to type, one line, and what the person gets
    add_arguments(parser)
    run(options)                     prints or writes it; raises Problem

What a command writes, prints and calls things is a contract that users script against.
"""

from __future__ import annotations

import argparse
import io
import os
import sys

from netviz_desktop import __version__
from netviz_desktop.cli import explain, export, graph, methods, run, summary, window
from netviz_desktop.cli._interrupt import EXIT_INTERRUPTED, leave_on_interrupt
from netviz_desktop.engine.shortage import is_shortage, shortage
from netviz_desktop.graph.memory_limit import limited
from netviz_desktop.problems import Problem

COMMANDS = (graph, summary, run, explain, methods, export, window)

EXIT_PROBLEM = 2
EXIT_NOBODY_READS = 141  # as a shell reports SIGPIPE


def main(argv: list[str] | None = None) -> int:
    """Run one command; gives its exit code.

    Args:
        argv: None: what the process was called with, which Ctrl+C then ends at once.
    """
    if argv is None:
        leave_on_interrupt()
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):  # a terminal may know less than a model's names
            stream.reconfigure(errors="backslashreplace")
    options = _parser().parse_args(argv)
    try:
        with limited():
            options.run(options)
        sys.stdout.flush()
    except Problem as problem:
        return _told(problem)
    except KeyboardInterrupt:
        return EXIT_INTERRUPTED
    except BrokenPipeError:
        # Python flushes stdout once more when it ends: into nothing.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return EXIT_NOBODY_READS
    except Exception as error:
        if not is_shortage(error):
            raise
        return _told(shortage())
    return 0


def _told(problem: Problem) -> int:
    sys.stderr.write(f"{_one_line(problem.what)}\n{_one_line(problem.remedy)}\n")
    return EXIT_PROBLEM


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="netviz",
        description="Looks into neural networks from the command line: "
        "graphs, costs, activations, gradients and attributions as files.",
        epilog="Exit code 0; 2 when something could not be done, with the reason and the "
        "remedy on stderr. `netviz COMMAND --help` says more.",
        allow_abbrev=False,
    )
    parser.add_argument("--version", action="version", version=f"netviz {__version__}")
    commands = parser.add_subparsers(metavar="COMMAND", required=True)
    for command in COMMANDS:
        subparser = commands.add_parser(
            command.NAME,
            help=command.HELP,
            description=command.DESCRIPTION,
            formatter_class=argparse.RawDescriptionHelpFormatter,
            allow_abbrev=False,
        )
        command.add_arguments(subparser)
        subparser.set_defaults(run=command.run)
    return parser


def _one_line(sentence: str) -> str:
    return " ".join(sentence.split())
