"""A trained network applied to images; an exported one needs no torch."""

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from os import PathLike
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec
import numpy as np
import numpy.typing as npt

from bakeoff.core.errors import ConfigError, ImageError, NetworkError, StorageError, in_one_line
from bakeoff.core.seals import check_seal
from bakeoff.core.types import Images
from bakeoff.data.build import decode, to_pixels
from bakeoff.data.image_folder.tree import is_hidden
from bakeoff.data.photo_formats import SUFFIXES
from bakeoff.training.run import IN_CODE, SOURCE, WEIGHTS, Run, RunSpec, load_run

if TYPE_CHECKING:
    from torch import nn

PathName = str | PathLike[str]
ONNX = ".onnx"
METADATA = "bakeoff"
"""Under this key an exported file holds, as JSON, `network`, `classes`, `size`, `filter` and `dataset`."""


class Prediction(msgspec.Struct, frozen=True):
    """What a trained network predicts for one image.

    Attributes:
        image: The image's path.
        probabilities: By class, in the order of the labels, adding up to 1; empty where the image can't be read.
        error: Why the image can't be read, else empty.
    """

    image: str
    probabilities: Mapping[str, float] = {}
    error: str = ""


def predict(
    model: PathName, paths: Iterable[PathName], device: str = "auto", *, allow_code: bool = False
) -> list[Prediction]:
    """Class probabilities of images, and of all images in folders; an image that can't be read says why.

    Args:
        model: A run's folder, or a file that `export` wrote.
        paths: Images and folders of images.
        device: "auto", "cpu", "cuda" or "mps"; an exported file runs on the CPU.
        allow_code: Whether the source of a user's own network that is stored with the run may be run.

    Raises:
        ConfigError: A path does not exist, or there is no image.
        StorageError: The run or file is missing or damaged.
        NetworkError: The network can't be built, or is a user's own and `allow_code` is not given.
    """
    if Path(model).suffix == ONNX:
        return _predict_by_file(Path(model), map(Path, paths))
    run, images = load_run(Path(model), allow_code=allow_code), list(_find_images(map(Path, paths)))
    pixels, predictions = _read_images(images, run.spec)
    if pixels:
        rows = probabilities(run, np.stack(list(pixels.values())), device)
        for image, row in zip(pixels, rows, strict=True):
            predictions[image] = Prediction(str(image), dict(zip(run.spec.classes, row.tolist(), strict=True)))
    return [predictions[image] for image in images]


def probabilities(run: Run, images: Images, device: str = "auto") -> npt.NDArray[np.float32]:
    """The class probabilities, float32 (N, K), that a run's network gives to images; raises as `load_network`.

    The images are uint8 (N, S, S, 3), RGB, at the run's size and filter.
    """
    import torch

    from bakeoff.training.batches import Split
    from bakeoff.training.device import choose_device, to_device
    from bakeoff.training.loop import evaluate

    network, where = load_network(run), choose_device(device)
    split = Split(images, np.zeros(len(images), dtype=np.int64), where)
    return torch.softmax(evaluate(to_device(network, where), split, run.spec.recipe), dim=1).numpy()


def load_network(run: Run) -> "nn.Module":
    """A run's network with its weights, on the CPU in evaluation mode.

    Raises:
        StorageError: The run did not finish, or its weights are missing, damaged or not those of the network.
        NetworkError: The network can't be built any more, or only by code that was not allowed.
    """
    from safetensors import SafetensorError
    from safetensors.torch import load_model

    from bakeoff.models.factory import create

    if not run.finished:
        raise StorageError(f"the run in {run.folder} {run.record.status} ({run.record.reason}); train it again.")
    if run.trained is not None:
        return run.trained
    _check_code(run)
    network = create(run.network, len(run.spec.classes), run.spec.size, run.spec.recipe, weights=False)
    path = run.folder / WEIGHTS
    try:
        load_model(network, str(path))
    except (OSError, SafetensorError, RuntimeError) as error:
        first = str(error).splitlines()[0]
        raise StorageError(
            f"{path} does not hold the weights of {run.spec.network}: {first}. Remove {run.folder} and train again."
        ) from None
    check_seal(run.folder, WEIGHTS, SOURCE)
    return network.eval()


def _check_code(run: Run) -> None:
    """Refuses a user's own network that may not be run, or is not the one that was trained."""
    from bakeoff.models.factory import source_digest

    spec, folder = run.spec, run.folder
    if spec.network.startswith(IN_CODE):
        raise NetworkError(
            f"the network of {folder} was given in code ({spec.network}); build it there, and give it the weights with "
            f"safetensors.torch.load_model(network, {str(folder / WEIGHTS)!r})."
        )
    if not run.network:
        stored = f"the source {folder / SOURCE}" if (folder / SOURCE).exists() else "code"
        raise NetworkError(
            f"the network {spec.network} of {folder} is {stored} (digest {spec.network_digest}), which is run only "
            "with --allow-code (allow_code=True). Read it first, and allow it if you trust it."
        )
    if spec.network_digest and (found := source_digest(run.network)) != spec.network_digest:
        raise NetworkError(
            f"{run.network} is not the network that was trained in {folder}: its source has the digest {found}, the "
            f"run's {spec.network_digest}."
        )


class OnnxModel:
    """A network that `export` wrote, from the file's bytes; what it says of other files is not followed.

    Attributes:
        classes: Class names in the order of the probabilities.

    Raises:
        ConfigError: onnxruntime is not installed.
        StorageError: It is no such file, or damaged.
    """

    def __init__(self, raw: bytes, name: str) -> None:
        try:
            import onnxruntime
        except ModuleNotFoundError:
            raise ConfigError(
                "an exported network needs onnxruntime; install it with: pip install 'bakeoff[export]'."
            ) from None
        try:
            self._session = onnxruntime.InferenceSession(raw, providers=["CPUExecutionProvider"])
            facts = json.loads(self._session.get_modelmeta().custom_metadata_map[METADATA])
            self.classes: tuple[str, ...] = tuple(facts["classes"])
        except KeyError:
            raise StorageError(f"{name} was not written by bakeoff export: it does not name its classes.") from None
        except Exception as error:  # onnxruntime has an error of its own for each kind of damage
            raise StorageError(
                f"{name} is no ONNX file, or damaged: {in_one_line(error)}. Export the run again."
            ) from None

    def probabilities(self, image: Images) -> npt.NDArray[np.float32]:
        """The class probabilities of an image, uint8 (H, W, 3), RGB, of any size: float32 (K,)."""
        row: npt.NDArray[np.float32] = self._session.run(
            ["probabilities"], {self._session.get_inputs()[0].name: image}
        )[0]
        return row


def _predict_by_file(file: Path, paths: Iterable[Path]) -> list[Prediction]:
    try:
        model = OnnxModel(file.read_bytes(), str(file))
    except OSError as error:
        raise StorageError(
            f"can't read {file}: {error.strerror or error}. Give a run's folder or a {ONNX} file."
        ) from None
    return [_predict_image(model, image) for image in _find_images(paths)]


def _predict_image(model: OnnxModel, image: Path) -> Prediction:
    try:
        row = model.probabilities(decode(image.read_bytes()))
    except (OSError, ImageError) as error:
        return Prediction(str(image), error=str(error))
    return Prediction(str(image), dict(zip(model.classes, row.tolist(), strict=True)))


def _find_images(paths: Iterable[Path]) -> Iterator[Path]:
    for path in paths:
        if path.is_dir():
            found = sorted(entry for entry in path.rglob("*") if _is_photo(entry.relative_to(path)))
            if not found:
                raise ConfigError(f"{path} holds no image ({', '.join(SUFFIXES)}).")
            yield from found
        elif path.exists():
            yield path
        else:
            raise ConfigError(f"{path} does not exist; give images or folders of images.")


def _is_photo(path: Path) -> bool:
    return path.suffix.lower() in SUFFIXES and not any(map(is_hidden, path.parts))


def _read_images(images: Sequence[Path], spec: RunSpec) -> tuple[dict[Path, Images], dict[Path, Prediction]]:
    """The pixels of the images that can be read, and the reasons of those that can't."""
    pixels: dict[Path, Images] = {}
    unreadable: dict[Path, Prediction] = {}
    for image in images:
        try:
            pixels[image] = to_pixels(image.read_bytes(), spec.size, spec.filter, spec.resize)
        except (OSError, ImageError) as error:
            unreadable[image] = Prediction(str(image), error=str(error))
    return pixels, unreadable
