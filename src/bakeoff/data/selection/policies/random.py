"""First-fit over a seeded shuffle."""

import numpy as np

from bakeoff.core.registry import policies
from bakeoff.data.selection.assignment import Assignment, Quotas, fill_in_turn, random_order
from bakeoff.data.selection.candidates import Candidates


@policies.register("random")
def random(candidates: Candidates, quotas: Quotas, generator: np.random.Generator) -> Assignment:
    """For each split, then each class in turn: unused images that hold the class, in a seeded random order."""
    return fill_in_turn(candidates.holds, random_order(len(candidates.image_ids), generator), quotas)
