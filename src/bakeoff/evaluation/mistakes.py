"""The mistakes that predictions, and a confusion matrix that somebody counted of them, show."""

import re
from collections.abc import Iterator, Sequence

import numpy as np
import numpy.typing as npt
import polars as pl
from scipy.optimize import linear_sum_assignment

from bakeoff.core.mistake import Mistake
from bakeoff.evaluation.predictions import Outputs

Counts = npt.NDArray[np.int64]
GAIN = 5.0
"""Another order of the classes is taken for the one meant where it is right for so many more photos, in square roots of
their number: with two classes chance gives that once in two million."""


CLEAR = 3.0
"""Standard errors by which swapped channels must be better for a network to be said to read BGR."""


def count(outputs: Outputs, classes: int) -> Counts:
    """The confusion matrix, int64 (K, K): rows true, columns predicted."""
    pairs = np.bincount(outputs.labels * classes + outputs.predicted, minlength=classes**2)
    return pairs.reshape(classes, classes)


def mistakes_of_predictions(name: str, matrix: Counts, classes: Sequence[str]) -> Iterator[Mistake]:
    """One class for all photos, classes that are never predicted, and names in another order.

    Args:
        name: What the predictions are called.
        matrix: Counts, (K, K); rows true, columns predicted.
        classes: K names.
    """
    predicted = matrix.sum(axis=0)
    there = [own for own, seen in zip(classes, predicted, strict=True) if seen]
    if len(there) == 1:
        text = f"{name} predicts {there[0]} for every photo: it did not learn (its loss stays near ln K)."
        yield Mistake("one-class", text)
        return
    if missing := [own for own, seen in zip(classes, predicted, strict=True) if not seen]:
        text = f"{name} never predicts {', '.join(missing)}: most likely the label mapping leaves it out."
        yield Mistake("never-predicted", text)
    rows, columns = linear_sum_assignment(-matrix)
    right, best = np.trace(matrix) / matrix.sum(), matrix[rows, columns].sum() / matrix.sum()
    if (best - right) * np.sqrt(matrix.sum()) > GAIN and not missing:
        meant = [(classes[guess], classes[true]) for true, guess in zip(rows, columns, strict=True) if true != guess]
        said = ", ".join(f"{guess} means {true}" for guess, true in meant)
        text = f"{name} is right for {100 * right:.1f} % of the photos, and for {100 * best:.1f} % if {said}: its "
        yield Mistake("mapped-labels", text + "classes are in another order than the labels'.")


def mistake_of_channels(name: str, plain: npt.NDArray[np.bool_], swapped: npt.NDArray[np.bool_]) -> Mistake | None:
    """A network that is right more often with red and blue swapped.

    Args:
        name: What it is called.
        plain: Which photos it predicts correctly as they are, bool (N,).
        swapped: Which with red and blue swapped.
    """
    gained, lost = int((swapped & ~plain).sum()), int((plain & ~swapped).sum())
    if gained - lost <= CLEAR * np.sqrt(gained + lost):
        return None
    first, second = (100 * own.mean() for own in (plain, swapped))
    text = f"{name} is right for {first:.1f} % of the photos, and for {second:.1f} % with red and blue swapped: "
    return Mistake("bgr", text + "it was trained on BGR pixels, as OpenCV reads them.")


def as_matrix(table: pl.DataFrame) -> Counts | None:
    """A confusion matrix that a table holds, with or without the names of its rows; None for any other table."""
    whole = table.select(pl.selectors.integer().cast(pl.Int64, strict=False))
    head = [re.fullmatch(r"[0-9]{1,18}", column) for column in whole.columns]
    if whole.width == whole.height + 1 and all(head):  # no names of columns: they are the first row
        first = pl.DataFrame([[int(column) for column in whole.columns]], schema=whole.schema, orient="row")
        whole = pl.concat([first, whole])
    square = whole.width == whole.height > 1 and table.width - whole.width <= 1
    if not square or whole.null_count().row(0) != (0,) * whole.width or min(whole.min().row(0)) < 0:
        return None
    return whole.to_numpy().astype(np.int64)


def mistakes_of_matrix(
    name: str, given: Counts, counted: Sequence[Counts], totals: Sequence[int] | None
) -> Iterator[Mistake]:
    """Swapped axes, and counts that are not those of the predictions.

    Args:
        name: What the matrix is called.
        given: As it was handed in.
        counted: Those of the predictions that came with it.
        totals: Photos of each class, which the rows must add up to; where None, one sum for all classes.
    """
    fitting = [own for own in counted if own.shape == given.shape]
    if any(np.array_equal(given, own) for own in fitting):
        return
    rows, columns = given.sum(axis=1), given.sum(axis=0)
    sums = np.array(
        totals if totals is not None and len(totals) == len(given) else [given.sum() // len(given)] * len(given)
    )
    turned = any(np.array_equal(given.T, own) for own in fitting)
    if turned or (np.array_equal(columns, sums) and not np.array_equal(rows, sums)):
        why = (
            "it is the predictions' matrix turned over" if turned else "its columns add up to the photos of each class"
        )
        yield Mistake("transposed", f"{name} has its axes swapped: {why}, so its rows are what was predicted.")
    elif fitting:
        yield Mistake("other-matrix", f"{name} is not the matrix of the predictions that came with it.")
