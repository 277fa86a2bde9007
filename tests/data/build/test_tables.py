"""The manifest, the ledger and the metadata, and how tables from disk are checked."""

from pathlib import Path

import polars as pl
import pytest

from bakeoff.core.errors import StorageError
from bakeoff.data.build.allocation import Allocation, Candidate, UnreadableImage
from bakeoff.data.build.tables import FATE, LEDGER, MANIFEST, make_manifest, make_metadata, read_table, update_ledger
from bakeoff.data.selection.selection import Selection


@pytest.fixture
def allocation() -> Allocation:
    """Image 1 could not be read, and image 7 stands in its place; nothing else was to be filled."""
    columns = ["split", "position", "label", "image_id", "file_name"]
    other = ("train", 1, "dog", 4, "4.jpg")
    chosen = pl.DataFrame([("train", 0, "cat", 1, "1.jpg"), other], schema=columns, orient="row")
    images = pl.DataFrame([("train", 0, "cat", 7, "7.jpg"), other], schema=columns, orient="row").with_columns(
        pl.Series("source_digest", ["aa", "bb"])
    )
    return Allocation(chosen, images, {}, [UnreadableImage(Candidate(1, "1.jpg"), "cat", "the file is empty")])


def test_the_manifest_has_a_row_per_slot(selection: Selection, allocation: Allocation) -> None:
    manifest = make_manifest(selection, allocation, pl.Series(["x/7.jpg", "x/4.jpg"]))
    assert dict(manifest.schema) == dict(MANIFEST)
    assert manifest.select("split", "position", "image_id", "label", "image", "source_digest", "file_name").rows() == [
        ("train", 0, 7, 0, "x/7.jpg", "aa", "7.jpg"),
        ("train", 1, 4, 1, "x/4.jpg", "bb", "4.jpg"),
    ]


def test_ledger_says_what_became_of_the_photos(selection: Selection, allocation: Allocation) -> None:
    ledger = update_ledger(selection, allocation)
    assert dict(ledger.schema) == dict(LEDGER)
    fates = {image_id: fate for image_id, *fate in ledger.select("image_id", *FATE).iter_rows()}
    before = {image_id: fate for image_id, *fate in selection.ledger.select("image_id", *FATE).iter_rows()}
    assert fates.pop(1) == ["unreadable", "the file is empty", None, None]
    assert fates.pop(7) == ["chosen", "replaces image 1", "train", "cat"]
    assert fates == {image_id: fate for image_id, fate in before.items() if image_id not in {1, 7}}
    assert ledger["image_id"].to_list() == selection.ledger["image_id"].to_list()
    assert ledger.drop(*FATE).equals(selection.ledger.drop(*FATE))


def test_ledger_stays_where_all_photos_were_read(selection: Selection, allocation: Allocation) -> None:
    same = Allocation(allocation.chosen, allocation.chosen)
    assert update_ledger(selection, same).equals(selection.ledger)


def test_metadata_names_files_and_classes(selection: Selection, allocation: Allocation) -> None:
    manifest = make_manifest(selection, allocation, pl.Series(["images/train/c/7.jpg", "images/train/d/4.jpg"]))
    assert make_metadata(manifest, ('"c", at', "dog")).collect().write_csv() == (
        "file_name,split,label,image_id,annotated\n"
        'train/c/7.jpg,train,"""c"", at",7,cat\n'
        "train/d/4.jpg,train,dog,4,dog\n"
    )


def test_table_is_read_from_a_folder_with_any_name(tmp_path: Path, selection: Selection) -> None:
    folder = tmp_path / "a[1]*?"
    folder.mkdir()
    (folder / "t.parquet").write_bytes(b"")
    selection.ledger.write_parquet(folder / "t.parquet")
    assert read_table(folder / "t.parquet", LEDGER).equals(selection.ledger)


@pytest.mark.parametrize("raw", [None, b"", b"PAR1", b"{}" * 50, b"PAR1" + bytes(100) + b"PAR1"])
def test_missing_or_damaged_table_is_refused(tmp_path: Path, raw: bytes | None) -> None:
    path = tmp_path / "t.parquet"
    if raw is not None:
        path.write_bytes(raw)
    with pytest.raises(StorageError, match=r"t\.parquet is missing or damaged"):
        read_table(path, LEDGER)


def test_other_columns_are_named(tmp_path: Path) -> None:
    pl.DataFrame({"a": [1], "b": ["x"]}).write_parquet(tmp_path / "t.parquet")
    with pytest.raises(StorageError, match="other columns than a data set's: a Int64, c String"):
        read_table(tmp_path / "t.parquet", {"b": pl.String, "c": pl.String})
