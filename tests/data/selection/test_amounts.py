"""Quotas that are no single number: all images, a fraction of them, numbers by class."""

from collections.abc import Callable
from dataclasses import replace

import pytest

from bakeoff.config.data import SelectionConfig
from bakeoff.core.errors import SelectionError, ShortageError
from bakeoff.core.registry import policies
from bakeoff.data.index import Index
from bakeoff.data.selection import fit_quotas, select
from bakeoff.data.selection.selection import Selection

CLASSES = ("ant", "bee")
MakeIndex = Callable[..., Index]


def counts(selection: Selection) -> dict[tuple[str, str], int]:
    return {(split, label): n for split, label, n in selection.chosen.group_by("split", "label").len().rows()}


@pytest.fixture
def uneven(index_factory: MakeIndex) -> Index:
    """Twenty images of the one class, ten of the other, five of both."""
    held = [["ant"]] * 20 + [["bee"]] * 10 + [["ant", "bee"]] * 5
    return index_factory({n: [(name, 0.2, False) for name in names] for n, names in enumerate(held, 1)}, CLASSES)


@pytest.mark.parametrize(
    ("policy", "ants", "bees"), [("exclusive", 20, 10), ("balanced", 20, 15), ("first-fit", 25, 10), ("random", 25, 10)]
)
def test_all_images_a_fraction_of_each_class_for_validation(uneven: Index, policy: str, ants: int, bees: int) -> None:
    chosen = select(uneven, SelectionConfig(CLASSES, "all", 0.2, policy=policy))
    assert counts(chosen) == {
        ("train", "ant"): ants - round(ants / 5),
        ("train", "bee"): bees - round(bees / 5),
        ("val", "ant"): round(ants / 5),
        ("val", "bee"): round(bees / 5),
    }
    assert chosen.train_sizes == (bees - round(bees / 5), ants - round(ants / 5))


@pytest.mark.parametrize("policy", policies.names())
def test_quotas_by_class(uneven: Index, policy: str) -> None:
    config = SelectionConfig(CLASSES, {"ant": 9, "bee": 4}, {"bee": 1, "ant": 2}, policy=policy)
    if policy == "dominant":  # both classes cover the same area
        uneven = replace(
            uneven, annotations=uneven.annotations.filter(~uneven.annotations["image_id"].is_in(range(31, 36)))
        )
    assert counts(select(uneven, config)) == {
        ("train", "ant"): 9,
        ("train", "bee"): 4,
        ("val", "ant"): 2,
        ("val", "bee"): 1,
    }


def test_all_of_one_split_and_a_number_of_the_other(uneven: Index) -> None:
    chosen = counts(select(uneven, SelectionConfig(CLASSES, "all", 3, 2, policy="exclusive")))
    assert chosen == {
        ("train", "ant"): 15,
        ("val", "ant"): 3,
        ("test", "ant"): 2,
        ("train", "bee"): 5,
        ("val", "bee"): 3,
        ("test", "bee"): 2,
    }
    with pytest.raises(ShortageError, match="class 'bee' has too few images: train needs 1, 0 left"):
        select(uneven, SelectionConfig(CLASSES, "all", 10, policy="exclusive"))


def test_all_of_splits_that_are_given(uneven: Index) -> None:
    splits = {n: "val" if n in {1, 2, 21} else "train" for n in range(1, 36)}
    chosen = select(replace(uneven, splits=splits), SelectionConfig(CLASSES, policy="exclusive"))
    assert counts(chosen) == {("train", "ant"): 18, ("val", "ant"): 2, ("train", "bee"): 9, ("val", "bee"): 1}


@pytest.mark.parametrize(
    ("quota", "message"),
    [({"ant": 3}, "data.train_per_class has no number for class 'bee'"), ({"cow": 1}, "unknown class 'cow'")],
)
def test_tables_that_do_not_fit_the_classes(uneven: Index, quota: dict[str, int], message: str) -> None:
    with pytest.raises(SelectionError, match=message):
        select(uneven, SelectionConfig(CLASSES, quota, 1))


def test_fitted_quotas_of_all_images_are_what_the_policy_gives(uneven: Index) -> None:
    fitted = fit_quotas(uneven, SelectionConfig(CLASSES, "all", 0.2, policy="exclusive"))
    assert (fitted.train_per_class, fitted.val_per_class) == ({"ant": 16, "bee": 8}, {"ant": 4, "bee": 2})
