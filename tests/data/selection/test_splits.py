"""Selections of images whose split is fixed."""

from collections.abc import Callable
from dataclasses import replace

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from bakeoff.config.data import SelectionConfig
from bakeoff.core.errors import ShortageError
from bakeoff.core.registry import policies
from bakeoff.data import selection
from bakeoff.data.index import Index

CLASSES = ("ant", "bee")
MakeIndex = Callable[..., Index]
scenes = st.dictionaries(
    st.integers(1, 500),
    st.tuples(st.sampled_from(["train", "val"]), st.lists(st.sampled_from(CLASSES), min_size=1, max_size=2)),
    min_size=4,
    max_size=40,
)


def fixed(make: MakeIndex, images: dict[int, tuple[str, list[str]]]) -> Index:
    index = make({image: [(name, 0.2, False) for name in names] for image, (_, names) in images.items()}, CLASSES)
    return replace(index, splits={image: split for image, (split, _) in images.items()})


def config(policy: str, train: int, val: int) -> SelectionConfig:
    return SelectionConfig(classes=CLASSES, train_per_class=train, val_per_class=val, policy=policy)


@pytest.mark.parametrize("policy", policies.names())
@settings(max_examples=30, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(images=scenes, train=st.integers(0, 3), val=st.integers(1, 3))
def test_each_image_stays_in_its_split(
    index_factory: MakeIndex, policy: str, images: dict[int, tuple[str, list[str]]], train: int, val: int
) -> None:
    index = fixed(index_factory, images)
    try:
        chosen = selection.select(index, config(policy, train, val))
    except ShortageError:
        return
    ledger = chosen.ledger
    assert {row["image_id"]: row["split"] for row in ledger.iter_rows(named=True)} == index.splits
    counts = chosen.chosen.group_by("split", "label").len()
    assert {(split, label): count for split, label, count in counts.rows()} == {
        (split, label): quota for split, quota in (("train", train), ("val", val)) if quota for label in CLASSES
    }
    assert ledger["order"].drop_nulls().is_unique().all()


def test_balanced_fills_each_split_where_it_can(index_factory: MakeIndex) -> None:
    images = {1: ("train", ["ant", "bee"]), 2: ("train", ["ant"]), 3: ("val", ["bee"]), 4: ("val", ["ant", "bee"])}
    chosen = selection.select(fixed(index_factory, images), config("balanced", 1, 1)).chosen
    assert chosen.select("image_id", "split", "label").rows() == [
        (2, "train", "ant"),
        (1, "train", "bee"),
        (4, "val", "ant"),
        (3, "val", "bee"),
    ]


def test_reserves_of_one_split_do_not_fill_the_other(index_factory: MakeIndex) -> None:
    images = {number: ("train", [CLASSES[number % 2]]) for number in range(20)}
    images |= {number: ("val", [CLASSES[number % 2]]) for number in range(20, 24)}
    message = r"class 'ant' has too few images: val needs 3, 2 left.*can give to every class is 4 images"
    with pytest.raises(ShortageError, match=message):
        selection.select(fixed(index_factory, images), config("random", 3, 3))
    index = fixed(index_factory, images)
    lowered = selection.fit_quotas(index, config("random", 3, 3))
    assert (lowered.train_per_class, lowered.val_per_class) == (2, 2)
