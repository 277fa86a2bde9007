"""Fuzzing guided by coverage: the two readers under atheris (libFuzzer), where it installs.

    python benchmarks/fuzz_guided.py [--minutes N]

installs atheris beside this environment, and gives each reader half of the time, in a process of its own that is ended
by more than 2 GiB of memory or 30 seconds for one input. Begins with the valid files of `fuzz.py`. An input that raises
any other error than the reader's own is kept as `crash-*`. Writes `benchmarks/results/fuzz-guided.json` and
`fuzz-guided.md`.
"""

import argparse
import contextlib
import os
import re
import subprocess
import sys
import tempfile
from pathlib import Path

RESULTS = Path(__file__).parent / "results"
READERS = ("images", "instances files")
LIMITS = ("-rss_limit_mb=2048", "-timeout=30", "-max_len=20000", "-print_final_stats=1", "-verbosity=1")


def main() -> None:
    """Runs both readers, or with `--worker` one of them."""
    if sys.argv[1:2] == ["--worker"]:
        work(sys.argv[2], Path(sys.argv[3]), sys.argv[4])
        return
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--minutes", type=float, default=20)
    asked = parser.parse_args()
    from bakeoff.core.storage import write_json
    from bakeoff.core.types import Environment

    with tempfile.TemporaryDirectory() as folder:
        pip = [sys.executable, "-m", "pip", "install", "--quiet", "--target", f"{folder}/atheris", "atheris"]
        if subprocess.run(pip, check=False).returncode:
            sys.exit("atheris does not install here")
        found = {reader: guided(reader, Path(folder), round(30 * asked.minutes)) for reader in READERS}
    result = {"environment": Environment.current(), "minutes": asked.minutes, "readers": found}
    write_json(RESULTS / "fuzz-guided.json", result)
    (RESULTS / "fuzz-guided.md").write_text("\n".join(page(result)) + "\n")
    sys.exit(any(row["failed"] for row in found.values()))


def guided(reader: str, folder: Path, seconds: int) -> dict:
    """What libFuzzer tells of one reader."""
    environment = {**os.environ, "PYTHONPATH": f"{folder}/atheris{os.pathsep}{os.environ.get('PYTHONPATH', '')}"}
    command = [sys.executable, __file__, "--worker", reader, str(folder / reader), str(seconds)]
    ended = subprocess.run(command, env=environment, capture_output=True, text=True, errors="replace", check=False)
    stats = dict(re.findall(r"stat::(\w+):\s+(\d+)", ended.stderr))
    covered = re.findall(r"cov: (\d+)", ended.stderr)
    if not stats or not covered:
        sys.exit(ended.stderr[-2000:])
    return {
        "tried": int(stats["number_of_executed_units"]),
        "branches": [int(covered[0]), int(covered[-1])],
        "slowest": int(stats["slowest_unit_time_sec"]),
        "peak": int(stats["peak_rss_mb"]),
        "failed": ended.returncode != 0,
    }


def work(reader: str, corpus: Path, seconds: str) -> None:
    """Runs until the time is over or an input fails; does not return."""
    import atheris
    import numpy as np

    with atheris.instrument_imports():
        from fuzz import AnnotationsError, ImageError, instances, photos, read_image
        from fuzz import reader as instances_reader

    draws = np.random.default_rng(0)
    corpus.mkdir()
    valid = photos(draws) if reader == "images" else [instances(draws)]
    for number, raw in enumerate(valid):
        (corpus / f"valid-{number}").write_bytes(raw)
    read = read_image if reader == "images" else instances_reader(corpus.with_suffix(".json"))

    def attempt(raw: bytes) -> None:
        with contextlib.suppress(ImageError, AnnotationsError):
            read(raw)

    atheris.Setup([sys.argv[0], str(corpus), f"-max_total_time={seconds}", *LIMITS], attempt)
    atheris.Fuzz()


def page(result: dict) -> list[str]:
    """The results as Markdown."""
    environment = result["environment"]
    versions = ", ".join(f"{name} {environment.versions[name]}" for name in ("bakeoff", "numpy", "pillow"))
    return [
        "# Hostile files that are led by coverage",
        "",
        f"Written by `benchmarks/fuzz_guided.py`, {result['minutes']:g} minutes. Made with Python "
        f"{environment.python}, {environment.platform}, {environment.processors} processors; {versions}. Branches are "
        "those of Python code; the decoders' code in C does not lead the search.",
        "",
        "| reader | inputs | branches, first and last | slowest, s | peak memory, MiB | ended by a failure |",
        "|---|---|---|---|---|---|",
        *(
            f"| {name} | {row['tried']:,} | {row['branches'][0]}, {row['branches'][1]} | {row['slowest']} "
            f"| {row['peak']} | {'yes' if row['failed'] else 'no'} |"
            for name, row in result["readers"].items()
        ),
    ]


if __name__ == "__main__":
    main()
