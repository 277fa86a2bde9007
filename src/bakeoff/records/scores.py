"""The scores of runs and networks."""

from collections.abc import Mapping
from typing import Any

import msgspec

from bakeoff.records.architecture import Architecture
from bakeoff.records.run import RunStatus


class Interval(msgspec.Struct, frozen=True, array_like=True):
    """A confidence interval; `[low, high]` in JSON."""

    low: float
    high: float


class Estimate(msgspec.Struct, frozen=True):
    """A mean over seeds.

    Attributes:
        mean: The mean over the finished runs; null without any.
        interval: The 95 % t interval over seeds; null with fewer than two.
    """

    mean: float | None
    interval: Interval | None


class ClassScores(msgspec.Struct, frozen=True):
    """A line of the classification report; `name` is a class, "macro avg" or "weighted avg"; shares are 0 to 1."""

    name: str
    precision: float
    recall: float
    f1: float
    support: int


class RunScores(msgspec.Struct, frozen=True):
    """One run's scores on the validation split, and its training accuracy; null where the run did not finish.

    Attributes:
        seed: The run's seed.
        status: "finished", "diverged" or "failed".
        reason: Why it did not finish, else empty.
        seconds: Wall time of the training.
        train_accuracy: Share of training images predicted right, 0 to 1.
        train_interval: Its 95 % Wilson interval.
        val_accuracy: Share of validation images predicted right, 0 to 1.
        val_interval: Its 95 % Wilson interval.
        any_label_accuracy: Share of validation images in which the predicted class is annotated, 0 to 1.
        any_label_interval: Its 95 % Wilson interval.
        confusion: Counts, K x K; rows are true classes, columns predicted ones.
        report: A line a class, then "macro avg" and "weighted avg".
    """

    seed: int
    status: RunStatus
    reason: str
    seconds: float
    train_accuracy: float | None = None
    train_interval: Interval | None = None
    val_accuracy: float | None = None
    val_interval: Interval | None = None
    any_label_accuracy: float | None = None
    any_label_interval: Interval | None = None
    confusion: tuple[tuple[int, ...], ...] = ()
    report: tuple[ClassScores, ...] = ()


class NetworkScores(msgspec.Struct, frozen=True):
    """One network's scores over its seeds.

    Attributes:
        name: The network's name.
        architecture: Its layers and sizes; null where it could not be built.
        runs: Its runs, by seed.
        train_accuracy: Over the finished runs.
        val_accuracy: Over the finished runs.
        any_label_accuracy: Over the finished runs.
        seconds: Mean wall time of the finished runs; null without any.
    """

    name: str
    architecture: Architecture | None
    runs: tuple[RunScores, ...]
    train_accuracy: Estimate
    val_accuracy: Estimate
    any_label_accuracy: Estimate
    seconds: float | None


class Comparison(msgspec.Struct, frozen=True):
    """All scores of an experiment; `comparison.json`.

    Attributes:
        classes: Class names in the order of the labels.
        dataset: The data set's digest.
        counts: Images of each split.
        networks: In the experiment's order.
        pairs: Paired tests between networks.
        findings: Diagnoses.
    """

    classes: tuple[str, ...]
    dataset: str
    counts: Mapping[str, int]
    networks: tuple[NetworkScores, ...]
    pairs: tuple[Any, ...] = ()
    findings: tuple[Any, ...] = ()
    schema: int = 1
