"""What an experiment starts from: a tree of photos goes the way of an instances file."""

import json
from pathlib import Path

import msgspec
import polars as pl
import pytest
from tests.data.conftest import photo, plant

from bakeoff.config.data import DataConfig
from bakeoff.config.experiment import ExperimentConfig
from bakeoff.config.loading import load_experiment
from bakeoff.core.errors import AnnotationsError, ConfigError, SelectionError, ShortageError, SourceError
from bakeoff.data.inputs import open_index, target_classes
from bakeoff.workflow import pipeline
from bakeoff.workflow.experiment import Experiment

QUICK = (
    *("data.classes=", "data.train_per_class=2", "data.val_per_class=1", "data.size=16", "data.workers=1"),
    *("training.epochs=1", "training.networks=net1", "training.executor=serial"),
)


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    """Two levels: three training and two validation photos of each of two classes."""
    files = [
        f"{split}/{name}/{n}.jpg" for split, count in (("train", 3), ("val", 2)) for name in "ab" for n in range(count)
    ]
    return plant(tmp_path / "tree", {file: photo(seed) for seed, file in enumerate(files)})


def experiment(tree: Path, *overrides: str) -> ExperimentConfig:
    return load_experiment("demo", [*QUICK, f"data.folder={tree}", *overrides])


def test_a_tree_goes_all_the_way(tree: Path, tmp_path: Path) -> None:
    page = pipeline.run(experiment(tree), tmp_path / "out")
    assert page.exists()
    manifest = pl.read_parquet(tmp_path / "out" / "dataset" / "manifest.parquet")
    assert manifest.height == 6
    for split, label, file in manifest.select("split", "label", "file_name").iter_rows():
        assert file.startswith(f"{split}/{'ab'[label]}/")


def test_an_unreadable_photo_is_replaced_from_its_own_split(tree: Path, tmp_path: Path) -> None:
    chosen = pipeline.select(experiment(tree)).chosen
    broken = chosen.filter((pl.col("split") == "val") & (pl.col("label") == "b"))["file_name"].item()
    (tree / broken).write_bytes(b"no photo")
    dataset = pipeline.build(experiment(tree), tmp_path / "out")
    stands = dataset.rows("val").filter(pl.col("label") == 1)["file_name"].item()
    assert stands == ("val/b/1.jpg" if broken == "val/b/0.jpg" else "val/b/0.jpg")
    (tree / stands).write_bytes(b"no photo")
    with pytest.raises(ShortageError, match="class 'b' has too few photos that can be read"):
        pipeline.build(experiment(tree), tmp_path / "again")


def test_one_level_is_split_by_the_quotas(tree: Path) -> None:
    selection = pipeline.select(experiment(tree / "train"))
    assert selection.classes == ("a", "b")
    counts = selection.chosen.group_by("split", "label").len().sort("split", "label").rows()
    assert counts == [("train", "a", 2), ("train", "b", 2), ("val", "a", 1), ("val", "b", 1)]


def test_classes_are_those_asked_for_else_all(tree: Path) -> None:
    plant(tree, {"train/c/0.jpg": photo(30), "val/c/0.jpg": photo(31)})
    assert target_classes(DataConfig(folder=str(tree))) == ("a", "b", "c")
    index, config = open_index(DataConfig(folder=str(tree), classes=("c", "a")), None)
    assert config.classes == ("c", "a")
    assert index.categories["name"].to_list() == ["a", "b", "c"]


@pytest.mark.parametrize(
    ("overrides", "error", "message"),
    [
        (("data.images=photos",), ConfigError, "data.folder is given together with data.images"),
        (("data.annotations=x.json",), AnnotationsError, "x.json"),
        (("data.folder=nowhere",), SourceError, "nowhere is not a folder"),
        (("data.classes=a,cow",), SelectionError, "unknown class 'cow'"),
        (("data.val_per_class=3",), ShortageError, "class 'a' has too few images: val needs 3, 2 left"),
    ],
)
def test_bad_input_is_found_before_anything_is_written(
    tree: Path, tmp_path: Path, overrides: tuple[str, ...], error: type[Exception], message: str
) -> None:
    asked = experiment(tree, *overrides)
    for verb in (pipeline.run, pipeline.build, pipeline.select):
        with pytest.raises(error, match=message):
            verb(asked, tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_folders_can_be_merged_into_one_class(tree: Path) -> None:
    merged = experiment(tree, "data.merge.both=a,b", "data.classes=both,c", "data.policy=first-fit")
    (tree / "train" / "c").mkdir()
    (tree / "val" / "c").mkdir()
    for seed, place in enumerate(("train/c/0.jpg", "train/c/1.jpg", "val/c/0.jpg")):
        (tree / place).write_bytes(photo(100 + seed))
    assert pipeline.select(merged).classes == ("both", "c")
    all_of_them = experiment(tree, "data.merge.both=a,b")
    assert target_classes(all_of_them.data) == ("both", "c")
    assert open_index(all_of_them.data, None)[1].classes == ("both", "c")


def instances(tree: Path, objects: dict[str, list[str]]) -> Path:
    """An instances file that lists these photos with objects of these categories."""
    names = sorted({name for own in objects.values() for name in own})
    images = [
        {"id": number, "file_name": Path(file).name, "width": 20, "height": 20}
        for number, file in enumerate(objects, start=1)
    ]
    annotations = [
        {"id": 100 * image["id"] + number, "image_id": image["id"], "category_id": names.index(name) + 1}
        | {"bbox": [1, 1, 5, 5], "area": 25, "iscrowd": 0}
        for image, own in zip(images, objects.values(), strict=True)
        for number, name in enumerate(own)
    ]
    categories = [{"id": number, "name": name} for number, name in enumerate(names, start=1)]
    path = tree.parent / "instances.json"
    path.write_text(json.dumps({"images": images, "annotations": annotations, "categories": categories}))
    return path


@pytest.fixture
def named_tree(tmp_path: Path) -> Path:
    """As `tree`, each photo with a name of its own."""
    files = [f"{split}/{name}/{split}-{name}-{n}.jpg" for split in ("train", "val") for name in "ab" for n in range(3)]
    return plant(tmp_path / "tree", {file: photo(seed) for seed, file in enumerate(files)})


def test_annotations_say_what_else_the_photos_of_a_tree_hold(named_tree: Path) -> None:
    files = sorted(path.name for path in named_tree.rglob("*.jpg"))
    objects = {file: ["a", "b"] if file == "val-a-0.jpg" else [file.split("-")[1], "zebra"] for file in files}
    path = instances(named_tree, objects)
    selection = pipeline.select(experiment(named_tree, f"data.annotations={path}", "data.val_per_class=3"))
    assert selection.info.objects_known
    rows = {Path(row["file_name"]).name: row for row in selection.ledger.iter_rows(named=True)}
    assert sorted(rows["val-a-0.jpg"]["annotated"]) == ["a", "b"]
    assert rows["val-a-0.jpg"]["eligible"] == ["a"], "the folder gives the label"
    assert rows["val-b-0.jpg"]["annotated"] == ["b"]
    alone = pipeline.select(experiment(named_tree))
    assert not alone.info.objects_known
    assert alone.info.digest != selection.info.digest


def test_a_photo_that_the_annotations_do_not_list_is_refused(named_tree: Path) -> None:
    files = sorted(path.name for path in named_tree.rglob("*.jpg"))
    path = instances(named_tree, {file: ["a"] for file in files[1:]})
    with pytest.raises(ConfigError, match=r"1 of 12 photos in .* are not listed in .*, such as train/a/train-a-0.jpg"):
        pipeline.select(experiment(named_tree, f"data.annotations={path}"))
    path = instances(named_tree, {file: ["zebra"] for file in files})
    with pytest.raises(ConfigError, match=r"no folder in .* has the name of a category"):
        pipeline.select(experiment(named_tree, f"data.annotations={path}"))


def test_a_report_on_a_folder_says_what_it_does_not_know(tree: Path, tmp_path: Path) -> None:
    page = pipeline.run(experiment(tree), tmp_path / "out")
    findings = {finding.code: finding for finding in Experiment(tmp_path / "out").findings}
    assert findings["ambiguous-labels"].verdict.startswith("Not known")
    comparison = Experiment(tmp_path / "out").comparison
    assert all(network.any_label_accuracy.mean is None for network in comparison.networks)
    assert "Photos that hold several target classes: not known." in page.with_name("report.md").read_text()
    assert "is not known: no annotations say so" in (tmp_path / "out" / "dataset" / "README.md").read_text()


def test_without_quotas_all_photos_are_used(tree: Path) -> None:
    everything = ("data.train_per_class=all", "data.val_per_class=all")
    plant(tree, {"test/a/0.jpg": photo(90)})
    given = pipeline.select(experiment(tree, *everything)).chosen
    assert given.group_by("split").len().sort("split").rows() == [("test", 1), ("train", 6), ("val", 4)]
    drawn = pipeline.select(experiment(tree / "train", *everything, "data.val_fraction=0.34")).chosen
    assert drawn.group_by("split", "label").len().sort("split", "label")["len"].to_list() == [2, 2, 1, 1]


def test_all_classes_of_an_instances_file_from_a_lowest_count_on(named_tree: Path) -> None:
    files = sorted(path.name for path in named_tree.rglob("*.jpg"))
    held = {file: ["a", "rare"] if number == 0 else ["ab"[number % 2]] for number, file in enumerate(files)}
    given = {"annotations": str(instances(named_tree, held)), "images": str(named_tree), "classes": "all"}
    assert target_classes(msgspec.convert(given, DataConfig)) == ("a", "b", "rare")
    assert open_index(msgspec.convert({**given, "min_per_class": 2}, DataConfig), None)[1].classes == ("a", "b")
