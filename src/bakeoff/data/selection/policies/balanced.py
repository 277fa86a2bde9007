"""The assignment that fills every quota whenever one exists: a minimum-cost flow."""

import numpy as np
import numpy.typing as npt
from scipy.optimize import linprog
from scipy.sparse import csr_array

from bakeoff.core.registry import policies
from bakeoff.data.selection.assignment import EVERY, NONE, Assignment, Quotas, random_order
from bakeoff.data.selection.candidates import Candidates


@policies.register("balanced")
def balanced(candidates: Candidates, quotas: Quotas, generator: np.random.Generator) -> Assignment:
    """Fills every quota whenever any assignment can, and with as few ambiguous images as that allows.

    A transportation problem from groups of images that hold the same classes to the classes. Its constraint matrix is
    totally unimodular, so that the simplex method ends at whole numbers and the optimum is exact (Ahuja, Magnanti and
    Orlin, Network Flows, 1993, chapter 11). An image costs the number of target classes annotated in it beyond the
    first. Where every image is wanted, each is labelled with the rarest of its classes.
    """
    order = random_order(len(candidates.image_ids), generator)
    label = np.full(len(order), NONE, dtype=np.int64)
    split = np.full(len(order), NONE, dtype=np.int64)
    if all((quota == EVERY).all() for quota in quotas.values()):
        label = _rarest(candidates.holds)
    elif candidates.holds.any():
        _assign_labels(candidates, np.sum(list(quotas.values()), axis=0), order, label)
    ends = np.cumsum(list(quotas.values()), axis=0)
    for klass in range(candidates.holds.shape[1]):
        members = np.flatnonzero(label == klass)
        members = members[np.argsort(order[members])]
        split[members] = np.searchsorted(ends[:, klass], np.arange(len(members)), side="right")
    return Assignment(candidates.holds, order, label, split)


def _rarest(holds: npt.NDArray[np.bool_]) -> npt.NDArray[np.int64]:
    """Of the classes that an image holds the one that the fewest images hold, or -1: int64 (N,)."""
    label = np.full(len(holds), NONE, dtype=np.int64)
    for klass in np.argsort(holds.sum(axis=0), kind="stable")[::-1]:
        label[holds[:, klass]] = klass
    return label


def _assign_labels(
    candidates: Candidates,
    quotas: npt.NDArray[np.int64],
    order: npt.NDArray[np.int64],
    label: npt.NDArray[np.int64],
) -> None:
    """Writes each taken image's class into `label`; the images of a group are taken in the order."""
    extra = candidates.annotated.sum(axis=1, keepdims=True) - 1
    kinds, member_of, sizes = np.unique(
        np.hstack([candidates.holds, extra]), axis=0, return_inverse=True, return_counts=True
    )
    groups, classes = np.nonzero(kinds[:, :-1])
    amounts = _solve(groups, classes, kinds[groups, -1].astype(np.float64), sizes, quotas)
    queue = np.argsort(order, kind="stable")
    queues = np.split(queue[np.argsort(member_of[queue], kind="stable")], np.cumsum(sizes)[:-1])
    used = np.zeros(len(sizes), dtype=np.int64)
    for group, klass, amount in zip(groups, classes, amounts, strict=True):
        label[queues[group][used[group] : used[group] + amount]] = klass
        used[group] += amount


def _solve(
    groups: npt.NDArray[np.int64],
    classes: npt.NDArray[np.int64],
    costs: npt.NDArray[np.float64],
    sizes: npt.NDArray[np.int64],
    quotas: npt.NDArray[np.int64],
) -> npt.NDArray[np.int64]:
    """How many images of group `groups[e]` are labelled with class `classes[e]`, for each edge e: int64 (E,)."""
    edges = np.arange(len(groups))
    supply = csr_array((np.ones(len(edges)), (groups, edges)), shape=(len(sizes), len(edges)))
    demand = csr_array((np.ones(len(edges)), (classes, edges)), shape=(len(quotas), len(edges)))
    wanted = np.minimum(quotas, sizes.sum() + 1)  # so that the solver need not deal with all of them as 2**40
    solution = linprog(costs, A_ub=supply, b_ub=sizes, A_eq=demand, b_eq=wanted, method="highs-ds")
    if not solution.success:  # no assignment fills every quota: the fullest one shows what is missing
        both = csr_array(np.vstack([supply.toarray(), demand.toarray()]))
        limits = np.concatenate([sizes, wanted])
        solution = linprog(-np.ones(len(edges)), A_ub=both, b_ub=limits, method="highs-ds")
    amounts: npt.NDArray[np.int64] = np.rint(solution.x).astype(np.int64)
    return amounts
