"""What an experiment starts from: a tree of photos goes the way of an instances file."""

from pathlib import Path

import polars as pl
import pytest
from tests.data.conftest import photo, plant

from bakeoff.config.experiment import ExperimentConfig
from bakeoff.config.loading import load_experiment
from bakeoff.config.schema import DataConfig
from bakeoff.core.errors import ConfigError, SelectionError, ShortageError, SourceError
from bakeoff.data.inputs import open_index, target_classes
from bakeoff.workflow import pipeline

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
        (("data.images=photos",), ConfigError, "data.folder is given together with data.annotations or data.images"),
        (("data.annotations=x.json",), ConfigError, "data.folder is given together with"),
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
