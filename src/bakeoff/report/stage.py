"""Writing the report's folder."""

import base64
import csv
import hashlib
import io
from collections.abc import Iterator, Sequence
from importlib.resources import files
from pathlib import Path
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from bakeoff.config import Experiment
from bakeoff.records import Comparison, Dataset, Run
from bakeoff.registry import sections
from bakeoff.report import rendering
from bakeoff.report.contents import Case, Figure, Section, Table
from bakeoff.report.markdown import to_markdown
from bakeoff.report.summary import summarise
from bakeoff.storage import new_folder, write_json


def write(
    folder: Path,
    experiment: Experiment,
    comparison: Comparison,
    dataset: Dataset,
    runs: Sequence[Run],
    command: str,
) -> Path:
    """Writes `index.html`, `report.md`, `summary.json`, `figures/` and `tables/`: the same records give the same bytes.

    Args:
        folder: The report's folder; replaced where it exists.
        experiment: What was asked.
        comparison: The scores of the runs.
        dataset: The data set of the runs.
        runs: In the experiment's order.
        command: The command line that asked for it; may be empty.

    Returns:
        The path of the page.

    Raises:
        StorageError: There is no room or no right to write.
    """
    case = Case(experiment, comparison, dataset, runs, command)
    parts = {name.partition("-")[2]: sections[name](case) for name in sections.names()}
    with new_folder(folder) as partial:
        for name in ("figures", "tables"):
            (partial / name).mkdir()
        svgs = dict(_write_figures(parts.values(), partial / "figures"))
        _write_tables(parts.values(), partial / "tables")
        page = _page(case, parts, svgs)
        _write_text(partial / "index.html", page)
        _write_text(partial / "report.md", to_markdown(page))
        write_json(partial / "summary.json", summarise(comparison))
    return folder / "index.html"


def _page(case: Case, parts: dict[str, Section], svgs: dict[str, str]) -> str:
    environment = Environment(
        loader=PackageLoader("bakeoff.report"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.globals["svg"] = lambda name: Markup(rendering.inline(svgs[name], name))
    environment.globals["page_spec"] = rendering.to_page
    scripts = [rendering.library(), _script()]
    hashes = [base64.b64encode(hashlib.sha256(script.encode()).digest()).decode() for script in scripts]
    return environment.get_template("page.html").render(
        case=case, parts=parts, scripts=[Markup(script) for script in scripts], hashes=hashes
    )


def _script() -> str:
    return (files("bakeoff.report") / "templates" / "script.js").read_text(encoding="utf-8")


def _write_figures(parts: Any, folder: Path) -> Iterator[tuple[str, str]]:
    for figure in _find(list(parts), Figure):
        svg = rendering.to_svg(figure.chart)
        _write_text(folder / f"{figure.name}.svg", svg)
        (folder / f"{figure.name}.png").write_bytes(rendering.to_png(svg))
        yield figure.name, svg


def _write_tables(parts: Any, folder: Path) -> None:
    for table in _find(list(parts), Table):
        text = io.StringIO()
        csv.writer(text, lineterminator="\n").writerows(table.stored())
        _write_text(folder / f"{table.name}.csv", text.getvalue())


def _write_text(path: Path, text: str) -> None:
    """UTF-8 with the same line ends everywhere; bytes of a command line that are no UTF-8 are written as escapes."""
    path.write_text(text, encoding="utf-8", errors="backslashreplace", newline="\n")


def _find(value: Any, kind: type[Any]) -> Iterator[Any]:
    """All figures or tables in a section's values, also in lists and dicts."""
    if isinstance(value, kind):
        yield value
    elif isinstance(value, Section):
        yield from _find(value.values, kind)
    elif isinstance(value, dict):
        yield from _find(list(value.values()), kind)
    elif isinstance(value, list | tuple):
        for item in value:
            yield from _find(item, kind)
