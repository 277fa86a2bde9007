"""Writing the report's folder."""

import base64
import csv
import hashlib
import io
from collections.abc import Iterable, Iterator, Mapping, Sequence
from importlib.resources import files
from pathlib import Path

import msgspec
from jinja2 import ChoiceLoader, Environment, FunctionLoader, PackageLoader, StrictUndefined
from markupsafe import Markup

from bakeoff.core.atomic import atomic_folder
from bakeoff.core.registry import sections
from bakeoff.core.storage import check_owned, mark_owned, write_json
from bakeoff.core.types import TRAIN, VAL
from bakeoff.core.untrusted import no_formula
from bakeoff.evaluation.hand_in import HandIn
from bakeoff.evaluation.scores import Comparison, PairScores
from bakeoff.report import grading, joint, rendering
from bakeoff.report.contents import Figure, Page, ReportInput, Section, Table, parts_of
from bakeoff.report.markdown import to_markdown
from bakeoff.report.summary import summarise

KIND = "report"
SPLIT_NAMES = {TRAIN: "training", VAL: "validation"}


def write(folder: Path, case: ReportInput) -> Path:
    """Writes `index.html`, `report.md`, `summary.json`, `figures/` and `tables/`: the same records give the same bytes.

    Args:
        folder: The report's folder; replaced where it exists.
        case: The experiment.

    Returns:
        The path of the page.

    Raises:
        StorageError: There is no room or no right to write.
    """
    with atomic_folder(folder) as partial:
        _fill_one(partial, case)
    return folder / "index.html"


def write_owned(folder: Path, case: ReportInput) -> Path:
    """The same in a folder of its own, which must be new, empty, or a report's."""
    check_owned(folder, KIND)
    with atomic_folder(folder) as partial:
        mark_owned(partial, KIND)
        _fill_one(partial, case)
    return folder / "index.html"


def write_joint(folder: Path, cases: Mapping[str, ReportInput], pairs: Sequence[PairScores]) -> Path:
    """Writes one page about several experiments, and beside it the report of each in `experiments/`.

    Args:
        folder: The report's folder; replaced where it exists.
        cases: The experiments by the names they get in the report, which are names of folders too.
        pairs: Networks compared across experiments.

    Returns:
        The path of the page.

    Raises:
        StorageError: There is no room or no right to write, or the folder holds something else than a report.
    """
    check_owned(folder, KIND)
    with atomic_folder(folder) as partial:
        mark_owned(partial, KIND)
        summaries = {name: summarise(case) for name, case in cases.items()}
        summary = {"experiments": summaries, "pairs": msgspec.to_builtins(pairs)}
        _fill(partial, joint.page(cases, pairs), summary)
        for name, case in cases.items():
            own = partial / joint.FOLDER / name
            own.mkdir(parents=True)
            _fill_one(own, case)
    return folder / "index.html"


def write_class(folder: Path, hand_ins: Sequence[HandIn], comparison: Comparison | None) -> Path:
    """Writes one page about what a class handed in; raises as `write_joint` does."""
    check_owned(folder, KIND)
    with atomic_folder(folder) as partial:
        mark_owned(partial, KIND)
        _fill(partial, grading.page(hand_ins, comparison), {"hand_ins": msgspec.to_builtins(hand_ins)})
    return folder / "index.html"


def _fill_one(folder: Path, case: ReportInput) -> None:
    made: dict[str, Section | None] = {name.partition("-")[2]: sections[name](case) for name in sections.names()}
    parts = {anchor: section for anchor, section in made.items() if section}
    counts = case.comparison.counts
    runs = sum(len(network.runs) for network in case.comparison.networks)
    splits = " and ".join(f"{counts[split]:,} {name}" for split, name in SPLIT_NAMES.items() if split in counts)
    lead = f"{len(case.comparison.networks)} networks, {runs} runs, {len(case.comparison.classes)} classes, "
    lead += f"{splits} photos"
    _fill(folder, Page(case.experiment.name, lead, parts, case), summarise(case))


def _fill(folder: Path, page: Page, summary: object) -> None:
    for name in ("figures", "tables"):
        (folder / name).mkdir()
    svgs = dict(_write_figures(page.parts.values(), folder / "figures"))
    _write_tables(page.parts.values(), folder / "tables")
    html = _render(page, svgs)
    _write_text(folder / "index.html", html)
    _write_text(folder / "report.md", to_markdown(page))
    write_json(folder / "summary.json", summary)


def _render(page: Page, svgs: dict[str, str]) -> str:
    environment = Environment(
        loader=ChoiceLoader([PackageLoader("bakeoff.report"), FunctionLoader(_template_of_plugin)]),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.globals["svg"] = lambda name: Markup(rendering.inline(svgs[name], name))
    environment.globals["page_spec"] = rendering.to_page
    scripts = [rendering.bundle(), _script()]
    hashes = [base64.b64encode(hashlib.sha256(script.encode()).digest()).decode() for script in scripts]
    return environment.get_template("page.html").render(
        page=page, case=page.case, parts=page.parts, scripts=[Markup(script) for script in scripts], hashes=hashes
    )


def _template_of_plugin(name: str) -> str | None:
    """The template `package:file` of a section of another package."""
    package, _, file = name.partition(":")
    return (files(package) / file).read_text(encoding="utf-8") if file else None


def _script() -> str:
    return (files("bakeoff.report") / "templates" / "script.js").read_text(encoding="utf-8")


def _write_figures(parts: Iterable[Section], folder: Path) -> Iterator[tuple[str, str]]:
    for figure in parts_of(list(parts), Figure):
        svg = rendering.to_svg(figure.chart)
        _write_text(folder / f"{figure.name}.svg", svg)
        (folder / f"{figure.name}.png").write_bytes(rendering.to_png(svg))
        yield figure.name, svg


def _write_tables(parts: Iterable[Section], folder: Path) -> None:
    for table in parts_of(list(parts), Table):
        text = io.StringIO()
        csv.writer(text, lineterminator="\n").writerows([no_formula(cell) for cell in row] for row in table.stored())
        _write_text(folder / f"{table.name}.csv", text.getvalue())


def _write_text(path: Path, text: str) -> None:
    """UTF-8 with the same line ends everywhere; bytes of a command line that are no UTF-8 are written as escapes."""
    path.write_text(text, encoding="utf-8", errors="backslashreplace", newline="\n")
