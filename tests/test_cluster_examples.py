"""The examples of clusters name settings that exist."""

import re
import subprocess
from pathlib import Path

import pytest

from bakeoff.config.loading import load_experiment

ROOT = Path(__file__).parents[1]
EXAMPLES = ROOT / "examples" / "cluster"


def test_the_settings_exist() -> None:
    texts = [path.read_text() for path in [*EXAMPLES.iterdir(), ROOT / "docs" / "cluster.md"]]
    asked = [own for own in re.findall(r"--set (\S+=\S+)", "\n".join(texts)) if "$" not in own and "BUCKET" not in own]
    assert len(asked) > 8
    assert load_experiment("demo", asked).training.executor == "ray"


@pytest.mark.parametrize("script", ["laptop.sh", "slurm.sh"])
def test_the_scripts_are_shell(script: str) -> None:
    done = subprocess.run(["bash", "-n", str(EXAMPLES / script)], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")
