"""What watches a training: event files, read back record by record, and a trace that Perfetto opens."""

import json
import struct
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from tensorboardX.proto.event_pb2 import Event

from bakeoff.config.schema import TrainingConfig
from bakeoff.core.errors import ConfigError
from bakeoff.data.build.dataset import Dataset
from bakeoff.training import loop, observer
from bakeoff.training.checks import check
from bakeoff.training.run import BatchLog, EpochLog, RunSpec
from bakeoff.training.train import train


def scalars(folder: Path) -> Iterator[tuple[str, int, float]]:
    """Tag, step and value of each scalar: TFRecords are a length, its checksum, the record, its checksum."""
    (file,) = folder.iterdir()
    raw, start = file.read_bytes(), 0
    while start < len(raw):
        (length,) = struct.unpack_from("<Q", raw, start)
        event = Event.FromString(raw[start + 12 : start + 12 + length])
        start += 12 + length + 4
        for value in event.summary.value:
            yield value.tag, event.step, value.simple_value


def test_event_files_hold_the_log_and_change_nothing(dataset: Dataset, spec: RunSpec, tmp_path: Path) -> None:
    (tmp_path / "events").mkdir()
    (tmp_path / "events" / "of an earlier try").touch()
    run = train(spec, dataset, tmp_path / "watched", events=tmp_path / "events")
    written = list(scalars(tmp_path / "events"))
    losses = [(line.step, line.loss) for line in run.log if isinstance(line, BatchLog)]
    assert [(step, pytest.approx(value)) for tag, step, value in written if tag == "loss/batches"] == losses
    epochs = [line for line in run.log if isinstance(line, EpochLog)]
    accuracies = [value for tag, _, value in written if tag == "accuracy/validation"]
    assert accuracies == [pytest.approx(line.val_accuracy) for line in epochs]
    assert {f"gradient norm/{name}" for name in epochs[0].gradient_norms} <= {
        tag.replace("_", " ") for tag, *_ in written
    }
    train(spec, dataset, tmp_path / "alone")
    for name in ("model.safetensors", "predictions.parquet", "spec.json"):
        assert (tmp_path / "alone" / name).read_bytes() == (tmp_path / "watched" / name).read_bytes()


def test_without_the_library_the_message_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(observer, "find_spec", lambda _name: None)
    with pytest.raises(ConfigError, match="pip install 'bakeoff\\[tensorboard\\]'"):
        check(TrainingConfig(networks=("net1",), tensorboard=True), 3, 64)


def test_a_trace_holds_some_steps_and_changes_nothing(dataset: Dataset, spec: RunSpec, tmp_path: Path) -> None:
    path = tmp_path / "profiles" / "run.json"
    profiled = train(spec, dataset, tmp_path / "profiled", profile=path)
    events = json.loads(path.read_text())["traceEvents"]
    steps = {event["name"] for event in events if event.get("name", "").startswith("ProfilerStep#")}
    assert steps == {f"ProfilerStep#{number}" for number in range(10, 30)}
    assert any(event.get("name") == "aten::convolution" for event in events)
    assert profiled.predictions == train(spec, dataset, tmp_path / "plain").predictions


def test_profiled_steps_are_not_replayed(
    dataset: Dataset, spec: RunSpec, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    graphed: list[Callable] = []
    monkeypatch.setattr(loop, "can_be_captured", lambda _recipe, _device: True)
    monkeypatch.setattr(loop, "GraphedStep", lambda step: graphed.append(step) or step)
    train(spec, dataset, tmp_path / "profiled", profile=tmp_path / "profile.json")
    assert not graphed
    train(spec, dataset, tmp_path / "plain")
    assert graphed


def test_without_a_path_nothing_is_traced(dataset: Dataset, spec: RunSpec, tmp_path: Path) -> None:
    before = {*tmp_path.iterdir()}
    train(spec, dataset, tmp_path / "run")
    assert {*tmp_path.iterdir()} - before == {tmp_path / "run"}
