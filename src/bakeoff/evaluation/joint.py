"""Variants of several experiments compared."""

from collections.abc import Iterator, Mapping
from itertools import combinations

from bakeoff.evaluation.comparison import compare_variants
from bakeoff.evaluation.results import Results
from bakeoff.evaluation.scores import PairScores


def compare_experiments(experiments: Mapping[str, Results]) -> tuple[PairScores, ...]:
    """Each variant compared with its namesakes in the experiments that have the same data set.

    Args:
        experiments: By the names they get; a variant is then called "experiment: variant".
    """
    runs = {
        f"{experiment}: {variant}": own
        for experiment, results in experiments.items()
        for variant, own in results.by_network.items()
    }
    return compare_variants(runs, _namesakes(experiments))


def _namesakes(experiments: Mapping[str, Results]) -> Iterator[tuple[str, str]]:
    for (first, one), (second, two) in combinations(experiments.items(), 2):
        if one.dataset.info.digest == two.dataset.info.digest:
            yield from ((f"{first}: {name}", f"{second}: {name}") for name in one.by_network if name in two.by_network)
