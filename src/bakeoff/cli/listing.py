"""What there is to choose from."""

from enum import StrEnum
from typing import Annotated

import typer

from bakeoff.cli.app import app, example
from bakeoff.cli.printing import print_table


class Listing(StrEnum):
    """What `bakeoff list` lists."""

    findings = "findings"
    networks = "networks"
    policies = "policies"
    presets = "presets"


@app.command("list", **example("bakeoff list networks"))
def list_(
    what: Annotated[Listing, typer.Argument(help="What to list.")],
    size: Annotated[int, typer.Option(min=8, help="For networks: image side in pixels.")] = 64,
    classes: Annotated[int, typer.Option(min=2, help="For networks: number of classes.")] = 5,
) -> None:
    """List what ships, and what a plug-in added."""
    from bakeoff.workflow import catalogue

    if what is Listing.networks:
        print_table(
            f"Networks for {classes} classes at {size} x {size} pixels",
            ("name", "parameters", "MACs", "receptive field", "what"),
            (
                (
                    name,
                    f"{own.parameters:,}",
                    f"{own.macs:,}",
                    f"{own.receptive_field} px" if own.receptive_field else "–",
                    summary,
                )
                for name, own, summary in catalogue.list_networks(classes, size)
            ),
        )
    elif what is Listing.findings:
        print_table("Findings", ("code", "what"), catalogue.list_findings())
    elif what is Listing.policies:
        print_table("Label policies", ("name", "what"), catalogue.list_policies())
    else:
        print_table("Presets", ("name", "question"), catalogue.list_presets())
