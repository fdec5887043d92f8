from __future__ import annotations

import pytest

from netviz_desktop.ui.widgets import numbers

SPACE = "\N{NARROW NO-BREAK SPACE}"


@pytest.mark.parametrize(
    ("value", "said"),
    [
        (0.0, "0"),
        (0.38421, "0.3842"),
        (-12.5, "−12.5"),
        (1234.56, "1235"),
        (-0.0000123456, "−1.235e−5"),
        (1e20, "1e20"),
        (float("nan"), "NaN"),
        (float("inf"), "∞"),
        (float("-inf"), "−∞"),
    ],
)
def test_four_digits_and_a_true_minus(value, said):
    assert numbers.number(value) == said


def test_counts_stand_in_groups_of_three():
    assert numbers.count(1235496) == f"1{SPACE}235{SPACE}496"
    assert numbers.counted(1, "channel") == "1 channel"
    assert numbers.counted(2048, "channel") == f"2{SPACE}048 channels"


@pytest.mark.parametrize(
    ("dimensions", "said"),
    [((1, 64, 7, 7), "1×64×7×7"), (("N", None, 3), "N×?×3"), ((), "scalar"), (None, "?")],
)
def test_shapes(dimensions, said):
    assert numbers.shape(dimensions) == said


@pytest.mark.parametrize(
    ("bytes_", "said"),
    [(999, "999 bytes"), (4_900_000, "4.9 MB"), (999_900, "1 MB")],
)
def test_sizes(bytes_, said):
    assert numbers.size(bytes_) == said


def test_a_long_text_keeps_its_two_ends():
    cut = numbers.short("a" * 500 + "b" * 500, 30)
    assert len(cut) <= 31
    assert cut.startswith("aaa")
    assert cut.endswith("bbb")
