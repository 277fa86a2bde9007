"""The short answer says no more than the numbers bear."""

from collections.abc import Callable
from pathlib import Path

import polars as pl
import pytest
from msgspec.structs import replace

from bakeoff.config.data import SelectionConfig
from bakeoff.config.experiment import ExperimentConfig
from bakeoff.config.schema import TrainingConfig
from bakeoff.core.registry import sections
from bakeoff.core.types import Estimate, Interval
from bakeoff.data.build.dataset import Dataset, DatasetInfo
from bakeoff.data.selection.selection import SelectionInfo
from bakeoff.evaluation.failures import failure_rate
from bakeoff.evaluation.improvements import Change, Improvements
from bakeoff.evaluation.scores import Comparison, RunScores, VariantScores
from bakeoff.findings.finding import Finding, Mark, ShortAnswer, State
from bakeoff.report.contents import ReportInput
from bakeoff.report.questions import BETTER, NOT_MEASURED
from bakeoff.report.short_answer import Line

NOTHING = Estimate(None, None)
Answer = Callable[..., str]


def network(name: str, mean: float, half: float = 0.03, seeds: int = 1, failed: int = 0) -> VariantScores:
    """Runs that trained with one accuracy, some that did not run, and an interval of that half width."""
    runs = [RunScores(seed, "finished", "trained", "", 1.0, val_accuracy=mean) for seed in range(seeds)]
    runs += [RunScores(seeds + number, "failed", "did not run", "out of memory.", 1.0) for number in range(failed)]
    value = Estimate(mean, Interval(mean - half, mean + half)) if seeds else NOTHING
    return VariantScores(name, None, tuple(runs), failure_rate([run.outcome for run in runs]), val_accuracy=value)


@pytest.fixture
def values() -> Callable[..., dict[str, object]]:
    def section_values(
        *networks: VariantScores,
        images: int = 1000,
        findings: tuple[Finding, ...] = (),
        improvements: Improvements | None = None,
    ) -> dict[str, object]:
        info = DatasetInfo(
            ("a", "b"), 8, "area", 95, {}, SelectionInfo(SelectionConfig(), "", "", ""), "", 0, "", "", {}
        )
        empty = pl.DataFrame()
        comparison = Comparison(("a", "b"), "d", {"train": 10, "val": images}, networks)
        experiment = ExperimentConfig(training=TrainingConfig(networks=("x",), seeds=(9,)))
        dataset = Dataset(Path(), info, empty, pl.DataFrame)
        case = ReportInput(experiment, comparison, dataset, [], "", findings, improvements)
        return dict(sections["10-answer"](case).values)

    return section_values


@pytest.fixture
def answer(values: Callable[..., dict[str, object]]) -> Answer:
    return lambda *networks, **other: best(values(*networks, **other)).text


def best(values: dict[str, object]) -> Line:
    line = values["best"]
    assert isinstance(line, Line)
    return line


@pytest.mark.parametrize("lead", [0.01, 0.2])
def test_one_seed_establishes_nothing(answer: Answer, lead: float) -> None:
    text = answer(network("low", 0.5), network("high", 0.5 + lead))
    assert text.startswith("high has the highest mean validation accuracy: ")
    assert f"Its lead over low, {100 * lead:.1f} points, is not established: one seed does not tell" in text


def test_the_interval_stands_in_the_answer(answer: Answer) -> None:
    text = answer(network("low", 0.55), network("high", 0.578))
    assert "57.8 % (54.8 to 60.8) of 1,000 photos, one seed (95 % interval over photos)." in text


def finding(code: str, state: State, verdict: str) -> Finding:
    return Finding(code, "Title", "Which?", state, verdict, "Little.", {}, 1)


@pytest.mark.parametrize("state", ["found", "undecided"])
def test_with_several_seeds_the_finding_on_the_best_network_decides(answer: Answer, state: State) -> None:
    found = finding("best-network", state, "high is better than every other network.")
    text = answer(network("low", 0.5, 0.01, seeds=3), network("high", 0.6, 0.01, seeds=3), findings=(found,))
    assert text.endswith(
        "the mean of 3 seeds (95 % interval over seeds and photos). high is better than every other network."
    )


def test_every_finding_with_an_answer_has_a_line_the_weightiest_first(values: Callable[..., dict[str, object]]) -> None:
    light = replace(finding("padding", "found", "Long."), weight=50, answer=ShortAnswer("yes", "+1.0 points."))
    heavy = replace(
        finding("failed-training", "found", "Long."), weight=85, answer=ShortAnswer("failed", "deep in 1 of 1.")
    )
    silent = finding("power", "found", "Long.")
    lines = values(network("low", 0.5), findings=(light, silent, heavy))["lines"]
    assert lines == [
        Line("failed", "Which?", "deep in 1 of 1.", "finding-failed-training"),
        Line("yes", "Which?", "+1.0 points.", "finding-padding"),
        Line("not measured", BETTER, NOT_MEASURED, "improvements"),
    ]


@pytest.mark.parametrize("mark", ["yes", "no", "undecided", "failed"])
def test_the_mark_is_that_of_the_finding_on_the_best_network(
    values: Callable[..., dict[str, object]], mark: Mark
) -> None:
    found = replace(finding("best-network", "found", "Long."), answer=ShortAnswer(mark, "Long."))
    assert best(values(network("one", 0.5), network("two", 0.6), findings=(found,))).mark == mark
    assert best(values(network("one", 0.5), network("two", 0.6))).mark == "undecided"


def test_a_leak_stands_on_the_first_screen(values: Callable[..., dict[str, object]]) -> None:
    found, calm = (finding("leaks", state, "2 photos are in both splits.") for state in ("found", "not found"))
    assert found.verdict in values(network("low", 0.5), findings=(found,))["warnings"]
    assert calm.verdict not in values(network("low", 0.5), findings=(calm,))["warnings"]


@pytest.mark.parametrize(
    ("verdicts", "mark"),
    [(("worse", "better"), "yes"), (("worse", "equivalent"), "no"), (("worse", "undecided"), "undecided")],
)
def test_what_would_make_it_better(
    values: Callable[..., dict[str, object]], verdicts: tuple[str, ...], mark: Mark
) -> None:
    changes = tuple(Change(verdict, "a change", "measured", verdict, 0.01) for verdict in verdicts)
    tried = Improvements("net1", changes, (), 1.0, 0.0, "The best change gains 1.0 points.")
    lines = values(network("low", 0.5), improvements=tried)["lines"]
    assert lines == [Line(mark, BETTER, tried.statement, "improvements")]


def test_a_tie_has_no_leader(answer: Answer) -> None:
    text = answer(network("one", 0.5), network("two", 0.5), network("three", 0.4))
    assert text.startswith("one and two share the highest mean validation accuracy: 50.0 %")
    assert "None of them leads." in text


def test_a_mean_names_the_seeds_that_are_missing_from_it(values: Callable[..., dict[str, object]]) -> None:
    section = values(network("one", 0.5, 0.01, seeds=2, failed=1), network("two", 0.9, seeds=0, failed=1))
    assert best(section).text == (
        "one reaches a validation accuracy of 50.0 % (49.0 to 51.0) of 1,000 photos, "
        "the mean of 2 of 3 seeds (95 % interval over seeds and photos). No other network trained."
    )


def test_a_single_network_is_not_asked_whether_it_is_best(values: Callable[..., dict[str, object]]) -> None:
    judged = Finding(
        code="best-network", title="", question="Is one network best?", state="not applicable", verdict="", limits="",
        evidence={}, weight=90, answer=None,
    )  # fmt: skip
    section = values(network("one", 0.5, 0.01, seeds=2), findings=(judged,))
    assert best(section).mark is None
    assert best(section).text.endswith("the mean of 2 seeds (95 % interval over seeds and photos).")


def test_without_a_finished_run_there_is_no_answer(answer: Answer) -> None:
    assert answer(network("one", 0.5, seeds=0, failed=1)).startswith("No network trained")
