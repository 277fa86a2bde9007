"""What the documentation says exists."""

import importlib
import re
from pathlib import Path

import pytest

import bakeoff
from bakeoff.cli.main import app
from bakeoff.config.cluster import ClusterConfig
from bakeoff.config.data import DataConfig
from bakeoff.config.experiment import ExperimentConfig
from bakeoff.config.loading import RENAMED
from bakeoff.config.schema import EvaluationConfig, ImproveConfig, TrainingConfig
from bakeoff.config.tables import ConfigTable
from bakeoff.config.tune import TuneConfig
from bakeoff.core.registry import findings, policies

ROOT = Path(__file__).parents[1]
SRC = ROOT / "src" / "bakeoff"
PAGES = [*ROOT.glob("*.md"), *ROOT.glob("docs/*.md")]


def section_of(title: str) -> str:
    text = (ROOT / "docs" / "experiment.md").read_text()
    return text.split(f"## {title}\n")[1].split("\n## ")[0]


@pytest.mark.parametrize(
    ("title", "section", "own"),
    [
        ("Top level", ExperimentConfig, {"data", "training", "variants", "evaluation", "improve", "tune", "cluster"}),
        ("`[data]`", DataConfig, set()),
        ("`[training]`", TrainingConfig, set()),
        ("`[evaluation]`", EvaluationConfig, set()),
        ("`[improve]`", ImproveConfig, set()),
        ("`[tune]`", TuneConfig, {"search"}),
        ("`[cluster]`", ClusterConfig, set()),
    ],
)
def test_every_key_is_documented_with_its_default(title: str, section: type[ConfigTable], own: set[str]) -> None:
    rows = dict(re.findall(r"^\| `(\w+)` \|(.*?)\|", section_of(title), re.M))
    assert set(rows) == set(section.__struct_fields__) - own
    for key, shown in rows.items():
        default = getattr(section(), key)
        written = {str(list(default))} if isinstance(default, tuple) else {str(default), str(default).lower()}
        assert shown.strip(" `\"'").replace('"', "'") in (written if default else {*written, ""}), key


@pytest.mark.parametrize("page", ["README.md", "docs/api.md"])
def test_the_api_in_the_docs_exists(page: str) -> None:
    text = (ROOT / page).read_text()
    snippets = re.findall(r"```python\n(.*?)```", text, re.S)
    assert snippets
    for snippet in snippets:
        compile(snippet, page, "exec")
    assert {*re.findall(r"bakeoff\.(\w+)\(", "".join(snippets))} <= {*bakeoff.__all__}
    functions = re.findall(r"^\| (`\w+\(.*?`) \|", text, re.M)
    assert {*re.findall(r"(\w+)\(", "".join(functions))} <= {*bakeoff.__all__}


def test_every_public_function_is_in_the_api_page() -> None:
    text = (ROOT / "docs" / "api.md").read_text()
    assert [name for name in bakeoff.__all__ if name.islower() and name[0] != "_" and f"`{name}(" not in text] == []


def test_every_command_is_in_the_readme() -> None:
    text = (ROOT / "README.md").read_text()
    commands = [command.name or command.callback.__name__ for command in app.registered_commands if not command.hidden]
    assert [name for name in commands if f"`bakeoff {name}`" not in text] == []


def test_the_readme_is_short() -> None:
    assert len((ROOT / "README.md").read_text().splitlines()) < 120
    assert sum(path.stat().st_size for path in (ROOT / "docs" / "images").iterdir()) < 500_000


def test_the_architecture_page_names_files_and_functions_that_exist() -> None:
    text = (ROOT / "docs" / "architecture.md").read_text()
    assert {*re.findall(r"^\| `(\w+)/`", text, re.M)} == {path.parent.name for path in SRC.glob("*/__init__.py")}
    files = re.findall(r"`(\w+/[\w/]+\.py)`", text)
    assert [file for file in files if not (SRC / file).is_file()] == []
    steps = re.findall(r"^\d\. \*\*.*?(?=^\d\.|^## )", text, re.M | re.S)
    named = [(file, name) for step in steps for file, name in _functions_of(step)]
    assert len({file for file, _ in named}) <= 8
    for file, name in named:
        assert re.search(rf"^ *(def|class) {name}\b", (SRC / file).read_text(), re.M), (file, name)


def _functions_of(step: str) -> list[tuple[str, str]]:
    """The file that a step of the photo's way names, with each function or method named as in it."""
    names = re.findall(r"`([\w.]+)` in `([\w/]+\.py)`", step)
    return [(file, part) for name, file in names for part in name.split(".")]


def test_old_keys_are_in_the_changelog() -> None:
    text = (ROOT / "CHANGELOG.md").read_text()
    assert [key for key in RENAMED if key != "training.recipes" and f"| `{key}` | " not in text] == []


def test_every_policy_is_documented() -> None:
    text = (ROOT / "docs" / "own-data.md").read_text()
    assert all(f"| `{name}`" in text for name in policies.names())


def test_every_finding_has_its_page() -> None:
    titles = re.findall(r"^## (.+)$", (ROOT / "docs" / "findings.md").read_text(), re.M)
    assert sorted(titles) == findings.names()


@pytest.mark.parametrize("page", ["faults.md", "sources.md"])
def test_every_fault_names_a_test_that_exists(page: str) -> None:
    text = (ROOT / "docs" / page).read_text()
    rows = [line for line in text.split("# Faults")[1].splitlines() if line.startswith("|")]
    named = re.findall(r"`([\w/]+\.py)::(\w+)` \|$", "\n".join(rows), re.M)
    assert len(named) == len([row for row in rows if not re.match(r"\| fault|\|---", row)])
    for file, test in named:
        path = ROOT / "tests" / file
        assert f"def {test}(" in path.read_text(), test


def test_the_table_of_other_tools_is_that_of_the_benchmark() -> None:
    page = (ROOT / "benchmarks" / "results" / "exporters.md").read_text()
    assert page[page.index("| tool |") :].strip() in (ROOT / "docs" / "sources.md").read_text()


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_links_lead_to_files_that_exist(page: Path) -> None:
    for link in re.findall(r"\]\((?!https?:)([^)#]+)", page.read_text()):
        assert (page.parent / link).exists(), link


def test_the_figures_of_the_statistics_page_show_what_it_says(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(ROOT / "benchmarks")
    figures = importlib.import_module("figures")
    missed = dict(figures.interval()[0].select("kind", "missed").iter_rows())
    assert missed == {"one seed, over photos": 13, "three seeds, over seeds and photos": 1}
    assert "misses the truth (orange) 13 times of 25" in (ROOT / "docs" / "statistics.md").read_text()
    low, high, difference = figures.paired()[0].iter_rows(named=True)
    assert low["high"] > high["low"]
    assert difference["low"] > 0
