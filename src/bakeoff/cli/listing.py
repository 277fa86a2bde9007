"""What there is to choose from."""

from collections.abc import Iterable, Iterator
from typing import Annotated, Literal

import typer
from rich.console import Console

from bakeoff.cli import app as cli
from bakeoff.cli.printing import print_table

Kind = Literal["executors", "findings", "networks", "policies", "presets", "sections", "sources"]


@cli.command("list networks", "list")
def list_(
    what: Annotated[Kind, typer.Argument(help="What to list.")],
    size: Annotated[int, typer.Option(min=8, help="For networks: image side in pixels.")] = 64,
    classes: Annotated[int, typer.Option(min=2, help="For networks: number of classes.")] = 5,
) -> None:
    """List what ships, and what a plug-in added."""
    from bakeoff.config.loading import load_experiment, preset_names
    from bakeoff.core import registry

    if what == "networks":
        columns = ("name", "parameters", "MACs", "receptive field", "what")
        rows = _loaded(_networks(classes, size))
        print_table(f"Networks for {classes} classes at {size} x {size} pixels", columns, rows)
    elif what == "presets":
        questions = [(name, load_experiment(name).question) for name in preset_names()]
        print_table("Presets", ("name", "question"), questions)
    else:
        plugins = getattr(registry, what)
        rows = _loaded((name, plugins.describe(name)) for name in plugins.names())
        print_table(what.capitalize(), ("name", "what"), rows)


def _loaded(rows: Iterable[tuple[str, ...]]) -> list[tuple[str, ...]]:
    """The rows; that they are loaded, which takes seconds, is shown on a terminal."""
    with Console(stderr=True).status("Loading"):
        return list(rows)


def _networks(classes: int, size: int) -> Iterator[tuple[str, ...]]:
    from bakeoff.core.errors import BakeoffError
    from bakeoff.core.registry import networks
    from bakeoff.models.factory import create
    from bakeoff.models.summary import describe

    for name in networks.names():
        try:
            own = describe(create(name, classes, size), size)
        except BakeoffError as error:  # another package's; the others are listed
            yield name, "–", "–", "–", str(error)
            continue
        field = f"{own.receptive_field} px" if own.receptive_field else "–"
        yield name, f"{own.parameters:,}", f"{own.macs:,}", field, networks.describe(name)
