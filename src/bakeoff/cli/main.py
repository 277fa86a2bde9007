"""The entry point of the command line; importing it adds all commands."""

import os
import sys

from rich.console import Console

from bakeoff.cli.app import app
from bakeoff.core.errors import BakeoffError
from bakeoff.core.untrusted import printable

# Importing a group adds its commands; the help page lists them in this order.
# isort: off
from bakeoff.cli import experiments
from bakeoff.cli import data
from bakeoff.cli import training
from bakeoff.cli import listing
from bakeoff.cli import teaching

__all__ = ["app", "data", "experiments", "listing", "main", "teaching", "training"]


def main() -> None:
    """The entry point: an error that the user can put right is one message and exit code 2."""
    # read when polars is imported: what it frees goes back to the system at once, not half a second later
    os.environ.setdefault("_RJEM_MALLOC_CONF", "dirty_decay_ms:0,muzzy_decay_ms:0")
    try:
        app()
    except BakeoffError as error:
        text = printable(" ".join(f"bakeoff: {error}".splitlines()))  # it may quote names from outside
        Console(stderr=True).print(text, style="red", markup=False, soft_wrap=True)
        sys.exit(2)
    except KeyboardInterrupt:
        sys.exit(130)
