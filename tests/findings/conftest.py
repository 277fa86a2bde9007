"""Made-up experiments for the tests of findings."""

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path

import msgspec
import numpy as np
import polars as pl
import pytest
from tests.evaluation.conftest import make_dataset, make_run

from bakeoff.data.build.dataset import Dataset
from bakeoff.evaluation.comparison import compare
from bakeoff.evaluation.results import Results
from bakeoff.models.architecture import Architecture, Layer, Traits
from bakeoff.training.run import EpochLog, Predictions, Run, RunStatus

PER_CLASS = 100
SIGNAL = {"conv1": 1.0, "conv2": 0.5, "logits": 0.2}
GRADIENTS = {"conv1": 0.3, "conv2": 0.2, "logits": 0.5}


def layers(padding: str = "", extra: int = 0, traits: Traits | None = None) -> Architecture:
    """Convolutions with that padding, and a linear layer."""
    convolution = Layer("conv", "Conv2d", f"3→16, kernel 3{padding}", (16, 8, 8), 448, False, 1000, 3)
    linear = Layer("logits", "Linear", f"{100 + len(padding)}→3", (3,), 300, False, 300, None)
    return Architecture(1000 + extra, 2000, 3, (*[convolution] * (1 + extra), linear), traits or Traits())


BLIND = layers(traits=Traits(ignores_input=True))
"""A network that stays at chance level by design."""


def guesses(labels: Sequence[int], accuracy: float, draws: np.random.Generator) -> list[int]:
    """Predictions that are right with this probability, else one of the other two classes."""
    return [int(label if draws.random() < accuracy else (label + draws.integers(1, 3)) % 3) for label in labels]


def epoch_lines(
    losses: Sequence[float] = (1.0, 0.8, 0.6),
    val_losses: Sequence[float] = (1.0, 0.9, 0.8),
    signal: Mapping[str, float] = SIGNAL,
    gradients: Mapping[str, float | None] = GRADIENTS,
    weights: Mapping[str, float] | None = None,
) -> tuple[EpochLog, ...]:
    """The state before training, then one line an epoch."""
    norms = dict.fromkeys(gradients, 2.0) if weights is None else weights
    first = EpochLog(0, None, None, math.log(3), 1 / 3, gradients, signal, 0.0, weight_norms=norms)
    return (
        first,
        *(
            EpochLog(number, loss, 0.5, val_loss, 0.5, gradients, signal, float(number))
            for number, (loss, val_loss) in enumerate(zip(losses, val_losses, strict=True), start=1)
        ),
    )


def finish(
    run: Run, log: tuple[EpochLog, ...] = (), architecture: Architecture | None = None, status: RunStatus = "finished"
) -> Run:
    """The run with a log, an architecture and a state."""
    record = msgspec.structs.replace(
        run.record, architecture=architecture or layers(), status=status, reason="" if status == "finished" else "why"
    )
    predictions = run.predictions if status == "finished" else Predictions(run.predictions.frame().clear())
    return Run(run.folder, run.spec, record, log or epoch_lines(), predictions)


def with_photos(dataset: Dataset, folder: Path, side: int = 8) -> Dataset:
    """The data set with files, and with noise for its photos."""
    draws = np.random.default_rng(0)
    for split, count in dataset.info.counts.items():
        np.save(folder / f"{split}.npy", draws.integers(0, 256, (count, side, side, 3), dtype=np.uint8))
    manifest = dataset.manifest.with_columns(
        pl.format("images/{}/{}.jpg", "split", "image_id").alias("image"),
        pl.format("{}.jpg", "image_id").alias("file_name"),
        pl.format("digest {}", "image_id").alias("source_digest"),
    )
    return replace(dataset, folder=folder, manifest=manifest)


@pytest.fixture
def dataset(tmp_path: Path) -> Dataset:
    """300 training and 300 validation photos of three classes, noise; each holds its own class only."""
    labels = [label for label in range(3) for _ in range(PER_CLASS)]
    return with_photos(make_dataset(labels, labels), tmp_path)


@pytest.fixture
def make_case() -> Callable[[Dataset, Sequence[Run]], Results]:
    """A case of these runs."""
    return compare


@pytest.fixture
def train(dataset: Dataset) -> Callable[..., list[Run]]:
    """Runs of a network: name, accuracies, seeds, the evaluated weights' loss (else the log's last), `finish`'s."""
    draws = np.random.default_rng(0)

    def make(
        name: str, val: float = 0.6, fitted: float = 0.6, seeds: int = 4, loss: float | None = None, **values: object
    ) -> list[Run]:
        labels = dataset.manifest["label"].to_list()
        half, log = len(labels) // 2, values.get("log") or epoch_lines()
        return [
            finish(
                make_run(
                    dataset,
                    guesses(labels[:half], fitted, draws) + guesses(labels[half:], val, draws),
                    network=name,
                    seed=seed,
                    loss=log[-1].train_loss if loss is None else loss,
                ),
                **values,
            )
            for seed in range(seeds)
        ]

    return make
