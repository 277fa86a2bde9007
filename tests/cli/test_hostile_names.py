"""Names from outside are text to the terminal: neither markup, nor escapes, nor another direction of writing."""

import json
import os
import shutil
import subprocess
import sys
import time
from pathlib import Path

import pytest
from typer.testing import CliRunner

from bakeoff.cli.main import app
from bakeoff.core.errors import BakeoffError

HOSTILE = ("[red]a[/red]", "\x1b[31mb\x1b[0m\x07", "c\u202ed\u2028e", "f\x00g", "h\ni", "[/]", "\\[bold]j")
SHOWN = ("[red]a[/red]", "?[31mb?[0m?", "c?d?e", "f?g", "h?i", "[/]", "\\[bold]j")
SCRIPT = """
from bakeoff.cli.printing import print_line, print_table
names = {names!r}
print_table(names[0], names, [names])
for name in names:
    print_line(name)
"""


def test_tables_and_lines_show_names_as_they_are(capsys: pytest.CaptureFixture[str]) -> None:
    command = [sys.executable, "-c", SCRIPT.format(names=HOSTILE)]
    done = subprocess.run(command, capture_output=True, text=True, check=True, env={"COLUMNS": "200", **_paths()})
    assert all(done.stdout.count(name) >= 3 for name in SHOWN)
    assert not any(char in done.stdout for char in "\x1b\x07\u202e\u2028\x00")


def test_an_error_shows_names_as_they_are(tmp_path: Path) -> None:
    document = {
        "images": [{"id": 1, "file_name": "1.jpg", "width": 9, "height": 9}],
        "categories": [{"id": number, "name": name} for number, name in enumerate(HOSTILE)],
        "annotations": [{"id": 1, "image_id": 1, "category_id": 1, "bbox": [1, 1, 5, 5], "area": 25, "iscrowd": 0}],
    }
    (tmp_path / "a.json").write_text(json.dumps(document))
    script = "from bakeoff.cli.main import main; main()"
    options = ("select", "demo", "--annotations", "a.json", "--set", "data.classes=x,y", "--out", "out")
    command = [sys.executable, "-c", script, *options]
    done = subprocess.run(command, capture_output=True, text=True, check=False, env=_paths(), cwd=tmp_path)
    assert done.returncode == 2, done.stderr
    assert "unknown class 'x'" in done.stderr
    assert all(name.replace("h?i", "h i").replace("c?d?e", "c?d e") in done.stderr for name in SHOWN)
    assert not any(char in done.stderr for char in "\x1b\x07\u202e\u2028\x00")
    assert len(done.stderr.splitlines()) == 1


@pytest.fixture
def unnamed(finished: Path, sample: Path, tmp_path: Path) -> str:
    """A folder whose name is no UTF-8: with an experiment, a sample, a table and an experiment file."""
    folder = os.fsdecode(os.fsencode(tmp_path) + b"/a\xff")
    try:
        shutil.copytree(finished, f"{folder}/out")
    except OSError:
        pytest.skip("this file system takes UTF-8 names only")
    shutil.copytree(sample, f"{folder}/sample")
    Path(folder, "table.csv").write_text("image_id,label\n1,a\n2,b\n")
    Path(folder, "own.toml").write_text('[data]\nimages = "sample/images"\n')
    return folder


@pytest.mark.parametrize(
    "command",
    [
        "select demo --annotations {}/sample/instances.json",
        "build demo --images {}/sample/images --out new",
        "run {}/own.toml",
        "run demo --set data.folder={}/sample --out new",
        "demo --out {}/new",
        "inspect {}/sample/instances.json",
        "report {}/out",
        "report {}/out --out new",
        "verify {}/out",
        "watch {}/out",
        "homework {}/out",
        "predict {}/out/runs/net1-seed0 x.jpg",
        "export {}/out/runs/net1-seed0",
        "init new.toml --annotations {}/sample/instances.json",
    ],
)
def test_a_path_that_is_no_text_is_refused(unnamed: str, command: str) -> None:
    done = CliRunner().invoke(app, [part.format(unnamed) for part in command.split()])
    assert isinstance(done.exception, BakeoffError), done.exception
    assert "no UTF-8; rename" in str(done.exception)


@pytest.mark.parametrize(
    "command",
    [
        "compare {}/table.csv --labels {}/table.csv",
        "grade {} --labels {}/table.csv",
        "predict {good} {}/sample/images",
        "export {good} --out {}/new.onnx",
        "init {}/new.toml --classes cat",
    ],
)
def test_one_that_no_record_names_is_used(
    unnamed: str, finished: Path, tmp_path: Path, command: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    good = finished / "runs" / "net1-seed0"
    done = CliRunner().invoke(app, [part.format(unnamed, good=good) for part in command.split()])
    assert done.exception is None, done.exception


@pytest.mark.skipif(not shutil.which("tmux"), reason="needs the command tmux")
def test_a_real_terminal_shows_the_same(tmp_path: Path) -> None:
    (tmp_path / "script.py").write_text(SCRIPT.format(names=HOSTILE), encoding="utf-8")
    tmux = ["tmux", "-S", str(tmp_path / "socket"), "-f", "/dev/null"]
    inner = f"{sys.executable} {tmp_path / 'script.py'}; touch {tmp_path / 'done'}; sleep 600"
    subprocess.run([*tmux, "new-session", "-d", "-x", "200", "-y", "50", inner], check=True, env=_paths())
    try:
        end = time.monotonic() + 120
        while not (tmp_path / "done").exists() and time.monotonic() < end:
            time.sleep(0.05)
        command = [*tmux, "capture-pane", "-p", "-e"]
        shown = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    finally:
        subprocess.run([*tmux, "kill-server"], check=False)
    lines = [line.strip() for line in shown.splitlines()]
    assert set(SHOWN) <= set(lines), "no colour, no bell, one line for each"


def _paths() -> dict[str, str]:
    return {key: os.environ[key] for key in ("PATH", "PYTHONPATH", "HOME") if key in os.environ} | {
        "TERM": "xterm-256color",
        "LANG": "C.UTF-8",
    }
