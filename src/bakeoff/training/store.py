"""What a run leaves on disk, and how it is read again; no torch is needed to read it."""

from collections.abc import Iterable
from pathlib import Path

import msgspec
import polars as pl

from bakeoff.core.atomic import atomic_folder, write_bytes
from bakeoff.core.errors import StorageError
from bakeoff.core.storage import encode, read_json, write_json
from bakeoff.core.types import Environment
from bakeoff.training.run import EpochLog, LogLine, Predictions, Run, RunRecord, RunSpec

SPEC, RECORD, LOG = "spec.json", "run.json", "log.jsonl"
PREDICTIONS, WEIGHTS = "predictions.parquet", "model.safetensors"
PREDICTIONS_SCHEMA: dict[str, pl.DataType | type[pl.DataType]] = {
    "split": pl.String,
    "image_id": pl.Int64,
    "label": pl.Int64,
    "predicted": pl.Int64,
    "logits": pl.List(pl.Float32),
    "loss": pl.Float64,
}


def save_run(folder: Path, run: Run) -> None:
    """Writes a run's records into a folder (its weights are written by whoever trained it)."""
    write_json(folder / SPEC, run.spec)
    write_json(folder / RECORD, run.record)
    write_bytes(folder / LOG, b"".join(encode(line) + b"\n" for line in run.log))
    run.predictions.table.write_parquet(folder / PREDICTIONS)


def save_failure(folder: Path, spec: RunSpec, reason: str) -> None:
    """Writes the folder of a run that ended without leaving one, such as one that was killed."""
    record = RunRecord("failed", reason, 0.0, 0, None, Environment.current())
    with atomic_folder(folder) as partial:
        save_run(partial, Run(folder, spec, record, (), Predictions(pl.DataFrame(schema=PREDICTIONS_SCHEMA))))


def load_run(folder: Path) -> Run:
    """Reads a run.

    Raises:
        StorageError: A record is missing, damaged or of another schema.
    """
    if not (folder / SPEC).exists():
        raise StorageError(
            f"{folder} is not a run's folder: {SPEC} is missing. If it is what is left of a run, remove it and run "
            "again."
        )
    spec, record = read_json(folder / SPEC, RunSpec, folder), read_json(folder / RECORD, RunRecord, folder)
    log, predictions = _read_log(folder / LOG), _read_predictions(folder / PREDICTIONS)
    if record.epochs != last_epoch(log):
        raise _damaged(folder / LOG, f"it ends with epoch {last_epoch(log)}, the run with epoch {record.epochs}")
    return Run(folder, spec, record, log, predictions)


def last_epoch(log: Iterable[LogLine]) -> int:
    """The last epoch that was completed."""
    return max((line.epoch for line in log if isinstance(line, EpochLog)), default=0)


def _read_log(path: Path) -> tuple[LogLine, ...]:
    try:
        return tuple(msgspec.json.Decoder(LogLine).decode_lines(path.read_bytes()))
    except (OSError, msgspec.DecodeError, UnicodeDecodeError) as error:
        raise _damaged(path, error) from None


def _read_predictions(path: Path) -> Predictions:
    try:
        predictions = pl.read_parquet(path.read_bytes())
    except (OSError, pl.exceptions.PolarsError, pl.exceptions.PanicException) as error:
        raise _damaged(path, error) from None
    if dict(predictions.schema) != PREDICTIONS_SCHEMA:
        raise _damaged(path, "it has other columns than a run writes")
    return Predictions(predictions)


def _damaged(path: Path, reason: object) -> StorageError:
    why = "it is missing" if isinstance(reason, FileNotFoundError) else reason
    return StorageError(f"{path} is damaged: {why}. Remove {path.parent} and run again.")
