"""Training networks, improving one, and using it."""

from pathlib import Path
from typing import Annotated

import typer

from bakeoff.cli import app as cli
from bakeoff.cli.printing import print_improvements, print_line, print_predictions, print_runs
from bakeoff.cli.progress import progress


@cli.command("train hw4-2024 --out hw4 --set training.networks=net1,net2 --device cpu")
def train(
    experiment: cli.ExperimentName,
    out: cli.Out = None,
    overrides: cli.Overrides = None,
    device: cli.Device = "",
    threads: cli.Threads = 0,
    precision: cli.Precision = "",
    profile: cli.Profile = False,
    overwrite: cli.Overwrite = False,
) -> None:
    """Train the networks on a data set that was built; runs that are there already are kept."""
    from bakeoff.workflow import pipeline

    options = {"device": device, "threads": threads, "precision": precision, "profile": profile}
    config, folder = cli.load(experiment, out, overrides, **options)
    with progress() as monitor:
        runs = pipeline.train(config, folder, command=cli.command_line(), overwrite=overwrite, monitor=monitor)
    print_runs(runs)


@cli.command("improve hw4-2024 --out hw4 --set training.seeds=3 --set improve.network=net2")
def improve(
    experiment: cli.ExperimentName,
    annotations: cli.Annotations = "",
    images: cli.Photos = "",
    out: cli.Out = None,
    overrides: cli.Overrides = None,
    device: cli.Device = "",
) -> None:
    """Try cleaner labels, more photos, augmentation and remedies on one network; rank them by measured gain."""
    from bakeoff.workflow.improve import improve as run_improve

    config, folder = cli.load(experiment, out, overrides, annotations=annotations, images=images, device=device)
    with progress() as monitor:
        found = run_improve(config, folder, monitor=monitor)
    print_improvements(found)


Model = Annotated[Path, typer.Argument(help="A run's folder, such as bakeoff-demo/runs/net1-seed0, or an .onnx file.")]


@cli.command("predict bakeoff-demo/runs/net1-seed0 photo.jpg holiday/ archive.zip --out predictions.csv")
def predict(
    model: Model,
    photos: Annotated[list[Path], typer.Argument(help="Photos, folders of photos, and zip archives of photos.")],
    every: Annotated[bool, typer.Option("--all", help="Print the probability of every class.")] = False,
    out: Annotated[Path | None, typer.Option(help="Write a table with every class here, .csv or .json.")] = None,
    json: cli.Json = False,
    device: Annotated[str, typer.Option(help="auto, cpu, cuda or mps.")] = "auto",
    allow_code: cli.AllowCode = False,
) -> None:
    """Classify photos by a trained network. Exits with 1 if a photo can't be read."""
    from bakeoff.core.storage import encode
    from bakeoff.training.predict import predict as predict_photos
    from bakeoff.training.prediction_table import check_table, save_predictions

    if out:
        check_table(out)
    predictions = predict_photos(model, photos, device, allow_code=allow_code)
    if out:
        save_predictions(predictions, out)
    if json:
        typer.echo(encode(predictions).decode())
    elif out:
        print_line(f"Predictions: {out}")
    else:
        print_predictions(predictions, every=every)
    if any(answer.error for answer in predictions):
        raise typer.Exit(1)


@cli.command("serve bakeoff-demo/runs/net1-seed0")
def serve(
    model: Model,
    host: Annotated[str, typer.Option(help="Address to listen at; 0.0.0.0 lets other machines in.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(min=0, max=65535, help="Port; 0 takes a free one.")] = 8000,
    device: Annotated[str, typer.Option(help="auto, cpu, cuda or mps.")] = "auto",
    allow_code: cli.AllowCode = False,
) -> None:
    """Serve a page to drop a photo on, on this machine; POST /predict answers programs."""
    from bakeoff.workflow.web.server import serve as run_server

    def ready(url: str) -> None:
        print_line(f"Serving {model} at {url} until Ctrl+C.")
        if host not in {"127.0.0.1", "localhost", "::1"}:
            print_line("Whoever reaches this address can use it: there is no password, and no encryption.", "yellow")

    run_server(model, host, port, device=device, allow_code=allow_code, ready=ready)


@cli.command("export bakeoff-demo/runs/net1-seed0 --out net1.onnx")
def export(
    run: Annotated[Path, typer.Argument(help="A run's folder, such as bakeoff-demo/runs/net1-seed0.")],
    out: Annotated[Path | None, typer.Option(help="The file; default: the run's name with .onnx.")] = None,
    allow_code: cli.AllowCode = False,
) -> None:
    """Write a trained network as an ONNX file that takes photos of any size, and check it against the run."""
    from bakeoff.training.predict import ONNX
    from bakeoff.workflow.api import export as export_run

    target = out or Path(f"{run.resolve().name}{ONNX}")
    difference = export_run(run, target, allow_code=allow_code)
    checked = "not checked: there is no data set next to the run"
    if difference is not None:
        checked = f"agrees with the run on every validation photo; largest difference of a probability {difference:.1g}"
    print_line(f"Model: {target} ({checked})")
