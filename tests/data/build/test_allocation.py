"""Photos that can't be read: the next candidate takes the slot, or an error says what is missing."""

from collections.abc import Generator
from dataclasses import replace

import polars as pl
import pytest
from dataset_samples import selection_of
from hypothesis import given, settings
from hypothesis import strategies as st

from bakeoff.core.errors import ShortageError, SourceError
from bakeoff.data.build.allocation import Allocation, Make, allocate
from bakeoff.data.build.workers import MadeImage
from bakeoff.data.selection.selection import Selection

CLASSES = ("ant", "bee", "cow")


def reader(broken: set[int]) -> Make:
    """Reads every photo but the broken ones."""

    def make(photos: pl.DataFrame) -> Generator[MadeImage, None, None]:
        for number, file in photos.select("image_id", "file_name").iter_rows():
            yield MadeImage(None, f"{number} is broken") if number in broken else MadeImage(file)

    return make


def fill_without(selection: Selection, broken: set[int]) -> Allocation:
    return allocate(selection, reader(broken), "a folder", lambda done, total: None)


def standing(allocation: Allocation) -> dict[tuple[str, int, str], int]:
    """By split, position and class the image."""
    return {tuple(slot): image for *slot, image in allocation.images[:, :4].iter_rows()}


def test_nothing_broken_leaves_the_choice_as_it_is(selection: Selection) -> None:
    allocation = fill_without(selection, set())
    assert allocation.images["image_id"].equals(selection.chosen["image_id"])
    assert allocation.chosen.row(0) == ("train", 0, "cat", 1, "1.jpg")
    assert allocation.chosen.row(-1) == ("val", 1, "dog", 3, "3.jpg")
    assert allocation.images["source_digest"].to_list() == allocation.images["file_name"].to_list()
    assert allocation.unreadable == ()


def test_next_reserve_of_the_class_takes_the_slot(selection: Selection) -> None:
    allocation = fill_without(selection, {1, 4})
    stands = standing(allocation)
    assert stands.pop(("train", 0, "cat")) == 7
    assert stands.pop(("train", 2, "dog")) == 8
    assert sorted(stands.values()) == [2, 3, 5, 6]


def test_reserve_that_is_broken_is_followed_by_the_next(selection: Selection) -> None:
    allocation = fill_without(selection, {1, 7})
    assert allocation.images["image_id"][0] == 8
    assert allocation.file_name(0) == "8.jpg"
    assert [(failure.image.image_id, failure.label) for failure in allocation.unreadable] == [(1, "cat"), (7, "cat")]
    assert allocation.chosen["image_id"][0] == 1


def test_reserve_of_a_fixed_split_stays_in_it(selection: Selection) -> None:
    split = pl.when(pl.col("image_id") == 7).then(pl.lit("val")).otherwise("split").alias("split")
    fixed = replace(selection, ledger=selection.ledger.with_columns(split))
    allocation = fill_without(fixed, {1, 6})
    stands = standing(allocation)
    assert stands["train", 0, "cat"] == 8
    assert stands["val", 0, "cat"] == 7
    with pytest.raises(ShortageError, match="class 'cat'"):
        fill_without(fixed, {1, 2})


def test_shortage_names_class_count_and_reasons(selection: Selection) -> None:
    with pytest.raises(ShortageError) as caught:
        fill_without(selection, {4, 5})
    message = str(caught.value)
    assert "class 'dog'" in message
    assert "2 could not be read (4.jpg: 4 is broken; 5.jpg: 5 is broken)" in message
    assert "data.train_per_class" in message


def test_no_photo_at_all_is_an_error_of_the_source(selection: Selection) -> None:
    with pytest.raises(SourceError, match=r"none of the 6 photos.* in a folder; the first, 1\.jpg: .*--images"):
        fill_without(selection, set(range(10)))


def test_progress_counts_filled_places(selection: Selection) -> None:
    seen: list[tuple[int, int]] = []
    allocate(selection, reader({1}), "", lambda done, total: seen.append((done, total)))
    assert seen == [(0, 6), (1, 6), (2, 6), (3, 6), (4, 6), (5, 6), (6, 6)]


def test_reader_is_closed_when_the_caller_stops(selection: Selection) -> None:
    closed = []

    def make(photos: pl.DataFrame) -> Generator[MadeImage, None, None]:
        try:
            yield from (MadeImage("") for _ in range(photos.height))
        finally:
            closed.append(True)

    def stop(done: int, total: int) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt) as caught:
        allocate(selection, make, "", stop)
    assert closed
    assert caught.traceback  # which holds the frames, so that closing was not left to the garbage collector


@st.composite
def selections(draw: st.DrawFn) -> tuple[Selection, set[int]]:
    """A selection, and the ids of the photos that are broken."""
    rows = []
    for image_id in range(draw(st.integers(1, 30))):
        eligible = draw(st.lists(st.sampled_from(CLASSES), unique=True, max_size=3))
        label = eligible[0] if eligible and draw(st.booleans()) else None
        rows.append((image_id, draw(st.sampled_from(["train", "val"])) if label else None, label, eligible))
    return selection_of(CLASSES, rows), draw(st.sets(st.integers(0, 29), max_size=15))


@settings(max_examples=60)
@given(selections())
def test_every_slot_holds_a_readable_image_of_its_class_and_none_twice(case: tuple[Selection, set[int]]) -> None:
    selection, broken = case
    eligible = dict(selection.ledger.select("image_id", "eligible").iter_rows())
    try:
        allocation = fill_without(selection, broken)
    except SourceError:
        assert set(selection.chosen["image_id"]) <= broken
        return
    except ShortageError as error:
        label = str(error).split("'")[1]
        reserves = selection.reserves["eligible"].list.contains(label).sum()
        assert reserves < len(broken.intersection(eligible))  # each failure uses up one reserve at most
        return
    assert allocation.chosen.select("split", "label").equals(selection.chosen.select("split", "label"))
    assert allocation.images.select("split", "position", "label").equals(allocation.chosen[:, :3])
    ids = allocation.images["image_id"].to_list()
    failed = [failure.image.image_id for failure in allocation.unreadable]
    assert len({*ids, *failed}) == len(ids) + len(failed)
    assert not broken.intersection(ids)
    assert broken.issuperset(failed)
    assert all(label in eligible[image_id] for label, image_id in zip(allocation.chosen["label"], ids, strict=True))
    assert allocation.images["source_digest"].to_list() == [f"{image_id}.jpg" for image_id in ids]
    for before, now in zip(allocation.chosen["image_id"], ids, strict=True):
        assert (before == now) == (before not in broken)
