"""Tables for LaTeX and Markdown: what they hold stays text."""

import re
import shutil
import subprocess
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bakeoff.core.types import Estimate, Interval
from bakeoff.report.contents import Table
from bakeoff.report.formatting import drawn
from bakeoff.report.homework.latex import text, to_latex, to_markdown_table

TABLE = Table(
    "networks",
    "100 % of A & B",
    ("net_work", "accuracy"),
    [("a|b\nc", Estimate(0.5, Interval(0.4, 0.6))), ("\\input{x}", Estimate(0.25, None))],
    {"accuracy": drawn},
)


def test_a_table_in_latex() -> None:
    assert to_latex(TABLE).splitlines()[2:] == [
        r"\caption{100 \% of A \& B}",
        r"\label{tab:networks}",
        r"\begin{tabular}{lr}",
        r"\toprule",
        r"net\_work & accuracy \\",
        r"\midrule",
        r"a\textbar{}b\textbackslash{}nc & 50.0 \% (40.0 to 60.0) \\",
        r"\textbackslash{}input\{x\} & 25.0 \% \\",
        r"\bottomrule",
        r"\end{tabular}",
        r"\end{table}",
    ]


def test_a_table_in_markdown() -> None:
    assert to_markdown_table(TABLE).splitlines() == [
        "100 % of A & B",
        "",
        r"| net\_work | accuracy |",
        "| --- | --- |",
        r"| a\|b c | 50.0 % (40.0 to 60.0) |",
        r"| \\input{x} | 25.0 % |",
    ]


@given(st.text())
def test_no_text_is_a_command(name: str) -> None:
    written = text(name)
    known = r"\\(text[a-z]+\{\}|ldots\{\}|[&%$#_{}])|\$(-|\\[a-z]+)\$|\{[-']\}"
    assert not re.search(r"[\\{}$&#%_^~\n\r]", re.sub(known, "", written))


@pytest.mark.slow
@pytest.mark.skipif(not shutil.which("pdflatex"), reason="needs pdflatex")
def test_latex_sets_it(tmp_path: Path) -> None:
    head = "\\documentclass{article}\\usepackage[T1]{fontenc}\\usepackage{textcomp,booktabs}\\begin{document}"
    (tmp_path / "page.tex").write_text(f"{head}\n{to_latex(TABLE)}\\end{{document}}\n")
    command = ["pdflatex", "-interaction=nonstopmode", "-halt-on-error", "page.tex"]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout[-2000:]
