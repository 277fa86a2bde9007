"""The application, the options that several commands share, and what they mean."""

import os
import shlex
import sys
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, TypeVar

import typer

from bakeoff.core.seals import UNVERIFIED

if TYPE_CHECKING:
    from bakeoff.config.experiment import ExperimentConfig

Function = TypeVar("Function", bound=Callable[..., object])

app = typer.Typer(
    name="bakeoff",
    help="From detection annotations to an image-classification data set, to networks trained on it, to a comparison "
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
Connections = Annotated[int, typer.Option(help="Downloads at once; replaces data.connections.", show_default=False)]
Overrides = Annotated[list[str] | None, typer.Option("--set", help="section.key=value; may be given several times.")]
Out = Annotated[Path | None, typer.Option(help="The experiment's folder; default: bakeoff-NAME.")]
Overwrite = Annotated[bool, typer.Option(help="Replace what is there, if it was made with other settings.")]
Device = Annotated[str, typer.Option(help="auto, cpu, cuda or mps; replaces training.device.")]
Threads = Annotated[int, typer.Option(help="CPU threads per run; replaces training.threads.", show_default=False)]
Precision = Annotated[str, typer.Option(help="float32, bfloat16 or auto; replaces training.precision.")]
Profile = Annotated[bool, typer.Option("--profile", help="Write a trace of each run's early steps, for Perfetto.")]
Json = Annotated[bool, typer.Option("--json", help="Print JSON instead of tables.")]
Host = Annotated[str, typer.Option(help="Address to listen at; 0.0.0.0 lets other machines in.")]
Port = Annotated[int, typer.Option(min=0, max=65535, help="Port; 0 takes a free one.")]
AllowCode = Annotated[
    bool, typer.Option("--allow-code", help="Allow the source of a network stored with the run to be executed.")
]


def command(example: str, name: str | None = None) -> Callable[[Function], Function]:
    """Adds a command, with an example at the end of its help page."""
    return app.command(name, epilog=f"Example: [bold]bakeoff {example}[/bold]")


@app.callback(invoke_without_command=True)
def show_version(
    version: Annotated[bool, typer.Option("--version", help="Print the version.")] = False,
    no_verify: Annotated[
        bool, typer.Option("--no-verify", help="Don't check that stored files are as they were written.")
    ] = False,
) -> None:
    """Options of the application itself."""
    if no_verify:
        os.environ[UNVERIFIED] = "1"  # worker processes inherit it
    if version:
        from importlib import metadata

        typer.echo(metadata.version("bakeoff"))
        raise typer.Exit


def load(
    name: str, out: Path | None, overrides: list[str] | None, **options: object
) -> "tuple[ExperimentConfig, Path]":
    """The experiment with the values of the options in it, and its folder."""
    from bakeoff.config.loading import load_experiment

    data = ("annotations", "images", "connections")
    given = [
        f"{'data' if key in data else 'training'}.{key}={str(value).lower() if value is True else value}"
        for key, value in options.items()
        if value
    ]
    config = load_experiment(name, [*(overrides or []), *given])
    return config, out or Path(f"bakeoff-{config.name}")


def command_line() -> str:
    """What the user typed, for the report."""
    return shlex.join(["bakeoff", *sys.argv[1:]])
