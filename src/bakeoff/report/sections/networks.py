"""The table of networks and runs, and the curves."""

from bakeoff.registry import sections
from bakeoff.report import charts
from bakeoff.report.contents import Case, Figure, Section, Table
from bakeoff.report.wording import percent, pixels, seconds

NETWORK_COLUMNS = (
    *("network", "parameters", "MACs", "receptive field", "runs", "training", "validation", "any label", "time a run"),
)
RUN_COLUMNS = (
    *("network", "seed", "status", "training", "validation", "validation low", "validation high", "any label"),
    *("seconds", "reason"),
)


@sections.register("20-networks")
def networks(case: Case) -> Section:
    """Parameters and accuracies of the networks, and their losses in one chart."""
    finished = [run for run in case.runs if run.log]
    values: dict[str, object] = {"networks": _networks(case), "runs": _runs(case), "curves": []}
    if finished:
        values["curves"] = [
            Figure(
                "loss",
                "Training loss of every run, each point the mean of so many batches as the recipe's log_every says. "
                "Dashed: the loss of guessing, ln K.",
                charts.loss_curves(finished, len(case.comparison.classes)),
            ),
            Figure(
                "accuracy",
                "Accuracy after each epoch. Solid: validation. Dashed: training, over the epoch as it was trained on.",
                charts.accuracy_curves(finished),
            ),
        ]
    return Section("The networks compared", "networks.html", values)


def _networks(case: Case) -> Table:
    rows = []
    for network in case.comparison.networks:
        own = network.architecture
        done = sum(run.status == "finished" for run in network.runs)
        means = (network.train_accuracy.mean, network.val_accuracy.mean, network.any_label_accuracy.mean)
        sizes = (own.parameters, own.macs, own.receptive_field) if own else (None, None, None)
        rows.append((network.name, *sizes, f"{done} of {len(network.runs)}", *means, network.seconds))
    formats = dict.fromkeys(("training", "validation", "any label"), percent)
    return Table(
        "networks",
        "Learnable parameters, multiply-accumulate operations for one photo, and mean accuracies over the finished "
        "runs. Any label: the predicted class is annotated in the photo.",
        NETWORK_COLUMNS,
        rows,
        {**formats, "receptive field": pixels, "time a run": seconds},
    )


def _runs(case: Case) -> Table:
    rows = []
    for network in case.comparison.networks:
        for run in network.runs:
            low, high = (run.val_interval.low, run.val_interval.high) if run.val_interval else (None, None)
            scores = (run.train_accuracy, run.val_accuracy, low, high, run.any_label_accuracy)
            rows.append((network.name, run.seed, run.status, *scores, run.seconds, run.reason))
    shares = ("training", "validation", "validation low", "validation high", "any label")
    return Table(
        "runs",
        "Every run. Low and high bound the 95 % Wilson interval of its validation accuracy: what other photos of the "
        "same kind could give this trained network.",
        RUN_COLUMNS,
        rows,
        {**dict.fromkeys(shares, percent), "seconds": seconds},
    )
