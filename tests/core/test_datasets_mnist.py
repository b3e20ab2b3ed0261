"""Reading IDX and MNIST: good files, and every way in which a file can be bad."""

import gzip
import hashlib
import struct
import tracemalloc
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from core.datasets import idx
from core.datasets.idx import open_unpacked, read_idx
from core.datasets.mnist import MNIST_FILES, Mnist, missing_files
from core.types import Array, DataError, OptionError


def idx_bytes(array: Array) -> bytes:
    return struct.pack(f">HBB{array.ndim}I", 0, 8, array.ndim, *array.shape) + array.astype(np.uint8).tobytes()


ARRAY = np.arange(3 * 4 * 5, dtype=np.uint8).reshape(3, 4, 5)
GOOD = idx_bytes(ARRAY)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "file"


@pytest.mark.parametrize("pack", [bytes, gzip.compress], ids=["plain", "gzip"])
@pytest.mark.parametrize("shape", [(7,), (3, 4), (3, 4, 5), (2, 3, 4, 5), (0, 28, 28)])
def test_reads_what_was_written(pack: type[bytes], shape: tuple[int, ...], path: Path) -> None:
    array = np.random.default_rng(0).integers(256, size=shape).astype(np.uint8)
    path.write_bytes(pack(idx_bytes(array)))
    result = read_idx(path)
    assert result.dtype == np.uint8
    np.testing.assert_array_equal(result, array)


def test_the_content_decides_whether_it_is_packed_not_the_name(tmp_path: Path) -> None:
    (tmp_path / "packed").write_bytes(gzip.compress(GOOD))
    (tmp_path / "plain.gz").write_bytes(GOOD)
    np.testing.assert_array_equal(read_idx(tmp_path / "packed"), ARRAY)
    np.testing.assert_array_equal(read_idx(tmp_path / "plain.gz"), ARRAY)


PACKED = gzip.compress(GOOD)
DAMAGED_CHECKSUM = PACKED[:-8] + bytes([PACKED[-8] ^ 1]) + PACKED[-7:]
BAD_FILES = {
    "empty": (b"", "not an IDX file"),
    "three bytes": (GOOD[:3], "not an IDX file"),
    "web page": (b"<!DOCTYPE html><html></html>", "not an IDX file"),
    "magic": (b"\1" + GOOD[1:], "not an IDX file"),
    "no axes": (b"\0\0\x08\0" + GOOD[4:], "not an IDX file"),
    "too many axes": (b"\0\0\x08\xff" + bytes(2000), "not an IDX file"),
    "floats": (b"\0\0\x0d\3" + GOOD[4:], "number type 0x0d"),
    "cut in the header": (GOOD[:9], "ends within its header"),
    "cut": (GOOD[:-1], "promises 3×4×5 = 60 bytes and 59 are there"),
    "header only": (GOOD[:16], "and 0 are there"),
    "too long": (GOOD + b"\0", "too long"),
    "absurd sizes": (b"\0\0\x08\3" + b"\xff" * 12 + bytes(60), "at most"),
    "packed and cut": (PACKED[:-12], "breaks off"),
    "packed, cut in the checksum": (PACKED[:-2], "breaks off"),
    "packed, two bytes left": (PACKED[:2], "breaks off"),
    "packed, content cut": (gzip.compress(GOOD[:-7]), "53 are there"),
    "packed, too long": (gzip.compress(GOOD + b"\0"), "too long"),
    "packed and damaged": (PACKED[:10] + b"\x07" + PACKED[11:], "damaged"),
    "packed, checksum wrong": (DAMAGED_CHECKSUM, "damaged"),
    "packed, rubbish behind": (PACKED + b"rubbish", "damaged"),
}


@pytest.mark.parametrize(("content", "words"), BAD_FILES.values(), ids=list(BAD_FILES))
def test_bad_files_are_refused_in_words(content: bytes, words: str, path: Path) -> None:
    path.write_bytes(content)
    with pytest.raises(DataError, match=words) as caught:
        read_idx(path)
    assert str(path) in str(caught.value)
    assert str(caught.value).endswith(".")


def test_missing_file_and_folder_instead_of_a_file(path: Path) -> None:
    with pytest.raises(DataError, match=r"There is no file .*Open the folder"):
        read_idx(path)
    path.mkdir()
    with pytest.raises(DataError, match="cannot be read"):
        read_idx(path)


@pytest.mark.parametrize("pack", [bytes, gzip.compress], ids=["plain", "gzip"])
def test_nothing_is_allocated_because_a_header_says_so(pack: type[bytes], path: Path) -> None:
    path.write_bytes(pack(struct.pack(">HBBI", 0, 8, 1, idx.MAX_BYTES) + bytes(1000)))
    tracemalloc.start()
    try:
        with pytest.raises(DataError, match="and 1000 are there"):
            read_idx(path)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak < 8 * idx.CHUNK_BYTES


def test_a_gzip_bomb_is_not_unpacked_further_than_its_header_says(path: Path) -> None:
    path.write_bytes(gzip.compress(GOOD + bytes(100 * 2**20), compresslevel=1))
    tracemalloc.start()
    try:
        with pytest.raises(DataError, match="too long"):
            read_idx(path)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak < 8 * idx.CHUNK_BYTES


@given(content=st.binary(max_size=200), packed=st.booleans(), prefix=st.sampled_from([b"", GOOD[:4], GOOD[:16]]))
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=200, deadline=None)
def test_any_bytes_give_an_array_or_a_data_error(path: Path, content: bytes, packed: bool, prefix: bytes) -> None:
    path.write_bytes(gzip.compress(prefix + content) if packed else prefix + content)
    try:
        array = read_idx(path)
    except DataError:
        return
    assert idx_bytes(array) == prefix + content


@given(at=st.integers(0, len(PACKED) - 1), value=st.integers(0, 255))
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=200, deadline=None)
def test_one_changed_byte_in_a_packed_file_never_changes_the_array(path: Path, at: int, value: int) -> None:
    path.write_bytes(PACKED[:at] + bytes([value]) + PACKED[at + 1 :])
    try:
        array = read_idx(path)
    except DataError:
        return
    np.testing.assert_array_equal(array, ARRAY)


def fake(folder: Path, train: int = 6, test: int = 4) -> dict[str, Array]:
    rng = np.random.default_rng(1)
    arrays: dict[str, Array] = {}
    for part, count in (("train", train), ("t10k", test)):
        arrays[f"{part}-images-idx3-ubyte"] = rng.integers(256, size=(count, 28, 28)).astype(np.uint8)
        arrays[f"{part}-labels-idx1-ubyte"] = (np.arange(count) % 10).astype(np.uint8)
    for name, array in arrays.items():
        (folder / name).write_bytes(idx_bytes(array))
    return arrays


def test_mnist_from_plain_and_packed_files(tmp_path: Path) -> None:
    arrays = fake(tmp_path)
    name = "train-images-idx3-ubyte"
    (tmp_path / f"{name}.gz").write_bytes(gzip.compress((tmp_path / name).read_bytes()))
    (tmp_path / name).unlink()
    data = Mnist().load(tmp_path)
    assert data.title == "MNIST"
    assert data.class_names == tuple("0123456789")
    assert data.x_train.shape == (6, 1, 28, 28)
    assert data.x_test.shape == (4, 1, 28, 28)
    assert data.x_train.dtype == np.float32
    assert data.t_train.dtype == np.int64
    np.testing.assert_array_equal(data.t_train, [0, 1, 2, 3, 4, 5])
    np.testing.assert_allclose(data.x_train[:, 0], arrays[name] / 255, rtol=1e-6)
    standard = Mnist(scaling="standard").load(tmp_path)
    np.testing.assert_allclose(standard.x_train[:, 0], (arrays[name] / 255 - 0.1307) / 0.3081, rtol=1e-5, atol=1e-6)


def test_missing_files_are_named(tmp_path: Path) -> None:
    fake(tmp_path)
    assert missing_files(tmp_path) == []
    (tmp_path / "t10k-images-idx3-ubyte").unlink()
    (tmp_path / "train-labels-idx1-ubyte").rename(tmp_path / "labels")
    with pytest.raises(DataError) as caught:
        Mnist().load(tmp_path)
    text = str(caught.value)
    assert "missing: train-labels-idx1-ubyte, t10k-images-idx3-ubyte (plain or with .gz)" in text
    assert "train-images-idx3-ubyte" not in text
    assert "Open the folder" in text
    with pytest.raises(DataError, match="train-images-idx3-ubyte, train-labels"):
        Mnist().load(tmp_path / "nowhere")
    with pytest.raises(DataError, match="no folder is chosen"):
        Mnist().load()


def test_files_that_do_not_fit_are_refused(tmp_path: Path) -> None:
    def refuse(name: str, array: Array, words: str) -> None:
        arrays = fake(tmp_path)
        (tmp_path / name).write_bytes(idx_bytes(array))
        with pytest.raises(DataError, match=words):
            Mnist().load(tmp_path)
        (tmp_path / name).write_bytes(idx_bytes(arrays[name]))

    refuse("train-labels-idx1-ubyte", np.zeros(5), "6 images and 5 labels")
    refuse("train-labels-idx1-ubyte", np.zeros((6, 1)), "6 images and 6×1 labels")
    refuse("t10k-labels-idx1-ubyte", np.array([0, 1, 10, 3]), "label 10, but the labels of MNIST are 0 to 9")
    refuse("t10k-images-idx3-ubyte", np.zeros((4, 28, 27)), "4×28×27 bytes, but MNIST needs images of 28×28")
    refuse("t10k-images-idx3-ubyte", np.zeros((0, 28, 28)), "needs images")
    refuse("train-images-idx3-ubyte", np.zeros(6), "needs images")
    with pytest.raises(OptionError, match="scaling must be one of unit, standard"):
        Mnist(scaling="zca")


def test_all_of_the_real_mnist(mnist_folder: Path) -> None:
    data = Mnist().load(mnist_folder)
    assert data.x_train.shape == (60_000, 1, 28, 28)
    assert data.x_test.shape == (10_000, 1, 28, 28)
    # The first labels and the counts of the classes as they are published.
    np.testing.assert_array_equal(data.t_train[:10], [5, 0, 4, 1, 9, 2, 1, 3, 1, 4])
    np.testing.assert_array_equal(data.t_test[:10], [7, 2, 1, 0, 4, 1, 4, 9, 5, 9])
    counts = [5923, 6742, 5958, 6131, 5842, 5421, 5918, 6265, 5851, 5949]
    np.testing.assert_array_equal(np.bincount(data.t_train), counts)
    assert (data.x_train.min(), data.x_train.max()) == (0.0, 1.0)
    assert data.x_train.mean(dtype=np.float64) == pytest.approx(0.1307, abs=5e-5)
    assert data.x_train.std(dtype=np.float64) == pytest.approx(0.3081, abs=5e-5)


def test_the_table_describes_the_real_files(mnist_folder: Path) -> None:
    for file in MNIST_FILES:
        packed = mnist_folder / f"{file.name}.gz"
        with open_unpacked(packed if packed.exists() else mnist_folder / file.name) as stream:
            content = stream.read()
        assert len(content) == file.unpacked_bytes
        assert hashlib.sha256(content).hexdigest() == file.sha256
