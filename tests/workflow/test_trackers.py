"""What trackers are given is the stored log, once, and nothing is sent."""

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from bakeoff.config.schema import TrainingConfig
from bakeoff.core.errors import ConfigError, StorageError
from bakeoff.core.progress import silent
from bakeoff.training.run import EpochLog, Run
from bakeoff.training.scalars import scalars
from bakeoff.workflow import trackers
from bakeoff.workflow.experiment import Experiment
from bakeoff.workflow.trackers import check_trackers, track

MLFLOW, WANDB = TrainingConfig(mlflow=True), TrainingConfig(wandb=True)


@pytest.fixture
def trained(finished: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Experiment:
    monkeypatch.delenv("MLFLOW_TRACKING_URI", raising=False)
    monkeypatch.delenv("WANDB_MODE", raising=False)
    return Experiment(shutil.copytree(finished, tmp_path / "my-toys"))


def numbers(run: Run) -> Iterator[tuple[str, int, float]]:
    for line in run.log:
        step, own = scalars(line)
        yield from ((name, step, value) for name, value in own.items())


@pytest.mark.parametrize("name", ["mlflow", "wandb"])
def test_without_the_library_the_message_says_what_to_install(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(trackers, "find_spec", lambda _name: None)
    with pytest.raises(ConfigError, match=rf"pip install 'bakeoff\[{name}\]'"):
        check_trackers(TrainingConfig(**{name: True}))
    check_trackers(TrainingConfig())


def test_a_tracker_that_fails_is_one_message(finished: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(_folder: Path, _runs: object) -> Iterator[None]:
        raise ConnectionError("no server")
        yield

    monkeypatch.setattr(trackers, "_to_mlflow", fail)
    with pytest.raises(StorageError, match=r"mlflow did not take the runs: ConnectionError: no server.*are stored in"):
        track(finished, [], MLFLOW, silent)


@pytest.mark.filterwarnings("ignore")  # of mlflow's own and its libraries' making
def test_mlflow_has_every_number_of_every_run_once(trained: Experiment) -> None:
    for module in ("mlflow", "sqlalchemy", "alembic"):
        pytest.importorskip(module)
    from mlflow.tracking import MlflowClient

    runs = trained.runs
    for _ in range(2):
        track(trained.folder, runs, MLFLOW, silent)
    client = MlflowClient(f"sqlite:///{trained.folder / 'mlflow.db'}")
    owner = client.get_experiment_by_name("my-toys").experiment_id
    stored = {run.info.run_name: run for run in client.search_runs([owner])}
    assert set(stored) == {run.name for run in runs}
    for run in runs:
        own = stored[run.name]
        assert own.info.status == "FINISHED"
        assert (own.data.params["network"], own.data.params["epochs"]) == (run.spec.network, "4")
        wanted = sorted((step, value) for name, step, value in numbers(run) if name == "loss/batches")
        history = client.get_metric_history(own.info.run_id, "loss/batches")
        assert sorted((metric.step, metric.value) for metric in history) == wanted
        last = [line for line in run.log if isinstance(line, EpochLog)][-1]
        assert own.data.metrics["accuracy/validation"] == last.val_accuracy
        assert set(own.data.metrics) == {name for name, *_ in numbers(run)}


@pytest.mark.filterwarnings("ignore")
def test_wandb_has_every_run_once_offline(trained: Experiment) -> None:
    wandb = pytest.importorskip("wandb")
    logged: list[tuple[str, dict[str, object]]] = []
    log = wandb.Run.log
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(wandb.Run, "log", lambda run, data: logged.append((run.name, data)) or log(run, data))
        for _ in range(2):
            track(trained.folder, trained.runs, WANDB, silent)
    files = sorted((trained.folder / "wandb").glob("offline-run-*/*.wandb"))
    assert len(files) == len(trained.runs) == 2
    for run in trained.runs:
        raw = next(path for path in files if trackers._identity(run) in path.name).read_bytes()
        assert b"my-toys" in raw
        own = [data for name, data in logged if name == run.name]
        assert len(own) == len(run.log)
        assert own[-1]["accuracy/validation"] == run.log[-1].val_accuracy
        assert own[-1]["epoch"] == 4
    assert trained.verify() == []
