"""Trying each change, and ranking them by what they gain."""

import time
from collections.abc import Iterator, Sequence
from pathlib import Path

from bakeoff import evaluation
from bakeoff.config.schema import ExperimentConfig
from bakeoff.core.errors import ConfigError, StorageError, unknown_name
from bakeoff.core.progress import Monitor, silent
from bakeoff.core.storage import read_json, write_json
from bakeoff.evaluation.improvements import Improvements, Variant
from bakeoff.evaluation.intervals import points
from bakeoff.evaluation.scores import Comparison, PairScores
from bakeoff.workflow import pipeline
from bakeoff.workflow.improvement.context import Workplace
from bakeoff.workflow.improvement.curve import learning_curve
from bakeoff.workflow.improvement.trials import Trial, trials

KINDS = ("measured", "extrapolated", "skipped")
VERDICTS = {"second better": "better", "first better": "worse", "not applicable": "not tested: one seed"}


def improve(experiment: ExperimentConfig, folder: Path, *, monitor: Monitor = silent) -> Improvements:
    """Tries cleaner labels, parts of the photos, augmentation and cures of a vanishing signal on one network.

    Runs that are there already are kept, those of the experiment too. Writes `improve/improvements.json`, and the
    report anew where the experiment has one.

    Args:
        experiment: Its section `[improve]` says what is tried; `[training]` gives the recipe and the seeds.
        folder: The experiment's folder.
        monitor: Told of the stages and runs.

    Returns:
        What each change gains, best first. Pairs are tested as networks are, with Holm's correction over the changes.

    Raises:
        ConfigError: There is no such network among the experiment's.
        BakeoffError: The data set or the runs can't be made; see `pipeline.build` and `pipeline.train`.
    """
    start = time.monotonic()
    network = _choose_network(experiment, folder)
    pipeline.check(experiment)
    data = pipeline.build(experiment, folder, monitor=monitor)
    place = Workplace(experiment, folder, data, network, monitor, start)
    variants = list(_judge(_try_all(place)))
    curve, double = learning_curve(place)
    ranked = sorted([*variants, double], key=lambda variant: (KINDS.index(variant.kind), -(variant.gain or 0.0)))
    found = Improvements(
        network=network,
        variants=tuple(ranked),
        curve=curve,
        seconds=place.seconds,
        budget=experiment.improve.minutes,
        statement=_statement(network, ranked),
    )
    write_json(folder / pipeline.IMPROVEMENTS, found)
    if (folder / "experiment.json").exists():
        pipeline.write_report(folder, monitor=monitor)
    return found


def _choose_network(experiment: ExperimentConfig, folder: Path) -> str:
    """The one that was asked for, or the best of the experiment so far, or its first."""
    wanted, known = experiment.improve.network, [variant.name for variant in experiment.variant_list]
    if wanted and wanted not in known:
        raise ConfigError(f"improve.network: {unknown_name('network of this experiment', wanted, known)}")
    if wanted:
        return wanted
    try:
        scores = read_json(folder / "comparison.json", Comparison).networks
    except StorageError:
        scores = ()
    means = {network.name: network.val_accuracy.mean for network in scores if network.name in known}
    return max(known, key=lambda name: means.get(name) or 0.0)


def _try_all(place: Workplace) -> list[tuple[Trial, PairScores | str]]:
    """Each trial with its comparison, or why it was not tried."""
    outcomes: list[tuple[Trial, PairScores | str]] = []
    for trial in trials(place):
        obstacle = trial.obstacle or place.used_up
        measured = obstacle or evaluation.compare_two(("as it is", trial.name), *trial.measure())
        outcomes.append((trial, measured))
    return outcomes


def _judge(tried: Sequence[tuple[Trial, PairScores | str]]) -> Iterator[Variant]:
    pairs = {pair.second: pair for pair in evaluation.adjust([p for _, p in tried if isinstance(p, PairScores)])}
    for trial, outcome in tried:
        if isinstance(outcome, str):
            yield Variant(trial.name, trial.what, "skipped", outcome)
        elif outcome.difference is None:
            reason = "no seed finished both with and without it, or there is no photo to score both on"
            yield Variant(trial.name, trial.what, "skipped", reason)
        else:
            pair = pairs[trial.name]
            verdict = VERDICTS.get(pair.verdict, pair.verdict)
            yield Variant(
                trial.name,
                trial.what,
                "measured",
                verdict,
                gain=pair.difference,
                interval=pair.interval,
                seeds=len(pair.seeds),
                images=pair.images,
            )


def _statement(network: str, ranked: Sequence[Variant]) -> str:
    measured = [variant for variant in ranked if variant.kind == "measured"]
    better = [_told(variant) for variant in measured if variant.verdict == "better"]
    same = [variant.name for variant in measured if variant.verdict != "better" and variant.verdict != "worse"]
    worse = [variant.name for variant in measured if variant.verdict == "worse"]
    parts = [f"For {network}, better than no change: {'; '.join(better) or 'nothing that was tried'}."]
    parts += [f"Not distinguishable from no change: {', '.join(same)}."] if same else []
    parts += [f"Worse: {', '.join(worse)}."] if worse else []
    parts += [f"Extrapolated: {_told(variant)}." for variant in ranked if variant.kind == "extrapolated"]
    return " ".join(parts)


def _told(variant: Variant) -> str:
    bounds = f" ({points(variant.interval.low)} to {points(variant.interval.high)})" if variant.interval else ""
    return f"{variant.what} {points(variant.gain or 0.0)} points{bounds}"
