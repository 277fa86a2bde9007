"""Average precision: how well a network orders the images by a class, whatever the threshold."""

import numpy as np
import numpy.typing as npt

Row = npt.NDArray[np.float64]


def average_precision(ranks: Row, present: npt.NDArray[np.bool_]) -> Row:
    """The average precision of a class, and what each image adds to it: a row whose mean it is.

    The deviations from the mean are the jackknife's influence of each image (Efron and Tibshirani, An Introduction to
    the Bootstrap, 1993, chapter 11), exact for leaving out one image, so that the row has an interval like any score.
    Equal to scikit-learn's `average_precision_score`: images with the same rank are taken together.

    Args:
        ranks: float64 (N,): the higher, the likelier the image shows the class.
        present: bool (N,): whether it does; some must.

    Returns:
        float64 (N,).
    """
    images, positives = len(ranks), int(present.sum())
    order = np.argsort(-ranks, kind="stable")
    shown, sorted_ranks = present[order].astype(np.float64), ranks[order]
    begin, end = _ties(sorted_ranks)
    above = end.astype(np.float64)  # images that rank as high as each or higher
    hits = np.cumsum(shown)[end - 1]
    whole = float((shown * hits / above).sum() / positives)
    left = np.full(images, whole)
    if positives > 1 and images > 1:
        untouched = np.concatenate([[0.0], np.cumsum(shown * hits / above)])[begin]
        fewer = np.maximum(above - 1, 1)
        with_hit, count = _from(shown * hits / fewer, begin), _from(shown / fewer, begin)
        own = shown * (hits - shown) / fewer
        left = (untouched + with_hit - shown * count - own) / (positives - shown)
    influence = (images - 1) * (whole - left)
    row = np.empty(images)
    row[order] = whole + influence - influence.mean()
    return row


def _ties(ranks: Row) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]:
    """Where the images that rank like each one begin, and where they end, in descending order."""
    _, first, member, counts = np.unique(-ranks, return_index=True, return_inverse=True, return_counts=True)
    return first[member], (first + counts)[member]


def _from(values: Row, begin: npt.NDArray[np.int64]) -> Row:
    """The sums of all values from a position on."""
    sums: Row = np.concatenate([np.cumsum(values[::-1])[::-1], [0.0]])[begin]
    return sums
