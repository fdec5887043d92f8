"""Numbers as a person reads them: four significant digits, true minus signs, × in shapes."""

from __future__ import annotations

import math
from collections.abc import Sequence

_MINUS = "\N{MINUS SIGN}"
_THIN_SPACE = "\N{NARROW NO-BREAK SPACE}"


def number(value: float) -> str:
    """`0.3842`, `−1.234e−5`, `∞`, `NaN`."""
    if math.isnan(value):
        return "NaN"
    if math.isinf(value):
        return "∞" if value > 0 else f"{_MINUS}∞"
    digits = f"{float(value):.4g}"
    if "e" in digits:
        mantissa, exponent = digits.split("e")
        digits = f"{mantissa}e{int(exponent)}"
    return digits.replace("-", _MINUS)


def count(value: int) -> str:
    """`1 235 496`, with spaces that do not break."""
    return f"{value:,}".replace(",", _THIN_SPACE)


def counted(value: int, noun: str) -> str:
    """`1 channel`, `64 channels`."""
    return f"{count(value)} {noun}" if value == 1 else f"{count(value)} {noun}s"


def percent(share: float) -> str:
    """`38.4 %` of 0.384."""
    return f"{100 * share:.1f} %".replace("-", _MINUS)


def shape(dimensions: Sequence[int | str | None] | None) -> str:
    """`1×64×112×112`; `?` for what is not known, `scalar` for no dimension at all."""
    if dimensions is None:
        return "?"
    if not dimensions:
        return "scalar"
    return "×".join("?" if d is None or d == "" else str(d) for d in dimensions)


def size(size_bytes: int) -> str:
    """`4.9 MB`."""
    if size_bytes < 1000:
        return f"{size_bytes} bytes"
    amount = float(size_bytes)
    unit = ""
    for unit in ("kB", "MB", "GB", "TB"):  # noqa: B007 - the last one is used below
        amount /= 1000
        if amount < 999.5:
            break
    return f"{amount:.3g} {unit}"


def short(text: str, limit: int = 300) -> str:
    """At most `limit` characters of a text that a file gave, cut in the middle."""
    if len(text) <= limit:
        return text
    return f"{text[: limit * 2 // 3]}…{text[-(limit // 3) :]}"
