"""What a release holds: every file of the package, and a bill of all that it is tested with."""

import json
import re
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]

pytest.importorskip("hatchling", reason="builds need hatchling")


def test_the_wheel_holds_every_file_of_the_package(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "hatchling", "build", "--target", "wheel", "--directory", str(tmp_path)]
    subprocess.run(command, cwd=ROOT, check=True, capture_output=True)
    with zipfile.ZipFile(next(tmp_path.glob("bakeoff-*.whl"))) as wheel:
        held = {name for name in wheel.namelist() if name.startswith("bakeoff/")}
    files = (path for path in (ROOT / "src" / "bakeoff").rglob("*") if path.is_file())
    own = {path.relative_to(ROOT / "src").as_posix() for path in files if "__pycache__" not in path.parts}
    assert held == own
    assert "bakeoff/py.typed" in held


def test_the_bill_of_materials_names_all_that_is_locked() -> None:
    command = [sys.executable, str(ROOT / ".ci" / "supply_chain.py"), "sbom"]
    bill = json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout)
    locked = re.findall(r"^([\w.-]+)==([^ ;\\]+)", (ROOT / "requirements.lock").read_text(), re.M)
    named = {(own["name"], own["version"]): own for own in bill["components"]}
    assert named.keys() - {*locked} == {own for own in named if own[0] == "torch"}
    assert {*locked} <= named.keys()
    assert all(named[own]["hashes"] for own in locked)
    assert bill["metadata"]["component"]["name"] == "bakeoff"
