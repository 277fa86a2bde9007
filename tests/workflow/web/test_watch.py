"""The page that watches an experiment grow: what it says, and that it updates by itself in a real browser."""

import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from urllib.error import HTTPError
from urllib.request import Request, urlopen

import msgspec
import pytest

pytest.importorskip("starlette", reason="bakeoff[serve] is not installed")
pytest.importorskip("uvicorn", reason="bakeoff[serve] is not installed")

from playwright.sync_api import Browser, expect

from bakeoff.core.errors import StorageError
from bakeoff.training.run import BatchLog, EpochLog
from bakeoff.workflow.web.watch import NOTHING_YET, Watcher

RUN = "net2-seed0"
WAIT = 60_000
"""Milliseconds for what takes a second on an idle machine."""


@pytest.fixture
def growing(finished: Path, tmp_path: Path) -> Path:
    """The finished experiment with one of its runs still under way."""
    folder = Path(shutil.copytree(finished, tmp_path / "<b>out"))
    shutil.move(folder / "runs" / RUN, tmp_path / RUN)
    shutil.rmtree(folder / "report")
    log = (BatchLog(1, 8, 1.5), EpochLog(1, 1.5, 0.3, 1.4, 0.25, {}, {}, 1.0))
    state = folder / "checkpoints" / RUN / "state.json"
    state.parent.mkdir(parents=True)
    state.write_bytes(msgspec.json.encode({"spec": {"recipe": {"epochs": 4}}, "log": log}))
    return folder


def test_what_has_ended_is_reported_and_what_runs_is_named(growing: Path) -> None:
    watcher = Watcher(growing)
    assert watcher.report() == NOTHING_YET
    state = watcher.state()
    assert state["ended"] == "1 of 2 runs have ended."
    assert state["running"] == [{"name": RUN, "status": "epoch 1 of 4, loss 1.500, validation 25.0 %"}]
    assert "net2, seed 0: was not run yet" in watcher.report()
    assert watcher.state()["version"] == state["version"]
    shutil.move(growing.parent / RUN, growing / "runs" / RUN)
    shutil.rmtree(growing / "checkpoints")
    after = watcher.state()
    assert (after["ended"], after["running"]) == ("2 of 2 runs have ended.", [])
    assert after["version"] != state["version"]
    assert "was not run yet" not in watcher.report()


def test_a_folder_may_be_empty_yet_but_nothing_else(tmp_path: Path) -> None:
    state = Watcher(tmp_path / "later").state()
    assert (state["ended"], state["running"], state["problem"]) == ("Nothing is trained here yet.", [], "")
    (tmp_path / "notes.txt").write_text("mine")
    with pytest.raises(StorageError, match=r"holds|no experiment"):
        Watcher(tmp_path)


def test_a_record_that_was_altered_is_told_on_the_page(growing: Path) -> None:
    with (growing / "runs" / "net1-seed0" / "run.json").open("ab") as file:
        file.write(b" ")
    assert "run.json" in str(Watcher(growing).state()["problem"])


@pytest.mark.parametrize("raw", [b"", b'{"deep": ' + b"[" * 100_000, b'{"spec": {}, "log": []}'])
def test_a_checkpoint_that_is_damaged_is_no_run_under_way(growing: Path, raw: bytes) -> None:
    (growing / "checkpoints" / RUN / "state.json").write_bytes(raw)
    state = Watcher(growing).state()
    assert (state["running"], state["problem"]) == ([], "")


def test_another_site_gets_nothing(growing: Path, url: str) -> None:
    with pytest.raises(HTTPError, match="403"):
        urlopen(Request(f"{url}state", headers={"Host": "evil.example"}))
    with urlopen(url) as page:
        assert "&lt;b&gt;out" in page.read().decode()
        assert "default-src 'none'" in page.headers["content-security-policy"]
    with urlopen(f"{url}report") as report:
        assert report.headers["content-security-policy"] == "frame-ancestors 'self'"


@pytest.fixture
def url(growing: Path) -> Iterator[str]:
    """The address that the command prints."""
    code = "from bakeoff.cli.main import main; main()"
    command = [sys.executable, "-c", code, "watch", str(growing), "--port", "0"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as running:
        try:
            assert running.stdout
            found = re.search(r"http://127\.0\.0\.1:\d+/", running.stdout.readline())
            assert found
            yield found[0]
        finally:
            running.kill()


def test_the_page_updates_by_itself(growing: Path, url: str, browser: Browser) -> None:
    problems: list[str] = []
    page = browser.new_page(viewport={"width": 1280, "height": 900})
    page.on("console", lambda message: problems.append(message.text))
    page.on("pageerror", lambda error: problems.append(str(error)))
    page.goto(url)
    expect(page.locator("#running li")).to_have_text(
        f"{RUN}: epoch 1 of 4, loss 1.500, validation 25.0 %", timeout=WAIT
    )
    shutil.move(growing.parent / RUN, growing / "runs" / RUN)
    shutil.rmtree(growing / "checkpoints")
    expect(page.locator("#ended")).to_have_text("2 of 2 runs have ended.", timeout=WAIT)
    report = page.frame_locator("#report")
    expect(report.locator("h1")).to_be_visible(timeout=WAIT)
    expect(report.get_by_text("was not run yet")).to_have_count(0, timeout=WAIT)
    expect(page.locator("#running li")).to_have_count(0)
    page.close()
    assert problems == []
