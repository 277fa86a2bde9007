"""Checkpoints that are kept at a URL, for runs that may go on at another machine."""

import io
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from zipfile import ZipFile

from bakeoff.core.atomic import write_bytes
from bakeoff.core.errors import StorageError, in_one_line
from bakeoff.core.untrusted import ZIP_DAMAGE
from bakeoff.training.checkpoint import PROGRESS, TENSORS, Checkpoint, Stored, TrainingState
from bakeoff.training.run import LogLine, RunSpec


def open_checkpoint(place: str | Path | None, spec: RunSpec) -> Checkpoint:
    """The checkpoint of a run in a folder, or at a URL of a file that `fsspec` can reach; None keeps none."""
    if place and "://" in str(place):
        return RemoteCheckpoint(str(place), spec)
    return Checkpoint(Path(place) if place else None, spec)


class RemoteCheckpoint(Checkpoint):
    """A run's state as one file at a URL, a zip archive without compression, replaced as a whole.

    Raises:
        StorageError: The URL can't be reached.
    """

    def __init__(self, url: str, spec: RunSpec) -> None:
        super().__init__(None, spec)
        self.url = url
        with self._errors("reach"):
            from fsspec.core import url_to_fs

            self.files, self.path = url_to_fs(url)

    def save(self, state: TrainingState, log: list[LogLine], seconds: float) -> None:
        """Replaces the state that is kept; raises `StorageError` where it can't be written."""
        packed, new = io.BytesIO(), f"{self.path}.new"
        with TemporaryDirectory(prefix="bakeoff-") as home, ZipFile(packed, "w") as archive:
            local = Path(home) / "state"
            Checkpoint(local, self.spec).save(state, log, seconds)
            for name in (TENSORS, PROGRESS):
                archive.write(local / name, name)
        with self._errors("write"):
            self.files.makedirs(self.path.rpartition("/")[0], exist_ok=True)
            self.files.pipe_file(new, packed.getvalue())
            self.files.mv(new, self.path)

    def restore(self, state: TrainingState) -> Stored | None:
        """Takes up the state that is kept; None where there is none of this run that can be used."""
        with self._errors("read"):
            raw = self.files.cat_file(self.path) if self.files.exists(self.path) else b""
        with TemporaryDirectory(prefix="bakeoff-") as home:
            local = Checkpoint(Path(home) / "state", self.spec)
            try:
                with ZipFile(io.BytesIO(raw)) as archive:
                    for name in (TENSORS, PROGRESS):
                        write_bytes(Path(home) / "state" / name, archive.read(name))
            except (KeyError, *ZIP_DAMAGE):
                return None
            stored = local.restore(state)
        self.seconds = local.seconds
        return stored

    def remove(self) -> None:
        with self._errors("remove"):
            if self.files.exists(self.path):
                self.files.rm_file(self.path)

    @contextmanager
    def _errors(self, what: str) -> Iterator[None]:
        try:
            yield
        except Exception as error:  # each kind of storage has its own errors
            raise StorageError(f"can't {what} {self.url}: {in_one_line(error)}. See cluster.storage.") from None
