"""What a class handed in, looked through for the mistakes that are common."""

from collections.abc import Sequence
from dataclasses import dataclass
from os import PathLike
from pathlib import Path

from bakeoff.core.errors import ConfigError
from bakeoff.core.progress import Monitor, silent
from bakeoff.core.untrusted import as_text
from bakeoff.data import inputs
from bakeoff.evaluation.comparison import compare_predictions
from bakeoff.evaluation.hand_in import HandIn
from bakeoff.evaluation.scores import Comparison
from bakeoff.workflow.compare import labels_given
from bakeoff.workflow.examination import Examination, Reference
from bakeoff.workflow.experiment import Experiment

PathName = str | PathLike[str]


@dataclass(frozen=True)
class Graded:
    """What was found, and the comparison of all predictions for the labels given; None without any."""

    hand_ins: tuple[HandIn, ...]
    comparison: Comparison | None

    def write_report(self, out: PathName) -> Path:
        """Writes the page's folder; returns the page. Raises `StorageError` if the folder holds something else."""
        from bakeoff import report

        return report.write_class(Path(out), self.hand_ins, self.comparison)


def grade(
    folders: Sequence[PathName],
    *,
    labels: PathName | None = None,
    annotations: PathName = "",
    images: PathName = "",
    classes: Sequence[str] = (),
    allow_code: bool = False,
    monitor: Monitor = silent,
) -> Graded:
    """Looks through what was handed in, a folder per student, for the mistakes that are common.

    A folder may hold a data set (a tree with a folder per class), tables of predictions, confusion matrices as tables,
    and weights (`torch.save` of a state dict, or safetensors) with the network's source. A file that can't be used is
    a mistake of its own, and the rest is looked at.

    Args:
        folders: One per student.
        labels: A table of the true labels, or an experiment's folder, whose validation images they are.
        annotations: A COCO instances file that the trees' classes are compared with.
        images: A folder of the photos as they were, that the trees' channels are compared with.
        classes: Class names in the order of the labels.
        allow_code: Whether sources that were handed in may be run, to apply their networks to the experiment's images.
        monitor: Told how far it is.

    Raises:
        ConfigError: A folder, or what is given to compare with, is missing or can't be read.
        StorageError: The experiment can't be read.
    """
    if missing := [str(own) for own in (*folders, *([images] if images else ())) if not Path(own).is_dir()]:
        raise ConfigError(f"{missing[0]} is no folder; give the folder of each hand-in.")
    reference = Reference(
        labels_given(labels, classes, {}) if labels else None,
        Experiment(labels).dataset if labels and Path(labels).is_dir() else None,
        inputs.read_index(str(annotations)) if annotations else None,
        Path(images) if images else None,
        tuple(classes),
        allow_code,
    )
    looks = [Examination(Path(folder), _name(Path(folder), folders), reference, monitor) for folder in folders]
    hand_ins = tuple(look.hand_in() for look in looks)
    runs = [run for look in looks for run in look.runs]
    if not runs or not reference.labels:
        return Graded(hand_ins, None)
    return Graded(hand_ins, compare_predictions(runs, reference.labels.images, reference.labels.classes).comparison)


def _name(folder: Path, folders: Sequence[PathName]) -> str:
    """The folder's name; its path where two are called so."""
    names = [Path(own).resolve().name for own in folders]
    name = folder.resolve().name
    return as_text(name if names.count(name) == 1 else str(folder))
