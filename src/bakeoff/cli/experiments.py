"""A whole experiment in one command, and its report."""

import shlex
import sys
import webbrowser
from pathlib import Path
from typing import Annotated

import typer

from bakeoff.cli import app as cli
from bakeoff.cli.printing import print_line, print_outcome, print_problems
from bakeoff.cli.progress import progress


@cli.command("demo --out my-demo")
def demo(out: Annotated[Path, typer.Option(help="The demo's folder.")] = Path("bakeoff-demo")) -> None:
    """Draw a small data set, train five networks with three seeds, and write the report: nothing to download."""
    from bakeoff.workflow import pipeline

    with progress() as monitor:
        page = pipeline.demo(out, command=cli.command_line(), monitor=monitor)
    _print_outcome(out, page)


@cli.command("init my.toml --annotations instances_train2017.json --images train2017")
def init(
    file: Annotated[Path, typer.Argument(help="The experiment file to write.")] = Path("experiment.toml"),
    annotations: cli.Annotations = "",
    images: cli.Photos = "",
    folder: Annotated[str, typer.Option(help="Instead: a tree of photos with a folder per class.")] = "",
    classes: Annotated[str, typer.Option(help="Class names with commas; default: the most frequent ones.")] = "",
    networks: Annotated[str, typer.Option(help="Names of networks with commas; default: the preset's.")] = "",
    preset: Annotated[str, typer.Option(help="The preset whose values it starts from.")] = "hw4-2024",
    overwrite: cli.Overwrite = False,
) -> None:
    """Write an experiment file with a comment for every key, from options or from answers to three questions."""
    from bakeoff.workflow import init as own

    if not (annotations or folder) and sys.stdin.isatty():
        annotations = typer.prompt("Instances file (empty: a folder per class)", default="", show_default=False)
        folder = "" if annotations else typer.prompt("Folder with a folder of photos per class")
        images = typer.prompt("Folder or zip archive of the photos") if annotations else ""
        classes = typer.prompt("Classes, with commas (empty: choose for me)", default="", show_default=False)
    names, nets = (tuple(part.strip() for part in text.split(",") if part.strip()) for text in (classes, networks))
    found = own.init(
        file,
        preset=preset,
        annotations=annotations,
        images=images,
        folder=folder,
        classes=names,
        networks=nets,
        overwrite=overwrite,
    )
    print_line(f"Experiment: {file} (classes: {', '.join(found) or 'all'})")
    print_line(f"Look through it, then: bakeoff run {shlex.quote(str(file))}")


@cli.command("run hw4-2024 --annotations instances_train2017.json --images train2017")
def run(
    experiment: cli.ExperimentName,
    annotations: cli.Annotations = "",
    images: cli.Photos = "",
    connections: cli.Connections = 0,
    out: cli.Out = None,
    overrides: cli.Overrides = None,
    device: cli.Device = "",
    threads: cli.Threads = 0,
    precision: cli.Precision = "",
    overwrite: cli.Overwrite = False,
) -> None:
    """Run a whole experiment: select, build, train, report."""
    from bakeoff.workflow import pipeline

    data = {"annotations": annotations, "images": images, "connections": connections}
    config, folder = cli.load(experiment, out, overrides, **data, device=device, threads=threads, precision=precision)
    with progress() as monitor:
        page = pipeline.run(config, folder, command=cli.command_line(), overwrite=overwrite, monitor=monitor)
    _print_outcome(folder, page)


@cli.command("report bakeoff-hw4-2024 --open")
def report(
    folders: Annotated[list[Path], typer.Argument(help="An experiment's folder, or several for one joint report.")],
    out: Annotated[Path | None, typer.Option(help="Folder of a joint report; default: bakeoff-report.")] = None,
    show: Annotated[bool, typer.Option("--open", help="Open the page in the browser.")] = False,
) -> None:
    """Score the runs of an experiment and rewrite its report; several folders give one joint report."""
    from bakeoff.workflow import pipeline

    with progress() as monitor:
        if len(folders) == 1 and not out:
            page = pipeline.write_report(folders[0], monitor=monitor)
        else:
            page = pipeline.write_joint_report(folders, out or Path("bakeoff-report"), monitor=monitor)
    print_page(page, show)


@cli.command("homework bakeoff-hw4-2024")
def homework(folder: Annotated[Path, typer.Argument(help="An experiment's folder.")]) -> None:
    """Write what a course asks to hand in to FOLDER/homework: figures, tables, answers, a PDF and a notebook."""
    from bakeoff.workflow.homework import write_homework

    with progress() as monitor:
        page, kept = write_homework(folder, monitor=monitor)
    if kept:
        print_line("answers.md was edited and is kept as it is; remove it to have the answers written anew.", "yellow")
    print_line(f"Homework: {page}")


@cli.command("verify bakeoff-hw4-2024")
def verify(folder: Annotated[Path, typer.Argument(help="An experiment's folder.")]) -> None:
    """Check that every stored file is as it was written. Exits with 1 if one is not, and names it."""
    from bakeoff.core.errors import StorageError
    from bakeoff.workflow.experiment import Experiment

    experiment = Experiment(folder)
    if not folder.is_dir():
        raise StorageError(f"{folder} is no folder; give the one that `bakeoff run` wrote.")
    faults = experiment.verify()
    for line in faults:
        print_line(line, "bold red")
    if faults:
        print_line("`bakeoff run` makes anew what was altered or is missing, and nothing else; remove what was added.")
        raise typer.Exit(1)
    print_line(f"Every file of {folder} is as it was written.")


@cli.command("compare keras.csv resnet-seed0.parquet resnet-seed1.parquet bakeoff-demo --labels labels.csv")
def compare(
    predictions: Annotated[
        list[Path],
        typer.Argument(
            help="Tables of predictions (.csv, .tsv, .parquet, .jsonl, .json), each a variant of its name, "
            "NAME-seed3.csv its seed 3; and folders of experiments."
        ),
    ],
    labels: Annotated[
        Path | None, typer.Option(help="Table of the true labels, or an experiment's folder; default: the first one's.")
    ] = None,
    classes: Annotated[str, typer.Option(help="Class names in the order of the labels, between commas.")] = "",
    margin: Annotated[float, typer.Option(help="Points below which two variants count as equivalent.")] = 1.0,
    out: Annotated[Path, typer.Option(help="The report's folder.")] = Path("bakeoff-comparison"),
    show: Annotated[bool, typer.Option("--open", help="Open the page in the browser.")] = False,
) -> None:
    """Compare predictions of any framework: verdicts, findings and the report."""
    from bakeoff.workflow.compare import compare_files

    names = tuple(name.strip() for name in classes.split(",") if name.strip())
    found = compare_files(predictions, labels, classes=names, margin=margin)
    for note in found.notes:
        print_line(note)
    print_outcome(found.comparison, found.findings)
    for pair in found.comparison.pairs:
        print_line(pair.statement)
    print_page(found.write_report(out), show)


def print_page(page: Path, show: bool) -> None:
    """Prints where a page is, and opens it if asked."""
    print_line(f"Report: {page}")
    if show and not webbrowser.open(page.resolve().as_uri()):
        print_line("No browser found here; open the page yourself.")


def _print_outcome(folder: Path, page: Path) -> None:
    from bakeoff.workflow.experiment import Experiment

    experiment = Experiment(folder)
    comparison = experiment.comparison
    print_problems(experiment.dataset.problems)
    print_outcome(comparison, experiment.findings)
    print_line(f"Report: {page}")
    if not any(network.failures.runs for network in comparison.networks):
        raise typer.Exit(1)  # the reasons are printed with the outcome
