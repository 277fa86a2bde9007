"""Images on the device, or in files: a network learns the same from both."""

from pathlib import Path

import msgspec
import numpy as np
import pytest
import torch

from bakeoff.core.types import TRAIN, VAL
from bakeoff.data.build.dataset import Dataset
from bakeoff.training import held
from bakeoff.training.batches import Split
from bakeoff.training.held import Streamed, hold
from bakeoff.training.holdout import score
from bakeoff.training.run import WEIGHTS, RunSpec
from bakeoff.training.train import train
from bakeoff.training.trained import probabilities

CPU = torch.device("cpu")


@pytest.fixture
def streamed(monkeypatch: pytest.MonkeyPatch) -> None:
    """No split fits into memory."""
    monkeypatch.setattr(held, "IN_MEMORY", 0)


def test_what_fits_is_held(dataset: Dataset) -> None:
    images = hold(dataset.shards(TRAIN).take(np.array([5, 3])), CPU)
    assert isinstance(images, torch.Tensor)
    np.testing.assert_array_equal(images, dataset.images[TRAIN][[5, 3]])


@pytest.mark.usefixtures("streamed")
def test_what_does_not_fit_is_read_batch_by_batch(dataset: Dataset) -> None:
    rows, whole = np.arange(0, 60, 2), dataset.images[TRAIN]
    split = Split(dataset.shards(TRAIN).take(rows), dataset.labels[TRAIN][rows], CPU)
    assert isinstance(split.images, Streamed)
    assert split.images.shape == (30, 16, 16, 3)
    assert not split.on_device
    np.testing.assert_array_equal(split.images[torch.tensor([7, 0])], whole[[14, 0]])
    np.testing.assert_array_equal(split.images[2:5], whole[4:10:2])


@pytest.mark.parametrize("changes", [{}, {"holdout_fraction": 0.2}, {"train_fraction": 0.5, "task": "multilabel"}])
def test_a_run_is_the_same_to_the_bit(
    dataset: Dataset, spec: RunSpec, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, changes: dict[str, object]
) -> None:
    spec = msgspec.structs.replace(spec, recipe=msgspec.structs.replace(spec.recipe, random_crop=True, **changes))
    first = train(spec, dataset, tmp_path / "memory")
    monkeypatch.setattr(held, "IN_MEMORY", 0)
    second = train(spec, dataset, tmp_path / "files")
    assert first.predictions.table.equals(second.predictions.table)
    assert (first.folder / WEIGHTS).read_bytes() == (second.folder / WEIGHTS).read_bytes()
    assert score(second, dataset, np.arange(4)) == score(first, dataset, np.arange(4))
    given = probabilities(first, dataset.images[VAL], "cpu")
    np.testing.assert_array_equal(probabilities(second, dataset.shards(VAL), "cpu"), given)
