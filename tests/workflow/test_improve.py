"""Every change is tried on one network, ranked, stored and reported."""

import shutil
from pathlib import Path

import msgspec
import pytest
from tests.conftest import experiment

from bakeoff.core.errors import ConfigError
from bakeoff.core.storage import read_json
from bakeoff.evaluation.improvements import KINDS, OWN_IMAGES, SHARED_IMAGES, Improvements
from bakeoff.workflow import pipeline
from bakeoff.workflow.improve import improve

OVERRIDES = (
    *("training.seeds=2", "training.networks=net1,net2", "improve.network=net1", "data.val_per_class=3"),
    *("training.epochs=12", "data.classes=ball,cup,fish"),
)
ONE_SEED = ("training.networks=net1", "training.epochs=8")
CHANGES = {"flip-and-crop", "exclusive", "flip", "crop"}


@pytest.fixture(scope="session")
def improved(sample: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Improvements]:
    """An experiment's folder with a report, and what `improve` gave; not to be changed."""
    folder = tmp_path_factory.mktemp("improved") / "out"
    asked = experiment(sample, *OVERRIDES)
    pipeline.run(asked, folder)
    return folder, improve(asked, folder)


def test_every_change_is_measured(improved: tuple[Path, Improvements]) -> None:
    _, found = improved
    assert found.network == "net1"
    assert {change.name for change in found.changes if change.kind == "measured"} == CHANGES
    for change in found.changes:
        if change.kind == "measured":
            assert change.seeds == 2
            assert change.images > 0
            assert change.gain is not None
            assert change.interval is None or change.interval.low <= change.gain <= change.interval.high
            assert change.expected is not None
            assert change.scored_on == (SHARED_IMAGES if change.name == "exclusive" else OWN_IMAGES)


def test_the_best_stands_first(improved: tuple[Path, Improvements]) -> None:
    ranks = [(KINDS.index(change.kind), -(change.gain or 0.0)) for change in improved[1].changes]
    assert ranks == sorted(ranks)


def test_the_learning_curve_grows_to_twice_the_photos(improved: tuple[Path, Improvements]) -> None:
    points = improved[1].curve
    assert [point.images for point in points] == [6, 12, 24, 48]
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
    runs = {path.name for path in (folder / "runs").iterdir()}
    assert {name for name in runs if "+" not in name} == {
        f"{name}-seed{seed}" for name in ("net1", "net2") for seed in (0, 1)
    }
    assert {"net1+flip-seed0", "net1+exclusive-seed1", "net1+crop-seed0", "net1+50-percent-seed1"} <= runs


def test_repeated_it_trains_nothing_anew(improved: tuple[Path, Improvements], sample: Path, tmp_path: Path) -> None:
    found, folder = improved[1], tmp_path / "out"
    shutil.copytree(improved[0], folder)
    stamps = {path: path.stat().st_mtime_ns for path in folder.glob("runs/*/run.json")}
    again = improve(experiment(sample, *OVERRIDES), folder)
    assert again.changes == found.changes
    assert {path: path.stat().st_mtime_ns for path in stamps} == stamps


def test_one_seed_measures_without_a_test(sample: Path, tmp_path: Path) -> None:
    found = improve(experiment(sample, *ONE_SEED, "improve.train_fractions=0.5"), tmp_path / "out")
    measured = [change for change in found.changes if change.kind == "measured"]
    assert {change.verdict for change in measured} == {"not tested: one seed"}
    assert all(change.interval is None for change in measured)
    skipped = {change.name: change.verdict for change in found.changes if change.kind == "skipped"}
    assert skipped.keys() == {"double", "exclusive"}
    assert skipped["exclusive"] == "a class has too few such photos", "hardly a scene holds a house and no kite"


def test_a_budget_that_is_used_up_skips_and_says_so(sample: Path, tmp_path: Path) -> None:
    found = improve(experiment(sample, "training.networks=net1", "improve.minutes=0.0001"), tmp_path / "out")
    assert {change.verdict for change in found.changes if change.name == "flip"} == {
        "the budget of 0.0001 minutes was used up"
    }
    assert all(change.kind == "skipped" for change in found.changes)


def test_a_network_that_is_not_there_is_refused(sample: Path, tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"improve.network: unknown network of this experiment 'net9'. Did you mean"):
        improve(experiment(sample, "improve.network=net9"), tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_what_the_experiment_has_already_is_not_tried(sample: Path, tmp_path: Path) -> None:
    asked = experiment(
        sample,
        *(
            "training.networks=net1",
            "training.horizontal_flip=true",
            "data.policy=exclusive",
            "data.classes=ball,cup,fish",
            "improve.train_fractions=0.5",
        ),
    )
    reasons = {change.name: change.verdict for change in improve(asked, tmp_path / "out").changes}
    assert reasons["flip"] == "the experiment has it already"
    assert reasons["exclusive"] == "it is the experiment's policy"
