"""What a Python file defines, read without running it."""

from __future__ import annotations

import ast
from pathlib import Path

from netviz_desktop.problems import Problem

_MOST_BYTES = 10 * 2**20


def callables(path: Path) -> list[str]:
    """Names of its functions and classes that can be called without arguments, functions
    first: they are written to make something.

    Raises:
        Problem: the file cannot be read, or is no Python.
    """
    try:
        if path.stat().st_size > _MOST_BYTES:
            raise Problem(f"{path.name} is too large for a Python file.", "Choose another one.")
        tree = ast.parse(path.read_bytes())
    except OSError as error:
        raise Problem(
            f"{path.name} cannot be read: {error.strerror or error}.",
            "Choose a file that you may read.",
        ) from error
    except (SyntaxError, ValueError, RecursionError, MemoryError) as error:
        line = f", line {error.lineno}" if isinstance(error, SyntaxError) and error.lineno else ""
        said = error.msg if isinstance(error, SyntaxError) else "it cannot be parsed"
        raise Problem(f"{path.name} is no valid Python{line}: {said}.", "Correct it.") from error
    functions = [
        node.name
        for node in tree.body
        if isinstance(node, ast.FunctionDef) and not _required(node.args)
    ]
    classes = [
        node.name for node in tree.body if isinstance(node, ast.ClassDef) and _is_simple(node)
    ]
    return [name for name in (*functions, *classes) if not name.startswith("_")]


def _is_simple(node: ast.ClassDef) -> bool:
    """Whether its own constructor, if it has one, needs nothing but `self`."""
    constructor = next(
        (n for n in node.body if isinstance(n, ast.FunctionDef) and n.name == "__init__"), None
    )
    return constructor is None or _required(constructor.args) <= 1


def _required(arguments: ast.arguments) -> int:
    positional = len(arguments.posonlyargs) + len(arguments.args) - len(arguments.defaults)
    return positional + sum(default is None for default in arguments.kw_defaults)
