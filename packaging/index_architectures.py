"""Writes resources/architectures.json: the fingerprints by which published weights are
recognised. Needs torch, torchvision and timm, in the versions to be indexed:

    python packaging/index_architectures.py
"""

from __future__ import annotations

import json
import sys
import warnings
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from netviz_desktop.readers import _installed  # noqa: E402
from netviz_desktop.readers._architectures import architectures  # noqa: E402
from netviz_desktop.readers._fingerprint import fingerprint  # noqa: E402
from netviz_desktop.readers._unfilled import shapes_of, unfilled  # noqa: E402


def main() -> None:
    rows = []
    for name in dict.fromkeys([*_torchvision(), *architectures(), *_timm()]):
        try:
            module = unfilled(_installed.maker(name))
        except Exception as error:  # noqa: BLE001 - some need a package that is not there
            sys.stderr.write(f"{name} is left out: {error!s:.200}\n")
            continue
        rows.append([name, *fingerprint(shapes_of(module))])
    lines = ",\n".join(json.dumps(row) for row in rows)
    path = ROOT / "resources" / "architectures.json"
    path.write_text(
        f'{{"versions": {json.dumps(_installed.versions())},\n"architectures": [\n{lines}\n]}}\n',
        encoding="utf-8",
    )
    print(f"{len(rows)} architectures, {path.stat().st_size / 1000:.0f} kB in {path}")


def _torchvision() -> Iterator[str]:
    from torchvision import models

    for room in (models, models.segmentation, models.video):
        for name in models.list_models(module=room):
            yield f"torchvision: {name}"


def _timm() -> Iterator[str]:
    """Those with published weights first; the plainest name first among equals."""
    import timm

    published = {name.partition(".")[0] for name in timm.list_models(pretrained=True)}
    names = timm.list_models()
    for name in sorted(names, key=lambda n: (n not in published, len(n), n)):
        yield f"timm: {name}"


if __name__ == "__main__":
    warnings.simplefilter("ignore")
    main()
