"""The stages in their order, on a drawn data set: what is kept, what is refused, what is left on disk."""

import shutil
from pathlib import Path

import msgspec
import numpy as np
import polars as pl
import pytest
from tests.conftest import experiment

from bakeoff.core.errors import BakeoffError, ConfigError, ImageError, ShortageError, SourceError, StorageError
from bakeoff.core.geometry import crop_box_of, photo_of
from bakeoff.data.build import to_pixels
from bakeoff.data.sample import CLASSES
from bakeoff.workflow import pipeline
from bakeoff.workflow.experiment import Experiment


def files(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def test_a_run_leaves_every_record(finished: Path) -> None:
    assert sorted(entry.name for entry in finished.iterdir()) == [
        "bakeoff.json",
        "comparison.json",
        "dataset",
        "experiment.json",
        "explanations.json",
        "findings.json",
        "report",
        "runs",
        "selection",
    ]
    assert sorted(entry.name for entry in (finished / "runs").iterdir()) == ["net1-seed0", "net2-seed0"]
    summary = msgspec.json.decode((finished / "report" / "summary.json").read_bytes())
    assert summary["classes"] == sorted(CLASSES)
    assert summary["dataset"]["train"] == 8 * len(CLASSES)
    assert [network["name"] for network in summary["networks"]] == ["net1", "net2"]
    stored = Experiment(finished).stored
    assert stored.command == "bakeoff run demo"
    assert stored.environment.versions["torch"]


def test_a_repeated_command_runs_only_what_is_missing(sample: Path, finished: Path, tmp_path: Path) -> None:
    folder = tmp_path / "out"
    shutil.copytree(finished, folder)
    stamps = {path: path.stat().st_mtime_ns for path in [*folder.glob("dataset/*"), *folder.glob("runs/net*/*")]}
    shutil.rmtree(folder / "runs" / "net2-seed0")
    pipeline.run(experiment(sample), folder, command="bakeoff run demo")
    kept = {path: path.stat().st_mtime_ns for path in stamps if "net2" not in str(path)}
    assert kept == {path: stamp for path, stamp in stamps.items() if "net2" not in str(path)}
    again, before = files(folder), files(finished)
    for name in ("runs/net2-seed0/model.safetensors", "runs/net2-seed0/predictions.parquet", "dataset/dataset.json"):
        assert again[name] == before[name]


def test_the_report_is_a_function_of_what_is_stored(finished: Path, tmp_path: Path) -> None:
    shutil.copytree(finished, tmp_path / "out")
    shutil.rmtree(tmp_path / "out" / "report")
    pipeline.write_report(tmp_path / "out")
    assert files(tmp_path / "out" / "report") == files(finished / "report")


@pytest.mark.parametrize("change", ["data.policy=random", "data.filter=linear", "training.batch_size=8"])
def test_other_settings_in_the_same_folder_are_refused_without_overwrite(
    sample: Path, finished: Path, tmp_path: Path, change: str
) -> None:
    folder = tmp_path / "out"
    shutil.copytree(finished, folder)
    before = files(folder)
    with pytest.raises(StorageError, match="was made with other settings; choose another folder with --out, or give"):
        pipeline.run(experiment(sample, change), folder)
    assert files(folder) == before
    pipeline.run(experiment(sample, change), folder, overwrite=True)
    assert files(folder)["report/summary.json"] != before["report/summary.json"]


def test_stages_alone_are_the_run(sample: Path, finished: Path, tmp_path: Path) -> None:
    folder = tmp_path / "out"
    pipeline.select(experiment(sample), folder)
    assert not (folder / "dataset").exists()
    pipeline.build(experiment(sample), folder)
    assert not (folder / "runs").exists()
    pipeline.train(experiment(sample), folder, command="bakeoff run demo")
    assert not (folder / "report").exists()
    pipeline.write_report(folder)
    alone, together = files(folder), files(finished)
    assert set(alone) == set(together)
    assert alone["dataset/train.npy"] == together["dataset/train.npy"]
    assert alone["runs/net1-seed0/predictions.parquet"] == together["runs/net1-seed0/predictions.parquet"]


def test_an_unreadable_photo_is_replaced_and_recorded(sample: Path, tmp_path: Path) -> None:
    broken = tmp_path / "sample"
    shutil.copytree(sample, broken)
    victim = pipeline.select(experiment(broken)).chosen.row(0, named=True)
    (broken / "images" / victim["file_name"]).write_bytes(b"not a photo")
    dataset = pipeline.build(experiment(broken), tmp_path / "out")
    assert dataset.info.counts == {"train": 8 * len(CLASSES), "val": 4 * len(CLASSES)}
    row = dataset.ledger.filter(pl.col("image_id") == victim["image_id"]).row(0, named=True)
    assert row["status"] == "unreadable"
    assert victim["image_id"] not in dataset.manifest["image_id"]


@pytest.mark.parametrize(
    ("overrides", "error", "message"),
    [
        (("data.annotations=",), ConfigError, "an instances file and its photos are needed"),
        (("training.networks=net1,net1",), ConfigError, "two entries are called 'net1'"),
        (("training.seeds=1,1",), ConfigError, "two entries are called 1"),
        (("training.networks=",), ConfigError, "training.networks is empty"),
        (("data.val_per_class=0",), ConfigError, "training needs images in both splits"),
        (("training.networks=net7",), ConfigError, "unknown network 'net7'"),
        (("training.patience=3",), ConfigError, "training.holdout_fraction"),
        (("variants.net7.epochs=2",), ConfigError, "unknown network 'net7'"),
        (("data.images=nowhere",), SourceError, "nowhere"),
        (("data.train_per_class=5000",), ShortageError, "has too few images"),
    ],
)
def test_bad_input_is_found_before_anything_is_written(
    sample: Path, tmp_path: Path, overrides: tuple[str, ...], error: type[BakeoffError], message: str
) -> None:
    with pytest.raises(error, match=message):
        pipeline.run(experiment(sample, *overrides), tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_a_folder_that_holds_something_else_is_left_alone(sample: Path, tmp_path: Path) -> None:
    (tmp_path / "notes.txt").write_text("mine")
    with pytest.raises(StorageError, match=r"holds something else \(notes.txt\)"):
        pipeline.run(experiment(sample), tmp_path)
    assert [entry.name for entry in tmp_path.iterdir()] == ["notes.txt"]


def test_reporting_or_training_what_is_not_there(sample: Path, tmp_path: Path, finished: Path) -> None:
    with pytest.raises(StorageError, match=r"experiment.json is missing"):
        pipeline.write_report(tmp_path)
    with pytest.raises(StorageError):
        pipeline.train(experiment(sample), tmp_path / "none")
    shutil.copytree(finished, tmp_path / "out")
    shutil.rmtree(tmp_path / "out" / "runs")
    with pytest.raises(StorageError, match="holds no runs; train the networks first"):
        pipeline.write_report(tmp_path / "out")


def test_all_photos_missing_is_one_error(sample: Path, tmp_path: Path) -> None:
    (tmp_path / "photos").mkdir()
    (tmp_path / "photos" / "other.jpg").write_bytes(b"x")
    with pytest.raises((SourceError, ImageError), match="none of the"):
        pipeline.build(experiment(sample, f"data.images={tmp_path / 'photos'}"), tmp_path / "out")
    assert not (tmp_path / "out" / "dataset").exists()


def test_objects_instead_of_photos_go_all_the_way(sample: Path, tmp_path: Path) -> None:
    crops = experiment(sample, "data.view=crop", "data.min_side=12", "data.policy=random", "training.networks=net1")
    dataset = pipeline.build(crops, tmp_path / "out")
    manifest = dataset.manifest
    assert manifest.height == 60
    row = manifest.row(0, named=True)
    crop_box = crop_box_of(row["file_name"])
    assert crop_box is not None
    raw = (sample / "images" / photo_of(row["file_name"])).read_bytes()
    expected = to_pixels(raw, dataset.info.size, "area", crop_box=crop_box)
    np.testing.assert_array_equal(dataset.images["train"][0], expected)
    photos = {split: {photo_of(name) for name in dataset.rows(split)["file_name"]} for split in ("train", "val")}
    assert not photos["train"] & photos["val"]
    page = pipeline.run(crops, tmp_path / "out")
    assert "Annotated objects, cut out of their photos" in page.read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("overrides", "message"),
    [
        (("data.view=crop", "data.crowd=true"), "a crowd is no single object"),
        (("data.view=crop", "data.annotations=", "data.images=", "data.folder=."), "annotations with boxes"),
    ],
)
def test_what_can_not_be_cropped_is_one_message(sample: Path, overrides: tuple[str, ...], message: str) -> None:
    with pytest.raises(BakeoffError, match=message):
        pipeline.select(experiment(sample, *overrides))


def test_a_test_split_is_predicted_and_reported_and_nothing_else(sample: Path, tmp_path: Path) -> None:
    asked = experiment(
        sample,
        *("data.test_per_class=3", "training.networks=net1", "training.epochs=4", "training.learning_rate=3e-3"),
        "training.holdout_fraction=0.25",
    )
    page = pipeline.run(asked, tmp_path / "out")
    dataset = pipeline.build(asked, tmp_path / "out")
    assert dataset.info.counts == {"train": 40, "val": 20, "test": 15}
    ids = {split: set(dataset.rows(split)["image_id"]) for split in dataset.info.counts}
    assert len(set.union(*ids.values())) == 75
    (run,) = pipeline.train(asked, tmp_path / "out")
    own = run.predictions.of("test")
    accuracy = (own["predicted"] == own["label"]).mean()
    (network,) = msgspec.json.decode((page.parent / "summary.json").read_bytes())["networks"]
    assert network["test_accuracy"]["mean"] == pytest.approx(accuracy)
    assert f"{100 * accuracy:.1f}" in page.with_name("report.md").read_text(encoding="utf-8")
    without = pipeline.build(experiment(sample), tmp_path / "without")
    assert without.info.counts == {"train": 40, "val": 20}
    assert not (without.folder / "test.npy").exists()


def test_variants_with_other_data_are_compared_on_images_that_are_new_to_both(sample: Path, tmp_path: Path) -> None:
    asked = experiment(
        sample,
        "training.networks=net1",
        "training.seeds=2",
        "training.epochs=4",
        "data.classes=ball,cup,fish",
        "variants.clean.network=net1",
        "variants.clean.data.policy=exclusive",
        "variants.large.network=net1",
        "variants.large.data.size=24",
    )
    pipeline.run(asked, tmp_path / "out")
    made = Experiment(tmp_path / "out")
    pairs = {(pair.first, pair.second): pair for pair in made.comparison.pairs}
    assert [network.name for network in made.comparison.networks] == ["net1", "clean", "large"]
    assert pairs["net1", "large"].images == made.dataset.info.counts["val"], "the same selection: its validation images"
    assert [network.name for network in made.comparison.comparable] == ["net1", "large"], "clean has other photos"
    page = (tmp_path / "out" / "report" / "report.md").read_text(encoding="utf-8")
    assert "not to be ranked with the others: clean." in page.replace("\n", " ")
    assert "clean has the highest" not in page
    tables = [pl.read_parquet(path) for path in (tmp_path / "out" / "shared").glob("*/net1-*/predictions.parquet")]
    assert {table.height for table in tables} == {pairs["net1", "clean"].images}
    new = set(tables[0]["image_id"])
    for dataset in made.datasets(made.config, made.variants).values():
        assert not new & set(dataset.rows("train")["image_id"])
    shutil.rmtree(tmp_path / "out" / "report")
    before = files(tmp_path / "out")
    pipeline.write_report(tmp_path / "out")
    after = files(tmp_path / "out")
    assert {name: after[name] for name in before} == before, "scoring reads what is stored and trains nothing"
    altered = next((tmp_path / "out" / "shared").glob("*/net1-*/predictions.parquet"))
    whole = altered.read_bytes()
    altered.write_bytes(bytes([*whole[:40], whole[40] ^ 1, *whole[41:]]))
    with pytest.raises(StorageError, match=r"predictions\.parquet (was altered|is damaged)"):
        pipeline.write_report(tmp_path / "out")
    pipeline.run(asked, tmp_path / "out")
    assert altered.read_bytes() == whole


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        (["variants.net1.data.classes=ball,cup"], "same classes"),
        (["variants.net1.data.size=24", "variants.net1.data.policy=exclusive"], "change one of"),
    ],
)
def test_variants_that_can_not_be_compared_are_refused(sample: Path, changes: list[str], words: str) -> None:
    with pytest.raises(ConfigError, match=words):
        pipeline.check(experiment(sample, *changes))


def test_what_a_command_left_that_was_killed_after_its_last_rename_is_removed(
    sample: Path, finished: Path, tmp_path: Path
) -> None:
    folder = tmp_path / "out"
    shutil.copytree(finished, folder)
    for name in ("dataset", "selection"):
        (folder / f".{name}.partial-killed").mkdir()
        (folder / f".{name}.partial-killed" / "lock").touch()
    pipeline.build(experiment(sample), folder)
    assert files(folder) == files(finished)
