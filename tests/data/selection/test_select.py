"""Selections: quotas, policies, the ledger, and the invariants that hold for every policy."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import polars as pl
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from bakeoff.config.data import SelectionConfig
from bakeoff.core.errors import ConfigError, SelectionError, ShortageError, StorageError
from bakeoff.core.registry import policies
from bakeoff.data import selection
from bakeoff.data.index import Index
from bakeoff.data.selection import candidates

CLASSES = ("ant", "bee", "cat")
MakeIndex = Callable[..., Index]

annotation = st.tuples(st.sampled_from([*CLASSES, "dog"]), st.sampled_from([0.01, 0.1, 0.2, 0.4]), st.booleans())
scenes = st.dictionaries(st.integers(1, 10_000), st.lists(annotation, max_size=4), min_size=1, max_size=60)


def config(policy: str, train: int = 1, val: int = 1, **values: object) -> SelectionConfig:
    return SelectionConfig(classes=CLASSES, train_per_class=train, val_per_class=val, policy=policy, **values)


def alone(count: int, first: int = 1) -> dict[int, list[tuple[str, float, bool]]]:
    """So many unambiguous images of each class."""
    return {first + i: [(CLASSES[i % 3], 0.2, False)] for i in range(3 * count)}


@pytest.mark.parametrize("count", [1, 2, 4, 9])
def test_images_are_described_alike_however_many_at_a_time(
    index_factory: MakeIndex, monkeypatch: pytest.MonkeyPatch, count: int
) -> None:
    images = {number: [("cat", 0.2, False), ("ant", 0.1, True)][: 1 + number % 2] for number in (3, 5, 6, 8)}
    index = index_factory(images | alone(3, 20), CLASSES)
    whole = selection.select(index, config("random")).ledger
    monkeypatch.setattr(candidates, "BLOCK", count)
    assert selection.select(index, config("random")).ledger.equals(whole)


@pytest.mark.parametrize("policy", policies.names())
@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(images=scenes, min_area=st.sampled_from([0.0, 0.15]), crowd=st.booleans())
def test_invariants(index_factory: MakeIndex, policy: str, images: dict, min_area: float, crowd: bool) -> None:
    index = index_factory(images, [*CLASSES, "dog"])
    wanted = config(policy, min_area=min_area, crowd=crowd)
    try:
        chosen = selection.select(index, wanted)
    except ShortageError:
        return
    ledger = chosen.ledger
    held = {image for image, found in images.items() if any(name in CLASSES for name, *_ in found)}
    assert ledger["image_id"].to_list() == sorted(held), "the ledger accounts for every image, each once"
    assert set(ledger["status"]) <= {"chosen", "dropped"}
    assert all(ledger["reason"].to_list())
    counts = chosen.chosen.group_by("split", "label").len()
    assert counts.height == 2 * len(CLASSES)
    assert counts["len"].to_list() == [1] * counts.height, "exact quotas"
    for row in chosen.chosen.iter_rows(named=True):
        counting = [n for n, area, is_crowd in images[row["image_id"]] if area >= min_area and (crowd or not is_crowd)]
        assert row["label"] in counting
        assert row["label"] in row["eligible"]
    for row in ledger.iter_rows(named=True):
        assert row["annotated"] == [
            name for name in CLASSES if name in {found for found, *_ in images[row["image_id"]]}
        ]
    turned = index_factory(dict(reversed(images.items())), [*CLASSES, "dog"])
    assert selection.select(turned, wanted).ledger.drop("boxes").equals(ledger.drop("boxes")), "order does not matter"


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(images=scenes, quota=st.integers(1, 6))
def test_balanced_succeeds_wherever_another_policy_does(index_factory: MakeIndex, images: dict, quota: int) -> None:
    index = index_factory(images, [*CLASSES, "dog"])
    for policy in ("first-fit", "random", "exclusive", "dominant"):
        try:
            other = selection.select(index, config(policy, quota, 0)).chosen
        except ShortageError:
            continue
        best = selection.select(index, config("balanced", quota, 0)).chosen
        extra = [frame["annotated"].list.len().sum() for frame in (best, other)]
        assert extra[0] <= extra[1], "no policy that fills the quotas takes less ambiguous images"


def test_balanced_finds_the_only_assignment(index_factory: MakeIndex) -> None:
    images = {1: [("ant", 0.2, False), ("bee", 0.1, False)], 2: [("ant", 0.2, False)], 3: [("cat", 0.2, False)]}
    with pytest.raises(ShortageError, match="'bee' has too few images"):
        selection.select(index_factory(images, CLASSES), config("first-fit", 1, 0))
    chosen = selection.select(index_factory(images, CLASSES), config("balanced", 1, 0)).chosen
    assert chosen.select("image_id", "label").rows() == [(2, "ant"), (1, "bee"), (3, "cat")]


def test_first_fit_takes_ascending_ids_split_by_split(index_factory: MakeIndex) -> None:
    chosen = selection.select(index_factory(alone(4), CLASSES), config("first-fit", 2, 1)).chosen
    assert chosen.select("split", "label", "image_id").rows() == [
        ("train", "ant", 1),
        ("train", "ant", 4),
        ("train", "bee", 2),
        ("train", "bee", 5),
        ("train", "cat", 3),
        ("train", "cat", 6),
        ("val", "ant", 7),
        ("val", "bee", 8),
        ("val", "cat", 9),
    ]


def test_exclusive_drops_what_shows_another_class_even_as_a_crowd(index_factory: MakeIndex) -> None:
    images = {**alone(2), 50: [("ant", 0.4, False), ("bee", 0.1, True)], 51: [("ant", 0.4, False), ("dog", 0.1, False)]}
    ledger = selection.select(index_factory(images, [*CLASSES, "dog"]), config("exclusive")).ledger
    by_id = {row["image_id"]: row for row in ledger.iter_rows(named=True)}
    assert by_id[50]["reason"] == "several target classes annotated"
    assert by_id[50]["eligible"] == []
    assert by_id[51]["eligible"] == ["ant"]


def test_dominant_takes_the_larger_area_and_drops_ties(index_factory: MakeIndex) -> None:
    images = {
        **alone(2),
        50: [("ant", 0.2, False), ("ant", 0.2, False), ("bee", 0.3, False)],
        51: [("ant", 0.2, False), ("bee", 0.2, False)],
    }
    ledger = selection.select(index_factory(images, CLASSES), config("dominant")).ledger
    by_id = {row["image_id"]: row for row in ledger.iter_rows(named=True)}
    assert by_id[50]["eligible"] == ["ant"]
    assert by_id[51]["reason"] == "two target classes cover the same area"


def test_crowds_and_small_objects_make_no_candidate_unless_asked(index_factory: MakeIndex) -> None:
    images = {**alone(2), 50: [("ant", 0.4, True)], 51: [("ant", 0.01, False)]}
    index = index_factory(images, CLASSES)
    strict = selection.select(index, config("random", min_area=0.05)).ledger.filter(pl.col("image_id") >= 50)
    assert set(strict["reason"]) == {"only crowd annotations or too small"}
    loose = selection.select(index, config("random", crowd=True)).ledger.filter(pl.col("image_id") >= 50)
    assert loose["eligible"].to_list() == [["ant"], ["ant"]]


def test_the_seed_decides_the_order(index_factory: MakeIndex) -> None:
    index = index_factory(alone(40), CLASSES)
    first, again, other = (selection.select(index, config("balanced", 5, 5, seed=seed)) for seed in (0, 0, 1))
    assert first.ledger.equals(again.ledger)
    assert not first.ledger.equals(other.ledger)
    assert first.info.digest != other.info.digest


def test_boxes_are_fractions_of_the_image(index_factory: MakeIndex) -> None:
    row = selection.select(index_factory(alone(2), CLASSES), config("random")).ledger.row(0, named=True)
    box = row["boxes"][0]
    assert (box["label"], box["crowd"]) == ("ant", False)
    np.testing.assert_allclose([box[key] for key in ("x", "y", "width", "height")], [0.1, 0.2, 0.3, 0.4], rtol=1e-6)


def test_a_shortage_names_the_class_what_there_is_and_what_all_could_meet(index_factory: MakeIndex) -> None:
    images = alone(5) | {100: [("ant", 0.2, False)]}
    message = (
        "policy 'exclusive': class 'bee' has too few images: val needs 3, 2 left (5 images hold the class). "
        "The largest quota that this policy can give to every class is 5 images (train and val together; 6 were asked "
        "for). Policy 'balanced' can give 5."
    )
    with pytest.raises(ShortageError) as caught:
        selection.select(index_factory(images, CLASSES), config("exclusive", 3, 3))
    assert str(caught.value).startswith(message)


@pytest.mark.parametrize(
    ("classes", "message"),
    [
        ((), "0 target classes are given, at least two are needed"),
        (("ant",), "1 target classes are given"),
        (("ant", "bea"), r"unknown class 'bea'. Did you mean 'bee'\?"),
        (("ant", "bee", "ant"), "class 'ant' is given 2 times"),
        (("ant", "twin"), "has 2 categories named 'twin'"),
    ],
)
def test_classes_that_can_not_be_used(index_factory: MakeIndex, classes: tuple[str, ...], message: str) -> None:
    index = index_factory(alone(2), [*CLASSES, "twin", "twin"])
    with pytest.raises(SelectionError, match=message):
        selection.select(index, SelectionConfig(classes=classes, train_per_class=1, val_per_class=1))


def test_no_quota_and_no_such_policy(index_factory: MakeIndex) -> None:
    with pytest.raises(SelectionError, match="are both 0"):
        selection.select(index_factory(alone(2), CLASSES), config("balanced", 0, 0))
    with pytest.raises(ConfigError, match=r"unknown policy 'firstfit'. Did you mean 'first-fit'"):
        selection.select(index_factory(alone(2), CLASSES), config("firstfit"))


def test_a_class_without_any_image_is_a_shortage(index_factory: MakeIndex) -> None:
    images = {1: [("ant", 0.2, False)], 2: [("ant", 0.2, False)]}
    for policy in policies.names():
        with pytest.raises(ShortageError, match="0 left"):
            selection.select(index_factory(images, CLASSES), config(policy))
        with pytest.raises(ShortageError, match="0 left"):
            selection.select(index_factory({1: [("dog", 0.2, False)]}, [*CLASSES, "dog"]), config(policy))


def test_what_is_saved_comes_back(index_factory: MakeIndex, tmp_path: Path) -> None:
    chosen = selection.select(index_factory(alone(4), CLASSES), config("balanced"))
    selection.save(chosen, tmp_path / "selection")
    loaded = selection.load(tmp_path / "selection")
    assert loaded.info == chosen.info
    assert loaded.ledger.equals(chosen.ledger)
    assert pl.read_parquet(tmp_path / "selection" / "selection.parquet").equals(chosen.chosen)
    (tmp_path / "selection" / "ledger.parquet").write_bytes(b"damaged")
    with pytest.raises(StorageError, match=r"ledger.parquet was altered after it was written"):
        selection.load(tmp_path / "selection")
