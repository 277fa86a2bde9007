"""The experiment's folder: what it says of itself, and one command at a time in it."""

import threading
from pathlib import Path

import pytest

from bakeoff.core.atomic import lock
from bakeoff.core.errors import StorageError
from bakeoff.training.run import Run
from bakeoff.workflow.experiment import Experiment


def test_it_knows_what_is_in_it(finished: Path) -> None:
    experiment = Experiment(str(finished))
    assert [variant.name for variant in experiment.variants] == ["net1", "net2"]
    assert all(isinstance(run, Run) for run in experiment.runs)
    assert experiment.selection.info.digest == experiment.dataset.info.selection.digest
    assert set(experiment.digests) == {"selection", "dataset", "runs/net1-seed0", "runs/net2-seed0"}
    assert experiment.improvements is None
    assert Experiment.of_run(experiment.runs[0].folder).folder == finished.resolve()


def test_what_was_not_trained_says_so(tmp_path: Path) -> None:
    assert not Experiment(tmp_path).is_trained
    with pytest.raises(StorageError, match=str(tmp_path)):
        _ = Experiment(tmp_path).config


def test_a_second_command_waits_for_the_first(tmp_path: Path) -> None:
    first, second = Experiment(tmp_path / "out"), Experiment(tmp_path / "out")
    order: list[str] = []

    def work() -> None:
        with lock(tmp_path / "out"):
            order.append("second")

    with first.locked(), second.locked():  # the stages of one command are one holder
        waiting = threading.Thread(target=work)
        waiting.start()
        waiting.join(0.2)
        order.append("first")
    waiting.join()
    assert order == ["first", "second"]
    assert list(tmp_path.iterdir()) == []
