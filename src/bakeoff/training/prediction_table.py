"""Predictions as a file."""

import csv
import io
from collections.abc import Sequence
from pathlib import Path

from bakeoff.core.atomic import write_bytes
from bakeoff.core.errors import ConfigError
from bakeoff.core.storage import encode
from bakeoff.core.untrusted import no_formula
from bakeoff.training.predict import Prediction


def check_table(target: Path) -> None:
    """Raises `ConfigError` at a file that `save_predictions` can't write: its name ends neither in .csv nor .json."""
    if target.suffix not in {".csv", ".json"}:
        raise ConfigError(f"{target}: predictions are written as .csv or .json; give --out a file of such a name.")


def save_predictions(predictions: Sequence[Prediction], target: Path) -> None:
    """Writes predictions with a row per image, as `bakeoff compare` reads them; replaced where the file exists.

    Columns of the CSV file: image, predicted, probability, `prob_CLASS` of each class, error; of a network that was
    trained on all classes of an image also named, its classes between bars. A text that a spreadsheet would take for a
    formula has an apostrophe before it.

    Args:
        predictions: What `predict` gives.
        target: Its name ends in `.csv` or `.json`.

    Raises:
        ConfigError: It ends otherwise.
        StorageError: It can't be written.
    """
    check_table(target)
    write_bytes(target, encode(predictions) + b"\n" if target.suffix == ".json" else _csv(predictions))


def _csv(predictions: Sequence[Prediction]) -> bytes:
    classes = dict.fromkeys(name for answer in predictions for name in answer.probabilities)
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    several = any(answer.named is not None for answer in predictions)
    head = ["image", "predicted", "probability", *(f"prob_{name}" for name in classes), "error"]
    writer.writerow([*head, "named"] if several else head)
    for answer in predictions:
        numbers = (answer.probability, *map(answer.probabilities.get, classes))
        named = ["|".join(answer.named or ())] if several else []
        writer.writerow(map(no_formula, (answer.image, answer.predicted, *numbers, answer.error, *named)))
    return text.getvalue().encode(errors="backslashreplace")
