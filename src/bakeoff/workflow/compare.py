"""Predictions of any framework compared as an experiment's runs are, with the same report."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from os import PathLike
from pathlib import Path

import polars as pl

from bakeoff.config.experiment import ExperimentConfig
from bakeoff.config.schema import EvaluationConfig
from bakeoff.core.errors import ConfigError, listed
from bakeoff.core.untrusted import as_text
from bakeoff.data.build.dataset import Dataset
from bakeoff.evaluation.columns import read_table
from bakeoff.evaluation.comparison import compare_predictions
from bakeoff.evaluation.external import (
    LabelTable,
    labels_of_dataset,
    labels_of_table,
    labels_of_values,
    named,
    runs_of_table,
    runs_of_values,
)
from bakeoff.evaluation.predictions import RunPredictions, predictions_of
from bakeoff.evaluation.scores import Comparison
from bakeoff.findings.diagnose import diagnose
from bakeoff.findings.finding import Finding
from bakeoff.workflow.experiment import Experiment

PathName = str | PathLike[str]
MARGIN = 1.0
NAME, QUESTION = "comparison", "Which of these predictions are best?"


@dataclass(frozen=True)
class Compared:
    """What came out, as `Experiment` has it.

    Attributes:
        comparison: Scores, and every pair compared.
        findings: Those that need no record of the training; the others say that they are not known.
        notes: What was guessed of the input: columns, probabilities or logits, the order.
    """

    comparison: Comparison
    findings: tuple[Finding, ...]
    notes: tuple[str, ...]

    def write_report(self, out: PathName) -> Path:
        """Writes the report's folder; returns its page. Raises `StorageError` if the folder holds something else."""
        from bakeoff import report

        evaluation = EvaluationConfig(margin=100 * self.comparison.margin)
        config = ExperimentConfig(name=NAME, question=QUESTION, evaluation=evaluation)
        case = report.ReportInput(config, self.comparison, None, (), "", self.findings)
        return report.write_owned(Path(out), case)


def compare(
    predictions: Mapping[str, object],
    labels: object = None,
    *,
    classes: Sequence[str] = (),
    margin: float = MARGIN,
) -> Compared:
    """Compares predictions for the same images, whoever made them.

    Args:
        predictions: By name of the variant: predicted classes (N,), probabilities or logits (N, K), by seed a mapping
            or list of these, a table (polars, pandas, or the path of a CSV, TSV, Parquet, JSON or JSONL file) with a
            row per image and seed, or the folder of an experiment, whose variants stand beside the others.
        labels: The true classes (N,), a table of them with the images' ids, or its path, or an experiment's folder,
            whose validation images they are. None takes those of the first experiment among the predictions.
        classes: Class names in the order of the labels; by default what the labels say.
        margin: Percentage points below which two variants count as equivalent.

    Returns:
        The comparison with its findings; `write_report` writes the page.

    Raises:
        ConfigError: Something is missing, or the images do not match: which, and what to do.
        StorageError: An experiment or a file can't be read.
    """
    if not predictions:
        raise ConfigError("there are no predictions to compare; give at least one.")
    experiments = {name: _experiment(given) for name, given in predictions.items() if _is_experiment(given)}
    table = labels_given(labels, classes, experiments)
    runs: list[RunPredictions] = []
    notes = list(table.notes)
    for name, given in predictions.items():
        own, said = _runs(name, given, table, experiments)
        _check_names(name, own, runs, experiments)
        runs += own
        notes += said
    if not len(table.images.labels):
        raise ConfigError("the labels hold no image.")
    results = compare_predictions(runs, table.images, table.classes, margin / 100)
    return Compared(results.comparison, diagnose(results), tuple(dict.fromkeys(notes)))


def compare_files(
    files: Sequence[Path], labels: Path | None, *, classes: Sequence[str] = (), margin: float = MARGIN
) -> Compared:
    """The same of files and folders: a file is a variant of its name, "resnet-seed3.csv" the seed 3 of resnet."""
    given: dict[str, object] = {}
    for path in files:
        if not path.exists():
            raise ConfigError(f"{path} does not exist.")
        name = as_text(path.resolve().name if path.is_dir() else path.stem)
        if name in given:
            raise ConfigError(f"two of the files are called {name!r}; give each its own name.")
        given[name] = path
    return compare(given, labels, classes=classes, margin=margin)


def _check_names(
    name: str, own: Sequence[RunPredictions], others: Sequence[RunPredictions], experiments: Mapping[str, Experiment]
) -> None:
    """Files that say their seed are seeds of one variant; anything else of one name would be mixed up."""
    separate = name not in experiments and named(name)[1] is not None
    for run in own:
        twins = [other for other in others if other.variant == run.variant]
        if twins and not (separate and all(other.source == run.source for other in twins)):
            raise ConfigError(f"two of the predictions are called {run.variant!r}; give each its own name.")


def _is_experiment(given: object) -> bool:
    return isinstance(given, Experiment) or (isinstance(given, str | PathLike) and Path(given).is_dir())


def _experiment(given: object) -> Experiment:
    return given if isinstance(given, Experiment) else Experiment(str(given))


def labels_given(given: object, classes: Sequence[str], experiments: Mapping[str, Experiment]) -> LabelTable:
    """The labels that a caller names, or those of the first experiment."""
    if given is None:
        if not experiments:
            raise ConfigError("the labels are missing: give a table of them (--labels), or an experiment's folder.")
        return labels_of_dataset(next(iter(experiments.values())).dataset)
    if isinstance(given, Dataset):
        return labels_of_dataset(given)
    if _is_experiment(given):
        return labels_of_dataset(_experiment(given).dataset)
    table = _table(given)
    labels = labels_of_values(list(given), classes) if table is None else labels_of_table(table, classes)  # type: ignore[call-overload]  # any sequence
    if len(labels.classes) < 2:
        raise ConfigError(
            f"the labels name one class only ({listed(labels.classes)}), so that there is nothing to tell apart; give "
            "all classes with --classes."
        )
    return labels


def _table(given: object) -> pl.DataFrame | None:
    """A table, or the table of a file; None for what is none."""
    if isinstance(given, pl.DataFrame):
        return given
    if isinstance(given, str | PathLike):
        return read_table(Path(given))
    if hasattr(given, "to_dict") and hasattr(given, "columns"):  # of pandas, which need not be installed
        return pl.DataFrame({str(name): list(given[name]) for name in given.columns})  # type: ignore[index]
    return None


def _runs(
    name: str, given: object, labels: LabelTable, experiments: Mapping[str, Experiment]
) -> tuple[list[RunPredictions], list[str]]:
    if name in experiments:
        runs = list(_runs_of_experiment(experiments[name], labels))
        several = len(experiments) > 1
        return [replace(run, variant=f"{name}: {run.variant}") if several else run for run in runs], []
    if (table := _table(given)) is None:
        return runs_of_values(name, given, labels)
    variant, seed = named(name)
    return runs_of_table(variant, table, labels, seed)


def _runs_of_experiment(experiment: Experiment, labels: LabelTable) -> Iterator[RunPredictions]:
    """The runs of the variants that are trained on the experiment's own data set."""
    dataset = experiment.dataset
    own = labels_of_dataset(dataset)
    if own.classes != labels.classes or own.images.digest != labels.images.digest:
        raise ConfigError(
            f"{experiment.folder} was validated on other images than the labels give; take its own as the labels."
        )
    for run in experiment.runs:
        if run.spec.dataset == dataset.info.digest:
            yield predictions_of(run, dataset)
