"""From an instances file to a data set."""

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from bakeoff.cli.app import (
    Annotations,
    Connections,
    ExperimentName,
    Out,
    Overrides,
    Overwrite,
    Photos,
    app,
    example,
    load,
)
from bakeoff.cli.printing import console, print_audit, print_table, selection_counts
from bakeoff.cli.progress import progress


class Fetched(StrEnum):
    """What `bakeoff fetch` downloads."""

    annotations = "annotations"


class Split(StrEnum):
    """COCO's splits that have an instances file."""

    train = "train"
    val = "val"


@app.command(**example("bakeoff fetch annotations --year 2017 --split train"))
def fetch(
    what: Annotated[Fetched, typer.Argument(help="What to download.")],
    year: Annotated[int, typer.Option(help="2014 or 2017.")] = 2017,
    split: Annotated[Split, typer.Option(help="The part of COCO.")] = Split.train,
    out: Annotated[Path, typer.Option(help="The folder that gets the file.")] = Path(),
    base_url: Annotated[str, typer.Option(help="The folder of the archive on a mirror; COCO's own by default.")] = "",
    allow_private: Annotated[bool, typer.Option("--allow-private", help="Ask a server in the local network.")] = False,
) -> None:
    """Download an instances file of COCO, without the rest of the archive that holds it."""
    from bakeoff.data.coco import download as fetching
    from bakeoff.data.http import Options

    options = Options(allow_private=allow_private)
    with progress() as monitor:
        path = fetching.fetch_annotations(
            year, split, out, base_url=base_url or fetching.COCO, options=options, monitor=monitor
        )
    console.print(f"Instances file: {path}", soft_wrap=True)


@app.command(**example("bakeoff index instances_train2017.json"))
def index(annotations: Annotated[Path, typer.Argument(help="COCO instances file.")]) -> None:
    """Read an instances file; print its categories and what is wrong in it."""
    from bakeoff.data import coco, inputs
    from bakeoff.workflow.experiment import CACHE

    found = inputs.read_index(str(annotations), Path(CACHE))
    console.print(f"{found.images.height:,} images, {found.annotations.height:,} annotations")
    print_table("Categories", coco.summary(found).columns, coco.summary(found).iter_rows())
    for problem in found.info.problems:
        console.print(f"[yellow]{problem.code}[/yellow]: {problem.message}", soft_wrap=True)


@app.command(**example("bakeoff audit photos --annotations instances_train2017.json"))
def audit(
    folder: Annotated[Path, typer.Argument(help="Holds train/CLASS/ and val/CLASS/, or CLASS/, with photos.")],
    annotations: Annotated[str, typer.Option(help="COCO instances file that the classes are compared with.")] = "",
    json: Annotated[bool, typer.Option("--json", help="Print JSON instead of tables.")] = False,
) -> None:
    """Look for photos that occur twice, can't be read or are labelled wrong. Exits with 1 if a photo leaks."""
    from bakeoff.core.storage import encode
    from bakeoff.data import inputs

    with progress() as monitor:
        found = inputs.audit(folder, annotations, monitor)
    if json:
        typer.echo(encode(found).decode())
    else:
        print_audit(found)
    if found.leaks:
        raise typer.Exit(1)


@app.command(**example("bakeoff select hw4-2024 --annotations instances_train2017.json --set data.policy=exclusive"))
def select(
    experiment: ExperimentName,
    annotations: Annotations = "",
    out: Annotated[Path | None, typer.Option(help="Write the selection here; without it nothing is written.")] = None,
    overrides: Overrides = None,
    overwrite: Overwrite = False,
) -> None:
    """Choose the images without reading one; print quotas, counts and the ledger's reasons."""
    from bakeoff.workflow import pipeline

    loaded, _ = load(experiment, out, overrides, annotations=annotations)
    selection = pipeline.select(loaded, out, overwrite=overwrite)
    config = selection.info.config
    console.print(
        f"policy {config.policy}: {' + '.join(f'{count:,} {split}' for split, count in config.quotas.items())} images "
        f"a class; {selection.ledger.height:,} images hold a target class"
    )
    print_table("Images by class", *selection_counts(selection))
    reasons = selection.ledger["reason"].value_counts().sort("count", "reason", descending=[True, False])
    print_table("What became of them", ("reason", "images"), reasons.iter_rows())


@app.command(**example("bakeoff build hw4-2024 --annotations instances_train2017.json --images train2017 --out hw4"))
def build(
    experiment: ExperimentName,
    annotations: Annotations = "",
    images: Photos = "",
    connections: Connections = 0,
    out: Out = None,
    overrides: Overrides = None,
    overwrite: Overwrite = False,
) -> None:
    """Select the images, read and resize the photos, write the data set."""
    from bakeoff.workflow import pipeline

    loaded, folder = load(experiment, out, overrides, annotations=annotations, images=images, connections=connections)
    with progress() as monitor:
        dataset = pipeline.build(loaded, folder, overwrite=overwrite, monitor=monitor)
    counts = ", ".join(f"{count:,} {split}" for split, count in dataset.info.counts.items())
    console.print(
        f"Data set: {dataset.folder} ({counts}; {dataset.info.unreadable:,} unreadable photos)", soft_wrap=True
    )
