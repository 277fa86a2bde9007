"""Photos made one by one and in processes, which end with the work."""

import hashlib
import multiprocessing
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from dataset_samples import SETTINGS, DeadlySource, MemorySource, photo
from PIL import Image

from bakeoff.core.errors import SourceError
from bakeoff.data.build.arrays import create_array
from bakeoff.data.build.workers import CHUNK, ImageJob, MadeImage, make, make_all

MANY = 4 * CHUNK  # enough for two processes

MakeJobs = Callable[[int], list[ImageJob]]


@pytest.fixture
def make_jobs(tmp_path: Path) -> MakeJobs:
    def jobs(count: int) -> list[ImageJob]:
        create_array(tmp_path / "a.npy", (count, 8, 8, 3))
        return [ImageJob(f"{row}.jpg", None, tmp_path / "a.npy", row, tmp_path / f"{row}.jpg") for row in range(count)]

    return jobs


def test_photo_becomes_a_row_and_a_copy(make_jobs: MakeJobs) -> None:
    job = make_jobs(3)[1]
    assert make(MemorySource({"1.jpg": photo(5)}), SETTINGS, [job]) == [
        MadeImage(hashlib.sha256(photo(5)).hexdigest()[:16])
    ]
    assert np.load(job.array)[1].tolist() == [[[50] * 3] * 8] * 8
    assert not np.load(job.array)[[0, 2]].any()
    with Image.open(job.copy) as copy:
        assert (copy.format, copy.mode, copy.size) == ("JPEG", "RGB", (8, 8))
        np.testing.assert_allclose(np.asarray(copy), 50, atol=2)


@pytest.mark.parametrize(
    ("photos", "reason"), [({}, "the file is missing"), ({"0.jpg": b""}, "the file is empty")], ids=["missing", "empty"]
)
def test_unusable_photo_is_an_outcome_and_writes_nothing(
    make_jobs: MakeJobs, photos: dict[str, bytes], reason: str
) -> None:
    job = make_jobs(1)[0]
    assert make(MemorySource(photos), SETTINGS, [job]) == [MadeImage(None, reason)]
    assert not np.load(job.array).any()
    assert not job.copy.exists()


def test_killed_process_is_an_error_with_advice(make_jobs: MakeJobs) -> None:
    with pytest.raises(SourceError, match=r"ended from outside.*data\.workers to 1"):
        list(make_all(DeadlySource({}), SETTINGS, make_jobs(MANY), MANY, 2))
    assert not multiprocessing.active_children()
