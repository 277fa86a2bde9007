"""The commands as a user types them, each in a process of its own where that matters."""

import json
import os
import shutil
import subprocess
import sys
from importlib import metadata
from pathlib import Path

import pytest
from typer.testing import CliRunner

from bakeoff.cli import main as cli
from bakeoff.data.sample import CLASSES, draw_sample

COMMANDS = (
    "demo",
    "init",
    "run",
    "fetch",
    "compare",
    "inspect",
    "verify",
    "audit",
    "select",
    "build",
    "train",
    "improve",
    "tune",
    "report",
    "predict",
    "serve",
    "watch",
    "homework",
    "grade",
    "export",
    "list",
)
QUICK = [
    *("--set", "data.train_per_class=8", "--set", "data.val_per_class=4", "--set", "data.size=16"),
    *("--set", "data.workers=1", "--set", "training.epochs=1", "--set", "training.networks=net1"),
]


@pytest.fixture(scope="session")
def photos(tmp_path_factory: pytest.TempPathFactory) -> list[str]:
    """The options that name a drawn data set."""
    folder = tmp_path_factory.mktemp("drawn") / "sample"
    annotations, images = draw_sample(folder, images=160)
    return ["--annotations", str(annotations), "--images", str(images)]


def bakeoff(*arguments: str, cwd: Path | None = None) -> subprocess.CompletedProcess[str]:
    """Runs the command in a process of its own."""
    code = "import sys; from bakeoff.cli.main import main; main()"
    return subprocess.run(
        [sys.executable, "-c", code, *arguments], capture_output=True, text=True, cwd=cwd, check=False, timeout=300
    )


def test_the_package_and_its_help_load_no_torch() -> None:
    code = """
import sys, bakeoff, bakeoff.cli.main
from typer.testing import CliRunner
assert CliRunner().invoke(bakeoff.cli.main.app, ["--help"]).exit_code == 0
heavy = {"torch", "numpy", "polars", "altair", "sklearn", "scipy", "PIL", "cv2"} & set(sys.modules)
assert not heavy, heavy
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("given", [None, "dirty_decay_ms:100"])
def test_what_polars_frees_is_given_back_unless_the_user_says_otherwise(given: str | None) -> None:
    code = """
import os, sys
from bakeoff.cli.main import main
sys.argv = ["bakeoff", "--version"]
try:
    main()
except SystemExit:
    print(os.environ["_RJEM_MALLOC_CONF"])
"""
    own = {name: value for name, value in os.environ.items() if name != "_RJEM_MALLOC_CONF"}
    environment = own if given is None else own | {"_RJEM_MALLOC_CONF": given}
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, env=environment)
    assert done.stdout.splitlines()[-1] == (given or "dirty_decay_ms:0,muzzy_decay_ms:0")


@pytest.mark.parametrize("command", COMMANDS)
def test_each_command_has_help_with_an_example(command: str) -> None:
    done = CliRunner().invoke(cli.app, [command, "--help"])
    assert done.exit_code == 0
    assert f"Example: bakeoff {command}" in " ".join(done.output.split())


def test_every_command_is_tested_here() -> None:
    assert {
        command.name or command.callback.__name__ for command in cli.app.registered_commands if not command.hidden
    } == set(COMMANDS)


@pytest.mark.slow
def test_the_main_job_from_the_command_line(photos: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    watched = ("--set", "training.tensorboard=true")
    done = bakeoff("run", "demo", *photos, *QUICK, *watched, "--out", "out", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert [entry.name for entry in (tmp_path / "out" / "tensorboard").iterdir()] == ["net1-seed0"]
    assert "Report: out/report/index.html" in done.stdout
    assert "mean validation accuracy" in done.stdout
    stored = json.loads((tmp_path / "out" / "experiment.json").read_text())
    assert stored["command"].startswith("bakeoff run demo --annotations")
    run = str(Path("out") / "runs" / "net1-seed0")
    photo = next((tmp_path / "out" / "dataset" / "images" / "val").rglob("*.jpg"))
    (tmp_path / "broken.jpg").write_bytes(b"x")
    done = bakeoff("predict", run, str(photo), "broken.jpg", "--json", cwd=tmp_path)
    assert done.returncode == 1, "a photo that can't be read"
    good, bad = json.loads(done.stdout)
    assert set(good["probabilities"]) == set(CLASSES)
    assert sum(good["probabilities"].values()) == pytest.approx(1)
    assert bad["error"]
    done = bakeoff("predict", run, str(photo), "--all", cwd=tmp_path)
    assert done.returncode == 0
    assert all(name in done.stdout for name in CLASSES)
    done = bakeoff("predict", run, str(photo), cwd=tmp_path)
    assert [name in done.stdout for name in (*CLASSES, photo.name, str(photo.parent))].count(True) == 2, (
        "class and name"
    )
    done = bakeoff("predict", run, str(photo), "--out", "table.csv", cwd=tmp_path)
    assert "Predictions: table.csv" in done.stdout
    assert (tmp_path / "table.csv").read_text().splitlines()[1].startswith(f"{photo},{good['predicted']},")
    done = bakeoff("predict", run, str(photo), "--out", "table.txt", cwd=tmp_path)
    assert (done.returncode, ".csv or .json" in done.stderr) == (2, True)
    browser = tmp_path / "browser"
    browser.write_text(f'#!/bin/sh\necho "$1" > {tmp_path}/opened\n')
    browser.chmod(0o755)
    monkeypatch.setenv("BROWSER", f"{browser} %s")
    done = bakeoff("report", "out", "out", "--open", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert "Report: bakeoff-report/index.html" in done.stdout
    assert (tmp_path / "opened").read_text().strip() == (tmp_path / "bakeoff-report" / "index.html").as_uri()
    assert {entry.name for entry in (tmp_path / "bakeoff-report" / "experiments").iterdir()} == {"out", "out-2"}


def test_stages_alone(photos: list[str], tmp_path: Path) -> None:
    def invoke(*arguments: str) -> str:
        done = CliRunner().invoke(cli.app, list(arguments), env={"COLUMNS": "200"})
        assert done.exit_code == 0, done.output
        return " ".join(done.output.split())

    out = ["--out", str(tmp_path / "out")]
    assert "160 images" in invoke("inspect", photos[1])
    text = invoke("select", "demo", *photos[:2], *QUICK)
    assert "policy dominant: 8 train + 4 val images per class" in text
    assert "quotas filled" in text
    assert not (tmp_path / "out").exists(), "select without --out writes nothing"
    assert "40 train, 20 val; 0 unreadable photos" in invoke("build", "demo", *photos, *QUICK, *out)
    assert "net1-seed0" in invoke("train", "demo", *photos[:0], *QUICK, *out)
    assert "index.html" in invoke("report", str(tmp_path / "out"))
    text = invoke("improve", "demo", *photos, *QUICK, *out, "--set", "improve.minutes=0.0001")
    assert "net1: what each change gains" in text
    assert "the budget of 0.0001 minutes was used up" in text


def test_audit_exits_with_1_where_a_photo_leaks(photos: list[str], tmp_path: Path) -> None:
    first, second, third = sorted(Path(photos[3]).iterdir())[:3]
    for photo, file in ((first, "cat/x.jpg"), (second, "dog/y.jpg")):
        (tmp_path / "tree" / file).parent.mkdir(parents=True)
        shutil.copy(photo, tmp_path / "tree" / file)
    done = bakeoff("audit", "tree", cwd=tmp_path)
    assert (done.returncode, done.stderr.count("Traceback")) == (0, 0)
    assert "0 photos in both splits or in several classes (leaks)" in done.stdout
    shutil.copy(first, tmp_path / "tree" / "dog" / "[red]z.jpg")
    shutil.copy(third, tmp_path / "tree" / "dog" / third.name)
    done = bakeoff("audit", "tree", "--annotations", photos[1], cwd=tmp_path)
    assert done.returncode == 1
    assert "cat/x.jpg = dog/[red]z.jpg (same bytes)" in done.stdout
    assert "1 photo found in" in done.stdout
    done = bakeoff("audit", "tree", "--annotations", photos[1], "--json", cwd=tmp_path)
    assert done.returncode == 1
    (group,) = json.loads(done.stdout)["duplicates"]
    assert (group["files"], group["across"]) == (["cat/x.jpg", "dog/[red]z.jpg"], ["classes"])


def test_the_version_is_the_packages() -> None:
    assert CliRunner().invoke(cli.app, ["--version"]).output.strip() == metadata.version("bakeoff")


@pytest.mark.parametrize(
    ("what", "expected"),
    [("networks", "net3-tied"), ("policies", "first-fit"), ("presets", "hw4-2024"), ("findings", "padding")],
)
def test_lists(what: str, expected: str) -> None:
    done = CliRunner().invoke(cli.app, ["list", what], env={"COLUMNS": "200"})
    assert done.exit_code == 0
    assert expected in done.output


def test_list_networks_shows_parameters_macs_and_receptive_field() -> None:
    lines = CliRunner().invoke(cli.app, ["list", "networks"], env={"COLUMNS": "200"}).output.splitlines()
    row = next(line for line in lines if "net3-tied" in line)
    assert "539,013" in row
    assert "90 px" in row


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["index", "instances.json"], "bakeoff inspect"),
        (["run", "hw4-2042"], "unknown preset 'hw4-2042'. Did you mean"),
        (["run", "demo", "--set", "training.epochs=-1"], "training.epochs = -1: expected int >= 1"),
        (["run", "demo"], "give --annotations FILE and --images FOLDER"),
        (["select", "demo", "--annotations", "nowhere.json"], "nowhere.json"),
        (["report", "nowhere"], "nowhere"),
        (["predict", "nowhere", "x.jpg"], "nowhere"),
        (["list", "colours"], "colours"),
        (["audit", "nowhere"], "nowhere is not a folder"),
        (["audit", "taken"], "taken holds no photos"),
        (["audit", "one"], "one holds one class only, 'cat'"),
        (["audit", "empty"], "holds one class only, 'cat'"),
        (["audit", "fine", "--annotations", "nowhere.json"], "nowhere.json"),
        (["audit", "fine", "--cluster", "somewhere"], "'somewhere' is no address of a Ray cluster"),
        (["demo", "--out", "taken"], "holds something else"),
    ],
)
def test_bad_input_is_one_message_and_exit_code_2(tmp_path: Path, arguments: list[str], message: str) -> None:
    (tmp_path / "taken").mkdir()
    (tmp_path / "taken" / "thesis.tex").write_text("")
    for photo in ("one/cat/a.jpg", "empty/cat/a.jpg", "empty/dog/notes.txt", "fine/cat/a.jpg", "fine/dog/b.jpg"):
        (tmp_path / photo).parent.mkdir(parents=True)
        (tmp_path / photo).write_bytes(b"")
    done = bakeoff(*arguments, cwd=tmp_path)
    assert done.returncode == 2
    assert message in " ".join(done.stderr.split())
    assert "Traceback" not in done.stderr
