"""The curves, further scores, and every run."""

from collections.abc import Sequence

from bakeoff.core.registry import sections
from bakeoff.core.types import Estimate
from bakeoff.evaluation.scores import VariantScores
from bakeoff.report import charts, curves
from bakeoff.report.contents import Figure, Format, ReportInput, Section, Table
from bakeoff.report.curve_figures import curve_figures, failed_runs
from bakeoff.report.formatting import estimate, nats, percent, points_or_dash, seconds, status
from bakeoff.report.networks_table import accuracies

MEASURES = (
    "Further scores on the validation photos, over the seeds that trained, with 95 % intervals over seeds and photos. "
    "NLL: mean negative log-likelihood, in nats. Overconfidence: mean probability of the predicted class minus "
    "accuracy, in points. ECE: expected calibration error; by chance: what a perfectly calibrated network would show "
    "on so few photos."
)
VARIANCE = (
    "How often a network fails to train, with the exact 95 % interval (Clopper and Pearson); and where the variance of "
    "its mean accuracy comes from: large under seeds, more seeds would make it surer; large under photos, more photos."
)
RELIABILITY = (
    "Reliability: accuracy among the photos by the probability that the network gives to its prediction, with 95 % "
    "intervals over seeds and photos. Dashed: perfect calibration."
)


@sections.register("20-networks")
def networks(case: ReportInput) -> Section:
    """Losses and accuracies as the networks learned, further scores, and the table of runs."""
    losses, epochs = curves.loss_points(case.runs), curves.epoch_points(case.runs)
    return Section(
        "Curves and runs",
        "networks.html",
        {
            "runs": _runs(case).without_empty_columns(),
            **_measures(case.comparison.networks),
            "curves": curve_figures(case.runs, losses, epochs, failed_runs(case)),
            "points": [
                Table(name, caption, table.drop("run").columns, table.drop("run").rows())
                for name, caption, table in (
                    ("loss", "Points of the loss curves.", losses),
                    ("epochs", "Loss and accuracy after each epoch.", epochs),
                )
            ],
        },
    )


def _measures(networks: Sequence[VariantScores]) -> dict[str, object]:
    """Further scores, where the variance comes from, and the reliability curves."""
    scores = [
        (
            network.name,
            network.balanced_accuracy,
            network.macro_f1,
            network.top5_accuracy,
            network.mean_average_precision,
            network.nll,
            network.calibration and network.calibration.overconfidence,
            network.calibration and network.calibration.ece,
            network.calibration and network.calibration.chance_ece,
        )
        for network in networks
        if network.trained
    ]
    measured: dict[str, Format] = {
        "balanced accuracy": estimate,
        "macro F1": estimate,
        "top-5 accuracy": estimate,
        "mAP": estimate,
        "NLL": nats,
        "overconfidence": points_or_dash,
        "ECE": percent,
        "ECE by chance": percent,
    }
    shares = [
        (network.name, network.failures.failed, network.failures.runs, _rate(network), *_shares(network))
        for network in networks
    ]
    formats: dict[str, Format] = {"fails": estimate, "seeds": percent, "photos": percent, "rest": percent}
    drawn_networks = [network for network in networks if network.calibration]
    return {
        "measures": Table("measures", MEASURES, ("network", *measured), scores, measured).without_empty_columns(),
        "variance": Table("variance", VARIANCE, ("network", "failed", "of", *formats), shares, formats),
        "reliability": Figure("reliability", RELIABILITY, charts.reliability(drawn_networks))
        if drawn_networks
        else None,
    }


def _rate(network: VariantScores) -> Estimate:
    rate = network.failures
    return Estimate(rate.failed / rate.runs, rate.interval) if rate.runs else Estimate(None, None)


def _shares(network: VariantScores) -> tuple[float | None, ...]:
    parts = network.variance
    return (parts.seeds, parts.images, parts.rest) if parts else (None, None, None)


def _runs(case: ReportInput) -> Table:
    measured, formats = accuracies(case)
    rows = [
        (
            network.name,
            run.seed,
            run.outcome,
            *(Estimate(getattr(run, kind), getattr(run, kind.replace("accuracy", "interval"))) for kind in measured),
            run.train_accuracy,
            run.seconds,
            run.reason,
        )
        for network in case.comparison.networks
        for run in network.runs
    ]
    return Table(
        "runs",
        "Every run. In brackets the 95 % interval over photos: what other photos of the same kind could give this "
        "trained network.",
        ("network", "seed", "outcome", *formats, "seconds", "reason"),
        rows,
        {**formats, "outcome": status, "seconds": seconds},
    )
