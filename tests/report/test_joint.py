"""Several experiments in one report."""

import csv
import json
from dataclasses import replace
from pathlib import Path

import msgspec
import pytest
from tests.report.conftest import make_case
from tests.report.test_write import Page

from bakeoff.core.errors import StorageError
from bakeoff.evaluation.comparison import compare
from bakeoff.evaluation.joint import compare_experiments
from bakeoff.report import ReportInput, write_joint

RUNS = (("net1", 0), ("net1", 1), ("net2", 0), ("net2", 1))


def with_epochs(case: ReportInput, epochs: int) -> ReportInput:
    """The same experiment with another recipe."""
    training = msgspec.structs.replace(case.experiment.training, epochs=epochs)
    return replace(case, experiment=msgspec.structs.replace(case.experiment, training=training))


def with_data(case: ReportInput, digest: str) -> ReportInput:
    """The same experiment as if it had been made with other photos."""
    info = msgspec.structs.replace(case.dataset.info, digest=digest)
    runs = [replace(run, spec=msgspec.structs.replace(run.spec, dataset=digest)) for run in case.runs]
    comparison = msgspec.structs.replace(case.comparison, dataset=digest)
    return replace(case, dataset=replace(case.dataset, info=info), runs=runs, comparison=comparison)


def write(folder: Path, cases: dict[str, ReportInput]) -> Page:
    results = {name: compare(case.dataset, case.runs) for name, case in cases.items()}
    pairs = compare_experiments(results)
    return Page(write_joint(folder, cases, pairs).read_text(encoding="utf-8"))


def rows(folder: Path, name: str) -> list[dict[str, str]]:
    with (folder / "tables" / f"{name}.csv").open(encoding="utf-8") as file:
        return list(csv.DictReader(file))


def test_recipes_are_compared_on_the_same_photos(tmp_path: Path) -> None:
    case = make_case(tmp_path / "data", runs=RUNS, seeds=2)
    page = write(tmp_path / "joint", {"short": case, "long": with_epochs(case, 30)})
    assert [(row["experiment"], row["network"]) for row in rows(tmp_path / "joint", "networks")] == [
        ("short", "net1"),
        ("short", "net2"),
        ("long", "net1"),
        ("long", "net2"),
    ]
    assert [(row["first"], row["second"], float(row["difference"])) for row in rows(tmp_path / "joint", "pairs")] == [
        ("short: net1", "long: net1", 0.0),
        ("short: net2", "long: net2", 0.0),
    ]
    assert rows(tmp_path / "joint", "settings") == [
        {"setting": "training.epochs", "short": "15", "long": "30"},
        {"setting": "data set", "short": "d1", "long": "d1"},
    ]
    assert page.ids["pairs"] == 1


def test_other_photos_are_not_compared(tmp_path: Path) -> None:
    first = make_case(tmp_path / "first", runs=RUNS)
    second = with_data(make_case(tmp_path / "second", ("dog", "cow"), RUNS), "d2")
    page = write(tmp_path / "joint", {"animals": first, "farm": second})
    assert page.ids["pairs"] == 0
    assert not (tmp_path / "joint" / "tables" / "pairs.csv").exists()
    assert {row["chance"] for row in rows(tmp_path / "joint", "networks")} == {str(1 / 3), "0.5"}
    assert "do not compare networks" in page.text


def test_each_experiments_own_report_lies_beside(tmp_path: Path) -> None:
    case = make_case(tmp_path / "data")
    page = write(tmp_path / "joint", {"one": case, "two": case})
    assert {link for link in page.links if link.endswith(".html")} == {
        "experiments/one/index.html",
        "experiments/two/index.html",
    }
    summary = json.loads((tmp_path / "joint" / "summary.json").read_text())
    for name in ("one", "two"):
        own = tmp_path / "joint" / "experiments" / name
        assert (own / "index.html").exists()
        assert json.loads((own / "summary.json").read_text()) == summary["experiments"][name]


def test_the_same_bytes_twice_and_nothing_of_others_is_replaced(tmp_path: Path) -> None:
    case = make_case(tmp_path / "data")
    for _ in range(2):
        write(tmp_path / "joint", {"one": case})
        first = (tmp_path / "joint" / "index.html").read_bytes()
    write(tmp_path / "again", {"one": case})
    assert (tmp_path / "again" / "index.html").read_bytes() == first
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "thesis.txt").touch()
    with pytest.raises(StorageError, match="holds something else"):
        write(tmp_path / "mine", {"one": case})
