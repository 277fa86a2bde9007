"""Plug-ins of another package, found by entry points, and those that a script registers; worker processes know them."""

import os
import subprocess
import sys
from collections.abc import Callable, Mapping
from pathlib import Path

import msgspec
import pytest

from bakeoff.workflow.experiment import Experiment

MODULE = '''
"""A package that adds one plug-in of each kind."""

from pathlib import Path

import torch

from bakeoff.core.registry import executors, policies
from bakeoff.findings.finding import Finding
from bakeoff.report.contents import Section


class Flat(torch.nn.Module):
    """A linear layer."""

    def __init__(self, num_classes, image_size):
        super().__init__()
        self.layer = torch.nn.Linear(3 * image_size**2, num_classes)

    def forward(self, images):
        return self.layer(images.flatten(1))


def last(candidates, quotas, generator):
    """What first-fit does, under another name."""
    return policies["first-fit"](candidates, quotas, generator)


def size(results):
    """How many runs there are."""
    runs = len(results.runs)
    return Finding("size", "Size", "How many runs?", "found", f"{runs} runs.", "None.", {"runs": runs}, 1)


def greeting(case):
    """A greeting."""
    return Section("Greeting", "extra:greeting.html", {"count": len(case.runs)})


def in_turn(jobs, workers, monitor):
    """One after the other."""
    print("in turn")
    yield from executors["serial"](jobs, workers, monitor)


class Shelf:
    def __init__(self, root):
        self.root = Path(root)

    def prepare(self, urls):
        return self

    def read(self, file_name):
        return (self.root / file_name).read_bytes()

    def describe(self):
        return "shelf"


def shelf(images, downloads):
    """Photos on a shelf."""
    return Shelf(images.removeprefix("shelf://")) if images.startswith("shelf://") else None
'''
POINTS = {
    "networks": "flat = extra:Flat",
    "policies": "last = extra:last",
    "findings": "size = extra:size",
    "sections": "55-greeting = extra:greeting",
    "executors": "in-turn = extra:in_turn",
    "sources": "shelf = extra:shelf",
}
BROKEN = {**dict.fromkeys(POINTS, ""), "networks": "broken = extra:missing", "policies": "gone = nowhere:policy"}
SCRIPT = """
import sys

import torch

import bakeoff
from bakeoff.core.registry import networks


@networks.register("mine")
class Mine(torch.nn.Sequential):
    def __init__(self, num_classes, image_size):
        super().__init__(torch.nn.Flatten(), torch.nn.Linear(3 * image_size**2, num_classes))


if __name__ == "__main__":
    bakeoff.run("demo", out="out", overrides=sys.argv[1:])
"""
Python = Callable[..., "subprocess.CompletedProcess[str]"]


def install(site: Path, points: Mapping[str, str]) -> None:
    """Lays the package there as pip would."""
    info = site / "extra_plugins-1.0.dist-info"
    info.mkdir(parents=True)
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: extra-plugins\nVersion: 1.0\n")
    (info / "entry_points.txt").write_text("".join(f"[bakeoff.{kind}]\n{line}\n" for kind, line in points.items()))
    package = site / "extra"
    package.mkdir()
    (package / "__init__.py").write_text(MODULE)
    (package / "greeting.html").write_text("<p>Hello from {{ values.count }} runs.</p>\n")


@pytest.fixture
def python(tmp_path: Path) -> Python:
    """Runs Python in `tmp_path`, which has the packages of `tmp_path/site`."""
    paths = [str(tmp_path / "site"), *filter(None, [os.environ.get("PYTHONPATH", "")])]
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(paths), "COLUMNS": "200"}

    def run(*arguments: str) -> "subprocess.CompletedProcess[str]":
        return subprocess.run(
            [sys.executable, *arguments],
            capture_output=True,
            text=True,
            cwd=tmp_path,
            env=environment,
            check=False,
            timeout=300,
        )

    return run


def overrides(sample: Path, *more: str) -> list[str]:
    """The settings of a quick experiment on the drawn data set."""
    return [
        f"data.annotations={sample / 'instances.json'}",
        f"data.images={sample / 'images'}",
        *("data.train_per_class=8", "data.val_per_class=4", "data.size=16", "data.workers=1", "training.epochs=1"),
        *more,
    ]


def options(values: list[str]) -> list[str]:
    return [part for value in values for part in ("--set", value)]


def test_one_plugin_of_each_kind_of_another_package_is_run_by_the_command(
    python: Python, sample: Path, tmp_path: Path
) -> None:
    install(tmp_path / "site", POINTS)
    asked = overrides(
        sample, f"data.images=shelf://{sample / 'images'}", "data.policy=last", "training.networks=flat,net1"
    )
    command = ("-m", "bakeoff", "run", "demo", "--out", "out", *options(asked))
    done = python(*command, "--set", "training.executor=in-turn")
    assert done.returncode == 0, done.stderr
    assert "in turn" in done.stdout
    made = Experiment(tmp_path / "out")
    assert made.dataset.info.selection.config.policy == "last"
    assert made.dataset.info.photos == "shelf"
    assert {run.spec.network: run.finished for run in made.runs} == {"flat": True, "net1": True}
    stored = msgspec.json.decode((tmp_path / "out" / "findings.json").read_bytes())["findings"]
    assert [finding["evidence"] for finding in stored if finding["code"] == "size"] == [{"runs": 2}]
    assert "Hello from 2 runs." in (tmp_path / "out" / "report" / "index.html").read_text(encoding="utf-8")


def test_worker_processes_know_the_network_of_another_package_and_that_of_a_script(
    python: Python, sample: Path, tmp_path: Path
) -> None:
    install(tmp_path / "site", POINTS)
    (tmp_path / "script.py").write_text(SCRIPT)
    done = python("script.py", *overrides(sample, "training.networks=flat,mine", "training.executor=processes"))
    assert done.returncode == 0, done.stderr
    assert {run.spec.network: run.finished for run in Experiment(tmp_path / "out").runs} == {
        "flat": True,
        "mine": True,
    }


def test_what_an_interactive_session_registers_is_refused_where_worker_processes_need_it(
    python: Python, sample: Path, tmp_path: Path
) -> None:
    done = python("-c", SCRIPT, *overrides(sample, "training.networks=mine", "training.executor=processes"))
    assert done.returncode != 0
    last = done.stderr.strip().splitlines()[-1]
    assert "ConfigError" in last
    assert "training.executor" in last


def test_a_broken_plugin_is_an_error_that_names_its_package_where_it_is_asked_for(
    python: Python, sample: Path, tmp_path: Path
) -> None:
    install(tmp_path / "site", BROKEN)
    for kind, name, intact in (("networks", "broken", "net1"), ("policies", "gone", "balanced")):
        listed = python("-m", "bakeoff", "list", kind)
        assert listed.returncode == 0, listed.stderr
        assert "extra-plugins" in listed.stdout
        assert {name, intact} <= set(listed.stdout.split())
    select = ("-m", "bakeoff", "select", "demo", *options(overrides(sample)))
    assert python(*select).returncode == 0, "what is not asked for disturbs nothing"
    for key, name in (("data.policy", "gone"), ("training.networks", "broken")):
        done = python("-m", "bakeoff", "run", *select[3:], "--out", "out", "--set", f"{key}={name}")
        assert done.returncode == 2
        assert "Traceback" not in done.stderr
        assert {"extra-plugins", name} <= set(done.stderr.replace("'", " ").replace(".", " ").split())
        assert not (tmp_path / "out").exists()
