"""Seeds added until the verdicts are in."""

from pathlib import Path

import pytest
from tests.conftest import experiment

from bakeoff.core.errors import ConfigError
from bakeoff.evaluation.sequential import looks
from bakeoff.workflow import pipeline
from bakeoff.workflow.experiment import Experiment

AUTO = ("training.seeds=auto", "training.epochs=8", "training.executor=serial")


def seeds_of(folder: Path) -> dict[str, int]:
    return {network.name: len(network.runs) for network in Experiment(folder).comparison.networks}


def test_what_more_seeds_cannot_decide_is_given_up_and_what_is_decided_stops(sample: Path, tmp_path: Path) -> None:
    """20 photos tell a good network from chance, and no two good ones apart, whatever the number of seeds."""
    asked = experiment(sample, *AUTO, "training.networks=net3-bn,net2,majority", "training.max_seeds=8")
    page = pipeline.run(asked, tmp_path / "out")
    counts = seeds_of(tmp_path / "out")
    allowed = {look.seeds for look in looks(8)}
    assert set(counts.values()) <= allowed
    assert counts["majority"] <= counts["net3-bn"]
    assert "was not run yet" not in page.read_text(encoding="utf-8")
    stamps = {path: path.stat().st_mtime_ns for path in (tmp_path / "out").glob("runs/*/run.json")}
    before = Experiment(tmp_path / "out").comparison
    pipeline.run(asked, tmp_path / "out")
    assert Experiment(tmp_path / "out").comparison == before
    assert {path: path.stat().st_mtime_ns for path in (tmp_path / "out").glob("runs/*/run.json")} == stamps


def test_a_network_alone_has_no_pair_to_decide(sample: Path, tmp_path: Path) -> None:
    pipeline.run(experiment(sample, *AUTO, "training.networks=net1"), tmp_path / "out")
    assert seeds_of(tmp_path / "out") == {"net1": 3}


def test_minutes_end_it_after_a_look(sample: Path, tmp_path: Path) -> None:
    asked = experiment(sample, *AUTO, "training.networks=net1,net2", "training.minutes=0.0001")
    pipeline.run(asked, tmp_path / "out")
    assert seeds_of(tmp_path / "out") == {"net1": 3, "net2": 3}


def test_other_words_than_auto_are_refused(sample: Path) -> None:
    with pytest.raises(ConfigError, match="seeds"):
        experiment(sample, "training.seeds=many")
    with pytest.raises(ConfigError, match="max_seeds"):
        experiment(sample, *AUTO, "training.max_seeds=1")
