"""The kit's notebook: the experiment step by step with bakeoff's Python API, executed."""

import os
from collections.abc import Iterator, Sequence
from importlib.resources import files
from pathlib import Path
from typing import TYPE_CHECKING

from bakeoff.core.errors import StorageError, in_one_line
from bakeoff.report.homework.answers import Answer
from bakeoff.report.markdown import escaped

if TYPE_CHECKING:
    from nbformat import NotebookNode

TIMEOUT = 1800
"""Seconds that a cell may take."""


def write_notebook(path: Path, title: str, answers: Sequence[Answer], experiment: Path) -> None:
    """Writes the notebook with what its cells gave.

    Args:
        path: Its file.
        title: Its heading.
        answers: Its end.
        experiment: The folder that it opens; when it is run by hand, the folder above its own.

    Raises:
        StorageError: A cell failed.
    """
    import nbformat
    from nbclient import NotebookClient
    from nbclient.exceptions import CellExecutionError

    notebook = nbformat.v4.new_notebook(cells=list(cells(title, answers)))
    notebook.metadata["kernelspec"] = {"name": "python3", "display_name": "Python 3", "language": "python"}
    for number, cell in enumerate(notebook.cells):
        cell["id"] = f"cell-{number}"  # drawn at random otherwise
    client = NotebookClient(notebook, timeout=TIMEOUT, kernel_name="python3", record_timing=False)
    client.extra_arguments = ["--log-level=ERROR"]  # it warns of loopback otherwise
    environment = {**os.environ, "BAKEOFF_EXPERIMENT": str(experiment.resolve())}
    try:
        client.execute(env=environment)
    except CellExecutionError as error:
        raise StorageError(f"the notebook of {experiment} can't be run: {in_one_line(error)}.") from None
    nbformat.write(notebook, path)


def cells(title: str, answers: Sequence[Answer]) -> "Iterator[NotebookNode]":
    """Its cells, in their order; the code is that of `templates/homework_cells.txt`."""
    from nbformat.v4 import new_code_cell, new_markdown_cell

    yield new_markdown_cell(f"# {_text(title)}")
    source = (files("bakeoff.report") / "templates" / "homework_cells.txt").read_text(encoding="utf-8")
    for part in source.split("\n# %% ")[1:]:
        said, _, code = part.partition("\n")
        yield new_markdown_cell(said)
        yield new_code_cell(code.strip())
    yield new_markdown_cell("## Answers")
    for answer in answers:
        texts = [f"### {_text(answer.question)}", *map(_text, answer.paragraphs)]
        yield new_markdown_cell("\n\n".join(texts))


def _text(value: str) -> str:
    """A text as a notebook shows it: neither Markdown nor a formula."""
    return str(escaped(value)).replace("$", r"\$")
