"""Choose images by each policy on the drawn sample and print how ambiguous each selection is; no photo is read."""

import tempfile
from pathlib import Path

import bakeoff
from bakeoff.workflow.catalogue import list_policies


def main() -> None:
    """Draws a sample and prints a line for each policy."""
    with tempfile.TemporaryDirectory() as folder:
        annotations, _ = bakeoff.draw_sample(Path(folder) / "sample", images=500)
        for policy, what in list_policies():
            overrides = [
                f"data.annotations={annotations}",
                f"data.policy={policy}",
                "data.train_per_class=15",
                "data.val_per_class=5",
            ]
            selection = bakeoff.select(bakeoff.load_experiment("demo", overrides))
            several = (selection.chosen["annotated"].list.len() > 1).sum()
            print(f"{policy:<10} {several:>3} of {selection.chosen.height} photos hold several classes. {what}")


if __name__ == "__main__":
    main()
