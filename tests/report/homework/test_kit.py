"""The kit from records that were made up, with names that want to be markup."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from tests.report.conftest import make_case

from bakeoff.core.errors import ConfigError, StorageError
from bakeoff.report.homework import kit, write_homework
from bakeoff.report.homework.answers import read_answers, read_stored, write_answers

HOSTILE = ('#read("/etc/passwd")', "</text><script>alert(1)</script>", "\\input{/etc/passwd} & $x$ %", "| _a_ \x00")


@pytest.fixture
def kit_factory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Path]:
    """A kit without its notebook, which a slow test executes."""
    pytest.importorskip("typst")
    monkeypatch.setattr(kit, "write_notebook", lambda path, *_: path.write_text("{}"))
    monkeypatch.setattr(kit, "find_spec", lambda name: True)

    def write(**options: object) -> Path:
        case = make_case(tmp_path / f"data-{len(list(tmp_path.iterdir()))}", **options)
        write_homework(tmp_path / "homework", case, tmp_path)
        return tmp_path / "homework"

    return write


def test_everything_a_course_asks_for_is_there(kit_factory: Callable[..., Path]) -> None:
    folder = kit_factory(runs=[("net1", 0), ("net1", 1), ("net2", 0)], seeds=2)
    assert {path.name for path in folder.iterdir()} == {
        *("answers.md", "bakeoff.json", "figures", "tables"),
        *("homework.ipynb", "homework.json", "homework.pdf", "homework.typ"),
    }
    names = ("samples", "loss", "confusion-net1-seed0", "confusion-net1-seed1", "confusion-net2-seed0")
    for name in names:
        svg, png, pdf = (folder / "figures" / f"{name}.{kind}" for kind in ("svg", "png", "pdf"))
        assert svg.read_text().startswith("<svg")
        assert (png.read_bytes()[:4], pdf.read_bytes()[:4]) == (b"\x89PNG", b"%PDF")
    assert (folder / "figures" / "samples.svg").read_text().count("<image") == 3 * 4
    assert "net1, seed 1: 77.8 % of 9 photos" in (folder / "figures" / "confusion-net1-seed1.svg").read_text()
    tables = {path.name for path in (folder / "tables").iterdir()}
    assert {"accuracies.tex", "accuracies.md", "report-net2-seed0.tex", "layers-net1.md"} <= tables
    assert (folder / "homework.pdf").read_bytes()[:4] == b"%PDF"
    headings = [own["text"] for own in json.loads((folder / "homework.json").read_text()) if own["kind"] == "heading"]
    assert headings[3:5] == ["Answers", "Confusion matrices"]


def test_the_same_records_give_the_same_bytes_but_for_pdf(kit_factory: Callable[..., Path]) -> None:
    def stored() -> dict[str, bytes]:  # of a PDF, a library orders the resources at random
        files = [path for path in kit_factory().rglob("*") if path.is_file() and path.suffix != ".pdf"]
        return {path.name: path.read_bytes() for path in files}

    assert stored() == stored()


def test_hostile_names_are_text(kit_factory: Callable[..., Path]) -> None:
    folder = kit_factory(classes=HOSTILE, runs=[("net1",)])
    for path in (folder / "figures").glob("*.svg"):
        assert "<script" not in path.read_text()
    blocks = json.loads((folder / "homework.json").read_text())
    table = next(own for own in blocks if own["kind"] == "tables")["parts"][0]
    assert [row[0] for row in table["rows"]] == [*HOSTILE[:3], "| _a_ \\x00"]
    pypdfium = pytest.importorskip("pypdfium2")
    shown = pypdfium.PdfDocument(folder / "homework.pdf")[0].get_textpage().get_text_bounded()
    assert HOSTILE[0] in shown
    assert "root:" not in shown
    tex = (folder / "tables" / "classes.tex").read_text()
    assert r"\textbackslash{}input\{/etc/passwd\} \& \$x\$ \%" in tex
    assert r"\input{" not in tex
    assert r"\| \_a\_" in (folder / "tables" / "classes.md").read_text()


def test_answers_that_were_edited_are_kept_and_others_written_anew(tmp_path: Path) -> None:
    case = make_case(tmp_path / "data")
    first, kept = write_answers(case, "")
    assert not kept
    assert write_answers(case, first) == (first, False)
    edited = first.replace("Evidence: ", "My own *view* of net\\_1. Evidence: ", 1)
    assert write_answers(case, edited) == (edited, True)
    answers = read_answers(edited)
    assert [answer.question for answer in answers][:2] == [
        "Does padding help?",
        "Does the deep network's gradient vanish?",
    ]
    older = first.replace("Evidence: ", "Proof: ")
    assert write_answers(case, older)[1]
    assert read_stored(tmp_path / "nowhere") == ""


def test_an_edited_answer_is_in_the_pdf_text(tmp_path: Path) -> None:
    answers = read_answers("# Answers\n\n## Why?\n\nBecause of\nnet\\_1.\n\n\n- and *so* on\n\n## And?\n")
    assert answers == [("Why?", ["Because of net_1.", "- and *so* on"]), ("And?", [])]


def test_a_folder_of_something_else_is_refused(kit_factory: Callable[..., Path], tmp_path: Path) -> None:
    (tmp_path / "homework").mkdir()
    (tmp_path / "homework" / "mine.txt").write_text("mine")
    with pytest.raises(StorageError, match=r"mine\.txt"):
        kit_factory()


def test_what_is_not_installed_is_said(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(kit, "find_spec", lambda name: None if name == "typst" else True)
    with pytest.raises(ConfigError, match=r"needs typst; .*bakeoff\[homework\]"):
        write_homework(tmp_path / "homework", make_case(tmp_path / "data"), tmp_path)
