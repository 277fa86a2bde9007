"""What a course asks to hand in, of an experiment that is stored."""

from os import PathLike
from pathlib import Path

from bakeoff.core.progress import Monitor, automatic
from bakeoff.workflow.experiment import Experiment
from bakeoff.workflow.pipeline import score


def write_homework(folder: str | PathLike[str], *, monitor: Monitor = automatic) -> tuple[Path, bool]:
    """Writes it to `homework/` in the experiment's folder.

    Returns:
        The path of its PDF, and whether its answers are those of an earlier kit, which were edited.

    Raises:
        ConfigError: `bakeoff[homework]` is not installed.
        StorageError: The experiment holds no runs, or can't be read or written.
    """
    from bakeoff.report.homework import write_homework as write

    progress, experiment = monitor("homework"), Experiment(folder)
    with experiment.scoring():
        _, case = score(experiment)
        experiment.store_results(case.comparison, case.findings)  # the notebook reads them
        made = write(experiment.homework_folder, case, experiment.folder)
    progress(1, 1)
    return made
