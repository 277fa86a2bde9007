"""Training networks, improving one, and using it."""

from collections.abc import Callable
from pathlib import Path
from typing import Annotated, Literal

import typer

from bakeoff.cli import app as cli
from bakeoff.cli.printing import print_improvements, print_line, print_predictions, print_runs, print_tuning
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
    """Try cleaner labels, fewer photos, augmentation and remedies on one network; rank them by measured gain."""
    from bakeoff.workflow.improve import improve as run_improve

    config, folder = cli.load(experiment, out, overrides, annotations=annotations, images=images, device=device)
    with progress() as monitor:
        found = run_improve(config, folder, monitor=monitor)
    print_improvements(found)


Model = Annotated[Path, typer.Argument(help="A run's folder, such as bakeoff-demo/runs/net1-seed0, or an .onnx file.")]


@cli.command("tune tuned.toml --set tune.search.learning_rate=1e-3,3e-4 --set tune.search.weight_decay=0,0.05")
def tune(
    experiment: cli.ExperimentName,
    annotations: cli.Annotations = "",
    images: cli.Photos = "",
    out: cli.Out = None,
    overrides: cli.Overrides = None,
    device: cli.Device = "",
    overwrite: cli.Overwrite = False,
) -> None:
    """Search recipe values for each network on training photos that are held out; `run` goes on with the best."""
    from bakeoff.workflow.tune import tune as run_tune

    config, folder = cli.load(experiment, out, overrides, annotations=annotations, images=images, device=device)
    with progress() as monitor:
        found = run_tune(config, folder, overwrite=overwrite, monitor=monitor)
    print_tuning(found)


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
    host: cli.Host = "127.0.0.1",
    port: cli.Port = 8000,
    device: Annotated[str, typer.Option(help="auto, cpu, cuda or mps.")] = "auto",
    allow_code: cli.AllowCode = False,
) -> None:
    """Serve a page to drop a photo on, on this machine; POST /predict answers programs."""
    from bakeoff.workflow.web.server import serve as run_server

    said = _listening(f"Serving {model}", host)
    run_server(model, host, port, device=device, allow_code=allow_code, ready=said)


@cli.command("watch bakeoff-demo")
def watch(
    folder: Annotated[Path, typer.Argument(help="The experiment's folder, which another command trains in.")],
    host: cli.Host = "127.0.0.1",
    port: cli.Port = 8000,
) -> None:
    """Serve the report of an experiment while it is trained; it updates as runs end, and shows how far others are."""
    from bakeoff.workflow.web.server import watch as run_server

    run_server(folder, host, port, ready=_listening(f"Watching {folder}", host))


def _listening(what: str, host: str) -> Callable[[str], None]:
    """Says where a server listens, and that it is open to all where it is."""

    def ready(url: str) -> None:
        print_line(f"{what} at {url} until Ctrl+C.")
        if host not in {"127.0.0.1", "localhost", "::1"}:
            print_line("Whoever reaches this address can use it: there is no password, and no encryption.", "yellow")

    return ready


@cli.command("export bakeoff-demo/runs/net1-seed0 --out net1.onnx")
def export(
    run: Annotated[Path, typer.Argument(help="A run's folder, such as bakeoff-demo/runs/net1-seed0.")],
    to: Annotated[
        Literal["onnx", "hub"], typer.Option(help="An ONNX file, or a folder for the Hugging Face Hub.")
    ] = "onnx",
    out: Annotated[
        Path | None, typer.Option(help="The file or folder; default: the run's name with .onnx or -hub.")
    ] = None,
    push: Annotated[str, typer.Option(help="OWNER/NAME on the Hub: upload the folder there.")] = "",
    token: Annotated[str, typer.Option(envvar="HF_TOKEN", help="The Hub's token, for --push.")] = "",
    allow_code: cli.AllowCode = False,
) -> None:
    """Write a trained network as an ONNX file, checked against the run, or as a folder for the Hub with its card."""
    from bakeoff.core.errors import ConfigError
    from bakeoff.training.predict import ONNX

    if push and to != "hub":
        raise ConfigError("--push uploads what --to hub writes; give both.")
    name = run.resolve().name
    if to == "hub":
        _export_to_hub(run, out or Path(f"{name}-hub"), push, token, allow_code=allow_code)
    else:
        _export_onnx(run, out or Path(f"{name}{ONNX}"), allow_code=allow_code)


def _export_onnx(run: Path, target: Path, *, allow_code: bool) -> None:
    from bakeoff.workflow.api import export as export_run

    difference = export_run(run, target, allow_code=allow_code)
    checked = "not checked: there is no data set next to the run"
    if difference is not None:
        checked = f"agrees with the run on every validation photo; largest difference of a probability {difference:.1g}"
    print_line(f"Model: {target} ({checked})")


def _export_to_hub(run: Path, target: Path, repository: str, token: str, *, allow_code: bool) -> None:
    from bakeoff.workflow import hub

    with_onnx = hub.write_hub(run, target, allow_code=allow_code)
    print_line(
        f"Folder for the Hub: {target}" + ("" if with_onnx else " (no model.onnx: pip install 'bakeoff[export]')")
    )
    if repository:
        print_line(f"Pushed to {hub.push(target, repository, token)}")
