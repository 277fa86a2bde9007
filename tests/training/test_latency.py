"""Latency is measured by ONNX Runtime, or by torch for all where one network can't be exported."""

from pathlib import Path

import msgspec
import pytest
import torch

from bakeoff.core.errors import StorageError
from bakeoff.data.build.dataset import Dataset
from bakeoff.training import export, latency
from bakeoff.training.latency import ROUNDS, measure
from bakeoff.training.run import Run, RunSpec
from bakeoff.training.train import train


@pytest.fixture
def runs(dataset: Dataset, spec: RunSpec, tmp_path: Path) -> list[Run]:
    flipped = msgspec.structs.replace(spec.recipe, tta_flip=True)
    specs = (spec, msgspec.structs.replace(spec, variant="flipped", recipe=flipped))
    return [train(own, dataset, tmp_path / own.name) for own in specs]


def test_all_are_measured_as_often_and_the_threads_are_given_back(runs: list[Run]) -> None:
    threads, seen = torch.get_num_threads(), []
    found = measure(runs, lambda done, total: seen.append((done, total)))
    assert found.library.startswith("ONNX Runtime ")
    assert found.reason == ""
    assert [len(own) for own in (*found.one, *found.batch)] == [ROUNDS] * 4
    assert all(value > 0 for own in (*found.one, *found.batch) for value in own)
    assert torch.get_num_threads() == threads
    assert seen[-1] == (ROUNDS, ROUNDS)


def test_torch_measures_all_where_one_can_not_be_exported(runs: list[Run], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(export, "find_spec", lambda name: None)
    found = measure(runs)
    assert found.library == f"torch {torch.__version__}"
    assert "pip install 'bakeoff[export]'" in found.reason
    assert len(found.one) == len(found.batch) == 2


def test_slow_networks_are_measured_less_often(runs: list[Run], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(export, "find_spec", lambda name: None)
    monkeypatch.setattr(latency, "SECONDS", 0.0)
    assert len(measure(runs).one[0]) == latency.FEWEST


def test_a_run_without_weights_is_refused(dataset: Dataset, spec: RunSpec, tmp_path: Path) -> None:
    run = train(spec, dataset, tmp_path / "run")
    (tmp_path / "run" / "model.safetensors").unlink()
    with pytest.raises(StorageError, match=r"model\.safetensors is missing"):
        measure([run])
