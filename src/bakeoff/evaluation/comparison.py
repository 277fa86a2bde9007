"""The scores of an experiment's runs."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from itertools import combinations

import msgspec
import numpy as np
import numpy.typing as npt
import polars as pl
from sklearn.metrics import classification_report, confusion_matrix

from bakeoff.core.errors import StorageError
from bakeoff.core.types import TEST, TRAIN, VAL
from bakeoff.data.build.dataset import Dataset
from bakeoff.evaluation.intervals import over_seeds, wilson
from bakeoff.evaluation.pairs import adjust, compare_two
from bakeoff.evaluation.scores import ClassScores, Comparison, PairScores, RunScores, VariantScores
from bakeoff.evaluation.shared_images import images_digest
from bakeoff.training.run import Run, RunSpec

Correct = dict[int, npt.NDArray[np.bool_]]
"""By seed of the finished runs, bool (N,): which images were predicted correctly."""

Shared = Callable[[RunSpec, str], pl.DataFrame | None]
"""Gives what a run predicts for the shared images of a digest (see `shared_images`), None if that is not known."""


def _no_shared(_spec: RunSpec, _images: str) -> None:
    return None


def compare(
    dataset: Dataset,
    runs: Sequence[Run],
    *,
    others: Iterable[Dataset] = (),
    shared: Shared = _no_shared,
    pairs: Iterable[tuple[str, str]] | None = None,
) -> Comparison:
    """Scores the runs of variants, each on the data set it was trained on, and compares the variants in pairs.

    Two variants with the same validation images are compared on these, others on the images that `shared` knows.

    Args:
        dataset: The experiment's data set.
        runs: In the order of the report; the runs of one variant need not be adjacent.
        others: Data sets of variants that change the data.
        shared: What runs predict for images that are new to two data sets.
        pairs: Names of the variants to compare, first and second; every two of them where None. Holm's correction is
            over these.

    Returns:
        The comparison; variants in the order of their first run.

    Raises:
        StorageError: A run's predictions are not those of its data set's images, or two runs are the same.
    """
    by_variant = group(runs)
    datasets = {own.info.digest: own for own in (*others, dataset)}
    scores = (_score_variant(name, own, datasets.get(own[0].spec.dataset, dataset)) for name, own in by_variant.items())
    return Comparison(
        classes=dataset.info.classes,
        dataset=dataset.info.digest,
        counts=dataset.info.counts,
        networks=tuple(scores),
        pairs=compare_variants(by_variant, combinations(by_variant, 2) if pairs is None else pairs, shared),
    )


def compare_variants(
    runs: Mapping[str, Sequence[Run]], pairs: Iterable[tuple[str, str]], shared: Shared = _no_shared
) -> tuple[PairScores, ...]:
    """Compares these pairs of variants, with Holm's correction over them; arguments as of `compare`."""
    tables = ((names, *correct_in_both(runs[names[0]], runs[names[1]], shared)) for names in pairs)
    return tuple(adjust([compare_two(*table) for table in tables]))


def group(runs: Sequence[Run]) -> dict[str, list[Run]]:
    """The runs by variant, in the order of each variant's first run.

    Raises:
        StorageError: Two runs are the same.
    """
    by_variant: dict[str, list[Run]] = {}
    for run in runs:
        own = by_variant.setdefault(run.spec.variant, [])
        if twin := next((other for other in own if other.spec.seed == run.spec.seed), None):
            raise StorageError(
                f"{twin.folder} and {run.folder} are both {run.spec.variant} with seed {run.spec.seed}; remove the one "
                "that was copied and train again."
            )
        own.append(run)
    return by_variant


def correct_in_both(
    first: Sequence[Run], second: Sequence[Run], shared: Shared = _no_shared
) -> tuple[Correct, Correct]:
    """Which images the runs of two variants predict correctly, of those that both are scored on."""
    own = [{run.spec.seed: run.predictions.of(VAL) for run in runs if run.finished} for runs in (first, second)]
    if not _same_images(*own):
        images = images_digest(first[0].spec.dataset, second[0].spec.dataset)
        own = [
            {run.spec.seed: table for run in runs if run.finished if (table := shared(run.spec, images)) is not None}
            for runs in (first, second)
        ]
    return _correct(own[0]), _correct(own[1])


def _correct(tables: Mapping[int, pl.DataFrame]) -> Correct:
    return {seed: (table["predicted"] == table["label"]).to_numpy() for seed, table in tables.items() if table.height}


def _same_images(first: Mapping[int, pl.DataFrame], second: Mapping[int, pl.DataFrame]) -> bool:
    """Whether two variants have the same validation images, or one of them has no run."""
    one, two = (next(iter(tables.values()), None) for tables in (first, second))
    return one is None or two is None or one.select("image_id", "label").equals(two.select("image_id", "label"))


def _score_variant(name: str, runs: Sequence[Run], dataset: Dataset) -> VariantScores:
    scores = tuple(score_run(run, dataset) for run in sorted(runs, key=lambda run: run.spec.seed))
    finished = [run for run in scores if run.status == "finished"]
    return VariantScores(
        name=name,
        architecture=next((run.record.architecture for run in runs if run.record.architecture), None),
        runs=scores,
        train_accuracy=over_seeds([run.train_accuracy for run in finished if run.train_accuracy is not None]),
        val_accuracy=over_seeds([run.val_accuracy for run in finished if run.val_accuracy is not None]),
        any_label_accuracy=over_seeds(
            [run.any_label_accuracy for run in finished if run.any_label_accuracy is not None]
        ),
        test_accuracy=over_seeds([run.test_accuracy for run in finished if run.test_accuracy is not None]),
        seconds=float(np.mean([run.seconds for run in finished])) if finished else None,
    )


def score_run(run: Run, dataset: Dataset) -> RunScores:
    """The scores of one run.

    Raises:
        StorageError: Its predictions are not those of this data set's images.
    """
    state = RunScores(run.spec.seed, run.record.status, run.record.reason, run.record.seconds)
    if not run.finished:
        return state
    train, val = (_predictions(run, dataset, split) for split in (TRAIN, VAL))
    train_right = int((train["predicted"] == train["label"]).sum())
    scored = msgspec.structs.replace(
        state, train_accuracy=train_right / train.height, train_interval=wilson(train_right, train.height)
    )
    if TEST in dataset.info.counts:
        test = _predictions(run, dataset, TEST)
        test_right = int((test["predicted"] == test["label"]).sum())
        scored = msgspec.structs.replace(
            scored, test_accuracy=test_right / test.height, test_interval=wilson(test_right, test.height)
        )
    return _with_validation(scored, val, dataset) if val.height else scored


def _with_validation(scores: RunScores, val: pl.DataFrame, dataset: Dataset) -> RunScores:
    classes = dataset.info.classes
    labels, predicted = val["label"].to_numpy(), val["predicted"].to_numpy()
    right = int((labels == predicted).sum())
    annotated = dataset.rows(VAL)["annotated"].to_list()
    present = np.array(
        [classes[guess] in held for guess, held in zip(predicted, annotated, strict=True)], dtype=np.bool_
    )
    any_label = int(present.sum())
    confusion = confusion_matrix(labels, predicted, labels=range(len(classes)))
    annotated_too = np.zeros_like(confusion)
    np.add.at(annotated_too, (labels[present], predicted[present]), 1)
    return msgspec.structs.replace(
        scores,
        val_accuracy=right / val.height,
        val_interval=wilson(right, val.height),
        any_label_accuracy=any_label / val.height,
        any_label_interval=wilson(any_label, val.height),
        confusion=_counts(confusion),
        annotated_too=_counts(annotated_too),
        report=_report(labels, predicted, classes),
    )


def _counts(matrix: npt.NDArray[np.int64]) -> tuple[tuple[int, ...], ...]:
    return tuple(tuple(int(count) for count in row) for row in matrix)


def _report(labels: object, predicted: object, classes: Sequence[str]) -> tuple[ClassScores, ...]:
    """scikit-learn's classification report; a score that is undefined (a class never predicted) is 0."""
    numbers = classification_report(labels, predicted, labels=range(len(classes)), output_dict=True, zero_division=0)
    names = {str(label): name for label, name in enumerate(classes)}
    wanted = [*names, "macro avg", "weighted avg"]
    return tuple(
        ClassScores(
            name=names.get(key, key),
            precision=float(numbers[key]["precision"]),
            recall=float(numbers[key]["recall"]),
            f1=float(numbers[key]["f1-score"]),
            support=int(numbers[key]["support"]),
        )
        for key in wanted
    )


def _predictions(run: Run, dataset: Dataset, split: str) -> pl.DataFrame:
    """The run's predictions of a split: those of the data set's images in order, or of those it learned from."""
    own, rows = run.predictions.of(split), dataset.rows(split)
    if split == TRAIN and (run.spec.recipe.train_fraction < 1 or run.spec.recipe.holdout_fraction):
        rows = rows.join(own.select("image_id"), on="image_id", how="semi", maintain_order="left")
    same = run.spec.dataset == dataset.info.digest and own.select("image_id", "label").equals(
        rows.select("image_id", "label")
    )
    if not same:
        raise StorageError(
            f"the run in {run.folder} was made on another data set than {dataset.folder}; train it again."
        )
    return own
