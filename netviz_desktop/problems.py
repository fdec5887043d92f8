"""The failures a person is told about."""

from __future__ import annotations


class Problem(Exception):  # noqa: N818 - it is what the person has, not what the program did
    """An expected failure, in two sentences.

    It crosses the link unchanged and is shown as it stands. Anything that is not a
    Problem is a bug.

    Args:
        what: what could not be done, and to what.
        remedy: what the person can do now.
        node: id of the node that it is about, where it is about one.
        choices: what can be chosen from, where choosing is the remedy.
    """

    def __init__(
        self, what: str, remedy: str, *, node: str = "", choices: tuple[str, ...] = ()
    ) -> None:
        super().__init__(what, remedy)
        self.what = what
        self.remedy = remedy
        self.node = node
        self.choices = choices

    def __str__(self) -> str:
        return f"{self.what}\n{self.remedy}"


class Cancelled(Exception):  # noqa: N818 - an outcome somebody asked for
    """The work was stopped because somebody asked for it, or nobody needs it any more."""


def short(name: str, limit: int = 60) -> str:
    """A name that a file gave, to be read in a sentence: with its middle left out where it is
    too long, on one line."""
    if len(name) > limit:
        half = (limit - 1) // 2
        name = f"{name[:half]}…{name[-half:]}"
    if name.isprintable():
        return name
    return "".join(letter if letter.isprintable() else " " for letter in name)
