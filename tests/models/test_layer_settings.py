"""A layer in a few words."""

import pytest
from torch import nn

from bakeoff.models.layer_settings import settings


@pytest.mark.parametrize(
    ("layer", "words"),
    [
        (nn.Conv2d(3, 16, 3), "3→16, kernel 3"),
        (nn.Conv2d(3, 16, 3, padding=1), "3→16, kernel 3, padding 1"),
        (nn.Conv2d(4, 8, (1, 7), 2, (0, 3), groups=2), "4→8, kernel 1x7, stride 2, padding 0x3, groups 2"),
        (nn.Conv2d(3, 3, 3, padding="same", dilation=2), "3→3, kernel 3, padding same, dilation 2"),
        (nn.MaxPool2d(2), "kernel 2"),
        (nn.MaxPool2d(3, 2, 1), "kernel 3, stride 2, padding 1"),
        (nn.AvgPool2d((2, 2)), "kernel 2"),
        (nn.Linear(6272, 64), "6272→64"),
        (nn.BatchNorm2d(32), "32"),
        (nn.Flatten(), ""),
        (nn.Dropout(0.25), "p=0.25, inplace=False"),
    ],
)
def test_the_settings_are_those_that_matter(layer: nn.Module, words: str) -> None:
    assert settings(layer) == words
