"""Predictions and labels of any framework: tables whose columns are guessed, and what was guessed is said."""

import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import polars as pl
from scipy.special import softmax

from bakeoff.core.errors import ConfigError, listed
from bakeoff.core.types import VAL, Labels
from bakeoff.data.build.dataset import Dataset
from bakeoff.evaluation.columns import (
    ANNOTATED,
    IDS,
    PREDICTED,
    SCORES,
    SEEDS,
    SHOWN,
    SPLITS,
    TRUE,
    as_numbers,
    find_column,
    is_key,
    keys_of,
    numbered,
    scores_of,
)
from bakeoff.evaluation.predictions import LabelledImages, Outputs, RunPredictions, labelled_images

SEED_IN_NAME = re.compile(r"^(?P<name>.+?)[-_. ]?seed[-_ ]?(?P<seed>\d+)$", re.I)


@dataclass(frozen=True)
class LabelTable:
    """What the predictions are compared with.

    Attributes:
        classes: Class names in the order of their labels.
        images: The images; `ids` are those of the first key.
        keys: By name of a column the ids, as text, by which predictions may be matched.
        notes: What was guessed.
    """

    classes: tuple[str, ...]
    images: LabelledImages
    keys: Mapping[str, Sequence[str]]
    notes: tuple[str, ...] = ()


def labels_of_dataset(dataset: Dataset) -> LabelTable:
    """The validation images of a data set, known by their id and their file name."""
    rows = dataset.rows(VAL)
    known: list[str] = [name for name in ("image_id", "file_name") if name in rows.columns]
    keys: dict[str, list[str]] = {name: rows[name].cast(pl.String).to_list() for name in known}
    return LabelTable(dataset.info.classes, labelled_images(dataset, VAL), keys)


def labels_of_table(table: pl.DataFrame, classes: Sequence[str] = ()) -> LabelTable:
    """The labels in a table: an id per image, its label, and if it has them the split and the classes annotated.

    Args:
        table: One row per image.
        classes: Class names in the order of the labels; by default the labels in sorted order.

    Raises:
        ConfigError: There is no column of labels or ids, an id occurs twice, or a label is none of the classes.
    """
    label = find_column(table, TRUE, "labels", "the true labels")
    key = find_column(table, [name for name in IDS if name != label], "labels", "the ids of the images")
    notes = [f"labels: {label!r} as the label, {key!r} as the image"]
    if (split := next((name for name in SPLITS if name in table.columns), None)) and VAL in table[split].to_list():
        table = table.filter(pl.col(split) == VAL)
        notes.append(f"labels: the rows whose {split!r} is {VAL!r}")
    names, labels = numbered(table[label].to_list(), classes, "labels")
    ids = keys_of(table, key, "labels")
    if len(set(ids)) < len(ids):
        twice = [own for own, count in Counter(ids).items() if count > 1][:SHOWN]
        raise ConfigError(f"labels: {', '.join(twice)} occur more than once in {key!r}; give each image once.")
    present = _present(table, names, notes)
    images = LabelledImages(pl.Series(ids), labels, present)
    return LabelTable(names, images, {key: ids}, tuple(notes))


def _present(table: pl.DataFrame, names: tuple[str, ...], notes: list[str]) -> npt.NDArray[np.bool_] | None:
    """Which classes are annotated in each image: a column of lists, or of names between semicolons."""
    column = next((name for name in ANNOTATED if name in table.columns), None)
    if not column:
        return None
    notes.append(f"labels: {column!r} as the classes that are in the image")
    cells = ["" if cell is None else cell for cell in table[column].to_list()]
    lists = [cell if isinstance(cell, list) else str(cell).split(";") for cell in cells]
    return np.array([[name in {str(one).strip() for one in row} for name in names] for row in lists], dtype=np.bool_)


def labels_of_values(values: Sequence[object], classes: Sequence[str] = ()) -> LabelTable:
    """Labels given as a list or array: predictions are matched by their position."""
    names, labels = numbered(list(values), classes, "labels")
    return LabelTable(names, LabelledImages(pl.Series(range(len(labels))), labels), {})


def named(stem: str) -> tuple[str, int | None]:
    """The variant and the seed that a file's name gives: "resnet-seed3" is seed 3 of resnet."""
    found = SEED_IN_NAME.match(stem)
    return (found["name"], int(found["seed"])) if found else (stem, None)


def runs_of_table(
    name: str, table: pl.DataFrame, labels: LabelTable, seed: int | None = None
) -> tuple[list[RunPredictions], list[str]]:
    """The runs in a table: one per seed.

    Args:
        name: The variant's name.
        table: Per image and seed an id, and the predicted class, or a probability or logit per class.
        labels: What it is compared with.
        seed: Of all its rows; where None a column says it, or it is 0.

    Returns:
        The runs, and what was guessed.

    Raises:
        ConfigError: A column is missing, or the images are not those of the labels.
    """
    notes = []
    column = next((own for own in SEEDS if own in table.columns), None) if seed is None else None
    parts = table.partition_by(column, maintain_order=True) if column else [table]
    if column:
        notes.append(f"{name}: {column!r} as the seed")
    runs = []
    for number, part in enumerate(parts):
        own = seed if seed is not None else _whole(part[column][0], number) if column else 0
        part, said = _matched(name, part, labels)
        outputs, how = _outputs_of_columns(name, part, labels)
        notes += [line for line in (*said, how) if line not in notes]
        runs.append(_run(name, own, outputs))
    return runs, notes


def _whole(value: object, otherwise: int) -> int:
    return value if isinstance(value, int) else otherwise


def _matched(name: str, table: pl.DataFrame, labels: LabelTable) -> tuple[pl.DataFrame, list[str]]:
    """The rows in the order of the labels."""
    count = len(labels.images.labels)
    candidates = [own for own in IDS if own in table.columns and is_key(table.schema[own])] if labels.keys else []
    for column in candidates:
        ids = table[column].cast(pl.String).to_list()
        for known in labels.keys.values():
            positions = {own: row for row, own in enumerate(ids)}
            if all(own in positions for own in known):
                if len(positions) < len(ids):
                    raise ConfigError(f"{name}: {column!r} holds an image more than once; add a column 'seed'.")
                notes = [f"{name}: {column!r} as the image"]
                if len(ids) > count:
                    notes.append(f"{name}: {len(ids) - count:,} rows of other images are left out")
                return table[[positions[own] for own in known]], notes
    if candidates:
        known = next(iter(labels.keys.values()))
        have = set(table[candidates[0]].cast(pl.String))
        missing = [own for own in known if own not in have]
        raise ConfigError(
            f"{name}: {len(missing):,} of {count:,} images of the labels are missing in {candidates[0]!r}, such as "
            f"{', '.join(missing[:SHOWN])}; give a prediction for each."
        )
    if table.height != count:
        raise ConfigError(
            f"{name}: {table.height:,} rows without a column of image ids (such as 'image_id') for {count:,} labels; "
            "add the ids, or give one row per label in their order."
        )
    return table, [f"{name}: no column of image ids, so the rows are taken in the order of the labels"]


def _outputs_of_columns(name: str, table: pl.DataFrame, labels: LabelTable) -> tuple[Outputs, str]:
    classes = labels.classes
    given = {own: table.schema[own] for own in SCORES if own in table.columns}
    if named := next((own for own, kind in given.items() if isinstance(kind, pl.Struct)), None):
        table, given = table[named].struct.unnest(), {}  # by class, as `bakeoff predict` writes them
    if column := next((own for own, kind in given.items() if kind.is_nested()), None):
        scores = as_numbers(table[column].to_list(), f"{name}: {column!r}")
        return _outputs_of_scores(name, scores, labels, repr(column))
    for prefix in ("", *(f"{own}_" for own in ("prob", "p", "logit", "score", "probability"))):
        for names in (classes, range(len(classes))):
            columns = [f"{prefix}{own}" for own in names]
            if set(columns) <= set(table.columns):
                source = f"columns {columns[0]!r} to {columns[-1]!r}"
                return _outputs_of_scores(name, scores_of(table, columns, name), labels, source)
    column = find_column(table, PREDICTED, name, "the predicted class, or a probability or logit per class")
    _, predicted = numbered(table[column].to_list(), classes, f"{name}: {column!r}")
    _check_range(name, predicted, labels)
    return Outputs(labels.images.labels, predicted), f"{name}: {column!r} as the predicted class"


def _check_range(name: str, predicted: Labels, labels: LabelTable) -> None:
    if len(predicted) and predicted.max() >= len(labels.classes):
        raise ConfigError(
            f"{name}: class {predicted.max()} is predicted, the labels have {len(labels.classes)} classes, 0 to "
            f"{len(labels.classes) - 1}; give the names of all classes."
        )


def _outputs_of_scores(
    name: str, scores: npt.NDArray[np.float64], labels: LabelTable, source: str
) -> tuple[Outputs, str]:
    if scores.ndim != 2 or scores.shape[1] != len(labels.classes):
        raise ConfigError(
            f"{name}: {source} has the shape {scores.shape}, the labels have {len(labels.classes)} classes: "
            f"{listed(labels.classes)}. Give one number per class."
        )
    is_probability = bool(np.all(scores >= 0) and np.allclose(scores.sum(axis=1), 1, atol=1e-3))
    known = is_probability or not np.isfinite(scores).all()  # where they are not finite the run failed, see `_run`
    probabilities = scores if known else softmax(scores, axis=1)
    kind = "probabilities (they add up to 1)" if is_probability else "logits (their softmax is taken)"
    return Outputs(labels.images.labels, scores.argmax(axis=1), probabilities), f"{name}: {source} as {kind}"


def runs_of_values(name: str, values: object, labels: LabelTable) -> tuple[list[RunPredictions], list[str]]:
    """The runs in an array: (N,) predicted classes, (N, K) numbers per class, or by seed such arrays.

    Raises:
        ConfigError: It is no array, or its shape is not that of the labels.
    """
    try:
        by_seed = dict(_by_seed(values, len(labels.images.labels)))
    except (TypeError, ValueError) as error:
        raise ConfigError(f"{name}: the predictions are no array, nor arrays by seed: {error}.") from None
    runs, notes = [], []
    for seed, own in by_seed.items():
        outputs, how = _outputs_of_array(name, own, labels)
        notes += [how] if how not in notes else []
        runs.append(_run(name, seed, outputs))
    return runs, notes


def _by_seed(values: object, count: int) -> Iterator[tuple[int, npt.NDArray[np.generic]]]:
    if isinstance(values, Mapping):
        yield from ((int(seed), np.asarray(own)) for seed, own in values.items())
        return
    array = np.asarray(values)
    several = array.ndim == 3 or (array.ndim == 2 and array.shape[0] != count and array.shape[1] == count)
    yield from enumerate(array) if several else [(0, array)]


def _outputs_of_array(name: str, array: npt.NDArray[np.generic], labels: LabelTable) -> tuple[Outputs, str]:
    if len(array) != len(labels.images.labels):
        raise ConfigError(f"{name}: {len(array):,} predictions for {len(labels.images.labels):,} labels.")
    if array.ndim == 2:
        return _outputs_of_scores(name, as_numbers(array, f"{name}: an array"), labels, "an array")
    _, predicted = numbered(array.tolist(), labels.classes, name)
    _check_range(name, predicted, labels)
    return Outputs(labels.images.labels, predicted), f"{name}: an array of predicted classes"


def _run(name: str, seed: int, outputs: Outputs) -> RunPredictions:
    """A run; one whose numbers are not finite failed."""
    if outputs.probabilities is not None and not np.isfinite(outputs.probabilities).all():
        return RunPredictions(name, seed, {}, "diverged", "its predictions are not finite numbers", source=name)
    return RunPredictions(name, seed, {VAL: outputs}, source=name)
