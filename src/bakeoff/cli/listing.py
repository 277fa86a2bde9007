"""What there is to choose from."""

from typing import Annotated, Literal

import typer

from bakeoff.cli import app as cli
from bakeoff.cli.printing import print_table


@cli.command("list networks", "list")
def list_(
    what: Annotated[Literal["findings", "networks", "policies", "presets"], typer.Argument(help="What to list.")],
    size: Annotated[int, typer.Option(min=8, help="For networks: image side in pixels.")] = 64,
    classes: Annotated[int, typer.Option(min=2, help="For networks: number of classes.")] = 5,
) -> None:
    """List what ships, and what a plug-in added."""
    from bakeoff.workflow import catalogue

    if what == "networks":
        rows = (
            (
                name,
                f"{own.parameters:,}",
                f"{own.macs:,}",
                f"{own.receptive_field} px" if own.receptive_field else "–",
                summary,
            )
            for name, own, summary in catalogue.list_networks(classes, size)
        )
        title = f"Networks for {classes} classes at {size} x {size} pixels"
        print_table(title, ("name", "parameters", "MACs", "receptive field", "what"), rows)
    elif what == "findings":
        print_table("Findings", ("code", "what"), catalogue.list_findings())
    elif what == "policies":
        print_table("Label policies", ("name", "what"), catalogue.list_policies())
    else:
        print_table("Presets", ("name", "question"), catalogue.list_presets())
