"""What a run did not see, and how well it does there."""

from pathlib import Path

import msgspec
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bakeoff.core.types import TRAIN
from bakeoff.data.build.dataset import Dataset
from bakeoff.training.batches import subset
from bakeoff.training.holdout import score, unseen
from bakeoff.training.run import Run, RunSpec
from bakeoff.training.train import train


class Labels:
    """A data set of labels alone."""

    def __init__(self, labels: list[int]) -> None:
        self.labels = {TRAIN: np.array(labels)}


@given(st.lists(st.integers(0, 3), min_size=1, max_size=60), st.floats(0.1, 1.0), st.floats(0.01, 0.5))
def test_the_two_parts_share_nothing_and_make_the_whole(labels: list[int], fraction: float, holdout: float) -> None:
    part = fraction * (1 - holdout)
    rows = unseen(Labels(labels), fraction, part)
    learned = subset(np.array(labels), part)
    assert not {*rows} & {*learned}
    assert {*rows} | {*learned} == {*subset(np.array(labels), fraction)}


def test_a_run_is_scored_on_the_images_that_it_did_not_see(dataset: Dataset, spec: RunSpec, tmp_path: Path) -> None:
    recipe = msgspec.structs.replace(spec.recipe, train_fraction=0.75, epochs=4)
    run = train(msgspec.structs.replace(spec, recipe=recipe), dataset, tmp_path / "run")
    rows = unseen(dataset, 1.0, 0.75)
    assert len(rows) == 15
    seen = run.predictions.of(TRAIN)["image_id"].to_list()
    assert not {*dataset.rows(TRAIN)["image_id"][rows]} & {*seen}
    accuracy, loss = score(run, dataset, rows)
    assert (accuracy, loss) == score(run, dataset, rows)
    assert accuracy > 0.6
    assert 0 < loss < 1.5
    assert_as_the_run_says(run, dataset)


def test_all_classes_of_an_image_have_to_be_predicted(dataset: Dataset, spec: RunSpec, tmp_path: Path) -> None:
    recipe = msgspec.structs.replace(spec.recipe, train_fraction=0.75, epochs=4, task="multilabel")
    run = train(msgspec.structs.replace(spec, recipe=recipe), dataset, tmp_path / "run")
    assert_as_the_run_says(run, dataset)


def assert_as_the_run_says(run: Run, dataset: Dataset) -> None:
    """On the images that it saw the scores are those of its stored predictions."""
    learned = subset(dataset.labels[TRAIN], 0.75)
    own = run.predictions.of(TRAIN)
    right = own["label"] == own["predicted"]
    if run.spec.recipe.task == "multilabel":
        right = ((np.array(own["logits"].to_list()) > 0) == dataset.present(TRAIN)[learned]).all(axis=1)
    assert 0 < score(run, dataset, learned)[0] == pytest.approx(right.mean())
    assert score(run, dataset, learned)[1] == pytest.approx(own["loss"].mean(), rel=1e-5)
