"""The command line: one command a stage; each parses, calls the API and prints."""

import shlex
import sys
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console

from bakeoff.errors import BakeoffError
from bakeoff.printing import console, gains, print_audit, print_table, selection_counts
from bakeoff.progress import progress

app = typer.Typer(
    name="bakeoff",
    help="From COCO detection annotations to an image classification data set, to CNNs trained on it, to a comparison "
    "that can be believed.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode="rich",
)

ExperimentName = Annotated[str, typer.Argument(help="A recipe that ships (see `bakeoff list recipes`) or a TOML file.")]
Annotations = Annotated[str, typer.Option(help="COCO instances file; replaces data.annotations.")]
Photos = Annotated[str, typer.Option("--images", help="Folder of the photos; replaces data.images.")]
Overrides = Annotated[list[str] | None, typer.Option("--set", help="section.key=value; may be given several times.")]
Out = Annotated[Path | None, typer.Option(help="The experiment's folder; bakeoff-NAME where it is not given.")]
Overwrite = Annotated[bool, typer.Option(help="Replace what was made there with other settings.")]
Device = Annotated[str, typer.Option(help="auto, cpu, cuda or mps; replaces training.device.")]


class Listing(StrEnum):
    """What `bakeoff list` lists."""

    findings = "findings"
    networks = "networks"
    policies = "policies"
    recipes = "recipes"


def example(command: str) -> dict[str, Any]:
    """The end of a command's help page."""
    return {"epilog": f"Example: [bold]{command}[/bold]"}


@app.command(**example("bakeoff demo --out my-demo"))
def demo(out: Annotated[Path, typer.Option(help="The demo's folder.")] = Path("bakeoff-demo")) -> None:
    """Draw a small data set, train four networks on it, and write the report: nothing to download."""
    from bakeoff import pipeline

    with progress() as monitor:
        page = pipeline.demo(out, command=command_line(), monitor=monitor)
    console.print(f"Report: {page}", soft_wrap=True)


@app.command(**example("bakeoff run hw4-2024 --annotations instances_train2017.json --images train2017"))
def run(
    experiment: ExperimentName,
    annotations: Annotations = "",
    images: Photos = "",
    out: Out = None,
    overrides: Overrides = None,
    device: Device = "",
    overwrite: Overwrite = False,
) -> None:
    """Run a whole experiment: select, build, train, report."""
    from bakeoff import pipeline

    loaded, folder = load(experiment, annotations, images, out, overrides, device)
    with progress() as monitor:
        page = pipeline.run(loaded, folder, command=command_line(), overwrite=overwrite, monitor=monitor)
    console.print(f"Report: {page}", soft_wrap=True)


@app.command(**example("bakeoff index instances_train2017.json"))
def index(annotations: Annotated[Path, typer.Argument(help="COCO instances file.")]) -> None:
    """Read an instances file; print its categories and what is wrong in it."""
    from bakeoff import coco, pipeline

    found = pipeline.read_index(str(annotations), Path(pipeline.CACHE))
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
    from bakeoff import pipeline
    from bakeoff.storage import encode

    with progress() as monitor:
        found = pipeline.audit(folder, annotations, monitor=monitor)
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
    from bakeoff import pipeline

    loaded, _ = load(experiment, annotations, "", out, overrides, "")
    selection = pipeline.select(loaded, out, overwrite=overwrite)
    config = selection.info.config
    console.print(
        f"policy {config.policy}: {config.train_per_class:,} training and {config.val_per_class:,} validation images "
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
    out: Out = None,
    overrides: Overrides = None,
    overwrite: Overwrite = False,
) -> None:
    """Select the images, read and resize the photos, write the data set."""
    from bakeoff import pipeline

    loaded, folder = load(experiment, annotations, images, out, overrides, "")
    with progress() as monitor:
        dataset = pipeline.build(loaded, folder, overwrite=overwrite, monitor=monitor)
    counts = ", ".join(f"{count:,} {split}" for split, count in dataset.info.counts.items())
    console.print(
        f"Data set: {dataset.folder} ({counts}; {dataset.info.unreadable:,} unreadable photos)", soft_wrap=True
    )


@app.command(**example("bakeoff train hw4-2024 --out hw4 --set training.networks=net1,net2 --device cpu"))
def train(
    experiment: ExperimentName,
    out: Out = None,
    overrides: Overrides = None,
    device: Device = "",
    overwrite: Overwrite = False,
) -> None:
    """Train the networks on a data set that was built; runs that are there already are kept."""
    from bakeoff import pipeline

    loaded, folder = load(experiment, "", "", out, overrides, device)
    with progress() as monitor:
        runs = pipeline.train(loaded, folder, command=command_line(), overwrite=overwrite, monitor=monitor)
    rows = ((run.name, run.record.status, f"{run.record.seconds:.1f}", run.record.reason) for run in runs)
    print_table("Runs", ("run", "status", "seconds", "reason"), rows)


@app.command(**example("bakeoff improve hw4-2024 --out hw4 --set training.seeds=3 --set improve.network=net2"))
def improve(
    experiment: ExperimentName,
    annotations: Annotations = "",
    images: Photos = "",
    out: Out = None,
    overrides: Overrides = None,
    device: Device = "",
) -> None:
    """Try cleaner labels, more photos, augmentation and cures on one network; rank them by measured gain."""
    from bakeoff import improvement

    loaded, folder = load(experiment, annotations, images, out, overrides, device)
    with progress() as monitor:
        found = improvement.improve(loaded, folder, monitor=monitor)
    columns = ("change", "kind", "gain (points)", "95 % interval", "verdict")
    print_table(f"{found.network}: what each change gains", columns, map(gains, found.variants))
    console.print(found.statement, soft_wrap=True)


@app.command(**example("bakeoff report bakeoff-hw4-2024"))
def report(folder: Annotated[Path, typer.Argument(help="An experiment's folder.")]) -> None:
    """Score the runs in an experiment's folder and write its report anew."""
    from bakeoff import pipeline

    with progress() as monitor:
        page = pipeline.write_report(folder, monitor=monitor)
    console.print(f"Report: {page}", soft_wrap=True)


@app.command(**example("bakeoff predict bakeoff-demo/runs/net1-seed0 photo.jpg holiday/"))
def predict(
    run: Annotated[Path, typer.Argument(help="A run's folder, such as bakeoff-demo/runs/net1-seed0.")],
    photos: Annotated[list[Path], typer.Argument(help="Photos, and folders of photos.")],
    json: Annotated[bool, typer.Option("--json", help="Print JSON instead of a table.")] = False,
    device: Annotated[str, typer.Option(help="auto, cpu, cuda or mps.")] = "auto",
) -> None:
    """Apply a trained network to photos; print the probability of each class. Exits with 1 if a photo can't be read."""
    from bakeoff import pipeline
    from bakeoff.storage import encode

    predictions = pipeline.predict(run, photos, device)
    if json:
        typer.echo(encode(predictions).decode())
    else:
        classes = list(next((answer.probabilities for answer in predictions if answer.probabilities), {}))
        rows = (
            (answer.photo, *(f"{answer.probabilities[name]:.3f}" for name in classes), "")
            if answer.probabilities
            else (answer.photo, *[""] * len(classes), answer.error)
            for answer in predictions
        )
        print_table("Probabilities", ("photo", *classes, "error"), rows)
    if any(answer.error for answer in predictions):
        raise typer.Exit(1)


@app.command("list", **example("bakeoff list networks"))
def list_(
    what: Annotated[Listing, typer.Argument(help="What to list.")],
    size: Annotated[int, typer.Option(min=8, help="For networks: image side in pixels.")] = 64,
    classes: Annotated[int, typer.Option(min=2, help="For networks: number of classes.")] = 5,
) -> None:
    """List what ships, and what a plug-in added."""
    from bakeoff import catalogue

    if what is Listing.networks:
        print_table(
            f"Networks for {classes} classes at {size} x {size} pixels",
            ("name", "parameters", "MACs", "receptive field", "what"),
            (
                (name, f"{own.parameters:,}", f"{own.macs:,}", f"{own.receptive_field} px", summary)
                for name, own, summary in catalogue.list_networks(classes, size)
            ),
        )
    elif what is Listing.findings:
        print_table("Findings", ("code", "what"), catalogue.list_findings())
    elif what is Listing.policies:
        print_table("Label policies", ("name", "what"), catalogue.list_policies())
    else:
        print_table("Recipes", ("name", "question"), catalogue.list_recipes())


def load(
    name: str, annotations: str, images: str, out: Path | None, overrides: list[str] | None, device: str
) -> tuple[Any, Path]:
    """The experiment with the values of the options in it, and its folder."""
    from bakeoff.recipes import load_experiment

    options = {"data.annotations": annotations, "data.images": images, "training.device": device}
    experiment = load_experiment(
        name, [*(overrides or []), *(f"{key}={value}" for key, value in options.items() if value)]
    )
    return experiment, out or Path(f"bakeoff-{experiment.name}")


def command_line() -> str:
    """What the user typed, for the report."""
    return shlex.join(["bakeoff", *sys.argv[1:]])


def main() -> None:
    """The entry point: an error that the user can put right is one message and exit code 2."""
    try:
        app()
    except BakeoffError as error:
        Console(stderr=True).print(f"bakeoff: {error}", style="red", markup=False, soft_wrap=True)
        sys.exit(2)
    except KeyboardInterrupt:
        sys.exit(130)
