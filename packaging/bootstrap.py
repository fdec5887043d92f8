#!/usr/bin/env python3
"""From a fresh checkout to a running program, with Python and nothing else.

    python3 packaging/bootstrap.py run [FILE...]      open the window; without a FILE, on the demo
    python3 packaging/bootstrap.py test [ARGUMENT...] run the tests; arguments are pytest's
    python3 packaging/bootstrap.py bundle             build the stand-alone program, in dist/
    python3 packaging/bootstrap.py smoke              start that program and look at its picture
    python3 packaging/bootstrap.py setup              only make everything ready for `test`

The first time, it makes .venv and installs the program there; afterwards it starts at once.
Where a system library is missing on Debian or Ubuntu, root gets it installed and anybody
else is told the line to run.
"""

from __future__ import annotations

import configparser
import hashlib
import importlib.util
import json
import os
import re
import shlex
import shutil
import ssl
import subprocess
import sys
import tempfile
import urllib.parse
import urllib.request
import venv
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import NoReturn

ROOT = Path(__file__).resolve().parent.parent
ENVIRONMENT = ROOT / ".venv"
OLDEST, NEWEST = (3, 11), (3, 13)

QT_LIBRARIES = (
    "libgl1",
    "libegl1",
    "libglib2.0-0",
    "libdbus-1-3",
    "libfontconfig1",
    "libxkbcommon0",
)
SCREEN_LIBRARIES = (
    "libxkbcommon-x11-0",
    "libxcb-cursor0",
    "libxcb-icccm4",
    "libxcb-keysyms1",
    "libxcb-shape0",
    "libwayland-cursor0",
)
VIRTUAL_SCREEN = ("xvfb", "xauth")
BUILD_PACKAGES = (*QT_LIBRARIES, "binutils")  # PyInstaller asks objdump

BUNDLE = ROOT / "dist" / "netviz-desktop"


def main(arguments: Sequence[str]) -> int:
    commands = {"run": run, "test": test, "bundle": bundle, "smoke": smoke, "setup": setup}
    if not arguments or arguments[0] not in commands:
        print((__doc__ or "").strip())
        return 0 if arguments and arguments[0] in {"-h", "--help", "help"} else 2
    if not OLDEST <= sys.version_info[:2] <= NEWEST:
        give_up(
            f"NetViz Desktop needs Python 3.11, 3.12 or 3.13; this is {sys.version.split()[0]}.",
            f"Run it with one of those, such as: python3.12 {' '.join(sys.argv)}",
        )
    return commands[arguments[0]](arguments[1:])


def run(files: Sequence[str]) -> int:
    """The window, on these files or on the demo."""
    prepare(extras=(), packages=QT_LIBRARIES + SCREEN_LIBRARIES)
    return become([python(), "-m", "netviz_desktop", *(files or ["--demo"])])


def test(arguments: Sequence[str]) -> int:
    """Every test, or those that the arguments choose."""
    setup()
    os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
    os.chdir(ROOT)
    return become([python(), "-m", "pytest", *arguments])


def setup(_arguments: Sequence[str] = ()) -> int:
    """What the tests need, and no more."""
    packages = QT_LIBRARIES + SCREEN_LIBRARIES
    prepare(extras=("test",), packages=packages + VIRTUAL_SCREEN)
    return 0


def bundle(_arguments: Sequence[str]) -> int:
    """The stand-alone program, in dist/netviz-desktop."""
    prepare(extras=("bundle",), packages=BUILD_PACKAGES)
    say("Building dist/netviz-desktop; this takes 2 to 5 minutes ...")
    spec = ROOT / "packaging" / "netviz-desktop.spec"
    folders = ["--distpath", str(ROOT / "dist"), "--workpath", str(ROOT / "build")]
    options = ["--noconfirm", "--log-level", "WARN", *folders]
    call([python(), "-m", "PyInstaller", *options, str(spec)])
    size = sum(file.lstat().st_size for file in BUNDLE.rglob("*") if not file.is_symlink())
    say(f"dist/netviz-desktop is built: {size / 1e6:.0f} MB.")
    return 0


def smoke(_arguments: Sequence[str]) -> int:
    """Starts the stand-alone program as a stranger would: elsewhere, with an empty environment."""
    program = BUNDLE / ("netviz-desktop.exe" if os.name == "nt" else "netviz-desktop")
    if not program.exists():
        give_up(
            "There is no bundle to start.",
            "Build it first: python3 packaging/bootstrap.py bundle",
        )
    prepare(extras=("bundle",), packages=BUILD_PACKAGES)
    with tempfile.TemporaryDirectory() as elsewhere:
        picture = Path(elsewhere) / "smoke.png"
        model = Path(elsewhere) / "a model.onnx"
        shutil.copy(ROOT / "resources" / "demo" / "squeezenet1_1.onnx", model)
        command = [str(program), "--smoke", str(picture), str(model)]
        outcome = subprocess.run(
            command,
            cwd=elsewhere,
            env=clean_environment(os.environ, elsewhere),
            timeout=300,
            capture_output=True,
            text=True,
            check=False,
        )
        if outcome.returncode != 0:
            say((outcome.stdout + outcome.stderr).rstrip())
            give_up(
                f"The bundle ended with exit code {outcome.returncode}.",
                "Its meaning: 3 bad model or system, 4 bad picture, 5 engine died, 6 too slow.",
            )
        if not picture.exists():
            give_up("The bundle drew no picture.", "Run its --smoke by hand to see why.")
        kept = ROOT / "build" / "smoke.png"
        kept.parent.mkdir(exist_ok=True)
        shutil.copy(picture, kept)
    check_picture(kept)
    say(f"The bundle works; its window is in {kept.relative_to(ROOT)}.")
    return 0


def clean_environment(environment: Mapping[str, str], home: str) -> dict[str, str]:
    """Nothing of this shell but what a system needs to start a program at all."""
    kept = ("SYSTEMROOT", "TEMP", "TMP") if os.name == "nt" else ()
    clean = {name: environment[name] for name in kept if name in environment}
    return clean | {"HOME": home, "LANG": "C.UTF-8", "QT_QPA_PLATFORM": "offscreen"}


def check_picture(path: Path) -> None:
    """Give up unless the picture shows something: it is large, and of many colours."""
    looks = (
        "import sys; from PIL import Image; picture = Image.open(sys.argv[1]).convert('RGB');"
        "print(*picture.size, len(picture.getcolors(1 << 24)))"
    )
    shown = subprocess.run(
        [python(), "-c", looks, str(path)], capture_output=True, text=True, check=True
    )
    width, height, colours = map(int, shown.stdout.split())
    if width < 600 or height < 400 or colours < 200:
        give_up(
            f"The bundle's picture is almost empty: {width} x {height}, {colours} colours.",
            f"Look at it: {path}",
        )


# ---- The environment ------------------------------------------------------------------------


def prepare(extras: Sequence[str], packages: Sequence[str]) -> None:
    """Make .venv hold the program with these extras, and the system what Qt needs."""
    stamp_file = ENVIRONMENT / "netviz-stamp.json"
    fingerprint = stamp((ROOT / "pyproject.toml").read_bytes())
    known = prepared(stamp_file, fingerprint)
    wanted = {f"extra:{extra}" for extra in extras} | {f"package:{name}" for name in packages}
    if wanted <= known and Path(python()).exists():
        return

    if not starts(python()):
        make_environment()
    together = {name.removeprefix("extra:") for name in known | wanted if name.startswith("extra:")}
    install(sorted(together))
    prepare_system(packages)
    record = {"fingerprint": fingerprint, "prepared": sorted(known | wanted)}
    stamp_file.write_text(json.dumps(record, indent=1), encoding="utf-8")
    say("Ready.")


def stamp(pyproject: bytes, version: tuple[int, ...] = sys.version_info[:2]) -> str:
    """Changes when the environment must be looked at again: other requirements, another
    Python, another place."""
    made_of = (pyproject, Path(__file__).read_bytes(), repr((version, str(ROOT))).encode())
    return hashlib.sha256(b"\0".join(made_of)).hexdigest()


def prepared(stamp_file: Path, fingerprint: str) -> set[str]:
    """The extras and packages that are in place; none when anything has changed since."""
    try:
        record = json.loads(stamp_file.read_text(encoding="utf-8"))
        return set(record["prepared"]) if record["fingerprint"] == fingerprint else set()
    except (FileNotFoundError, ValueError, KeyError, TypeError):
        return set()  # never written, or not by us


def python() -> str:
    """The environment's interpreter."""
    inside = "Scripts/python.exe" if os.name == "nt" else "bin/python"
    return str(ENVIRONMENT / inside)


def make_environment() -> None:
    say("Making .venv ...")
    if ENVIRONMENT.exists():
        shutil.rmtree(ENVIRONMENT)
    # Debian's python3 can make an environment but ships ensurepip, which puts pip into it, apart.
    has_pip = importlib.util.find_spec("ensurepip") is not None
    venv.create(ENVIRONMENT, symlinks=os.name != "nt", with_pip=has_pip)
    if has_pip:
        return
    try:
        with tempfile.TemporaryDirectory() as folder:
            wheel = download_pip(Path(folder))
            call([python(), str(wheel / "pip"), "install", "--quiet", str(wheel)])
    except OSError as error:
        say(f"pip cannot be downloaded ({error}).")
        shutil.rmtree(ENVIRONMENT)
        apt_install(["python3-venv"], "Python has no pip.")
        # A process of its own: this one has already looked for ensurepip and remembers.
        call([sys.executable, "-m", "venv", str(ENVIRONMENT)])


def install(extras: Sequence[str]) -> None:
    """The program, as it stands here, and what it needs."""
    what = f"{ROOT}[{','.join(extras)}]" if extras else str(ROOT)
    say("Installing what the program needs; the first time this takes some minutes ...")
    quiet = [] if sys.stdout.isatty() else ["--quiet"]
    command = [python(), "-m", "pip", "install", *quiet, "--disable-pip-version-check", "-e", what]
    call(command)


# ---- pip, where the system has none ---------------------------------------------------------


def download_pip(folder: Path) -> Path:
    """The newest pip as a wheel; Python can run it from there.

    Raises:
        OSError: the package index cannot be reached, or has no pip.
    """
    index = index_url(os.environ, pip_configuration())
    page = f"{index.rstrip('/')}/pip/"
    link, digest = newest_wheel(fetch(page).decode(), page)
    data = fetch(link)
    if digest and hashlib.sha256(data).hexdigest() != digest:
        message = f"{link} is damaged: its checksum differs from the index's"
        raise OSError(message)
    wheel = folder / Path(urllib.parse.urlparse(link).path).name
    wheel.write_bytes(data)
    return wheel


def index_url(environment: Mapping[str, str], configuration: Mapping[str, str]) -> str:
    """The package index that pip would ask."""
    found = environment.get("PIP_INDEX_URL") or configuration.get("index-url")
    return found or "https://pypi.org/simple"


def pip_configuration() -> dict[str, str]:
    """The [global] section of pip's configuration files, the user's over the system's."""
    home = Path.home()
    places = [Path("/etc/pip.conf"), home / ".pip/pip.conf", home / ".config/pip/pip.conf"]
    if os.environ.get("PIP_CONFIG_FILE"):
        places.append(Path(os.environ["PIP_CONFIG_FILE"]))
    parser = configparser.ConfigParser(interpolation=None)
    parser.read(places, encoding="utf-8")
    return dict(parser["global"]) if parser.has_section("global") else {}


def newest_wheel(page: str, address: str) -> tuple[str, str]:
    """The address of the newest pip for this Python in an index page, and its SHA-256 or "".

    Raises:
        OSError: the page lists none.
    """
    wheel = (
        r'href="([^"#]*pip-(\d+(?:\.\d+)*)-py3-none-any\.whl)(?:#sha256=([0-9a-f]{64}))?"([^>]*)'
    )
    newest: tuple[tuple[int, ...], str, str] = ((), "", "")
    for link, version, digest, rest in re.findall(wheel, page):
        needs = re.search(r"(?:&gt;|>)=3\.(\d+)", rest)
        number = tuple(map(int, version.split(".")))
        if number > newest[0] and (needs is None or int(needs[1]) <= sys.version_info[1]):
            newest = (number, urllib.parse.urljoin(address, link), digest)
    if not newest[1]:
        message = f"{address} lists no pip"
        raise OSError(message)
    return newest[1:]


def fetch(address: str) -> bytes:
    certificates = os.environ.get("PIP_CERT") or pip_configuration().get("cert")
    context = ssl.create_default_context(cafile=certificates)
    request = urllib.request.Request(address, headers={"Accept": "text/html"})  # noqa: S310
    with urllib.request.urlopen(request, timeout=60, context=context) as answer:  # noqa: S310
        data: bytes = answer.read()
    return data


# ---- System libraries -----------------------------------------------------------------------


def prepare_system(packages: Sequence[str]) -> None:
    """Make Qt start: install, or say, which of these packages the system lacks."""
    absent = missing_packages(packages) if on_debian() else []
    if absent and os.geteuid() == 0:
        apt_install(absent, "System libraries are missing.")
    trouble = why_qt_fails()
    if not trouble:
        if absent and os.geteuid() != 0:
            say(f"Some features need more of the system: {apt_line(absent)}")
        return
    if on_debian():
        apt_install(absent or packages, f"The window cannot start: {trouble}.")
        trouble = why_qt_fails()
    if trouble:
        give_up(
            f"Qt, which draws the window, does not start here: {trouble}.",
            f"It needs what Debian calls {', '.join(QT_LIBRARIES)}.",
        )


def why_qt_fails() -> str:
    """The reason, in Qt's words, or "" when it starts."""
    start = "from PySide6.QtGui import QGuiApplication; QGuiApplication([])"
    offscreen = os.environ | {"QT_QPA_PLATFORM": "offscreen"}
    outcome = subprocess.run(
        [python(), "-c", start], env=offscreen, capture_output=True, text=True, check=False
    )
    if outcome.returncode == 0:
        return ""
    lines = outcome.stderr.strip().splitlines()
    return lines[-1].rstrip(".") if lines else f"exit code {outcome.returncode}"


def on_debian() -> bool:
    return Path("/etc/debian_version").exists() and shutil.which("apt-get") is not None


def missing_packages(packages: Iterable[str]) -> list[str]:
    """Those that dpkg does not know as installed, under this or a successor's name."""
    query = ["dpkg-query", "--show", "--showformat", "${db:Status-Status} ${Package} ${Provides}\n"]
    listing = subprocess.run(query, capture_output=True, text=True, check=True).stdout
    present: set[str] = set()
    for line in listing.splitlines():
        status, _, names = line.partition(" ")
        if status == "installed":
            # Ubuntu and newer Debians have libglib2.0-0t64, which provides libglib2.0-0.
            present.update(re.findall(r"[a-z0-9][a-z0-9+.\-]+", names))
    return [name for name in packages if name not in present]


def apt_line(packages: Iterable[str]) -> str:
    """What a person types to get these packages."""
    return f"sudo apt-get install {' '.join(packages)}"


def apt_install(packages: Sequence[str], reason: str) -> None:
    """Install them when root; otherwise say how, and end."""
    if not on_debian() or os.geteuid() != 0:
        give_up(reason, f"Run this once, then try again: {apt_line(packages)}")
    say(f"{reason} Installing {' '.join(packages)} ...")
    call(["apt-get", "-qq", "update"], quiet=True)
    call(["apt-get", "-qq", "install", "-y", "--no-install-recommends", *packages], quiet=True)


# ---- Small things ---------------------------------------------------------------------------


def starts(interpreter: str) -> bool:
    """Whether this is an interpreter of our own version, with pip."""
    check = "import sys, pip; print(*sys.version_info[:2])"
    try:
        outcome = subprocess.run(
            [interpreter, "-c", check], capture_output=True, text=True, check=False
        )
    except OSError:
        return False
    return outcome.stdout.split() == [str(part) for part in sys.version_info[:2]]


def call(command: Sequence[str], *, quiet: bool = False) -> None:
    """Run it and wait; give up when it fails, and show then what a quiet one has said."""
    outcome = subprocess.run(
        command,
        env=os.environ | {"DEBIAN_FRONTEND": "noninteractive"},
        stdin=subprocess.DEVNULL,  # whatever it asks, in CI nobody answers
        stdout=subprocess.PIPE if quiet else None,
        stderr=subprocess.STDOUT if quiet else None,
        text=True,
        check=False,
    )
    if outcome.returncode != 0:
        if outcome.stdout:
            say(outcome.stdout.rstrip())
        give_up(
            f"This failed with exit code {outcome.returncode}: {shlex.join(command)}",
            "It says why above; mend that, and try again.",
        )


def become(command: Sequence[str]) -> int:  # noqa: RET503 - execv does not return
    """Hand over to another program, whose exit code is then ours."""
    sys.stdout.flush()
    if os.name == "nt":  # where exec returns to the shell at once
        return subprocess.run(command, check=False).returncode
    os.execv(command[0], list(command))  # noqa: S606 - no shell is meant


def say(text: str) -> None:
    print(text, flush=True)


def give_up(what: str, remedy: str) -> NoReturn:
    sys.stdout.flush()
    print(what, remedy, sep="\n", file=sys.stderr)
    sys.exit(1)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
