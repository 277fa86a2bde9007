"""One run as a task, for this process or for a machine elsewhere."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from bakeoff.core.progress import RunProgress
from bakeoff.core.seals import SEAL
from bakeoff.data.build.load import INFO_FILE, load
from bakeoff.training.run import RunSpec
from bakeoff.workflow.executors.bundle import Bundle
from bakeoff.workflow.executors.jobs import MovableTask
from bakeoff.workflow.records import RunFiles

COPIES = "images"
"""The folder of a data set that no training reads."""


@dataclass(frozen=True)
class TrainingTask(MovableTask):
    """Trains one variant with one seed; the run's files are its result.

    Attributes:
        spec: What determines the run.
        dataset: The files of its data set.
        network: As its variant names it.
        source: The file of a user's own network; None where the network is in a package.
        files: Where the run's files go.
        checkpoint: A folder or URL for its state while it goes on.
        tensorboard: Whether event files are written.
        profile: Whether a few steps are profiled.
    """

    spec: RunSpec
    dataset: Bundle
    network: str
    source: Bundle | None
    files: RunFiles
    checkpoint: str
    tensorboard: bool
    profile: bool

    @classmethod
    def of(
        cls,
        spec: RunSpec,
        dataset: Bundle,
        network: str,
        files: RunFiles,
        checkpoint: str,
        *,
        tensorboard: bool,
        profile: bool,
    ) -> "TrainingTask":
        """The task, with the file of a user's own network as it is now."""
        path, _, target = network.rpartition(":")
        source = None
        if path.endswith(".py"):
            file = Path(path).expanduser().resolve()
            source, network = Bundle.of(file.parent, [file.name], file.name), f"{file}:{target}"
        return cls(spec, dataset, network, source, files, checkpoint, tensorboard, profile)

    def __call__(self, progress: RunProgress, /) -> None:
        from bakeoff.training.train import train

        train(
            self.spec,
            load(self.dataset.root),
            self.files.folder,
            progress,
            self.files.events if self.tensorboard else None,
            checkpoint=self.checkpoint,
            profile=self.files.profile if self.profile else None,
            network=self.network,
        )

    @property
    def reads(self) -> Sequence[Bundle]:
        return [self.dataset, self.source] if self.source else [self.dataset]

    @property
    def writes(self) -> Sequence[Path]:
        return self.files.folder, self.files.events, self.files.profile

    @property
    def shared(self) -> Sequence[str]:
        return (self.checkpoint.rpartition("/")[0],)

    def moved(self, places: Mapping[Path, Path]) -> "TrainingTask":
        dataset = places.get(self.dataset.root, self.dataset.root)
        network = self.network
        if self.source and self.source.root in places:
            network = f"{places[self.source.root]}/{network.rpartition('/')[2]}"
        folder, events, profile = (places.get(path, path) for path in self.writes)
        files = RunFiles(folder, self.files.checkpoint, events, profile)
        return replace(self, dataset=replace(self.dataset, root=dataset), network=network, files=files)


def dataset_bundle(folder: Path) -> Bundle:
    """The files of a data set that a training reads."""
    folder = folder.absolute()
    key = SEAL if (folder / SEAL).exists() else INFO_FILE
    return Bundle.of(folder, _read_by_training(folder), key)


def _read_by_training(folder: Path) -> Iterator[str]:
    for entry in folder.iterdir():
        if entry.is_file():
            yield entry.name
        elif entry.name != COPIES:
            yield from (own.relative_to(folder).as_posix() for own in entry.rglob("*") if own.is_file())
