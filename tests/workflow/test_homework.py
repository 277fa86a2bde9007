"""The notebook, executed on a real experiment."""

import json
import shutil
from pathlib import Path

import pytest

from bakeoff.workflow.homework import write_homework

pytestmark = pytest.mark.slow


def test_it_runs_top_to_bottom_and_gives_the_stored_numbers(finished: Path, tmp_path: Path) -> None:
    for name in ("typst", "nbclient", "ipykernel"):
        pytest.importorskip(name)
    folder = shutil.copytree(finished, tmp_path / "out")
    pdf, kept = write_homework(folder)
    assert (pdf.read_bytes()[:4], kept) == (b"%PDF", False)
    notebook = json.loads((pdf.parent / "homework.ipynb").read_text())
    cells = [cell for cell in notebook["cells"] if cell["cell_type"] == "code"]
    assert [cell["execution_count"] for cell in cells] == list(range(1, len(cells) + 1))
    kinds = {output["output_type"] for cell in cells for output in cell["outputs"]}
    assert kinds <= {"stream", "execute_result", "display_data"}
    said = "".join("".join(own.get("text", "")) for cell in cells for own in cell["outputs"])
    assert "net1: " in said
    assert "net1-seed0" in said
    assert "loss stored" in said
    assert str(folder) not in json.dumps(notebook["cells"])
    answers = "".join("".join(cell["source"]) for cell in notebook["cells"] if cell["cell_type"] == "markdown")
    assert "### Does padding help?" in answers
