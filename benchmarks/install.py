"""How large an installation is, and how long it takes: bakeoff with torch's CPU build.

    python benchmarks/install.py [--cpu REQUIREMENT …]

`--cpu` is what pip is told to install for the CPU build; without it `torch --index-url https://download.pytorch.org/whl/cpu`.
Nothing is taken from pip's cache. Writes `benchmarks/results/install.json` and `install.md`.
"""

import argparse
import json
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).parents[1]
RESULTS = Path(__file__).parent / "results"
CPU = "https://download.pytorch.org/whl/cpu"


def main() -> None:
    """Installs, measures, writes."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--cpu", nargs="+", default=["torch", "--index-url", CPU])
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        venv = Path(folder)
        subprocess.run([sys.executable, "-m", "venv", folder], check=True)
        rows = [
            measure(venv, "torch, CPU build", options.cpu),
            measure(venv, "bakeoff and what else it needs", [str(ROOT)]),
        ]
        packages = [f"{name} {version(venv, name)}" for name in ("torch", "polars", "scipy", "opencv-python-headless")]
    (RESULTS / "install.json").write_text(json.dumps({"rows": rows, "packages": packages}, indent=1) + "\n")
    table = "".join(f"| {row['what']} | {row['megabytes']:,} | {row['seconds']} |\n" for row in rows)
    (RESULTS / "install.md").write_text(
        "# Installation\n\nWritten by `benchmarks/install.py`: a fresh virtual environment, nothing cached; seconds "
        "depend on the network and on what else the machine does.\n\n"
        f"Made with Python {sys.version.split()[0]}, {sys.platform}; {', '.join(packages)}.\n\n"
        f"| installed | MB on disk | seconds |\n|---|---|---|\n{table}"
    )


def measure(venv: Path, what: str, wanted: list[str]) -> dict[str, object]:
    """Installs it; by how much the environment grows, in MB of 10^6 bytes, and how long it takes."""
    before, start = size(venv), time.perf_counter()
    subprocess.run([venv / "bin/pip", "install", "--quiet", "--no-cache-dir", *wanted], check=True)
    return {
        "what": what,
        "megabytes": round((size(venv) - before) / 1e6),
        "seconds": round(time.perf_counter() - start),
    }


def size(folder: Path) -> int:
    """Bytes of all files in it."""
    return sum(path.stat().st_size for path in folder.rglob("*") if path.is_file() and not path.is_symlink())


def version(venv: Path, name: str) -> str:
    """The version that was installed."""
    code = f"from importlib.metadata import version; print(version({name!r}))"
    return subprocess.run([venv / "bin/python", "-c", code], check=True, capture_output=True, text=True).stdout.strip()


if __name__ == "__main__":
    main()
