"""Categories that become one class."""

import pytest
from tests.data.selection.conftest import make_index

from bakeoff.config.data import SelectionConfig
from bakeoff.core.errors import SelectionError
from bakeoff.data.selection import merge_categories, select

IMAGES = {
    1: [("car", 0.2, False), ("bus", 0.3, False)],
    2: [("truck", 0.1, False), ("dog", 0.1, False)],
    3: [("dog", 0.5, False)],
    4: [("car", 0.2, False)],
}
CLASSES = ("dog", "car", "bus", "truck")


def test_merged_categories_are_one_class_in_all_respects() -> None:
    index = merge_categories(make_index(IMAGES, CLASSES), {"vehicle": ("truck", "car", "bus")})
    assert index.categories["name"].to_list() == ["dog", "vehicle"]
    assert index.categories["category_id"].is_unique().all()
    config = SelectionConfig(("vehicle", "dog"), train_per_class=1, val_per_class=0, policy="exclusive")
    ledger = select(index, config).ledger
    assert ledger["annotated"].to_list() == [["vehicle"], ["vehicle", "dog"], ["dog"], ["vehicle"]]
    assert ledger["eligible"].to_list() == [["vehicle"], [], ["dog"], ["vehicle"]]


def test_a_merged_class_may_have_the_name_of_one_of_its_categories() -> None:
    index = merge_categories(make_index(IMAGES, CLASSES), {"car": ("car", "bus")})
    assert index.categories["name"].to_list() == ["dog", "car", "truck"]


def test_what_is_merged_makes_another_selection() -> None:
    index = make_index(IMAGES, CLASSES)
    merges = [{}, {"vehicle": ("car", "bus")}, {"vehicle": ("bus", "car")}, {"machine": ("car", "bus")}]
    assert len({merge_categories(index, merge).info.digest for merge in merges}) == 4
    assert merge_categories(index, {}) is index


@pytest.mark.parametrize(
    ("merge", "message"),
    [
        ({"vehicle": ("car", "bos")}, r"data\.merge\.vehicle: unknown category 'bos'\. Did you mean 'bus'"),
        ({"vehicle": ("car", "bus"), "big": ("bus", "truck")}, "category 'bus' is named twice"),
        ({"vehicle": ("car", "car")}, "category 'car' is named twice"),
        ({"dog": ("car", "bus")}, "there is a category of this name"),
        ({"vehicle": ()}, "names no category"),
    ],
)
def test_a_merge_that_can_not_be_is_one_message(merge: dict[str, tuple[str, ...]], message: str) -> None:
    with pytest.raises(SelectionError, match=message):
        merge_categories(make_index(IMAGES, CLASSES), merge)
