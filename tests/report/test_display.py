"""What a notebook shows of records: tables and charts, in which names stay text."""

from collections.abc import Callable
from pathlib import Path

from tests.report.conftest import make_case

import bakeoff
from bakeoff.core.display import Displayed
from bakeoff.report.display import figures_of, tables_of
from bakeoff.training.run import BatchLog, EpochLog, Run

HOSTILE = ("<script>alert(1)</script>", "`x` | [a](javascript:1)", "\x1b[31m\u202eevil")


def shown(record: object) -> dict[str, str]:
    assert isinstance(record, Displayed)
    return dict(record._repr_mimebundle_(include=None, exclude=None))


def test_a_comparison_shows_its_networks_and_its_pairs(tmp_path: Path) -> None:
    runs = [(network, seed) for network in ("net1", "net2") for seed in (0, 1)]
    own = shown(make_case(tmp_path / "data", runs=runs, seeds=2).comparison)
    assert own["text/html"].count("<table>") == 3
    assert own["text/html"].count("data:image/svg+xml;base64,") == 1
    assert "| net1 | 401,920 | 2 of 2 |" in own["text/plain"]
    assert "Chart: Validation accuracy of the second network minus the first" in own["text/plain"]


def test_a_data_set_shows_its_counts_and_photos(tmp_path: Path) -> None:
    case = make_case(tmp_path / "data")
    own = shown(case.dataset)
    assert "| ant | 4 | 3 |" in own["text/plain"]
    assert own["text/html"].count("<img ") == 1
    assert str(tmp_path) not in own["text/html"]


def test_a_run_shows_how_it_ended_and_its_curves(run_factory: Callable[..., Run]) -> None:
    log = [EpochLog(epoch, 1.0, 0.5, 1.5 - epoch / 4, epoch / 4, {}, {}, 1.0) for epoch in (1, 2)]
    own = shown(run_factory("net1", log=[BatchLog(1, 100, 1.5), *log]))
    assert "| net1 | 0 | finished | 2 | 50.0 % | 1 min 5 s |" in own["text/plain"]
    assert own["text/html"].count("<img ") == 2
    failed = shown(run_factory("net1", 0, "failed", "RuntimeError: <b>no</b>"))
    assert "failed RuntimeError: &lt;b&gt;no&lt;/b&gt;" in failed["text/html"]
    assert "<img " not in failed["text/html"]


def test_an_experiment_shows_its_findings_and_gives_the_charts_and_tables_of_the_report(finished: Path) -> None:
    experiment = bakeoff.open(finished)
    own = dict(experiment._repr_mimebundle_())
    assert experiment.findings[0].verdict in own["text/plain"].replace("\\", "")
    assert "training loss" in own["text/html"].lower()
    assert {"loss", "accuracy", "confusion-net1"} <= set(experiment.figures)
    assert {"networks", "runs", "confusion-net2"} <= set(experiment.tables)
    chart = shown(experiment.figures["confusion-net1"])
    assert chart["image/svg+xml"].startswith("<svg")
    assert chart["application/vnd.vegalite.v6+json"]["config"]["background"] == "white"
    assert chart["text/plain"].startswith("Chart: Confusion matrix of net1")


def test_what_was_not_trained_yet_shows_its_folder(tmp_path: Path) -> None:
    assert bakeoff.Experiment(tmp_path)._repr_mimebundle_() == {"text/plain": f"Experiment({str(tmp_path)!r})"}


def test_names_are_text(tmp_path: Path) -> None:
    case = make_case(tmp_path / "data", classes=HOSTILE, runs=[("net1",)], question=HOSTILE[0])
    charts = [shown(figure) for figure in figures_of(case).values()]
    for own in (shown(case.dataset), shown(case.comparison), *map(shown, tables_of(case).values()), *charts):
        assert "<script>" not in own.get("text/html", "") + own.get("image/svg+xml", "")
        assert not {"\x1b", "\u202e"} & {*own["text/plain"], *own.get("image/svg+xml", "")}
        assert "[a](" not in own["text/plain"]
