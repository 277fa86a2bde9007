"""A search in an experiment: the same for every network, on training images alone, and what came from it."""

import json
import shutil
from pathlib import Path

import pytest
from tests.conftest import experiment

from bakeoff.core.errors import ConfigError
from bakeoff.core.progress import no_progress
from bakeoff.core.types import TRAIN
from bakeoff.training.run import load_run
from bakeoff.workflow import pipeline
from bakeoff.workflow import tune as stage
from bakeoff.workflow.experiment import Experiment
from bakeoff.workflow.tune import tune

ASKED = (
    *("training.networks=net1,linear,majority", "training.seeds=2", "data.train_per_class=20", "training.epochs=3"),
    *("tune.holdout=0.3", "tune.epochs=2", "tune.search.learning_rate=0.01,1e-9", "variants.linear.learning_rate=0.01"),
    "variants.linear.batch_size=8",
)


@pytest.fixture(scope="module")
def tuned(sample: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of an experiment that was tuned; not to be changed."""
    folder = tmp_path_factory.mktemp("tuned") / "out"
    pipeline.run(experiment(sample, *ASKED), folder)
    return folder


def test_every_network_that_sees_the_photo_is_tuned_with_one_budget(tuned: Path) -> None:
    found = Experiment(tuned).tuning
    assert found
    assert [own.name for own in found.networks] == ["net1", "linear"]
    assert [len(own.trials) for own in found.networks] == [2, 2]
    assert {own.images for own in found.networks} == {5 * 6}
    for own in found.networks:
        assert own.chosen == max(own.trials, key=lambda trial: trial.accuracy or 0).values
        assert own.chosen.learning_rate == 0.01, "with a step of 1e-9 nothing is learned"
    assert [own.variant for own in found.networks] == ["net1+tuned", ""], "linear has that rate already"


def test_trials_are_trained_without_the_images_that_judge_them(tuned: Path) -> None:
    names = {"net1", "linear", "majority", "net1+tuned"}
    folders = [path for path in (tuned / "runs").iterdir() if path.name.rpartition("-seed")[0] not in names]
    assert len(folders) == 4
    assert {path.name.rpartition("-seed")[0] for path in folders} == {
        trial.variant for own in Experiment(tuned).tuning.networks for trial in own.trials
    }
    for run in map(load_run, folders):
        assert (run.spec.seed, run.record.epochs, run.spec.recipe.train_fraction) == (0, 2, 0.7)
        assert run.predictions.of(TRAIN).height == 5 * 14


def test_the_tuned_variant_is_trained_as_any_other(tuned: Path) -> None:
    made = Experiment(tuned)
    assert [variant.name for variant in made.variants] == ["net1", "linear", "majority", "net1+tuned"]
    first, last = made.variants[0].recipe, made.variants[-1].recipe
    assert (first.learning_rate, last.learning_rate) == (0.001, 0.01)
    assert (last.epochs, last.train_fraction) == (3, 1.0)
    assert [run.spec.seed for run in made.runs if run.spec.variant == "net1+tuned"] == [0, 1]
    assert ("net1", "net1+tuned") in [(pair.first, pair.second) for pair in made.comparison.pairs]
    assert made.verify() == []


def test_the_report_says_what_was_searched_and_what_it_gained(tuned: Path) -> None:
    page = (tuned / "report" / "report.md").read_text()
    section = page.split("\n## What tuning gained\n")[1].split("\n## ")[0]
    assert (
        "Searched for each network (grid): learning\\_rate 0.01, 1e-09; 2 recipes, each of 2 epochs, with one"
        in section
    )
    assert "on 30 training photos that were held out of the trials; validation photos played no part." in section
    rows = [line.split(" | ") for line in section.splitlines() if line.startswith(("| net1", "| linear"))]
    pair = next(own for own in Experiment(tuned).comparison.pairs if own.second == "net1+tuned")
    assert rows[0][1] == "learning\\_rate 0.01"
    assert rows[0][5].startswith(f"{100 * pair.difference:+.1f}".replace("-", "−"))
    assert rows[1][6].startswith("its recipe as it is")
    assert len(rows) == 2 + 4
    summary = json.loads((tuned / "report" / "summary.json").read_text())
    assert summary["tuning"]["config"]["search"] == {"learning_rate": [0.01, 1e-9]}


def test_a_search_that_is_there_is_kept_and_another_one_adds_to_it(
    tuned: Path, sample: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = shutil.copytree(tuned, tmp_path / "out")
    before = {path: path.stat().st_mtime_ns for path in (folder / "runs").glob("*/spec.json")}
    first = Experiment(folder).tuning
    with monkeypatch.context() as patch:
        patch.delattr("bakeoff.training.holdout.evaluate")  # nothing is judged again
        assert tune(experiment(sample, *ASKED), folder) == first
    more = tune(experiment(sample, *ASKED, "tune.search.learning_rate=0.01,1e-9,1e-8"), folder)
    assert [len(own.trials) for own in more.networks] == [3, 3]
    assert more.networks[0].trials[:2] == first.networks[0].trials
    after = {path: path.stat().st_mtime_ns for path in (folder / "runs").glob("*/spec.json")}
    assert before.items() <= after.items()
    assert len(after) == len(before) + 2
    pipeline.run(experiment(sample, *ASKED[:-3]), folder, overwrite=True)  # now without a search
    page = (folder / "report" / "report.md").read_text()
    assert "## What tuning gained" not in page
    assert Experiment(folder).variants[-1].name == "majority"


def test_a_trial_that_fails_is_said_and_not_chosen(sample: Path, tmp_path: Path) -> None:
    given = ("training.networks=linear", "tune.search.random_crop=99,0", "tune.holdout=0.3", "training.epochs=1")
    (own,) = tune(experiment(sample, *ASKED[:3], *given), tmp_path / "out").networks
    assert [trial.accuracy is None for trial in own.trials] == [True, False]
    assert own.trials[0].reason
    assert (own.chosen, own.variant) == (own.trials[1].values, "")
    assert not (tmp_path / "out" / "experiment.json").exists(), "nothing was trained but trials"


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ((), "there is nothing to search; give values in"),
        (("tune.search.epochs=1,2", "tune.epochs=1"), "tune.epochs and tune.search.epochs are both given"),
        (
            ("tune.search.epochs=1,2", f"variants.{'x' * 75}.network=net1"),
            "needs a shorter name, for '\\+tuned' to fit",
        ),
        (
            ("tune.search.epochs=1,2", "tune.sampler=tpe"),
            "needs Optuna; install it with: pip install 'bakeoff.optuna.'",
        ),
        (
            ("tune.search.epochs=1,2", "tune.holdout=0.25"),
            "tune.holdout = 0.25 holds out 2 training photos of the class 'ball'; at least 5 are needed",
        ),
    ],
)
def test_a_search_that_can_not_be_made_is_refused(
    sample: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, given: tuple[str, ...], message: str
) -> None:
    monkeypatch.setattr(stage, "find_spec", lambda name: None)
    with pytest.raises(ConfigError, match=message):
        tune(experiment(sample, *given), tmp_path / "out")
    assert not (tmp_path / "out" / "tune").exists()


def test_optuna_is_asked_network_by_network_in_turn(sample: Path, tmp_path: Path) -> None:
    pytest.importorskip("optuna")
    given = ("training.networks=net1,linear", "tune.sampler=tpe", "tune.trials=3", "tune.holdout=0.3")
    config = experiment(sample, *ASKED[:3], *given, "tune.search.learning_rate=0.1,0.01,0.001", "training.epochs=1")
    titles: list[str] = []
    found = tune(config, tmp_path / "out", monitor=lambda title: titles.append(title) or no_progress)
    assert [len(own.trials) for own in found.networks] == [3, 3]
    assert {"tuning: runs", "tuning 2: runs", "tuning 3: runs"} <= {*titles}
