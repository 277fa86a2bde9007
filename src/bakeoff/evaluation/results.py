"""The stored results of an experiment: what findings and the report draw from."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property

from bakeoff.config.schema import EvaluationConfig
from bakeoff.core.types import VAL
from bakeoff.data.build.dataset import Dataset
from bakeoff.evaluation.latency import Latencies
from bakeoff.evaluation.predictions import LabelledImages, Outputs, RunPredictions
from bakeoff.evaluation.scores import Comparison, PairScores, VariantScores
from bakeoff.models.architecture import Traits
from bakeoff.training.run import EpochLog, Run


@dataclass(frozen=True)
class Results:
    """What is known of runs that were compared.

    Attributes:
        comparison: Scores and paired tests.
        predictions: By variant its runs.
        images: By variant the validation images that it is scored on.
        dataset: What the variants were trained on that change nothing of the data; None for predictions of others.
        runs: The records of the training, in the experiment's order; empty for predictions of others.
        latencies: How long the networks take; None where that was not measured.
        budget: What a network may cost.
    """

    comparison: Comparison
    predictions: Mapping[str, Sequence[RunPredictions]]
    images: Mapping[str, LabelledImages]
    dataset: Dataset | None = None
    runs: Sequence[Run] = field(default_factory=tuple)
    latencies: Latencies | None = None
    budget: EvaluationConfig = field(default_factory=EvaluationConfig)

    @cached_property
    def by_network(self) -> Mapping[str, Sequence[Run]]:
        """The training records of each network."""
        names = dict.fromkeys(run.spec.variant for run in self.runs)
        return {name: [run for run in self.runs if run.spec.variant == name] for name in names}

    def outputs(self, name: str) -> list[Outputs]:
        """What the trained runs of a network predict for its validation images."""
        trained = {run.seed for run in self.network(name).trained}
        return [run.splits[VAL] for run in self.predictions[name] if run.seed in trained and VAL in run.splits]

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


def gain(pair: PairScores, better: str) -> float:
    """The difference of a pair, counted for that network."""
    difference = pair.difference or 0.0
    return difference if pair.second == better else -difference
