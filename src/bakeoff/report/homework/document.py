"""The kit's PDF: a Typst document that reads all of its text from a JSON file, so that nothing in it is markup."""

from collections.abc import Iterator, Mapping
from importlib.resources import files
from pathlib import Path
from typing import TypeAlias

from markupsafe import Markup

from bakeoff.core.storage import write_json
from bakeoff.report.contents import Figure, Table, parts_of
from bakeoff.report.homework.answers import Answer
from bakeoff.report.rendering import printable

NAME = "homework"
Block: TypeAlias = dict[str, object]


def write_document(folder: Path, title: str, lead: str, parts: Mapping[str, object]) -> None:
    """Writes `homework.typ`, `homework.json` and `homework.pdf`; the figures lie in `figures/`.

    Args:
        folder: The kit's folder.
        title: Its title.
        lead: The paragraph under it.
        parts: By heading what is under it: tables, figures and answers.
    """
    import typst

    blocks = [_text("title", title), _text("text", lead)]
    for heading, values in parts.items():
        blocks += [_text("heading", heading), *_section(values)]
    write_json(folder / f"{NAME}.json", printable(blocks))
    source = folder / f"{NAME}.typ"
    source.write_bytes((files("bakeoff.report") / "templates" / f"{NAME}.typ").read_bytes())
    (folder / f"{NAME}.pdf").write_bytes(typst.compile(source, root=folder))


def _section(values: object) -> Iterator[Block]:
    tables, figures = list(parts_of(values, Table)), list(parts_of(values, Figure))
    if tables:
        yield {"kind": "tables", "parts": list(map(_table, tables))}
    if figures:
        shown = [{"file": f"figures/{figure.name}.pdf", "caption": figure.caption} for figure in figures]
        yield {"kind": "figures", "parts": shown}
    for answer in values if isinstance(values, list) else ():
        if isinstance(answer, Answer):
            yield _text("question", answer.question)
            yield from (_text("text", paragraph) for paragraph in answer.paragraphs)


def _text(kind: str, text: str) -> Block:
    return {"kind": kind, "text": text}


def _table(table: Table) -> Block:
    rows = [[cell.striptags() if isinstance(cell, Markup) else cell for cell in row] for row in table.cells()]
    aligned = ["right" if numeric else "left" for numeric in table.numeric]
    return {"caption": table.caption, "columns": list(table.columns), "rows": rows, "align": aligned}
