"""One page about several experiments: other recipes, other data."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace

import msgspec

from bakeoff.evaluation.scores import PairScores
from bakeoff.report import curves
from bakeoff.report.contents import Format, Page, ReportInput, Section, Table
from bakeoff.report.curve_figures import curve_figures, failed_runs
from bakeoff.report.formatting import drawn, percent
from bakeoff.report.sections import pairs
from bakeoff.report.short_answer import short_answer
from bakeoff.training.run import Run

FOLDER = "experiments"
"""Holds the report of each experiment, beside the page."""

COLUMNS = (
    "experiment",
    "network",
    "validation",
    "any label",
    "trained",
    "classes",
    "chance",
    "training photos",
    "parameters",
)


def page(cases: Mapping[str, ReportInput], compared: Sequence[PairScores]) -> Page:
    """The page about several experiments.

    Args:
        cases: The experiments by the names they get.
        compared: Networks compared across experiments; empty where no two have the same photos.
    """
    margin = max(case.comparison.margin for case in cases.values())
    parts = {
        "experiments": _answers(cases),
        "networks": _networks(cases),
        "pairs": replace(pairs.show(compared, margin), title="The same network across experiments"),
        "settings": _settings(cases),
        "findings": _findings(cases),
    }
    if not compared:
        del parts["pairs"]
    count = sum(len(case.runs) for case in cases.values())
    return Page(" · ".join(cases), f"{len(cases)} experiments, {count} runs", parts)


def _answers(cases: Mapping[str, ReportInput]) -> Section:
    values = [
        {"name": name, "page": f"{FOLDER}/{name}/index.html", **short_answer(case)} for name, case in cases.items()
    ]
    return Section("Short answers", "experiments.html", {"experiments": values})


def _networks(cases: Mapping[str, ReportInput]) -> Section:
    runs = [_renamed(name, run) for name, case in cases.items() for run in case.runs]
    losses, epochs = curves.loss_points(runs), curves.epoch_points(runs)
    failed = frozenset(f"{name}: {run}" for name, case in cases.items() for run in failed_runs(case))
    caption = (
        "Networks of all experiments. Chance: the accuracy at chance level. In brackets the 95 % interval over seeds "
        "and photos; with one seed over photos. Accuracies on different photos or classes do not "
        "compare networks."
    )
    formats: dict[str, Format] = {"chance": percent, "validation": drawn, "any label": drawn}
    values = {
        "networks": Table("networks", caption, COLUMNS, list(_rows(cases)), formats),
        "curves": curve_figures(runs, losses, epochs, failed),
        "runs": None,
        "measures": None,
    }
    return Section("The networks compared", "networks.html", values)


def _renamed(experiment: str, run: Run) -> Run:
    return replace(run, spec=msgspec.structs.replace(run.spec, variant=f"{experiment}: {run.spec.variant}"))


def _rows(cases: Mapping[str, ReportInput]) -> Iterator[tuple[object, ...]]:
    for name, case in cases.items():
        count, photos = len(case.comparison.classes), case.comparison.counts["train"]
        for network in case.comparison.networks:
            parameters = network.architecture.parameters if network.architecture else None
            done = f"{len(network.trained)} of {len(network.runs)}"
            accuracies = network.val_accuracy, network.any_label_accuracy
            yield (name, network.name, *accuracies, done, count, 1 / count, photos, parameters)


def _settings(cases: Mapping[str, ReportInput]) -> Section:
    """The settings in which the experiments differ."""
    settings = [_flat(msgspec.to_builtins(case.experiment)) for case in cases.values()]
    keys = dict.fromkeys(key for own in settings for key in own)
    rows = [(key, *(own.get(key, "–") for own in settings)) for key in keys]
    rows = [row for row in rows if len(set(row[1:])) > 1]
    rows.append(("data set", *(case.comparison.dataset for case in cases.values())))
    table = Table(
        "settings", "Settings in which the experiments differ, and their data sets.", ("setting", *cases), rows
    )
    return Section("What differs", "table.html", {"table": table})


def _flat(values: Mapping[str, object], prefix: str = "") -> dict[str, str]:
    """Nested settings as one level of texts: "training.epochs"."""
    flat: dict[str, str] = {}
    for key, value in values.items():
        if isinstance(value, Mapping):
            flat.update(_flat(value, f"{prefix}{key}."))
        else:
            flat[prefix + key] = ", ".join(map(str, value)) if isinstance(value, list | tuple) else str(value)
    return flat


def _findings(cases: Mapping[str, ReportInput]) -> Section:
    states = [{finding.code: finding.state for finding in case.findings} for case in cases.values()]
    codes = dict.fromkeys(code for own in states for code in own)
    rows = [(code, *(own.get(code, "–") for own in states)) for code in codes]
    table = Table("findings", "The findings of each experiment.", ("finding", *cases), rows)
    return Section("Findings", "table.html", {"table": table})
