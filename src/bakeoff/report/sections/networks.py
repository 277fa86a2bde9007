"""The table of networks and runs, and the curves."""

from collections.abc import Mapping, Sequence

import polars as pl
from msgspec.structs import asdict

from bakeoff.core.registry import sections
from bakeoff.core.types import TEST, Estimate
from bakeoff.evaluation.latency import one_photo
from bakeoff.evaluation.scores import VariantScores
from bakeoff.report import charts, curves
from bakeoff.report.contents import Figure, Format, ReportInput, Section, Table
from bakeoff.report.formatting import (
    drawn,
    estimate,
    megabytes,
    millions,
    milliseconds,
    nats,
    percent,
    pixels,
    points_or_dash,
    seconds,
    status,
)
from bakeoff.training.run import Run

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
COSTS: dict[str, Format] = {
    "MACs": millions,
    "receptive field": pixels,
    "size": megabytes,
    "latency": milliseconds,
    "time per run": seconds,
}
SCORED = {
    "label": "Any label: the predicted class is annotated in the photo. ",
    "label and ranks": "Validation: the most likely class is the photo's label, also of networks that were trained on "
    "all classes of a photo; any label: it is annotated in the photo. mAP: mean average precision over the classes, of "
    "the photos by what is annotated in them. ",
    "exact match": "The networks were trained on all classes of a photo. Training, validation: exactly these are "
    "predicted (exact match); any label: the most likely one is annotated in the photo. mAP: mean average precision "
    "over the classes. ",
}
SIZES = ("parameters", "MACs", "receptive field", "size", "latency")
CHANCE = {"multiclass": "ln K", "multilabel": "ln 2"}
ACCURACIES: dict[str, Format] = {"training": percent, "validation": drawn, "any label": drawn}


@sections.register("20-networks")
def networks(case: ReportInput) -> Section:
    """Parameters and accuracies of the networks, and their losses in one chart."""
    losses, epochs = curves.loss_points(case.runs), curves.epoch_points(case.runs)
    return Section(
        "The networks compared",
        "networks.html",
        {
            "networks": _networks(case).without_empty_columns(),
            "runs": _runs(case).without_empty_columns(),
            **measures(case.comparison.networks),
            "curves": figures(case.runs, losses, epochs),
            "points": [
                Table(name, caption, table.drop("run").columns, table.drop("run").rows())
                for name, caption, table in (
                    ("loss", "Points of the loss curves.", losses),
                    ("epochs", "Loss and accuracy after each epoch.", epochs),
                )
            ],
        },
    )


def figures(runs: Sequence[Run], losses: pl.DataFrame, epochs: pl.DataFrame) -> list[Figure]:
    """The charts of losses and accuracies for which there is anything to draw.

    Args:
        runs: Give the order and colours of the networks.
        losses: As `curves.loss_points` gives them.
        epochs: As `curves.epoch_points` gives them.
    """
    figures = []
    if losses.height:
        tasks = sorted({run.spec.recipe.task for run in runs})
        levels = " and ".join(f"{CHANCE[task]} ({task})" if len(tasks) > 1 else CHANCE[task] for task in tasks)
        caption = f"Training loss of every run over the photos seen. Dashed: the loss at chance level, {levels}. "
        if max(losses["loss"]) > charts.LOSS_LIMIT * max(run.spec.chance_loss for run in runs):
            caption += f"Cut off at {charts.LOSS_LIMIT} times that. "
        if losses["end"].any():
            caption += "A cross: the run ended here without being finished. "
        chart = charts.loss_curves(runs, losses)
        figures.append(Figure("loss", caption.strip(), chart, live=True))
    if any(epochs[column].count() for column in ("training accuracy", "validation accuracy")):
        caption = "Accuracy after each epoch. Solid: validation. Dashed: training, over the epoch as it was trained on."
        if any(run.spec.recipe.task == "multilabel" for run in runs):
            caption += " Of networks that learn all classes of a photo: exactly these are predicted."
        figures.append(Figure("accuracy", caption, charts.epoch_curves(runs, epochs, "accuracy"), live=True))
    if epochs["validation loss"].count():
        caption = "Loss after each epoch. Solid: validation. Dashed: training, over the epoch as it was trained on."
        figures.append(Figure("loss-epochs", caption, charts.epoch_curves(runs, epochs, "loss"), live=True))
    return figures


def _networks(case: ReportInput) -> Table:
    rows, (measured, formats) = [], _accuracies(case)
    for network in case.comparison.networks:
        own = network.architecture
        sizes = (own.parameters, own.macs, own.receptive_field) if own else (None, None, None)
        done = f"{len(network.trained)} of {len(network.runs)}"
        accuracies = (network.train_accuracy.mean, *(getattr(network, kind) for kind in measured))
        latency, ranked = one_photo(case.latencies, network.name), network.mean_average_precision
        cost = (network.weights_bytes, latency.median) if latency else (None, None)
        rows.append((network.name, *sizes, *cost, done, *accuracies, ranked, network.seconds))
    return Table(
        "networks",
        "Learnable parameters, multiply-accumulate operations for one photo, and mean accuracies over the seeds that "
        "trained. "
        f"{SCORED[case.comparison.scoring]}In brackets the 95 % interval over seeds and photos; with one seed over "
        "photos."
        + (" Size: of all weights; latency: the median for one photo." if case.latencies else "")
        + _differences(case),
        ("network", *SIZES, "trained", *formats, "mAP", "time per run"),
        rows,
        {**formats, **COSTS, "mAP": drawn},
    )


def _accuracies(case: ReportInput) -> tuple[tuple[str, ...], dict[str, Format]]:
    """The accuracies that have an interval, and the columns of all with what writes them."""
    names: tuple[str, ...] = ("val_accuracy", "any_label_accuracy")
    if TEST in case.comparison.counts:
        return (*names, "test_accuracy"), {**ACCURACIES, "test": drawn}
    return names, ACCURACIES


def _differences(case: ReportInput) -> str:
    """Which variants have a recipe, or data, of their own, and how these differ; and which were pretrained."""
    training, data = asdict(case.experiment.training.recipe), asdict(case.experiment.data)
    recipes = {run.spec.variant: _changes(training, asdict(run.spec.recipe)) for run in case.runs}
    others = {variant.name: _changes(data, asdict(variant.data)) for variant in case.experiment.variant_list}
    scored = {network.name for network in case.comparison.comparable}
    elsewhere = [network.name for network in case.comparison.networks if network.name not in scored]
    said = (
        f" Scored on photos of their own, so not to be ranked with the others: {', '.join(elsewhere)}."
        if elsewhere
        else ""
    )
    if tuned := dict.fromkeys(run.spec.variant for run in case.runs if run.record.pretrained):
        said += f" From pretrained weights: {', '.join(tuned)}; all others from scratch."
    return _listed("Not with one recipe", recipes) + _listed("Not on one data set", others) + said


def _changes(shared: Mapping[str, object], own: Mapping[str, object]) -> str:
    return ", ".join(f"{key} {value}" for key, value in own.items() if value != shared[key])


def _listed(what: str, changes: Mapping[str, str]) -> str:
    parts = [f"{name} ({own})" for name, own in changes.items() if own]
    return f" {what}: {'; '.join(parts)}." if parts else ""


def measures(networks: Sequence[VariantScores]) -> dict[str, object]:
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
    measured, formats = _accuracies(case)
    rows = [
        (
            network.name,
            run.seed,
            run.outcome,
            run.train_accuracy,
            *(Estimate(getattr(run, kind), getattr(run, kind.replace("accuracy", "interval"))) for kind in measured),
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
