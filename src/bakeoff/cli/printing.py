"""What commands print: tables, and the results that are more than a table."""

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from pathlib import PurePath
from typing import TYPE_CHECKING, TypeVar

from rich.console import Console
from rich.table import Column, Table
from rich.text import Text

from bakeoff.core.untrusted import printable
from bakeoff.core.words import agree

if TYPE_CHECKING:
    from bakeoff.data.audit.result import Audit, Duplicates, LabelCheck
    from bakeoff.data.build.dataset import Dataset
    from bakeoff.data.index import Index, Problem
    from bakeoff.data.selection.selection import Selection
    from bakeoff.evaluation.improvements import Change, Improvements
    from bakeoff.evaluation.scores import Comparison
    from bakeoff.evaluation.tuning import Tuning
    from bakeoff.findings.finding import Finding
    from bakeoff.training.predict import Prediction
    from bakeoff.training.run import Run

console = Console()

SHOWN = 10
"""Entries of a list that are printed; `--json` has them all."""

Entry = TypeVar("Entry")


def print_table(title: str, columns: Iterable[str], rows: Iterable[Iterable[object]]) -> None:
    """Prints a table; untrusted text is not read as markup."""
    headers = (Column(Text(printable(column))) for column in columns)
    table = Table(*headers, title=Text(title), title_justify="left")
    for row in rows:
        table.add_row(*(Text(printable(str(cell))) for cell in row))
    console.print(table)


def print_line(text: str, style: str | None = None) -> None:
    """Prints a line; untrusted text is neither read as markup nor interpreted by the terminal."""
    console.print(printable(text), style=style, markup=False, highlight=False, soft_wrap=True)


def print_list(what: str, entries: Sequence[Entry], line: Callable[[Entry], str], style: str | None = None) -> None:
    """Prints how many there are, and the first of them."""
    print_line(f"{len(entries):,} {what}", style if entries else None)
    for entry in entries[:SHOWN]:
        print_line(f"  {line(entry)}")
    if len(entries) > SHOWN:
        print_line(f"  and {len(entries) - SHOWN:,} more; --json lists them all")


def print_index(index: "Index") -> None:
    """Prints what an instances file holds, and what is wrong in it."""
    from bakeoff.data import coco

    print_line(agree(f"{index.images.height:,} images, {index.annotations.height:,} annotations"))
    summary = coco.summary(index)
    print_table("Categories", summary.columns, summary.iter_rows())
    print_problems(index.info.problems)


def print_problems(problems: "Iterable[Problem]") -> None:
    """Prints what was odd in the annotations or the photos, and what was done about it, one line for each kind."""
    for problem in problems:
        print_line(f"{problem.code}: {problem.message}", "yellow")


def print_audit(audit: "Audit") -> None:
    """Prints an audit: counts, what can't be read, what occurs twice, what the labels are worth; the leaks last."""
    names = next(iter(audit.counts.values()))
    rows = ((name, *(f"{sizes[name]:,}" for sizes in audit.counts.values())) for name in names)
    print_table("Photos per class", ("class", *audit.counts), rows)
    ratios = ", ".join(f"{split} {ratio:.2f}" for split, ratio in audit.imbalance.items())
    print_line(f"Class imbalance, largest to smallest: {ratios}")
    print_list("unreadable photos", audit.unreadable, lambda entry: f"{entry.file}: {entry.reason}")
    print_list("entries skipped", audit.skipped, lambda entry: f"{entry.file}: {entry.reason}")
    if audit.labels:
        _print_labels(audit.labels)
    within = [group for group in audit.duplicates if not group.across]
    print_list("photos that occur more than once in one class and split", within, _duplicates)
    print_list("photos in both splits or in several classes (leaks)", audit.leaks, _duplicates, "bold")


def _print_labels(labels: "LabelCheck") -> None:
    found = agree(f"{labels.matched:,} photos found in {labels.annotations}")
    print_line(f"{found}; {labels.ambiguous:,} hold several of the classes")
    print_list("photos not listed there", labels.unmatched, str)
    print_list("classes that are none of its categories, not judged", labels.unknown_classes, str)
    print_list(
        "photos in which their folder's class is not annotated",
        labels.wrong,
        lambda entry: f"{entry.file}: {', '.join(entry.annotated) or 'nothing'} annotated",
    )


def _duplicates(group: "Duplicates") -> str:
    return f"{' = '.join(group.files)} (same {', '.join(group.evidence)})"


def print_selection(selection: "Selection") -> None:
    """Prints what was chosen and what there is, per class, and what became of the images."""
    config, ledger = selection.info.config, selection.ledger
    quotas = " + ".join(f"{_quota(quota)} {split}" for split, quota in config.quotas.items())
    print_line(f"policy {config.policy}: {quotas} images per class; {ledger.height:,} images hold a target class")
    least, most = selection.train_sizes
    if most > least:
        print_line(
            f"the classes are not of one size: {least:,} to {most:,} training images; training.class_weights or "
            'training.sampler = "balanced" makes up for it'
        )
    taken = {(split, label): count for split, label, count in ledger.group_by("split", "label").len().iter_rows()}
    held = [dict(ledger[column].explode().value_counts().iter_rows()) for column in ("eligible", "annotated")]
    rows = (
        (
            name,
            *(f"{taken.get((split, name), 0):,}" for split in selection.splits),
            *(f"{counts.get(name, 0):,}" for counts in held),
        )
        for name in selection.classes
    )
    print_table("Images per class", ("class", *selection.splits, "eligible", "annotated"), rows)
    reasons = ledger["reason"].value_counts().sort("count", "reason", descending=[True, False])
    print_table("What became of them", ("reason", "images"), reasons.iter_rows())
    print_problems(selection.info.problems)


def _quota(quota: object) -> str:
    if isinstance(quota, dict):
        return "/".join(f"{count:,}" for count in quota.values())
    return f"{quota:,}" if isinstance(quota, int | float) else str(quota)


def print_dataset(dataset: "Dataset") -> None:
    """Prints where a data set is, what it holds, and what was odd in the annotations and the photos."""
    print_problems(dataset.problems)
    counts = ", ".join(f"{count:,} {split}" for split, count in dataset.info.counts.items())
    print_line(f"Data set: {dataset.folder} ({counts}; {dataset.info.unreadable:,} unreadable photos)")


def print_runs(runs: "Iterable[Run]") -> None:
    """Prints how training went."""
    columns = ("run", "status", "seconds", "images/s", "peak memory (MiB)", "best epoch", "reason")
    print_table("Runs", columns, map(_run_row, runs))


def _run_row(run: "Run") -> tuple[str, ...]:
    record = run.record
    rate, memory = record.images_per_second, record.peak_memory
    return (
        run.name,
        record.status,
        f"{record.seconds:.1f}",
        "" if rate is None else f"{rate:,.0f}",
        "" if memory is None else f"{memory / 2**20:,.0f}",
        "" if record.best_epoch is None else f"{record.best_epoch} of {record.epochs}",
        record.reason,
    )


def print_outcome(comparison: "Comparison", findings: "Iterable[Finding]") -> None:
    """Prints how the networks of an experiment did, which runs failed, and which network is best."""
    rows = (
        (name, f"{trained} of {runs}", "–" if mean is None else f"{100 * mean:.1f} %{_bounds(low, high)}")
        for name, trained, runs, mean, low, high in comparison.frame()
        .select("name", "trained", "runs", "val_accuracy", "val_accuracy_low", "val_accuracy_high")
        .rows()
    )
    print_table("Networks", ("network", "seeds trained", "mean validation accuracy"), rows)
    verdicts = {finding.code: finding for finding in findings}
    if verdicts["failed-training"].state == "found":
        print_line(verdicts["failed-training"].verdict, "bold red")
    print_line(verdicts["best-network"].verdict)


def _bounds(low: float | None, high: float | None) -> str:
    return "" if low is None or high is None else f" ({100 * low:.1f} to {100 * high:.1f})"


def print_improvements(found: "Improvements") -> None:
    """Prints what each change gains."""
    columns = ("change", "kind", "gain (points)", "95 % interval", "to expect", "verdict")
    print_table(f"{found.network}: what each change gains", columns, map(_change_row, found.changes))
    print_line(found.statement)


def print_tuning(found: "Tuning") -> None:
    """Prints what was searched, every recipe tried, and what was chosen for each network."""
    from bakeoff.evaluation.tuning import in_words

    rows = (
        (
            own.name,
            in_words(trial.values),
            trial.reason if trial.accuracy is None else f"{100 * trial.accuracy:.1f} %",
            "chosen" if trial.values == own.chosen else "",
        )
        for own in found.networks
        for trial in own.trials
    )
    print_table("Recipes tried", ("network", "recipe", "held out accuracy", ""), rows)
    print_line(found.statement)


def _change_row(change: "Change") -> tuple[str, ...]:
    from bakeoff.evaluation.intervals import points

    bounds = f"{points(change.interval.low)} to {points(change.interval.high)}" if change.interval else ""
    gain, expected = ("" if value is None else points(value) for value in (change.gain, change.expected))
    return change.what, change.kind, gain, bounds, expected, change.verdict


def print_predictions(predictions: "Sequence[Prediction]", *, every: bool = False) -> None:
    """Prints for each photo its class and that one's probability, or why it can't be read; `every`: of all classes.

    A photo is named without its folder, unless another one has the same name.
    """
    names = Counter(PurePath(answer.image).name for answer in predictions)
    classes = list(dict.fromkeys(name for answer in predictions for name in answer.probabilities)) if every else []
    errors = ["error"] if any(answer.error for answer in predictions) else []
    rows = (
        (
            name if names[name := PurePath(answer.image).name] == 1 else answer.image,
            answer.predicted if answer.named is None else ", ".join(answer.named) or "none",
            "" if answer.probability is None else f"{answer.probability:.3f}",
            *(f"{answer.probabilities[name]:.3f}" if answer.probabilities else "" for name in classes),
            *([answer.error] if errors else []),
        )
        for answer in predictions
    )
    print_table("Predictions", ("photo", "predicted", "probability", *classes, *errors), rows)
