"""The section `[tune]`: which values of the recipe are searched, and how."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Annotated, Literal

from msgspec import Meta

from bakeoff.config.schema import Recipe
from bakeoff.config.tables import ConfigTable, Count, Positive, given_keys, lists, partial

if TYPE_CHECKING:

    class SearchSpace(ConfigTable, frozen=True):
        """The table `[tune.search]`: by key of the recipe a list of its values."""

    class RecipeValues(ConfigTable, frozen=True):
        """Some keys of a recipe."""
else:
    SearchSpace = lists("SearchSpace", Recipe, without={"train_fraction", "task"})
    RecipeValues = partial("RecipeValues", Recipe)


class TuneConfig(ConfigTable, frozen=True):
    """The section `[tune]`: a search over values of the recipe, of the same size for every network.

    Attributes:
        search: The values by key; nothing is searched without any.
        sampler: "grid" tries all combinations, "random" so many of them, "tpe" asks Optuna for one after the other.
        trials: Recipes of each network that "random" and "tpe" try.
        holdout: Fraction of each class's training images that is held out, and on which recipes are judged.
        epochs: Of each trial; 0 means those of its recipe.
        seeds: Of each trial; its accuracy is the mean over them.
    """

    search: SearchSpace = SearchSpace()
    sampler: Literal["grid", "random", "tpe"] = "grid"
    trials: Positive = 10
    holdout: Annotated[float, Meta(gt=0.0, le=0.5)] = 0.2
    epochs: Count = 0
    seeds: Positive = 1

    @property
    def space(self) -> Mapping[str, Sequence[object]]:
        """What is searched: by key its values, each once."""
        lists = given_keys(self.search)
        return {key: list(dict.fromkeys(values)) for key, values in lists.items() if isinstance(values, tuple)}
