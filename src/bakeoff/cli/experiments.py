"""The whole way in one command, and its end: the report."""

import webbrowser
from pathlib import Path
from typing import Annotated

import typer

from bakeoff.cli.app import (
    Annotations,
    Connections,
    Device,
    ExperimentName,
    Out,
    Overrides,
    Overwrite,
    Photos,
    Precision,
    Threads,
    app,
    command_line,
    example,
    load,
)
from bakeoff.cli.printing import console, print_outcome
from bakeoff.cli.progress import progress


@app.command(**example("bakeoff demo --out my-demo"))
def demo(out: Annotated[Path, typer.Option(help="The demo's folder.")] = Path("bakeoff-demo")) -> None:
    """Draw a small data set, train four networks on it, and write the report: nothing to download."""
    from bakeoff.workflow import pipeline

    with progress() as monitor:
        page = pipeline.demo(out, command=command_line(), monitor=monitor)
    _print_outcome(out, page)


@app.command(**example("bakeoff run hw4-2024 --annotations instances_train2017.json --images train2017"))
def run(
    experiment: ExperimentName,
    annotations: Annotations = "",
    images: Photos = "",
    connections: Connections = 0,
    out: Out = None,
    overrides: Overrides = None,
    device: Device = "",
    threads: Threads = 0,
    precision: Precision = "",
    overwrite: Overwrite = False,
) -> None:
    """Run a whole experiment: select, build, train, report."""
    from bakeoff.workflow import pipeline

    loaded, folder = load(
        experiment,
        out,
        overrides,
        annotations=annotations,
        images=images,
        connections=connections,
        device=device,
        threads=threads,
        precision=precision,
    )
    with progress() as monitor:
        page = pipeline.run(loaded, folder, command=command_line(), overwrite=overwrite, monitor=monitor)
    _print_outcome(folder, page)


@app.command(**example("bakeoff report bakeoff-hw4-2024 --open"))
def report(
    folders: Annotated[list[Path], typer.Argument(help="An experiment's folder, or several for one joint report.")],
    out: Annotated[
        Path | None, typer.Option(help="Folder of a joint report; bakeoff-report where it is not given.")
    ] = None,
    show: Annotated[bool, typer.Option("--open", help="Open the page in the browser.")] = False,
) -> None:
    """Score the runs of experiments and write their report anew; several folders give one report about all."""
    from bakeoff.workflow import pipeline

    with progress() as monitor:
        if len(folders) == 1 and not out:
            page = pipeline.write_report(folders[0], monitor=monitor)
        else:
            page = pipeline.write_joint_report(folders, out or Path("bakeoff-report"), monitor=monitor)
    console.print(f"Report: {page}", soft_wrap=True)
    if show and not webbrowser.open(page.resolve().as_uri()):
        console.print("There is no browser here; open the page yourself.")


def _print_outcome(folder: Path, page: Path) -> None:
    from bakeoff.workflow.experiment import Experiment

    experiment = Experiment(folder)
    print_outcome(experiment.comparison, experiment.findings)
    console.print(f"Report: {page}", soft_wrap=True)
