"""What commands print."""

import pytest

from bakeoff.cli.printing import SHOWN, print_audit, print_outcome, print_predictions
from bakeoff.data.audit.result import Audit, Duplicates, LabelCheck, Refused, WrongLabel
from bakeoff.evaluation.failures import failure_rate
from bakeoff.evaluation.scores import Comparison, RunScores, VariantScores
from bakeoff.findings.finding import Finding
from bakeoff.training.predict import Prediction

CLEAN = Audit("photos", {"train": {"cat": 2, "dog": 1}}, {"train": 2.0}, (), (), ())


def printed(audit: Audit, capsys: pytest.CaptureFixture[str]) -> list[str]:
    print_audit(audit)
    return capsys.readouterr().out.splitlines()


def test_a_clean_audit_lists_what_was_checked(capsys: pytest.CaptureFixture[str]) -> None:
    lines = printed(CLEAN, capsys)
    assert lines[-5:] == [
        "Class imbalance, largest to smallest: train 2.00",
        "0 unreadable photos",
        "0 entries skipped",
        "0 photos that occur more than once in one class and split",
        "0 photos in both splits or in several classes (leaks)",
    ]


def test_faults_are_listed_and_long_lists_cut(capsys: pytest.CaptureFixture[str]) -> None:
    leaks = tuple(Duplicates((f"{number}", "[b]\x1b"), ("bytes", "pixels"), ("splits",)) for number in range(SHOWN + 2))
    labels = LabelCheck(
        "x.json", 3, ("a",), ("kitten",), (WrongLabel("b", "cat", ("dog",)), WrongLabel("c", "cat", ())), 1
    )
    audit = Audit("p", {"all": {"cat": 1}}, {"all": 1.0}, (Refused("x", "why"),), (), leaks, labels)
    text = printed(audit, capsys)
    assert "  x: why" in text
    assert "  0 = [b]? (same bytes, pixels)" in text
    assert text[-1] == "  and 2 more; --json lists them all"
    assert "3 photos found in x.json; 1 hold several of the classes" in text
    assert {"  a", "  kitten", "  b: dog annotated", "  c: nothing annotated"} <= {*text}


def test_failed_runs_are_shown(capsys: pytest.CaptureFixture[str]) -> None:
    failed = RunScores(0, "failed", "did not run", "why", 0.0)
    network = VariantScores("net1", None, (failed,), failure_rate(["did not run"]))
    findings = tuple(
        Finding(code, "", "", "found", f"verdict on {code}", "", {}, 0) for code in ("failed-training", "best-network")
    )
    print_outcome(Comparison(("a", "b"), "d", {}, (network,)), findings)
    lines = capsys.readouterr().out.splitlines()
    assert any("net1" in line and "0 of 1" in line and "–" in line for line in lines)
    assert lines[-2:] == ["verdict on failed-training", "verdict on best-network"]


def test_predictions_name_a_photo_with_its_folder_only_where_it_has_to_be(capsys: pytest.CaptureFixture[str]) -> None:
    rows = [
        Prediction(name, "cat", 0.75, {"cat": 0.75, "dog": 0.25}) for name in ("one/a.jpg", "two/a.jpg", "x.zip/b.jpg")
    ]
    print_predictions(rows)
    text = capsys.readouterr().out
    cells = [[cell.strip() for cell in line.split("│")[1:-1]] for line in text.splitlines() if line.startswith("│")]
    assert cells == [["one/a.jpg", "cat", "0.750"], ["two/a.jpg", "cat", "0.750"], ["b.jpg", "cat", "0.750"]]
    print_predictions([*rows, Prediction("c.jpg", error="the file is empty")], every=True)
    text = capsys.readouterr().out
    assert all(word in text for word in ("dog", "0.250", "the file is empty"))
