"""A trained network applied to images; an exported one needs no torch."""

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from itertools import islice
from os import PathLike
from pathlib import Path
from typing import Protocol

import msgspec
import numpy as np
import numpy.typing as npt

from bakeoff.core.errors import ConfigError, ImageError, StorageError, in_one_line
from bakeoff.core.types import Images
from bakeoff.data.build import decode, to_pixels
from bakeoff.data.named_photos import NamedPhoto, find_photos
from bakeoff.training.run import Run, load_run
from bakeoff.training.trained import EVEN, load_network, probabilities

PathName = str | PathLike[str]
ONNX = ".onnx"
METADATA = "bakeoff"
"""Under this key an exported file holds, as JSON, `network`, `classes`, `size`, `filter` and `dataset`."""


class Prediction(msgspec.Struct, frozen=True):
    """What a trained network predicts for one image.

    Attributes:
        image: The image's path; of one in a zip archive the archive's and its own.
        predicted: The class of the highest probability; empty where the image can't be read.
        probability: That class's, 0 to 1; None likewise.
        probabilities: By class, in the order of the labels, adding up to 1 unless the network was trained on all
            classes of an image; empty likewise.
        error: Why the image can't be read, else empty.
        named: The classes above one half, of a network that was trained on all classes of an image; None of others.
    """

    image: str
    predicted: str = ""
    probability: float | None = None
    probabilities: Mapping[str, float] = {}
    error: str = ""
    named: tuple[str, ...] | None = None

    @classmethod
    def of(
        cls, image: str, classes: Sequence[str], row: npt.NDArray[np.float32], task: str = "multiclass"
    ) -> "Prediction":
        """Of an image's probabilities, float32 (K,)."""
        best, several = int(row.argmax()), task == "multilabel"
        named = tuple(name for name, own in zip(classes, row, strict=True) if own > EVEN) if several else None
        probabilities = dict(zip(classes, row.tolist(), strict=True))
        return cls(image, classes[best], float(row[best]), probabilities, named=named)


class Classifier(Protocol):
    """A trained network that is loaded once.

    Attributes:
        classes: Class names in the order of the probabilities.
        task: What it was trained for, "multiclass" or "multilabel".
        batch: How many photos are read before they are classified together.
    """

    classes: tuple[str, ...]
    task: str
    batch: int

    def read(self, raw: bytes) -> Images:
        """A photo's pixels, as `classify` takes them: uint8 (H, W, 3), RGB; raises `ImageError`."""
        ...

    def classify(self, images: Sequence[Images]) -> npt.NDArray[np.float32]:
        """The class probabilities of images: float32 (N, K)."""
        ...


def load_classifier(model: PathName, device: str = "auto", *, allow_code: bool = False) -> Classifier:
    """Loads a run's network or an exported file; arguments and errors as of `predict`."""
    path = Path(model)
    if path.suffix != ONNX:
        return RunModel(load_run(path, allow_code=allow_code), device)
    try:
        return OnnxModel(path.read_bytes(), str(path))
    except OSError as error:
        raise StorageError(
            f"can't read {path}: {error.strerror or error}. Give a run's folder or a {ONNX} file."
        ) from None


def predict(
    model: PathName, paths: Iterable[PathName], device: str = "auto", *, allow_code: bool = False
) -> list[Prediction]:
    """Class probabilities of images; an image that can't be read says why.

    Args:
        model: A run's folder, or a file that `export` wrote.
        paths: Images, folders of images, and zip archives of images, which are not unpacked on disk.
        device: "auto", "cpu", "cuda" or "mps"; an exported file runs on the CPU.
        allow_code: Whether the source of a user's own network that is stored with the run may be run.

    Raises:
        ConfigError: A path does not exist, or there is no image.
        SourceError: An archive is damaged.
        StorageError: The run or file is missing or damaged.
        NetworkError: The network can't be built, or is a user's own and `allow_code` is not given.
    """
    classifier = load_classifier(model, device, allow_code=allow_code)
    photos, predictions = iter(list(find_photos(map(Path, paths)))), list[Prediction]()
    while batch := list(islice(photos, classifier.batch)):
        predictions += _predict_batch(classifier, batch)
    return predictions


class RunModel:
    """A run's network; `Classifier`. Raises as `load_network`."""

    batch = 256

    def __init__(self, run: Run, device: str) -> None:
        self._run, self._device = replace(run, trained=load_network(run)), device
        self.classes, self.task = run.spec.classes, str(run.spec.recipe.task)

    def read(self, raw: bytes) -> Images:
        spec = self._run.spec
        return to_pixels(raw, spec.size, spec.filter, spec.resize)

    def classify(self, images: Sequence[Images]) -> npt.NDArray[np.float32]:
        return probabilities(self._run, np.stack(images), self._device)


class OnnxModel:
    """A network that `export` wrote, from the file's bytes; what it says of other files is not followed; `Classifier`.

    Raises:
        ConfigError: onnxruntime is not installed.
        StorageError: It is no such file, or damaged.
    """

    batch = 1  # photos as large as they are

    def __init__(self, raw: bytes, name: str) -> None:
        try:
            import onnxruntime
        except ModuleNotFoundError:
            raise ConfigError(
                "an exported network needs onnxruntime; install it with: pip install 'bakeoff[export]'."
            ) from None
        self._name = name
        try:
            self._session = onnxruntime.InferenceSession(raw, providers=["CPUExecutionProvider"])
            facts = json.loads(self._session.get_modelmeta().custom_metadata_map[METADATA])
            self.classes: tuple[str, ...] = tuple(facts["classes"])
            self.task = str(facts.get("task", "multiclass"))
        except KeyError:
            raise StorageError(f"{name} was not written by bakeoff export: it does not name its classes.") from None
        except Exception as error:  # onnxruntime has an error of its own for each kind of damage
            raise StorageError(
                f"{name} is no ONNX file, or damaged: {in_one_line(error)}. Export the run again."
            ) from None

    def probabilities(self, image: Images) -> npt.NDArray[np.float32]:
        """The class probabilities of an image, uint8 (H, W, 3), RGB, of any size: float32 (K,).

        Raises:
            StorageError: The file does not take it.
        """
        try:
            row: npt.NDArray[np.float32] = self._session.run(
                ["probabilities"], {self._session.get_inputs()[0].name: image}
            )[0]
        except Exception as error:  # onnxruntime has an error of its own for each reason
            raise StorageError(
                f"{self._name} does not take an image of {image.shape[1]} × {image.shape[0]}: {in_one_line(error)}. "
                "Export the run again."
            ) from None
        return row

    def read(self, raw: bytes) -> Images:
        return decode(raw)

    def classify(self, images: Sequence[Images]) -> npt.NDArray[np.float32]:
        return np.array([self.probabilities(image) for image in images])


def _predict_batch(classifier: Classifier, photos: Sequence[NamedPhoto]) -> list[Prediction]:
    pixels: dict[int, Images] = {}
    errors: dict[int, str] = {}
    for position, photo in enumerate(photos):
        try:
            pixels[position] = classifier.read(photo.read())
        except ImageError as error:
            errors[position] = str(error)
    rows = dict(zip(pixels, classifier.classify(list(pixels.values())), strict=True)) if pixels else {}
    return [
        Prediction.of(photo.name, classifier.classes, rows[position], classifier.task)
        if position in rows
        else Prediction(photo.name, error=errors[position])
        for position, photo in enumerate(photos)
    ]
