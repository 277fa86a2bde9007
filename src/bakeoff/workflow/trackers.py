"""The numbers of an experiment's runs for MLflow and Weights & Biases, in the experiment's folder.

They are written when the training has ended, from what is stored: so they are the same whatever trained the runs, and a
tracker that fails stops no training. Nothing is sent unless the user's own variables say so: MLFLOW_TRACKING_URI,
WANDB_MODE.
"""

import logging
import os
import re
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from importlib.util import find_spec
from pathlib import Path

import msgspec

from bakeoff.config.schema import TrainingConfig
from bakeoff.core.errors import ConfigError, StorageError, in_one_line
from bakeoff.core.progress import Monitor
from bakeoff.core.storage import digest
from bakeoff.training.run import BatchLog, Run
from bakeoff.training.scalars import scalars

NEEDED = {"mlflow": ("mlflow", "sqlalchemy", "alembic"), "wandb": ("wandb",)}
"""By key of `[training]` the modules that it needs."""

DATABASE = "mlflow.db"
MOST_METRICS = 500
"""MLflow takes at most so many at once."""

_FORBIDDEN = re.compile(r"[^\w\-. :/]")


def check_trackers(training: TrainingConfig) -> None:
    """Raises `ConfigError` where a tracker is asked for that is not installed."""
    for name, modules in NEEDED.items():
        missing = [module for module in modules if not find_spec(module)]
        if getattr(training, name) and missing:
            raise ConfigError(
                f"training.{name} needs {', '.join(missing)}; install it with: pip install 'bakeoff[{name}]'."
            )


def track(folder: Path, runs: Sequence[Run], training: TrainingConfig, monitor: Monitor) -> None:
    """Writes the runs that a tracker does not have yet, one by one.

    Args:
        folder: The experiment's.
        runs: Its runs, those that failed as well.
        training: Says which trackers.
        monitor: Told of each tracker by its name.

    Raises:
        StorageError: A tracker could not take them.
    """
    writers: dict[str, Callable[[Path, Sequence[Run]], Iterator[None]]] = {"mlflow": _to_mlflow, "wandb": _to_wandb}
    for name in (name for name in writers if getattr(training, name)):
        progress = monitor(name)
        try:
            for done, _ in enumerate(writers[name](folder, runs), start=1):
                progress(done, len(runs))
        except Exception as error:  # whatever a tracker and its server raise
            raise StorageError(
                f"{name} did not take the runs: {in_one_line(error)}. They are stored in {folder}; the same command "
                "goes on from there."
            ) from error


def _to_mlflow(folder: Path, runs: Sequence[Run]) -> Iterator[None]:
    os.environ.setdefault("MLFLOW_DISABLE_TELEMETRY", "true")
    from mlflow.entities import Metric, Param
    from mlflow.tracking import MlflowClient

    for library in ("mlflow", "alembic"):
        logging.getLogger(library).setLevel(logging.WARNING)  # they tell of each table
    home = folder.resolve()
    client = MlflowClient(os.environ.get("MLFLOW_TRACKING_URI") or f"sqlite:///{home / DATABASE}")
    known = client.get_experiment_by_name(home.name)
    owner = known.experiment_id if known else client.create_experiment(home.name, (home / "mlflow").as_uri())
    for run in runs:
        identity = _identity(run)
        if not client.search_runs([owner], f"tags.bakeoff = '{identity}'"):
            made = client.create_run(owner, run_name=run.name, tags={"bakeoff": identity}).info.run_id
            now = int(1000 * time.time())
            lines = map(scalars, run.log)
            metrics = [
                Metric(_FORBIDDEN.sub("_", name), value, now, step)
                for step, own in lines
                for name, value in own.items()
            ]
            params = [Param(key, str(value)) for key, value in _settings(run).items()]
            client.log_batch(made, params=params)
            for start in range(0, len(metrics), MOST_METRICS):
                client.log_batch(made, metrics[start : start + MOST_METRICS])
            client.set_terminated(made, "FINISHED" if run.finished else "FAILED")
        yield


def _to_wandb(folder: Path, runs: Sequence[Run]) -> Iterator[None]:
    os.environ.setdefault("WANDB_ERROR_REPORTING", "false")
    import wandb

    home = folder.resolve()
    quiet = wandb.Settings(
        silent=True,
        console="off",
        disable_git=True,
        disable_code=True,
        x_disable_stats=True,
        x_disable_machine_info=True,
    )
    for run in runs:
        identity = _identity(run)
        if not any(home.glob(f"wandb/*run-*-{identity}")):
            made = wandb.init(
                project=home.name,
                dir=home,
                name=run.name,
                id=identity,
                group=run.spec.variant,
                config=dict(_settings(run)),
                mode=os.environ.get("WANDB_MODE", "offline"),
                reinit="create_new",
                settings=quiet,
            )
            made.define_metric("*", step_metric="epoch")
            made.define_metric("loss/batches", step_metric="step")
            for line in run.log:
                at, numbers = scalars(line)
                made.log({"step" if isinstance(line, BatchLog) else "epoch": at, **numbers})
            made.finish(exit_code=0 if run.finished else 1)
            for link in (path for path in home.glob("wandb/**/*") if path.is_symlink()):
                link.unlink()  # to its own debug logs, outside of the experiment
        yield


def _identity(run: Run) -> str:
    """Tells whether a run was written already: it changes when the run is trained again."""
    return digest(run.spec, run.record)


def _settings(run: Run) -> Mapping[str, object]:
    """What determined the run and how it ended, as a flat table."""
    ended = {"status": run.record.status, "reason": run.record.reason}
    recipe = msgspec.to_builtins(run.spec.recipe)
    return {"network": run.spec.network, "variant": run.spec.variant, "seed": run.spec.seed, **ended, **recipe}
