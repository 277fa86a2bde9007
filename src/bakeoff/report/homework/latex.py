"""Tables as LaTeX and Markdown, for a document of one's own."""

from markupsafe import Markup

from bakeoff.report.contents import Table
from bakeoff.report.markdown import cell as markdown_cell
from bakeoff.report.rendering import printable

LATEX = {
    "\\": r"\textbackslash{}",
    **{char: f"\\{char}" for char in "&%$#_{}"},
    "~": r"\textasciitilde{}",
    "^": r"\textasciicircum{}",
    "<": r"\textless{}",
    ">": r"\textgreater{}",
    "|": r"\textbar{}",
    '"': r"\textquotedbl{}",
    "`": r"\textasciigrave{}",
    "'": "{'}",
    "-": "{-}",
    "−": "$-$",
    "×": r"$\times$",
    "·": r"$\cdot$",
    "→": r"$\rightarrow$",
    "–": "--",
    "…": r"\ldots{}",
    "⌊": r"$\lfloor$",
    "⌋": r"$\rfloor$",
}
"""What LaTeX would take for its own, and what pdfLaTeX has no letter for."""


def to_latex(table: Table) -> str:
    """A `table` with its caption and label; it needs the package booktabs, and its texts stay texts."""
    columns = "".join("r" if numeric else "l" for numeric in table.numeric)
    lines = [list(table.columns), *table.cells()]
    head, *body = (" & ".join(map(text, row)) + r" \\" for row in lines)
    rules = [r"\toprule", head, r"\midrule", *body, r"\bottomrule"]
    return "\n".join(
        [
            r"\begin{table}",
            r"\centering",
            rf"\caption{{{text(table.caption)}}}",
            rf"\label{{tab:{table.name}}}",
            rf"\begin{{tabular}}{{{columns}}}",
            *rules,
            r"\end{tabular}",
            r"\end{table}",
            "",
        ]
    )


def text(value: str) -> str:
    """A text as LaTeX shows it: on one line, nothing in it a command."""
    plain = value.striptags() if isinstance(value, Markup) else value
    return "".join(LATEX.get(char, char) for char in printable(plain))


def to_markdown_table(table: Table) -> str:
    """The table with its caption, as the report's Markdown writes it."""
    head, *body = ([str(markdown_cell(own)) for own in row] for row in [table.columns, *table.cells()])
    lines = [head, ["---"] * len(head), *body]
    return f"{markdown_cell(table.caption)}\n\n" + "\n".join(f"| {' | '.join(line)} |" for line in lines) + "\n"
