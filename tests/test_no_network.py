"""Nothing needs a network, and nothing is sent: the demo in a network namespace that has no interface."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ALONE = ("unshare", "--user", "--map-root-user", "--net")


@pytest.mark.slow
def test_the_demo_runs_without_any_network(tmp_path: Path) -> None:
    if not shutil.which("unshare") or subprocess.run([*ALONE, "true"], capture_output=True, check=False).returncode:
        pytest.skip("no network namespace can be made here")
    bakeoff = [*ALONE, sys.executable, "-c", "from bakeoff.cli.main import main; main()"]
    done = subprocess.run(
        [*bakeoff, "demo", "--out", str(tmp_path / "demo")], capture_output=True, text=True, check=False, env=os.environ
    )
    assert done.returncode == 0, done.stderr
    assert (tmp_path / "demo" / "report" / "index.html").exists()
