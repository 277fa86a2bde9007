"""A run as a task that can be done elsewhere."""

from pathlib import Path

from bakeoff.training.run import load_run
from bakeoff.workflow.experiment import Experiment
from bakeoff.workflow.training_task import TrainingTask, dataset_bundle


def test_a_task_elsewhere_has_other_paths_and_the_same_specification(finished: Path, tmp_path: Path) -> None:
    (tmp_path / "own.py").write_text("")
    files, spec = Experiment(finished).run_files("net1", 0), load_run(finished / "runs" / "net1-seed0").spec
    data, network = dataset_bundle(finished / "dataset"), f"{tmp_path}/own.py:Own"
    task = TrainingTask.of(spec, data, network, files, "s3://bucket/net1", tensorboard=True, profile=False)
    assert [own.root for own in task.reads] == [finished / "dataset", tmp_path]
    assert task.shared == ("s3://bucket",)
    moved = task.moved({data.root: Path("/a"), tmp_path: Path("/b"), files.folder: Path("/c/net1-seed0")})
    assert (moved.dataset.root, moved.network, moved.files.folder) == (
        Path("/a"),
        "/b/own.py:Own",
        Path("/c/net1-seed0"),
    )
    assert (moved.spec, moved.checkpoint, moved.files.events) == (spec, task.checkpoint, files.events)


def test_no_photo_travels_twice(finished: Path) -> None:
    bundle = dataset_bundle(finished / "dataset")
    assert {"dataset.json", "manifest.parquet", "sealed.json"} < {*bundle.names}
    assert not any(name.startswith("images/") for name in bundle.names)
    assert bundle.key == "sealed.json"
    assert bundle.is_in(finished / "dataset")
