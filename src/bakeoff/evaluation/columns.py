"""What other frameworks call the columns of a table of predictions or labels, and what is in them."""

import math
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt
import polars as pl

from bakeoff.core.errors import ConfigError, in_one_line, listed
from bakeoff.core.parquet import decode
from bakeoff.core.types import Labels

IDS = ("image_id", "id", "image", "file_name", "filename", "file", "path", "name", "key")
TRUE = ("label", "labels", "true", "truth", "target", "y_true", "y", "class", "category")
PREDICTED = ("predicted", "prediction", "pred", "y_pred", "predicted_label", "label", "class", "category")
SEEDS = ("seed", "run", "trial")
SCORES = ("probabilities", "probability", "probs", "logits", "scores", "outputs")
SPLITS = ("split", "subset", "set")
ANNOTATED = ("annotated", "objects", "present")
SHOWN = 3
MOST_CLASSES = 100_000


def read_table(path: Path) -> pl.DataFrame:
    """A table from a .csv, .tsv, .parquet, .jsonl or .json file.

    Raises:
        ConfigError: The file can't be read, or is of another kind.
    """
    readers: dict[str, Callable[[bytes], pl.DataFrame]] = {
        ".csv": pl.read_csv,
        ".tsv": lambda own: pl.read_csv(own, separator="\t"),
        ".parquet": decode,
        ".jsonl": pl.read_ndjson,
        ".json": pl.read_json,
    }
    if path.suffix.lower() not in readers:
        raise ConfigError(f"{path} is no table that is read here; give one of {', '.join(readers)}.")
    try:
        return readers[path.suffix.lower()](path.read_bytes())  # polars takes no path that is no UTF-8
    except (OSError, ValueError, pl.exceptions.PolarsError, pl.exceptions.PanicException) as error:
        raise ConfigError(f"{path} can't be read as a table: {in_one_line(error)}.") from None


def numbered(values: Sequence[object], classes: Sequence[str], what: str) -> tuple[tuple[str, ...], Labels]:
    """Class names, and each value as the number of its class; whole numbers are the numbers themselves.

    Raises:
        ConfigError: A value is none of the classes, or no name or number at all.
    """
    values = [value.item() if isinstance(value, np.generic) else value for value in values]
    for value in values:
        if value is None or (isinstance(value, float) and math.isnan(value)):
            raise ConfigError(f"{what}: an image has no class; give one for each.")
        if isinstance(value, list | dict | bytes | np.ndarray):
            raise ConfigError(
                f"{what}: a {type(value).__name__} is no class; give the name or number of one per image."
            )
    numbers = [value for value in values if isinstance(value, int) and not isinstance(value, bool)]
    if len(numbers) == len(values):
        count = max([len(classes), *(number + 1 for number in numbers)])
        if count > max(len(classes), MOST_CLASSES):
            raise ConfigError(f"{what}: {count - 1:,} is no number of a class; there are {MOST_CLASSES:,} at most.")
        names = tuple(classes) if len(classes) >= count else tuple(map(str, range(count)))
        wrong, labels = [str(number) for number in numbers if number < 0], np.array(numbers, dtype=np.int64)
    else:
        texts = [str(value) for value in values]
        names = tuple(classes) or tuple(sorted(set(texts)))
        wrong = [text for text in texts if text not in names]
        labels = np.array([names.index(text) if text in names else -1 for text in texts], dtype=np.int64)
    if wrong:
        raise ConfigError(f"{what}: {wrong[0]!r} is none of the classes {listed(names)}.")
    return names, labels


def find_column(table: pl.DataFrame, names: Sequence[str], what: str, meaning: str) -> str:
    """The first column with one of these names, in any case; raises `ConfigError` if there is none."""
    by_name = {column.lower(): column for column in table.columns}
    if found := next((by_name[name] for name in names if name in by_name), None):
        return found
    wanted = " or ".join(map(repr, names[:SHOWN]))
    raise ConfigError(f"{what}: no column for {meaning} among {listed(table.columns)}; name it {wanted}.")


def is_key(kind: pl.DataType) -> bool:
    """Whether a column of this type can name images: by a text or a number."""
    return not (kind.is_nested() or kind in (pl.Binary, pl.Object))


def keys_of(table: pl.DataFrame, column: str, what: str) -> list[str]:
    """The ids of images, as text.

    Raises:
        ConfigError: An image has none, or they are neither texts nor numbers.
    """
    if not is_key(table.schema[column]):
        raise ConfigError(f"{what}: {column!r} holds {table.schema[column]}, no ids of images; give texts or numbers.")
    keys: list[str | None] = table[column].cast(pl.String).to_list()
    if None in keys:
        raise ConfigError(f"{what}: an image has no id in {column!r}; give each one.")
    return [key for key in keys if key is not None]


def scores_of(table: pl.DataFrame, columns: Sequence[str], what: str) -> npt.NDArray[np.float64]:
    """Numbers, float64 (N, K), of K columns; where a cell is empty, NaN. ConfigError: A cell is no number."""
    return np.stack([_numbers(table[column], what) for column in columns], axis=1)


def as_numbers(rows: object, what: str) -> npt.NDArray[np.float64]:
    """Numbers, float64 (N, K), of an array or lists; raises `ConfigError` where they are none, or of many lengths."""
    try:
        return np.asarray(rows, dtype=np.float64)
    except (TypeError, ValueError) as error:
        raise ConfigError(f"{what} holds something else than as many numbers for each image: {error}.") from None


def _numbers(cells: pl.Series, what: str) -> npt.NDArray[np.float64]:
    plain = cells.str.strip_chars() if cells.dtype == pl.String else cells
    readable = plain.dtype.is_numeric() or plain.dtype in (pl.String, pl.Null)
    found = (plain if readable else pl.Series([None] * len(cells))).cast(pl.Float64, strict=False)
    wrong = cells.filter(found.is_null() & cells.is_not_null())
    if len(wrong):
        raise ConfigError(
            f"{what}: {str(wrong[0])!r} in column {cells.name!r} is no number; give a probability or logit per class."
        )
    return found.to_numpy()
