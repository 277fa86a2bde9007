"""Choose images by each policy on the drawn sample and print how ambiguous each selection is; no photo is read."""

import tempfile
from pathlib import Path

import bakeoff

CLASSES = ("ball", "cup", "fish", "kite")


def main() -> None:
    """Draws a sample and prints a line per policy."""
    with tempfile.TemporaryDirectory() as folder:
        annotations, _ = bakeoff.draw_sample(Path(folder) / "sample", images=500)
        index = bakeoff.read_coco(annotations)
        for policy in ("balanced", "exclusive", "dominant", "random", "first-fit"):
            chosen = bakeoff.select(index, classes=CLASSES, policy=policy, train_per_class=15, val_per_class=5).chosen
            several = (chosen["annotated"].list.len() > 1).sum()
            print(f"{policy:<10} {several:>3} of {chosen.height} images hold several classes")


if __name__ == "__main__":
    main()
