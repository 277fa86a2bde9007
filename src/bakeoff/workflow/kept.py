"""What earlier commands left in an experiment, and whether it can be kept."""

from pathlib import Path

from bakeoff.core.atomic import tidy
from bakeoff.core.progress import Monitor
from bakeoff.core.seals import fault


def is_kept(folder: Path, monitor: Monitor) -> bool:
    """Whether the folder of a selection, data set or run is there, as it was written.

    One that was altered is worth nothing; its stage makes it anew, and the monitor is told as of a stage of one step.
    What a killed command left beside the folder is removed.
    """
    tidy(folder)
    if not folder.exists():
        return False
    if found := fault(folder):
        monitor(f"{found}; made anew: {folder.name}")(1, 1)
        return False
    return True
