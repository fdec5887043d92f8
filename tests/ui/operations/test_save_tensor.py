from __future__ import annotations

import numpy as np
import pytest

from netviz_desktop.link.messages import Numbers, NumbersOf, RunImage
from netviz_desktop.problems import Problem
from netviz_desktop.ui.operations import save_tensor
from netviz_desktop.ui.operations.save_tensor import SaveTensor


@pytest.fixture(autouse=True)
def _little_at_a_time(monkeypatch):
    monkeypatch.setattr(save_tensor, "_AT_A_TIME", 7)
    monkeypatch.setattr(save_tensor, "_AT_A_TIME_AS_TEXT", 9)


@pytest.fixture
def begin(engine, tmp_path):
    """Starts saving an array; gives that, what answers the next question, and what was said."""

    def start(array, name):
        said = []
        saving = SaveTensor(engine, "v", array.shape, tmp_path / name)
        saving.ended.connect(said.append)
        saving.start()

        def answer():
            asked = engine.requests(NumbersOf)[-1]
            values = array.reshape(-1)[asked.start : asked.stop]
            engine.answer(NumbersOf, Numbers(values, array.shape))

        return saving, answer, said

    return start


def files(folder):
    return sorted(path.name for path in folder.iterdir())


@pytest.mark.parametrize("shape", [(2, 3, 4), (20,), (), (0, 3), (5, 1)])
@pytest.mark.parametrize("dtype", ["float32", "int64", "bool"])
def test_numpy_reads_what_was_saved(begin, tmp_path, shape, dtype):
    array = np.random.default_rng(0).normal(size=shape).astype(dtype)
    _, answer, said = begin(np.asarray(array), "v.npy")

    while not said:
        answer()

    found = np.load(tmp_path / "v.npy")
    assert found.dtype == array.dtype
    np.testing.assert_array_equal(found, array)
    assert said == ["Saved v.npy."]
    assert files(tmp_path) == ["v.npy"]


@pytest.mark.parametrize("shape", [(2, 3, 4), (20,), (), (5, 1)])
def test_a_csv_has_a_line_for_each_last_axis_and_every_digit(begin, tmp_path, shape):
    array = np.asarray(np.random.default_rng(0).normal(size=shape).astype("float32"))
    _, answer, said = begin(array, "v.csv")

    while not said:
        answer()

    found = np.loadtxt(tmp_path / "v.csv", delimiter=",", dtype="float32", ndmin=2)
    assert found.shape == array.reshape(-1, shape[-1] if len(shape) > 1 else 1).shape
    np.testing.assert_array_equal(found.ravel(), array.ravel())


def test_what_is_cancelled_leaves_no_file(begin, engine, tmp_path):
    saving, answer, said = begin(np.zeros(30), "v.npy")
    answer()

    saving.cancel()
    answer()  # on its way already

    assert said == ["Not saved: it was cancelled."]
    assert files(tmp_path) == []
    assert len(engine.requests(NumbersOf)) == 2


def test_a_file_that_was_there_stays_until_the_other_is_whole(begin, tmp_path):
    (tmp_path / "v.npy").write_bytes(b"before")
    saving, answer, _ = begin(np.zeros(30), "v.npy")
    answer()
    saving.cancel()

    assert (tmp_path / "v.npy").read_bytes() == b"before"


def test_numbers_of_two_runs_never_mix(begin, engine, tmp_path):
    _, answer, said = begin(np.zeros(30), "v.npy")
    answer()

    engine.ask(RunImage(b"", "other.png"))

    assert said == ["Not saved: it was cancelled."]
    assert files(tmp_path) == []


def test_why_it_is_not_saved_is_said(begin, engine, tmp_path):
    _, _, said = begin(np.zeros(3), "nowhere/v.npy")
    assert said[0].startswith("v.npy cannot be written: ")

    _saving, _, said = begin(np.zeros(3), "v.npy")
    number = engine.sent[-1][0]
    engine._calls[number].end(engine._calls[number].failed, Problem("It is gone.", "Run again."))
    assert said == ["Not saved: It is gone."]
    assert files(tmp_path) == []
