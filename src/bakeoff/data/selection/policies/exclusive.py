"""Only unambiguous images."""

import numpy as np

from bakeoff.core.registry import policies
from bakeoff.data.selection.assignment import Assignment, Quotas, fill_in_turn, random_order
from bakeoff.data.selection.candidates import Candidates


@policies.register("exclusive")
def exclusive(candidates: Candidates, quotas: Quotas, generator: np.random.Generator) -> Assignment:
    """Only images in which exactly one target class is annotated, in a seeded random order.

    Crowd annotations and those below `min_area` count against an image here: it shows the other class all the same.
    """
    alone = candidates.annotated.sum(axis=1, keepdims=True) == 1
    order = random_order(len(candidates.image_ids), generator)
    return fill_in_turn(candidates.holds & alone, order, quotas, "several target classes annotated")
