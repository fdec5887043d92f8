"""Files are written whole, or not at all."""

from __future__ import annotations

import errno
import os

import ml_dtypes
import numpy as np
import pytest

from netviz_desktop.cli._output import output_path, storable, whole, write_npz
from netviz_desktop.problems import Problem


def test_an_npz_reads_back_with_numpy(tmp_path):
    arrays = {
        "activation//features/0/Conv": np.arange(6, dtype=np.float32).reshape(2, 3),
        "target": np.array(7),
        "empty": np.zeros((0, 3)),
    }
    write_npz(tmp_path / "o.npz", arrays.items())
    found = np.load(tmp_path / "o.npz")
    assert found.files == list(arrays)
    for name, array in arrays.items():
        np.testing.assert_array_equal(found[name], array)


def test_what_is_there_stays_when_the_work_fails_halfway(tmp_path):
    def arrays():
        yield "first", np.zeros(3)
        raise Problem("No second one.", "Do without.")

    (tmp_path / "o.npz").write_text("precious")
    with pytest.raises(Problem):
        write_npz(tmp_path / "o.npz", arrays())
    assert (tmp_path / "o.npz").read_text() == "precious"
    assert len(list(tmp_path.iterdir())) == 1


def test_a_full_disk_is_a_problem_and_leaves_nothing(tmp_path):
    def arrays():
        yield "first", np.zeros(3)
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    with pytest.raises(Problem, match="No space left on device"):
        write_npz(tmp_path / "o.npz", arrays())
    assert list(tmp_path.iterdir()) == []


def test_an_error_about_another_file_is_not_blamed_on_the_output(tmp_path):
    with pytest.raises(FileNotFoundError), whole(tmp_path / "o"):
        (tmp_path / "weights.bin").read_bytes()


@pytest.mark.skipif(os.name == "nt" or os.geteuid() == 0, reason="root may write anywhere")
def test_a_folder_that_may_not_be_written_is_a_problem_at_once(tmp_path):
    tmp_path.chmod(0o500)
    with pytest.raises(Problem, match="you may not write"):
        output_path(str(tmp_path / "o.npz"), (".npz",))


@pytest.mark.parametrize(
    ("dtype", "stored"),
    [
        (ml_dtypes.bfloat16, "float32"),
        (ml_dtypes.float8_e4m3fn, "float32"),
        (ml_dtypes.int4, "int8"),
        (ml_dtypes.uint4, "uint8"),
        (np.float16, "float16"),
        (np.int64, "int64"),
        (np.bool_, "bool"),
        (np.complex64, "complex64"),
    ],
)
def test_every_type_becomes_one_that_plain_numpy_reads(dtype, stored):
    array = np.array([0, 1, 2], dtype=dtype)
    assert storable(array).dtype == stored
    assert [float(number.real) for number in storable(array)] == [0, 1, float(array[2].real)]


def test_text_is_stored_as_text():
    assert storable(np.array(["a", "bc"], dtype=object)).tolist() == ["a", "bc"]
    assert storable(np.array(["a", "bc"], dtype=object)).dtype.kind == "U"
