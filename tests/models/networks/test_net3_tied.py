"""What sets net3-tied apart from net3."""

from bakeoff.models.factory import create
from bakeoff.models.summary import describe


def test_one_convolution_is_applied_ten_times() -> None:
    rows = [layer for layer in describe(create("net3-tied", 5, 64), 64).layers if layer.name == "body"]
    assert [row.parameters for row in rows] == [9248] + [0] * 9
    assert [row.shared for row in rows] == [False] + [True] * 9
