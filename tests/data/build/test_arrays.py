"""Arrays on disk: filled row by row, and checked before they are opened."""

from pathlib import Path

import numpy as np
import pytest

from bakeoff.core.errors import StorageError
from bakeoff.data.build.arrays import check_array, create_array, write_rows


@pytest.mark.parametrize("count", [0, 1, 5])
def test_rows_in_any_order_make_an_array_that_numpy_opens(tmp_path: Path, count: int) -> None:
    path = tmp_path / "a.npy"
    expected = np.random.default_rng(0).integers(0, 256, (count, 4, 4, 3), dtype=np.uint8)
    create_array(path, expected.shape)
    for row in reversed(range(count)):
        write_rows(path, {row: expected[row]})
    check_array(path, expected.shape)
    np.testing.assert_array_equal(np.load(path, mmap_mode="c", allow_pickle=False), expected)


def test_file_is_the_one_that_numpy_writes(tmp_path: Path) -> None:
    values = np.arange(24, dtype=np.uint8).reshape(2, 2, 2, 3)
    create_array(tmp_path / "own.npy", values.shape)
    write_rows(tmp_path / "own.npy", {1: values[1], 0: values[0]})
    np.save(tmp_path / "numpy.npy", values)
    assert (tmp_path / "own.npy").read_bytes() == (tmp_path / "numpy.npy").read_bytes()


@pytest.mark.parametrize(
    "other",
    [
        np.zeros((2, 4, 4, 3)),
        np.zeros((2, 4, 4), np.uint8),
        np.zeros((3, 4, 4, 3), np.uint8),
        np.asfortranarray(np.zeros((2, 4, 4, 3), np.uint8)),
        np.array([{"a": 1}], dtype=object),
    ],
    ids=["dtype", "dimensions", "count", "order", "pickle"],
)
def test_another_array_is_refused(tmp_path: Path, other: np.ndarray) -> None:
    np.save(tmp_path / "a.npy", other)
    with pytest.raises(StorageError, match=r"a\.npy holds .*records say uint8 \(2, 4, 4, 3\)"):
        check_array(tmp_path / "a.npy", (2, 4, 4, 3))


@pytest.mark.parametrize("length", [0, 5, 60, 128, 200])
def test_file_cut_short_is_refused(tmp_path: Path, length: int) -> None:
    path = tmp_path / "a.npy"
    create_array(path, (2, 4, 4, 3))
    path.write_bytes(path.read_bytes()[:length])
    with pytest.raises(StorageError, match=r"a\.npy"):
        check_array(path, (2, 4, 4, 3))


def test_another_version_of_the_format_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "a.npy"
    create_array(path, (2, 4, 4, 3))
    raw = bytearray(path.read_bytes())
    raw[7] = 146
    path.write_bytes(raw)
    with pytest.raises(StorageError, match=r"a\.npy is missing or damaged \(version \(1, 146\) of the format\)"):
        check_array(path, (2, 4, 4, 3))


def test_a_header_that_python_can_not_read_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "a.npy"
    create_array(path, (2, 4, 4, 3))
    path.write_bytes(path.read_bytes().replace(b", }", b",&(\xbc"))
    with pytest.raises(StorageError, match=r"a\.npy is missing or damaged"):
        check_array(path, (2, 4, 4, 3))


def test_missing_file_is_refused(tmp_path: Path) -> None:
    with pytest.raises(StorageError, match=r"missing or damaged.*build it again"):
        check_array(tmp_path / "a.npy", (1,))
