"""The table of networks: accuracies, sizes and times."""

from collections.abc import Mapping

from msgspec.structs import asdict

from bakeoff.core.types import TEST
from bakeoff.evaluation.latency import one_photo
from bakeoff.report.contents import Format, ReportInput, Table
from bakeoff.report.formatting import drawn, megabytes, millions, milliseconds, percent, pixels, seconds

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


def networks_table(case: ReportInput) -> Table:
    """One row a network: accuracies first, then what it costs; columns in which nothing is known are left out."""
    rows, (measured, formats) = [], accuracies(case)
    for network in case.comparison.networks:
        own = network.architecture
        sizes = (own.parameters, own.macs, own.receptive_field) if own else (None, None, None)
        done = f"{len(network.trained)} of {len(network.runs)}"
        reached = (*(getattr(network, kind) for kind in measured), network.train_accuracy.mean)
        latency, ranked = one_photo(case.latencies, network.name), network.mean_average_precision
        cost = (network.weights_bytes, latency.median) if latency else (None, None)
        rows.append((network.name, *reached, ranked, done, *sizes, *cost, network.seconds))
    return Table(
        "networks",
        f"{SCORED[case.comparison.scoring]}Means over the seeds that trained; in brackets the 95 % interval over seeds "
        "and photos, with one seed over photos. Parameters: those that are learned; MACs: multiply-accumulate "
        "operations for one photo."
        + (" Size: of all weights; latency: the median for one photo." if case.latencies else "")
        + _differences(case),
        ("network", *formats, "mAP", "trained", *SIZES, "time per run"),
        rows,
        {**formats, **COSTS, "mAP": drawn},
    ).without_empty_columns()


def accuracies(case: ReportInput) -> tuple[tuple[str, ...], dict[str, Format]]:
    """The accuracies that have an interval, and the columns of these and of training's with what writes them."""
    names = ["val_accuracy", "any_label_accuracy", *(["test_accuracy"] if TEST in case.comparison.counts else [])]
    columns = ["validation", "any label", "test"][: len(names)]
    return tuple(names), {**dict.fromkeys(columns, drawn), "training": percent}


def _differences(case: ReportInput) -> str:
    """Which variants have a recipe, or data, of their own, and how these differ; and which were pretrained."""
    training, data = asdict(case.experiment.training.recipe), asdict(case.experiment.data)
    ran_with = {run.spec.recipe.precision for run in case.runs}
    if training["precision"] == "auto" and len(ran_with) == 1:  # it became the same for all
        training["precision"] = ran_with.pop()
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
