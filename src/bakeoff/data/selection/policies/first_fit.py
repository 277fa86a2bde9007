"""The policy of homework scripts."""

import numpy as np

from bakeoff.core.registry import policies
from bakeoff.data.selection.assignment import Assignment, Quotas, fill_in_turn
from bakeoff.data.selection.candidates import Candidates


@policies.register("first-fit")
def first_fit(candidates: Candidates, quotas: Quotas, generator: np.random.Generator) -> Assignment:
    """For each split, then each class in turn: the first unused images by ascending id that hold the class."""
    return fill_in_turn(candidates.holds, np.arange(len(candidates.image_ids)), quotas)
