"""How often the paired comparison is wrong: false positives without a difference, coverage with a planted one.

    python benchmarks/simulation.py [--tries N]

Each repetition draws which photos two networks classify correctly. A photo has a difficulty that both share and an
effect of its own on each network; a seed has an effect on its run. All are normal on the scale of log odds. Writes
`benchmarks/results/simulation.json` and `simulation.md`.
"""

import argparse
from pathlib import Path

import numpy as np
from scipy.stats import binomtest

from bakeoff.core.storage import write_json
from bakeoff.core.types import Environment
from bakeoff.evaluation.variance_components import interval, p_value, spread

RESULTS = Path(__file__).parent / "results"
DIFFICULTY, MIDDLE = 1.5, 0.3
BOOTSTRAP_TRIES, RESAMPLES = 1000, 400
# seeds, photos, shift in log odds, spread of a seed's effect, spread of a photo's effect on one network
CASES = (
    (2, 1000, 0.0, 0.0, 0.0),
    (2, 1000, 0.0, 0.1, 0.5),
    (2, 1000, 0.0, 0.3, 0.5),
    (3, 1000, 0.0, 0.1, 0.5),
    (3, 1000, 0.0, 0.3, 0.5),
    (5, 300, 0.0, 0.1, 0.5),
    (5, 1000, 0.0, 0.0, 0.0),
    (5, 1000, 0.0, 0.1, 0.5),
    (5, 1000, 0.0, 0.3, 0.5),
    (5, 1000, 0.0, 1.0, 0.5),
    (10, 2000, 0.0, 0.1, 0.8),
    (3, 1000, 0.3, 0.1, 0.5),
    (5, 1000, 0.3, 0.1, 0.5),
    (5, 1000, 0.3, 0.3, 0.5),
    (10, 2000, 0.3, 0.1, 0.8),
)


def main() -> None:
    """Runs all cases and writes the results."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--tries", type=int, default=5000)
    tries = parser.parse_args().tries
    rows = [simulate(np.random.default_rng(number), tries, *case) for number, case in enumerate(CASES)]
    environment = Environment.current()
    write_json(RESULTS / "simulation.json", {"environment": environment, "tries": tries, "cases": rows})
    (RESULTS / "simulation.md").write_text("\n".join(page(rows, tries, environment)) + "\n")


def simulate(
    draws: np.random.Generator,
    tries: int,
    seeds: int,
    photos: int,
    shift: float,
    seed_spread: float,
    photo_spread: float,
) -> dict[str, float]:
    """The fractions of repetitions whose interval covers the true difference, and whose p value is below 5 %."""
    truth = true_difference(draws, shift, seed_spread, photo_spread)
    covered = significant = bootstrapped = 0
    for number in range(tries):
        table = differences(draws, seeds, photos, shift, seed_spread, photo_spread)
        found = spread(table)
        bounds = interval(found)
        if number < BOOTSTRAP_TRIES:
            low, high = bootstrap(table, draws)
            bootstrapped += low <= truth <= high
        covered += bounds.low <= truth <= bounds.high
        significant += p_value(found) < 0.05
    exact = binomtest(covered, tries).proportion_ci(0.95, method="exact")
    return {
        "seeds": seeds,
        "photos": photos,
        "shift": shift,
        "seed_spread": seed_spread,
        "photo_spread": photo_spread,
        "difference": truth,
        "coverage": covered / tries,
        "coverage_low": exact.low,
        "coverage_high": exact.high,
        "significant": significant / tries,
        "bootstrap_coverage": bootstrapped / min(tries, BOOTSTRAP_TRIES),
    }


def differences(
    draws: np.random.Generator, seeds: int, photos: int, shift: float, seed_spread: float, photo_spread: float
) -> np.ndarray:
    """Which photos the second network predicts right minus which the first does: float64 (seeds, photos)."""
    difficulty = draws.normal(MIDDLE, DIFFICULTY, photos)
    right = []
    for sign in (-0.5, 0.5):
        own = draws.normal(0, photo_spread, photos)
        odds = difficulty + own + sign * shift + draws.normal(0, seed_spread, (seeds, 1))
        right.append(draws.random((seeds, photos)) < 1 / (1 + np.exp(-odds)))
    return right[1].astype(np.float64) - right[0]


def bootstrap(table: np.ndarray, draws: np.random.Generator) -> tuple[float, float]:
    """For comparison, the 95 % percentile interval of a bootstrap over seeds, then photos."""
    seeds, photos = (draws.multinomial(count, [1 / count] * count, RESAMPLES) / count for count in table.shape)
    low, high = np.quantile(((seeds @ table) * photos).sum(axis=1), [0.025, 0.975])
    return float(low), float(high)


def true_difference(draws: np.random.Generator, shift: float, seed_spread: float, photo_spread: float) -> float:
    """The difference of the two accuracies over all photos and seeds, by integration over a large sample."""
    if not shift:
        return 0.0
    odds = draws.normal(MIDDLE, np.sqrt(DIFFICULTY**2 + seed_spread**2 + photo_spread**2), 4_000_000)
    return float((1 / (1 + np.exp(-odds - shift / 2)) - 1 / (1 + np.exp(-odds + shift / 2))).mean())


def page(rows: list[dict[str, float]], tries: int, environment: Environment) -> list[str]:
    """The results as Markdown."""
    return [
        "# How often the paired comparison is wrong",
        "",
        f"{tries:,} tries a row, written by `benchmarks/simulation.py` with numpy {environment.versions['numpy']}. The "
        "nominal coverage is 95 %; without a true difference, one minus the coverage is the rate of false positives.",
        "",
        f"Bootstrap: the coverage of a two-level bootstrap's percentile interval ({RESAMPLES} resamples of seeds, then "
        f"photos) in the first {BOOTSTRAP_TRIES:,} tries.",
        "",
        "| seeds | photos | seed effect | photo effect | true difference | coverage (exact 95 %) | p < 0.05 "
        "| bootstrap |",
        "|---|---|---|---|---|---|---|---|",
        *(
            f"| {row['seeds']} | {row['photos']:,} | {row['seed_spread']} | {row['photo_spread']} | "
            f"{100 * row['difference']:.1f} points | {100 * row['coverage']:.1f} % ({100 * row['coverage_low']:.1f} to "
            f"{100 * row['coverage_high']:.1f}) | {100 * row['significant']:.1f} % | "
            f"{100 * row['bootstrap_coverage']:.1f} % |"
            for row in rows
        ),
    ]


if __name__ == "__main__":
    main()
