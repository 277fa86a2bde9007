"""One label per photo against all of its classes, on real COCO photos of which many show several classes.

    python benchmarks/multilabel.py OUT [--seeds N]

reads `coco64/` in the folder that BAKEOFF_DATA names (default ../shared/data). Two experiments on the same photos: net2
trained on the label and on all classes; and net1, net2, net3 and the baseline all trained on all classes. Writes
`benchmarks/results/multilabel.json` and `multilabel.md`.
"""

import argparse
import json
import os
from pathlib import Path

import bakeoff
from bakeoff.core.storage import write_json
from bakeoff.core.types import Environment
from bakeoff.report.formatting import difference, estimate

RESULTS = Path(__file__).parent / "results"
CLASSES = "person,dining table,pizza,chair,car"
SETTINGS = (
    f"data.classes={CLASSES}",
    "data.policy=balanced",
    "data.train_per_class=260",
    "data.val_per_class=90",
    "training.epochs=15",
    "training.batch_size=4",
)
EXPERIMENTS = {
    "One label and all classes": (
        "training.networks=net2",
        "variants.net2-all-classes.network=net2",
        "variants.net2-all-classes.task=multilabel",
    ),
    "All classes": ("training.networks=net1,net2,net3,majority", "training.task=multilabel"),
}


def main() -> None:
    """Runs what is missing in the folder OUT and writes the results."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("out", type=Path)
    parser.add_argument("--seeds", type=int, default=5)
    asked = parser.parse_args()
    data = Path(os.environ.get("BAKEOFF_DATA", "../shared/data")) / "coco64"
    paths = (f"data.annotations={data / 'instances.json'}", f"data.images={data / 'images'}")
    environment, summaries, lines = Environment.current(), {}, []
    for number, (title, networks) in enumerate(EXPERIMENTS.items()):
        overrides = [*SETTINGS, *paths, *networks, f"training.seeds={asked.seeds}"]
        experiment = bakeoff.run("hw4-2023", overrides=overrides, out=asked.out / str(number))
        summaries[title] = json.loads((experiment.report_folder / "summary.json").read_text())
        lines += ["", f"## {title}", "", *_page(experiment)]
    write_json(RESULTS / "multilabel.json", {"environment": environment, "settings": SETTINGS, "summaries": summaries})
    (RESULTS / "multilabel.md").write_text("\n".join([*_head(experiment, environment), *lines]) + "\n")


def _head(experiment: bakeoff.Experiment, environment: Environment) -> list[str]:
    counts, rows = experiment.dataset.info.counts, experiment.dataset.rows("val")
    several = (rows["annotated"].list.len() > 1).mean()
    versions = ", ".join(f"{name} {version}" for name, version in environment.versions.items())
    return [
        "# All classes of a photo",
        "",
        f"Classes {CLASSES.replace(',', ', ')}; {counts['train']:,} training and {counts['val']:,} validation photos "
        f"of coco64, of which {100 * several:.0f} % show several of the classes. Written by "
        "`benchmarks/multilabel.py`. Means over the seeds that trained, with 95 % intervals over seeds and photos.",
        "",
        f"Made with Python {environment.python}, {environment.platform}, {environment.processors} processors; "
        f"{versions}.",
    ]


def _page(experiment: bakeoff.Experiment) -> list[str]:
    comparison = experiment.comparison
    exact = comparison.scoring == "exact match"
    rows = [
        f"| {one.name} | {len(one.trained)} of {len(one.runs)} | {estimate(one.val_accuracy)} | "
        f"{estimate(one.any_label_accuracy)} | {estimate(one.mean_average_precision)} | {estimate(one.macro_f1)} |"
        for one in comparison.networks
    ]
    return [
        f"| network | trained | {'exact match' if exact else 'label'} | most likely class annotated | mAP | macro F1 |",
        "|---|---|---|---|---|---|",
        *rows,
        "",
        *(
            f"- {pair.statement} mAP: {difference(pair.precision_difference)} points."
            for pair in comparison.pairs
            if pair.precision_difference.mean is not None
        ),
    ]


if __name__ == "__main__":
    main()
