"""What a section of the report is given, and what it gives."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from types import UnionType
from typing import Any, TypeVar

from bakeoff.config.experiment import ExperimentConfig
from bakeoff.core.display import Displayed
from bakeoff.core.types import Estimate
from bakeoff.data.build.dataset import Dataset
from bakeoff.evaluation.explanations import Explanations
from bakeoff.evaluation.improvements import Improvements
from bakeoff.evaluation.latency import Latencies
from bakeoff.evaluation.scores import Comparison
from bakeoff.evaluation.tuning import Tuning
from bakeoff.findings.finding import Finding
from bakeoff.report.rendering import Spec
from bakeoff.training.run import Run

Format = Callable[[Any], str]  # it takes the cells of its own column


@dataclass(frozen=True)
class ReportInput(Displayed):
    """All that is stored of an experiment: what every section draws from.

    Attributes:
        experiment: What was asked.
        comparison: The scores.
        dataset: The data set; None where only predictions are known.
        runs: The records of the training, in the experiment's order; empty likewise.
        command: The command line that asked for it.
        findings: Diagnoses, most important first.
        improvements: What was tried to make a network better; None where nothing was.
        latencies: How long the networks take; None where that was not measured.
        tuning: The search for recipes; None where there was none.
        explanations: What the networks look at; None where that was not asked for.
    """

    experiment: ExperimentConfig
    comparison: Comparison
    dataset: Dataset | None
    runs: Sequence[Run]
    command: str
    findings: tuple[Finding, ...] = ()
    improvements: Improvements | None = None
    latencies: Latencies | None = None
    tuning: Tuning | None = None
    explanations: Explanations | None = None


@dataclass(frozen=True)
class Table(Displayed):
    """A table of the page that is also a CSV file.

    Attributes:
        name: File name without a suffix.
        caption: What it shows.
        columns: Names of the columns.
        rows: Cells as they are stored: numbers as numbers. A column of estimates is three columns of the file: its own,
            "… low" and "… high".
        formats: By column, how the page writes a cell; text as it is where there is none.
    """

    name: str
    caption: str
    columns: Sequence[str]
    rows: Sequence[Sequence[object]]
    formats: Mapping[str, Format] = field(default_factory=dict)

    def cells(self) -> list[list[str]]:
        """The rows as the page writes them."""
        return [
            [self.formats.get(name, _plain)(cell) for name, cell in zip(self.columns, row, strict=True)]
            for row in self.rows
        ]

    def keys(self) -> list[list[float | None]]:
        """The number by which each cell sorts; None if it sorts as text."""
        return [[_key(cell) for cell in row] for row in self.rows]

    def stored(self) -> list[list[object]]:
        """The rows as the file holds them, the columns' names first."""
        wide = [self._holds(position, Estimate) for position in range(len(self.columns))]
        names: list[tuple[object, ...]] = [(name, f"{name} low", f"{name} high") for name in self.columns]
        rows = [names, *([_parts(cell) for cell in row] for row in self.rows)]
        return [
            [part for cell, three in zip(row, wide, strict=True) for part in (cell if three else cell[:1])]
            for row in rows
        ]

    @property
    def numeric(self) -> list[bool]:
        """For each column whether it holds numbers, so that the page aligns it to the right."""
        return [self._holds(position, int | float | Estimate | None) for position in range(len(self.columns))]

    def without_empty_columns(self) -> "Table":
        """The table without the columns in which nothing is known."""
        kept = [
            position
            for position in range(len(self.columns))
            if not self.rows or any(_is_known(row[position]) for row in self.rows)
        ]
        rows = [[row[position] for position in kept] for row in self.rows]
        return replace(self, columns=[self.columns[position] for position in kept], rows=rows)

    def _holds(self, position: int, kind: type | UnionType) -> bool:
        return bool(self.rows) and all(isinstance(row[position], kind) for row in self.rows)


@dataclass(frozen=True)
class Figure(Displayed):
    """A chart of the page that is also an SVG and a PNG file.

    Attributes:
        name: File name without a suffix.
        caption: What it shows, also for those who don't see it.
        chart: Its Vega-Lite specification.
        live: Whether the page's script draws it, so that a reader can ask it questions.
    """

    name: str
    caption: str
    chart: Spec
    live: bool = False


@dataclass(frozen=True)
class Section:
    """A part of the page.

    Attributes:
        title: Its heading.
        template: File name of its Jinja template in `templates/`; "package:file" for that of another package.
        values: What the template is given; every `Table` and `Figure` among them, also in lists and dicts, is written
            to its files.
    """

    title: str
    template: str
    values: Mapping[str, object]


@dataclass(frozen=True)
class Page:
    """A whole page.

    Attributes:
        title: Its heading.
        lead: The line under it.
        parts: The sections by their anchors, in their order.
        case: The experiment, where the page is about one.
    """

    title: str
    lead: str
    parts: Mapping[str, Section]
    case: ReportInput | None = None


def _is_known(cell: object) -> bool:
    return (cell.mean if isinstance(cell, Estimate) else cell) not in (None, "")


def _plain(cell: object) -> str:
    if cell is None:
        return "–"
    return f"{cell:,}" if isinstance(cell, int) and not isinstance(cell, bool) else str(cell)


def _key(cell: object) -> float | None:
    value = cell.mean if isinstance(cell, Estimate) else cell
    return value if isinstance(value, int | float) and not isinstance(value, bool) else None


def _parts(cell: object) -> tuple[object, ...]:
    if not isinstance(cell, Estimate):
        return (cell,)
    low, high = (cell.interval.low, cell.interval.high) if cell.interval else (None, None)
    return cell.mean, low, high


Part = TypeVar("Part", Table, Figure)


def parts_of(value: object, kind: type[Part]) -> Iterator[Part]:
    """All tables, or all figures, in sections and their values, also in lists and dicts."""
    return (part for part in all_parts(value) if isinstance(part, kind))


def all_parts(value: object) -> Iterator[Table | Figure]:
    """The same of both, in their order."""
    if isinstance(value, Table | Figure):
        yield value
    elif isinstance(value, Section):
        yield from all_parts(value.values)
    elif isinstance(value, Mapping):
        yield from all_parts(list(value.values()))
    elif isinstance(value, list | tuple):
        for item in value:
            yield from all_parts(item)
