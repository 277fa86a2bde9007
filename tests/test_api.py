"""The Python API, as the README shows it."""

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import torch
from tests.conftest import QUICK
from torch import nn
from torch.utils.data import DataLoader

import bakeoff
from bakeoff.core.errors import ConfigError, NetworkError, StorageError


class Small(nn.Module):
    """A network of the user's own."""

    def __init__(self, num_classes: int, image_size: int) -> None:
        super().__init__()
        self.layer = nn.Linear(3 * image_size**2, num_classes)

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        return self.layer(images.flatten(1))


def linear(num_classes: int) -> nn.Module:
    return nn.Sequential(nn.Flatten(), nn.Linear(3 * 16 * 16, num_classes))


@pytest.fixture(scope="module")
def built(sample: Path, tmp_path_factory: pytest.TempPathFactory) -> bakeoff.Dataset:
    index = bakeoff.read_coco(str(sample / "instances.json"))
    chosen = bakeoff.select(index, classes=["ball", "cup"], policy="exclusive", train_per_class=8, val_per_class=4)
    out = tmp_path_factory.mktemp("built") / "dataset"
    return bakeoff.build(chosen, images=sample / "images", out=out, size=16, workers=1)


def test_the_names_are_sorted_and_exist() -> None:
    assert sorted(bakeoff.__all__) == bakeoff.__all__ == dir(bakeoff)
    for name in bakeoff.__all__:
        assert getattr(bakeoff, name) is not None
    with pytest.raises(AttributeError, match="nothing"):
        _ = bakeoff.nothing


def test_importing_loads_nothing_heavy() -> None:
    code = "import sys, bakeoff; print({'torch', 'numpy', 'polars'} & {*sys.modules})"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "set()"


def test_what_is_stored_is_read_without_torch(finished: Path) -> None:
    code = f"import sys, bakeoff; bakeoff.open({str(finished)!r}).figures; print('torch' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "False"


def test_an_experiment_is_opened_and_its_results_are_frames(finished: Path) -> None:
    experiment = bakeoff.open(str(finished))
    comparison = experiment.comparison
    assert comparison.frame()["name"].to_list() == ["net1", "net2"]
    assert comparison.frame()["val_accuracy"].to_list() == [own.val_accuracy.mean for own in comparison.networks]
    runs, pairs = comparison.runs_frame(), comparison.pairs_frame()
    assert runs.select("variant", "seed", "status").rows() == [("net1", 0, "finished"), ("net2", 0, "finished")]
    assert (runs["val_low"] <= runs["val_accuracy"]).all()
    assert pairs.select("first", "second", "seeds").rows() == [("net1", "net2", 1)]
    assert [run.name for run in experiment.runs] == ["net1-seed0", "net2-seed0"]
    assert {finding.code for finding in experiment.findings} >= {"best-network", "leaks"}
    assert experiment.digests["dataset"] == experiment.dataset.info.digest


def test_what_is_no_experiment_is_refused(tmp_path: Path) -> None:
    with pytest.raises(StorageError, match=r"experiment\.json"):
        bakeoff.open(tmp_path)


def test_an_experiment_is_run(sample: Path, tmp_path: Path) -> None:
    overrides = [*QUICK, "training.networks=linear"]
    annotations, images = sample / "instances.json", sample / "images"
    asked = {"annotations": annotations, "images": str(images), "out": tmp_path / "out"}
    experiment = bakeoff.run("demo", **asked, overrides=overrides)
    assert experiment.comparison.frame()["name"].to_list() == ["linear"]
    assert (experiment.report_folder / "index.html").is_file()
    again = bakeoff.run(experiment.config, out=tmp_path / "out")
    assert again.comparison == experiment.comparison


def test_a_split_feeds_a_loop_of_ones_own(finished: Path) -> None:
    dataset = bakeoff.open(finished).dataset
    scale = lambda image: torch.from_numpy(image).permute(2, 0, 1) / 255  # noqa: E731
    images, labels = next(iter(DataLoader(dataset.torch("train", scale), batch_size=4)))
    assert (images.shape, images.dtype, labels.dtype) == ((4, 3, 16, 16), torch.float32, torch.int64)
    raw, label = dataset.torch("val")[0]
    assert np.array_equal(raw, dataset.images["val"][0])
    assert label == dataset.labels["val"][0]
    assert len(dataset.torch("val")) == dataset.info.counts["val"]
    with pytest.raises(ConfigError, match=r"'tset'.*train, val"):
        dataset.torch("tset")


@pytest.mark.parametrize("network", [Small, Small(2, 16), linear])
def test_a_network_given_in_code_is_trained(built: bakeoff.Dataset, network: object) -> None:
    before = network.layer.weight.clone() if isinstance(network, nn.Module) else None
    run = bakeoff.train(network, built, recipe=bakeoff.Recipe(epochs=2), seed=0)
    table = run.predictions.frame()
    assert table["split"].to_list() == ["train"] * 16 + ["val"] * 8
    with torch.no_grad():
        images = torch.from_numpy(np.array(built.images["val"])).permute(0, 3, 1, 2) / 127.5 - 1
        logits = run.model(images.contiguous())
    assert logits.argmax(1).tolist() == table["predicted"].to_list()[-8:]
    if before is not None:
        assert torch.equal(network.layer.weight, before), "a copy is trained"
    same = bakeoff.train(network, built, recipe=bakeoff.Recipe(epochs=2), seed=0)
    assert same.predictions == run.predictions


def test_a_network_that_does_not_fit_is_refused(built: bakeoff.Dataset, tmp_path: Path) -> None:
    with pytest.raises(NetworkError, match="Linear"):
        bakeoff.train(nn.Linear(3, 2), built, folder=tmp_path / "run")
    assert not (tmp_path / "run").exists()


def test_values_out_of_range_are_refused(sample: Path) -> None:
    index = bakeoff.read_coco(sample / "instances.json")
    with pytest.raises(ConfigError, match="train_per_class"):
        bakeoff.select(index, classes=["ball"], train_per_class=-1)
