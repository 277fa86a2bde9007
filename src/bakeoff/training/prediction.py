"""What a trained network is for: predicting, and leaving as a file that others can use."""

from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from bakeoff.core.atomic import write_bytes
from bakeoff.core.errors import ConfigError, ImageError, StorageError
from bakeoff.core.types import VAL, Images
from bakeoff.data.image_folder.tree import FORMATS
from bakeoff.training.run import Prediction, RunSpec

if TYPE_CHECKING:
    from bakeoff.training.onnx_model import OnnxModel

ONNX = ".onnx"
TOLERANCE = 1e-3
"""An exported network whose probabilities differ by more from the run's is not that network."""


def predict(model: Path, paths: Iterable[Path], device: str = "auto") -> list[Prediction]:
    """Class probabilities of photos, and of all photos in folders; a photo that can't be read says why.

    Args:
        model: A run's folder, or a file that `export` wrote.
        paths: Photos and folders of photos.
        device: "auto", "cpu", "cuda" or "mps"; an exported file runs on the CPU.

    Raises:
        ConfigError: A path does not exist, or there is no photo.
        StorageError: The run or file is missing or damaged.
    """
    return _predict_by_file(model, paths) if model.suffix == ONNX else _predict_by_run(model, paths, device)


def export(run_folder: Path, target: Path) -> float | None:
    """Writes a run's network as an ONNX file that takes photos of any size; see `bakeoff.training.export`.

    Args:
        run_folder: The run.
        target: The file; replaced where it exists.

    Returns:
        The largest difference between a probability that the file gives to a validation photo of the run's data set,
        and the one that the run gave; null where the data set does not lie beside the run.

    Raises:
        ConfigError: The libraries that write ONNX are not installed.
        StorageError: The run can't be used, or the file can't be written.
        NetworkError: The network can't be exported, or the exported one gives other probabilities.
    """
    from bakeoff.core.errors import NetworkError
    from bakeoff.data import build as dataset
    from bakeoff.training.export import to_onnx
    from bakeoff.training.inference import probabilities
    from bakeoff.training.onnx_model import OnnxModel
    from bakeoff.training.store import load_run

    run = load_run(run_folder)
    raw = to_onnx(run)
    place = run_folder.resolve().parents[1] / "dataset"
    difference = None
    if place.exists():
        images, model = dataset.load(place).images[VAL], OnnxModel(raw, str(target))
        given = np.array([model.probabilities(np.asarray(image)) for image in images])
        difference = float(np.abs(given - probabilities(run, np.asarray(images), "cpu")).max(initial=0.0))
        if difference > TOLERANCE:
            raise NetworkError(
                f"the exported network gives other probabilities than the run (by up to {difference:.1g}); "
                f"{run.spec.network!r} holds what ONNX computes otherwise."
            )
    write_bytes(target, raw)
    return difference


def _predict_by_run(folder: Path, paths: Iterable[Path], device: str) -> list[Prediction]:
    from bakeoff.training.inference import probabilities
    from bakeoff.training.store import load_run

    trained, photos = load_run(folder), list(_find_photos(paths))
    pixels, answers = _read_photos(photos, trained.spec)
    if pixels:
        rows = probabilities(trained, np.stack(list(pixels.values())), device)
        for photo, row in zip(pixels, rows, strict=True):
            answers[photo] = Prediction(str(photo), dict(zip(trained.spec.classes, row.tolist(), strict=True)))
    return [answers[photo] for photo in photos]


def _predict_by_file(file: Path, paths: Iterable[Path]) -> list[Prediction]:
    from bakeoff.training.onnx_model import OnnxModel

    try:
        raw = file.read_bytes()
    except OSError as error:
        raise StorageError(
            f"can't read {file}: {error.strerror or error}. Give a run's folder or a {ONNX} file."
        ) from None
    model = OnnxModel(raw, str(file))
    return [_ask(model, photo) for photo in _find_photos(paths)]


def _ask(model: "OnnxModel", photo: Path) -> Prediction:
    from bakeoff.data.build import decode

    try:
        row = model.probabilities(decode(photo.read_bytes()))
    except (OSError, ImageError) as error:
        return Prediction(str(photo), error=str(error))
    return Prediction(str(photo), dict(zip(model.classes, row.tolist(), strict=True)))


def _find_photos(paths: Iterable[Path]) -> Iterator[Path]:
    for path in paths:
        if path.is_dir():
            found = sorted(entry for entry in path.rglob("*") if entry.suffix.lower() in FORMATS)
            if not found:
                raise ConfigError(f"{path} holds no photo ({', '.join(FORMATS)}).")
            yield from found
        elif path.exists():
            yield path
        else:
            raise ConfigError(f"{path} does not exist; give photos or folders of photos.")


def _read_photos(photos: Sequence[Path], spec: RunSpec) -> tuple[dict[Path, Images], dict[Path, Prediction]]:
    """The pixels of the photos that can be read, and the reasons of those that can't."""
    from bakeoff.data.build import to_pixels

    pixels: dict[Path, Images] = {}
    unreadable: dict[Path, Prediction] = {}
    for photo in photos:
        try:
            pixels[photo] = to_pixels(photo.read_bytes(), spec.size, spec.filter, spec.resize)
        except (OSError, ImageError) as error:
            unreadable[photo] = Prediction(str(photo), error=str(error))
    return pixels, unreadable
