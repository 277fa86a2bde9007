"""Commands that are killed at random moments of every stage, and repeated: the same bytes as undisturbed.

    python benchmarks/kills.py [--kills N] [--seed N]

runs a small experiment once (selection with its index cache, build, training, comparison and report, `improve`), and
keeps what the disk held before each stage. Then, so many times: a stage is drawn, the command begun from there and
killed (SIGKILL) at a moment drawn from the stage's time; the same command is run to its end, and all that it left is
compared, byte by byte but for wall times. What ends otherwise is kept as `kill-failure-*`. Writes
`benchmarks/results/kills.json` and `kills.md`, every 25 kills, too; a run with another seed is added to those before.
"""

import argparse
import json
import os
import shutil
import signal
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import numpy as np

from bakeoff.config.experiment import ExperimentConfig
from bakeoff.config.loading import load_experiment
from bakeoff.core.storage import write_json
from bakeoff.core.types import Environment
from bakeoff.data.sample import draw_sample
from bakeoff.evaluation import comparison
from bakeoff.findings import diagnose
from bakeoff.report import sections, write
from bakeoff.training import predict, train
from bakeoff.workflow import pipeline
from bakeoff.workflow.improve import improve

sys.path.insert(0, str(Path(__file__).parents[1]))
from tests.test_power_loss import content

LOADED = (comparison, diagnose, predict, sections, train, write)
"""Before the processes fork: what they would spend most of their time with."""
RESULTS = Path(__file__).parent / "results"
SETTINGS = ("data.train_per_class=8", "data.val_per_class=4", "data.size=16", "data.workers=1", "training.epochs=2")
TRAINING = ("training.networks=net1", "training.executor=serial", "training.device=cpu")
STAGES: dict[str, Callable[[ExperimentConfig, Path], object]] = {
    "index and selection": pipeline.select,
    "build": pipeline.build,
    "training": pipeline.train,
    "comparison and report": lambda config, folder: pipeline.write_report(folder),
    "improve": improve,
}
REPORT_EVERY = 25


def main() -> None:
    """Kills and compares."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--kills", type=int, default=1000)
    parser.add_argument("--seed", type=int, default=0)
    asked = parser.parse_args()
    draws, begun = np.random.default_rng(asked.seed), time.perf_counter()
    stored = RESULTS / "kills.json"
    earlier = json.loads(stored.read_text())["runs"] if stored.exists() else []
    earlier = [run for run in earlier if run["seed"] != asked.seed]
    with tempfile.TemporaryDirectory() as name:
        home = Path(name)
        draw_sample(home / "sample", images=160)
        trials = Trials(home)
        while sum(trials.killed.values()) < asked.kills:
            trials.kill(draws)
            if not sum(trials.killed.values()) % REPORT_EVERY:
                report(trials, asked.seed, time.perf_counter() - begun, earlier)
    report(trials, asked.seed, time.perf_counter() - begun, earlier)
    sys.exit(bool(trials.failures))


class Trials:
    """What the disk holds before each stage and after the last, how long a stage takes, and what became of the kills.

    Args:
        home: Holds the drawn sample; for all else, too.
    """

    def __init__(self, home: Path) -> None:
        paths = (f"data.annotations={home / 'sample' / 'instances.json'}", f"data.images={home / 'sample' / 'images'}")
        self.config = load_experiment("demo", [*SETTINGS, *TRAINING, *paths])
        self.home, self.seconds = home, list[float]()
        self.killed: Counter[str] = Counter()
        self.failures: list[str] = []
        root = home / "undisturbed"
        root.mkdir()
        for number in range(len(STAGES)):
            shutil.copytree(root, self.before(number))
            ended, seconds = self.command(root, number)
            assert ended == 0
            self.seconds.append(seconds)
        shutil.copytree(root, self.before(len(STAGES)))

    def before(self, number: int) -> Path:
        """The disk before a stage."""
        return self.home / f"before-{number}"

    def kill(self, draws: np.random.Generator) -> None:
        """Kills one command, repeats it, and compares."""
        number = int(draws.integers(len(STAGES)))
        moment, root = float(draws.uniform(0, self.seconds[number])), self.home / "trial"
        shutil.copytree(self.before(number), root)
        ended, seconds = self.command(root, number, moment)
        if ended == 0:  # it was faster than thought
            self.seconds[number] = (self.seconds[number] + seconds) / 2
        else:
            stage = list(STAGES)[number]
            self.killed[stage] += 1
            again, _ = self.command(root, number)
            if again or content(root) != content(self.before(number + 1)):
                kept = Path(f"kill-failure-{len(self.failures)}")
                shutil.copytree(root, kept)
                self.failures.append(f"{stage}, killed after {moment:.3f} s: {kept}")
        shutil.rmtree(root)

    def command(self, root: Path, number: int, moment: float | None = None) -> tuple[int, float]:
        """All stages up to one, in a process of its own; how it ended, and how many seconds the last stage took.

        With a moment it is killed so many seconds after the last stage began.
        """
        reading, writing = os.pipe()
        process = os.fork()
        if process == 0:
            self._work(root / "out", number, writing)
        os.close(writing)
        os.read(reading, 1)  # the last stage begins, or the command has failed
        begun = time.perf_counter()
        if moment is not None:
            time.sleep(moment)
            os.kill(process, signal.SIGKILL)
        ended = os.waitpid(process, 0)[1]
        os.close(reading)
        return ended, time.perf_counter() - begun

    def _work(self, folder: Path, number: int, writing: int) -> None:
        try:
            for position, stage in enumerate(STAGES.values()):
                if position == number:
                    os.write(writing, b".")
                if position <= number:
                    stage(self.config, folder)
        except BaseException as error:
            print(repr(error), file=sys.stderr, flush=True)
            os._exit(1)
        os._exit(0)


def report(trials: Trials, seed: int, seconds: float, earlier: list[dict]) -> None:
    """Writes what was found so far, beside what earlier runs with other seeds did."""
    run = {
        "environment": Environment.current(),
        "seed": seed,
        "minutes": seconds / 60,
        "kills": dict(trials.killed),
        "seconds of a stage": dict(zip(STAGES, trials.seconds, strict=True)),
        "failures": trials.failures,
    }
    write_json(RESULTS / "kills.json", {"runs": [*earlier, run]})
    (RESULTS / "kills.md").write_text("\n".join(page([*earlier, run])) + "\n")


def page(runs: list[dict]) -> list[str]:
    """The results of all runs as Markdown."""
    environment, seconds = (runs[-1][key] for key in ("environment", "seconds of a stage"))
    versions = ", ".join(f"{name} {environment.versions[name]}" for name in ("bakeoff", "torch", "polars"))
    kills: Counter[str] = sum((Counter(run["kills"]) for run in runs), Counter())
    each = ", ".join(f"{sum(run['kills'].values()):,} with seed {run['seed']}" for run in runs)
    minutes = sum(run["minutes"] for run in runs)
    failures = [failure for run in runs for failure in run["failures"]]
    return [
        "# Commands that were killed",
        "",
        f"Written by `benchmarks/kills.py`: {kills.total():,} kills in {minutes:.0f} minutes, {each}. "
        f"Made with Python {environment.python}, {environment.platform}, {environment.processors} processors; "
        f"{versions}.",
        "",
        f"{len(failures)} of the repeated commands ended otherwise than the undisturbed one.",
        "",
        "| stage | kills | seconds that it takes |",
        "|---|---|---|",
        *(f"| {stage} | {kills[stage]:,} | {took:.1f} |" for stage, took in seconds.items()),
        *(f"\n- {failure}" for failure in failures),
    ]


if __name__ == "__main__":
    main()
