"""`netviz-desktop [FILE...]`: the window. `--engine` is the other half, which it starts."""

from __future__ import annotations

import argparse
import os
import sys

from netviz_desktop import __version__

EXIT_BAD_START = 3
"""The machine lacks something that a window needs."""


def main(argv: list[str] | None = None) -> int:
    """Run the program; gives its exit code."""
    arguments = sys.argv[1:] if argv is None else argv
    _leave_bundled_libraries()
    if arguments[:1] == ["--engine"]:
        from netviz_desktop.engine import server

        return server.serve()
    options = _parser().parse_args(arguments)
    if options.smoke:
        os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
    from netviz_desktop.ui import preflight

    if (missing := preflight.missing()) is not None:
        sys.stderr.write(f"{missing}\n")
        return EXIT_BAD_START
    if options.smoke:
        from netviz_desktop.ui import shot

        return shot.smoke(output=options.smoke[0], model=options.smoke[1])
    from netviz_desktop.ui import app

    return app.run(options)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="netviz-desktop",
        description="Opens a neural network, draws it, and shows what happens inside "
        "when an image runs through it.",
    )
    parser.add_argument(
        "files",
        nargs="*",
        metavar="FILE",
        help="models and images; the second model and later ones get windows of their own",
    )
    parser.add_argument("--image", metavar="FILE", help="run the model on this image")
    parser.add_argument(
        "--trust", action="store_true", help="run the code that the file brings along"
    )
    parser.add_argument(
        "--model-code",
        metavar="MODULE:FUNCTION",
        help="gives the nn.Module for weights alone: package.module:function or file.py:function",
    )
    parser.add_argument("--labels", metavar="FILE", help="class names: one a line, or JSON")
    parser.add_argument(
        "--theme", choices=("light", "dark", "system"), help="for this window; default: as set"
    )
    parser.add_argument("--demo", action="store_true", help="open the demo model and image")
    parser.add_argument(
        "--smoke",
        nargs=2,
        metavar=("OUT", "MODEL"),
        help="draw the window with MODEL into OUT (PNG) and exit: 0 done, 3 it cannot be opened, "
        "4 the picture is wrong, 5 the engine died, 6 it took too long",
    )
    parser.add_argument("--version", action="version", version=f"netviz-desktop {__version__}")
    return parser


def _leave_bundled_libraries() -> None:
    """A bundle starts with its own libraries first in the path; what it starts in turn
    (`dot`, `xdg-open`) must find the system's."""
    if not getattr(sys, "frozen", False):
        return
    original = os.environ.pop("LD_LIBRARY_PATH_ORIG", None)
    os.environ.pop("LD_LIBRARY_PATH", None)
    if original:
        os.environ["LD_LIBRARY_PATH"] = original


if __name__ == "__main__":
    sys.exit(main())
