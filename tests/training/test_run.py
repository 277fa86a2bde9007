"""Runs on disk: damage is one clear error, and code that came with a folder is not run unasked."""

import os
import re
import shutil
from collections.abc import Callable
from pathlib import Path

import msgspec
import polars as pl
import pytest
import torch
from torch import nn

from bakeoff.config.data import DataConfig
from bakeoff.config.experiment import Variant
from bakeoff.config.schema import Recipe
from bakeoff.core.errors import NetworkError, StorageError
from bakeoff.core.seals import SEAL, seal
from bakeoff.core.storage import file_digest
from bakeoff.data.build.dataset import Dataset
from bakeoff.training.run import Run, RunSpec, load_run
from bakeoff.training.train import make_spec, train, train_module
from bakeoff.training.trained import load_network, probabilities

OWN = """
from pathlib import Path
from torch import nn
Path({trace!r}).touch()
def net(num_classes):
    return nn.Sequential(nn.Flatten(), nn.Linear(768, num_classes))
"""
QUICK = Recipe(epochs=1, batch_size=60)


def change(spec: RunSpec, **values: object) -> RunSpec:
    return msgspec.structs.replace(spec, **values)


@pytest.fixture
def own(tmp_path: Path) -> Path:
    """A file with a network, which leaves `ran` when it is run."""
    path = tmp_path / "home" / "my_net.py"
    path.parent.mkdir()
    path.write_text(OWN.format(trace=str(tmp_path / "ran")))
    return path


def variant(network: str) -> Variant:
    return Variant("net", network, QUICK, DataConfig())


@pytest.fixture
def foreign(dataset: Dataset, own: Path, tmp_path: Path) -> Path:
    """The folder of a run of `own`, as it comes from somebody else: the file itself is not there."""
    network = f"{own}:net"
    train(make_spec(variant(network), 0, "cpu", dataset.info), dataset, tmp_path / "run", network=network)
    folder = Path(shutil.move(tmp_path / "run", tmp_path / "foreign"))
    own.unlink()
    (tmp_path / "ran").unlink()
    return folder


def test_a_file_is_known_by_its_content_from_wherever_it_is_named(
    dataset: Dataset, own: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    absolute = make_spec(variant(f"{own}:net"), 0, "cpu", dataset.info)
    monkeypatch.chdir(own.parent)
    assert make_spec(variant("my_net.py:net"), 0, "cpu", dataset.info) == absolute
    other = own.parent / "other" / "my_net.py"
    other.parent.mkdir()
    other.write_text(own.read_text() + "# another")
    assert make_spec(variant(f"{other}:net"), 0, "cpu", dataset.info) != absolute


def test_the_source_is_stored_and_run_only_if_allowed(foreign: Path, dataset: Dataset, tmp_path: Path) -> None:
    images = dataset.images["val"]
    run = load_run(foreign)
    digest = file_digest(foreign / "network.py")
    for use in (lambda: probabilities(run, images, "cpu"), lambda: run.model):
        with pytest.raises(NetworkError, match=rf"{foreign}/network\.py.*{digest}.*--allow-code"):
            use()
    assert not (tmp_path / "ran").exists()
    given = probabilities(load_run(foreign, allow_code=True), images, "cpu")
    assert given.argmax(1).tolist() == run.predictions.of("val")["predicted"].to_list()
    assert (tmp_path / "ran").exists()


def test_a_source_that_was_changed_is_not_run(foreign: Path, tmp_path: Path) -> None:
    with (foreign / "network.py").open("a") as file:
        file.write("# more")
    with pytest.raises(NetworkError, match="digest"):
        load_network(load_run(foreign, allow_code=True))
    assert not (tmp_path / "ran").exists()


@pytest.mark.parametrize("name", ["os:abort", "{own}:net", "my_net.py:net"])
def test_what_a_foreign_spec_names_is_not_run(
    foreign: Path, own: Path, tmp_path: Path, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    shutil.copy(foreign / "network.py", own)
    monkeypatch.chdir(own.parent)
    spec = change(load_run(foreign).spec, network=name.format(own=own))
    (foreign / "spec.json").write_bytes(msgspec.json.encode(spec))
    seal(foreign)  # whoever makes a folder can seal it
    with pytest.raises(NetworkError, match="--allow-code"):
        load_network(load_run(foreign))
    assert not (tmp_path / "ran").exists()


def test_a_run_of_the_callers_own_network_needs_no_leave(foreign: Path, own: Path) -> None:
    shutil.copy(foreign / "network.py", own)
    assert load_network(load_run(foreign, f"{own}:net")) is not None
    own.write_text(own.read_text() + "# edited")
    with pytest.raises(NetworkError, match=file_digest(own)):
        load_network(load_run(foreign, f"{own}:net"))


def test_a_file_that_was_edited_after_the_plan_is_refused(dataset: Dataset, own: Path, tmp_path: Path) -> None:
    spec = make_spec(variant(f"{own}:net"), 0, "cpu", dataset.info)
    own.write_text(own.read_text() + "# edited")
    with pytest.raises(NetworkError, match="edited"):
        train(spec, dataset, tmp_path / "run", network=f"{own}:net")
    assert not (tmp_path / "run").exists()


def test_a_network_given_in_code_is_not_rebuilt_from_a_folder(dataset: Dataset, tmp_path: Path) -> None:
    run = train_module(nn.Sequential(nn.Flatten(), nn.Linear(768, 3)), dataset, recipe=QUICK, folder=tmp_path / "run")
    assert run.model(torch.zeros(2, 3, 16, 16)).shape == (2, 3)
    with pytest.raises(NetworkError, match=r"Sequential.*model\.safetensors"):
        load_network(load_run(tmp_path / "run", allow_code=True))


def test_a_network_given_in_code_stays_on_its_device_until_it_has_predicted(dataset: Dataset, tmp_path: Path) -> None:
    class Watched(nn.Sequential):
        moved = False

        def cpu(self) -> "Watched":
            self.moved = True
            return super().cpu()

        def forward(self, images: torch.Tensor) -> torch.Tensor:
            assert not self.moved
            return super().forward(images)

    network = Watched(nn.Flatten(), nn.Linear(768, 3))
    run = train_module(network, dataset, recipe=QUICK, folder=tmp_path / "run")
    assert run.finished, run.record.reason
    assert run.predictions.of("val").height == len(dataset.images["val"])
    assert run.trained.moved


def test_a_recipe_that_a_network_given_in_code_can_not_take_is_refused(dataset: Dataset) -> None:
    network = nn.Sequential(nn.Flatten(), nn.Linear(768, 3))
    for recipe in (Recipe(tta_scales=(1.25,)), Recipe(localization_weight=1.0)):
        with pytest.raises(NetworkError, match="Sequential"):
            train_module(network, dataset, recipe=recipe)


@pytest.mark.skipif(os.name == "nt", reason="file modes are POSIX's")
def test_every_file_of_a_run_has_the_mode_that_the_umask_gives(dataset: Dataset, spec: RunSpec, tmp_path: Path) -> None:
    before = os.umask(0o022)
    try:
        train(change(spec, recipe=QUICK), dataset, tmp_path / "run")
    finally:
        os.umask(before)
    assert {path.name: oct(path.stat().st_mode & 0o777) for path in (tmp_path / "run").iterdir()} == dict.fromkeys(
        ["log.jsonl", "model.safetensors", "predictions.parquet", "run.json", "sealed.json", "spec.json"], "0o644"
    )


def test_only_a_finished_run_predicts(dataset: Dataset, spec: RunSpec, tmp_path: Path) -> None:
    run = train(change(spec, recipe=Recipe(epochs=1, learning_rate=1e30)), dataset, tmp_path / "run")
    assert not run.finished
    with pytest.raises(StorageError, match=r"run.*diverged.*train it again"):
        probabilities(run, dataset.images["val"], "cpu")


def test_weights_of_another_network_are_refused(dataset: Dataset, spec: RunSpec, tmp_path: Path) -> None:
    run: Run = train(change(spec, recipe=QUICK), dataset, tmp_path / "run")
    (run.folder / "spec.json").write_bytes(msgspec.json.encode(change(spec, network="net2")))
    seal(run.folder)
    with pytest.raises(StorageError, match="does not hold the weights of net2"):
        probabilities(load_run(run.folder), dataset.images["val"], "cpu")
    (run.folder / "model.safetensors").write_bytes(b"no")
    seal(run.folder)
    with pytest.raises(StorageError, match="does not hold the weights"):
        probabilities(load_run(run.folder), dataset.images["val"], "cpu")


Damage = Callable[[Path], object]


def rename_a_layer(log: Path) -> None:
    log.write_text(re.sub(r'("weight_norms":{)"', r'\1"other', log.read_text()))


@pytest.mark.parametrize(
    ("damage", "message"),
    [
        (lambda run: (run / "log.jsonl").write_text("{"), "log.jsonl is damaged"),
        (lambda run: (run / "log.jsonl").write_bytes(b'{"type": "\xff"}'), "log.jsonl is damaged"),
        (lambda run: (run / "log.jsonl").write_text(""), "log.jsonl is damaged: it ends with epoch 0, the run with ep"),
        (lambda run: (run / "log.jsonl").unlink(), "log.jsonl is damaged: it is missing"),
        (lambda run: (run / "log.jsonl").write_text('{"x": ' + "[" * 10**5), "log.jsonl is damaged: maximum recursion"),
        (lambda run: rename_a_layer(run / "log.jsonl"), "log.jsonl is damaged: it holds layers without a gradient"),
        (lambda run: (run / "predictions.parquet").write_bytes(b"PAR1"), "predictions.parquet is damaged"),
        (lambda run: (run / "predictions.parquet").unlink(), "predictions.parquet is damaged: it is missing"),
        (lambda run: pl.DataFrame({"a": [1]}).write_parquet(run / "predictions.parquet"), "it has other columns"),
        (lambda run: (run / "run.json").unlink(), "run.json is missing"),
        (lambda run: (run / "run.json").write_text("{}"), "run.json is damaged or was written by another version"),
        (lambda run: (run / "run.json").write_text('{"schema": 0}'), "run.json has schema 0, .* reads schema 1"),
        (lambda run: (run / "spec.json").write_text('{"schema": 1}'), "spec.json has schema 1, .* reads schema 2"),
        (lambda run: (run / "spec.json").write_text("}"), "spec.json is damaged or was written by another version"),
        (lambda run: (run / "spec.json").unlink(), "run is not a run's folder: spec.json is missing"),
    ],
)
def test_a_damaged_run_is_one_clear_error(
    dataset: Dataset, spec: RunSpec, tmp_path: Path, damage: Damage, message: str
) -> None:
    train(change(spec, recipe=QUICK), dataset, tmp_path / "run")
    (tmp_path / "run" / SEAL).unlink()  # or it is called altered, and no more is looked at
    damage(tmp_path / "run")
    with pytest.raises(StorageError, match=rf"{message}.*([Rr]emove .*run|remove it) and run again"):
        load_run(tmp_path / "run")
