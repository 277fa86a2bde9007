"""Which recipes a search tries: a grid, a random part of it, or what Optuna proposes; all behind one function."""

import random
from collections.abc import Generator, Mapping, Sequence
from itertools import product

from bakeoff.config.tune import TuneConfig

Values = Mapping[str, object]
Search = Generator[list[Values], Sequence[float | None], None]
"""Gives values to try together, and is sent their scores, the larger the better; None for one that failed."""


def search(config: TuneConfig) -> Search:
    """Proposes values until the budget is used up: the same for the same configuration and scores."""
    space = config.space
    if config.sampler == "tpe":
        yield from _by_optuna(space, config.trials)
        return
    grid: list[Values] = [dict(zip(space, values, strict=True)) for values in product(*space.values())]
    if config.sampler == "random" and config.trials < len(grid):
        grid = [grid[at] for at in sorted(random.Random(0).sample(range(len(grid)), config.trials))]
    yield grid


def _by_optuna(space: Mapping[str, Sequence[object]], trials: int) -> Search:
    """One after the other, each where the tree-structured Parzen estimator expects most (Bergstra et al., 2011)."""
    import optuna

    optuna.logging.set_verbosity(optuna.logging.WARNING)
    study = optuna.create_study(direction="maximize", sampler=optuna.samplers.TPESampler(seed=0))
    for _ in range(trials):
        trial = study.ask()  # it is asked for positions: values may be of any type
        chosen = {key: values[trial.suggest_categorical(key, [*range(len(values))])] for key, values in space.items()}
        (score,) = yield [chosen]
        study.tell(trial, score or 0.0)  # what failed counts as the worst, else it would be proposed again
