"""What was searched for each network, and how much accuracy came from it."""

from bakeoff.core.registry import sections
from bakeoff.core.types import Estimate
from bakeoff.evaluation.improvements import measured_change
from bakeoff.evaluation.scores import NOTHING, Comparison
from bakeoff.evaluation.tuning import TunedNetwork, Tuning, choose, in_words
from bakeoff.report.contents import Format, ReportInput, Section, Table
from bakeoff.report.formatting import decimal, difference, estimate, percent

GAINS = (
    "Each network as it is and with the recipe that the search chose, both trained on all training photos with the "
    "same seeds. The gain in validation accuracy, in percentage points, is that of a pair as any other: with its 95 % "
    "interval, and its verdict after Holm's correction over all pairs. Held out: accuracy on the photos that recipes "
    "were judged on; the highest of several is too high on average, the gain on validation photos is not."
)


@sections.register("23-tuning")
def tuning(case: ReportInput) -> Section | None:
    """The search, each network's choice, and its gain; nothing where nothing was searched."""
    if not case.tuning:
        return None
    values = {
        "statement": case.tuning.statement,
        "gains": _gains(case.tuning, case.comparison),
        "trials": _trials(case.tuning),
    }
    return Section("What tuning gained", "tuning.html", values)


def _gains(found: Tuning, comparison: Comparison) -> Table:
    rows = [(own.name, in_words(own.chosen) or "–", _held_out(own), *_gain(own, comparison)) for own in found.networks]
    formats: dict[str, Format] = {"held out": percent, "untuned": estimate, "tuned": estimate, "gain": difference}
    return Table("tuning", GAINS, ("network", "chosen", *formats, "verdict"), rows, formats)


def _held_out(own: TunedNetwork) -> float | None:
    best = choose(own.trials)
    return best.accuracy if best else None


def _gain(own: TunedNetwork, comparison: Comparison) -> tuple[Estimate, Estimate, Estimate, str]:
    """Validation accuracy without and with the chosen values, the difference, and the verdict of the pair."""
    accuracies = {network.name: network.val_accuracy for network in comparison.networks}
    untuned, tuned = accuracies.get(own.name, NOTHING), accuracies.get(own.variant, NOTHING)
    if not own.variant:
        return untuned, untuned, NOTHING, "its recipe as it is" if own.chosen else "no trial finished"
    pair = next((one for one in comparison.pairs if (one.first, one.second) == (own.name, own.variant)), None)
    if not pair:
        return untuned, tuned, NOTHING, "not trained yet"
    change = measured_change(own.name, "", pair)
    return untuned, tuned, Estimate(change.gain, change.interval), change.verdict


def _trials(found: Tuning) -> Table:
    rows = [
        (own.name, in_words(trial.values), trial.accuracy, trial.loss, trial.reason)
        for own in found.networks
        for trial in own.trials
    ]
    columns = ("network", "recipe", "held out accuracy", "held out loss", "reason")
    formats: dict[str, Format] = {"held out accuracy": percent, "held out loss": decimal}
    caption = "Every recipe that was tried, by its mean accuracy and loss on the photos held out."
    return Table("tuning-trials", caption, columns, rows, formats).without_empty_columns()
