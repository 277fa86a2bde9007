"""Images in several files: indexed as one array, checked when first read, and never in memory as a whole."""

import mmap
import pickle
import re
import resource
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from dataset_samples import SETTINGS, MemorySource
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import array_shapes, arrays, basic_indices

from bakeoff.core.errors import StorageError
from bakeoff.core.types import SPLITS
from bakeoff.data.build import arrays as files
from bakeoff.data.build import build, load, shards
from bakeoff.data.build.dataset import Dataset
from bakeoff.data.build.shards import ArrayFile, Shards
from bakeoff.data.selection.selection import Selection

COUNTS = (3, 3, 3, 2)
WHOLE = np.random.default_rng(0).integers(0, 256, (sum(COUNTS), 4, 4, 3), dtype=np.uint8)
ROWS = st.integers(-len(WHOLE), len(WHOLE) - 1)
FIRST = st.one_of(
    ROWS,
    st.slices(len(WHOLE)),
    arrays(np.int64, array_shapes(max_dims=2, max_side=9), elements=ROWS),
    arrays(np.bool_, len(WHOLE)),
    st.lists(ROWS, min_size=1, max_size=9),
)
OTHERS = basic_indices((4, 4, 3), allow_ellipsis=False)


@pytest.fixture(scope="module")
def images(tmp_path_factory: pytest.TempPathFactory) -> Shards:
    folder = tmp_path_factory.mktemp("shards")
    for number, part in enumerate(np.split(WHOLE, np.cumsum(COUNTS)[:-1])):
        np.save(folder / f"{number}.npy", part)
    return Shards([ArrayFile(folder / f"{number}.npy") for number in range(len(COUNTS))])


@pytest.fixture
def tiny(selection: Selection, source: MemorySource, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Dataset:
    """A data set whose files hold one image each."""
    monkeypatch.setattr(files, "LARGEST", files.HEADER + 8 * 8 * 3)
    return build(selection, source, tmp_path / "tiny", **SETTINGS)


@given(first=FIRST, others=OTHERS)
def test_any_index_gives_what_the_whole_array_gives(images: Shards, first: Any, others: Any) -> None:
    index = (first, *(others if isinstance(others, tuple) else (others,)))
    np.testing.assert_array_equal(images[first], WHOLE[first])
    np.testing.assert_array_equal(images[index], WHOLE[index])


@given(rows=arrays(np.int64, array_shapes(max_dims=1, max_side=9), elements=ROWS), first=st.slices(9))
def test_some_of_the_images_are_read_later(images: Shards, rows: np.ndarray, first: slice) -> None:
    taken = images.take(rows)
    assert (len(taken), taken.shape, taken.nbytes) == (len(rows), WHOLE[rows].shape, WHOLE[rows].nbytes)
    np.testing.assert_array_equal(taken[first], WHOLE[rows][first])


def test_it_passes_for_an_array(images: Shards, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shards, "BLOCK", 2)
    assert (images.shape, images.dtype, images.ndim, len(images)) == (WHOLE.shape, WHOLE.dtype, 4, len(WHOLE))
    np.testing.assert_array_equal(np.asarray(images), WHOLE)
    np.testing.assert_array_equal(images[..., ::-1], WHOLE[..., ::-1])
    np.testing.assert_array_equal(np.stack(list(images)), WHOLE)
    np.testing.assert_array_equal(pickle.loads(pickle.dumps(images))[3], WHOLE[3])
    with pytest.raises(IndexError):
        images[len(WHOLE)]


@pytest.mark.skipif(not hasattr(mmap, "MADV_DONTNEED"), reason="the system takes no such advice")
def test_pages_that_were_read_do_not_count_as_memory(tmp_path: Path) -> None:
    files.create_array(tmp_path / "large.npy", (80, 1024, 1024, 3))
    large = Shards([ArrayFile(tmp_path / "large.npy")])
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    assert not any(large[row].any() for row in range(80))
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 40 * 1024, "KiB, of 240 MiB that were read"


def test_a_large_split_has_several_files_and_the_same_images(
    tiny: Dataset, selection: Selection, source: MemorySource
) -> None:
    names = {path.name for path in tiny.folder.glob("*.npy")}
    assert names == {*(f"train-{part:05}.npy" for part in range(4)), "val-00000.npy", "val-00001.npy"}
    assert "`train-00000.npy` and on" in (tiny.folder / "README.md").read_text()
    whole = {split: np.asarray(tiny.images[split]) for split in tiny.info.counts}
    files.LARGEST = 2**30  # the fixture puts it back
    one = build(selection, source, tiny.folder.parent / "one", **SETTINGS)
    for split in SPLITS[:2]:
        np.testing.assert_array_equal(whole[split], one.images[split])
    assert load(tiny.folder).images["train"].shape == (4, 8, 8, 3), "the files themselves say how many images they hold"
    assert not build(selection, source, tiny.folder, **SETTINGS).folder.joinpath("train-00000.npy").exists()


def test_a_torch_data_set_reads_its_images_one_by_one(tiny: Dataset) -> None:
    split = tiny.torch("train")
    assert [split[row][0].tolist() for row in range(4)] == np.asarray(tiny.images["train"]).tolist()


def test_a_file_that_was_altered_is_noticed_when_it_is_first_read(tiny: Dataset) -> None:
    path = tiny.folder / "train-00002.npy"
    raw = bytearray(path.read_bytes())
    raw[-1] ^= 1
    path.write_bytes(raw)
    images = load(tiny.folder).images["train"]
    assert images[[0, 1, 3]].shape == (3, 8, 8, 3)
    with pytest.raises(StorageError, match=re.escape(f"{path} was altered after it was written. Remove {tiny.folder}")):
        images[2]


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("train-00003.npy", "lacks files after train-00002.npy"),
        ("train-00001.npy", "lacks files after train-00000.npy"),
        ("train-00000.npy", "train.npy is missing or damaged"),
    ],
)
def test_a_file_that_is_missing_is_noticed_at_once(tiny: Dataset, name: str, message: str) -> None:
    (tiny.folder / name).unlink()
    with pytest.raises(StorageError, match=re.escape(message)):
        load(tiny.folder)


def test_files_of_other_lengths_are_refused(tiny: Dataset) -> None:
    np.save(tiny.folder / "train-00001.npy", np.zeros((2, 8, 8, 3), np.uint8))
    with pytest.raises(StorageError, match=r"train-00001\.npy holds uint8 \(2, 8, 8, 3\)"):
        load(tiny.folder)


def test_a_file_that_is_gone_when_it_is_read_is_an_error(tiny: Dataset) -> None:
    images = load(tiny.folder).images["train"]
    (tiny.folder / "train-00001.npy").unlink()
    with pytest.raises(StorageError, match=r"train-00001\.npy is missing"):
        images[1]
