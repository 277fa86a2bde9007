"""The notebook, executed on a real experiment."""

import json
import shutil
from pathlib import Path

import pytest
from tests.conftest import experiment
from typer.testing import CliRunner

from bakeoff.cli.main import app
from bakeoff.core.errors import StorageError
from bakeoff.training.run import save_failure
from bakeoff.workflow import pipeline
from bakeoff.workflow.experiment import Experiment
from bakeoff.workflow.homework import write_homework


@pytest.mark.slow
def test_it_runs_top_to_bottom_and_gives_the_stored_numbers(finished: Path, tmp_path: Path) -> None:
    for name in ("typst", "nbclient", "ipykernel"):
        pytest.importorskip(name)
    folder = shutil.copytree(finished, tmp_path / "out")
    done = CliRunner().invoke(app, ["homework", str(folder)])
    assert (done.exit_code, done.output.splitlines()[-1]) == (0, f"Homework: {folder / 'homework' / 'homework.pdf'}")
    assert (folder / "homework" / "homework.pdf").read_bytes()[:4] == b"%PDF"
    notebook = json.loads((folder / "homework" / "homework.ipynb").read_text())
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


@pytest.mark.slow
def test_all_classes_of_a_photo_with_one_seed_and_a_failed_run(sample: Path, tmp_path: Path) -> None:
    for name in ("typst", "nbclient", "ipykernel", "pypdfium2"):
        pytest.importorskip(name)
    import pypdfium2

    out = tmp_path / "out"
    pipeline.run(experiment(sample, "training.task=multilabel"), out)
    failed = Experiment(out).runs[1]
    shutil.rmtree(failed.folder)
    save_failure(failed.folder, failed.spec, "killed by SIGKILL")
    page, _ = write_homework(out)
    text = "".join(own.get_textpage().get_text_bounded() for own in pypdfium2.PdfDocument(page))
    assert "exactly these are predicted (exact match)" in " ".join(text.split())
    assert "mAP" in text
    assert "killed by SIGKILL" in (out / "homework" / "tables" / "runs.md").read_text()
    notebook = json.loads((out / "homework" / "homework.ipynb").read_text())
    said = "".join("".join(own.get("text", "")) for cell in notebook["cells"] for own in cell.get("outputs", ()))
    stored = Experiment(out).comparison.networks[0].runs[0].report[0]
    assert f"{stored.precision:.2f}      {stored.recall:.2f}      {stored.f1:.2f}" in said


def test_what_is_no_experiment_is_refused(tmp_path: Path) -> None:
    with pytest.raises(StorageError, match=r"experiment\.json is missing"):
        write_homework(tmp_path / "nothing")
