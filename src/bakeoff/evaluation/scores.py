"""The scores of runs and networks."""

from collections.abc import Mapping
from typing import Literal

import msgspec
import polars as pl

from bakeoff.core.types import Estimate, Interval
from bakeoff.models.architecture import Architecture
from bakeoff.training.run import RunStatus


class ClassScores(msgspec.Struct, frozen=True):
    """A row of the classification report; `name` is a class, "macro avg" or "weighted avg"; fractions, 0 to 1."""

    name: str
    precision: float
    recall: float
    f1: float
    support: int


class RunScores(msgspec.Struct, frozen=True):
    """One run's scores on the validation split, and its training accuracy; None where the run did not finish.

    Attributes:
        seed: The run's seed.
        status: "finished", "diverged" or "failed".
        reason: Why it did not finish, else empty.
        seconds: Wall time of the training.
        train_accuracy: Fraction of training images predicted correctly, 0 to 1.
        train_interval: Its 95 % Wilson interval.
        val_accuracy: Fraction of validation images predicted correctly, 0 to 1.
        val_interval: Its 95 % Wilson interval.
        any_label_accuracy: Fraction of validation images in which the predicted class is annotated, 0 to 1.
        any_label_interval: Its 95 % Wilson interval.
        test_accuracy: Fraction of test images predicted correctly, 0 to 1; None without a test split.
        test_interval: Its 95 % Wilson interval.
        confusion: Counts, K x K; rows are true classes, columns predicted ones.
        annotated_too: The part of `confusion` in which the predicted class is annotated in the photo: K x K counts; on
            the diagonal the right predictions.
        report: One row per class, then "macro avg" and "weighted avg".
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
    test_accuracy: float | None = None
    test_interval: Interval | None = None
    confusion: tuple[tuple[int, ...], ...] = ()
    annotated_too: tuple[tuple[int, ...], ...] = ()
    report: tuple[ClassScores, ...] = ()


class VariantScores(msgspec.Struct, frozen=True):
    """One network's scores over its seeds.

    Attributes:
        name: The network's name.
        architecture: Its layers and sizes; None where it could not be built.
        runs: Its runs, by seed.
        train_accuracy: Over the finished runs.
        val_accuracy: Over the finished runs.
        any_label_accuracy: Over the finished runs.
        seconds: Mean wall time of the finished runs; None without any.
        test_accuracy: Over the finished runs; None without a test split.
    """

    name: str
    architecture: Architecture | None
    runs: tuple[RunScores, ...]
    train_accuracy: Estimate
    val_accuracy: Estimate
    any_label_accuracy: Estimate
    seconds: float | None
    test_accuracy: Estimate = Estimate(None, None)


class SeedTest(msgspec.Struct, frozen=True):
    """Two runs with one seed on the same photos.

    Attributes:
        seed: The seed of both.
        only_first: Photos that only the first network predicted right.
        only_second: Photos that only the second predicted right.
        p_value: Of the exact McNemar test that both are equally often right alone.
    """

    seed: int
    only_first: int
    only_second: int
    p_value: float


Verdict = Literal["second better", "first better", "not distinguishable", "not applicable"]


class PairScores(msgspec.Struct, frozen=True):
    """Two networks compared on the same photos and the same seeds.

    Attributes:
        first: The network that is first in the experiment.
        second: The other one.
        seeds: The seeds for which both finished.
        images: Validation photos.
        difference: Mean validation accuracy of the second minus the first, over the seeds; None without a common seed.
        tests: The exact McNemar test of each seed.
        interval: Its 95 % interval over seeds and photos; None with fewer than two seeds.
        p_value: The probability, if there were no difference, of one at least as large; None with fewer than two seeds.
        adjusted_p: The p value after Holm's correction over all pairs; None with fewer than two seeds.
        verdict: By the adjusted p value at 5 %; "not applicable" with fewer than two seeds.
        detectable: The smallest true difference that this experiment would separate with 80 % power; None likewise.
        seeds_needed: About how many seeds would separate a difference of this size with 80 % power; None where no
            number of seeds would on so many photos, or it can't be said.
        images_needed: About how many photos would with these seeds; None likewise.
        statement: The verdict in words.
    """

    first: str
    second: str
    seeds: tuple[int, ...]
    images: int
    difference: float | None
    tests: tuple[SeedTest, ...]
    interval: Interval | None = None
    p_value: float | None = None
    adjusted_p: float | None = None
    verdict: Verdict = "not applicable"
    detectable: float | None = None
    seeds_needed: int | None = None
    images_needed: int | None = None
    statement: str = ""


class Comparison(msgspec.Struct, frozen=True):
    """All scores of an experiment; `comparison.json`.

    Attributes:
        classes: Class names in the order of the labels.
        dataset: The data set's digest.
        counts: Images of each split.
        networks: In the experiment's order.
        pairs: Every two networks compared.
    """

    classes: tuple[str, ...]
    dataset: str
    counts: Mapping[str, int]
    networks: tuple[VariantScores, ...]
    pairs: tuple[PairScores, ...] = ()
    schema: int = 2

    def frame(self) -> pl.DataFrame:
        """One row per variant: name, parameters, runs, finished, seconds, and of each accuracy mean, low and high.

        Accuracies are fractions over the finished runs, None where there are none.
        """
        return pl.DataFrame([_variant_row(network) for network in self.networks], infer_schema_length=None)

    def runs_frame(self) -> pl.DataFrame:
        """One row per run: its variant and seed, how it ended, and its accuracies with their 95 % intervals."""
        rows = [
            {"variant": network.name, **_flat({name: getattr(run, name) for name in RUN_FIELDS})}
            for network in self.networks
            for run in network.runs
        ]
        return pl.DataFrame(rows, infer_schema_length=None)

    def pairs_frame(self) -> pl.DataFrame:
        """One row per pair: first, second, seeds, images, the difference with its interval, p values, verdict."""
        rows = [
            _flat({**{name: getattr(pair, name) for name in PAIR_FIELDS}, "seeds": len(pair.seeds)})
            for pair in self.pairs
        ]
        return pl.DataFrame(rows, infer_schema_length=None)


ACCURACIES = ("train_accuracy", "val_accuracy", "any_label_accuracy", "test_accuracy")
RUN_FIELDS = (
    *("seed", "status", "reason", "seconds", "train_accuracy", "train_interval", "val_accuracy", "val_interval"),
    *("any_label_accuracy", "any_label_interval", "test_accuracy", "test_interval"),
)
PAIR_FIELDS = (
    *("first", "second", "seeds", "images", "difference", "interval", "p_value", "adjusted_p", "verdict"),
    *("detectable", "seeds_needed", "images_needed"),
)


def _variant_row(network: VariantScores) -> dict[str, object]:
    estimates = {name: getattr(network, name) for name in ACCURACIES}
    return {
        "name": network.name,
        "parameters": network.architecture.parameters if network.architecture else None,
        "runs": len(network.runs),
        "finished": sum(run.status == "finished" for run in network.runs),
        "seconds": network.seconds,
        **{
            key: value
            for name, estimate in estimates.items()
            for key, value in {name: estimate.mean, **_flat({f"{name}_interval": estimate.interval})}.items()
        },
    }


def _flat(row: Mapping[str, object]) -> dict[str, object]:
    """The row with two columns instead of an interval: its low and its high end."""
    flat: dict[str, object] = {}
    for name, value in row.items():
        if name.endswith("interval"):
            bounds = value if isinstance(value, Interval) else None
            stem = name.removesuffix("interval")
            flat |= {f"{stem}low": bounds and bounds.low, f"{stem}high": bounds and bounds.high}
        else:
            flat[name] = value
    return flat
