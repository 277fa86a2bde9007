"""Runs: what they leave on disk, that they repeat, and how they fail."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import polars as pl
import pytest
import torch
from safetensors.torch import load_model
from torch.nn import functional

from bakeoff.config.data import DataConfig
from bakeoff.config.experiment import ExperimentConfig, Variant
from bakeoff.config.schema import Recipe, TrainingConfig
from bakeoff.core.errors import ConfigError, NetworkError
from bakeoff.data.build.dataset import Dataset
from bakeoff.models.factory import create
from bakeoff.training.batches import Split
from bakeoff.training.checks import check
from bakeoff.training.device import choose_device, reproducible
from bakeoff.training.losses import loss
from bakeoff.training.run import BatchLog, EpochLog, Run, RunSpec, load_run
from bakeoff.training.train import make_spec, train
from bakeoff.training.trained import probabilities

EXPLODING = """
import torch
class Explode(torch.nn.Module):
    def __init__(self, num_classes):
        super().__init__()
        self.layer = torch.nn.Linear(768, num_classes)
    def forward(self, inputs):
        if self.training and torch.is_grad_enabled() and inputs.shape[0] == 4:
            {action}
        return self.layer(inputs.flatten(1))
"""


def own_network(folder: Path, action: str) -> str:
    (folder / "own.py").write_text(EXPLODING.format(action=action))
    return f"{folder / 'own.py'}:Explode"


def variant(network: str, **recipe: object) -> Variant:
    config = msgspec.convert({"training": {"networks": [network], **recipe}}, ExperimentConfig)
    return config.variant_list[0]


def check_all(training: TrainingConfig, class_count: int, size: int) -> None:
    config = ExperimentConfig(data=DataConfig(size=size), training=training)
    check(training, config.variant_list, class_count)


def change(spec: Any, **values: object) -> Any:
    return msgspec.structs.replace(spec, **values)


def test_a_run_learns_and_keeps_what_it_did(dataset: Dataset, spec: RunSpec, tmp_path: Path) -> None:
    told: list[tuple[int, int]] = []
    run = train(spec, dataset, tmp_path / "run", lambda done, total, _status="": told.append((done, total)))
    assert told[-1] == (30, 30)
    assert (run.record.status, run.record.epochs, run.record.reason) == ("finished", 2, "")
    batches = [line for line in run.log if isinstance(line, BatchLog)]
    epochs = [line for line in run.log if isinstance(line, EpochLog)]
    assert [line.step for line in batches] == [4, 8, 12, 16, 20, 24, 28, 30]
    assert [line.epoch for line in epochs] == [0, 1, 2]
    assert epochs[0].train_loss is None
    assert list(epochs[0].gradient_norms) == list(epochs[2].gradient_norms)
    assert epochs[2].val_accuracy == 1.0, "brightness is easy to learn"
    stored = load_run(tmp_path / "run")
    last = stored.log[-1]
    assert isinstance(last, EpochLog)
    assert list(last.gradient_norms) == ["stem.conv1", "stem.conv2", "head.hidden", "head.logits"], "input to output"
    assert (stored.spec, stored.record, stored.log) == (run.spec, run.record, run.log)
    assert stored.predictions == run.predictions
    assert sorted(entry.name for entry in (tmp_path / "run").iterdir()) == [
        "log.jsonl",
        "model.safetensors",
        "predictions.parquet",
        "run.json",
        "sealed.json",
        "spec.json",
    ]


def test_predictions_are_those_of_the_stored_weights(dataset: Dataset, spec: RunSpec, tmp_path: Path) -> None:
    run = train(spec, dataset, tmp_path / "run")
    rows = run.predictions.frame()
    assert rows["image_id"].to_list() == dataset.manifest["image_id"].to_list()
    logits = torch.tensor(rows["logits"].to_list())
    losses = functional.cross_entropy(logits, torch.tensor(rows["label"].to_list()), reduction="none")
    np.testing.assert_allclose(rows["loss"], losses, rtol=1e-5)
    assert rows["predicted"].to_list() == logits.argmax(1).tolist()
    images = np.concatenate([dataset.images["train"], dataset.images["val"]])
    chances = probabilities(load_run(tmp_path / "run"), images, "cpu")
    np.testing.assert_allclose(chances, torch.softmax(logits, 1), atol=1e-6)


def test_the_mean_loss_of_the_curve_is_the_mean_of_the_epoch(dataset: Dataset, spec: RunSpec, tmp_path: Path) -> None:
    recipe = Recipe(epochs=1, log_every=5)
    run = train(change(spec, recipe=recipe), dataset, tmp_path / "run")
    curve = [line.loss for line in run.log if isinstance(line, BatchLog)]
    epoch = run.log[-1]
    assert isinstance(epoch, EpochLog)
    assert np.mean(curve) == pytest.approx(epoch.train_loss)


def test_the_same_spec_gives_the_same_bytes_whatever_the_random_state(
    dataset: Dataset, spec: RunSpec, tmp_path: Path
) -> None:
    recipe = Recipe(epochs=1, horizontal_flip=True, random_crop=2, label_smoothing=0.1, schedule="cosine")
    for place, noise in (("a", 1), ("b", 2)):
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(noise)
            state = torch.get_rng_state()
            train(change(spec, recipe=recipe), dataset, tmp_path / place)
            assert torch.equal(torch.get_rng_state(), state), "the caller's random state stays"
    train(change(spec, recipe=recipe, seed=1), dataset, tmp_path / "c")
    for name in ("model.safetensors", "predictions.parquet"):
        files = [(tmp_path / place / name).read_bytes() for place in "abc"]
        assert files[0] == files[1] != files[2]


@pytest.mark.parametrize("network", ["net2", "net3-tied", "net3-bn"])
def test_other_networks_come_back_from_disk(dataset: Dataset, spec: RunSpec, tmp_path: Path, network: str) -> None:
    recipe = Recipe(epochs=1, batch_size=30)
    run = train(change(spec, network=network, recipe=recipe), dataset, tmp_path / "run")
    chances = probabilities(load_run(tmp_path / "run"), dataset.images["val"], "cpu")
    assert chances.argmax(1).tolist() == run.predictions.table["predicted"].to_list()[-len(chances) :]


def test_a_loss_that_is_not_finite_ends_the_run_with_a_clear_state(
    dataset: Dataset, spec: RunSpec, tmp_path: Path
) -> None:
    network = own_network(tmp_path, "return self.layer(inputs.flatten(1)) * float('nan')")
    run = train(change(spec, network=network), dataset, tmp_path / "run")
    assert (run.record.status, run.record.reason) == ("diverged", "the training loss became nan in epoch 1")
    assert not run.finished
    assert load_run(tmp_path / "run").predictions.table.is_empty()
    assert all(isinstance(line, EpochLog) for line in run.log)


@pytest.mark.parametrize(
    ("action", "reason"),
    [
        ("raise RuntimeError('out of memory\\nand more')", "RuntimeError: out of memory"),
        ("raise KeyError('x')", "KeyError: 'x'"),
        ("return inputs.flatten(1)[:2] @ self.layer.weight.T", "ValueError: Expected input batch_size"),
    ],
)
def test_an_error_during_training_is_a_failed_run(
    dataset: Dataset, spec: RunSpec, tmp_path: Path, action: str, reason: str
) -> None:
    run = train(change(spec, network=own_network(tmp_path, action)), dataset, tmp_path / "run")
    assert run.record.status == "failed"
    assert run.record.reason.startswith(reason)


def test_an_interrupted_run_leaves_nothing(dataset: Dataset, spec: RunSpec, tmp_path: Path) -> None:
    before = sorted(tmp_path.iterdir())

    def stop(_done: int, _total: int, _status: str = "", /) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        train(spec, dataset, tmp_path / "run", stop)
    assert sorted(tmp_path.iterdir()) == before


def test_a_spec_names_all_that_decides_about_a_run(dataset: Dataset, tmp_path: Path) -> None:
    network = own_network(tmp_path, "pass")
    spec = make_spec(variant(network, epochs=3), 7, "cpu", dataset.info)
    assert (spec.seed, spec.recipe.epochs, spec.classes, spec.dataset) == (7, 3, dataset.info.classes, "d1")
    assert make_spec(variant(network, precision="auto"), 7, "cpu", dataset.info).recipe.precision != "auto"
    own_network(tmp_path, "raise RuntimeError")
    assert make_spec(variant(network), 7, "cpu", dataset.info).network_digest != spec.network_digest != ""


def test_check_finds_a_resolution_that_a_network_can_not_take() -> None:
    lower = (0.5, 1.0)
    check_all(TrainingConfig(networks=("strong",), epochs=3, progressive_resolution=lower), 3, 32)
    with pytest.raises(NetworkError, match=r"net1.* 16 .* 32: .*progressive_resolution"):
        check_all(TrainingConfig(networks=("strong", "net1"), epochs=3, progressive_resolution=lower), 3, 32)


def test_check_finds_a_scale_that_a_network_can_not_be_evaluated_at() -> None:
    check_all(TrainingConfig(networks=("strong",), tta_scales=(1.0, 1.25)), 3, 32)
    check_all(TrainingConfig(networks=("net1",), tta_scales=(1.0,), tta_flip=True), 3, 32)
    with pytest.raises(NetworkError, match=r"net1.* 40 .* 32: .*tta_scales"):
        check_all(TrainingConfig(networks=("net1",), tta_scales=(1.0, 1.25)), 3, 32)


def test_check_finds_a_network_without_heatmaps() -> None:
    check_all(TrainingConfig(networks=("strong",), localization_weight=0.5), 3, 32)
    with pytest.raises(NetworkError, match=r"net1.*forward_with_heatmaps.*localization_weight"):
        check_all(TrainingConfig(networks=("strong", "net1"), localization_weight=0.5), 3, 32)


def test_the_auxiliary_loss_trains_the_heatmaps_and_only_if_asked(
    dataset: Dataset, spec: RunSpec, tmp_path: Path
) -> None:
    recipe = change(spec.recipe, epochs=8, batch_size=20, learning_rate=0.01)
    unboxed = replace(dataset, manifest=dataset.manifest.with_columns(boxes=pl.col("boxes").list.head(0)))
    specs = {
        locate: change(spec, network="strong", recipe=change(recipe, localization_weight=locate))
        for locate in (0.0, 1.0)
    }
    plain = train(specs[0.0], dataset, tmp_path / "plain")
    located = train(specs[1.0], dataset, tmp_path / "located")
    without_boxes = train(specs[1.0], unboxed, tmp_path / "unboxed")
    assert without_boxes.predictions == plain.predictions

    def contrast(run: Run) -> float:
        """How much more likely the cells in the boxes are the image's class than those beside them."""
        network = create("strong", 3, 16).eval()
        load_model(network, run.folder / "model.safetensors")
        split = Split(dataset.images["val"], dataset.labels["val"], torch.device("cpu"))
        inputs, labels = next(split.in_order(100))
        with torch.no_grad():
            cells = network.forward_with_heatmaps(inputs)[1][torch.arange(len(labels)), labels]
        return (cells[:, :, 0] - cells[:, :, -1]).mean().item()

    assert contrast(located) > 0.5
    assert contrast(plain) == 0, "that layer stays as it was"


def test_check_finds_a_wrong_network_or_device_before_training(tmp_path: Path) -> None:
    check_all(TrainingConfig(networks=("net1",)), 3, 16)
    with pytest.raises(ConfigError, match=r"unknown network 'net9'"):
        check_all(TrainingConfig(networks=("net9",)), 3, 16)
    with pytest.raises(NetworkError):
        check_all(TrainingConfig(networks=(own_network(tmp_path, "pass"),)), 3, 32)
    if not torch.backends.mps.is_available():
        with pytest.raises(ConfigError, match=r"device 'mps' is not available on this machine. Choices: auto, cpu"):
            choose_device("mps")


def test_what_was_set_in_torch_is_set_again() -> None:
    threads = torch.get_num_threads()
    with reproducible(0, threads + 1, torch.device("cpu")):
        assert torch.get_num_threads() == threads + 1
        assert torch.are_deterministic_algorithms_enabled()
    assert torch.get_num_threads() == threads
    assert not torch.are_deterministic_algorithms_enabled()


@pytest.mark.parametrize("network", ["majority", "linear"])
def test_the_baselines_are_trained_as_any_network(
    dataset: Dataset, spec: RunSpec, tmp_path: Path, network: str
) -> None:
    run = train(change(spec, network=network), dataset, tmp_path / "run")
    assert run.finished
    if network == "majority":
        assert run.predictions.table["predicted"].n_unique() == 1


def test_evaluation_is_heard_of_too(dataset: Dataset, spec: RunSpec, tmp_path: Path) -> None:
    told: list[tuple[int, int, str]] = []
    train(spec, dataset, tmp_path / "run", lambda done, total, status="": told.append((done, total, status)))
    total = told[-1][1]
    assert told[0] == (0, total, ""), "before the first step"
    last_epoch = max(place for place, (_, _, status) in enumerate(told) if status)
    assert told[last_epoch + 1 :] == [(total, total, "")] * 2, "a batch of each split"


def test_the_ema_is_what_is_evaluated_and_kept(dataset: Dataset, spec: RunSpec, tmp_path: Path) -> None:
    plain = train(spec, dataset, tmp_path / "plain")
    averaged = train(change(spec, recipe=change(spec.recipe, ema_decay=0.9)), dataset, tmp_path / "averaged")
    assert [line.loss for line in plain.log if isinstance(line, BatchLog)] == [
        line.loss for line in averaged.log if isinstance(line, BatchLog)
    ], "what is trained is the same"
    last = averaged.log[-1]
    assert isinstance(last, EpochLog)
    val = averaged.predictions.of("val")
    assert last.val_loss == pytest.approx(val["loss"].mean(), abs=1e-6)
    assert not averaged.predictions.table["logits"].equals(plain.predictions.table["logits"])


def test_mixed_precision_mixed_images_and_variation_train_and_repeat(
    dataset: Dataset, spec: RunSpec, tmp_path: Path
) -> None:
    recipe = change(
        spec.recipe, precision="bfloat16", cutmix=0.5, resized_crop=0.5, color_jitter=0.2, warmup=0.2, ema_decay=0.5
    )
    first, again = (train(change(spec, recipe=recipe), dataset, tmp_path / name) for name in ("first", "again"))
    assert first.finished
    for name in ("model.safetensors", "predictions.parquet"):
        assert (first.folder / name).read_bytes() == (again.folder / name).read_bytes()


def test_the_holdout_chooses_the_epoch_and_validation_has_no_part_in_it(
    dataset: Dataset, spec: RunSpec, tmp_path: Path
) -> None:
    recipe = change(spec.recipe, epochs=6, holdout_fraction=0.25, learning_rate=0.01)
    run = train(change(spec, recipe=recipe), dataset, tmp_path / "run")
    epochs = [line for line in run.log if isinstance(line, EpochLog)]
    losses = [line.holdout_loss for line in epochs[1:]]
    assert None not in losses
    best = losses.index(min(losses)) + 1
    assert run.record.best_epoch == best
    val = run.predictions.of("val")
    assert epochs[best].val_loss == pytest.approx(val["loss"].mean(), abs=1e-6), "the weights kept are that epoch's"
    assert run.predictions.of("train").height == 45, "a quarter of 60 is not learned from"


def test_training_ends_when_patience_does(dataset: Dataset, spec: RunSpec, tmp_path: Path) -> None:
    recipe = change(spec.recipe, epochs=50, holdout_fraction=0.25, patience=2, learning_rate=0.05)
    run = train(change(spec, recipe=recipe), dataset, tmp_path / "run")
    assert run.finished
    assert run.record.best_epoch is not None
    assert run.record.epochs == run.record.best_epoch + 2 < 50


def test_a_run_tells_what_it_took(dataset: Dataset, spec: RunSpec, tmp_path: Path) -> None:
    record = train(spec, dataset, tmp_path / "run").record
    assert record.images_per_second == pytest.approx(2 * 60 / record.seconds)
    assert record.peak_memory is None or record.peak_memory > 2**24
    assert record.best_epoch is None


def test_eval_every_makes_no_other_run(dataset: Dataset, spec: RunSpec, tmp_path: Path) -> None:
    often, seldom = (
        train(change(spec, recipe=change(spec.recipe, epochs=5, eval_every=every)), dataset, tmp_path / str(every))
        for every in (1, 2)
    )
    assert (often.folder / "model.safetensors").read_bytes() == (seldom.folder / "model.safetensors").read_bytes()
    assert often.predictions == seldom.predictions
    lines = {line.epoch: line for line in often.log if isinstance(line, EpochLog)}
    for line in (line for line in seldom.log if isinstance(line, EpochLog)):
        assert (line.train_loss, line.val_loss) == (lines[line.epoch].train_loss, lines[line.epoch].val_loss)
    assert [line.epoch for line in seldom.log if isinstance(line, EpochLog)] == [0, 2, 4, 5]


def test_the_loss_of_weighted_classes_is_that_of_evenly_many_images() -> None:
    """An image of a class that is a third as frequent counts three times as much."""
    labels = np.array([0, 0, 0, 1])
    split = Split(np.zeros((4, 8, 8, 3), np.uint8), labels, torch.device("cpu"))
    logits, targets = torch.tensor([[2.0, -1.0]] * 4), torch.from_numpy(labels)
    each = functional.cross_entropy(logits, targets, reduction="none")
    weighted = loss(logits, targets, Recipe(), split.class_weights())
    torch.testing.assert_close(weighted, (each[:3].mean() + each[3]) / 2)
    torch.testing.assert_close(loss(logits, targets, Recipe(), None), each.mean())


def test_balanced_classes_train_as_without_weights(dataset: Dataset, spec: RunSpec, tmp_path: Path) -> None:
    weighted = change(spec, recipe=change(spec.recipe, class_weights="balanced"))
    drawn = change(spec, recipe=change(spec.recipe, sampler="balanced"))
    losses = [
        [line.loss for line in train(one, dataset, tmp_path / str(number)).log if isinstance(line, BatchLog)]
        for number, one in enumerate((spec, weighted, drawn, drawn))
    ]
    assert losses[0] == pytest.approx(losses[1], rel=1e-3)
    assert losses[0] != losses[2] == losses[3]
