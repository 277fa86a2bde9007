"""All classes of a photo are learned, predicted and scored."""

import json
from pathlib import Path

import numpy as np
import onnxruntime
import polars as pl
import pytest
from sklearn.metrics import accuracy_score, average_precision_score, f1_score, precision_score, recall_score
from tests.conftest import QUICK, experiment

from bakeoff.config.loading import load_experiment
from bakeoff.core.errors import ConfigError
from bakeoff.data.build.load import load
from bakeoff.evaluation.scores import Comparison
from bakeoff.training.export import export
from bakeoff.training.predict import predict
from bakeoff.workflow import pipeline
from bakeoff.workflow.experiment import Experiment
from bakeoff.workflow.hub import write_hub

TASK = "training.task=multilabel"
LEARNS = ("training.epochs=12", "training.learning_rate=0.003", "training.batch_size=8")


@pytest.fixture(scope="module")
def several(sample: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two networks, two seeds."""
    out = tmp_path_factory.mktemp("several") / "out"
    pipeline.run(experiment(sample, *LEARNS, TASK, "training.networks=['net1','majority']", "training.seeds=2"), out)
    return out


def truth_and_logits(out: Path, run: str) -> tuple[np.ndarray, np.ndarray]:
    dataset = load(out / "dataset")
    held, classes = dataset.rows("val")["annotated"].to_list(), dataset.info.classes
    table = pl.read_parquet(out / "runs" / run / "predictions.parquet").filter(pl.col("split") == "val")
    return np.array([[name in own for name in classes] for own in held]), np.array(table["logits"].to_list())


def test_scores_are_scikit_learns(several: Path) -> None:
    comparison = Experiment(several).comparison
    assert comparison.scoring == "exact match"
    network = comparison.networks[0]
    truth, logits = truth_and_logits(several, "net1-seed1")
    assert truth.sum() > len(truth), "some photos show several classes"
    assert network.runs[1].val_accuracy == pytest.approx(accuracy_score(truth, logits > 0))
    both = [truth_and_logits(several, f"net1-seed{seed}") for seed in (0, 1)]

    def mean(score: object, **options: object) -> float:
        return float(np.mean([score(truth, logits > 0, zero_division=0, **options) for truth, logits in both]))  # type: ignore[operator]

    assert network.macro_f1.mean == pytest.approx(mean(f1_score, average="macro"))
    precisions = [average_precision_score(truth, logits, average="macro") for truth, logits in both]
    assert network.mean_average_precision.mean == pytest.approx(np.mean(precisions))
    assert network.mean_average_precision.interval is not None
    for label, own in enumerate(network.classes):
        assert own.support == truth[:, label].sum()
        for score, measured in ((precision_score, own.precision), (recall_score, own.recall), (f1_score, own.f1)):
            assert measured.mean == pytest.approx(mean(score, labels=[label], average="macro"))
        by_class = [average_precision_score(truth[:, label], logits[:, label]) for truth, logits in both]
        assert own.average_precision.mean == pytest.approx(np.mean(by_class))


def test_chance_is_the_frequency_of_each_class(several: Path) -> None:
    majority = Experiment(several).comparison.networks[1]
    truth, _ = truth_and_logits(several, "majority-seed0")
    assert majority.mean_average_precision.mean == pytest.approx(truth.mean(), abs=1e-9)


def test_the_pair_has_a_difference_of_average_precision(several: Path) -> None:
    comparison = Experiment(several).comparison
    (pair,) = comparison.pairs
    first, second = (network.mean_average_precision.mean for network in comparison.networks)
    assert pair.precision_difference.mean == pytest.approx((second or 0) - (first or 0))
    assert pair.precision_difference.interval is not None


def test_the_report_says_what_counts(several: Path) -> None:
    text = (several / "report" / "report.md").read_text()
    assert "exactly these are predicted (exact match)" in text
    assert "Average precision of each class" in text
    assert "chance level, ln 2" in text
    summary = json.loads((several / "report" / "summary.json").read_text())
    assert summary["networks"][0]["mean_average_precision"]["mean"] > 0


def test_probabilities_stand_by_themselves(sample: Path, several: Path, tmp_path: Path) -> None:
    run, photos = several / "runs" / "net1-seed0", sorted((sample / "images").iterdir())[:4]
    answers = predict(run, photos, "cpu")
    for answer in answers:
        assert answer.named == tuple(name for name, own in answer.probabilities.items() if own > 0.5)
    assert any(abs(sum(answer.probabilities.values()) - 1) > 0.01 for answer in answers)
    assert export(run, tmp_path / "net1.onnx", load(several / "dataset")) < 1e-5
    assert onnxruntime.InferenceSession(tmp_path / "net1.onnx").get_outputs()[0].name == "probabilities"
    for by_run, by_file in zip(answers, predict(tmp_path / "net1.onnx", photos), strict=True):
        assert by_file.named is not None
        assert by_file.probabilities == pytest.approx(by_run.probabilities, abs=1e-2), (
            "pixels differ by at most one level"
        )


def test_the_model_card_says_what_accuracy_is(several: Path, tmp_path: Path) -> None:
    write_hub(several / "runs" / "net1-seed0", tmp_path / "hub")
    assert "exactly these are predicted" in (tmp_path / "hub" / "README.md").read_text()
    assert json.loads((tmp_path / "hub" / "config.json").read_text())["bakeoff"]["task"] == "multilabel"


def test_networks_of_both_tasks_are_compared_by_the_label(sample: Path, tmp_path: Path) -> None:
    changes = ("training.networks=['net1']", "variants.all.network=net1", f"variants.all.task={TASK.partition('=')[2]}")
    pipeline.run(experiment(sample, *LEARNS, *changes), tmp_path / "out")
    comparison: Comparison = Experiment(tmp_path / "out").comparison
    assert comparison.scoring == "label and ranks"
    for network in comparison.networks:
        table = pl.read_parquet(tmp_path / "out" / "runs" / f"{network.name}-seed0" / "predictions.parquet")
        own = table.filter(pl.col("split") == "val")
        assert network.val_accuracy.mean == pytest.approx((own["label"] == own["predicted"]).mean())
        assert network.mean_average_precision.mean
        assert (network.nll.mean is None) == (network.name == "all"), "its probabilities do not add up to 1"


def test_one_class_per_photo_is_too_little(finished: Path, tmp_path: Path) -> None:
    photos = finished / "dataset" / "images"
    config = load_experiment("demo", [*QUICK, f"data.folder={photos}", "data.annotations=", "data.images=", TASK])
    with pytest.raises(ConfigError, match=r"needs to know all classes in a photo.* tells one per photo"):
        pipeline.run(config, tmp_path / "out")
    assert not (tmp_path / "out" / "dataset").exists()
