"""Names and values in sections, as a page of text that can be selected and copied."""

from __future__ import annotations

import html
from dataclasses import dataclass

from PySide6.QtCore import QUrl
from PySide6.QtGui import QTextOption
from PySide6.QtWidgets import QFrame, QTextBrowser

from netviz_desktop.ui import theme
from netviz_desktop.ui.widgets.layouts import GRID
from netviz_desktop.ui.widgets.numbers import short

_LONGEST = 2000  # of a text that a file gave
_WIDEST_KEY = 12  # letters, about, that stand in one line


@dataclass(frozen=True)
class Entry:
    """A name and its value.

    Args:
        detail: after the value, in the muted colour.
        link: the value can be clicked: the address is `#link`.
    """

    key: str
    value: str
    detail: str = ""
    link: int | None = None


@dataclass(frozen=True)
class Section:
    """Entries under a heading; without any it is left out."""

    heading: str
    entries: list[Entry]


class PropertyView(QTextBrowser):
    """Shows a page. Loads nothing, whatever the text says; whoever owns it follows links."""

    def __init__(self) -> None:
        super().__init__()
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.viewport().setAutoFillBackground(False)
        self.document().setDocumentMargin(GRID)
        self.setOpenLinks(False)
        self.setWordWrapMode(QTextOption.WrapMode.WrapAtWordBoundaryOrAnywhere)

    def loadResource(self, kind: int, name: QUrl | str) -> object:
        del kind, name
        return None


def page(title: str, note: str, sections: list[Section], *, fault: str = "") -> str:
    """As HTML; all that is given is shown as it stands, whatever it looks like.

    Args:
        note: what should be known about it, above everything else.
        fault: what is wrong with it, above even that.
    """
    colours = theme.current()
    parts = [f'<div style="color:{colours.text}">']
    if title:
        parts.append(
            f'<p style="font-size:large;font-weight:600;margin:0 0 4px 0">{_plain(title)}</p>'
        )
    if fault:
        parts.append(
            f'<p style="color:{colours.error};font-weight:600;margin:4px 0 8px 0">'
            f"{_plain(fault)}</p>"
        )
    if note:
        ink = colours.warning if title else colours.muted
        parts.append(f'<p style="color:{ink};margin:4px 0">{_plain(note)}</p>')
    for section in sections:
        entries = [entry for entry in section.entries if entry.value or entry.detail]
        if not entries:
            continue
        if section.heading:
            parts.append(
                f'<p style="color:{colours.muted};font-weight:600;margin:12px 0 2px 0">'
                f"{_plain(section.heading)}</p>"
            )
        parts.append('<table width="100%" cellspacing="0" cellpadding="2">')
        parts += [_row(entry, colours) for entry in entries]
        parts.append("</table>")
    parts.append("</div>")
    return "".join(parts)


def _row(entry: Entry, colours: theme.Theme) -> str:
    value = _plain(entry.value)
    if entry.link is not None:
        value = f'<a href="#{entry.link}" style="color:{colours.accent}">{value}</a>'
    if entry.detail:
        gap = "<br>" if value else ""
        value += f'{gap}<span style="color:{colours.muted}">{_plain(entry.detail)}</span>'
    return (
        f'<tr><td width="88" style="color:{colours.muted}">{_key(entry.key)}</td>'
        f"<td>{value}</td></tr>"
    )


def _key(text: str) -> str:
    """Long ones are broken between their words."""
    return _plain(text).replace("_", "_\N{ZERO WIDTH SPACE}" if len(text) > _WIDEST_KEY else "_")


def _plain(text: str) -> str:
    return html.escape(short(text, _LONGEST)).replace("\n", "<br>")
