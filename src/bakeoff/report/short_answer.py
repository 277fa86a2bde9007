"""The answer in short: the best network, and a line for each further question."""

import itertools
from typing import NamedTuple

from bakeoff.config.schema import AUTO
from bakeoff.evaluation.budget import beyond_budget, statement
from bakeoff.evaluation.scores import VariantScores
from bakeoff.findings.finding import Finding, Mark
from bakeoff.report.contents import ReportInput
from bakeoff.report.formatting import estimate
from bakeoff.report.questions import BETTER, NOT_MEASURED

BEST = "best-network"
MEASURE = {
    "label": "validation accuracy",
    "label and ranks": "validation accuracy",
    "exact match": "validation accuracy (all classes of a photo, and no other)",
}


class Line(NamedTuple):
    """A question with its answer in one line.

    Attributes:
        mark: Whether it is decided, and how; None where the question does not arise.
        question: The question.
        text: The answer with its number.
        anchor: The part of the page that holds the evidence.
    """

    mark: Mark | None
    question: str
    text: str
    anchor: str


def short_answer(case: ReportInput) -> dict[str, object]:
    """What was asked, the line on the best network, those on all else, and what is missing from them."""
    said, budget = _best(case), _budget(case)
    judged = _finding(case, BEST)
    text = said if budget in said else f"{said} {budget}"
    best = Line("undecided", "Is one network best?", text, "networks")
    if judged:
        mark = judged.answer.mark if judged.answer else None
        best = Line(mark, judged.question, text, f"finding-{BEST}")
    return {
        "question": case.experiment.question,
        "best": best,
        "lines": [*_lines(case), _better(case)],
        "warnings": [*_leaks(case), *_missing(case)],
    }


def _lines(case: ReportInput) -> list[Line]:
    """The findings that have an answer, the weightiest first, whatever the answer is."""
    answered = [(finding, finding.answer) for finding in case.findings if finding.answer and finding.code != BEST]
    answered.sort(key=lambda both: -both[0].weight)
    return [Line(answer.mark, finding.question, answer.text, f"finding-{finding.code}") for finding, answer in answered]


def _better(case: ReportInput) -> Line:
    tried = case.improvements
    if not tried:
        return Line("not measured", BETTER, NOT_MEASURED, "improvements")
    verdicts = {change.verdict for change in tried.changes if change.kind == "measured"}
    mark: Mark = "yes" if "better" in verdicts else "no" if verdicts <= {"worse", "equivalent"} else "undecided"
    return Line(mark, BETTER, tried.statement, "improvements")


def _finding(case: ReportInput, code: str) -> Finding | None:
    return next((finding for finding in case.findings if finding.code == code), None)


def _leaks(case: ReportInput) -> list[str]:
    found = _finding(case, "leaks")
    return [found.verdict] if found and found.state == "found" else []


def _best(case: ReportInput) -> str:
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
    if len(done) == 1 and len(case.comparison.networks) > 1:
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
    judged = _finding(case, BEST)
    if judged and judged.state != "not applicable":
        return judged.verdict
    gap = _accuracy(best) - _accuracy(second)
    return (
        f"Its lead over {second.name}, {100 * gap:.1f} points, is not established: one seed does not tell what another "
        "would give."
    )


def _accuracy(network: VariantScores) -> float:
    return network.val_accuracy.mean or 0.0


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
