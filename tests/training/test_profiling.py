"""Traces: a few steps, in a form that Perfetto opens, without a part in the results."""

import json
from pathlib import Path

from bakeoff.data.build.dataset import Dataset
from bakeoff.training.run import RunSpec
from bakeoff.training.train import train


def test_a_trace_holds_some_steps_and_changes_nothing(dataset: Dataset, spec: RunSpec, tmp_path: Path) -> None:
    path = tmp_path / "profiles" / "run.json"
    profiled = train(spec, dataset, tmp_path / "profiled", profile=path)
    events = json.loads(path.read_text())["traceEvents"]
    steps = {event["name"] for event in events if event.get("name", "").startswith("ProfilerStep#")}
    assert steps == {f"ProfilerStep#{number}" for number in range(10, 30)}
    assert any(event.get("name") == "aten::convolution" for event in events)
    assert profiled.predictions == train(spec, dataset, tmp_path / "plain").predictions


def test_without_a_place_nothing_is_traced(dataset: Dataset, spec: RunSpec, tmp_path: Path) -> None:
    before = {*tmp_path.iterdir()}
    train(spec, dataset, tmp_path / "run")
    assert {*tmp_path.iterdir()} - before == {tmp_path / "run"}
