"""What commands print."""

import pytest

from bakeoff.printing import SHOWN, print_audit
from bakeoff.records import Audit, Duplicates, LabelCheck, Refused, WrongLabel

CLEAN = Audit("photos", {"train": {"cat": 2, "dog": 1}}, {"train": 2.0}, (), (), ())


def printed(audit: Audit, capsys: pytest.CaptureFixture[str]) -> list[str]:
    print_audit(audit)
    return capsys.readouterr().out.splitlines()


def test_a_clean_audit_says_what_was_looked_for(capsys: pytest.CaptureFixture[str]) -> None:
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
