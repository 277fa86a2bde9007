"""The notebook's cells: the same code whatever it is about, and texts that are no markup."""

import ast
import json

import pytest

from bakeoff.report.homework.answers import Answer

nbformat = pytest.importorskip("nbformat")
from bakeoff.report.homework.notebook import cells  # noqa: E402

HOSTILE = "<script>alert(1)</script> `x` [a](javascript:1) $y$"


def test_names_are_text_and_the_code_is_always_the_same() -> None:
    plain = list(cells("Homework: a", [Answer("Why?", ["Because."])]))
    hostile = list(cells(HOSTILE, [Answer(HOSTILE, [HOSTILE])]))
    code = [[cell.source for cell in own if cell.cell_type == "code"] for own in (plain, hostile)]
    assert code[0] == code[1]
    assert len(code[0]) == 9
    for source in code[0]:
        ast.parse(source)
    said = json.dumps([cell.source for cell in hostile if cell.cell_type == "markdown"])
    assert "<script>" not in said.replace("\\\\<", "")
    assert "[a](" not in said.replace("\\\\[", "")
    assert "$y" not in said.replace("\\\\$", "")
