from __future__ import annotations

import numpy as np
import pytest

from netviz_desktop.graph import Value
from netviz_desktop.problems import Problem
from netviz_desktop.ui.operations.given_inputs import (
    FILE,
    ONES,
    RANDOM,
    TYPED,
    ZEROS,
    Given,
    array_of,
    for_inputs,
    proposed,
    read,
)

IDS = Value("ids", ("batch", "length"), "int64")
MASK = Value("attention_mask", (1, 4), "int64")
X = Value("x", (None, 3), "float32")


def test_what_is_proposed_suits_a_language_model_and_has_every_size():
    assert proposed(IDS) == Given(RANDOM, "0", (1, 16))
    assert proposed(MASK) == Given(ONES, shape=(1, 4))
    assert proposed(Value("token_type_ids", (1, 4), "int64")) == Given(ZEROS, shape=(1, 4))
    assert proposed(Value("sr", (), "int64")).shape == ()


def test_typed_numbers_fill_the_axis_that_is_free():
    ids = array_of(IDS, Given(TYPED, "101, 2023 102"))
    assert ids.tolist() == [[101, 2023, 102]]
    assert ids.dtype == np.int64
    x = array_of(X, Given(TYPED, "1 2 3 −4 5 6.5"))
    assert x.tolist() == [[1, 2, 3], [-4, 5, 6.5]]
    assert array_of(Value("sr", (), "int64"), Given(TYPED, "16000")).tolist() == 16000
    assert array_of(MASK, Given(TYPED, "1")).tolist() == [[1, 1, 1, 1]]


@pytest.mark.parametrize(
    ("value", "given", "said"),
    [
        (MASK, Given(TYPED, "1, 2, 3"), "takes 4 numbers, and 3 are typed"),
        (X, Given(TYPED, "1, 2"), "do not fill “x”, which is ? × 3"),
        (IDS, Given(TYPED, "1.5"), "are not numbers of type int64"),
        (IDS, Given(TYPED, "9" * 30), "are not numbers of type int64"),
        (IDS, Given(RANDOM, "x", (1, 2)), "is no seed"),
        (X, Given(ZEROS, "", (10**9, 10**9)), "larger than 512 MB"),
        (X, Given(FILE), "No file is chosen"),
        (X, Given(FILE, "/nowhere/x.npy"), "cannot be read"),
    ],
)
def test_what_makes_no_tensor_is_a_problem_that_names_the_input(value, given, said):
    with pytest.raises(Problem) as raised:
        array_of(value, given)
    assert said in raised.value.what


def test_random_numbers_are_those_of_their_seed():
    once, again = (array_of(X, Given(RANDOM, "7", (2, 3))) for _ in range(2))
    assert np.array_equal(once, again)
    assert once.dtype == np.float32
    other = array_of(X, Given(RANDOM, "8", (2, 3)))
    assert not np.array_equal(once, other)
    assert set(array_of(Value("b", (9, 9), "bool"), Given(RANDOM, "", (9, 9))).ravel()) == {0, 1}


def test_arrays_come_from_files_by_the_inputs_names(tmp_path):
    ids, mask = np.arange(4)[None], np.ones((1, 4), np.int64)
    np.savez(tmp_path / "both.npz", ids=ids, attention_mask=mask, more=ids)
    np.save(tmp_path / "any.npy", ids)
    found = for_inputs(read(str(tmp_path / "both.npz")), [IDS, MASK])
    assert list(found) == ["ids", "attention_mask"]
    assert np.array_equal(found["ids"], ids)
    assert list(for_inputs(read(str(tmp_path / "any.npy")), [IDS])) == ["ids"]
    assert array_of(MASK, Given(FILE, str(tmp_path / "both.npz"))).tolist() == mask.tolist()
    with pytest.raises(Problem, match="ids, attention_mask are not in the file"):
        for_inputs(read(str(tmp_path / "any.npy")), [IDS, MASK])


def test_a_file_that_holds_no_numbers_is_a_problem(tmp_path):
    path = tmp_path / "x.npy"
    cases = [np.array([{}], object), np.array(["text"])]
    for case in cases:
        np.save(path, case, allow_pickle=True)
        with pytest.raises(Problem, match="holds no arrays of numbers"):
            read(str(path))
    for data in (b"", b"no numpy", b"PK\x03\x04", path.read_bytes()[:20]):
        path.write_bytes(data)
        with pytest.raises(Problem, match="holds no arrays of numbers"):
            read(str(path))
