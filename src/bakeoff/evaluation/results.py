"""The stored results of an experiment: what findings and the report draw from."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

from bakeoff.data.build.dataset import Dataset
from bakeoff.evaluation.scores import Comparison, PairScores, RunScores, VariantScores
from bakeoff.models.architecture import Traits
from bakeoff.training.run import EpochLog, Run


@dataclass(frozen=True)
class Results:
    """An experiment's stored records.

    Attributes:
        comparison: Scores and paired tests.
        dataset: The data set.
        runs: All runs, in the experiment's order.
    """

    comparison: Comparison
    dataset: Dataset
    runs: Sequence[Run]

    @cached_property
    def by_network(self) -> Mapping[str, Sequence[Run]]:
        """The runs of each network."""
        names = dict.fromkeys(run.spec.variant for run in self.runs)
        return {name: [run for run in self.runs if run.spec.variant == name] for name in names}

    def pair(self, first: str, second: str) -> PairScores | None:
        """The comparison of two networks, in either order."""
        return next((pair for pair in self.comparison.pairs if {pair.first, pair.second} == {first, second}), None)

    def traits(self, name: str) -> Traits:
        """What a network declares of itself; nothing where it could not be built."""
        architecture = self.network(name).architecture
        return architecture.traits if architecture else Traits()

    def network(self, name: str) -> VariantScores:
        """The scores of one network."""
        return next(network for network in self.comparison.networks if network.name == name)


def epochs(run: Run) -> list[EpochLog]:
    """A run's epoch lines, the state before training first."""
    return [line for line in run.log if isinstance(line, EpochLog)]


def finished(network: VariantScores) -> list[RunScores]:
    """A network's runs that have validation scores."""
    return [run for run in network.runs if run.confusion]


def gain(pair: PairScores, better: str) -> float:
    """The difference of a pair, counted for that network."""
    difference = pair.difference or 0.0
    return difference if pair.second == better else -difference
