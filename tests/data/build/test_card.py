"""The data card: its counts, and that nothing from outside becomes markup."""

import re
from pathlib import Path

import msgspec
import polars as pl
import pytest
from dataset_samples import SETTINGS, MemorySource, photos_of, selection_of
from hypothesis import given
from hypothesis import strategies as st

from bakeoff.data.build import build
from bakeoff.data.build.card import data_card, escape
from bakeoff.data.build.dataset import Dataset
from bakeoff.data.index import License
from bakeoff.data.selection.selection import Selection


@pytest.fixture
def dataset(selection: Selection, source: MemorySource, tmp_path: Path) -> Dataset:
    photos = {name: raw for name, raw in source.photos.items() if name != "1.jpg"}
    return build(selection, MemorySource(photos), tmp_path / "set", **SETTINGS)


@pytest.fixture
def card(dataset: Dataset) -> str:
    return (dataset.folder / "README.md").read_text(encoding="utf-8")


def test_card_opens_with_front_matter(card: str) -> None:
    head, _, _ = card.removeprefix("---\n").partition("\n---\n")
    assert card.startswith("---\n")
    assert "license: other" in head
    assert "task_categories:\n- image-classification" in head
    assert "size_categories:\n- n<1K" in head
    assert "  data_dir: images" in head


def test_card_counts_classes_and_splits(card: str) -> None:
    assert "| label | class | train | val |" in card
    assert "| 0 | cat | 2 | 1 |" in card
    assert "| 1 | dog | 2 | 1 |" in card
    assert "|  | all | 4 | 2 |" in card


def test_card_says_how_images_were_chosen(card: str) -> None:
    assert "Label policy balanced: Fills every quota" in card
    assert "Of 6 images, 1 hold several of the classes" in card
    assert "| chosen | chosen | 5 |" in card
    assert "| chosen | replaces a photo that could not be read | 1 |" in card
    assert "| dropped | quotas filled | 2 |" in card
    assert "| unreadable | the file is missing | 1 |" in card


def test_card_lists_licences_by_count(card: str) -> None:
    # images 2 to 7 without 1: ids 3, 6 state none; 4, 7 state licence 1; 2, 5 state licence 2, which is not described
    assert "| not stated |  | 2 |" in card
    assert "| CC BY | <http://example.org/by> | 2 |" in card
    assert "| licence 2, which the instances file does not describe |  | 2 |" in card


def test_card_names_the_filter(dataset: Dataset, card: str) -> None:
    linear = data_card(msgspec.structs.replace(dataset.info, filter="linear"), dataset.manifest, dataset.ledger)
    assert "8 x 8 pixels" in card
    assert "antialiased" in card
    assert "linear interpolation without antialiasing" in linear


def test_many_reasons_are_summed_up(dataset: Dataset) -> None:
    reasons = [f"reason {number}" for number in range(30)]
    ledger = pl.DataFrame({"status": ["dropped"] * 30, "reason": reasons})
    card = data_card(dataset.info, dataset.manifest, ledger)
    assert "|  | other reasons | 10 |" in card


def test_policy_of_the_user_is_no_error(dataset: Dataset) -> None:
    config = msgspec.structs.replace(dataset.info.selection.config, policy="mine")
    info = msgspec.structs.replace(
        dataset.info, selection=msgspec.structs.replace(dataset.info.selection, config=config)
    )
    assert "Label policy mine: a policy of your own" in data_card(info, dataset.manifest, dataset.ledger)


def test_hostile_names_do_not_become_markup(tmp_path: Path) -> None:
    names = ("<script>alert(1)</script>", "a | b\n\n# heading", "---\nlicense: mit")
    selection = selection_of(names, [(number, "train", name, [name]) for number, name in enumerate(names)])
    licence = License(1, "[click](javascript:alert(1))", "javascript:alert(1)")
    hostile = Selection(msgspec.structs.replace(selection.info, licenses=(licence,)), selection.ledger)
    dataset = build(hostile, MemorySource(photos_of(selection)), tmp_path / "set", **SETTINGS)
    text = (dataset.folder / "README.md").read_text(encoding="utf-8")
    assert "<script>" not in text.replace("\\<script\\>", "")
    assert "# heading" not in text.splitlines()
    assert text.count("\n---\n") == 1
    assert "\\[click\\](javascript" in text
    tables = [line for line in text.splitlines() if line.startswith("|")]
    assert all(re.search(r"(?<!\\)\|$", line) for line in tables)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("hot dog", "hot dog"),
        ("a|b*c_d", r"a\|b\*c\_d"),
        ("two\nlines\x00\u202e", "two lines"),
        ("http://a.b/c?d=e", "<http://a.b/c?d=e>"),
        ("http://a.b/<x>", r"http://a.b/\<x\>"),
        ("javascript:x", "javascript:x"),
    ],
)
def test_escape(text: str, expected: str) -> None:
    assert escape(text) == expected


@given(st.text())
def test_escaped_text_is_one_line_without_open_markup(text: str) -> None:
    line = escape(text)
    assert len(line.splitlines()) <= 1
    if not line.startswith("<http"):
        assert not re.search(r"(?<!\\)(?:\\\\)*[<>|`\[\]*]", line)
