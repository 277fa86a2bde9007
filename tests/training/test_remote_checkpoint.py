"""Checkpoints at a URL."""

from pathlib import Path

import pytest

from bakeoff.config.data import DataConfig
from bakeoff.config.experiment import Variant
from bakeoff.config.schema import Recipe
from bakeoff.core.errors import StorageError
from bakeoff.data.build.load import load
from bakeoff.training.remote_checkpoint import RemoteCheckpoint, open_checkpoint
from bakeoff.training.train import make_spec, train


@pytest.mark.parametrize("store", ["file://{folder}/states", "memory://states"])
def test_a_run_that_was_killed_is_resumed_from_a_url(finished: Path, tmp_path: Path, store: str) -> None:
    dataset, url = load(finished / "dataset"), f"{store.format(folder=tmp_path)}/net1"
    spec = make_spec(Variant("net1", "net1", Recipe(epochs=4), DataConfig()), 0, "cpu", dataset.info)
    seen: list[str] = []

    def stop(done: int, total: int, status: str = "", /) -> None:
        seen.append(status)
        if status.startswith("epoch 3"):
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        train(spec, dataset, tmp_path / "run", stop, checkpoint=url)
    files = RemoteCheckpoint(url, spec).files
    assert files.exists(RemoteCheckpoint(url, spec).path)
    seen.clear()
    run = train(
        spec, dataset, tmp_path / "run", lambda *told: seen.append(told[2] if len(told) == 3 else ""), checkpoint=url
    )
    assert [status[:7] for status in seen if status] == ["epoch 3", "epoch 4"]
    whole = train(spec, dataset, tmp_path / "whole")
    assert run.predictions == whole.predictions
    assert not files.exists(RemoteCheckpoint(url, spec).path)


def test_what_is_there_and_damaged_is_begun_anew(finished: Path, tmp_path: Path) -> None:
    dataset = load(finished / "dataset")
    spec = make_spec(Variant("net1", "net1", Recipe(epochs=1), DataConfig()), 0, "cpu", dataset.info)
    (tmp_path / "state").write_bytes(b"PK not a zip")
    assert train(spec, dataset, tmp_path / "run", checkpoint=f"file://{tmp_path}/state").finished


def test_storage_that_can_not_be_written_is_one_error(finished: Path, tmp_path: Path) -> None:
    dataset = load(finished / "dataset")
    spec = make_spec(Variant("net1", "net1", Recipe(epochs=2), DataConfig()), 0, "cpu", dataset.info)
    (tmp_path / "file").touch()
    with pytest.raises(StorageError, match=r"can't (read|write) file://.*/file/state: .* See cluster\.storage\."):
        train(spec, dataset, tmp_path / "run", checkpoint=f"file://{tmp_path}/file/state")


def test_a_path_is_a_folder(finished: Path, tmp_path: Path) -> None:
    spec = make_spec(Variant("net1", "net1", Recipe(), DataConfig()), 0, "cpu", load(finished / "dataset").info)
    assert open_checkpoint(tmp_path / "state", spec).folder == tmp_path / "state"
    assert open_checkpoint(None, spec).folder is None
