"""What was searched for each network, and what was chosen; `tune/tuning.json`."""

from collections.abc import Iterable, Sequence

import msgspec

from bakeoff.config.tables import given_keys
from bakeoff.config.tune import RecipeValues, TuneConfig


class TuneTrial(msgspec.Struct, frozen=True):
    """One recipe of one network.

    Attributes:
        variant: Names its runs.
        values: What it changes.
        accuracy: Fraction of the held out images that are predicted correctly, the mean over seeds; None where a seed
            did not finish.
        loss: Their mean loss, in nats; None likewise.
        reason: Why a seed did not finish, else empty.
    """

    variant: str
    values: RecipeValues
    accuracy: float | None
    loss: float | None
    reason: str = ""


class TunedNetwork(msgspec.Struct, frozen=True):
    """The search of one network.

    Attributes:
        name: The variant that was tuned.
        images: Training images that were held out.
        trials: In their order.
        chosen: The values with the highest accuracy on them, of equal ones with the lowest loss; None where no trial
            finished.
        variant: The variant with these values; empty where the recipe has them already, or there are none.
    """

    name: str
    images: int
    trials: tuple[TuneTrial, ...]
    chosen: RecipeValues | None
    variant: str


class Tuning(msgspec.Struct, frozen=True):
    """The search of all networks, each with as many trials; validation played no part in it."""

    config: TuneConfig
    networks: tuple[TunedNetwork, ...]
    schema: int = 1

    @property
    def statement(self) -> str:
        """What was searched, and on what it was judged."""
        config, count = self.config, len(self.networks[0].trials) if self.networks else 0
        space = " × ".join(f"{key} {_listed(values)}" for key, values in config.space.items())
        length = f", each of {config.epochs} epochs" if config.epochs else ""
        seeds = "one seed" if config.seeds == 1 else f"{config.seeds} seeds"
        images = " or ".join(dict.fromkeys(f"{network.images:,}" for network in self.networks))
        return (
            f"Searched for each network ({config.sampler}): {space}; {count} recipes{length}, with {seeds}. They were "
            f"judged on {images} training photos that were held out of the trials; validation photos played no part."
        )


def choose(trials: Sequence[TuneTrial]) -> TuneTrial | None:
    """The trial with the highest accuracy, of equal ones with the lowest loss, of these the first."""
    finished = [trial for trial in trials if trial.accuracy is not None]
    return max(finished, key=lambda trial: (trial.accuracy or 0.0, -(trial.loss or 0.0)), default=None)


def in_words(values: RecipeValues | None) -> str:
    """The values as a reader sees them: "learning_rate 0.001, weight_decay 0.05"."""
    return ", ".join(f"{key} {_shown(value)}" for key, value in given_keys(values).items()) if values else ""


def _listed(values: Iterable[object]) -> str:
    return ", ".join(map(_shown, values))


def _shown(value: object) -> str:
    if isinstance(value, tuple):
        return f"[{_listed(value)}]"
    return f"{value:g}" if isinstance(value, float) else str(value)
