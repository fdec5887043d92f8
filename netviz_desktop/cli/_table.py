"""Aligned columns of text, and numbers to be read."""

from __future__ import annotations

from collections.abc import Sequence

UNKNOWN = "–"


def table(header: Sequence[str], rows: Sequence[Sequence[str]], right: Sequence[int] = ()) -> str:
    """Lines of columns; those in `right` are aligned to the right, as numbers are."""
    everything = [header, *rows]
    widths = [max(len(row[column]) for row in everything) for column in range(len(header))]
    lines = [
        "  ".join(
            cell.rjust(width) if column in right else cell.ljust(width)
            for column, (cell, width) in enumerate(zip(row, widths, strict=True))
        ).rstrip()
        for row in everything
    ]
    return "\n".join([lines[0], "  ".join("─" * width for width in widths), *lines[1:]])


def number(count: int | None) -> str:
    """With thousands separated."""
    return UNKNOWN if count is None else f"{count:,}"


def amount(count: int, unit: str = "") -> str:
    """Exact, and from a million on rounded too: "1,235,496 (1.235 M)"."""
    for prefix, size in (("T", 10**12), ("G", 10**9), ("M", 10**6)):
        if count >= size:
            return f"{count:,} ({count / size:.4g} {prefix}{unit})"
    return f"{count:,}"


def shape(dimensions: Sequence[int | str | None] | None) -> str:
    if dimensions is None:
        return UNKNOWN
    return "×".join("?" if size is None else str(size) for size in dimensions) or "scalar"
