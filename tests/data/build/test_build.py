"""A whole data set: its files, its bytes, what is refused, and what a failure leaves behind."""

import csv
import multiprocessing
import pickle
from collections.abc import Callable, Generator, Iterable
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import polars as pl
import pytest
from dataset_samples import SETTINGS, MemorySource, photo, photos_of, selection_of
from PIL import Image

from bakeoff.core.errors import BakeoffError, ConfigError, ShortageError, SourceError, StorageError
from bakeoff.data.build import build, request_digest
from bakeoff.data.build.dataset import Dataset
from bakeoff.data.build.workers import CHUNK
from bakeoff.data.selection.selection import Selection
from bakeoff.data.sources.folder import FolderSource


def files_in(folder: Path) -> dict[str, bytes]:
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def large_selection() -> Selection:
    """Enough images for two processes."""
    rows = [(number, "train", ("cat", "dog")[number % 2], ["cat", "dog"]) for number in range(4 * CHUNK)]
    return selection_of(("cat", "dog"), [*rows, *((number, None, None, ["cat"]) for number in range(500, 580))])


def test_data_set_holds_what_was_chosen(selection: Selection, source: MemorySource, tmp_path: Path) -> None:
    dataset = build(selection, source, tmp_path / "set", **SETTINGS)
    assert dataset.info.counts == {"train": 4, "val": 2}
    assert dataset.info.classes == ("cat", "dog")
    assert dataset.info.unreadable == 0
    assert dataset.info.photos == "the memory of a test"
    assert dataset.manifest.select("split", "position", "image_id", "label").rows() == [
        ("train", 0, 1, 0),
        ("train", 1, 2, 0),
        ("train", 2, 4, 1),
        ("train", 3, 5, 1),
        ("val", 0, 6, 0),
        ("val", 1, 3, 1),
    ]
    assert dataset.ledger.equals(selection.ledger)
    assert dataset.images["train"].shape == (4, 8, 8, 3)
    assert dataset.images["train"][:, 4, 4, 0].tolist() == [10, 20, 40, 50]
    assert dataset.images["val"][:, 4, 4, 0].tolist() == [60, 30]
    assert dataset.labels["val"].tolist() == [0, 1]


def test_folder_has_the_documented_files(selection: Selection, source: MemorySource, tmp_path: Path) -> None:
    build(selection, source, tmp_path / "set", **SETTINGS)
    tree = ("train/cat/1", "train/cat/2", "train/dog/4", "train/dog/5", "val/cat/6", "val/dog/3")
    names = {"dataset.json", "manifest.parquet", "ledger.parquet", "train.npy", "val.npy", "README.md", "sealed.json"}
    assert files_in(tmp_path / "set").keys() == {
        *names,
        "images/metadata.csv",
        *(f"images/{name}.jpg" for name in tree),
    }
    assert [entry.name for entry in tmp_path.iterdir()] == ["set"]


def test_images_open_as_an_image_folder(selection: Selection, source: MemorySource, tmp_path: Path) -> None:
    dataset = build(selection, source, tmp_path / "set", **SETTINGS)
    for split in ("train", "val"):
        root = dataset.folder / "images" / split
        folders = sorted(root.iterdir())
        assert [folder.name for folder in folders] == ["cat", "dog"]  # nothing else, or it would be taken for a class
        assert all(any(folder.iterdir()) for folder in folders)
    for row, name in zip(dataset.images["train"], dataset.rows("train")["image"], strict=True):
        with Image.open(dataset.folder / name) as copy:
            np.testing.assert_allclose(np.asarray(copy), row, atol=3)


def test_metadata_lists_every_copy(selection: Selection, source: MemorySource, tmp_path: Path) -> None:
    dataset = build(selection, source, tmp_path / "set", **SETTINGS)
    with (dataset.folder / "images" / "metadata.csv").open(newline="", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    assert all((dataset.folder / "images" / row["file_name"]).is_file() for row in rows)
    assert [int(row["image_id"]) for row in rows] == dataset.manifest["image_id"].to_list()
    assert rows[1] == {
        "file_name": "train/cat/2.jpg",
        "split": "train",
        "label": "cat",
        "image_id": "2",
        "annotated": "cat|dog",
    }


@pytest.mark.parametrize(
    "damage", [None, b"", b"<html>", photo(1)[:200]], ids=["missing", "empty", "html", "cut short"]
)
def test_broken_photo_is_replaced_and_in_the_ledger(
    selection: Selection, source: MemorySource, tmp_path: Path, damage: bytes | None
) -> None:
    photos = {name: raw for name, raw in source.photos.items() if name != "1.jpg"}
    broken = MemorySource(photos if damage is None else {**photos, "1.jpg": damage})
    dataset = build(selection, broken, tmp_path / "set", **SETTINGS)
    assert dataset.info.unreadable == 1
    assert dataset.rows("train")["image_id"].to_list() == [7, 2, 4, 5]
    assert dataset.images["train"][0, 4, 4].tolist() == [70] * 3
    fates = dataset.ledger.select("image_id", "status", "split", "label", "reason").rows()
    assert fates[0][:4] == (1, "unreadable", None, None)
    assert fates[0][4].startswith("the ")
    assert fates[6] == (7, "chosen", "train", "cat", "replaces image 1")
    assert not list(dataset.folder.glob("images/**/1.jpg"))


def test_two_builds_give_the_same_bytes(selection: Selection, source: MemorySource, tmp_path: Path) -> None:
    broken = MemorySource({**source.photos, "4.jpg": b"no photo"})
    for name in ("one", "two"):
        build(selection, broken, tmp_path / name, **SETTINGS)
    assert files_in(tmp_path / "one") == files_in(tmp_path / "two")


def test_number_of_processes_changes_nothing(tmp_path: Path) -> None:
    selection = large_selection()
    photos = {name: raw for name, raw in photos_of(selection).items() if name not in {"0.jpg", "70.jpg", "500.jpg"}}
    seen: list[tuple[int, int]] = []
    for workers in (1, 2):
        build(
            selection,
            MemorySource(photos),
            tmp_path / str(workers),
            workers=workers,
            progress=lambda done, total: seen.append((done, total)),
            **SETTINGS,
        )
    assert files_in(tmp_path / "1") == files_in(tmp_path / "2")
    assert seen[: len(seen) // 2] == seen[len(seen) // 2 :]
    assert seen[-1] == (4 * CHUNK, 4 * CHUNK)
    assert not multiprocessing.active_children()


def pickled(function: Callable[[Any], Any], pieces: Iterable[Any]) -> Generator[Any, None, None]:
    """Other machines, as far as what goes to them and comes back is pickled."""
    for piece in pieces:
        yield pickle.loads(pickle.dumps(pickle.loads(pickle.dumps(function))(pickle.loads(pickle.dumps(piece)))))


def test_other_machines_change_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    selection, handed_out = large_selection(), list[int]()
    photos = {name: raw for name, raw in photos_of(selection).items() if name not in {"0.jpg", "70.jpg", "500.jpg"}}
    photos["2.jpg"] = b"no photo"

    def elsewhere(function: Callable[[Any], Any], pieces: Iterable[Any]) -> Generator[Any, None, None]:
        return pickled(function, (handed_out.append(len(piece)) or piece for piece in pieces))

    build(selection, MemorySource(photos), tmp_path / "here", workers=1, elsewhere=elsewhere, **SETTINGS)
    assert handed_out == [], "who asks for processes gets them"
    monkeypatch.setattr("bakeoff.data.build.workers.PIECE", 50)
    build(selection, MemorySource(photos), tmp_path / "there", elsewhere=elsewhere, **SETTINGS)
    assert handed_out == [50, 50, 28], "the few reserves are read here"
    assert files_in(tmp_path / "here") == files_in(tmp_path / "there")


def test_digest_is_that_of_the_content(selection: Selection, source: MemorySource, tmp_path: Path) -> None:
    plain = build(selection, source, tmp_path / "plain", **SETTINGS).info
    again = build(selection, source, tmp_path / "again", **{**SETTINGS, "quality": 50}).info
    other = build(selection, MemorySource({**source.photos, "1.jpg": photo(9)}), tmp_path / "other", **SETTINGS).info
    assert plain.digest == again.digest
    assert plain.request != again.request
    assert plain.digest != other.digest
    assert plain.request == other.request == request_digest(selection.info, source, **SETTINGS)


@pytest.mark.parametrize("change", [{"size": 9}, {"resize": "letterbox"}, {"filter": "linear"}, {"quality": 91}])
def test_request_differs_with_each_setting(selection: Selection, source: MemorySource, change: dict[str, Any]) -> None:
    plain = request_digest(selection.info, source, **SETTINGS)
    assert request_digest(selection.info, source, **{**SETTINGS, **change}) != plain


def test_request_differs_with_the_selection(selection: Selection, source: MemorySource) -> None:
    other = msgspec.structs.replace(selection.info, digest="another")
    assert request_digest(other, source, **SETTINGS) != request_digest(selection.info, source, **SETTINGS)


def test_no_validation_images(tmp_path: Path) -> None:
    selection = selection_of(("cat", "dog"), [(1, "train", "cat", ["cat"]), (2, "train", "dog", ["dog"])])
    dataset = build(selection, MemorySource(photos_of(selection)), tmp_path / "set", **SETTINGS)
    assert dataset.info.counts == {"train": 2, "val": 0}
    assert dataset.images["val"].shape == (0, 8, 8, 3)
    assert dataset.labels["val"].shape == (0,)
    assert [entry.name for entry in (dataset.folder / "images").iterdir() if entry.is_dir()] == ["train"]


def test_hostile_class_names_stay_inside_the_folder(tmp_path: Path) -> None:
    classes = ("../../up", "con", "a|b\n# c", "<script>", "Cat", "cat", "犬")
    rows = [(number, "train", name, [name]) for number, name in enumerate(classes)]
    selection = selection_of(classes, rows)
    dataset = build(selection, MemorySource(photos_of(selection)), tmp_path / "a" / "b" / "set", **SETTINGS)
    assert dataset.info.classes == classes
    folders = {Path(name).parent.name for name in dataset.manifest["image"]}
    assert folders == {entry.name for entry in (dataset.folder / "images" / "train").iterdir()}
    assert len(folders) == len(classes)
    assert [entry.name for entry in tmp_path.rglob("*.jpg")] != []
    assert all(path.is_relative_to(dataset.folder) for path in tmp_path.rglob("*.jpg"))
    labels = pl.read_csv(dataset.folder / "images" / "metadata.csv")["label"].to_list()
    assert tuple(labels) == classes


def stop(done: int, total: int) -> None:
    raise KeyboardInterrupt


@pytest.mark.parametrize("workers", [1, 2])
def test_interrupt_leaves_nothing(tmp_path: Path, workers: int) -> None:
    selection = large_selection()
    source = MemorySource(photos_of(selection))
    with pytest.raises(KeyboardInterrupt):
        build(selection, source, tmp_path / "set", workers=workers, progress=stop, **SETTINGS)
    assert list(tmp_path.iterdir()) == []
    assert not multiprocessing.active_children()


@pytest.mark.parametrize(
    ("missing", "kind", "message"),
    [
        pytest.param({"4.jpg", "5.jpg"}, ShortageError, r"class 'dog'.*4\.jpg: the file is missing", id="shortage"),
        pytest.param(
            {f"{number}.jpg" for number in range(10)},
            SourceError,
            r"none of the 6 photos could be read in the memory of a test; .*1\.jpg: the file is missing.*--images",
            id="all",
        ),
    ],
)
def test_failure_leaves_the_data_set_that_was_there(
    selection: Selection,
    source: MemorySource,
    tmp_path: Path,
    missing: set[str],
    kind: type[BakeoffError],
    message: str,
) -> None:
    build(selection, source, tmp_path / "set", **SETTINGS)
    before = files_in(tmp_path)
    rest = MemorySource({name: raw for name, raw in source.photos.items() if name not in missing})
    for folder in ("set", "new"):
        with pytest.raises(kind, match=message):
            build(selection, rest, tmp_path / folder, **SETTINGS)
    assert files_in(tmp_path) == before
    assert [entry.name for entry in tmp_path.iterdir()] == ["set"]


def test_data_set_is_replaced(selection: Selection, source: MemorySource, tmp_path: Path) -> None:
    build(selection, source, tmp_path / "set", **SETTINGS)
    dataset: Dataset = build(selection, source, tmp_path / "set", **{**SETTINGS, "size": 10})
    assert dataset.images["train"].shape == (4, 10, 10, 3)
    assert [entry.name for entry in tmp_path.iterdir()] == ["set"]


@pytest.mark.parametrize("name", ["thesis.doc", "images", ".git"])
@pytest.mark.parametrize("with_data_set", [False, True])
def test_folder_that_holds_something_else_is_left_alone(
    selection: Selection, source: MemorySource, tmp_path: Path, name: str, with_data_set: bool
) -> None:
    if with_data_set:
        build(selection, source, tmp_path / "set", **SETTINGS)
        name = f"own-{name}"
    (tmp_path / "set").mkdir(exist_ok=True)
    (tmp_path / "set" / name).write_text("mine")
    before = files_in(tmp_path)
    with pytest.raises(StorageError, match="holds something else than a data set"):
        build(selection, source, tmp_path / "set", **SETTINGS)
    assert files_in(tmp_path) == before


def test_file_instead_of_the_folder_is_left_alone(selection: Selection, source: MemorySource, tmp_path: Path) -> None:
    (tmp_path / "set").write_text("mine")
    with pytest.raises(StorageError, match="set"):
        build(selection, source, tmp_path / "set", **SETTINGS)
    assert (tmp_path / "set").read_text() == "mine"


@pytest.mark.parametrize(
    "change",
    [
        {"size": 0},
        {"size": 5000},
        {"resize": "squash"},
        {"filter": "cubic"},
        {"quality": 0},
        {"quality": 101},
        {"workers": -1},
    ],
)
def test_settings_out_of_range_are_named(
    selection: Selection, source: MemorySource, tmp_path: Path, change: dict[str, Any]
) -> None:
    with pytest.raises(ConfigError, match=next(iter(change))):
        build(selection, source, tmp_path / "set", **{**SETTINGS, **change})
    assert list(tmp_path.iterdir()) == []


def test_a_path_counts_as_the_same_however_it_is_typed(
    selection: Selection, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("photos", "others"):
        (tmp_path / name).mkdir()
    monkeypatch.chdir(tmp_path)
    typed = [FolderSource(path) for path in (Path("photos"), tmp_path / "photos", Path("others/../photos"))]
    assert len({request_digest(selection.info, source, **SETTINGS) for source in typed}) == 1
    other = request_digest(selection.info, FolderSource(Path("others")), **SETTINGS)
    assert other != request_digest(selection.info, typed[0], **SETTINGS)
