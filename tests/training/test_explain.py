"""Where networks look, on images whose answer is known."""

from pathlib import Path

import msgspec
import numpy as np
import pytest
import torch
from torch import nn

from bakeoff.config.schema import Recipe
from bakeoff.data.build.dataset import Dataset
from bakeoff.training.explain import explain
from bakeoff.training.localization import CELLS
from bakeoff.training.run import Run, RunSpec
from bakeoff.training.train import train, train_module


class Spots(nn.Module):
    """Two classes: how much red, and how much green there is, by maps of 8 x 8 cells."""

    def __init__(self, num_classes: int) -> None:
        super().__init__()
        self.cells = nn.Conv2d(3, num_classes, 2, 2, bias=False)
        self.rectify = nn.ReLU(inplace=True)
        self.head = nn.Linear(num_classes, num_classes, bias=False)
        with torch.no_grad():
            self.cells.weight.zero_()
            for channel in range(2):
                self.cells.weight[channel, channel] = 1
            self.head.weight.copy_(torch.eye(num_classes))

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        return self.head(self.rectify(self.cells(images)).mean((2, 3)))


def spots(dataset: Dataset, folder: Path) -> Run:
    return train_module(Spots, dataset, recipe=Recipe(epochs=1, learning_rate=1e-9), folder=folder, device="cpu")


def photo(channel: int, top: int, left: int) -> np.ndarray:
    image = np.zeros((16, 16, 3), dtype=np.uint8)
    image[top : top + 4, left : left + 4, channel] = 255
    return image


def test_saliency_lies_on_what_decides(dataset: Dataset, tmp_path: Path) -> None:
    images = np.stack([photo(0, 0, 0), photo(1, 8, 12), photo(0, 12, 4)])
    found = explain(spots(dataset, tmp_path / "run"), images)
    assert found.predicted.tolist() == [0, 1, 0]
    assert found.layer == "rectify"
    assert found.saliency.shape == (3, CELLS, CELLS)
    assert (found.saliency >= 0).all()
    for saliency, (top, left) in zip(found.saliency, ((0, 0), (8, 12), (12, 4)), strict=True):
        assert saliency[top : top + 4, left : left + 4].sum() > 0.6 * saliency.sum()
        highest = np.unravel_index(saliency.argmax(), saliency.shape)
        assert (top <= highest[0] < top + 4, left <= highest[1] < left + 4) == (True, True)
    assert found.features.shape == (3, 3)
    assert found.filters.shape == (3, 2, 2, 3)
    assert (found.filters[0] == [255, 128, 128]).all(), "red, and nothing of the others"


@pytest.mark.parametrize("network", ["net1", "net3-bn", "strong"])
def test_the_same_each_time_and_nothing_is_left_in_the_network(
    dataset: Dataset, spec: RunSpec, tmp_path: Path, network: str
) -> None:
    run = train(msgspec.structs.replace(spec, network=network), dataset, tmp_path / "run")
    images = np.asarray(dataset.images["val"])
    first, second = explain(run, images), explain(run, images)
    assert first.layer
    assert all(np.array_equal(one, other) for one, other in zip(first, second, strict=True))
    part = explain(run, images[3:5])
    np.testing.assert_allclose(part.saliency, first.saliency[3:5], rtol=1e-4, atol=1e-6)
    assert not any(layer._forward_hooks for layer in run.model.modules())


def test_a_network_without_a_convolution_has_no_saliency(dataset: Dataset, spec: RunSpec, tmp_path: Path) -> None:
    images = np.asarray(dataset.images["val"])
    linear = explain(train(msgspec.structs.replace(spec, network="linear"), dataset, tmp_path / "linear"), images)
    assert (linear.layer, linear.saliency.size, linear.filters.size) == ("", 0, 0)
    assert linear.features.shape == (len(images), 3 * 16 * 16)
    majority = explain(train(msgspec.structs.replace(spec, network="majority"), dataset, tmp_path / "other"), images)
    assert (majority.layer, majority.features.shape) == ("", (len(images), 0))


@pytest.mark.usefixtures("model_libraries")
def test_a_resized_input_of_a_library_is_explained(dataset: Dataset, spec: RunSpec, tmp_path: Path) -> None:
    recipe = msgspec.structs.replace(spec.recipe, input_size=64, epochs=1)
    run = train(msgspec.structs.replace(spec, network="timm:resnet10t", recipe=recipe), dataset, tmp_path / "run")
    found = explain(run, np.asarray(dataset.images["val"]))
    assert found.layer == "network.layer4"
    assert found.saliency.shape == (18, CELLS, CELLS)
