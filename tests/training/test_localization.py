"""Box heatmaps: what they hold, that they go with their images, and the auxiliary loss."""

from typing import Any

import numpy as np
import polars as pl
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from bakeoff.config.data import SelectionConfig
from bakeoff.config.schema import Recipe
from bakeoff.core.geometry import RESIZES, Resize
from bakeoff.data.build.dataset import DatasetInfo
from bakeoff.data.selection.selection import SelectionInfo
from bakeoff.training.augmentation import mix
from bakeoff.training.batches import Split
from bakeoff.training.localization import CELLS, as_channels, box_heatmaps, localization_loss

CLASSES = ("cat", "dog", "eel")
INFO = DatasetInfo(
    CLASSES, 64, "area", 95, {}, SelectionInfo(SelectionConfig(classes=CLASSES), "a", "0", "0"), "p", 0, "d", "r", {}
)


def box(label: str, x: float, y: float, width: float, height: float) -> dict[str, Any]:
    return {"label": label, "x": x, "y": y, "width": width, "height": height, "crowd": False}


CORNERS = st.tuples(*[st.integers(0, 64)] * 4)


@given(st.lists(st.tuples(st.sampled_from(CLASSES), CORNERS), max_size=5))
def test_a_heatmap_has_the_fraction_of_each_cell_that_a_box_covers(
    drawn: list[tuple[str, tuple[int, int, int, int]]],
) -> None:
    boxes, expected = [], np.zeros((len(CLASSES), CELLS, CELLS))
    for name, (a, b, c, d) in drawn:
        (left, right), (top, bottom) = sorted((a, b)), sorted((c, d))
        boxes.append(box(name, left / 64, top / 64, (right - left) / 64, (bottom - top) / 64))
        pixels = np.zeros((64, 64))
        pixels[top:bottom, left:right] = 1
        cells = pixels.reshape(CELLS, 4, CELLS, 4).mean((1, 3))
        own = expected[CLASSES.index(name)]
        np.maximum(own, cells, out=own)
    maps = box_heatmaps(pl.DataFrame({"width": [640], "height": [640], "boxes": pl.Series([boxes])}), INFO)
    assert (maps.shape, maps.dtype) == ((1, 3, CELLS, CELLS), np.uint8)
    assert np.abs(maps[0] / 255 - expected).max() <= 0.5 / 255 + 1e-9


@pytest.mark.parametrize("resize", list(RESIZES))
def test_a_heatmap_shows_what_the_image_shows(resize: Resize) -> None:
    """The upper half of a photo twice as wide as high."""
    table = pl.DataFrame({"width": [200], "height": [100], "boxes": [[box("dog", 0, 0, 1, 0.5)]]})
    own = box_heatmaps(table, replace(INFO, resize=resize))[0, 1] == 255
    first = {"stretch": 0, "letterbox": CELLS // 4, "center-crop": 0}[resize]
    expected = np.zeros((CELLS, CELLS), dtype=bool)
    expected[first : CELLS // 2] = True
    assert (own == expected).all()


VARIED = [
    Recipe(horizontal_flip=True),
    Recipe(random_crop=3),
    Recipe(resized_crop=0.3),
    Recipe(color_jitter=0.4),
    Recipe(progressive_resolution=(0.5, 0.5)),
    Recipe(cutmix=1.0),
    Recipe(mixup=1.0),
]


@pytest.mark.parametrize("recipe", VARIED)
def test_heatmaps_go_with_their_images(recipe: Recipe) -> None:
    """Each image is the picture of its own heatmap, and stays so."""
    draws = np.random.default_rng(0)
    maps = draws.integers(0, 256, (6, 2, CELLS, CELLS)).astype(np.uint8)
    images = np.repeat(np.repeat(maps[:, [0, 1, 1]], 2, 2), 2, 3).transpose(0, 2, 3, 1).copy()
    split = Split(images, np.arange(6), torch.device("cpu"))
    split.add_heatmaps(maps)
    generator = torch.Generator().manual_seed(0)
    inputs, labels = split.batch(torch.arange(6), 1, recipe, generator)
    mixed, _ = mix(inputs, labels, recipe, generator)
    assert mixed.shape[1] == 3 + 2
    if recipe.color_jitter:
        torch.testing.assert_close(mixed[:, 3:], torch.from_numpy(images).permute(0, 3, 1, 2)[:, :2] / 127.5 - 1)
    else:
        torch.testing.assert_close(mixed[:, 3:], mixed[:, :2])


@pytest.mark.parametrize("side", [8, 16, 33, 64])
def test_heatmaps_become_channels_of_any_side(side: int) -> None:
    maps = torch.randint(0, 256, (2, 3, CELLS, CELLS), dtype=torch.uint8, generator=torch.Generator())
    channels = as_channels(maps, side)
    assert (channels.shape, channels.dtype) == ((2, side, side, 3), torch.uint8)
    assert torch.equal(channels[0, side - 1, 0], maps[0, :, (side - 1) * CELLS // side, 0])


def test_without_boxes_batches_have_no_heatmaps() -> None:
    split = Split(np.zeros((2, 8, 8, 3), np.uint8), np.zeros(2, np.int64), torch.device("cpu"))
    split.add_heatmaps(np.zeros((2, 3, CELLS, CELLS), np.uint8))
    assert split.batch(torch.arange(2), 1, Recipe(), torch.Generator())[0].shape == (2, 3, 8, 8)


def test_the_loss_is_least_where_the_heatmaps_are_correct() -> None:
    boxes = torch.full((1, 2, 8, 8), -1.0)
    boxes[0, 1, :4, :4] = 1.0
    correct = torch.full((1, 2, 2, 2), -20.0)
    correct[0, 1, 0, 0] = 20.0
    assert localization_loss(correct, boxes) < 1e-6
    assert localization_loss(correct.flip(3), boxes) == pytest.approx(2 * 20 / 4, rel=1e-3)
    assert localization_loss(torch.zeros(1, 2, 2, 2), boxes) == pytest.approx(2 * np.log(2), rel=1e-5)
