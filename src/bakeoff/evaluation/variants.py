"""The scores of one variant: run by run, and over its seeds."""

from collections.abc import Mapping, Sequence

import numpy as np
import numpy.typing as npt
from msgspec.structs import replace
from sklearn.metrics import classification_report, confusion_matrix

from bakeoff.core.types import TEST, TRAIN, VAL, Estimate
from bakeoff.evaluation.average_precision import average_precision
from bakeoff.evaluation.calibration import calibrate
from bakeoff.evaluation.estimates import Clusters, Table, estimate, over_seeds, ratio
from bakeoff.evaluation.failures import failure_rate, outcome
from bakeoff.evaluation.power import VarianceParts
from bakeoff.evaluation.predictions import LabelledImages, Outputs, RunPredictions
from bakeoff.evaluation.scores import NOTHING, ClassEstimates, ClassScores, RunScores, VariantScores
from bakeoff.evaluation.variance_components import clustered, variance_components

TOP = 5


def score_variant(
    name: str, runs: Sequence[RunPredictions], images: Mapping[str, LabelledImages], classes: tuple[str, ...]
) -> VariantScores:
    """The scores of a variant.

    Args:
        name: The variant's name.
        runs: Its runs.
        images: Those of the validation split, and of a test split.
        classes: Class names in the order of the labels.
    """
    ordered = sorted(runs, key=lambda run: run.seed)
    scores = tuple(_score_run(run, images, classes) for run in ordered)
    trained = [run for run, own in zip(ordered, scores, strict=True) if own.outcome == "trained"]
    finished = [run.seconds for run in ordered if run.status == "finished" and run.seconds is not None]
    found = VariantScores(
        name=name,
        architecture=next((run.architecture for run in ordered if run.architecture), None),
        runs=scores,
        failures=failure_rate([run.outcome for run in scores]),
        images=images[VAL].digest,
        train_accuracy=over_seeds([run.splits[TRAIN].correct.mean() for run in trained if _holds(run, TRAIN)]),
        test_accuracy=_test_accuracy(trained, images),
        seconds=float(np.mean(finished)) if finished else None,
        weights_bytes=next((run.weights_bytes for run in ordered if run.weights_bytes), None),
    )
    outputs = [run.splits[VAL] for run in trained if _holds(run, VAL)]
    return _validated(found, outputs, images[VAL], classes) if outputs else found


def _test_accuracy(runs: Sequence[RunPredictions], images: Mapping[str, LabelledImages]) -> Estimate:
    rows = [run.splits[TEST].correct for run in runs if _holds(run, TEST)]
    return estimate(_stack(rows), images[TEST].clusters) if rows else Estimate(None, None)


def _holds(run: RunPredictions, split: str) -> bool:
    return split in run.splits and len(run.splits[split].labels) > 0


def _stack(rows: Sequence[npt.NDArray[np.bool_]]) -> Table:
    return np.array(rows, dtype=np.float64)


def _validated(
    found: VariantScores, outputs: Sequence[Outputs], images: LabelledImages, classes: tuple[str, ...]
) -> VariantScores:
    correct, clusters = _stack([own.correct for own in outputs]), images.clusters
    predicted = np.array([own.predicted for own in outputs])
    tables = [_class_tables(outputs, label) for label in range(len(classes))]
    precisions = precision_tables(outputs, images)
    some = [label for label in range(len(classes)) if outputs[0].is_class(label).any()]
    probabilities = [own.probabilities for own in outputs if own.probabilities is not None]
    found = replace(
        found,
        val_accuracy=estimate(correct, clusters),
        any_label_accuracy=estimate(_present(predicted, images), clusters)
        if images.present is not None
        else found.any_label_accuracy,
        balanced_accuracy=_mean_over([tables[label][1] for label in some], clusters),
        macro_f1=_mean_over([tables[label][2] for label in some], clusters),
        mean_average_precision=_mean_over(list(precisions.values()), clusters),
        classes=tuple(
            ClassEstimates(
                name,
                precision=estimate(tables[label][0], clusters),
                recall=estimate(tables[label][1], clusters),
                f1=estimate(tables[label][2], clusters),
                support=int(outputs[0].is_class(label).sum()),
                average_precision=estimate(precisions[label], clusters) if label in precisions else NOTHING,
            )
            for label, name in enumerate(classes)
        ),
        variance=_shares(correct if clusters is None else clustered(correct, clusters)),
    )
    if len(probabilities) < len(outputs):
        return found
    return _with_probabilities(found, np.array(probabilities), correct, images)


def precision_tables(outputs: Sequence[Outputs], images: LabelledImages) -> dict[int, Table]:
    """Average precision as tables of seeds and images, by the number of each class that some image shows.

    Empty where it is not asked for, or what the images hold is not known.
    """
    ranks = [own.ranks for own in outputs if own.ranks is not None]
    if images.present is None or not ranks:
        return {}
    return {
        label: np.array([average_precision(own[:, label], shown) for own in ranks])
        for label, shown in enumerate(images.present.T)
        if shown.any()
    }


def _class_tables(outputs: Sequence[Outputs], label: int) -> tuple[Table, Table, Table]:
    """Precision, recall and F1 of a class as tables of seeds and images."""
    own, named = (_stack([getattr(run, which)(label) for run in outputs]) for which in ("is_class", "names_class"))
    both = own * named
    return ratio(both, named), ratio(both, own), ratio(2 * both, own + named)


def _mean_over(tables: Sequence[Table], clusters: Clusters | None) -> Estimate:
    return estimate(np.mean(tables, axis=0), clusters) if tables else NOTHING


def _present(predicted: npt.NDArray[np.int64], images: LabelledImages) -> Table:
    """Whether the predicted class is annotated in the image, by seed and image."""
    if images.present is None:
        return np.zeros((0, 0))
    return np.array([images.present[np.arange(len(row)), row] for row in predicted], dtype=np.float64)


def _with_probabilities(
    found: VariantScores, probabilities: npt.NDArray[np.float64], correct: Table, images: LabelledImages
) -> VariantScores:
    labels = images.labels
    likelihood = np.maximum(probabilities[:, np.arange(len(labels)), labels], np.finfo(np.float32).tiny)
    top = found.top5_accuracy
    if probabilities.shape[2] > TOP:
        best = np.argpartition(-probabilities, TOP, axis=2)[:, :, :TOP]
        top = estimate((best == labels[None, :, None]).any(axis=2).astype(np.float64), images.clusters)
    return replace(
        found,
        nll=estimate(-np.log(likelihood), images.clusters, fraction=False),
        top5_accuracy=top,
        calibration=calibrate(list(probabilities), correct > 0, images.clusters),
    )


def _shares(correct: Table) -> VarianceParts | None:
    """The parts of a mean accuracy's variance as fractions of it."""
    if min(correct.shape) < 2:
        return None
    found = variance_components(correct)
    parts = (found.seed_part / found.seeds, found.image_part / found.images, found.rest / correct.size)
    return VarianceParts(*(part / sum(parts) for part in parts)) if sum(parts) > 0 else None


def _score_run(run: RunPredictions, images: Mapping[str, LabelledImages], classes: tuple[str, ...]) -> RunScores:
    kind, reason = outcome(run)
    scores = RunScores(run.seed, run.status, kind, reason, run.seconds)
    if _holds(run, TRAIN):
        scores = replace(scores, train_accuracy=float(run.splits[TRAIN].correct.mean()))
    if _holds(run, TEST):
        test = _test_accuracy([run], images)
        scores = replace(scores, test_accuracy=test.mean, test_interval=test.interval)
    return _score_validation(scores, run.splits[VAL], images[VAL], classes) if _holds(run, VAL) else scores


def _score_validation(
    scores: RunScores, outputs: Outputs, images: LabelledImages, classes: tuple[str, ...]
) -> RunScores:
    labels, predicted = outputs.labels, outputs.predicted
    accuracy = estimate(_stack([outputs.correct]), images.clusters)
    scores = replace(
        scores,
        val_accuracy=accuracy.mean,
        val_interval=accuracy.interval,
        confusion=_counts(confusion_matrix(labels, predicted, labels=range(len(classes)))),
        report=_report(outputs, classes),
    )
    if images.present is None:
        return scores
    present = _present(predicted[None], images)
    any_label, shown = estimate(present, images.clusters), present[0] > 0
    too = np.zeros((len(classes), len(classes)), dtype=np.int64)
    np.add.at(too, (labels[shown], predicted[shown]), 1)
    return replace(
        scores,
        any_label_accuracy=any_label.mean,
        any_label_interval=any_label.interval,
        annotated_too=_counts(too),
    )


def _counts(matrix: npt.NDArray[np.int64]) -> tuple[tuple[int, ...], ...]:
    return tuple(tuple(int(count) for count in row) for row in matrix)


def _report(outputs: Outputs, classes: Sequence[str]) -> tuple[ClassScores, ...]:
    """scikit-learn's classification report; a score that is undefined (a class never predicted) is 0."""
    several = outputs.present is not None and outputs.named is not None
    truth = (outputs.present, outputs.named) if several else (outputs.labels, outputs.predicted)
    numbers = classification_report(*truth, labels=range(len(classes)), output_dict=True, zero_division=0)
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
