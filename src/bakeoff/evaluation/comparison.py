"""The scores of an experiment's runs, and its variants compared in pairs."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from itertools import combinations

import numpy as np
import polars as pl

from bakeoff.core.types import VAL
from bakeoff.data.build.dataset import Dataset
from bakeoff.evaluation.failures import outcome
from bakeoff.evaluation.pairs import Correct, PairInput, Rows, compare_pairs
from bakeoff.evaluation.predictions import (
    LabelledImages,
    Outputs,
    RunPredictions,
    Scoring,
    group,
    images_by_split,
    outputs_of,
    predictions_of,
)
from bakeoff.evaluation.results import Results
from bakeoff.evaluation.scores import Comparison, VariantScores
from bakeoff.evaluation.sequential import FIXED, Look
from bakeoff.evaluation.shared_images import images_digest
from bakeoff.evaluation.variants import precision_tables, score_variant
from bakeoff.training.run import Run, RunSpec

Shared = Callable[[RunSpec, str], pl.DataFrame | None]
"""Gives what a run predicts for the shared images of a digest (see `shared_images`), None if that is not known."""

MARGIN = 0.01
"""One point: less than what the choice of 1,000 validation photos alone changes."""


def _no_shared(_spec: RunSpec, _images: str) -> None:
    return None


def compare(
    dataset: Dataset,
    runs: Sequence[Run],
    *,
    others: Iterable[Dataset] = (),
    shared: Shared = _no_shared,
    pairs: Iterable[tuple[str, str]] | None = None,
    margin: float = MARGIN,
    looks: Sequence[Look] = FIXED,
) -> Results:
    """Scores the runs of variants, each on the data set it was trained on, and compares the variants in pairs.

    Two variants with the same validation images are compared on these, others on the images that `shared` knows.

    Args:
        dataset: The experiment's data set.
        runs: In the order of the report; the runs of one variant need not be adjacent.
        others: Data sets of variants that change the data.
        shared: What runs predict for images that are new to two data sets.
        pairs: Names of the variants to compare, first and second; every two of them where None. Holm's correction is
            over these.
        margin: The difference, a fraction, below which two variants count as equivalent.
        looks: How the seeds were added.

    Returns:
        The comparison, variants in the order of their first run, and what it was made from.

    Raises:
        StorageError: A run's predictions are not those of its data set's images, or two runs are the same.
    """
    datasets = {own.info.digest: own for own in (*others, dataset)}
    specs = {(run.spec.variant, run.spec.seed): run.spec for run in runs}
    scoring = _scoring(runs)
    by_variant = group([predictions_of(run, datasets.get(run.spec.dataset, dataset), scoring) for run in runs])
    homes = {name: datasets.get(specs[name, own[0].seed].dataset, dataset) for name, own in by_variant.items()}
    by_data = {digest: images_by_split(own) for digest, own in datasets.items()}
    images = {name: by_data[home.info.digest] for name, home in homes.items()}
    classes = dataset.info.classes
    scores = {name: score_variant(name, own, images[name], classes) for name, own in by_variant.items()}

    def pair_input(first: str, second: str) -> PairInput:
        if scores[first].images == scores[second].images:
            return pair_of(scores[first], scores[second], by_variant, images[first][VAL])
        digest = images_digest(*(homes[name].info.digest for name in (first, second)))
        own, other = (_shared_correct(by_variant[name], specs, shared, digest, scoring) for name in (first, second))
        return PairInput((first, second), own, other, failures=(scores[first].failures, scores[second].failures))

    wanted = combinations(by_variant, 2) if pairs is None else pairs
    compared, power = compare_pairs([pair_input(*names) for names in wanted], margin, looks)
    comparison = Comparison(
        classes=classes,
        dataset=dataset.info.digest,
        counts=dataset.info.counts,
        networks=tuple(scores.values()),
        pairs=compared,
        margin=margin,
        power=power,
        scoring=scoring,
    )
    return Results(comparison, by_variant, {name: own[VAL] for name, own in images.items()}, dataset, runs)


def compare_predictions(
    runs: Sequence[RunPredictions], images: LabelledImages, classes: tuple[str, ...], margin: float = MARGIN
) -> Results:
    """The same for predictions of any framework, all for the same images; arguments as of `compare`."""
    by_variant = group(runs)
    scores = {name: score_variant(name, own, {VAL: images}, classes) for name, own in by_variant.items()}
    pairs = [pair_of(scores[one], scores[two], by_variant, images) for one, two in combinations(by_variant, 2)]
    compared, power = compare_pairs(pairs, margin)
    counts = {VAL: len(images.labels)}
    comparison = Comparison(classes, "", counts, tuple(scores.values()), compared, margin, power)
    return Results(comparison, by_variant, dict.fromkeys(by_variant, images))


def pair_of(
    first: VariantScores, second: VariantScores, runs: Mapping[str, Sequence[RunPredictions]], images: LabelledImages
) -> PairInput:
    """Two variants that were validated on the same images."""
    one, two = (correct_by_seed(runs[own.name], own) for own in (first, second))
    precisions = tuple(precision_by_seed(runs[own.name], own, images) for own in (first, second))
    return PairInput(
        (first.name, second.name), one, two, images.clusters, (first.failures, second.failures), precisions
    )


def correct_by_seed(runs: Sequence[RunPredictions], scores: VariantScores) -> Correct:
    """What the trained runs of a variant predict correctly of the validation images."""
    return {seed: own.correct for seed, own in _validated(runs, scores).items()}


def precision_by_seed(runs: Sequence[RunPredictions], scores: VariantScores, images: LabelledImages) -> Rows:
    """What each validation image adds to the mean average precision of the trained runs of a variant."""
    tables = {seed: list(precision_tables([own], images).values()) for seed, own in _validated(runs, scores).items()}
    return {seed: np.mean(own, axis=0)[0] for seed, own in tables.items() if own}


def _validated(runs: Sequence[RunPredictions], scores: VariantScores) -> dict[int, Outputs]:
    trained = {run.seed for run in scores.trained}
    return {run.seed: run.splits[VAL] for run in runs if run.seed in trained and len(run.splits[VAL].labels)}


def _scoring(runs: Sequence[Run]) -> Scoring:
    tasks = {run.spec.recipe.task for run in runs}
    if tasks == {"multilabel"}:
        return "exact match"
    return "label and ranks" if "multilabel" in tasks else "label"


def _shared_correct(
    runs: Sequence[RunPredictions],
    specs: Mapping[tuple[str, int], RunSpec],
    shared: Shared,
    digest: str,
    scoring: Scoring,
) -> Correct:
    """What is predicted correctly of shared images, which show one class each."""
    tables = {run.seed: shared(specs[run.variant, run.seed], digest) for run in runs if outcome(run)[0] == "trained"}
    found = {seed: table for seed, table in tables.items() if table is not None and table.height}
    if scoring == "exact match":
        found = {seed: table.with_columns(predicted=pl.col("only").fill_null(-1)) for seed, table in found.items()}
    return {seed: outputs_of(table).correct for seed, table in found.items()}
