"""The pairs, the findings and the improvements, as the page and its files tell them."""

import csv
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import polars as pl
import pytest
from tests.report.conftest import make_dataset, make_run

from bakeoff.config.experiment import ExperimentConfig
from bakeoff.core.registry import findings
from bakeoff.core.types import Interval
from bakeoff.evaluation.comparison import compare
from bakeoff.evaluation.improvements import Change, CurvePoint, Improvements
from bakeoff.findings.diagnose import diagnose
from bakeoff.report import ReportInput, write
from bakeoff.report.questions import NOT_MEASURED
from bakeoff.training.run import Predictions, Run

Told = Callable[..., tuple[Path, str]]
TRIED = Improvements(
    network="net1",
    changes=(
        Change("flip", "horizontal flips", "measured", "better", 0.031, Interval(0.01, 0.052), 0.025, 3, 9, "all"),
        Change("double", "twice the training photos", "extrapolated", "not measured", None, Interval(0.01, 0.03)),
        Change("exclusive", "only photos that hold one target class", "skipped", "it is the experiment's policy"),
    ),
    curve=(CurvePoint(6, 0.4, None), CurvePoint(12, 0.5, Interval(0.4, 0.6)), CurvePoint(24, 0.6, None, True)),
    seconds=1.0,
    budget=0.0,
    statement="For net1, better than no change: horizontal flips +3.1 points.",
)


def turned(run: Run) -> Run:
    """The run with every prediction of a validation photo turned to class 0."""
    held = pl.when(pl.col("split") == "val").then(0).otherwise(pl.col("predicted"))
    return replace(run, predictions=Predictions(run.predictions.frame().with_columns(predicted=held)))


@pytest.fixture
def told(tmp_path: Path) -> Told:
    """The folder and page of a report of two networks with that many seeds, with the findings of the diagnosis."""

    def make(seeds: int = 2, improvements: Improvements | None = None) -> tuple[Path, str]:
        dataset = make_dataset(tmp_path / "data", ("ant", "bee", "cat"))
        runs = [make_run(dataset, "net1", seed) for seed in range(seeds)]
        runs += [turned(make_run(dataset, "net2", seed)) for seed in range(seeds)]
        results = compare(dataset, runs)
        scores, findings = results.comparison, diagnose(results)
        page = write(
            tmp_path / "report", ReportInput(ExperimentConfig(), scores, dataset, runs, "", findings, improvements)
        )
        return page.parent, page.read_text(encoding="utf-8")

    return make


def rows(folder: Path, name: str) -> list[dict[str, str]]:
    with (folder / "tables" / f"{name}.csv").open(encoding="utf-8") as file:
        return list(csv.DictReader(file))


def test_every_finding_has_its_anchor_and_its_evidence(told: Told) -> None:
    folder, page = told()
    positions = [page.index(f'<article id="finding-{code}"') for code in findings.names()]
    assert len(set(positions)) == len(positions)
    evidence = rows(folder, "finding-failed-training")
    assert {"what": "networks / net2 / failed", "value": "0"} in evidence


def test_the_pairs_are_a_table_and_a_chart(told: Told) -> None:
    folder, page = told()
    (pair,) = rows(folder, "pairs")
    assert float(pair["difference"]) == pytest.approx(1 / 3 - 13 / 18, abs=0.01)
    assert pair["verdict"] == "undecided"
    assert 0 <= float(pair["P(second > first)"]) <= 1
    assert [row["seed"] for row in rows(folder, "mcnemar")] == ["0", "1"]
    assert "undecided" in page


def test_one_seed_has_pairs_without_an_interval(told: Told) -> None:
    folder, page = told(seeds=1)
    (pair,) = rows(folder, "pairs")
    assert (pair["p (better)"], pair["verdict"]) == ("", "not applicable")
    assert not (folder / "figures" / "pairs.svg").exists()
    assert "another seed may reverse the order: not applicable" in page


def test_errors_are_counted_by_kind(told: Told) -> None:
    folder, page = told()
    errors = rows(folder, "errors-net2")
    assert [row["class"] for row in errors] == ["ant", "bee", "cat"]
    # of the three photos of cat, one holds ant too; both seeds call all of them ants
    assert errors[2] == {
        "class": "cat",
        "errors": "3.0",
        "predicted class is in the photo too": "1.0",
        "it is not": "2.0",
    }
    assert "1.0 in photo" in page


def test_without_improvements_the_page_says_how_to_measure_them(told: Told) -> None:
    folder, page = told()
    assert NOT_MEASURED.split(":")[0] in page
    assert not (folder / "tables" / "improvements.csv").exists()


def test_improvements_answer_the_last_question(told: Told) -> None:
    folder, page = told(improvements=TRIED)
    assert page.count(TRIED.statement) == 2, "on the first screen, and above the table"
    table = rows(folder, "improvements")
    assert [row["verdict"] for row in table] == ["better", "not measured", "it is the experiment's policy"]
    assert (table[0]["gain"], table[2]["gain"]) == ("0.031", "")
    assert "+3.1 (+1.0 to +5.2)" in page
    assert ">+1.0 to +3.0<" in page
    assert [row["kind"] for row in rows(folder, "learning-curve")] == ["measured", "measured", "extrapolated"]
    assert (folder / "figures" / "learning-curve.png").exists()
