"""What a run leaves on disk, and how it is read again; no torch is needed to read it."""

from pathlib import Path

import msgspec
import polars as pl

from bakeoff.errors import StorageError
from bakeoff.records import Environment, LogLine, Run, RunRecord, RunSpec
from bakeoff.storage import encode, new_folder, read_json, write_bytes, write_json

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
    run.predictions.write_parquet(folder / PREDICTIONS)


def save_failure(folder: Path, spec: RunSpec, reason: str) -> None:
    """Writes the folder of a run that ended without leaving one, such as one that was killed."""
    record = RunRecord("failed", reason, 0.0, 0, None, Environment.current())
    with new_folder(folder) as partial:
        save_run(partial, Run(folder, spec, record, (), pl.DataFrame(schema=PREDICTIONS_SCHEMA)))


def load_run(folder: Path) -> Run:
    """Reads a run.

    Raises:
        StorageError: A record is missing, damaged or of another schema.
    """
    spec, record = read_json(folder / SPEC, RunSpec), read_json(folder / RECORD, RunRecord)
    try:
        log = tuple(msgspec.json.Decoder(LogLine).decode_lines((folder / LOG).read_bytes()))
        predictions = pl.read_parquet((folder / PREDICTIONS).read_bytes())
    except (OSError, msgspec.DecodeError, pl.exceptions.PolarsError) as error:
        raise StorageError(f"the run in {folder} is damaged: {error}. Remove the folder and run again.") from None
    if dict(predictions.schema) != PREDICTIONS_SCHEMA:
        raise StorageError(
            f"{folder / PREDICTIONS} has other columns than a run writes. Remove {folder} and run again."
        )
    return Run(folder, spec, record, log, predictions)
