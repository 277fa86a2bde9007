"""What a run that was killed is taken up from: its state after an epoch; tensors and JSON, no pickles."""

import shutil
from pathlib import Path
from typing import Any

import msgspec
from safetensors import SafetensorError
from safetensors.torch import load_file, save_file

from bakeoff.core.atomic import atomic_folder, tidy
from bakeoff.core.errors import StorageError
from bakeoff.core.storage import read_json, write_json
from bakeoff.training.run import LogLine, RunSpec
from bakeoff.training.state import TrainingState

TENSORS, REST = "state.safetensors", "state.json"


class Rest(msgspec.Struct, frozen=True):
    """What a checkpoint holds beside tensors; `state.json`.

    Attributes:
        spec: Of the run; no other is taken up from it.
        seconds: Wall time of the training so far.
        log: The log so far.
        values: As `TrainingState.values` gives them.
    """

    spec: RunSpec
    seconds: float
    log: tuple[LogLine, ...]
    values: dict[str, Any]
    schema: int = 1


class Checkpoint:
    """Where a run's state is kept while it goes on.

    Args:
        folder: Gets the state, whole or not at all; none is kept where it is null.
        spec: The run.

    Attributes:
        seconds: Wall time of the training before it was taken up.
    """

    def __init__(self, folder: Path | None, spec: RunSpec) -> None:
        self.folder, self.spec, self.seconds = folder, spec, 0.0

    def save(self, state: TrainingState, log: list[LogLine], seconds: float) -> None:
        """Keeps a state instead of the one before.

        Raises:
            StorageError: There is no room or no right to write.
        """
        if self.folder is None:
            return
        with atomic_folder(self.folder) as partial:
            save_file(state.tensors(), partial / TENSORS)
            write_json(partial / REST, Rest(self.spec, seconds, tuple(log), state.values()))

    def restore(self, state: TrainingState) -> Rest | None:
        """Takes up the state that was kept; null where there is none of this run that can be used."""
        if self.folder is None or not self.folder.exists():
            return None
        try:
            rest = read_json(self.folder / REST, Rest)
            if rest.spec != self.spec:
                return None
            state.restore(load_file(self.folder / TENSORS), rest.values)
        except (StorageError, OSError, SafetensorError):  # damaged: the run begins anew, as without a checkpoint
            return None
        self.seconds = rest.seconds
        return rest

    def remove(self) -> None:
        """Removes what was kept: the run has ended."""
        if self.folder is not None:
            shutil.rmtree(self.folder, ignore_errors=True)
            tidy(self.folder)
