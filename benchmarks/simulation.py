"""How often the verdicts are wrong: what bakeoff promises against what a simulation with known truth measures.

    python benchmarks/simulation.py [--tries N] [--workers N] [--only TEXT]

Runs are drawn by a probit model: a run predicts an image correctly if

    level + network + difficulty of the image + network x image + seed + seed x class + noise of the run > 0,

all normal. The standard deviations are chosen so that two networks, and two seeds, differ as those of `coco64.json`
(two runs disagree on a quarter of the images; accuracies of seeds differ by about a point), and are varied from there.
Writes `benchmarks/results/simulation.json` and `simulation.md`.
"""

import argparse
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import partial
from itertools import combinations
from multiprocessing import get_context
from pathlib import Path

import numpy as np
import polars as pl
from scipy.stats import binomtest, norm

from bakeoff.core.storage import write_json
from bakeoff.core.types import Environment, Interval
from bakeoff.evaluation.estimates import estimate, ratio
from bakeoff.evaluation.failures import failure_rate
from bakeoff.evaluation.improvements import Change, shrink
from bakeoff.evaluation.learning_curve import extrapolate
from bakeoff.evaluation.pairs import PairInput, compare_pairs
from bakeoff.evaluation.power import POWER
from bakeoff.evaluation.predictions import LabelledImages, Outputs, RunPredictions
from bakeoff.evaluation.scores import PairScores
from bakeoff.evaluation.sequential import FIXED, Look, beaten, looks, undecided
from bakeoff.evaluation.variants import score_variant

RESULTS = Path(__file__).parent / "results"
MARGIN = 0.01
WRONG = ("first better", "second better")


@dataclass(frozen=True)
class World:
    """What runs are drawn from; standard deviations on the probit scale, where the noise of a run has 1.

    Attributes:
        seeds: Per network.
        images: Validation images.
        accuracy: Of a network without a difference.
        gains: Of each network, in accuracy.
        classes: Number of classes.
        difficulty: Of an image, shared by all networks.
        interaction: Of a network with an image, shared by all seeds.
        correlation: How much of the interaction all networks share.
        seed: Of a seed.
        seed_class: Of a seed with a class.
        failing: Probability that a run fails, by network.
        objects: Images per photo, which share difficulty and interaction: crops.
    """

    seeds: int = 5
    images: int = 1000
    accuracy: float = 0.57
    gains: tuple[float, ...] = (0.0,) * 7
    classes: int = 5
    difficulty: float = 1.75
    interaction: float = 0.25
    correlation: float = 0.0
    seed: float = 0.03
    seed_class: float = 0.08
    failing: tuple[float, ...] = ()
    objects: int = 1

    @property
    def scale(self) -> float:
        """Standard deviation of everything but the mean."""
        parts = (1.0, self.difficulty, self.interaction, self.seed, self.seed_class)
        return float(np.sqrt(sum(part**2 for part in parts)))

    def level(self, gain: float) -> float:
        """The mean that gives a network's accuracy."""
        return float(norm.ppf(self.accuracy + gain)) * self.scale

    def draw(self, draws: np.random.Generator, seeds: int = 0) -> "Draw":
        """Which images each run predicts correctly."""
        count, photos = seeds or self.seeds, self.images // self.objects
        photo = np.repeat(np.arange(photos), self.objects)
        labels = np.arange(photos * self.objects) % self.classes
        shared = draws.normal(0, self.interaction, photos)
        difficulty = draws.normal(0, self.difficulty, photos)
        correct = np.empty((len(self.gains), count, len(photo)), dtype=np.bool_)
        for number, gain in enumerate(self.gains):
            own = np.sqrt(self.correlation) * shared
            own = own + np.sqrt(1 - self.correlation) * draws.normal(0, self.interaction, photos)
            mean = self.level(gain) + (difficulty + own)[photo] + draws.normal(0, self.seed, (count, 1))
            mean = mean + draws.normal(0, self.seed_class, (count, self.classes))[:, labels]
            correct[number] = mean + draws.normal(0, 1, mean.shape) > 0
        failed = draws.random((len(self.gains), count)) < np.array(self.failing or (0.0,) * len(self.gains))[:, None]
        return Draw(correct, failed, labels, photo if self.objects > 1 else None)


@dataclass(frozen=True)
class Draw:
    """Correct predictions (networks, seeds, images), failed runs (networks, seeds), labels, photos of the images."""

    correct: np.ndarray
    failed: np.ndarray
    labels: np.ndarray
    photos: np.ndarray | None

    def pairs(self) -> list[PairInput]:
        """Every two networks."""
        own = [
            {seed: row for seed, row in enumerate(rows) if not self.failed[number, seed]}
            for number, rows in enumerate(self.correct)
        ]
        rates = [failure_rate(["did not learn" if bad else "trained" for bad in row]) for row in self.failed]
        return [
            PairInput((str(one), str(two)), own[one], own[two], self.photos, (rates[one], rates[two]))
            for one, two in combinations(range(len(own)), 2)
        ]

    def compare(self, schedule: Sequence[Look] = FIXED) -> tuple[PairScores, ...]:
        """The verdicts on all pairs."""
        return compare_pairs(self.pairs(), MARGIN, schedule)[0]


@dataclass(frozen=True)
class Question:
    """What is measured: how often `ask` says yes, or the mean of what it gives.

    Attributes:
        group: Heading of the table.
        name: The setting in words.
        ask: Given random draws, one answer or several.
        most: What is promised: at most this fraction.
        least: Or at least this.
        tries: By how much the number of tries is multiplied.
    """

    group: str
    name: str
    ask: Callable[[np.random.Generator], object]
    most: float | None = None
    least: float | None = None
    tries: float = 1.0


def any_better(world: World, draws: np.random.Generator) -> bool:
    """Whether any two networks that are equally good are told apart."""
    return any(pair.verdict in WRONG for pair in world.draw(draws).compare())


def covers(world: World, draws: np.random.Generator) -> list[bool]:
    """Whether the intervals of the differences cover the truth; an interval that is withheld covers."""
    truth = [two - one for one, two in combinations(world.gains, 2)]
    found = world.draw(draws).compare()
    return [within(pair.interval, gain) for pair, gain in zip(found, truth, strict=True)]


def within(interval: Interval | None, truth: float) -> bool:
    """Whether an interval holds a number."""
    return interval is None or interval.low - 1e-9 <= truth <= interval.high + 1e-9


def network_covers(world: World, draws: np.random.Generator) -> list[bool]:
    """Whether a network's intervals cover its accuracy, balanced accuracy, and the recall of each class."""
    draw = world.draw(draws)
    scores = _score(world, draw)
    truth = world.accuracy + world.gains[0]
    estimates = [scores.val_accuracy, scores.balanced_accuracy, *(own.recall for own in scores.classes)]
    return [within(own.interval, truth) for own in estimates]


def macro_f1_covers(world: World, draws: np.random.Generator) -> bool:
    """Whether a network's interval covers its macro F1: errors are spread evenly, so it is near the accuracy."""
    return within(_score(world, world.draw(draws)).macro_f1.interval, world.accuracy + world.gains[0])


def lowest_recall_covers(world: World, draws: np.random.Generator) -> bool:
    """Whether the simultaneous interval of the lowest recall covers it."""
    draw = world.draw(draws)
    correct = draw.correct[0].astype(np.float64)
    recalls = []
    for label in range(world.classes):
        own = np.broadcast_to(draw.labels == label, correct.shape).astype(np.float64)
        recalls.append(estimate(ratio(correct * own, own), alpha=0.05 / world.classes))
    lowest = min(recalls, key=lambda own: own.mean or 0.0)
    return within(lowest.interval, world.accuracy)


def _score(world: World, draw: Draw):
    draws = np.random.default_rng(1)
    runs = []
    for seed, row in enumerate(draw.correct[0]):
        other = (draw.labels + draws.integers(1, world.classes, len(draw.labels))) % world.classes
        predicted = np.where(row, draw.labels, other)
        runs.append(RunPredictions("a", seed, {"val": Outputs(draw.labels, predicted)}))
    images = LabelledImages(pl.Series(range(len(draw.labels))), draw.labels, None, draw.photos)
    return score_variant("a", runs, {"val": images}, tuple(map(str, range(world.classes))))


def power_at_detectable(world: World, draws: np.random.Generator) -> float:
    """The chance that a difference of the size that the pilot states is called better, by all its pairs."""
    _, power = compare_pairs(world.draw(draws).pairs(), MARGIN)
    if not power or power.detectable is None or world.accuracy + power.detectable > 0.99:
        return np.nan
    gained = replace(world, gains=(0.0,) * (len(world.gains) - 1) + (power.detectable,))
    found = [pair for pair in gained.draw(draws).compare() if pair.second == str(len(world.gains) - 1)]
    return float(np.mean([pair.verdict == "second better" for pair in found]))


def power_after_advice(world: World, draws: np.random.Generator) -> float:
    """The chance that a difference of the margin is called better after the advice was followed."""
    _, power = compare_pairs(world.draw(draws).pairs(), MARGIN)
    if not power or not power.more or power.more[0] * power.more[1] > 2_000_000:
        return np.nan
    seeds, images = power.more
    larger = replace(world, seeds=seeds, images=images, gains=(0.0,) * (len(world.gains) - 1) + (MARGIN,))
    found = [pair for pair in larger.draw(draws).compare() if pair.second == str(len(world.gains) - 1)]
    return float(np.mean([pair.verdict == "second better" for pair in found]))


def auto(world: World, most: int, draws: np.random.Generator) -> dict[str, float]:
    """Seeds added until the verdicts are in, against all seeds at once: errors, verdicts, runs."""
    draw, schedule = world.draw(draws, most), looks(most)
    names = [str(number) for number in range(len(world.gains))]
    seeds = dict.fromkeys(names, 0)
    active, found = set(names), ()
    for number, look in enumerate(schedule, start=1):
        seeds |= dict.fromkeys(active, look.seeds)
        pairs = [
            replace(
                pair,
                first={seed: row for seed, row in pair.first.items() if seed < seeds[pair.names[0]]},
                second={seed: row for seed, row in pair.second.items() if seed < seeds[pair.names[1]]},
            )
            for pair in draw.pairs()
        ]
        found, _ = compare_pairs(pairs, MARGIN, schedule[:number])
        active = undecided(found, beaten(found), look.seeds or 0, most, MARGIN)
        if not active:
            break
    first = {
        count: Draw(draw.correct[:, :count], draw.failed[:, :count], draw.labels, draw.photos) for count in FIXED_SEEDS
    }
    return {
        "wrong": float(any(_is_wrong(pair, world) for pair in found)),
        "runs": float(sum(seeds.values())),
        "found": float(len(beaten(found))),
        **{f"found by {count}": float(len(beaten(own.compare()))) for count, own in first.items() if count <= most},
    }


def _is_wrong(pair: PairScores, world: World) -> bool:
    truth = world.gains[int(pair.second)] - world.gains[int(pair.first)]
    if pair.verdict == "equivalent" or pair.within_margin:
        return abs(truth) >= MARGIN
    return pair.verdict in WRONG and (truth == 0 or (truth > 0) != (pair.verdict == "second better"))


def curve_covers(floor: float, scale: float, exponent: float, draws: np.random.Generator) -> bool:
    """Whether the range of an extrapolated learning curve holds the truth."""
    images = np.repeat([875, 1750, 3500], 3)
    errors = floor + scale * (images / 3500) ** -exponent + draws.normal(0, 0.01, len(images))
    found = extrapolate(images.tolist(), errors.tolist(), 2.0)
    return found is not None and within(found.range, scale * (1 - 2**-exponent))


def winner(shrunk: bool, draws: np.random.Generator) -> float:
    """By how much the largest of eight measured gains exceeds its true gain, in points."""
    world = World(seeds=3, gains=(0.0, *draws.normal(0.01, 0.015, 8)))
    pairs = [pair for pair in world.draw(draws).compare() if pair.first == "0"]
    changes = [Change(pair.second, "", "measured", "", gain=pair.difference) for pair in pairs]
    best = max(shrink(changes, {pair.second: pair for pair in pairs}), key=lambda change: change.gain or 0.0)
    given = best.expected if shrunk else best.gain
    return 100 * ((given or 0.0) - world.gains[int(best.name)])


SAME = "No true difference: experiments with any false “better”"
MARGINS = "A true difference of the margin: false “equivalent”"
DIFFERENCES = "Intervals of differences: how often they cover the truth"
NETWORKS = "Intervals of one network: how often they cover the truth"
ADVICE = "Advice: the chance that it comes true"
GAINS = "Extrapolated and chosen gains"
FEW = 0.3
HEAVY = {"seed": 0.3, "seed_class": 0.3}
"""Accuracies of seeds that differ by about seven points."""


def questions() -> list[Question]:
    """All settings."""
    return [*_false_better(), *_false_equivalent(), *_coverage(), *_networks(), *_advice(), *_gains()]


def _false_better() -> list[Question]:
    """Two to ten seeds, three to ten networks, 200 to 10,000 images, accuracies from 2 to 99 %."""
    grid = [
        (seeds, networks, images, accuracy, classes)
        for seeds, networks, images in (
            (2, 7, 200),
            (2, 10, 1000),
            (3, 7, 1000),
            (3, 10, 200),
            (5, 7, 1000),
            (10, 3, 200),
        )
        for accuracy, classes in ((0.02, 80), (0.57, 5), (0.90, 2), (0.99, 5))
    ]
    worlds = {
        f"{seeds} seeds, {networks} networks, {images:,} images, {100 * accuracy:g} %, K = {classes}": World(
            seeds=seeds, images=images, accuracy=accuracy, classes=classes, gains=(0.0,) * networks
        )
        for seeds, networks, images, accuracy, classes in grid
    }
    worlds |= {
        "10 seeds, 10 networks, 1,000 images, 57 %": World(seeds=10, gains=(0.0,) * 10),
        "2 networks alone, 3 seeds, 200 images, 57 %": World(seeds=3, images=200, gains=(0.0, 0.0)),
        "2 networks alone, 5 seeds, 200 images, 99 %": World(images=200, accuracy=0.99, gains=(0.0, 0.0)),
        "2 networks alone, 10 seeds, 200 images, 99.5 %": World(seeds=10, images=200, accuracy=0.995, gains=(0.0, 0.0)),
        "seeds that all but agree: 5 seeds, 200 images, 98 %": World(
            images=200, accuracy=0.98, seed=0.0, seed_class=0.0, difficulty=6.0, interaction=2.5
        ),
        "seeds that all but agree: 10 seeds, 3 networks, 200 images, 90 %": World(
            seeds=10,
            images=200,
            accuracy=0.9,
            seed=0.0,
            seed_class=0.0,
            difficulty=6.0,
            interaction=2.5,
            gains=(0.0,) * 3,
        ),
        "seeds differ by seven points, 2 seeds": World(seeds=2, **HEAVY),
        "seeds differ by seven points, 3 seeds": World(seeds=3, **HEAVY),
        "seeds differ by seven points, 5 seeds": World(**HEAVY),
        "networks that differ on images, 5 seeds": World(interaction=1.5),
        "correlated networks, 3 seeds": World(seeds=3, interaction=1.5, correlation=0.9),
        "correlated networks, 10 seeds": World(seeds=10, interaction=1.5, correlation=0.9),
        "every network fails in 20 % of 5 seeds": World(failing=(0.2,) * 7),
        "one network fails in 40 % of 5 seeds": World(failing=(0.4, *(0.0,) * 6)),
        "every network fails in 20 % of 10 seeds, 99 %": World(seeds=10, accuracy=0.99, failing=(0.2,) * 7),
        "crops: 5 objects per photo, 5 seeds": World(objects=5, interaction=1.0),
        "crops: 5 objects per photo, 10 seeds, 90 %": World(seeds=10, objects=5, interaction=1.0, accuracy=0.9),
    }
    large = {
        "5 seeds, 7 networks, 10,000 images, 57 %": World(images=10_000),
        "3 seeds, 10 networks, 10,000 images, 99 %, K = 80": World(
            seeds=3, images=10_000, accuracy=0.99, classes=80, gains=(0.0,) * 10
        ),
    }
    return [Question(SAME, name, partial(any_better, world), most=0.05) for name, world in (worlds | large).items()]


def _false_equivalent() -> list[Question]:
    worlds = {
        "3 seeds, 1,000 images, 57 %": World(seeds=3, gains=(0.0, MARGIN)),
        "5 seeds, 10,000 images, 57 %": World(images=10_000, gains=(0.0, MARGIN)),
        "10 seeds, 10,000 images, 57 %": World(seeds=10, images=10_000, gains=(0.0, MARGIN)),
        "5 seeds, 10,000 images, 90 %": World(images=10_000, accuracy=0.89, gains=(0.0, MARGIN)),
        "10 seeds, 1,000 images, 90 %": World(seeds=10, accuracy=0.89, gains=(0.0, MARGIN)),
        "5 seeds, 200 images, 99 against 98 %": World(images=200, accuracy=0.98, gains=(0.0, MARGIN)),
        "10 seeds, 300 images, 99 against 98 %": World(seeds=10, images=300, accuracy=0.98, gains=(0.0, MARGIN)),
        "10 seeds, 1,000 images, 99.9 against 98.9 %": World(seeds=10, accuracy=0.989, gains=(0.0, MARGIN)),
        "seeds that all but agree, 99 against 98 %, 300 images": World(
            images=300, accuracy=0.98, seed=0.0, seed_class=0.0, difficulty=8.0, interaction=1.0, gains=(0.0, MARGIN)
        ),
        "seeds that all but agree, 99 against 98 %, 500 images": World(
            images=500, accuracy=0.98, seed=0.0, seed_class=0.0, difficulty=8.0, interaction=1.0, gains=(0.0, MARGIN)
        ),
        "seeds differ by seven points, 10 seeds": World(seeds=10, gains=(0.0, MARGIN), **HEAVY),
        "3 networks, the last one better by the margin, 10 seeds, 10,000 images": World(
            seeds=10, images=10_000, gains=(0.0, 0.0, MARGIN)
        ),
    }
    return [
        Question(MARGINS, name, partial(_false_margin, world), most=0.05, tries=2.0) for name, world in worlds.items()
    ]


def _false_margin(world: World, draws: np.random.Generator) -> bool:
    pairs = zip(world.draw(draws).compare(), combinations(world.gains, 2), strict=True)
    return any((pair.verdict == "equivalent" or pair.within_margin) and one != two for pair, (one, two) in pairs)


def _coverage() -> list[Question]:
    worlds = {
        "2 seeds, 200 images, +5 points": World(seeds=2, images=200, gains=(0.0, 0.05)),
        "2 seeds, 1,000 images, +5 points": World(seeds=2, gains=(0.0, 0.05)),
        "3 seeds, 1,000 images, +2 points": World(seeds=3, gains=(0.0, 0.02)),
        "5 seeds, 1,000 images, +2 points": World(gains=(0.0, 0.02)),
        "10 seeds, 10,000 images, +2 points": World(seeds=10, images=10_000, gains=(0.0, 0.02)),
        "5 seeds, 200 images, 98 against 99.5 %": World(images=200, accuracy=0.98, gains=(0.0, 0.015)),
        "10 seeds, 200 images, 99 against 99.5 %": World(seeds=10, images=200, accuracy=0.99, gains=(0.0, 0.005)),
        "seeds that all but agree, 98 against 99.5 %, 200 images": World(
            images=200, accuracy=0.98, seed=0.0, seed_class=0.0, difficulty=8.0, interaction=1.0, gains=(0.0, 0.015)
        ),
        "seeds differ by seven points, 3 seeds": World(seeds=3, gains=(0.0, 0.05), **HEAVY),
        "seeds differ by seven points, 5 seeds": World(gains=(0.0, 0.05), **HEAVY),
        "one network fails in 20 % of 5 seeds": World(gains=(0.0, 0.05), failing=(0.2, 0.0)),
        "crops: 5 objects per photo": World(objects=5, interaction=1.0, gains=(0.0, 0.05)),
    }
    return [
        Question(DIFFERENCES, name, partial(covers, world), least=0.93, tries=2.0) for name, world in worlds.items()
    ]


def _networks() -> list[Question]:
    alone = {"gains": (0.0,)}
    worlds = {
        "2 seeds, 200 images": World(seeds=2, images=200, **alone),
        "3 seeds, 1,000 images": World(seeds=3, **alone),
        "5 seeds, 1,000 images": World(**alone),
        "5 seeds, 200 images, 99 %": World(images=200, accuracy=0.99, classes=2, **alone),
        "3 seeds, 1,000 images, 90 %, K = 20": World(seeds=3, accuracy=0.9, classes=20, **alone),
        "seeds differ by seven points, 5 seeds": World(**alone, **HEAVY),
        "crops: 5 objects per photo": World(objects=5, interaction=1.0, **alone),
    }
    rows = [
        Question(NETWORKS, f"accuracies and recalls: {name}", partial(network_covers, world), least=0.93)
        for name, world in worlds.items()
    ]
    rows += [
        Question(NETWORKS, f"macro F1: {name}", partial(macro_f1_covers, worlds[name]), least=0.93)
        for name in ("3 seeds, 1,000 images", "5 seeds, 1,000 images")
    ]
    lowest = ((5, 1000), (80, 4000))
    return rows + [
        Question(
            NETWORKS,
            f"lowest of {classes} equal recalls, {images:,} images",
            partial(lowest_recall_covers, World(images=images, classes=classes, seeds=3, **alone)),
            least=0.93,
        )
        for classes, images in lowest
    ]


def _advice() -> list[Question]:
    worlds = {
        "3 seeds, 3 networks, 1,000 images": World(seeds=3, gains=(0.0,) * 3),
        "5 seeds, 7 networks, 1,000 images": World(),
        "10 seeds, 7 networks, 1,000 images": World(seeds=10),
        "5 seeds, 3 networks, seeds differ by seven points": World(gains=(0.0,) * 3, **HEAVY),
    }
    return [
        *(
            Question(ADVICE, f"“seen in four of five”: {name}", partial(power_at_detectable, world), least=POWER - 0.05)
            for name, world in worlds.items()
        ),
        *(
            Question(
                ADVICE,
                f"“with about so many”: {name}",
                partial(power_after_advice, world),
                least=POWER - 0.05,
                tries=FEW,
            )
            for name, world in list(worlds.items())[1:3]
        ),
    ]


def _gains() -> list[Question]:
    curves = {
        "no floor": (0.0, 0.42, 0.2),
        "a floor of 30 % errors": (0.3, 0.12, 0.5),
        "a floor that is near": (0.3, 0.05, 1.0),
        "levelled off": (0.4, 0.0, 0.5),
    }
    return [
        *(
            Question(GAINS, f"range of the extrapolation, {name}", partial(curve_covers, *curve), least=0.9)
            for name, curve in curves.items()
        ),
        Question(GAINS, "largest of eight gains, as measured: points too large", partial(winner, False)),
        Question(GAINS, "the same, “to expect”: points too large", partial(winner, True), most=0.2),
    ]


FIXED_SEEDS = tuple(range(2, 21))
AUTOMATIC = {
    "no difference, 7 networks": (World(), 20),
    "no difference, 7 networks, 99 %": (World(accuracy=0.99), 20),
    "one of 7 better by 5 points": (World(gains=(*(0.0,) * 6, 0.05)), 20),
    "one of 7 worse by 10 points": (World(gains=(*(0.0,) * 6, -0.10)), 20),
    "homework: two alike, one worse by 4 points, seeds of it differ": (World(gains=(0.0, 0.006, -0.04)), 20),
    "like coco64: 0, +0.6, -1.6, -3.7, +1.6, +1.8 points": (
        World(gains=(0.0, 0.006, -0.016, -0.037, 0.016, 0.018)),
        20,
    ),
    "like coco64, 10,000 images": (World(images=10_000, gains=(0.0, 0.006, -0.016, -0.037, 0.016, 0.018)), 20),
    "seeds differ by seven points, one better by 10": (World(gains=(*(0.0,) * 4, 0.10), **HEAVY), 20),
}


def main() -> None:
    """Asks all questions and writes the answers."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--tries", type=int, default=1000)
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--only", default="", help="only settings whose group or name holds this text")
    options = parser.parse_args()
    asked = [one for one in questions() if options.only in f"{one.group} {one.name}"]
    schedules = {name: own for name, own in AUTOMATIC.items() if options.only in f"auto {name}"}
    with get_context("spawn").Pool(options.workers) as pool:
        pending = [pool.apply_async(answer, (one, number, options.tries)) for number, one in enumerate(asked)]
        autos = [pool.apply_async(answer_auto, (name, options.tries // 4)) for name in schedules]
        rows = [_shown(one.get()) for one in pending]
        automatic = [_shown(one.get()) for one in autos]
    if options.only:
        return
    environment = Environment.current()
    write_json(RESULTS / "simulation.json", {"environment": environment, "questions": rows, "auto": automatic})
    (RESULTS / "simulation.md").write_text("\n".join(page(rows, automatic, environment)) + "\n")


def _shown(row: dict) -> dict:
    print(*row.values(), sep=" | ", flush=True)
    return row


def answer(question: Question, number: int, tries: int) -> dict:
    """How often the answer is yes, with its exact 95 % interval; or the mean of numbers."""
    draws, count = np.random.default_rng(number), max(50, int(tries * question.tries))
    given = np.concatenate([np.ravel(np.asarray(question.ask(draws), dtype=np.float64)) for _ in range(count)])
    given = given[~np.isnan(given)]
    rate = float(given.mean()) if len(given) else float("nan")
    low = high = None
    if len(given) and set(np.unique(given)) <= {0.0, 1.0} and len(given) == count:
        exact = binomtest(int(given.sum()), len(given)).proportion_ci(0.95, method="exact")
        low, high = float(exact.low), float(exact.high)
    return {
        "group": question.group,
        "name": question.name,
        "measured": rate,
        "low": low,
        "high": high,
        "tries": count,
        "most": question.most,
        "least": question.least,
        "kept": _kept(question, rate, low, high),
    }


def _kept(question: Question, rate: float, low: float | None, high: float | None) -> bool | None:
    """Whether the promise is kept, within the binomial error."""
    if question.most is not None:
        return (rate if low is None else low) <= question.most
    if question.least is not None:
        return (rate if high is None else high) >= question.least
    return None


def answer_auto(name: str, tries: int) -> dict:
    """Seeds added until the verdicts are in, against the fixed design that finds as much."""
    world, most = AUTOMATIC[name]
    draws = np.random.default_rng(len(name))
    found = [auto(world, most, draws) for _ in range(tries)]
    means = {key: float(np.mean([own[key] for own in found])) for key in found[0]}
    networks = len(world.gains)
    equal = next((count for count in FIXED_SEEDS if means[f"found by {count}"] >= means["found"] - 1e-9), most)
    exact = binomtest(int(sum(own["wrong"] for own in found)), tries).proportion_ci(0.95, method="exact")
    return {
        "name": name,
        "tries": tries,
        "wrong": means["wrong"],
        "wrong low": float(exact.low),
        "runs": means["runs"],
        "found": means["found"],
        "found with all": means[f"found by {most}"],
        "equal seeds": equal,
        "of equal design": means["runs"] / (equal * networks),
        "of all": means["runs"] / (most * networks),
    }


def page(rows: list[dict], automatic: list[dict], environment: Environment) -> list[str]:
    """The answers as Markdown."""
    lines = [
        "# What the verdicts promise, and what a simulation measures",
        "",
        f"Written by `benchmarks/simulation.py` with numpy {environment.versions['numpy']}. Each row is one setting; "
        "in brackets the exact 95 % interval of the measured rate. Unless a row says otherwise: 7 networks, 5 seeds, "
        "1,000 images, 5 classes, 57 % accuracy, a margin of 1 point; two runs disagree on a quarter of the images, "
        "and the accuracies of seeds differ by about one point, as on coco64. “Kept” is within the binomial error.",
    ]
    for group in dict.fromkeys(row["group"] for row in rows):
        lines += ["", f"## {group}", "", "| setting | promised | measured | tries | kept |", "|---|---|---|---|---|"]
        lines += [_line(row) for row in rows if row["group"] == group]
    lines += [
        "",
        '## `seeds = "auto"` against all seeds at once',
        "",
        "Found: networks that are known to be worse than some other one, per experiment. Equal design: the fewest "
        "seeds per network with which a fixed design finds as many; nobody knows that number beforehand.",
        "",
        "| setting | experiments with any false verdict (promised 5 %) | found | found with 20 seeds each | runs "
        "| of 20 seeds each | of the equal design |",
        "|---|---|---|---|---|---|---|",
        *(
            f"| {row['name']} | {100 * row['wrong']:.1f} % | {row['found']:.2f} | {row['found with all']:.2f} | "
            f"{row['runs']:.1f} | {100 * row['of all']:.0f} % | {100 * row['of equal design']:.0f} % of "
            f"{row['equal seeds']} seeds each |"
            for row in automatic
        ),
    ]
    return lines


def _line(row: dict) -> str:
    points = "points" in row["name"].rpartition(": ")[2] and row["group"] == GAINS
    measured = f"{row['measured']:.2f} points" if points else f"{100 * row['measured']:.1f} %"
    if row["low"] is not None:
        measured += f" ({100 * row['low']:.1f} to {100 * row['high']:.1f})"
    promised = "–"
    for word in ("most", "least"):
        if row[word] is not None:
            promised = f"at {word} " + (f"{row[word]:g} points" if points else f"{100 * row[word]:.0f} %")
    kept = {None: "–", True: "yes", False: "**no**"}[row["kept"]]
    return f"| {row['name']} | {promised} | {measured} | {row['tries']:,} | {kept} |"


if __name__ == "__main__":
    main()
