"""What a policy answers where the split of each image is fixed, and where every image is taken."""

from collections.abc import Mapping

import numpy as np
import numpy.typing as npt

from bakeoff.config.data import SelectionConfig
from bakeoff.core.errors import SelectionError, unknown_name
from bakeoff.core.registry import policies
from bakeoff.core.types import TRAIN, VAL
from bakeoff.data.selection.assignment import EVERY, NONE, Assignment, Quotas
from bakeoff.data.selection.candidates import ANY, Candidates

VAL_FRACTION = 0.2


def amounts(config: SelectionConfig) -> Quotas:
    """The images of each class for each split, int64 (K,); `EVERY` for all.

    Raises:
        SelectionError: A table of quotas leaves out a class, or names another.
    """
    return {split: _amounts(f"data.{split}_per_class", quota, config) for split, quota in config.quotas.items()}


def _amounts(key: str, quota: object, config: SelectionConfig) -> npt.NDArray[np.int64]:
    if isinstance(quota, Mapping):
        for name in quota:
            if name not in config.classes:
                raise SelectionError(f"{key}: {unknown_name('class', name, config.classes)}")
        if missing := [name for name in config.classes if name not in quota]:
            raise SelectionError(f"{key} has no number for class {missing[0]!r}; give one for each class.")
        return np.array([quota[name] for name in config.classes], dtype=np.int64)
    return np.full(len(config.classes), quota if isinstance(quota, int) else EVERY, dtype=np.int64)


def val_fraction(config: SelectionConfig) -> float:
    """The fraction of each class's images that is for validation, where no number is given."""
    return config.val_per_class if isinstance(config.val_per_class, float) else VAL_FRACTION


def assign(
    candidates: Candidates, quotas: Quotas, policy_name: str, seed: int, fraction: float = VAL_FRACTION
) -> Assignment:
    """What a policy answers; an image whose split is fixed is taken for that split only.

    Where images are not bound to a split and all are asked for, the policy labels as many as it can; then
    each class's are divided, in the policy's order.

    Args:
        candidates: The images.
        quotas: Images of each class, for each split, in the order of `SPLITS`.
        policy_name: The policy.
        seed: Seeds its random order.
        fraction: Of each class's images for validation, where its quota is `EVERY`.

    Raises:
        ConfigError: There is no such policy.
    """
    policy, generator = policies[policy_name], np.random.default_rng(seed)
    if (candidates.splits == ANY).all():
        if all((quota < EVERY).all() for quota in quotas.values()):
            answer: Assignment = policy(candidates, quotas, generator)
            return answer
        return _divide(policy(candidates, {TRAIN: np.full_like(quotas[TRAIN], EVERY)}, generator), quotas, fraction)
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


def _divide(whole: Assignment, quotas: Quotas, fraction: float) -> Assignment:
    """The labelled images of each class over the splits: what validation and test leave is for training."""
    label, split = whole.label.copy(), np.full_like(whole.split, NONE)
    for klass in range(whole.eligible.shape[1]):
        members = np.flatnonzero(label == klass)
        members = members[np.argsort(whole.order[members])]
        held = {VAL: max(1, round(fraction * len(members)))}
        sizes = {
            name: int(quota[klass]) if quota[klass] < EVERY else held.get(name, 0)
            for name, quota in quotas.items()
            if name != TRAIN
        }
        sizes = {TRAIN: max(0, min(int(quotas[TRAIN][klass]), len(members) - sum(sizes.values()))), **sizes}
        ends = np.cumsum([sizes[name] for name in quotas])
        split[members] = np.searchsorted(ends, np.arange(len(members)), side="right")
    unused = split == len(quotas)
    label[unused], split[unused] = NONE, NONE
    return Assignment(whole.eligible, whole.order, label, split, whole.refusal)
