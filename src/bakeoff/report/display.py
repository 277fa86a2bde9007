"""Records as a notebook shows them: tables and charts as HTML, and the same as text."""

import base64
from collections.abc import Iterator, Mapping
from functools import cache, singledispatch
from typing import TypeAlias

from jinja2 import Environment, PackageLoader, StrictUndefined

from bakeoff.core.registry import sections
from bakeoff.data.build.dataset import Dataset
from bakeoff.evaluation.scores import Comparison
from bakeoff.findings.finding import Finding
from bakeoff.report import curves, rendering
from bakeoff.report.contents import Figure, Format, ReportInput, Section, Table, all_parts, parts_of
from bakeoff.report.curve_figures import curve_figures, failed_runs
from bakeoff.report.formatting import estimate, percent, seconds
from bakeoff.report.homework.latex import to_markdown_table
from bakeoff.report.homework.pictures import sample_grid
from bakeoff.report.markdown import escaped
from bakeoff.report.sections import data, pairs
from bakeoff.training.run import EpochLog, Run

PHOTOS = 3
"""Sample photos of each class: a notebook stores what it shows."""

FINDINGS = 5
"""The most important findings, which an experiment shows first."""

Part: TypeAlias = str | Table | Figure
"""A paragraph, a table, or a chart."""


def show(record: object) -> Mapping[str, object]:
    """A record by MIME type, for IPython's `_repr_mimebundle_`.

    Args:
        record: A `Comparison`, `Dataset`, `ReportInput`, `Run`, `Table` or `Figure`.

    Returns:
        "text/html" and "text/plain"; of a figure alone Vega-Lite's type, which a reader can ask questions, and SVG.
        Names are text in each of them, never markup.
    """
    if isinstance(record, Figure):
        return _chart(record)
    parts = list(shown_of(record))
    return {"text/html": _html(parts), "text/plain": "\n\n".join(map(_plain, parts))}


def figures_of(case: ReportInput) -> Mapping[str, Figure]:
    """The charts of the report's sections by their names."""
    return {figure.name: figure for figure in parts_of(_sections(case), Figure)}


def tables_of(case: ReportInput) -> Mapping[str, Table]:
    """The tables of the report's sections by their names."""
    return {table.name: table for table in parts_of(_sections(case), Table)}


def _sections(case: ReportInput) -> list[Section]:
    return [made for name in sections.names() if (made := sections[name](case))]


@singledispatch
def shown_of(record: object) -> Iterator[Part]:
    """What is shown of a record, one below the other."""
    raise TypeError(f"nothing is known of how to show {type(record).__name__}")


@shown_of.register
def _(table: Table) -> Iterator[Part]:
    yield table


@shown_of.register
def _(run: Run) -> Iterator[Part]:
    record = run.record
    kept = record.best_epoch or record.epochs
    lines = [line for line in run.log if isinstance(line, EpochLog) and line.epoch == kept]
    reached = lines[0].val_accuracy if lines else None
    ended = f"{record.status} {record.reason}".strip()
    row = (run.spec.variant, run.spec.seed, ended, record.epochs, reached, record.seconds)
    formats: dict[str, Format] = {"validation": percent, "time": seconds}
    columns = ("network", "seed", "ended", "epochs", "validation", "time")
    yield Table("run", f"The run {run.name}.", columns, [row], formats)
    yield from curve_figures([run], curves.loss_points([run]), curves.epoch_points([run]))[:2]


@shown_of.register
def _(dataset: Dataset) -> Iterator[Part]:
    info = dataset.info
    yield f"{sum(info.counts.values()):,} photos of {info.size} × {info.size} pixels, read from {info.photos}."
    yield data.counts(dataset)
    yield sample_grid(dataset, PHOTOS)


@shown_of.register
def _(comparison: Comparison) -> Iterator[Part]:
    formats: dict[str, Format] = {"training": estimate, "validation": estimate, "test": estimate, "time": seconds}
    rows = [
        (
            own.name,
            own.architecture.parameters if own.architecture else None,
            f"{len(own.trained)} of {len(own.runs)}",
            *(own.train_accuracy, own.val_accuracy, own.test_accuracy),
            own.seconds,
        )
        for own in comparison.networks
    ]
    caption = (
        "Mean accuracies over the seeds that trained. In brackets the 95 % interval over seeds and photos; with one "
        "seed over photos."
    )
    columns = ("network", "parameters", "trained", *formats)
    yield Table("networks", caption, columns, rows, formats).without_empty_columns()
    if any(pair.interval for pair in comparison.pairs):
        yield from all_parts(pairs.show(comparison.pairs, comparison.margin))


@shown_of.register
def _(case: ReportInput) -> Iterator[Part]:
    yield f"{case.experiment.name}: {case.experiment.question}"
    yield from map(_said, case.findings[:FINDINGS])
    yield from shown_of(case.comparison)
    losses, epochs = curves.loss_points(case.runs), curves.epoch_points(case.runs)
    yield from curve_figures(case.runs, losses, epochs, failed_runs(case))[:1]


def _said(finding: Finding) -> str:
    return f"{finding.title}: {finding.verdict}"


def _chart(figure: Figure) -> Mapping[str, object]:
    chart = {**figure.chart, "config": {**figure.chart.get("config", {}), "background": "white"}}
    return {
        rendering.VEGALITE: rendering.printable(chart),
        "image/svg+xml": _svg(figure),
        "text/plain": _plain(figure),
    }


def _svg(figure: Figure) -> str:
    return rendering.on_paper(rendering.to_svg(figure.chart))


def _html(parts: list[Part]) -> str:
    return _environment().get_template("display.html").render(parts=parts)


@cache
def _environment() -> Environment:
    environment = Environment(
        loader=PackageLoader("bakeoff.report"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters["packed"] = lambda figure: base64.b64encode(_svg(figure).encode()).decode()
    return environment


def _plain(part: Part) -> str:
    if isinstance(part, Table):
        return to_markdown_table(part).strip()
    return str(escaped(part if isinstance(part, str) else f"Chart: {part.caption}"))
