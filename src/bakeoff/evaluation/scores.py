"""The scores of runs and networks."""

from collections.abc import Mapping
from typing import Literal

import msgspec
import polars as pl

from bakeoff.core.display import Displayed
from bakeoff.core.types import Estimate, Interval
from bakeoff.evaluation.calibration import Calibration
from bakeoff.evaluation.failures import FailureRate, Outcome
from bakeoff.evaluation.power import Power, VarianceParts
from bakeoff.evaluation.predictions import Scoring
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
        outcome: What it is counted as: "trained", "did not learn" or "did not run".
        reason: Why it did not finish, or the signs that it did not learn; else empty.
        seconds: Wall time of the training; None where that is not known.
        train_accuracy: Fraction of training images predicted correctly, 0 to 1.
        val_accuracy: Fraction of validation images predicted correctly, 0 to 1.
        val_interval: Its 95 % interval over images: what other images could give this trained network.
        any_label_accuracy: Fraction of validation images in which the predicted class is annotated, 0 to 1; None where
            it is not known what else the images hold.
        any_label_interval: Its 95 % interval over images.
        test_accuracy: Fraction of test images predicted correctly, 0 to 1; None without a test split.
        test_interval: Its 95 % interval over images.
        confusion: Counts, K x K; rows are true classes, columns predicted ones.
        annotated_too: The part of `confusion` in which the predicted class is annotated in the image: K x K counts; on
            the diagonal the correct predictions. Empty where that is not known.
        report: One row per class, then "macro avg" and "weighted avg".
    """

    seed: int
    status: RunStatus
    outcome: Outcome
    reason: str
    seconds: float | None
    train_accuracy: float | None = None
    val_accuracy: float | None = None
    val_interval: Interval | None = None
    any_label_accuracy: float | None = None
    any_label_interval: Interval | None = None
    test_accuracy: float | None = None
    test_interval: Interval | None = None
    confusion: tuple[tuple[int, ...], ...] = ()
    annotated_too: tuple[tuple[int, ...], ...] = ()
    report: tuple[ClassScores, ...] = ()


NOTHING = Estimate(None, None)


class ClassEstimates(msgspec.Struct, frozen=True):
    """Precision, recall and F1 of a class over the trained runs, with 95 % intervals; and its validation images.

    Average precision where some networks were trained on all classes of an image.
    """

    name: str
    precision: Estimate
    recall: Estimate
    f1: Estimate
    support: int
    average_precision: Estimate = NOTHING


class VariantScores(msgspec.Struct, frozen=True):
    """One variant's scores over its seeds: means over the runs that trained, with intervals over seeds and images.

    Attributes:
        name: The variant's name.
        architecture: Its layers and sizes; None where it could not be built, or is not known.
        runs: Its runs, by seed.
        failures: How often it fails to train.
        images: Digest of the validation images that it is scored on; scores on other images do not compare.
        train_accuracy: Its interval is over seeds alone: of the training images as they are.
        val_accuracy: Of the validation images.
        any_label_accuracy: Of the validation images.
        test_accuracy: Of the test images.
        balanced_accuracy: Mean recall over classes.
        macro_f1: Mean F1 over classes.
        top5_accuracy: How often the label is among the five most likely classes; nothing with five classes or fewer.
        mean_average_precision: Mean average precision over classes (mAP), of the images by what is annotated in them;
            nothing where no network was trained on all classes of an image.
        nll: Mean negative log-likelihood of the labels, in nats; nothing where probabilities are not known.
        calibration: None where probabilities are not known.
        classes: Scores per class.
        variance: What a mean accuracy's variance comes from, as fractions of it that add up to 1: the seeds, the
            images, the rest. None with one seed.
        seconds: Mean wall time of the finished runs; None without any.
        weights_bytes: Of its parameters and buffers; None where that is not known.
    """

    name: str
    architecture: Architecture | None
    runs: tuple[RunScores, ...]
    failures: FailureRate
    images: str = ""
    train_accuracy: Estimate = NOTHING
    val_accuracy: Estimate = NOTHING
    any_label_accuracy: Estimate = NOTHING
    test_accuracy: Estimate = NOTHING
    balanced_accuracy: Estimate = NOTHING
    macro_f1: Estimate = NOTHING
    top5_accuracy: Estimate = NOTHING
    mean_average_precision: Estimate = NOTHING
    nll: Estimate = NOTHING
    calibration: Calibration | None = None
    classes: tuple[ClassEstimates, ...] = ()
    variance: VarianceParts | None = None
    seconds: float | None = None
    weights_bytes: int | None = None

    @property
    def trained(self) -> tuple[RunScores, ...]:
        """The runs that count in its means."""
        return tuple(run for run in self.runs if run.outcome == "trained")


class SeedTest(msgspec.Struct, frozen=True):
    """Two runs with one seed on the same images.

    Attributes:
        seed: The seed of both.
        only_first: Images that only the first variant predicted correctly.
        only_second: Images that only the second predicted correctly.
        p_value: Of the exact McNemar test that both are equally often correct alone.
    """

    seed: int
    only_first: int
    only_second: int
    p_value: float


Verdict = Literal["second better", "first better", "equivalent", "undecided", "not applicable"]


class PairScores(msgspec.Struct, frozen=True):
    """Two variants compared on the same images and the same seeds, those with which both trained.

    Attributes:
        first: The variant that is first in the experiment.
        second: The other one.
        seeds: The seeds with which both trained.
        images: Validation images.
        difference: Mean validation accuracy of the second minus the first, over the seeds; None without a common seed.
        tests: The exact McNemar test of each seed.
        interval: Its 95 % interval over seeds and images, within -1 and 1; None with fewer than two seeds.
        p_value: The probability, if there were no difference, of one at least as large; None with fewer than two seeds.
        adjusted_p: The p value after Holm's correction over all pairs; None likewise.
        equivalence_p: The larger p value of the two one-sided tests that the difference is beyond the margin.
        adjusted_equivalence_p: The same after Holm's correction over all pairs.
        verdict: "second better" or "first better" where `adjusted_p` is below 5 %; else "equivalent" where
            `adjusted_equivalence_p` is; else "undecided". "not applicable" with fewer than two seeds.
        within_margin: Whether the equivalence test decided, too: then the difference is real, but below the margin.
        improvement: Probability that a run of the second has a higher accuracy than one of the first, ties counted half
            (Agarwal et al., Deep Reinforcement Learning at the Edge of the Statistical Precipice, 2021).
        precision_difference: Mean average precision of the second minus the first, with its 95 % interval over seeds
            and images; nothing where it is not measured.
        failure_p: Fisher's exact test that both fail to train equally often, after Holm's correction over all pairs.
        variance: Of the difference; None with fewer than two seeds.
        statement: The verdict in words.
    """

    first: str
    second: str
    seeds: tuple[int, ...]
    images: int
    difference: float | None
    tests: tuple[SeedTest, ...] = ()
    interval: Interval | None = None
    p_value: float | None = None
    adjusted_p: float | None = None
    equivalence_p: float | None = None
    adjusted_equivalence_p: float | None = None
    verdict: Verdict = "not applicable"
    within_margin: bool = False
    improvement: float | None = None
    precision_difference: Estimate = NOTHING
    failure_p: float | None = None
    variance: VarianceParts | None = None
    statement: str = ""


class Comparison(Displayed, msgspec.Struct, frozen=True):
    """All scores of an experiment; `comparison.json`.

    Attributes:
        classes: Class names in the order of the labels.
        dataset: The data set's digest.
        counts: Images of each split.
        networks: In the experiment's order.
        pairs: Every two networks compared.
        margin: The difference, a fraction, below which two variants count as equivalent.
        power: What the experiment could have told apart; None where no pair was tested.
        scoring: What counts as correct in every accuracy.
    """

    classes: tuple[str, ...]
    dataset: str
    counts: Mapping[str, int]
    networks: tuple[VariantScores, ...]
    pairs: tuple[PairScores, ...] = ()
    margin: float = 0.01
    power: Power | None = None
    scoring: Scoring = "label"
    schema: int = 3

    @property
    def comparable(self) -> tuple[VariantScores, ...]:
        """The variants whose scores can be ranked: those on the images that most are scored on, in a tie the first."""
        images = [network.images for network in self.networks]
        return tuple(network for network in self.networks if network.images == max(images, key=images.count))

    def frame(self) -> pl.DataFrame:
        """One row per variant: name, parameters, runs, trained, seconds, and of each score mean, low and high.

        Scores are means over the runs that trained, None where there are none.
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


ESTIMATES = (
    *("train_accuracy", "val_accuracy", "any_label_accuracy", "test_accuracy", "balanced_accuracy", "macro_f1"),
    *("top5_accuracy", "mean_average_precision", "nll"),
)
RUN_FIELDS = (
    *("seed", "status", "outcome", "reason", "seconds", "train_accuracy", "val_accuracy", "val_interval"),
    *("any_label_accuracy", "any_label_interval", "test_accuracy", "test_interval"),
)
PAIR_FIELDS = (
    *("first", "second", "seeds", "images", "difference", "interval", "p_value", "adjusted_p"),
    *("equivalence_p", "adjusted_equivalence_p", "verdict", "within_margin", "improvement", "failure_p"),
)


def _variant_row(network: VariantScores) -> dict[str, object]:
    estimates = {name: getattr(network, name) for name in ESTIMATES}
    return {
        "name": network.name,
        "parameters": network.architecture.parameters if network.architecture else None,
        "runs": len(network.runs),
        "trained": len(network.trained),
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
