"""Scores against numbers worked out by hand and scikit-learn."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import msgspec
import polars as pl
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sklearn.metrics import accuracy_score, f1_score, precision_recall_fscore_support

from bakeoff.core.errors import StorageError
from bakeoff.core.storage import read_json, write_json
from bakeoff.data.build.dataset import Dataset
from bakeoff.evaluation.comparison import compare
from bakeoff.evaluation.intervals import wilson
from bakeoff.training.run import Predictions, Run

MakeDataset = Callable[..., Dataset]
MakeRun = Callable[..., Run]
labels = st.lists(st.tuples(st.integers(0, 2), st.integers(0, 2)), min_size=1, max_size=40)


def test_scores_by_hand(dataset_factory: MakeDataset, run_factory: MakeRun) -> None:
    annotated = [["ant"], ["ant", "bee"], ["bee", "cat"], ["cat"]]
    dataset = dataset_factory([0, 1, 2, 2], [0, 0, 1, 2], annotated)
    scores = compare(dataset, [run_factory(dataset, [0, 1, 2, 0, 0, 1, 0, 2])]).comparison.networks[0].runs[0]
    assert (scores.train_accuracy, scores.val_accuracy, scores.any_label_accuracy) == (0.75, 0.5, 0.75)
    assert scores.confusion == ((1, 1, 0), (1, 0, 0), (0, 0, 1)), "rows are true classes"
    assert scores.annotated_too == ((1, 1, 0), (0, 0, 0), (0, 0, 1)), "where the predicted class is in the photo"
    for found, expected in ((scores.val_interval, wilson(2, 4)), (scores.any_label_interval, wilson(3, 4))):
        assert (found.low, found.high) == pytest.approx((expected.low, expected.high))
    bee = scores.report[1]
    assert (bee.name, bee.precision, bee.recall, bee.f1, bee.support) == ("bee", 0.0, 0.0, 0.0, 1)
    assert [line.name for line in scores.report] == ["ant", "bee", "cat", "macro avg", "weighted avg"]


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(pairs=labels)
def test_scores_are_scikit_learns(
    dataset_factory: MakeDataset, run_factory: MakeRun, pairs: list[tuple[int, int]]
) -> None:
    truth, predicted = [pair[0] for pair in pairs], [pair[1] for pair in pairs]
    dataset = dataset_factory([0], truth)
    scores = compare(dataset, [run_factory(dataset, [0, *predicted])]).comparison.networks[0].runs[0]
    assert scores.val_accuracy == accuracy_score(truth, predicted)
    columns = precision_recall_fscore_support(truth, predicted, labels=[0, 1, 2], zero_division=0)
    for line, expected in zip(scores.report, zip(*columns, strict=True), strict=False):
        assert (line.precision, line.recall, line.f1, line.support) == pytest.approx(expected)
    assert scores.report[3].f1 == pytest.approx(
        f1_score(truth, predicted, labels=[0, 1, 2], average="macro", zero_division=0)
    )
    assert sum(map(sum, scores.confusion)) == len(pairs)
    assert scores.any_label_accuracy is not None
    assert scores.any_label_accuracy >= scores.val_accuracy


def test_runs_of_a_network_are_one_entry_by_seed(dataset_factory: MakeDataset, run_factory: MakeRun) -> None:
    dataset = dataset_factory([0, 1], [0, 1])
    runs = [
        run_factory(dataset, [0, 1, 0, 1], seed=1),
        run_factory(dataset, [0, 1, 0, 1], network="net2"),
        run_factory(dataset, [0, 1, 0, 0], seed=0),
    ]
    comparison = compare(dataset, runs).comparison
    assert [network.name for network in comparison.networks] == ["net1", "net2"]
    net1, net2 = comparison.networks
    assert [run.seed for run in net1.runs] == [0, 1]
    assert (net1.val_accuracy.mean, net1.seconds) == (0.75, 2.5)
    assert net1.val_accuracy.interval is not None
    assert net2.val_accuracy.interval is not None, "over photos alone"


def test_a_run_that_did_not_finish_is_shown_and_counts_in_no_mean(
    dataset_factory: MakeDataset, run_factory: MakeRun
) -> None:
    dataset = dataset_factory([0, 1], [0, 1])
    good = run_factory(dataset, [0, 1, 0, 1])
    record = msgspec.structs.replace(good.record, status="diverged", reason="the loss became nan")
    bad = Run(
        good.folder,
        msgspec.structs.replace(good.spec, seed=1),
        record,
        (),
        Predictions(good.predictions.frame().clear()),
    )
    network = compare(dataset, [good, bad]).comparison.networks[0]
    assert network.val_accuracy.mean == 1.0
    failed = network.runs[1]
    assert (failed.status, failed.outcome, failed.reason) == ("diverged", "did not learn", "the loss became nan")
    assert (network.failures.failed, network.failures.runs, network.failures.did_not_run) == (1, 2, 0)
    assert network.runs[1].val_accuracy is None
    alone = compare(dataset, [bad]).comparison.networks[0]
    assert (alone.val_accuracy.mean, alone.seconds) == (None, None)


def test_predictions_of_another_data_set_are_refused(dataset_factory: MakeDataset, run_factory: MakeRun) -> None:
    dataset = dataset_factory([0, 1], [0, 1])
    run = run_factory(dataset_factory([0, 1], [1, 0]), [0, 1, 0, 1])
    with pytest.raises(StorageError, match="was made on another data set"):
        compare(dataset, [run])


def test_a_copied_run_is_refused(dataset_factory: MakeDataset, run_factory: MakeRun) -> None:
    dataset = dataset_factory([0, 1], [0, 1])
    run = run_factory(dataset, [0, 1, 0, 1])
    with pytest.raises(StorageError, match=r"runs/net1-seed0 and .* are both net1 with seed 0; remove the one"):
        compare(dataset, [run, run])


def test_the_comparison_comes_back_from_disk(
    dataset_factory: MakeDataset, run_factory: MakeRun, tmp_path: Path
) -> None:
    dataset = dataset_factory([0, 1], [0, 1])
    comparison = compare(dataset, [run_factory(dataset, [0, 1, 0, 1])]).comparison
    write_json(tmp_path / "comparison.json", comparison)
    assert read_json(tmp_path / "comparison.json", type(comparison)) == comparison


def test_crops_of_one_photo_are_one_in_every_split(dataset_factory: MakeDataset, run_factory: MakeRun) -> None:
    """Four crops each of five photos: the interval of one run is that of five photos, not of twenty."""
    dataset = dataset_factory([0, 1], [0] * 20)
    names = [f"{number // 4}.jpg#xywh={number},0,5,5" for number in range(22)]
    dataset = replace(dataset, manifest=dataset.manifest.with_columns(pl.Series("file_name", names)))
    predicted = [0] * 12 + [1] * 8
    (network,) = compare(dataset, [run_factory(dataset, [0, 1, *predicted])]).comparison.networks
    (plain,) = compare(
        replace(dataset, manifest=dataset.manifest.drop("file_name")), [run_factory(dataset, [0, 1, *predicted])]
    ).comparison.networks
    width, single = (own.high - own.low for own in (network.val_accuracy.interval, plain.val_accuracy.interval))
    assert network.val_accuracy.mean == plain.val_accuracy.mean == 0.6
    assert width > 1.4 * single
