"""The demo as a user runs it: without a network, the results that it gave before, and a page that anyone can read."""

import itertools
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from playwright.sync_api import Browser
from tests.accessibility import scroll_through, violations
from tests.golden_results import compare

from bakeoff.workflow.experiment import Experiment

ALONE = ("unshare", "--user", "--map-root-user", "--net")
"""A network namespace that has no interface."""

SHEETS = range(6, 9)


@pytest.mark.slow
def test_the_demo_needs_no_network_gives_what_it_gave_and_has_a_page_for_all(tmp_path: Path, browser: Browser) -> None:
    """One test: the demo takes its time."""
    made = subprocess.run([*ALONE, "true"], capture_output=True, check=False) if shutil.which(ALONE[0]) else None
    alone = made is not None and made.returncode == 0
    bakeoff = [*(ALONE if alone else ()), sys.executable, "-c", "from bakeoff.cli.main import main; main()"]
    folder = tmp_path / "demo"
    done = subprocess.run([*bakeoff, "demo", "--out", str(folder)], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    compare(folder, "demo")
    check_what_it_shows(Experiment(folder))
    for scheme, width in itertools.product(("light", "dark"), (1280, 390)):
        page = browser.new_page(viewport={"width": width, "height": 900}, color_scheme=scheme)
        page.goto(f"file://{folder / 'report' / 'index.html'}")
        page.wait_for_selector("html.script")
        scroll_through(page)
        assert page.evaluate("document.documentElement.scrollWidth") <= width
        assert violations(page) == []
        assert len(re.findall(rb"/Type /Page\b(?!s)", page.pdf(format="A4"))) in SHEETS
        page.close()
    if not alone:
        pytest.skip("all as it should be, but no network namespace can be made here: it could have used a network")


def check_what_it_shows(made: Experiment) -> None:
    """A better network, an equivalent pair, a network that fails, and a class whose labels are ambiguous."""
    verdicts = {(pair.first, pair.second): pair.verdict for pair in made.comparison.pairs}
    assert verdicts["linear", "net1"] == "second better"
    assert verdicts["linear", "linear-decay"] == "equivalent"
    assert [own.name for own in made.comparison.networks if own.failures.failed == own.failures.runs] == ["net3"]
    findings = {own.code: own for own in made.findings}
    assert findings["hard-classes"].state == findings["ambiguous-labels"].state == "found"
