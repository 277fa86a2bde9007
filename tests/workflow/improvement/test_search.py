"""Every change is tried on one network, ranked, stored and reported."""

import shutil
from pathlib import Path

import msgspec
import pytest
from tests.workflow.improvement.conftest import OVERRIDES
from tests.workflow.test_pipeline import experiment

from bakeoff.core.errors import ConfigError
from bakeoff.core.storage import read_json
from bakeoff.evaluation.improvements import Improvements
from bakeoff.workflow.improvement import improve
from bakeoff.workflow.improvement.search import KINDS

CHANGES = {"flip-and-crop", "exclusive", "net3-he", "net3-bn", "net3-skip", "flip", "crop"}


def test_every_change_is_measured(improved: tuple[Path, Improvements]) -> None:
    _, found = improved
    assert found.network == "net3"
    assert {variant.name for variant in found.variants if variant.kind == "measured"} == CHANGES
    for variant in found.variants:
        if variant.kind == "measured":
            assert variant.seeds == 2
            assert variant.images > 0
            assert variant.gain is not None
            assert variant.interval is not None
            assert variant.interval.low <= variant.gain <= variant.interval.high


def test_the_best_stands_first(improved: tuple[Path, Improvements]) -> None:
    ranks = [(KINDS.index(variant.kind), -(variant.gain or 0.0)) for variant in improved[1].variants]
    assert ranks == sorted(ranks)


def test_the_learning_curve_grows_to_twice_the_photos(improved: tuple[Path, Improvements]) -> None:
    points = improved[1].curve
    assert [point.images for point in points] == [10, 20, 40, 80]
    assert [point.extrapolated for point in points] == [False, False, False, True]


def test_it_is_stored_and_stands_in_the_report(improved: tuple[Path, Improvements]) -> None:
    folder, found = improved
    assert read_json(folder / "improve" / "improvements.json", Improvements) == found
    summary = msgspec.json.decode((folder / "report" / "summary.json").read_bytes())
    assert summary["improvements"]["statement"] == found.statement
    page = (folder / "report" / "index.html").read_text()
    assert "horizontal flips and random crops by 4 px" in page
    assert (folder / "report" / "figures" / "learning-curve.svg").exists()


def test_the_experiments_own_runs_are_the_base(improved: tuple[Path, Improvements]) -> None:
    folder, _ = improved
    assert not (folder / "improve" / "as it is").exists()
    assert {path.name for path in (folder / "runs").iterdir()} == {
        f"{name}-seed{seed}" for name in ("net3", "net1") for seed in (0, 1)
    }


def test_repeated_it_trains_nothing_anew(improved: tuple[Path, Improvements], sample: Path, tmp_path: Path) -> None:
    found, folder = improved[1], tmp_path / "out"
    shutil.copytree(improved[0], folder)
    stamps = {path: path.stat().st_mtime_ns for path in folder.glob("improve/*/runs/*/run.json")}
    again = improve(experiment(sample, *OVERRIDES), folder)
    assert again.variants == found.variants
    assert {path: path.stat().st_mtime_ns for path in stamps} == stamps


def test_one_seed_measures_without_a_test(sample: Path, tmp_path: Path) -> None:
    found = improve(experiment(sample, "training.networks=net1", "improve.shares=0.5"), tmp_path / "out")
    measured = [variant for variant in found.variants if variant.kind == "measured"]
    assert {variant.verdict for variant in measured} == {"not tested: one seed"}
    assert all(variant.interval is None for variant in measured)
    (double,) = (variant for variant in found.variants if variant.name == "double")
    assert double.kind == "skipped"


def test_a_budget_that_is_used_up_skips_and_says_so(sample: Path, tmp_path: Path) -> None:
    found = improve(experiment(sample, "training.networks=net1", "improve.minutes=0.0001"), tmp_path / "out")
    assert {variant.verdict for variant in found.variants if variant.name == "flip"} == {
        "the budget of 0.0001 minutes was used up"
    }
    assert all(variant.kind == "skipped" for variant in found.variants)


def test_a_network_that_is_not_there_is_refused(sample: Path, tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"improve.network: unknown network of this experiment 'net9'. Did you mean"):
        improve(experiment(sample, "improve.network=net9"), tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_what_the_experiment_has_already_is_not_tried(sample: Path, tmp_path: Path) -> None:
    asked = experiment(
        sample,
        *("training.networks=net1", "training.horizontal_flip=true", "data.policy=exclusive", "improve.shares=0.5"),
    )
    reasons = {variant.name: variant.verdict for variant in improve(asked, tmp_path / "out").variants}
    assert reasons["flip"] == "the experiment has it already"
    assert reasons["exclusive"] == "it is the experiment's policy"
