"""A whole experiment file, and the variants that follow from it."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated

from msgspec import UNSET, Meta, Struct, UnsetType, field
from msgspec.structs import replace

from bakeoff.config.cluster import ClusterConfig
from bakeoff.config.data import DataConfig
from bakeoff.config.schema import EvaluationConfig, ImproveConfig, Recipe, TrainingConfig
from bakeoff.config.tables import ConfigTable, Name, VariantName, given_keys, network_label, partial
from bakeoff.config.tune import TuneConfig


class Variant(Struct, frozen=True):
    """What is compared: a network with its recipe and its data; with a seed it is a run.

    Attributes:
        name: Names its runs and its rows in the report.
        network: As in `TrainingConfig.networks`.
        recipe: How it is trained.
        data: What it is trained on.
    """

    name: str
    network: str
    recipe: Recipe
    data: DataConfig


if TYPE_CHECKING:

    class DataChanges(DataConfig, frozen=True):
        """Some keys of `[data]`."""

    class VariantConfig(Recipe, frozen=True):
        """A table `[variants.NAME]`: any keys of the recipe, `network` and `data`."""

        network: Name | UnsetType = UNSET
        data: DataChanges = DataChanges()
else:
    DataChanges = partial("DataChanges", DataConfig)
    VariantConfig = partial(
        "VariantConfig", Recipe, ("network", Name | UnsetType, UNSET), ("data", DataChanges, DataChanges())
    )


class ExperimentConfig(ConfigTable, frozen=True):
    """A whole experiment file.

    Attributes:
        name: Names the output folder and the report.
        question: What the experiment is to answer; the head of the report.
        data: The section `[data]`.
        training: The section `[training]`.
        variants: By name, what differs from `[training]` and `[data]`; a name that is not among the networks' is a
            further variant.
        evaluation: The section `[evaluation]`.
        improve: The section `[improve]`.
        tune: The section `[tune]`.
        cluster: The section `[cluster]`.
    """

    name: Annotated[str, Meta(min_length=1, max_length=80, pattern=r"^[\w.-]+\Z")] = "experiment"
    question: str = "Which of these networks classifies the photos best?"
    data: DataConfig = DataConfig()
    training: TrainingConfig = TrainingConfig()
    variants: dict[VariantName, VariantConfig] = field(default_factory=dict)
    evaluation: EvaluationConfig = EvaluationConfig()
    improve: ImproveConfig = ImproveConfig()
    tune: TuneConfig = TuneConfig()
    cluster: ClusterConfig = ClusterConfig()

    @property
    def variant_list(self) -> tuple[Variant, ...]:
        """All variants: the networks in their order, then the further ones."""
        named = {network_label(network): network for network in self.training.networks}
        further = {name: name for name in self.variants if name not in named}
        return tuple(self._variant(name, network) for name, network in (named | further).items())

    def _variant(self, name: str, network: str) -> Variant:
        given = self.variants.get(name, VariantConfig())
        changes = given_keys(given)
        own, _ = changes.pop("network", network), changes.pop("data")
        data = replace(self.data, **given_keys(given.data))
        return Variant(name=name, network=str(own), recipe=replace(self.training.recipe, **changes), data=data)


def data_owners(config: ExperimentConfig, variants: Sequence[Variant]) -> dict[str, str]:
    """By variant the one whose data set it is trained on: the first with the same data; "" is the experiment's own."""
    return {
        variant.name: ""
        if variant.data == config.data
        else next(other.name for other in variants if other.data == variant.data)
        for variant in variants
    }
