"""Objects cut out of their photos: which, with what around them, and in which split."""

from dataclasses import replace

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.data.selection.conftest import make_index

from bakeoff.config.data import SelectionConfig
from bakeoff.core.geometry import crop_box_of, photo_of
from bakeoff.data.index import Index
from bakeoff.data.selection import crop_objects, select

CLASSES = ("cat", "dog")
SIDE = 100


def index_of(*boxes: tuple[int, str, float, float, float, float, bool]) -> Index:
    """An index of 100 x 100 photos with annotations of (photo, class, x, y, width, height, crowd)."""
    photos: dict[int, list[tuple[str, float, bool]]] = {}
    for photo, name, *_, crowd in sorted(boxes, key=lambda box: box[0]):
        photos.setdefault(photo, []).append((name, 0.05, crowd))
    index = make_index(photos, [*CLASSES, "bird"])
    table = pl.DataFrame(
        [box[2:6] for box in sorted(boxes, key=lambda box: box[0])], ["x", "y", "width", "height"], orient="row"
    )
    return replace(index, annotations=index.annotations.with_columns(table.cast(pl.Float64).get_columns()))


def cropped(index: Index, margin: float = 0.0, min_side: int = 0, train_fraction: float = 1.0, seed: int = 0) -> Index:
    return crop_objects(
        index,
        CLASSES,
        margin=margin,
        min_side=min_side,
        quotas={"train": train_fraction, "val": 1 - train_fraction},
        seed=seed,
    )


def test_each_object_of_the_classes_is_an_image_of_its_own() -> None:
    index = cropped(
        index_of((1, "cat", 10, 20, 30, 40, False), (1, "bird", 0, 0, 9, 9, False), (2, "dog", 5, 5, 50, 20, False))
    )
    assert index.images.select("file_name", "width", "height").rows() == [
        ("1.jpg#xywh=10,20,30,40&size=100,100", 30, 40),
        ("2.jpg#xywh=5,5,50,20&size=100,100", 50, 20),
    ]
    own = index.annotations.filter(~pl.col("crowd"))
    assert own.select("x", "y", "width", "height").rows() == [(0, 0, 30, 40), (0, 0, 50, 20)]


def test_the_margin_ends_at_the_photos_border() -> None:
    index = cropped(index_of((1, "cat", 2, 40, 20, 10, False)), margin=0.25)
    assert crop_box_of(index.images["file_name"][0]) == (0, 37, 27, 16)
    assert index.annotations.select("x", "y", "width", "height").row(0) == (2, 3, 20, 10)


def test_others_that_reach_into_a_crop_are_known_and_do_not_decide() -> None:
    index = index_of(
        (1, "cat", 0, 0, 40, 40, False),
        (1, "dog", 30, 30, 20, 20, False),  # a quarter of it is in the cat's crop
        (1, "dog", 39, 0, 40, 40, False),  # a fortieth is
    )
    ledger = select(cropped(index), SelectionConfig(CLASSES, train_per_class=1, val_per_class=0)).ledger
    assert ledger["annotated"].to_list() == [["cat", "dog"], ["dog"], ["dog"]]
    assert ledger["eligible"].to_list() == [["cat"], ["dog"], ["dog"]]


def test_crowds_and_small_objects_are_candidates_that_are_not_taken() -> None:
    boxes = (
        (1, "cat", 0, 0, 40, 40, False),
        (2, "dog", 0, 0, 40, 40, False),
        (3, "cat", 0, 0, 9, 90, False),
        (4, "dog", 0, 0, 50, 50, True),
    )
    ledger = select(
        cropped(index_of(*boxes), min_side=10), SelectionConfig(CLASSES, train_per_class=1, val_per_class=0)
    ).ledger
    assert ledger["status"].to_list() == ["chosen", "chosen", "dropped", "dropped"]
    assert set(ledger["reason"][2:]) == {"only crowd annotations or too small"}


BOXES = st.lists(
    st.tuples(
        st.integers(1, 12), st.sampled_from(CLASSES), *[st.floats(0, 60)] * 2, *[st.floats(1, 40)] * 2, st.booleans()
    ),
    min_size=1,
    max_size=40,
)


@given(BOXES, st.floats(0, 1), st.floats(0, 2), st.integers(0, 3))
def test_no_photo_is_in_both_splits_and_every_object_is_a_candidate(
    boxes: list[tuple[int, str, float, float, float, float, bool]], share: float, margin: float, seed: int
) -> None:
    index = cropped(index_of(*boxes), margin=margin, train_fraction=share, seed=seed)
    assert index.images.height == len(boxes)
    splits: dict[str, set[str]] = {}
    for image, name in index.images.select("image_id", "file_name").iter_rows():
        splits.setdefault(photo_of(name), set()).add(index.splits[image])
        region = crop_box_of(name)
        assert region is not None
        assert region.width > 0
        assert region.height > 0
        assert region.left + region.width <= SIDE
        assert region.top + region.height <= SIDE
    assert all(len(found) == 1 for found in splits.values())
    held = index.annotations.join(
        index.images.select("image_id", pl.col("width").alias("w"), pl.col("height").alias("h")), on="image_id"
    )
    assert (held["x"] + held["width"] <= held["w"] + 1e-6).all()
    assert (held["y"] + held["height"] <= held["h"] + 1e-6).all()


@pytest.mark.parametrize("change", [{"margin": 0.2}, {"min_side": 5}, {"train_fraction": 0.5}, {"seed": 1}])
def test_each_setting_makes_another_selection(change: dict[str, float]) -> None:
    index = index_of((1, "cat", 10, 20, 30, 40, False))
    assert cropped(index, **change).info.digest != cropped(index).info.digest
