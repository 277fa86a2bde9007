"""Latency in an experiment: measured once, stored beside the results, shown by the report."""

import csv
import json
import shutil
from pathlib import Path

import pytest
from safetensors.numpy import load_file
from tests.conftest import experiment

from bakeoff.core.errors import StorageError
from bakeoff.training import export
from bakeoff.workflow import pipeline
from bakeoff.workflow.experiment import Experiment

ASKED = (
    *("training.networks=net1,net2", "variants.net1-flips.network=net1", "variants.net1-flips.horizontal_flip=true"),
    *("evaluation.max_parameters=20000", "evaluation.latency=true"),
)


@pytest.fixture(scope="module")
def measured(sample: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of an experiment with latencies; not to be changed."""
    folder = tmp_path_factory.mktemp("measured") / "out"
    pipeline.run(experiment(sample, *ASKED), folder)
    return folder


def test_variants_that_differ_in_training_alone_are_measured_once(measured: Path) -> None:
    found = Experiment(measured).latencies
    assert found
    assert [own.variants for own in found.networks] == [("net1", "net1-flips"), ("net2",)]
    assert list(found.runs) == ["net1", "net2", "net1-flips"]
    assert (found.threads, found.batch_size, found.rounds) == (1, 32, 30)
    assert found.library.startswith("ONNX Runtime ")
    assert found.of("net3") is None


def test_it_is_kept_and_plays_no_part_in_the_digests(measured: Path, sample: Path, tmp_path: Path) -> None:
    folder = shutil.copytree(measured, tmp_path / "out")
    before = (folder / "latency.json").read_bytes()
    pipeline.run(experiment(sample, *ASKED), folder)
    assert (folder / "latency.json").read_bytes() == before
    digests = Experiment(folder).digests
    scores = (folder / "comparison.json").read_bytes()
    (folder / "latency.json").unlink()
    pipeline.write_report(folder)
    assert Experiment(folder).digests == digests
    assert (folder / "comparison.json").read_bytes() == scores
    assert "\n## Accuracy against latency" not in (folder / "report" / "report.md").read_text()


def test_the_report_shows_size_latency_the_frontier_and_the_budget(measured: Path) -> None:
    page = (measured / "report" / "report.md").read_text()
    assert "| trained | parameters | MACs | receptive field | size | latency | time per run |" in page
    assert "## Accuracy against latency\n\nOn the frontier of accuracy against latency, by the estimates: " in page
    assert "the median of 30 repetitions, networks in turn, with quartiles. ONNX Runtime " in page
    assert (measured / "report" / "figures" / "latency.svg").exists()
    assert "one photo low,one photo high" in (measured / "report" / "tables" / "latency.csv").read_text()
    summary = json.loads((measured / "report" / "summary.json").read_text())
    assert [own["variants"] for own in summary["latency"]["networks"]] == [["net1", "net1-flips"], ["net2"]]
    sizes = [own["weights_bytes"] for own in summary["networks"]]
    files = [measured / "runs" / f"{name}-seed0" / "model.safetensors" for name in ("net1", "net2", "net1-flips")]
    assert sizes == [sum(tensor.nbytes for tensor in load_file(file).values()) for file in files]
    answer = page.split("## Short answer")[1].split("##")[0]
    assert "The budget is at most 20,000 parameters; left out: net2 (" in answer


def test_it_can_be_asked_for_later_and_a_new_network_is_measured(
    finished: Path, sample: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(export, "find_spec", lambda name: None)  # torch is quicker to start
    folder = shutil.copytree(finished, tmp_path / "out")
    assert Experiment(folder).latencies is None
    for networks in ("net1,net2", "net1,net2,linear"):
        asked = experiment(sample, f"training.networks={networks}", "evaluation.max_latency_ms=0.000001")
        pipeline.run(asked, folder)
        found = Experiment(folder).latencies
        assert found
        assert ",".join(found.runs) == networks
    page = (folder / "report" / "report.md").read_text()
    answer = page.split("## Short answer")[1].split("##")[0]
    assert "No network is within the budget of at most 1e-06 ms for one photo: net1 (" in answer
    assert "Dashed: the budget of 1e-06 ms." in page
    assert "Not by ONNX Runtime: exporting needs onnx and onnxscript" in page


def test_an_altered_record_is_found(measured: Path, tmp_path: Path) -> None:
    folder = shutil.copytree(measured, tmp_path / "out")
    assert Experiment(folder).verify() == []
    record = folder / "latency.json"
    record.write_text(record.read_text().replace('"threads": 1', '"threads": 2'))
    assert len(Experiment(folder).verify()) == 1
    with pytest.raises(StorageError, match="was altered after it was written"):
        pipeline.write_report(folder)


def test_a_joint_report_leaves_latency_to_the_page_of_each_experiment(measured: Path, tmp_path: Path) -> None:
    other = shutil.copytree(measured, tmp_path / "other")
    pipeline.write_joint_report([measured, other], tmp_path / "joint")
    assert "latency" not in (tmp_path / "joint" / "report.md").read_text().split("## What differs")[0].split("| ---")[1]
    own = tmp_path / "joint" / "experiments" / "other" / "report.md"
    assert "## Accuracy against latency" in own.read_text()


def test_the_latency_of_a_run_that_was_replaced_is_not_shown(measured: Path, sample: Path, tmp_path: Path) -> None:
    folder = shutil.copytree(measured, tmp_path / "out")
    changed = ("evaluation.latency=false", "training.epochs=1", "variants.net2.epochs=4")
    pipeline.run(experiment(sample, *ASKED, *changed), folder, overwrite=True)
    with (folder / "report" / "tables" / "networks.csv").open() as file:
        rows = list(csv.DictReader(file))
    assert [(row["network"], bool(row["latency"])) for row in rows] == [
        ("net1", False),
        ("net2", True),
        ("net1-flips", False),
    ]


def test_a_network_of_the_users_own_is_measured_with_auto_seeds_too(
    sample: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(export, "find_spec", lambda name: None)
    file = tmp_path / "own.py"
    file.write_text(
        "from torch import nn\ndef small(num_classes):\n    return nn.Sequential(nn.Flatten(), nn.Linear(768, 5))"
    )
    networks = f"training.networks=linear,{file}:small"
    asked = experiment(sample, networks, "training.seeds=auto", "training.max_seeds=2", "evaluation.latency=true")
    pipeline.run(asked, tmp_path / "out")
    found = Experiment(tmp_path / "out").latencies
    assert found
    assert [own.variants for own in found.networks] == [("linear",), ("small",)]
