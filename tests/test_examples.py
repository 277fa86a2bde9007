"""The examples run, and what their notebooks show is what they give."""

import importlib.util
import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path
from types import ModuleType

import pytest

nbformat = pytest.importorskip("nbformat")
pytest.importorskip("nbclient")
pytest.importorskip("ipykernel")

ROOT = Path(__file__).parents[1]
EXAMPLES = sorted((ROOT / "examples").glob("*.py"))
NOTEBOOKS = sorted((ROOT / "examples").glob("*.ipynb"))
LARGEST = 300_000
"""Bytes of a notebook."""

MACHINE = re.compile(r"(?<![\w.:/<])/(?:home|root|tmp|work|usr|opt|Users|private|var)/")


@pytest.fixture(scope="module")
def script() -> ModuleType:
    """The script that executes the notebooks."""
    spec = importlib.util.spec_from_file_location("notebooks", ROOT / ".ci" / "notebooks.py")
    assert spec
    assert spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.mark.parametrize("example", EXAMPLES, ids=lambda path: path.stem)
def test_each_example_runs(example: Path) -> None:
    done = subprocess.run([sys.executable, str(example)], capture_output=True, text=True, check=False, timeout=300)
    assert done.returncode == 0, done.stderr
    assert done.stdout


def test_there_are_three_notebooks() -> None:
    assert [path.stem for path in NOTEBOOKS] == ["first-steps", "your-own-data", "your-own-network"]


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_stored_outputs_are_of_the_cells_as_they_are_and_of_no_machine(path: Path, script: ModuleType) -> None:
    notebook = nbformat.read(path, as_version=4)
    assert notebook.metadata["source_digest"] == script.source_digest(notebook), "python .ci/notebooks.py"
    code = [cell for cell in notebook.cells if cell.cell_type == "code"]
    assert [cell.execution_count for cell in code] == list(range(1, len(code) + 1))
    text = json.dumps([cell.outputs for cell in code])
    assert not MACHINE.search(text)
    assert path.stat().st_size < LARGEST


@pytest.mark.slow
@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_each_notebook_runs_and_gives_what_it_shows(path: Path, tmp_path: Path) -> None:
    copy = Path(shutil.copy(path, tmp_path))
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join([str(ROOT / "src"), os.environ.get("PYTHONPATH", "")])}
    command = [sys.executable, str(ROOT / ".ci" / "notebooks.py"), str(copy)]
    done = subprocess.run(command, capture_output=True, text=True, check=False, env=environment)
    assert done.returncode == 0, done.stderr
    assert kinds(copy) == kinds(path)


def kinds(path: Path) -> list[set[str]]:
    """Of each cell of code the MIME types of what it gave; "text" of what it printed."""
    cells = [cell for cell in nbformat.read(path, as_version=4).cells if cell.cell_type == "code"]
    return [{kind for own in cell.outputs for kind in own.get("data", ["text"])} for cell in cells]
