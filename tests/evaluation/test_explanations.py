"""The share of saliency in boxes, and the map of features."""

import msgspec
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from bakeoff.evaluation.explanations import Explanation, in_boxes, principal_axes


def explanation(photos: tuple[int, ...] = (0, 1, 2, 3, 4), **changes: object) -> Explanation:
    values: dict[str, object] = {
        "image_ids": (7, 8, 9, 10, 11),
        "labels": ("cat", "cat", "dog", "dog", "dog"),
        "predicted": ("cat", "cat", "dog", "cat", "dog"),
        "shares": (0.8, 0.6, 0.7, 0.1, None),
        "areas": (0.5, 0.4, 0.3, 0.2, 0.1),
    }
    return Explanation("net1", 0, photos=photos, **(values | changes))


def test_only_correct_predictions_with_saliency_and_boxes_count() -> None:
    found = in_boxes(explanation())
    assert found
    assert found.images == 3
    assert found.share.mean == pytest.approx(0.7)
    assert found.area == pytest.approx(0.4)
    assert found.excess.mean == pytest.approx(0.3)
    assert found.excess.interval
    half = 1.959964 * np.std([0.3, 0.2, 0.4]) / np.sqrt(3)
    assert found.excess.interval.low == pytest.approx(0.3 - half, abs=1e-6)
    assert found.share.interval
    assert found.share.interval.low < 0.7 < found.share.interval.high


def test_crops_of_one_photo_are_not_photos_of_their_own() -> None:
    values = {"image_ids": tuple(range(8)), "labels": ("cat",) * 8, "predicted": ("cat",) * 8, "areas": (0.5,) * 8}
    values["shares"] = (0.9, 0.9, 0.9, 0.9, 0.5, 0.5, 0.5, 0.5)
    alone, together = (
        in_boxes(explanation(photos, **values)) for photos in (tuple(range(8)), (0, 0, 0, 0, 7, 7, 7, 7))
    )
    assert alone
    assert together
    assert alone.share.mean == together.share.mean
    assert alone.share.interval
    assert together.share.interval
    assert together.share.interval.high > alone.share.interval.high


@pytest.mark.parametrize(
    "changes", [{"predicted": ("dog", "dog", "cat", "cat", "cat")}, {"shares": (None,) * 5}, {"areas": (None,) * 5}]
)
def test_what_can_not_be_measured_is_nothing(changes: dict[str, object]) -> None:
    assert in_boxes(explanation(**changes)) is None


@pytest.mark.parametrize(
    "changes",
    [
        {"labels": ("cat",)},
        {"points": ((0.0, 1.0),)},
        {"saliency": b"123", "side": 8},
        {"filters": b"1", "filter_shape": (1, 2, 2, 3)},
        {"filters": b"123456789012", "filter_shape": (-1, -2, 2, 3)},
    ],
)
def test_parts_that_do_not_fit_are_refused(changes: dict[str, object]) -> None:
    raw = msgspec.json.encode(msgspec.to_builtins(explanation()) | msgspec.to_builtins(changes))
    with pytest.raises(msgspec.ValidationError, match=r"its lists|its filters"):
        msgspec.json.decode(raw, type=Explanation)


@given(
    st.tuples(st.integers(1, 12), st.integers(0, 6)).flatmap(
        lambda shape: arrays(np.float32, shape, elements=st.floats(-8, 8, width=32))
    )
)
def test_the_map_keeps_as_much_of_the_variance_as_it_says(features: np.ndarray) -> None:
    points, shares = principal_axes(features)
    assert points.shape == (len(features), 2)
    assert np.array_equal(principal_axes(features)[0], points)
    assert 0 <= shares[1] <= shares[0] + 1e-9
    assert sum(shares) <= 1 + 1e-6
    centred = features.astype(np.float64) - features.mean(axis=0, dtype=np.float64)
    total = (centred**2).sum()
    np.testing.assert_allclose((points**2).sum(axis=0), np.array(shares) * total, atol=1e-6)
    np.testing.assert_allclose(points.sum(axis=0), 0, atol=1e-5)
    moved, _ = principal_axes(features + np.float32(3))
    np.testing.assert_allclose((moved**2).sum(), (points**2).sum(), rtol=1e-3, atol=1e-3)
