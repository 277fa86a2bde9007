"""The homework's networks on 4,500 real COCO photos at 64 x 64: what the README's results section quotes.

    python benchmarks/coco64.py OUT [--seeds N] [--networks A,B,…]

reads `coco64/` in the folder that BAKEOFF_DATA names (default ../shared/data), runs what is missing in the folder OUT,
measures with three seeds what would make net2 better, and writes `benchmarks/results/coco64.json` and `coco64.md`.
"""

import argparse
import json
import os
from pathlib import Path

import bakeoff
from bakeoff.core.storage import write_json
from bakeoff.core.types import Environment, Estimate, Interval
from bakeoff.report.formatting import bounds, difference, estimate, percent

RESULTS = Path(__file__).parent / "results"
SETTINGS = (
    "data.train_per_class=700",
    "data.val_per_class=200",
    "training.epochs=15",
    "training.batch_size=4",
)
HEAD = (
    "Means over the seeds that trained, with 95 % intervals: of training over seeds, else over seeds and photos. "
    "Failed: seeds that did not learn, with the exact interval.",
    "",
    "| network | parameters | training | validation | any label | failed |",
    "|---|---|---|---|---|---|",
)
IMPROVED = ("training.networks=net2", "training.seeds=3", "improve.network=net2")


def main() -> None:
    """Runs the experiment and writes its results."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("out", type=Path)
    parser.add_argument("--seeds", default="5")
    parser.add_argument("--networks", default="net1,net2,net3,net3-tied,net3-he,net3-bn,net3-skip,linear,majority")
    options = parser.parse_args()
    data = Path(os.environ.get("BAKEOFF_DATA", "../shared/data")) / "coco64"
    overrides = [
        *SETTINGS,
        f"data.annotations={data / 'instances.json'}",
        f"data.images={data / 'images'}",
        f"training.networks={options.networks}",
        f"training.seeds={options.seeds}",
    ]
    command = f"bakeoff run hw4-2023 {_sets(overrides)}"
    experiment = bakeoff.run("hw4-2023", overrides=overrides, out=options.out, command=command)
    page = experiment.report_folder / "index.html"
    bakeoff.improve("hw4-2023", overrides=[*overrides, *IMPROVED], out=options.out)
    summary = json.loads((page.parent / "summary.json").read_text())
    environment = Environment.current()
    write_json(RESULTS / "coco64.json", {"environment": environment, "settings": overrides[:4], "summary": summary})
    (RESULTS / "coco64.md").write_text("\n".join(_page(summary, environment)) + "\n")


def _sets(overrides: list[str]) -> str:
    return " ".join(f"--set {override}" for override in overrides)


def _page(summary: dict, environment: Environment) -> list[str]:
    versions = ", ".join(f"{name} {version}" for name, version in environment.versions.items())
    return [
        "# The homework's networks on coco64",
        "",
        f"Classes {', '.join(summary['classes'])}; {summary['dataset']['train']:,} training and "
        f"{summary['dataset']['val']:,} validation photos at 64 × 64, policy `balanced`; Adam 1e-3, betas (0.9, "
        "0.99), 15 epochs, batch 4. Written by `benchmarks/coco64.py`.",
        "",
        f"Made with Python {environment.python}, {environment.platform}, {environment.processors} processors; "
        f"{versions}. Seconds were taken while other work ran on the same machine; they compare nothing.",
        "",
        "## Networks",
        "",
        *HEAD,
        *(network_row(network) for network in summary["networks"]),
        "",
        "## Findings",
        "",
        *(f"- **{finding['question']}** ({finding['state']}) {finding['verdict']}" for finding in summary["findings"]),
        "",
        "## What would make net2 better",
        "",
        summary["improvements"]["statement"],
        "",
        "| change | kind | gain in points (95 %) | to expect | verdict |",
        "|---|---|---|---|---|",
        *(_variant(variant) for variant in summary["improvements"]["changes"]),
        "",
        "## Pairs",
        "",
        *(f"- {pair['statement']}" for pair in summary["pairs"]),
        "",
        "## Runs",
        "",
        "| network | seed | training | validation (95 % over photos) | any label | seconds |",
        "|---|---|---|---|---|---|",
        *(run_row(network["name"], run) for network in summary["networks"] for run in network["runs"]),
    ]


def network_row(network: dict) -> str:
    """A network's line of the table under `HEAD`."""
    kinds = ("train_accuracy", "val_accuracy", "any_label_accuracy")
    cells = " | ".join(_estimate(network[kind]) for kind in kinds)
    rate = network["failures"]
    failed = f"{rate['failed']} of {rate['runs']} ({bounds(Interval(*rate['interval']))} %)"
    return f"| {network['name']} | {network['parameters']:,} | {cells} | {failed} |"


def _estimate(value: dict) -> str:
    return estimate(_as_estimate(value["mean"], value["interval"]))


def _as_estimate(mean: float | None, interval: list | None) -> Estimate:
    return Estimate(mean, Interval(*interval) if interval else None)


def _variant(variant: dict) -> str:
    gain = difference(_as_estimate(variant["gain"], variant["interval"]))
    expected = "–" if variant["expected"] is None else f"{100 * variant['expected']:+.1f}"
    return f"| {variant['what']} | {variant['kind']} | {gain} | {expected} | {variant['verdict']} |"


def run_row(name: str, run: dict) -> str:
    """A run's line: seed, accuracies, seconds."""
    if run["status"] != "finished":
        return f"| {name} | {run['seed']} | {run['status']} | | | {run['seconds']:.0f} |"
    return (
        f"| {name} | {run['seed']} | {percent(run['train_accuracy'])} | {percent(run['val_accuracy'])} "
        f"({bounds(Interval(*run['val_interval']))}) | {percent(run['any_label_accuracy'])} | {run['seconds']:.0f} |"
    )


if __name__ == "__main__":
    main()
