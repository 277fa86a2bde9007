"""For teachers: what a class handed in."""

from pathlib import Path
from typing import Annotated

import typer

from bakeoff.cli import app as cli
from bakeoff.cli.experiments import print_page
from bakeoff.cli.printing import print_line, print_table
from bakeoff.cli.progress import progress


@cli.command("grade hand-ins/* --labels bakeoff-hw4-2024 --annotations instances_train2017.json")
def grade(
    folders: Annotated[list[Path], typer.Argument(help="A folder per student: data set, predictions, weights.")],
    labels: Annotated[
        Path | None, typer.Option(help="Table of the true labels, or the folder of an experiment of your own.")
    ] = None,
    annotations: Annotated[str, typer.Option(help="COCO instances file to compare the data sets' classes with.")] = "",
    images: Annotated[
        str, typer.Option(help="Folder of the original photos, to find swapped channels in the data sets.")
    ] = "",
    classes: Annotated[str, typer.Option(help="Class names in the order of the labels, between commas.")] = "",
    out: Annotated[Path, typer.Option(help="The page's folder.")] = Path("bakeoff-class"),
    show: Annotated[bool, typer.Option("--open", help="Open the page in the browser.")] = False,
    allow_code: Annotated[
        bool, typer.Option("--allow-code", help="Allow the networks' sources that were handed in to be executed.")
    ] = False,
) -> None:
    """Check what a class handed in for common mistakes; print them, and write one page."""
    from bakeoff.workflow.grade import grade as look

    names = tuple(name.strip() for name in classes.split(",") if name.strip())
    with progress() as monitor:
        found = look(
            folders,
            labels=labels,
            annotations=annotations,
            images=images,
            classes=names,
            allow_code=allow_code,
            monitor=monitor,
        )
    mistakes = [(own.name, mistake.code, mistake.text) for own in found.hand_ins for mistake in own.mistakes]
    print_table("What went wrong", ("hand-in", "mistake", "what"), mistakes)
    for own in found.hand_ins:
        for note in own.notes:
            print_line(f"{own.name}: {note}")
    print_page(found.write_report(out), show)
