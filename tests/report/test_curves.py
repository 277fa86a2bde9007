"""From logs to the points of curves."""

from collections.abc import Callable

import pytest

from bakeoff.report.curves import CURVE_POINTS, epoch_points, gradient_points, loss_points
from bakeoff.training.run import BatchLog, EpochLog, Run

MakeRun = Callable[..., Run]


def batches(*steps: int) -> list[BatchLog]:
    return [BatchLog(1, step, float(step)) for step in steps]


def test_the_leftover_batches_are_no_point(run_factory: MakeRun) -> None:
    points = loss_points([run_factory("net1", log=batches(100, 200, 213))])
    assert points["images"].to_list() == [400, 800], "batches of 4"
    assert points["loss"].to_list() == [100.0, 200.0]


def test_a_short_run_keeps_its_only_point(run_factory: MakeRun) -> None:
    assert loss_points([run_factory("net1", log=batches(13))])["images"].to_list() == [52]


def test_a_long_curve_is_averaged_down(run_factory: MakeRun) -> None:
    steps = [100 * number for number in range(1, 3 * CURVE_POINTS + 2)]
    points = loss_points([run_factory("net1", log=batches(*steps))])
    assert CURVE_POINTS / 2 < points.height <= CURVE_POINTS
    assert points["images"][-1] == 4 * steps[-1]
    assert points["loss"][0] == pytest.approx(250.0), "the mean of the first four"


def test_a_run_that_did_not_finish_ends_in_a_mark(run_factory: MakeRun) -> None:
    runs = [
        run_factory("net1", log=batches(100, 200)),
        run_factory("net2", 3, "diverged", "why", log=batches(100, 200)),
    ]
    points = loss_points(runs)
    assert points["end"].to_list() == [False, False, False, True]
    assert points["seed"].to_list() == [0, 0, 3, 3]


def test_runs_are_distinguished_whatever_their_folders_are_called(run_factory: MakeRun) -> None:
    points = loss_points([run_factory(name, log=batches(100)) for name in ("a.py:Net", "b.py:Net")])
    assert points["run"].n_unique() == 2


def test_epochs_and_gradients_keep_their_order(run_factory: MakeRun) -> None:
    log = [EpochLog(epoch, None, 0.1 * epoch, None, None, {"z": 1.0, "a": None}, {}, 0.0) for epoch in range(3)]
    run = run_factory("net1", log=[*log, *batches(100)])
    assert epoch_points([run])["training accuracy"].to_list() == [0.0, 0.1, 0.2]
    points = gradient_points([run]).filter(epoch=0)
    assert points.select("layer", "name", "norm").rows() == [(1, "z", 1.0), (2, "a", None)]


def test_no_runs_give_no_points() -> None:
    assert (loss_points([]).height, epoch_points([]).height, gradient_points([]).height) == (0, 0, 0)
