"""The charts' specifications; what they look like is for eyes."""

import math
from collections.abc import Callable
from typing import Any

import pytest

from bakeoff.report import charts, curves
from bakeoff.training.run import BatchLog, EpochLog, Run

MakeRun = Callable[..., Run]


def with_losses(run_factory: MakeRun, *losses: float, status: str = "finished") -> Run:
    return run_factory("net1", 0, status, log=[BatchLog(1, 100 * n, loss) for n, loss in enumerate(losses, start=1)])


def loss_chart(run: Run) -> dict[str, Any]:
    return charts.loss_curves([run], curves.loss_points([run]))


def loss_axis(run: Run) -> list[float]:
    domain: list[float] = loss_chart(run)["layer"][0]["encoding"]["y"]["scale"]["domain"]
    return domain


def test_one_bad_run_does_not_flatten_the_others(run_factory: MakeRun) -> None:
    assert loss_axis(with_losses(run_factory, 1.0, 1e30)) == [0, pytest.approx(3 * math.log(3))]
    assert loss_axis(with_losses(run_factory, 1.0, 2.0)) == [0, pytest.approx(2.1)]
    assert loss_axis(with_losses(run_factory, 0.2)) == [0, pytest.approx(1.05 * math.log(3))]


def test_a_single_point_is_drawn_as_a_point(run_factory: MakeRun) -> None:
    marks = [loss_chart(with_losses(run_factory, *losses))["layer"][0]["mark"]["point"] for losses in ((1,), (1, 2))]
    assert marks == [True, False]


def test_more_rows_than_altair_takes_by_itself(run_factory: MakeRun) -> None:
    log = [EpochLog(epoch, 1.0, 0.5, 1.0, 0.5, {"a": 0.1, "b": 0.2}, {}, 0.0) for epoch in range(3000)]
    runs = [run_factory("net1", log=log)]
    spec = charts.epoch_curves(runs, curves.epoch_points(runs), "accuracy")
    assert sum(map(len, spec["datasets"].values())) == 6001
    assert charts.gradient_history(runs, curves.gradient_points(runs))["datasets"]
    names = [f"class {number}" for number in range(80)]
    assert sum(map(len, charts.confusion([[0] * 80] * 80, names)["datasets"].values())) == 6400


def test_gradients_have_a_line_for_each_power_of_ten(run_factory: MakeRun) -> None:
    run = run_factory("net1", log=[EpochLog(0, None, None, None, None, {"a": 0.002, "b": 3.0}, {}, 0.0)])
    spec = charts.gradient_norms([run], curves.gradient_points([run]))
    assert spec["spec"]["encoding"]["y"]["axis"]["values"] == pytest.approx([1e-3, 1e-2, 1e-1, 1.0, 10.0])
