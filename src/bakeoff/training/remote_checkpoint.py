"""Checkpoints that are kept at a URL, for runs that may go on at another machine."""

import io
import tempfile
from pathlib import Path
from zipfile import ZipFile

from bakeoff.core.atomic import write_bytes
from bakeoff.core.errors import StorageError, in_one_line
from bakeoff.core.untrusted import ZIP_DAMAGE
from bakeoff.training.checkpoint import PROGRESS, TENSORS, Checkpoint, Stored, TrainingState
from bakeoff.training.run import LogLine, RunSpec


def open_checkpoint(place: str | Path | None, spec: RunSpec) -> Checkpoint:
    """The checkpoint of a run in a folder, or at a URL of a file that `fsspec` can reach; None keeps none."""
    return RemoteCheckpoint(place, spec) if "://" in str(place) else Checkpoint(Path(place) if place else None, spec)


class RemoteCheckpoint(Checkpoint):
    """A run's state as one file at a URL, replaced as a whole.

    Raises:
        StorageError: The URL can't be reached.
    """

    def __init__(self, url: object, spec: RunSpec) -> None:
        from fsspec.core import url_to_fs

        self._home = tempfile.TemporaryDirectory(prefix="bakeoff-")
        super().__init__(Path(self._home.name) / spec.name, spec)
        self.url = str(url)
        self.files, self.path = url_to_fs(self.url)

    def save(self, state: TrainingState, log: list[LogLine], seconds: float) -> None:
        """Replaces the state that is kept; raises `StorageError` where it can't be written."""
        super().save(state, log, seconds)
        packed, new = io.BytesIO(), f"{self.path}.new"
        with ZipFile(packed, "w") as archive:
            for name in (TENSORS, PROGRESS):
                archive.write(self._home_of(name), name)
        try:
            self.files.makedirs(self.path.rpartition("/")[0], exist_ok=True)
            self.files.pipe_file(new, packed.getvalue())
            self.files.mv(new, self.path)
        except Exception as error:  # each kind of storage has its own errors
            raise StorageError(f"can't write {self.url}: {in_one_line(error)}. See cluster.storage.") from None

    def restore(self, state: TrainingState) -> Stored | None:
        """Takes up the state that is kept; None where there is none of this run that can be used."""
        try:
            with ZipFile(io.BytesIO(self.files.cat_file(self.path))) as archive:
                for name in (TENSORS, PROGRESS):
                    write_bytes(self._home_of(name), archive.read(name))
        except (FileNotFoundError, KeyError, *ZIP_DAMAGE):
            return None
        except Exception as error:  # each kind of storage has its own errors
            raise StorageError(f"can't read {self.url}: {in_one_line(error)}. See cluster.storage.") from None
        return super().restore(state)

    def remove(self) -> None:
        if self.files.exists(self.path):
            self.files.rm_file(self.path)
        self._home.cleanup()

    def _home_of(self, name: str) -> Path:
        return Path(self._home.name) / self.spec.name / name
