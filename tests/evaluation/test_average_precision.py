"""Average precision against scikit-learn, and its influences against leaving images out."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.metrics import average_precision_score

from bakeoff.evaluation.average_precision import average_precision

images = st.lists(st.tuples(st.integers(0, 6), st.booleans()), min_size=2, max_size=30)
"""Ranks, with ties, and whether the class is there."""


@given(images)
def test_it_is_scikit_learns_and_a_row_tells_what_each_image_adds(images: list[tuple[int, bool]]) -> None:
    ranks, present = np.array([rank for rank, _ in images], dtype=np.float64), np.array([own for _, own in images])
    present[0] = True
    row, whole = average_precision(ranks, present), average_precision_score(present, ranks)
    assert row.mean() == pytest.approx(whole)
    if present.sum() > 1:
        everyone = range(len(images))
        left = [average_precision_score(np.delete(present, one), np.delete(ranks, one)) for one in everyone]
        influence = (len(images) - 1) * (whole - np.array(left))
        np.testing.assert_allclose(row - whole, influence - influence.mean(), atol=1e-9)


def test_one_image_of_a_class_tells_nothing_of_others() -> None:
    assert average_precision(np.array([3.0, 2.0, 1.0]), np.array([False, True, False])) == pytest.approx([0.5] * 3)
