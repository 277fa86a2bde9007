"""What was asked, and the short answer."""

import itertools

from bakeoff.config.schema import AUTO
from bakeoff.core.registry import sections
from bakeoff.evaluation.budget import beyond_budget, statement
from bakeoff.evaluation.scores import VariantScores
from bakeoff.report.contents import ReportInput, Section
from bakeoff.report.formatting import estimate

MEASURE = {
    "label": "validation accuracy",
    "label and ranks": "validation accuracy",
    "exact match": "validation accuracy (all classes of a photo, and no other)",
}


@sections.register("10-answer")
def answer(case: ReportInput) -> Section:
    """The question, the short answer in a few sentences, and what is missing from it."""
    said, budget = _answer(case), _budget(case)
    values = {
        "question": case.experiment.question,
        "answer": said if budget in said else f"{said} {budget}",
        "warnings": [*_untrained(case), *_missing(case)],
    }
    return Section("Short answer", "answer.html", values)


def _answer(case: ReportInput) -> str:
    images = case.comparison.counts["val"]
    done = [network for network in case.comparison.comparable if network.trained]
    if not done:
        return "No network trained, so there is nothing to compare; the reasons are below."
    if not images:
        return "There are no validation photos, so the networks can't be compared."
    out = beyond_budget(done, case.experiment.evaluation, case.latencies)
    ranked = sorted((network for network in done if network.name not in out), key=_accuracy, reverse=True)
    if not ranked:
        return _budget(case)
    best = ranked[0]
    leaders = [network.name for network in ranked if _accuracy(network) == _accuracy(best)]
    reached = f"{estimate(best.val_accuracy)} of {images:,} photos, {_base(best)}."
    measure = MEASURE[case.comparison.scoring]
    if len(done) == 1:
        return f"{best.name} reaches a {measure} of {reached} No other network trained."
    if len(ranked) == 1:
        return f"{best.name} reaches a {measure} of {reached}"
    if len(leaders) > 1:
        return f"{' and '.join(leaders)} share the highest mean {measure}: {reached} None of them leads."
    return f"{best.name} has the highest mean {measure}: {reached} {_lead(case, best, ranked[1])}"


def _budget(case: ReportInput) -> str:
    """The budget and what was left out by it, in the words of the finding on the best network."""
    done = [network for network in case.comparison.networks if network.trained]
    return statement(done, case.experiment.evaluation, case.latencies)


def _base(network: VariantScores) -> str:
    """What a network's estimate is based on."""
    done, asked = len(network.trained), len(network.runs)
    if done == 1:
        return "one seed (95 % interval over photos)"
    return f"the mean of {done}{f' of {asked}' if asked > done else ''} seeds (95 % interval over seeds and photos)"


def _lead(case: ReportInput, best: VariantScores, second: VariantScores) -> str:
    """Which network is best as far as the pairs were tested; else why nobody knows."""
    judged = next((finding for finding in case.findings if finding.code == "best-network"), None)
    if judged and judged.state != "not applicable":
        return judged.verdict
    gap = _accuracy(best) - _accuracy(second)
    return (
        f"Its lead over {second.name}, {100 * gap:.1f} points, is not established: one seed does not tell what another "
        "would give."
    )


def _accuracy(network: VariantScores) -> float:
    return network.val_accuracy.mean or 0.0


def _untrained(case: ReportInput) -> list[str]:
    """What the finding on failed trainings says, where it was found: failed runs must not pass unseen."""
    return [
        finding.verdict for finding in case.findings if finding.code == "failed-training" and finding.state == "found"
    ]


def _missing(case: ReportInput) -> list[str]:
    """Runs that were asked for and are not there, such as those of a training that was stopped."""
    training = case.experiment.training
    if not case.runs or training.seeds == AUTO:
        return []
    there = {(run.spec.variant, run.spec.seed) for run in case.runs}
    return [
        f"{variant.name}, seed {seed}: was not run yet; repeat the command to add it."
        for variant, seed in itertools.product(case.experiment.variant_list, training.seed_list)
        if (variant.name, seed) not in there
    ]
