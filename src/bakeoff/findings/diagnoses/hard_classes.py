"""Which classes are hard, and which are confused?"""

from typing import Any

import numpy as np
import numpy.typing as npt
from scipy.stats import binomtest
from statsmodels.stats.multitest import multipletests

from bakeoff.core.registry import findings
from bakeoff.evaluation.intervals import wilson
from bakeoff.evaluation.results import Results, finished
from bakeoff.evaluation.scores import VariantScores
from bakeoff.evaluation.variance_components import ALPHA
from bakeoff.findings.failures import FLOOR
from bakeoff.findings.finding import Finding

SHOWN = 3


@findings.register("hard-classes")
def hard_classes(results: Results) -> Finding:
    """The lowest recall, the cells of the confusion matrix above chance, and classes that are never predicted."""
    classes = results.comparison.classes
    measured = [_measure(network, classes) for network in results.comparison.networks if finished(network)]
    never = [
        f"{entry['network']} never predicts {', '.join(entry['never'])}"
        for entry in measured
        if entry["never"] and entry["network"] != FLOOR
    ]
    usable = [entry for entry in measured if not entry["never"]] or measured
    if not measured:
        return _finding("not applicable", "No run finished.", measured)
    best = max(usable, key=lambda entry: entry["accuracy"])
    hardest, confused = best["recall"][0], best["confused"][:SHOWN]
    parts = [
        f"In {best['network']} the lowest recall is that of {hardest['class']}: {100 * hardest['recall']:.1f} % "
        f"({100 * hardest['low']:.1f} to {100 * hardest['high']:.1f})"
    ]
    if confused:
        cells = ", ".join(f"{cell['true']} taken for {cell['predicted']} ({cell['count']})" for cell in confused)
        parts.append(f"confused more than chance explains: {cells}")
    verdict = "; ".join([*parts, *never]) + "."
    return _finding("found" if confused or never else "not found", verdict, measured)


def _finding(state: Any, verdict: str, measured: list[dict[str, Any]]) -> Finding:
    return Finding(
        code="hard-classes",
        title="Hard classes",
        question="Which classes are hard to tell apart, and why?",
        state=state,
        verdict=verdict,
        limits="Counts are of the run with the lowest seed, so that no photo counts twice. Whether a confusion lies in "
        "the photos or in their labels is the finding on ambiguous labels.",
        evidence={"alpha": ALPHA, "networks": measured},
        weight=55,
    )


def _measure(network: VariantScores, classes: tuple[str, ...]) -> dict[str, Any]:
    """Numbers of the run with the lowest seed; `never` lists what no run of the network predicts."""
    counts = np.array(finished(network)[0].confusion)
    total = np.sum([run.confusion for run in finished(network)], axis=0)
    recall = []
    for label, name in enumerate(classes):
        held = wilson(int(counts[label, label]), int(counts[label].sum()))
        share = counts[label, label] / max(counts[label].sum(), 1)
        recall.append(
            {
                "class": name,
                "recall": float(share),
                "low": held.low if held else 0.0,
                "high": held.high if held else 1.0,
            }
        )
    return {
        "network": network.name,
        "accuracy": network.val_accuracy.mean,
        "recall": sorted(recall, key=lambda entry: entry["recall"]),
        "confused": _confused(counts, classes),
        "never": [name for label, name in enumerate(classes) if total[:, label].sum() == 0],
    }


def _confused(counts: npt.NDArray[np.int64], classes: tuple[str, ...]) -> list[dict[str, Any]]:
    """Off-diagonal cells that hold more of their class's errors than an even spread over the other classes explains.

    Each cell has a binomial test, with Holm's correction over all cells.
    """
    errors = counts - np.diag(np.diag(counts))
    chance = 1 / (len(classes) - 1)
    cells = []
    for truth, guess in np.argwhere(errors):
        test = binomtest(int(errors[truth, guess]), int(errors[truth].sum()), chance, alternative="greater")
        cells.append((int(errors[truth, guess]), classes[truth], classes[guess], float(test.pvalue)))
    if not cells:
        return []
    passed = multipletests([cell[-1] for cell in cells], ALPHA, method="holm")[0]
    kept = sorted((cell for cell, above in zip(cells, passed, strict=True) if above), reverse=True)
    return [{"count": count, "true": truth, "predicted": guess, "p": p} for count, truth, guess, p in kept]
