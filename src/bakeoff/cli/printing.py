"""What commands print: tables, and the results that are more than a table."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import TYPE_CHECKING, Any, TypeVar

from rich.console import Console
from rich.table import Table

if TYPE_CHECKING:
    from bakeoff.data.audit.result import Audit, Duplicates, LabelCheck, Refused
    from bakeoff.evaluation.scores import Comparison
    from bakeoff.findings.finding import Finding
    from bakeoff.training.run import Run

console = Console()

SHOWN = 10
"""Entries of a list that are printed; `--json` has them all."""

RUN_COLUMNS = ("run", "status", "seconds", "images/s", "peak memory (MiB)", "best epoch", "reason")

Entry = TypeVar("Entry")


def print_table(title: str, columns: Any, rows: Any) -> None:
    """Prints a table; what comes from outside is not read as markup."""
    table = Table(*map(str, columns), title=title, title_justify="left")
    for row in rows:
        table.add_row(*(str(cell).replace("[", r"\[") for cell in row))
    console.print(table)


def print_line(text: str, style: str | None = None) -> None:
    """Prints a line; what comes from outside is read neither as markup nor by the terminal."""
    shown = "".join(char if char.isprintable() else "?" for char in text)
    console.print(shown, style=style, markup=False, highlight=False, soft_wrap=True)


def print_audit(audit: "Audit") -> None:
    """Prints an audit: counts, what can't be read, what occurs twice, what the labels are worth; the leaks last."""
    names = next(iter(audit.counts.values()))
    rows = ((name, *(f"{sizes[name]:,}" for sizes in audit.counts.values())) for name in names)
    print_table("Photos by class", ("class", *audit.counts), rows)
    ratios = ", ".join(f"{split} {ratio:.2f}" for split, ratio in audit.imbalance.items())
    print_line(f"Class imbalance, largest to smallest: {ratios}")
    print_list("unreadable photos", audit.unreadable, _refused)
    print_list("entries skipped", audit.skipped, _refused)
    if audit.labels:
        _print_labels(audit.labels)
    within = [group for group in audit.duplicates if not group.across]
    print_list("photos that occur more than once in one class and split", within, _duplicates)
    print_list("photos in both splits or in several classes (leaks)", audit.leaks, _duplicates, "bold")


def print_list(what: str, entries: Sequence[Entry], line: Callable[[Entry], str], style: str | None = None) -> None:
    """Prints how many there are, and the first of them."""
    print_line(f"{len(entries):,} {what}", style if entries else None)
    for entry in entries[:SHOWN]:
        print_line(f"  {line(entry)}")
    if len(entries) > SHOWN:
        print_line(f"  and {len(entries) - SHOWN:,} more; --json lists them all")


def selection_counts(selection: Any) -> tuple[tuple[str, ...], Iterator[tuple[Any, ...]]]:
    """Columns and rows of the table of a selection: for each class what was chosen and what there is."""
    ledger = selection.ledger
    rows = (
        (
            name,
            *(f"{((ledger['label'] == name) & (ledger['split'] == split)).sum():,}" for split in selection.splits),
            f"{ledger['eligible'].list.contains(name).sum():,}",
            f"{ledger['annotated'].list.contains(name).sum():,}",
        )
        for name in selection.classes
    )
    return ("class", *selection.splits, "eligible", "annotated"), rows


def run_row(run: "Run") -> tuple[str, ...]:
    """A row of the table of runs, with `RUN_COLUMNS`."""
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


def gains(variant: Any) -> tuple[str, ...]:
    """A row of the table of improvements."""
    from bakeoff.evaluation.intervals import points

    bounds = f"{points(variant.interval.low)} to {points(variant.interval.high)}" if variant.interval else ""
    return variant.what, variant.kind, "" if variant.gain is None else points(variant.gain), bounds, variant.verdict


def print_outcome(comparison: "Comparison", findings: "Iterable[Finding]") -> None:
    """Prints how the networks of an experiment did, which runs failed, and which network is best."""
    rows = (
        (network.name, f"{done} of {len(network.runs)}", "–" if mean is None else f"{100 * mean:.1f} %")
        for network in comparison.networks
        for done in [sum(run.status == "finished" for run in network.runs)]
        for mean in [network.val_accuracy.mean]
    )
    print_table("Networks", ("network", "runs finished", "mean validation accuracy"), rows)
    verdicts = {finding.code: finding for finding in findings}
    if verdicts["failed-training"].state == "found":
        print_line(verdicts["failed-training"].verdict, "bold red")
    print_line(verdicts["best-network"].verdict)


def _print_labels(labels: "LabelCheck") -> None:
    print_line(
        f"{labels.matched:,} photos found in {labels.annotations}; {labels.ambiguous:,} hold several of the classes"
    )
    print_list("photos not listed there", labels.unmatched, str)
    print_list("classes that are none of its categories, not judged", labels.unknown_classes, str)
    print_list(
        "photos in which their folder's class is not annotated",
        labels.wrong,
        lambda entry: f"{entry.file}: {_joined(entry.annotated) or 'nothing'} annotated",
    )


def _refused(entry: "Refused") -> str:
    return f"{entry.file}: {entry.reason}"


def _duplicates(group: "Duplicates") -> str:
    return f"{' = '.join(group.files)} (same {_joined(group.evidence)})"


def _joined(words: Iterable[str]) -> str:
    return ", ".join(words)
