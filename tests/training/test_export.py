"""Exported networks: the preprocessing in the graph against the data set's own."""

from pathlib import Path

import cv2
import msgspec
import numpy as np
import pytest

from bakeoff.core.errors import ConfigError, NetworkError, StorageError
from bakeoff.data.build.dataset import Dataset
from bakeoff.data.build.images import square
from bakeoff.training import export
from bakeoff.training.export import to_onnx
from bakeoff.training.predict import OnnxModel
from bakeoff.training.run import WEIGHTS, Run, RunSpec
from bakeoff.training.train import train
from bakeoff.training.trained import probabilities

SIDES = ((16, 16), (64, 48), (17, 100), (333, 127), (5, 7), (8, 40), (2, 3))
BRANCHING = """
import torch
class Branches(torch.nn.Module):
    def __init__(self, num_classes):
        super().__init__()
        self.layer = torch.nn.Linear(768, num_classes)
    def forward(self, images):
        logits = self.layer(images.flatten(1))
        return logits if logits.detach().sum().item() > 0 else -logits
"""
POOLED = """
from torch import nn
def create(num_classes):
    return nn.Sequential(
        nn.Conv2d(3, 8, 3), nn.BatchNorm2d(8), nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(8, num_classes)
    )
"""


def photo(height: int, width: int) -> np.ndarray:
    noise = np.random.default_rng(height).integers(0, 256, (height, width, 3)).astype(np.uint8)
    return cv2.GaussianBlur(noise, (0, 0), 1.0)


def trained(dataset: Dataset, spec: RunSpec, folder: Path, **changes: object) -> Run:
    return train(msgspec.structs.replace(spec, **changes), dataset, folder)


@pytest.mark.parametrize("resize_name", ["stretch", "letterbox", "center-crop"])
@pytest.mark.parametrize("filter_name", ["area", "linear"])
def test_the_graph_resizes_as_the_data_set_does(
    dataset: Dataset, spec: RunSpec, tmp_path: Path, filter_name: str, resize_name: str
) -> None:
    run = trained(dataset, spec, tmp_path / "run", filter=filter_name, resize=resize_name)
    model = OnnxModel(to_onnx(run), "model")
    assert model.classes == spec.classes
    for height, width in SIDES:
        pixels = photo(height, width)
        expected = probabilities(run, square(pixels, spec.size, filter_name, resize_name)[None], "cpu")[0]
        exact = height == width == spec.size  # else single pixels differ by a level
        np.testing.assert_allclose(model.probabilities(pixels), expected, atol=1e-5 if exact else 5e-3)


def test_batch_norm_and_dropout_are_in_evaluation_mode_and_the_bytes_repeat(
    dataset: Dataset, spec: RunSpec, tmp_path: Path
) -> None:
    run = trained(dataset, spec, tmp_path / "run", network="net3-bn")
    first = to_onnx(run)
    assert first == to_onnx(run)
    images = dataset.images["val"]
    given = np.array([OnnxModel(first, "model").probabilities(np.asarray(image)) for image in images])
    np.testing.assert_allclose(given, probabilities(run, np.asarray(images), "cpu"), atol=1e-5)


def test_test_time_augmentation_is_exported(dataset: Dataset, spec: RunSpec, tmp_path: Path) -> None:
    augmented = msgspec.structs.replace(spec.recipe, tta_scales=(1.0, 1.25), tta_flip=True)
    (tmp_path / "own.py").write_text(POOLED)
    spec = msgspec.structs.replace(spec, network=f"{tmp_path / 'own.py'}:create")
    run = trained(dataset, spec, tmp_path / "run", recipe=augmented)
    model = OnnxModel(to_onnx(run), "model")
    images = np.asarray(dataset.images["val"])
    logits = np.array(run.predictions.of("val")["logits"].to_list())
    recorded = np.exp(logits) / np.exp(logits).sum(1, keepdims=True)
    np.testing.assert_allclose([model.probabilities(image) for image in images], recorded, atol=1e-5)
    np.testing.assert_allclose(probabilities(run, images[:, :, ::-1].copy(), "cpu"), recorded, atol=1e-5)
    once = trained(dataset, spec, tmp_path / "once")
    assert (run.folder / WEIGHTS).read_bytes() == (once.folder / WEIGHTS).read_bytes()
    assert not np.allclose(probabilities(once, images, "cpu"), recorded, atol=1e-3)


def test_what_onnx_can_not_express_is_one_message(dataset: Dataset, spec: RunSpec, tmp_path: Path) -> None:
    (tmp_path / "own.py").write_text(BRANCHING)
    run = trained(dataset, spec, tmp_path / "run", network=f"{tmp_path / 'own.py'}:Branches")
    with pytest.raises(NetworkError, match=r"own\.py:Branches' can't be exported to ONNX"):
        to_onnx(run)


def test_a_graph_of_one_size_is_refused(
    dataset: Dataset, spec: RunSpec, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = trained(dataset, spec, tmp_path / "run")
    free = export._WithPreprocessing._frame
    monkeypatch.setattr(export._WithPreprocessing, "_frame", lambda self, *sides: free(self, *map(int, sides)))
    with pytest.raises(NetworkError, match=r"can't be exported to ONNX: .*photos of one size"):
        to_onnx(run)


def test_an_image_that_the_file_does_not_take_is_one_message(dataset: Dataset, spec: RunSpec, tmp_path: Path) -> None:
    model = OnnxModel(to_onnx(trained(dataset, spec, tmp_path / "run")), "net.onnx")
    with pytest.raises(StorageError, match=r"net\.onnx does not take an image of 20 × 30: .*Export the run again"):
        model.probabilities(np.zeros((30, 20, 4), np.uint8))


def test_a_run_that_did_not_finish_has_nothing_to_export(dataset: Dataset, spec: RunSpec, tmp_path: Path) -> None:
    run = trained(dataset, spec, tmp_path / "run", recipe=msgspec.structs.replace(spec.recipe, learning_rate=1e30))
    assert not run.finished
    with pytest.raises(StorageError, match="train it again"):
        to_onnx(run)


def test_without_the_libraries_the_message_says_what_to_install(
    dataset: Dataset, spec: RunSpec, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = trained(dataset, spec, tmp_path / "run")
    monkeypatch.setattr(export, "find_spec", lambda _name: None)
    with pytest.raises(ConfigError, match="pip install 'bakeoff\\[export\\]'"):
        to_onnx(run)
