"""A policy where the split of each image is fixed: it decides for each split among the images of that split."""

from collections.abc import Mapping

import numpy as np

from bakeoff.core.registry import policies
from bakeoff.data.selection.assignment import NONE, Assignment
from bakeoff.data.selection.candidates import ANY, Candidates


def assign(candidates: Candidates, quotas: Mapping[str, int], policy_name: str, seed: int) -> Assignment:
    """What a policy answers; an image whose split is fixed is taken for that split only.

    Args:
        candidates: The images.
        quotas: Images per class, for each split, in the order of `SPLITS`.
        policy_name: The policy.
        seed: Seeds its random order.

    Raises:
        ConfigError: There is no such policy.
    """
    policy, generator = policies[policy_name], np.random.default_rng(seed)
    if (candidates.splits == ANY).all():
        answer: Assignment = policy(candidates, quotas, generator)
        return answer
    count = len(candidates.image_ids)
    order, label, split = (np.full(count, NONE, dtype=np.int64) for _ in range(3))
    eligible, refusal = np.zeros_like(candidates.holds), ""
    for position, (name, quota) in enumerate(quotas.items()):
        rows = np.flatnonzero(candidates.splits == position)
        part: Assignment = policy(candidates[rows], {name: quota}, generator)
        eligible[rows], label[rows], refusal = part.eligible, part.label, part.refusal
        order[rows] = part.order + (candidates.splits < position).sum()
        split[rows] = np.where(part.label == NONE, NONE, position)
    return Assignment(eligible, order, label, split, refusal)
