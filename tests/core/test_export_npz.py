"""Weights as an npz file: what is written comes back, and a file that is no such thing is refused in words."""

import io
import os
import pickle
import zipfile
from pathlib import Path
from typing import Any, NoReturn

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from core.export.files import check_writable
from core.export.npz import read_npz, write_npz
from core.layers.dense import Dense
from core.layers.normalization import BatchNorm
from core.losses import MSE
from core.network import Network
from core.types import Arrays, DataError, StateError


def network(seed: int = 1) -> Network:
    """Dense 4, BatchNorm, Dense 2 on vectors of 3."""
    made = Network([Dense(4), BatchNorm(), Dense(2)], MSE())
    made.build((3,), seed)
    return made


def stored(**members: Any) -> bytes:
    """The bytes of an npz file with these arrays, pickled where they have to be."""
    file = io.BytesIO()
    np.savez(file, **members)
    return file.getvalue()


def test_what_is_written_comes_back_with_the_names_of_pytorch(tmp_path: Path) -> None:
    state, path = network().state_dict(), tmp_path / "weights.npz"
    write_npz(path, state)
    found = read_npz(path)
    assert list(found) == [
        *("0.weight", "0.bias", "1.weight", "1.bias"),
        *("1.running_mean", "1.running_var", "2.weight", "2.bias"),
    ]
    for name, array in state.items():
        assert found[name].dtype == array.dtype == np.float32
        assert found[name].shape == array.shape and found[name].tobytes() == array.tobytes()
    # NumPy alone reads it too, under the same names.
    with np.load(path) as plain:
        assert plain["2.weight"].tobytes() == state["2.weight"].tobytes()
    other = network(seed=2)
    other.load_state_dict(found)
    assert {name: array.tobytes() for name, array in other.state_dict().items()} == {
        name: array.tobytes() for name, array in state.items()
    }


def test_the_name_of_the_file_is_the_one_that_was_chosen(tmp_path: Path) -> None:
    path = tmp_path / "weights of mine"
    write_npz(path, network().state_dict())
    assert os.listdir(tmp_path) == ["weights of mine"]
    assert read_npz(path)


def test_an_older_file_is_replaced_and_others_may_read_it(tmp_path: Path) -> None:
    path = tmp_path / "weights.npz"
    path.write_text("old")
    plain = tmp_path / "plain"
    plain.touch()
    write_npz(path, network().state_dict())
    assert read_npz(path) and sorted(os.listdir(tmp_path)) == ["plain", "weights.npz"]
    assert path.stat().st_mode == plain.stat().st_mode


@pytest.mark.parametrize("where", ["savez", "replace"])
def test_a_failure_while_writing_leaves_the_old_file_and_nothing_else(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, where: str
) -> None:
    path = tmp_path / "weights.npz"
    path.write_text("old")

    def full(file: Any, *_: object, **__: object) -> NoReturn:
        if where == "savez":
            file.write(b"PK half")
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(*((np, "savez") if where == "savez" else (os, "replace")), full)
    with pytest.raises(DataError) as refused:
        write_npz(path, network().state_dict())
    assert str(refused.value) == (
        f"The weights cannot be written to {path}: No space left on device. Choose another place."
    )
    assert os.listdir(tmp_path) == ["weights.npz"] and path.read_text() == "old"


@pytest.mark.parametrize("name", [".", "missing/weights.npz", "file/weights.npz", "x" * 300])
def test_a_place_that_cannot_be_written_is_refused_before_and_while_writing(tmp_path: Path, name: str) -> None:
    (tmp_path / "file").touch()
    path = tmp_path / name
    if len(name) < 300:  # whether a name is too long shows only when it is used
        with pytest.raises(DataError, match=r"cannot be written: .+\. Choose another place\.$"):
            check_writable(path)
    with pytest.raises(DataError, match=r"^The weights cannot be written to .+\. Choose another place\.$"):
        write_npz(path, network().state_dict())
    assert os.listdir(tmp_path) == ["file"]


def test_asking_whether_a_place_can_be_written_leaves_no_trace(tmp_path: Path) -> None:
    path = tmp_path / "weights.npz"
    check_writable(path)
    assert os.listdir(tmp_path) == []
    path.write_text("old")
    check_writable(path)
    assert os.listdir(tmp_path) == ["weights.npz"] and path.read_text() == "old"


def test_a_missing_file_and_a_folder_are_told_apart_from_damage(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"^The weights cannot be read from .*nix\.npz: No such file or directory\.$"):
        read_npz(tmp_path / "nix.npz")
    with pytest.raises(DataError, match=r"^The weights cannot be read from .*: Is a directory\.$"):
        read_npz(tmp_path)


class Trap:
    """An object that would run code if it were unpickled."""

    def __reduce__(self) -> tuple[Any, ...]:
        return pytest.fail, ("unpickled",)


def single_array() -> bytes:
    file = io.BytesIO()
    np.save(file, np.zeros(3))
    return file.getvalue()


def without_arrays() -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        archive.writestr("0.weight", "no array")
    return file.getvalue()


def huge_header() -> bytes:
    """An array that says it has 10¹⁵ entries, and has none."""
    array = io.BytesIO()
    np.lib.format.write_array_header_1_0(array, {"descr": "<f4", "fortran_order": False, "shape": (10**15,)})
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        archive.writestr("0.weight.npy", array.getvalue())
    return file.getvalue()


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"weights",
        pickle.dumps(Trap()),
        single_array(),
        stored(weight=np.zeros(1000))[:-40],
        stored(weight=np.zeros(1000))[:200],
        without_arrays(),
        huge_header(),
        stored(weight=np.array([Trap()], dtype=object)),
        stored(weight=np.array(["a", "b"])),
        stored(weight=np.array([True])),
    ],
    ids=["empty", "text", "pickle", "array", "cut", "cut_more", "no_arrays", "huge", "objects", "texts", "booleans"],
)
def test_what_is_no_file_of_weights_is_refused(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "weights.npz"
    path.write_bytes(content)
    with pytest.raises(DataError) as refused:
        read_npz(path)
    assert str(refused.value).startswith(f"{path} is not a file of weights")
    assert str(refused.value).endswith(".") and "\n" not in str(refused.value)


WEIGHTS = stored(weight=np.arange(6.0, dtype=np.float32), bias=np.zeros(2, np.float32))


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=400)
@given(
    st.lists(st.tuples(st.integers(0, len(WEIGHTS) - 1), st.integers(0, 255)), min_size=1, max_size=4),
    st.integers(0, len(WEIGHTS)),
)
def test_damage_anywhere_gives_arrays_or_a_sentence(tmp_path: Path, changes: list[tuple[int, int]], cut: int) -> None:
    content = bytearray(WEIGHTS)
    for place, value in changes:
        content[place] = value
    path = tmp_path / "weights.npz"
    path.write_bytes(content[:cut] if cut % 2 else content)
    try:
        found = read_npz(path)
    except DataError as error:
        assert str(path) in str(error)
    else:
        assert all(isinstance(array, np.ndarray) for array in found.values())


def swapped(name: str, array: Any) -> Arrays:
    return {**network().state_dict(), name: array}


NOT_FINITE = r"2.bias \(layer 3, Dense\) holds values that are not finite numbers of float32"


@pytest.mark.parametrize(
    ("state", "sentence"),
    [
        ({name: a for name, a in network().state_dict().items() if name != "0.bias"}, "lack 0.bias"),
        (swapped("3.weight", np.zeros(2)), "contain 3.weight"),
        (
            swapped("0.weight", np.zeros((3, 4), np.float32)),
            r"0.weight \(layer 1, Dense\) has shape 3×4 in the weights and 4×3 here",
        ),
        (
            swapped("2.bias", np.array([0, np.nan], np.float32)),
            NOT_FINITE,
        ),
        (
            swapped("2.bias", np.array([0, np.inf], np.float32)),
            NOT_FINITE,
        ),
        (
            swapped("2.bias", np.array([0, 1e39])),
            NOT_FINITE,
        ),
        ({}, "lack 0.bias"),
    ],
    ids=["missing", "extra", "shape", "nan", "infinite", "too_large", "nothing"],
)
def test_weights_from_a_file_that_do_not_suit_the_network_change_nothing(
    tmp_path: Path, state: Arrays, sentence: str
) -> None:
    write_npz(tmp_path / "weights.npz", state)
    made = network(seed=5)
    before = made.flat_params.tobytes()
    with pytest.raises(StateError, match=sentence):
        made.load_state_dict(read_npz(tmp_path / "weights.npz"))
    assert made.flat_params.tobytes() == before
