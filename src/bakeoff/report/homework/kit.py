"""The kit's folder: figures, tables, answers, one PDF and one notebook."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from importlib.util import find_spec
from pathlib import Path

from bakeoff.config.tables import network_label
from bakeoff.core.atomic import atomic_folder
from bakeoff.core.errors import ConfigError
from bakeoff.core.registry import sections
from bakeoff.core.storage import check_owned, mark_owned
from bakeoff.evaluation.predictions import Scoring
from bakeoff.report import rendering
from bakeoff.report.contents import Figure, ReportInput, Table, parts_of
from bakeoff.report.formatting import slugs
from bakeoff.report.homework.answers import FILE, Answer, read_answers, read_stored, write_answers
from bakeoff.report.homework.document import NAME, write_document
from bakeoff.report.homework.latex import to_latex, to_markdown_table
from bakeoff.report.homework.notebook import write_notebook
from bakeoff.report.homework.pictures import confusion_matrix, sample_grid
from bakeoff.report.networks_table import SCORED

KIND = "homework"
NEEDED = ("typst", "nbclient", "nbformat", "ipykernel")
LONGEST = 200
"""Tables with more rows, such as the points of the curves, are for programs: they are in the report, as CSV."""

ACCURACIES = (
    "Learnable parameters, and mean accuracies over the seeds that trained, with the 95 % interval over seeds and "
    "photos; with one seed over photos."
)
SHORT = ("network", "parameters", "trained", "training", "validation", "test", "mAP")
"""The columns of the table of networks that the PDF has room for."""


def write_homework(folder: Path, case: ReportInput, experiment: Path) -> tuple[Path, bool]:
    """Writes figures (SVG, PNG, PDF), tables (LaTeX, Markdown), `answers.md`, `homework.pdf` and `homework.ipynb`.

    Args:
        folder: The kit's folder; replaced where it exists, but for answers that were edited.
        case: The experiment.
        experiment: Its folder, which the notebook opens.

    Returns:
        The path of the PDF, and whether there were edited answers, which are kept.

    Raises:
        ConfigError: What the PDF and the notebook need is not installed.
        StorageError: There is no room or no right to write, or the folder holds something else.
    """
    if missing := [name for name in NEEDED if not find_spec(name)]:
        raise ConfigError(f"the kit needs {', '.join(missing)}; install them with: pip install 'bakeoff[homework]'.")
    check_owned(folder, KIND)
    text, kept = write_answers(case, read_stored(folder))
    answers, title = read_answers(text), f"Homework: {case.experiment.name}"
    made = {name.partition("-")[2]: own for name in sections.names() if (own := sections[name](case))}
    shown = dict(_parts(case, {name: own.values for name, own in made.items()}, answers))
    with atomic_folder(folder) as partial:
        mark_owned(partial, KIND)
        _write_figures(partial / "figures", parts_of([list(made.values()), shown], Figure))
        _write_tables(partial / "tables", parts_of([list(made.values()), shown], Table))
        (partial / FILE).write_text(text, encoding="utf-8", newline="\n")
        write_document(partial, title, case.experiment.question, shown)
        write_notebook(partial / f"{NAME}.ipynb", title, answers, experiment)
    return folder / f"{NAME}.pdf", kept


def _parts(
    case: ReportInput, made: Mapping[str, Mapping[str, object]], answers: Sequence[Answer]
) -> Iterator[tuple[str, object]]:
    """What the PDF shows, by heading."""
    networks, tables = made["networks"], list(parts_of(made["details"], Table))
    photos = [sample_grid(case.dataset)] if case.dataset else []
    yield "The data set", [made["data"]["counts"], *photos]
    yield "Parameters and accuracies", _short(made["answer"]["networks"], case.comparison.scoring)
    yield "Training loss and accuracy", networks["curves"]
    yield "Answers", answers
    yield "Confusion matrices", list(_matrices(case))
    for heading, kind in (("Classification reports", "report-"), ("Sizes worked out, layer by layer", "sizes-")):
        yield heading, [table for table in tables if table.name.startswith(kind)]


def _matrices(case: ReportInput) -> Iterator[Figure]:
    networks = case.comparison.networks
    safe = slugs(network_label(network.name) for network in networks)
    for network, name in zip(networks, safe, strict=True):
        yield from (
            confusion_matrix(network, run, name, case.comparison.classes) for run in network.trained if run.confusion
        )


def _short(table: object, scoring: Scoring) -> Table:
    """The table without the columns that the PDF has no room for."""
    assert isinstance(table, Table)
    kept = [position for position, name in enumerate(table.columns) if name in SHORT]
    rows = [[row[position] for position in kept] for row in table.rows]
    caption = ACCURACIES if scoring == "label" else f"{ACCURACIES} {SCORED[scoring].strip()}"
    return replace(
        table, name="accuracies", caption=caption, columns=[table.columns[position] for position in kept], rows=rows
    )


def _write_figures(folder: Path, figures: Iterable[Figure]) -> None:
    folder.mkdir()
    for figure in figures:
        svg = rendering.to_svg(figure.chart)
        (folder / f"{figure.name}.svg").write_text(svg, encoding="utf-8", newline="\n")
        (folder / f"{figure.name}.png").write_bytes(rendering.to_png(svg))
        (folder / f"{figure.name}.pdf").write_bytes(rendering.to_pdf(svg))


def _write_tables(folder: Path, tables: Iterable[Table]) -> None:
    folder.mkdir()
    for table in tables:
        if table.rows and len(table.rows) <= LONGEST:
            (folder / f"{table.name}.tex").write_text(to_latex(table), encoding="utf-8", newline="\n")
            (folder / f"{table.name}.md").write_text(to_markdown_table(table), encoding="utf-8", newline="\n")
