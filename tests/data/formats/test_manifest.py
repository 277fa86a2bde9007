"""Lists of photos with labels: CSV files and Hugging Face's metadata."""

from pathlib import Path

import pytest
from tests.data.conftest import photo, plant
from tests.data.test_parts import experiment, fates

from bakeoff.core.errors import AnnotationsError
from bakeoff.data.inputs import open_index
from bakeoff.workflow import pipeline

FILES = {"a/1.jpg": "cat", "a/2.jpg": "dog", "b/1.jpg": "cat", "b/2.jpg": "dog"}
CSV = "a/1.jpg,cat,train\na/2.jpg,dog,train\nb/1.jpg,cat,valid\nb/2.jpg,dog,valid\n"
SPLIT = {file: ("train" if file[0] == "a" else "val", label) for file, label in FILES.items()}


@pytest.fixture
def photos(tmp_path: Path) -> Path:
    return plant(tmp_path / "photos", {file: photo(seed) for seed, file in enumerate(FILES)})


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("labels.csv", CSV),
        ("labels.csv", "split;label;path\n" + "".join(f"{s};{c};./{f}\n" for f, (s, c) in SPLIT.items())),
        ("labels.tsv", "\ufefffile_name\tsplit\tlabel\n" + "".join(f"{f}\t{s}\t{c}\n" for f, (s, c) in SPLIT.items())),
        (
            "metadata.jsonl",
            "".join(f'{{"file_name": "{f}", "label": "{c}", "split": "{s}"}}\n' for f, (s, c) in SPLIT.items()),
        ),
    ],
)
def test_each_line_is_a_photo_with_its_label_and_split(photos: Path, tmp_path: Path, name: str, text: str) -> None:
    (photos / name).write_text(text, encoding="utf-8")
    dataset = pipeline.build(experiment(f"data.annotations={photos / name}"), tmp_path / "out")
    names = dataset.info.classes
    rows = dataset.manifest.select("file_name", "split", "label").rows()
    assert {file: (split, names[label]) for file, split, label in rows} == SPLIT
    assert dataset.manifest["width"].to_list() == [60] * 4
    assert not dataset.info.selection.objects_known


def test_a_list_without_splits_and_photos_elsewhere(photos: Path, tmp_path: Path) -> None:
    (tmp_path / "labels.csv").write_text("".join(f"{file},{label}\n" for file, label in FILES.items()))
    given = experiment(f"data.annotations={tmp_path}/labels.csv", f"data.images={photos}", "data.val_fraction=0.5")
    assert {file: label for file, (_, label) in fates(given).items()} == FILES


def test_hugging_faces_folders_with_a_file_in_each_split(photos: Path) -> None:
    for split in ("train", "test", "validation"):
        plant(photos.parent / "hf" / split, {f"{n}.jpg": photo(n + len(split) * 10) for n in range(2)})
        (photos.parent / "hf" / split / "metadata.csv").write_text("file_name,label\n0.jpg,cat\n1.jpg,dog\n")
    found = fates(experiment(f"data.annotations={photos.parent}/hf"))
    assert found["val/1.jpg"] == ("val", "dog")
    assert sorted(split for split, _ in found.values()) == ["test", "test", "train", "train", "val", "val"]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "lists no photos"),
        ("a/1.jpg,cat\na/1.jpg,dog\n", "lists a/1.jpg as 'cat' and as 'dog'"),
        ("a/1.jpg\n", "entry 1 has no label"),
        ("a/1.jpg,cat,half\n", "entry 1 has the split 'half'; choices: train"),
        ("a/1.jpg,cat,train\na/2.jpg,dog\n", "gives some photos a split, but not a/2.jpg"),
        ("../1.jpg,cat\n", "entry 1, ../1.jpg: "),
    ],
)
def test_lists_that_can_not_be_used(photos: Path, text: str, message: str) -> None:
    (photos / "labels.csv").write_text(text)
    with pytest.raises(AnnotationsError, match=message):
        open_index(experiment(f"data.annotations={photos}/labels.csv").data, None)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ('{"file_name": "a/1.jpg", "label": null}', "entry 1 has no label"),
        ('{"file_name": "a/1.jpg", "label": ["cat", "dog"]}', "a photo's label is a list, where a text or a number"),
        ('{"file_name": {"a": 1}, "label": "cat"}', "a photo's file is a dict, where a text or a number"),
        ('{"deep": ' + "[" * 100_000, "can't be read: maximum recursion depth"),
    ],
)
def test_lines_of_json_that_can_not_be_used(photos: Path, text: str, message: str) -> None:
    (photos / "metadata.jsonl").write_text(text)
    with pytest.raises(AnnotationsError, match=message):
        open_index(experiment(f"data.annotations={photos}/metadata.jsonl").data, None)
