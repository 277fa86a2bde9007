"""Variants of several experiments compared."""

from collections.abc import Iterator, Mapping
from itertools import combinations

from bakeoff.evaluation.comparison import MARGIN, correct_by_seed
from bakeoff.evaluation.pairs import PairInput, compare_pairs
from bakeoff.evaluation.results import Results
from bakeoff.evaluation.scores import PairScores


def compare_experiments(experiments: Mapping[str, Results], margin: float = MARGIN) -> tuple[PairScores, ...]:
    """Each variant compared with its namesakes in the experiments that have the same data set.

    Args:
        experiments: By the names they get; a variant is then called "experiment: variant".
        margin: The difference, a fraction, below which two variants count as equivalent.
    """
    return compare_pairs(list(_namesakes(experiments)), margin)[0]


def _namesakes(experiments: Mapping[str, Results]) -> Iterator[PairInput]:
    for (first, one), (second, two) in combinations(experiments.items(), 2):
        same = one.comparison.dataset, one.comparison.scoring
        if same == (two.comparison.dataset, two.comparison.scoring):
            for name in one.predictions:
                if name in two.predictions:
                    yield _pair(name, {first: one, second: two})


def _pair(name: str, experiments: Mapping[str, Results]) -> PairInput:
    (first, one), (second, two) = experiments.items()
    own, other = (correct_by_seed(results.predictions[name], results.network(name)) for results in (one, two))
    failures = one.network(name).failures, two.network(name).failures
    return PairInput((f"{first}: {name}", f"{second}: {name}"), own, other, one.images[name].clusters, failures)
