"""The policy of homework scripts."""

from collections.abc import Mapping

import numpy as np

from bakeoff.core.registry import policies
from bakeoff.data.selection.assignment import Assignment, fill_in_turn
from bakeoff.data.selection.candidates import Candidates


@policies.register("first-fit")
def first_fit(candidates: Candidates, quotas: Mapping[str, int], generator: np.random.Generator) -> Assignment:
    """For each split, then each class in turn: the first unused images by ascending id that hold the class."""
    return fill_in_turn(candidates.holds, np.arange(len(candidates.image_ids)), quotas)
