"""What every source of photos keeps to."""

import pickle
from collections.abc import Callable
from pathlib import Path

import pytest
from source_samples import KINDS, PHOTOS, make_source

from bakeoff.core.errors import ImageError
from bakeoff.data.source import Source

Open = Callable[[str], Source]


@pytest.fixture(params=KINDS)
def source(request: pytest.FixtureRequest, tmp_path: Path) -> Source:
    return make_source(request.param, tmp_path, request)


def test_reads_photos_also_in_folders_below(source: Source) -> None:
    assert {name: source.read(name) for name in PHOTOS} == PHOTOS


def test_prepared_photos_are_read_in_another_process(source: Source) -> None:
    ready = source.prepare(dict.fromkeys([*PHOTOS, "none.jpg"]))
    for copy in (ready, pickle.loads(pickle.dumps(ready))):
        assert {name: copy.read(name) for name in PHOTOS} == PHOTOS
        with pytest.raises(ImageError):
            copy.read("none.jpg")


def test_nothing_is_prepared(source: Source) -> None:
    source.prepare({})


@pytest.mark.parametrize(
    "name",
    [
        *("../secret.jpg", "deep/../../secret.jpg", "/etc/passwd", "..\\secret.jpg", "C:\\secret.jpg", "C:secret.jpg"),
        *("\\\\host\\share\\a.jpg", "a.jpg\0", "deep\\..\\..\\secret.jpg", ""),
    ],
)
def test_a_name_that_leads_out_of_the_source_is_refused(source: Source, name: str) -> None:
    for ready in (source, source.prepare({name: None})):
        with pytest.raises(ImageError, match="leaves the folder"):
            ready.read(name)


@pytest.mark.parametrize("name", ["c.jpg", "x" * 300, "a.jpg/b.jpg", "deep", "é\udcff.jpg", "a?b#c%2e%2e.jpg"])
def test_what_is_not_there_is_an_error_of_the_photo(source: Source, name: str) -> None:
    with pytest.raises(ImageError, match=r"missing|not a file|can't be|404"):
        source.read(name)


def test_an_empty_file_is_no_photo(source: Source) -> None:
    with pytest.raises(ImageError, match="empty"):
        source.read("empty.jpg")


def test_it_says_where_it_reads_the_same_each_time(source: Source) -> None:
    assert source.describe() == pickle.loads(pickle.dumps(source.prepare({}))).describe() != ""
