"""From an instances file to a data set."""

from pathlib import Path
from typing import Annotated, Literal

import typer

from bakeoff.cli import app as cli
from bakeoff.cli.printing import print_audit, print_dataset, print_index, print_line, print_selection
from bakeoff.cli.progress import progress
from bakeoff.core.errors import ConfigError


@cli.command("fetch annotations --year 2017 --split train")
def fetch(
    what: Annotated[Literal["annotations"], typer.Argument(help="What to download.")],
    year: Annotated[int, typer.Option(help="2014 or 2017.")] = 2017,
    split: Annotated[Literal["train", "val"], typer.Option(help="The split of COCO.")] = "train",
    out: Annotated[Path, typer.Option(help="The folder for the file.")] = Path(),
    base_url: Annotated[str, typer.Option(help="The archive's folder on a mirror; default: COCO's own server.")] = "",
    allow_private: Annotated[
        bool, typer.Option("--allow-private", help="Allow a server in the local network.")
    ] = False,
) -> None:
    """Download an instances file of COCO, without the rest of the archive that holds it."""
    from bakeoff.data.coco import download
    from bakeoff.data.http import Options

    options, url = Options(allow_private=allow_private), base_url or download.COCO
    with progress() as monitor:
        path = download.fetch_annotations(year, split, out, base_url=url, options=options, monitor=monitor)
    print_line(f"Instances file: {path}")


@cli.command("inspect instances_train2017.json")
def inspect(annotations: Annotated[Path, typer.Argument(help="COCO instances file.")]) -> None:
    """Read an instances file; print its categories and what is wrong in it."""
    from bakeoff.data.inputs import read_index
    from bakeoff.workflow.experiment import CACHE

    print_index(read_index(str(annotations), Path(CACHE)))


@cli.app.command("index", hidden=True)
def renamed(_: Annotated[list[str] | None, typer.Argument()] = None) -> None:
    """The old name of `inspect`."""
    raise ConfigError("the command `bakeoff index` is now `bakeoff inspect`.")


@cli.command("audit photos --annotations instances_train2017.json")
def audit(
    folder: Annotated[Path, typer.Argument(help="Holds train/CLASS/ and val/CLASS/, or CLASS/, with photos.")],
    annotations: Annotated[str, typer.Option(help="COCO instances file to compare the classes with.")] = "",
    cluster: Annotated[
        str, typer.Option(help="Ray cluster whose nodes read the photos: auto, local, HOST:PORT; default: none.")
    ] = "",
    json: cli.Json = False,
) -> None:
    """Look for photos that occur twice, can't be read or are labelled wrong. Exits with 1 if a photo leaks."""
    from bakeoff.core.storage import encode
    from bakeoff.data import inputs
    from bakeoff.workflow.ray_map import map_at

    with progress() as monitor:
        found = inputs.audit(folder, annotations, monitor, map_at(cluster))
    if json:
        typer.echo(encode(found).decode())
    else:
        print_audit(found)
    if found.leaks:
        raise typer.Exit(1)


@cli.command("select hw4-2024 --annotations instances_train2017.json --set data.policy=exclusive")
def select(
    experiment: cli.ExperimentName,
    annotations: cli.Annotations = "",
    images: cli.Photos = "",
    out: Annotated[Path | None, typer.Option(help="Write the selection here; default: nowhere.")] = None,
    overrides: cli.Overrides = None,
    overwrite: cli.Overwrite = False,
) -> None:
    """Choose the images, reading no more than their headers; print quotas, counts and the ledger's reasons."""
    from bakeoff.workflow import pipeline

    config, _ = cli.load(experiment, out, overrides, annotations=annotations, images=images)
    print_selection(pipeline.select(config, out, overwrite=overwrite))


@cli.command("build hw4-2024 --annotations instances_train2017.json --images train2017 --out hw4")
def build(
    experiment: cli.ExperimentName,
    annotations: cli.Annotations = "",
    images: cli.Photos = "",
    connections: cli.Connections = 0,
    out: cli.Out = None,
    overrides: cli.Overrides = None,
    overwrite: cli.Overwrite = False,
) -> None:
    """Select the images, read and resize the photos, write the data set."""
    from bakeoff.workflow import pipeline

    data = {"annotations": annotations, "images": images, "connections": connections}
    config, folder = cli.load(experiment, out, overrides, **data)
    with progress() as monitor:
        dataset = pipeline.build(config, folder, overwrite=overwrite, monitor=monitor)
    print_dataset(dataset)
