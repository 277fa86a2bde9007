"""Executes the notebooks of `examples/` in a new folder and stores what they gave: python .ci/notebooks.py [NAME…]."""

import hashlib
import json
import sys
import tempfile
from pathlib import Path

import nbformat
from nbclient import NotebookClient

EXAMPLES = Path(__file__).parents[1] / "examples"
TIMEOUT = 600
"""Seconds that a cell may take."""


def source_digest(notebook: nbformat.NotebookNode) -> str:
    """What tells whether stored outputs are those of the cells as they are now."""
    cells = [(cell.cell_type, cell.source) for cell in notebook.cells]
    return hashlib.sha256(json.dumps(cells).encode()).hexdigest()


def executed(path: Path) -> nbformat.NotebookNode:
    """The notebook with what its cells give; raises `CellExecutionError` where one fails."""
    notebook = nbformat.read(path, as_version=4)
    with tempfile.TemporaryDirectory() as folder:
        client = NotebookClient(
            notebook, timeout=TIMEOUT, record_timing=False, resources={"metadata": {"path": folder}}
        )
        client.extra_arguments = ["--log-level=ERROR"]  # it warns of loopback otherwise
        client.execute()
    notebook.metadata = {
        "kernelspec": {"name": "python3", "display_name": "Python 3", "language": "python"},
        "source_digest": source_digest(notebook),
    }
    return notebook


if __name__ == "__main__":
    for path in map(Path, sys.argv[1:] or sorted(EXAMPLES.glob("*.ipynb"))):
        nbformat.write(executed(path), path)
