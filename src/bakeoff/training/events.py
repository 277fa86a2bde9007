"""TensorBoard event files, for those who want to watch a run as it goes."""

import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path

from bakeoff.core.errors import ConfigError
from bakeoff.training.run import BatchLog, LogLine


def check_events() -> None:
    """Looks for the library that writes event files.

    Raises:
        ConfigError: It is not installed.
    """
    if not find_spec("tensorboardX"):
        raise ConfigError(
            "training.tensorboard needs tensorboardX; install it with: pip install 'bakeoff[tensorboard]'."
        )


@contextmanager
def event_files(folder: Path | None) -> Iterator[Callable[[LogLine], None]]:
    """Writes lines of a run's log as scalars; what is watched has no part in the results.

    Args:
        folder: Gets the files, those of an earlier try removed; none where it is null.

    Yields:
        A function that writes a line: losses of batches by step, the rest by epoch.
    """
    if folder is None:
        yield lambda _line: None
        return
    from tensorboardX import SummaryWriter

    shutil.rmtree(folder, ignore_errors=True)
    with SummaryWriter(str(folder), flush_secs=5) as writer:

        def write(line: LogLine) -> None:
            step = line.step if isinstance(line, BatchLog) else line.epoch
            for tag, value in _scalars(line).items():
                if value is not None:
                    writer.add_scalar(tag, value, step)

        yield write


def _scalars(line: LogLine) -> dict[str, float | None]:
    if isinstance(line, BatchLog):
        return {"loss/batches": line.loss}
    return {
        "loss/training": line.train_loss,
        "loss/validation": line.val_loss,
        "accuracy/training": line.train_accuracy,
        "accuracy/validation": line.val_accuracy,
        **{f"gradient norm/{name}": value for name, value in line.gradient_norms.items()},
        **{f"activation scale/{name}": value for name, value in line.activation_scales.items()},
    }
