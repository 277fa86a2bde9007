"""The application, the options that several commands share, and what they mean."""

import shlex
import sys
from pathlib import Path
from typing import Annotated, Any

import typer

app = typer.Typer(
    name="bakeoff",
    help="From COCO detection annotations to an image classification data set, to CNNs trained on it, to a comparison "
    "that can be believed.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode="rich",
)

ExperimentName = Annotated[str, typer.Argument(help="A preset (see `bakeoff list presets`) or a TOML file.")]
Annotations = Annotated[
    str, typer.Option(help="COCO instances file, also packed (.gz, .zst, .zip); replaces data.annotations.")
]
Photos = Annotated[
    str, typer.Option("--images", help="Folder or zip archive of the photos, url, or a URL; replaces data.images.")
]
Connections = Annotated[int, typer.Option(help="Downloads at once; replaces data.connections.")]
Overrides = Annotated[list[str] | None, typer.Option("--set", help="section.key=value; may be given several times.")]
Out = Annotated[Path | None, typer.Option(help="The experiment's folder; bakeoff-NAME where it is not given.")]
Overwrite = Annotated[bool, typer.Option(help="Replace what was made there with other settings.")]
Device = Annotated[str, typer.Option(help="auto, cpu, cuda or mps; replaces training.device.")]
Threads = Annotated[int, typer.Option(help="CPU threads a run; replaces training.threads.")]
Precision = Annotated[str, typer.Option(help="float32, bfloat16 or auto; replaces training.precision.")]
Profile = Annotated[bool, typer.Option("--profile", help="Write a trace of each run's early steps, for Perfetto.")]


def example(command: str) -> dict[str, Any]:
    """The end of a command's help page."""
    return {"epilog": f"Example: [bold]{command}[/bold]"}


def load(
    name: str,
    out: Path | None,
    overrides: list[str] | None,
    *,
    annotations: str = "",
    images: str = "",
    connections: int = 0,
    **training: str | int | bool,
) -> tuple[Any, Path]:
    """The experiment with the values of the options in it, and its folder."""
    from bakeoff.config.loading import load_experiment

    options = {"data.annotations": annotations, "data.images": images, "data.connections": str(connections or "")}
    options |= {f"training.{key}": "true" if value is True else str(value or "") for key, value in training.items()}
    given = [f"{key}={value}" for key, value in options.items() if value]
    experiment = load_experiment(name, [*(overrides or []), *given])
    return experiment, out or Path(f"bakeoff-{experiment.name}")


def command_line() -> str:
    """What the user typed, for the report."""
    return shlex.join(["bakeoff", *sys.argv[1:]])
