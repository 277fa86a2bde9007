"""Evaluation of many images."""

import subprocess
import sys

import pytest

MIB = 2**20
COUNT = 50
"""Batches."""
GROWTH = f"""
import numpy as np, torch
from pathlib import Path
from bakeoff.config.schema import Recipe
from bakeoff.models.factory import create
from bakeoff.training.batches import Split
from bakeoff.training.device import reproducible, to_device
from bakeoff.training.loop import EVALUATION_BATCH, evaluate

class Repeated(Split):
    def __len__(self):
        return {COUNT} * EVALUATION_BATCH

    def in_order(self, batch_size):
        for _ in range({COUNT}):
            yield self.inputs(slice(None)), self.labels

def resident():
    return 4096 * int(Path("/proc/self/statm").read_text().split()[1])

images = np.zeros((EVALUATION_BATCH, 64, 64, 3), np.uint8)
split = Repeated(images, np.zeros(EVALUATION_BATCH, np.int64), torch.device("cpu"))
with reproducible(0, 1, torch.device("cpu")):
    network = to_device(create("net1", 5, 64), torch.device("cpu"))
    begun = resident()
    logits = evaluate(network, split, Recipe())
assert logits.shape == (len(split), 5) and torch.equal(logits[:EVALUATION_BATCH], logits[-EVALUATION_BATCH:])
print(resident() - begun)
"""


@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")
def test_evaluation_keeps_no_memory_but_the_logits() -> None:
    grown = int(subprocess.run([sys.executable, "-c", GROWTH], capture_output=True, text=True, check=True).stdout)
    assert grown < 64 * MIB  # kept batch by batch, the logits held 100 to 270 MiB back
