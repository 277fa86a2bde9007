"""The numbers in a line of a run's log, by the names that trackers show."""

from collections.abc import Mapping

from bakeoff.training.run import BatchLog, LogLine


def scalars(line: LogLine) -> tuple[int, Mapping[str, float]]:
    """Where the line belongs, a step of batches or else an epoch, and its numbers by name; those known and finite."""
    if isinstance(line, BatchLog):
        return line.step, {"loss/batches": line.loss}
    found = {
        "loss/training": line.train_loss,
        "loss/validation": line.val_loss,
        "accuracy/training": line.train_accuracy,
        "accuracy/validation": line.val_accuracy,
        **{f"gradient norm/{name}": value for name, value in line.gradient_norms.items()},
        **{f"activation scale/{name}": value for name, value in line.activation_scales.items()},
    }
    return line.epoch, {name: value for name, value in found.items() if value is not None}
