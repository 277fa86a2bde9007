"""Several instances files: one per split, in a folder, with ids that clash."""

from collections.abc import Mapping
from pathlib import Path

import msgspec
import pytest
from tests.data.conftest import photo, plant

from bakeoff.config.experiment import ExperimentConfig
from bakeoff.config.loading import load_experiment
from bakeoff.core.errors import AnnotationsError, BakeoffError, ConfigError, ShortageError
from bakeoff.data.inputs import open_index
from bakeoff.workflow import pipeline

ALL = ("data.classes=cat,dog", "data.train_per_class=all", "data.val_per_class=all", "data.size=16", "data.workers=1")


def instances(path: Path, held: Mapping[str, str], categories: Mapping[int, str]) -> Path:
    """Writes an instances file: by file name the class of its one object; image and annotation ids count from 1."""
    ids = {name: number for number, name in categories.items()}
    images = [{"id": n, "file_name": file, "width": 60, "height": 48} for n, file in enumerate(held, 1)]
    annotations = [
        {"id": n, "image_id": n, "category_id": ids[name], "bbox": [1, 2, 30, 20]}
        for n, name in enumerate(held.values(), 1)
    ]
    table = [{"id": number, "name": name} for number, name in categories.items()]
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(msgspec.json.encode({"images": images, "annotations": annotations, "categories": table}))
    return path


def experiment(*overrides: str) -> ExperimentConfig:
    return load_experiment("demo", [*ALL, *overrides])


def fates(chosen: ExperimentConfig) -> dict[str, tuple[str, str]]:
    rows = pipeline.select(chosen).chosen.select("file_name", "split", "label").rows()
    return {file: (split, label) for file, split, label in rows}


def test_official_style_train_and_val_files_with_folders_of_their_own(tmp_path: Path) -> None:
    train = {"1.jpg": "cat", "2.jpg": "dog", "3.jpg": "dog"}
    instances(tmp_path / "train.json", train, {17: "cat", 18: "dog"})
    instances(tmp_path / "val.json", {"1.jpg": "dog", "2.jpg": "cat"}, {1: "dog", 2: "cat"})
    plant(tmp_path / "train", {file: photo(seed) for seed, file in enumerate(train)})
    plant(tmp_path / "val", {"1.jpg": photo(8), "2.jpg": photo(9)})
    given = experiment(
        *(f"data.annotations={tmp_path}/train.json", f"data.images={tmp_path}/train"),
        *(f"data.val_annotations={tmp_path}/val.json", f"data.val_images={tmp_path}/val"),
    )
    dataset = pipeline.build(given, tmp_path / "out")
    assert dataset.manifest.select("split", "file_name", "label").rows() == [
        *(("train", "train/1.jpg", 0), ("train", "train/2.jpg", 1), ("train", "train/3.jpg", 1)),
        *(("val", "val/2.jpg", 0), ("val", "val/1.jpg", 1)),
    ]
    assert dataset.info.unreadable == 0
    assert dataset.manifest["image_id"].is_unique().all()


def test_a_folder_as_roboflow_exports_it(tmp_path: Path) -> None:
    categories = {0: "pets", 1: "cat", 2: "dog"}
    for split, seed in (("train", 0), ("valid", 10), ("test", 20)):
        held = {f"{split}-a.jpg": "cat", f"{split}-b.jpg": "dog"}
        instances(tmp_path / "robo" / split / "_annotations.coco.json", held, categories)
        plant(tmp_path / "robo" / split, {file: photo(seed + n) for n, file in enumerate(held)})
    dataset = pipeline.build(experiment(f"data.annotations={tmp_path}/robo"), tmp_path / "out")
    assert dataset.info.counts == {"train": 2, "val": 2, "test": 2}
    assert dataset.rows("val")["file_name"].to_list() == ["val/valid-a.jpg", "val/valid-b.jpg"]


def test_files_of_one_folder_are_merged_also_where_they_list_the_same_photo(tmp_path: Path) -> None:
    instances(tmp_path / "files" / "cats.json", {"a.jpg": "cat", "b.jpg": "cat"}, {1: "cat"})
    instances(tmp_path / "files" / "dogs.json", {"b.jpg": "dog", "c.jpg": "dog"}, {1: "dog"})
    index, _ = open_index(experiment(f"data.annotations={tmp_path}/files").data, None)
    assert index.images["file_name"].to_list() == ["a.jpg", "b.jpg", "c.jpg"]
    names = index.annotations.join(index.images, on="image_id").join(index.categories, on="category_id")
    assert names.sort("file_name", "name").select("file_name", "name").rows() == [
        *(("a.jpg", "cat"), ("b.jpg", "cat"), ("b.jpg", "dog"), ("c.jpg", "dog"))
    ]


def test_a_photo_in_two_splits_is_a_leak_and_said(tmp_path: Path) -> None:
    train = {f"{n}.jpg": "dog" if n % 2 else "cat" for n in range(6)}
    instances(tmp_path / "train.json", train, {1: "cat", 2: "dog"})
    instances(tmp_path / "val.json", {"0.jpg": "cat", "1.jpg": "dog"}, {1: "cat", 2: "dog"})
    given = experiment(
        *(f"data.annotations={tmp_path}/train.json", f"data.images={tmp_path}"),
        f"data.val_annotations={tmp_path}/val.json",
    )
    index, _ = open_index(given.data, None)
    (problem,) = [problem for problem in index.info.problems if problem.code == "photo-in-two-files"]
    assert problem.count == 2
    assert "2 photos are in the files of two splits (0.jpg, 1.jpg), a leak" in problem.message
    assert fates(given) == {
        "0.jpg": ("val", "cat"),
        "1.jpg": ("val", "dog"),
        **{file: ("train", name) for file, name in train.items() if file not in {"0.jpg", "1.jpg"}},
    }


def test_a_train_file_that_is_the_val_file_leaves_nothing_to_train_on(tmp_path: Path) -> None:
    file = instances(tmp_path / "both.json", {"0.jpg": "cat", "1.jpg": "dog"}, {1: "cat", 2: "dog"})
    with pytest.raises(ShortageError, match=r"train needs 1, 0 left.*2 photos are in the files of two splits"):
        pipeline.select(experiment(f"data.annotations={file}", f"data.val_annotations={file}"))


@pytest.mark.parametrize(
    ("overrides", "error", "message"),
    [
        (("data.annotations={}", "data.val_annotations={}/a.json"), ConfigError, "beside a folder"),
        (("data.annotations={}/empty",), AnnotationsError, "holds no instances file"),
        (("data.annotations={}/twice",), AnnotationsError, "several instances files for one split: train, train"),
    ],
)
def test_what_can_not_be_combined(
    tmp_path: Path, overrides: tuple[str, ...], error: type[BakeoffError], message: str
) -> None:
    for file in ("a.json", "twice/train/a.json", "twice/train/b.json"):
        instances(tmp_path / file, {"1.jpg": "cat"}, {1: "cat"})
    (tmp_path / "empty").mkdir()
    with pytest.raises(error, match=message):
        pipeline.select(experiment(*(override.format(tmp_path) for override in overrides)))
