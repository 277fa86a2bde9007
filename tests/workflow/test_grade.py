"""The failures of published homework, handed in one by one: each is found and named."""

import os
import shutil
from collections.abc import Callable
from pathlib import Path

import cv2
import msgspec
import numpy as np
import polars as pl
import pytest
import torch
from torch import nn
from typer.testing import CliRunner

from bakeoff.cli.main import app
from bakeoff.core.errors import ConfigError
from bakeoff.models.factory import create
from bakeoff.workflow.experiment import Experiment
from bakeoff.workflow.grade import grade

CLASSES = ("ant", "bee", "cat")
PER_CLASS = 40


@pytest.fixture
def labels(tmp_path: Path) -> Path:
    rows = [(number, CLASSES[number // PER_CLASS]) for number in range(PER_CLASS * len(CLASSES))]
    path = tmp_path / "labels.csv"
    pl.DataFrame(rows, schema=["image_id", "label"], orient="row").write_csv(path)
    return path


def predictions(change: Callable[[str], str] = lambda name: name) -> pl.DataFrame:
    """Right for four photos of five, else the next class; then changed."""
    rows = []
    for number in range(PER_CLASS * len(CLASSES)):
        label = number // PER_CLASS
        guess = CLASSES[label if number % 5 else (label + 1) % len(CLASSES)]
        rows.append((number, change(guess)))
    return pl.DataFrame(rows, schema=["image_id", "predicted"], orient="row")


def handed_in(tmp_path: Path, **files: pl.DataFrame) -> Path:
    folder = tmp_path / "student"
    folder.mkdir(exist_ok=True)
    for name, table in files.items():
        table.write_csv(folder / f"{name}.csv")
    return folder


def codes(folder: Path, **options: object) -> list[str]:
    (found,) = grade([folder], **options).hand_ins
    return [mistake.code for mistake in found.mistakes]


def matrix_of(table: pl.DataFrame) -> pl.DataFrame:
    truth = np.repeat(range(len(CLASSES)), PER_CLASS)
    guess = np.array([CLASSES.index(name) for name in table["predicted"]])
    counts = np.zeros((len(CLASSES), len(CLASSES)), dtype=np.int64)
    np.add.at(counts, (truth, guess), 1)
    return pl.DataFrame(counts, schema=list(CLASSES))


def photo(number: int) -> np.ndarray:
    """A colourful photo that is like no other, RGB."""
    draws = np.random.default_rng(number)
    colors = draws.integers(0, 256, (4, 4, 3)).astype(np.uint8)
    colors[..., 0] //= 3
    return cv2.resize(colors, (64, 64), interpolation=cv2.INTER_NEAREST)


def write_tree(root: Path, rgb: bool = True) -> Path:
    for number in range(24):
        split, name = ("train", "val")[number % 2], ("cat", "dog")[number // 12]
        path = root / split / name / f"{number:012}.png"
        path.parent.mkdir(parents=True, exist_ok=True)
        pixels = photo(number)
        cv2.imwrite(str(path), pixels[..., ::-1] if rgb else pixels)
    return root


def test_predictions_without_a_mistake_have_none(labels: Path, tmp_path: Path) -> None:
    folder = handed_in(tmp_path, net1=predictions(), confusion=matrix_of(predictions()))
    (found,) = grade([folder], labels=labels).hand_ins
    assert (found.mistakes, found.accuracies) == ((), {"net1, seed 0": 0.8})


@pytest.mark.parametrize(
    ("change", "code"),
    [
        (lambda name: "bee", "one-class"),
        (lambda name: {"cat": "bee"}.get(name, name), "never-predicted"),
        (lambda name: {"ant": "bee", "bee": "ant"}.get(name, name), "mapped-labels"),
    ],
)
def test_what_predictions_show_is_named(labels: Path, tmp_path: Path, change: Callable[[str], str], code: str) -> None:
    folder = handed_in(tmp_path, net1=predictions(change))
    assert codes(folder, labels=labels) == [code]
    own = predictions(change).with_columns(pl.Series("label", pl.read_csv(labels)["label"]))
    own.write_csv(folder / "net1.csv")
    assert codes(folder) == [code]


def test_a_table_that_can_not_be_used_is_a_mistake_of_its_own_and_the_rest_is_looked_at(
    labels: Path, tmp_path: Path
) -> None:
    folder = handed_in(tmp_path, net1=predictions())
    scores = pl.read_csv(labels).select("image_id").with_columns(ant=pl.lit("n/a"), bee=0.5, cat=0.5)
    scores.write_csv(folder / "net2.csv")
    (found,) = grade([folder], labels=labels).hand_ins
    assert found.accuracies == {"net1, seed 0": 0.8}
    assert [(own.code, "is no number" in own.text) for own in found.mistakes] == [("not-read", True)]


def test_a_transposed_matrix_is_named(labels: Path, tmp_path: Path) -> None:
    turned = pl.DataFrame(matrix_of(predictions(lambda name: {"cat": "ant"}.get(name, name))).to_numpy().T.copy())
    folder = handed_in(tmp_path, confusion=turned)
    assert codes(folder) == ["transposed"]
    assert codes(folder, labels=labels) == ["transposed"]
    turned.write_csv(folder / "confusion.csv", include_header=False)
    assert codes(folder) == ["transposed"]


def test_a_matrix_turned_over_or_of_other_predictions_is_named(labels: Path, tmp_path: Path) -> None:
    turned = pl.DataFrame(matrix_of(predictions()).to_numpy().T.copy())
    assert codes(handed_in(tmp_path, net1=predictions(), confusion=turned), labels=labels) == ["transposed"]
    other = pl.DataFrame(np.full((3, 3), 40))
    assert codes(handed_in(tmp_path, net1=predictions(), confusion=other), labels=labels) == ["other-matrix"]


def test_leaks_double_draws_and_photos_under_two_classes_are_named(tmp_path: Path) -> None:
    root = write_tree(tmp_path / "student")
    assert codes(root) == []
    shutil.copy(root / "train/cat/000000000000.png", root / "val/cat/copy.png")
    shutil.copy(root / "train/cat/000000000002.png", root / "train/dog/again.png")
    shutil.copy(root / "train/cat/000000000004.png", root / "train/cat/twice.png")
    assert codes(root) == ["leak", "two-classes", "drawn-twice"]


def test_folders_whose_classes_are_swapped_are_named(tmp_path: Path) -> None:
    root, index = write_tree(tmp_path / "student"), tmp_path / "instances.json"
    write_instances(index, lambda number: 1 + (number < 12))
    found = grade([root], annotations=index).hand_ins[0].mistakes
    assert [mistake.code for mistake in found] == ["swapped-labels", "swapped-labels"]
    assert "12 of 12 photos in the folder cat hold dog and no cat; cat and dog are swapped." in found[0].text


def test_single_wrong_labels_are_named(tmp_path: Path) -> None:
    root, index = write_tree(tmp_path / "student"), tmp_path / "instances.json"
    write_instances(index, lambda number: 1 + ((number >= 12) != (number in (3, 7))))
    (found,) = grade([root], annotations=index).hand_ins[0].mistakes
    assert found.code == "wrong-labels"
    assert found.text == (
        "2 photos in the folder of a class that is not in them, such as val/cat/000000000003.png (dog annotated)."
    )


def test_photos_and_classes_that_the_annotations_do_not_know_are_said(tmp_path: Path) -> None:
    root, index = write_tree(tmp_path / "student"), tmp_path / "instances.json"
    write_instances(index, lambda number: 1 + (number >= 12))
    for number, path in enumerate(sorted((root / "val" / "cat").iterdir())):
        path.rename(path.with_name(f"renamed {number}.png"))
    for split in ("train", "val"):
        (root / split / "dog").rename(root / split / "fox")
    (graded,) = grade([root], annotations=index).hand_ins
    assert not graded.mistakes
    assert any("photos are not in" in note and "such as val/cat/renamed 0.png" in note for note in graded.notes)
    assert any("no category of" in note and note.endswith("fox") for note in graded.notes)


def test_photos_that_make_no_data_set_are_said(tmp_path: Path) -> None:
    root = write_tree(tmp_path / "student" / "data")
    (root / "val" / "dog").rename(root / "val" / "fox")
    (graded,) = grade([root.parent]).hand_ins
    (note,) = graded.notes
    assert note.startswith("its photos are not looked at: ")


def write_instances(path: Path, category: Callable[[int], int]) -> None:
    images = [{"id": n, "file_name": f"{n:012}.png", "width": 64, "height": 64} for n in range(24)]
    box = {"bbox": [1, 1, 9, 9], "area": 81}
    notes = [{"id": n, "image_id": n, "category_id": category(n), **box} for n in range(24)]
    kinds = [{"id": 1, "name": "cat"}, {"id": 2, "name": "dog"}]
    path.write_bytes(msgspec.json.encode({"images": images, "annotations": notes, "categories": kinds}))


def test_bgr_written_as_rgb_is_named(tmp_path: Path) -> None:
    originals = write_tree(tmp_path / "originals")
    student = write_tree(tmp_path / "student" / "data", rgb=False)
    assert codes(student.parent, images=originals) == ["bgr"]
    assert codes(originals, images=originals) == []
    (tmp_path / "others").mkdir()
    (graded,) = grade([student.parent], images=tmp_path / "others").hand_ins
    assert (graded.mistakes, len(graded.notes)) == ((), 1)
    assert graded.notes[0].startswith("none of its photos could be compared with ")


def test_tied_layers_are_named_from_the_weights_alone(tmp_path: Path) -> None:
    folder = handed_in(tmp_path)
    for name, expected in (("net3", []), ("net3-tied", ["tied-layers"])):
        weights = create(name, 5, 64).state_dict()
        torch.save(weights, folder / "net.pth")
        assert codes(folder) == expected
        torch.save(dict(sorted(weights.items(), reverse=True)), folder / "net.pth")
        assert codes(folder) == expected
    layers = nn.Sequential(*[nn.Conv2d(3, 3, 3)] * 3)
    torch.save({"state_dict": layers.state_dict()}, folder / "net.pth")
    (found,) = grade([folder]).hand_ins[0].mistakes
    assert "0.weight has the very weights of 1.weight, 2.weight: one layer is used 3 times" in found.text


def test_no_code_is_run_and_nothing_unpickled_without_leave(tmp_path: Path) -> None:
    folder = handed_in(tmp_path)
    torch.save(create("net1", 5, 64).state_dict(), folder / "net.pth")
    (folder / "net.py").write_text(f"open({str(tmp_path / 'ran')!r}, 'w')\n")
    torch.save(nn.Linear(2, 2), folder / "whole.pth")
    (found,) = grade([folder]).hand_ins
    assert not (tmp_path / "ran").exists()
    assert any("net.py (digest" in note and "--allow-code" in note for note in found.notes)
    assert [mistake.code for mistake in found.mistakes] == ["not-read"]
    assert "nothing in it was run" in found.mistakes[0].text


SOURCE = """
from torch import nn


class Other(nn.Module):
    def __init__(self):
        super().__init__()


class Own(nn.Module):
    def __init__(self, num_classes, image_size):
        super().__init__()
        self.body = nn.Conv2d(3, 3, 3, padding=1)
        self.head = nn.Linear(3 * image_size**2, num_classes)

    def forward(self, images):
        return self.head(self.body(self.body(images)).flatten(1))
"""


def test_an_allowed_network_is_applied_and_its_tied_layers_are_named(finished: Path, tmp_path: Path) -> None:
    folder, dataset = handed_in(tmp_path), Experiment(finished).dataset
    (folder / "net.py").write_text(SOURCE)
    classes, size = len(dataset.info.classes), dataset.info.size
    torch.save(create(f"{folder / 'net.py'}:Own", classes, size).state_dict(), folder / "net.pth")
    (other := tmp_path / "other").mkdir()
    shutil.copy(finished / "runs" / "net1-seed0" / "model.safetensors", other / "net1.safetensors")
    graded = grade([folder, other], labels=finished, allow_code=True)
    first, second = graded.hand_ins
    assert [mistake.code for mistake in first.mistakes if mistake.code == "tied-layers"] == ["tied-layers"]
    assert "net.pth: 1 calls of body use weights" in " ".join(mistake.text for mistake in first.mistakes)
    assert list(first.accuracies) == ["net, seed 0"]
    assert second.accuracies == {}
    assert "no source" in second.notes[0]
    assert graded.comparison is not None
    assert [own.name for own in graded.comparison.networks] == ["student: net"]


def test_the_page_and_the_table_of_the_command(labels: Path, tmp_path: Path) -> None:
    one, two = tmp_path / "a" / "ann", tmp_path / "b" / "<b>bob"
    for folder, table in ((one, predictions()), (two, predictions(lambda name: "bee"))):
        folder.mkdir(parents=True)
        for seed in (0, 1):
            table.write_csv(folder / f"net1-seed{seed}.csv")
    out = tmp_path / "class"
    done = CliRunner().invoke(app, ["grade", str(one), str(two), "--labels", str(labels), "--out", str(out)])
    assert done.exit_code == 0, done.output
    assert "one-class" in done.output
    page = (out / "index.html").read_text()
    assert "&lt;b&gt;bob" in page
    assert "<b>bob" not in page
    assert "2 hand-ins, 1 of them with mistakes" in page
    assert (out / "tables" / "mistakes.csv").read_text().splitlines()[1].startswith("<b>bob,one-class,")
    assert (out / "tables" / "pairs.csv").exists()


def test_what_is_missing_is_said(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="nowhere is no folder"):
        grade([tmp_path / "nowhere"])
    folder = handed_in(tmp_path, net1=predictions())
    (found,) = grade([folder]).hand_ins[0].mistakes
    assert (found.code, "--labels" in found.text) == ("not-read", True)


def test_a_name_that_is_no_text_is_shown_as_one(labels: Path, tmp_path: Path) -> None:
    folder = tmp_path / os.fsdecode(b"a\xff")
    folder.mkdir()
    shutil.copy(labels, folder / os.fsdecode(b"b\xff.csv"))
    graded = grade([folder], labels=labels)
    assert (graded.hand_ins[0].name, graded.hand_ins[0].files) == ("a?", ("b?.csv",))
    assert "a?" in graded.write_report(tmp_path / "page").read_text()


def test_links_that_leave_the_folder_are_not_followed(labels: Path, tmp_path: Path) -> None:
    folder = handed_in(tmp_path)
    (folder / "net1.csv").symlink_to(labels)
    assert grade([folder], labels=labels).hand_ins[0].files == ()
