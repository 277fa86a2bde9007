"""The class that fills most of the image."""

import numpy as np

from bakeoff.core.registry import policies
from bakeoff.data.selection.assignment import Assignment, Quotas, fill_in_turn, random_order
from bakeoff.data.selection.candidates import Candidates


@policies.register("dominant")
def dominant(candidates: Candidates, quotas: Quotas, generator: np.random.Generator) -> Assignment:
    """Each image under the class with the largest annotated area in it, ties dropped, in a seeded random order."""
    areas = np.where(candidates.holds, candidates.areas, -np.inf)
    largest = areas.max(axis=1, keepdims=True, initial=-np.inf)
    leaders = (areas == largest) & candidates.holds
    alone = leaders.sum(axis=1, keepdims=True) == 1
    order = random_order(len(candidates.image_ids), generator)
    return fill_in_turn(leaders & alone, order, quotas, "two target classes cover the same area")
