"""Training networks, making one better, and using it."""

from pathlib import Path
from typing import Annotated

import typer

from bakeoff.cli.app import (
    Annotations,
    Device,
    ExperimentName,
    Out,
    Overrides,
    Overwrite,
    Photos,
    Precision,
    Profile,
    Threads,
    app,
    command_line,
    example,
    load,
)
from bakeoff.cli.printing import RUN_COLUMNS, console, gains, print_table, run_row
from bakeoff.cli.progress import progress


@app.command(**example("bakeoff train hw4-2024 --out hw4 --set training.networks=net1,net2 --device cpu"))
def train(
    experiment: ExperimentName,
    out: Out = None,
    overrides: Overrides = None,
    device: Device = "",
    threads: Threads = 0,
    precision: Precision = "",
    profile: Profile = False,
    overwrite: Overwrite = False,
) -> None:
    """Train the networks on a data set that was built; runs that are there already are kept."""
    from bakeoff.workflow import pipeline

    loaded, folder = load(
        experiment, out, overrides, device=device, threads=threads, precision=precision, profile=profile
    )
    with progress() as monitor:
        runs = pipeline.train(loaded, folder, command=command_line(), overwrite=overwrite, monitor=monitor)
    print_table("Runs", RUN_COLUMNS, map(run_row, runs))


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
    from bakeoff.workflow.improve import improve as run_improve

    loaded, folder = load(experiment, out, overrides, annotations=annotations, images=images, device=device)
    with progress() as monitor:
        found = run_improve(loaded, folder, monitor=monitor)
    columns = ("change", "kind", "gain (points)", "95 % interval", "verdict")
    print_table(f"{found.network}: what each change gains", columns, map(gains, found.changes))
    console.print(found.statement, soft_wrap=True)


@app.command(**example("bakeoff predict bakeoff-demo/runs/net1-seed0 photo.jpg holiday/"))
def predict(
    model: Annotated[
        Path, typer.Argument(help="A run's folder, such as bakeoff-demo/runs/net1-seed0, or an .onnx file.")
    ],
    photos: Annotated[list[Path], typer.Argument(help="Photos, and folders of photos.")],
    json: Annotated[bool, typer.Option("--json", help="Print JSON instead of a table.")] = False,
    device: Annotated[str, typer.Option(help="auto, cpu, cuda or mps.")] = "auto",
) -> None:
    """Apply a trained network to photos; print the probability of each class. Exits with 1 if a photo can't be read."""
    from bakeoff.core.storage import encode
    from bakeoff.training import prediction

    predictions = prediction.predict(model, photos, device)
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


@app.command(**example("bakeoff export bakeoff-demo/runs/net1-seed0 --out net1.onnx"))
def export(
    run: Annotated[Path, typer.Argument(help="A run's folder, such as bakeoff-demo/runs/net1-seed0.")],
    out: Annotated[Path | None, typer.Option(help="The file; the run's name with .onnx where it is not given.")] = None,
) -> None:
    """Write a trained network as an ONNX file that takes photos of any size, and check it against the run."""
    from bakeoff.training import prediction

    target = out or Path(f"{run.resolve().name}{prediction.ONNX}")
    difference = prediction.export(run, target)
    told = "not checked: the data set does not lie beside the run"
    if difference is not None:
        told = f"agrees with the run on every validation photo; largest difference of a probability {difference:.1g}"
    console.print(f"Model: {target} ({told})", soft_wrap=True)
