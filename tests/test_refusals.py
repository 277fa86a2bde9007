"""What a user gets wrong in an experiment's folder is one message and exit code 2; what can be done is done."""

import json
import re
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import msgspec
import pytest

from bakeoff.cli import main as cli
from bakeoff.config.loading import load_experiment
from bakeoff.core.errors import StorageError
from bakeoff.core.seals import SEAL, UNVERIFIED, seal
from bakeoff.training.run import RunRecord, RunSpec
from bakeoff.workflow import pipeline
from bakeoff.workflow.experiment import CACHE, Experiment

QUICK = (
    "data.train_per_class=8",
    "data.val_per_class=4",
    "data.size=16",
    "data.workers=1",
    "training.epochs=4",
    "training.networks=net1,net2",
    "training.executor=serial",
    "training.device=cpu",
)
Bakeoff = Callable[..., tuple[int, str]]


def settings(sample: Path, *overrides: str) -> list[str]:
    paths = (f"data.annotations={sample / 'instances.json'}", f"data.images={sample / 'images'}")
    return [*QUICK, *paths, *overrides]


@pytest.fixture(scope="session")
def trained(sample: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two networks, trained with one seed; not to be changed."""
    folder = tmp_path_factory.mktemp("trained") / "out"
    loaded = load_experiment("demo", settings(sample))
    pipeline.build(loaded, folder)
    pipeline.train(loaded, folder)
    return folder


@pytest.fixture
def folder(trained: Path, tmp_path: Path) -> Path:
    """The same, to be changed."""
    return Path(shutil.copytree(trained, tmp_path / "out"))


@pytest.fixture
def bakeoff(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Bakeoff:
    """Runs a command; gives its exit code and what it wrote to standard error."""

    def run(*arguments: object) -> tuple[int, str]:
        monkeypatch.setattr("sys.argv", ["bakeoff", *map(str, arguments)])
        with pytest.raises(SystemExit) as end:
            cli.main()
        return int(end.value.code or 0), capsys.readouterr().err

    return run


def train(folder: Path, *overrides: str) -> list[str]:
    return ["train", "demo", "--out", str(folder), *(part for each in (*QUICK, *overrides) for part in ("--set", each))]


def test_one_seed_is_no_error_but_bears_no_interval(folder: Path, bakeoff: Bakeoff) -> None:
    assert bakeoff("report", folder)[0] == 0
    (pair,) = json.loads((folder / "comparison.json").read_text())["pairs"]
    assert (pair["verdict"], pair["interval"]) == ("not applicable", None)
    assert "another seed may reverse the order: not applicable" in pair["statement"]


def test_two_networks_under_one_name(folder: Path, tmp_path: Path, bakeoff: Bakeoff) -> None:
    networks = ",".join(f"{tmp_path / name}.py:Own" for name in ("mine", "yours"))
    code, errors = bakeoff(*train(folder, f"training.networks={networks}"))
    assert code == 2
    assert errors == "bakeoff: training.networks: two entries are called 'Own'; give each its own name.\n"


def test_a_run_of_another_experiment(sample: Path, folder: Path, tmp_path: Path, bakeoff: Bakeoff) -> None:
    loaded = load_experiment("demo", settings(sample, "data.policy=random", "training.networks=net1"))
    pipeline.build(loaded, tmp_path / "other")
    pipeline.train(loaded, tmp_path / "other")
    run = folder / "runs" / "net1-seed0"
    shutil.rmtree(run)
    shutil.copytree(tmp_path / "other" / "runs" / "net1-seed0", run)
    code, errors = bakeoff("report", folder)
    assert code == 2
    assert f"the run in {run} was made on another data set than {folder / 'dataset'}; train it again" in errors
    code, errors = bakeoff(*train(folder))
    assert code == 2
    assert f"{run} was made with other settings; choose another folder with --out, or give --overwrite" in errors
    assert bakeoff(*train(folder), "--overwrite")[0] == 0
    assert bakeoff("report", folder)[0] == 0


def test_a_run_under_another_name(folder: Path, bakeoff: Bakeoff) -> None:
    runs = folder / "runs"
    shutil.rmtree(runs / "net2-seed0")
    shutil.copytree(runs / "net1-seed0", runs / "net2-seed0")
    code, errors = bakeoff("report", folder)
    assert code == 2
    assert f"{runs / 'net1-seed0'} and {runs / 'net2-seed0'} are both net1 with seed 0" in errors


@pytest.mark.parametrize(("name", "reads"), [("run.json", RunRecord), ("spec.json", RunSpec)])
def test_a_run_of_an_older_schema(folder: Path, bakeoff: Bakeoff, name: str, reads: type) -> None:
    path = folder / "runs" / "net1-seed0" / name
    path.write_text(json.dumps(json.loads(path.read_text()) | {"schema": 0}))
    (path.parent / SEAL).unlink()
    seal(path.parent)
    schema = next(field.default for field in msgspec.structs.fields(reads) if field.name == "schema")
    advice = f"Remove {path.parent} and run again, or use the version that wrote it"
    expected = f"bakeoff: {path} has schema 0, this version of bakeoff reads schema {schema}. {advice}.\n"
    for command in (["report", folder], train(folder), ["predict", path.parent, path]):
        code, errors = bakeoff(*command)
        assert code == 2
        assert errors.endswith(expected)


@pytest.mark.parametrize("name", ["spec.json", "run.json", "log.jsonl", "predictions.parquet"])
@pytest.mark.parametrize("damage", [Path.unlink, lambda path: path.write_bytes(path.read_bytes()[:-20])])
def test_a_run_with_a_missing_or_damaged_file(
    folder: Path, bakeoff: Bakeoff, name: str, damage: Callable[[Path], object]
) -> None:
    path = folder / "runs" / "net1-seed0" / name
    damage(path)
    code, errors = bakeoff("report", folder)
    assert code == 2
    assert name in errors
    assert "run again.\n" in errors
    assert bakeoff(*train(folder))[0] == 0, "what the message says helps"
    assert bakeoff("report", folder)[0] == 0


@pytest.mark.parametrize("damage", [Path.unlink, lambda path: path.write_bytes(path.read_bytes()[:-20])])
def test_missing_or_damaged_weights(folder: Path, bakeoff: Bakeoff, damage: Callable[[Path], object]) -> None:
    path = folder / "runs" / "net1-seed0" / "model.safetensors"
    damage(path)
    photo = next((folder / "dataset" / "images").rglob("*.jpg"))
    code, errors = bakeoff("predict", path.parent, photo)
    assert code == 2
    assert f"{path} {'was altered' if path.exists() else 'is missing'}" in errors
    assert re.search(rf"Remove {path.parent} and (train|run) again", errors)


def test_a_network_that_raises_is_named_with_its_exception(tmp_path: Path, sample: Path) -> None:
    (tmp_path / "broken.py").write_text(
        "from torch import nn\n\n\nclass Broken(nn.Module):\n"
        "    def __init__(self, num_classes):\n        super().__init__()\n"
        "        self.layer = nn.LazyLinear(num_classes)\n        self.calls = 0\n\n"
        "    def forward(self, images):\n        self.calls += self.training\n"
        "        if self.calls > 3:\n            raise RuntimeError('the network gave up')\n"
        "        return self.layer(images.flatten(1))\n"
    )
    paths = ("--annotations", sample / "instances.json", "--images", sample / "images")
    sets = [part for each in (*QUICK, f"training.networks={tmp_path / 'broken.py'}:Broken") for part in ("--set", each)]
    command = [sys.executable, "-m", "bakeoff", "run", "demo", *map(str, paths), "--out", str(tmp_path / "out"), *sets]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert "the network gave up" in done.stdout
    assert "Did not run: Broken (1 of 1 runs: " in done.stdout
    assert (tmp_path / "out" / "report" / "index.html").exists()


@pytest.mark.parametrize(
    "name",
    [
        *("dataset/train.npy", "dataset/manifest.parquet", "selection/ledger.parquet", "comparison.json"),
        *("runs/net1-seed0/predictions.parquet", "runs/net1-seed0/model.safetensors", "experiment.json"),
    ],
)
def test_one_flipped_bit_is_one_error(
    finished: Path, sample: Path, tmp_path: Path, bakeoff: Bakeoff, name: str
) -> None:
    folder = Path(shutil.copytree(finished, tmp_path / "out"))
    assert bakeoff("verify", folder) == (0, "")
    raw = bytearray((folder / name).read_bytes())
    raw[len(raw) // 2] ^= 1
    (folder / name).write_bytes(raw)
    code, _ = bakeoff("verify", folder)
    assert code == 1
    photo = next((sample / "images").iterdir())
    commands = {
        "runs/net1-seed0/model.safetensors": ("predict", folder / "runs" / "net1-seed0", photo),
    }
    if name in {"comparison.json", "selection/ledger.parquet"}:  # no command reads them but to make them again
        with pytest.raises(StorageError, match=r"altered|damaged"):
            getattr(Experiment(folder), name.partition("/")[0].removesuffix(".json"))
        return
    code, errors = bakeoff(*commands.get(name, ("report", folder)))
    assert code == 2
    assert re.search(r"altered|damaged|does not", errors)
    assert Path(name).name in errors.replace("\n", "")
    assert "emove" in errors


@pytest.mark.parametrize(
    "name",
    [
        *("selection/ledger.parquet", "selection/selection.json", "dataset/train.npy", "dataset/README.md"),
        *("runs/net1-seed0/predictions.parquet", "runs/net1-seed0/sealed.json", "comparison.json"),
    ],
)
def test_what_was_altered_is_made_anew_and_nothing_else(
    finished: Path, sample: Path, tmp_path: Path, bakeoff: Bakeoff, name: str
) -> None:
    folder = Path(shutil.copytree(finished, tmp_path / "out"))
    shutil.copytree(finished.parent / CACHE, tmp_path / CACHE)
    before = {path: path.stat().st_mtime_ns for path in folder.rglob("*") if path.is_file()}
    whole = (folder / name).read_bytes()
    raw = bytearray(whole)
    raw[len(raw) // 2] ^= 1
    (folder / name).write_bytes(raw)
    code, errors = bakeoff("run", "demo", "--out", folder, *sets(settings(sample, "training.epochs=4")))
    assert code == 0
    part = Path(*Path(name).parts[:-1])
    if str(part) != ".":
        assert f"made anew: {part.name}" in errors
    assert bakeoff("verify", folder)[0] == 0
    kept = {"selection", "dataset", "runs"}
    changed = {path.relative_to(folder) for path, stamp in before.items() if path.stat().st_mtime_ns != stamp}
    assert {path for path in changed if path.parts[0] in kept} == {
        path.relative_to(folder) for path in before if part != Path() and folder / part in path.parents
    }
    if Path(name).name not in {"sealed.json", "comparison.json"}:  # these two hold the seconds that a run took
        assert (folder / name).read_bytes() == whole


def test_no_verify_leaves_the_checks_out(
    finished: Path, tmp_path: Path, bakeoff: Bakeoff, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = Path(shutil.copytree(finished, tmp_path / "out"))
    path = folder / "dataset" / "train.npy"
    raw = bytearray(path.read_bytes())
    raw[-1] ^= 1
    path.write_bytes(raw)
    assert bakeoff("report", folder)[0] == 2
    monkeypatch.setenv(UNVERIFIED, "")  # so that what the command sets is taken back
    assert bakeoff("--no-verify", "report", folder)[0] == 0


def sets(overrides: list[str]) -> list[str]:
    return [part for each in overrides for part in ("--set", each)]
