"""The points of the curves: from the logs of runs to tables that are drawn and written."""

import math
from collections.abc import Mapping, Sequence

import polars as pl

from bakeoff.training.run import BatchLog, EpochLog, Run

CURVE_POINTS = 400
"""A run's loss curve is averaged down to at most so many points: more can't be seen, and the page stays small."""


def loss_points(runs: Sequence[Run]) -> pl.DataFrame:
    """The loss curves.

    The batches left over at the end of a training are no point where there is any other: a mean of few is noise.

    Returns:
        network str; run str; seed i64; images i64 (seen so far); loss f64 (nats); end bool: whether the run ended here
        without being finished.
    """
    tables = [_thin(run) for run in runs]
    return _stack(runs, tables, {"images": pl.Int64, "loss": pl.Float64, "end": pl.Boolean})


def epoch_points(runs: Sequence[Run]) -> pl.DataFrame:
    """What was measured after each epoch.

    Returns:
        network str; run str; seed i64; epoch i64 (0: before training); training loss, training accuracy, validation
        loss, validation accuracy f64 or None.
    """
    names = ("training loss", "training accuracy", "validation loss", "validation accuracy")
    schema = {"epoch": pl.Int64, **dict.fromkeys(names, pl.Float64)}
    tables = [
        pl.DataFrame(
            [(e.epoch, e.train_loss, e.train_accuracy, e.val_loss, e.val_accuracy) for e in _epochs(run)],
            schema=schema,
            orient="row",
        )
        for run in runs
    ]
    return _stack(runs, tables, schema)


def gradient_points(runs: Sequence[Run]) -> pl.DataFrame:
    """The gradient's norm by the weight of each layer after each epoch.

    Returns:
        network str; run str; seed i64; epoch i64 (0: before training); layer i64 (from 1, the input's end); name str;
        norm f64, None if it was not finite.
    """
    schema = {"epoch": pl.Int64, "layer": pl.Int64, "name": pl.String, "norm": pl.Float64}
    tables = [
        pl.DataFrame(
            [
                (line.epoch, number, name, norm)
                for line in _epochs(run)
                for number, (name, norm) in enumerate(line.gradient_norms.items(), start=1)
            ],
            schema=schema,
            orient="row",
        )
        for run in runs
    ]
    return _stack(runs, tables, schema)


def _epochs(run: Run) -> list[EpochLog]:
    return [line for line in run.log if isinstance(line, EpochLog)]


def _thin(run: Run) -> pl.DataFrame:
    batch = run.spec.recipe.batch_size
    lines = [line for line in run.log if isinstance(line, BatchLog)]
    every = lines[0].step if lines else 1
    lines = [line for line in lines if line.step % every == 0] or lines
    table = pl.DataFrame(
        {"images": [line.step * batch for line in lines], "loss": [line.loss for line in lines]},
        schema={"images": pl.Int64, "loss": pl.Float64},
    )
    group = pl.int_range(pl.len()) // max(1, math.ceil(table.height / CURVE_POINTS))
    thinned = table.group_by(group.alias("_group"), maintain_order=True).agg(pl.last("images"), pl.mean("loss"))
    end = (pl.int_range(pl.len()) == pl.len() - 1) & pl.lit(not run.finished)
    return thinned.select("images", "loss", end.alias("end"))


def _stack(
    runs: Sequence[Run], tables: Sequence[pl.DataFrame], schema: Mapping[str, type[pl.DataType]]
) -> pl.DataFrame:
    """One table of all runs; `run` distinguishes them, even if folders of two networks share a name."""
    named = [
        table.select(
            pl.lit(run.spec.variant).alias("network"),
            pl.lit(f"{run.spec.variant} {run.spec.seed}").alias("run"),
            pl.lit(run.spec.seed, dtype=pl.Int64).alias("seed"),
            *schema,
        )
        for run, table in zip(runs, tables, strict=True)
    ]
    empty = pl.DataFrame(schema={"network": pl.String, "run": pl.String, "seed": pl.Int64, **schema})
    return pl.concat([empty, *named])
