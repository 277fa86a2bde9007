"""Sizes worked out: every number is one that the network itself gives."""

import pytest
from torch import nn

from bakeoff.core.registry import networks
from bakeoff.models.architecture import Architecture
from bakeoff.models.factory import create
from bakeoff.models.sizes import sides, work_out
from bakeoff.models.summary import describe


def architecture_of(*layers: nn.Module, size: int) -> Architecture:
    return describe(nn.Sequential(*layers), size)


def test_net1_as_the_homework_has_it() -> None:
    rows = work_out(describe(create("net1", 5, 64), 64), 64)
    assert sides(rows) == "64 → 62 → 31 → 29 → 14"
    assert [row.side for row in rows] == [
        "⌊(64 + 2 · 0 − 3) / 1⌋ + 1 = 62",
        "⌊(62 + 2 · 0 − 2) / 2⌋ + 1 = 31",
        "⌊(31 + 2 · 0 − 3) / 1⌋ + 1 = 29",
        "⌊(29 + 2 · 0 − 2) / 2⌋ + 1 = 14",
        "32 · 14 · 14 = 6,272",
        "64 units",
        "5 units",
    ]
    assert [row.parameters for row in rows if row.parameters] == [
        "3 · 3 · 3 · 16 + 16 = 448",
        "16 · 3 · 3 · 32 + 32 = 4,640",
        "6272 · 64 + 64 = 401,472",
        "64 · 5 + 5 = 325",
    ]


def test_tied_layers_are_an_earlier_rows() -> None:
    rows = work_out(describe(create("net3-tied", 5, 64), 64), 64)
    assert [row.parameters for row in rows].count("an earlier row's") == 9


@pytest.mark.parametrize("name", [name for name in networks.names() if name.startswith("net")])
def test_every_number_is_the_networks_own(name: str) -> None:
    own = describe(create(name, 5, 64), 64)
    rows = work_out(own, 64)
    kinds = ("Conv2d", "MaxPool2d", "Linear")
    assert [row.name for row in rows if row.kind in kinds] == [x.name for x in own.layers if x.kind in kinds]


def test_other_windows() -> None:
    layers = (
        nn.Conv2d(3, 8, (1, 7), padding=(0, 3), bias=False),
        nn.Conv2d(8, 8, 3, stride=2, padding=2, dilation=2, groups=4),
        nn.AvgPool2d(3, stride=2, padding=1),
        nn.AdaptiveAvgPool2d(1),
        nn.Flatten(),
    )
    rows = work_out(architecture_of(*layers, size=32), 32)
    assert [(row.kind, row.side, row.parameters) for row in rows] == [
        ("Conv2d", "⌊(32 + 2 · 0 − 1) / 1⌋ + 1 = 32", "3 · 1 · 7 · 8 = 168"),
        ("Conv2d", "⌊(32 + 2 · 2 − (2 · (3 − 1) + 1)) / 2⌋ + 1 = 16", "2 · 3 · 3 · 8 + 8 = 152"),
        ("AvgPool2d", "⌊(16 + 2 · 1 − 3) / 2⌋ + 1 = 8", ""),
        ("Flatten", "8 · 1 · 1 = 8", ""),
    ]


def test_what_does_not_follow_is_left_out() -> None:
    ceiling = architecture_of(nn.MaxPool2d(2, ceil_mode=True), size=5)
    assert work_out(ceiling, 5) == []
    assert sides([]) == ""
