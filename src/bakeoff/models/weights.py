"""Pretrained weights from a file: nothing in it is run."""

import warnings
from collections.abc import Mapping
from pathlib import Path
from zipfile import ZipFile, is_zipfile

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file
from torch import Tensor, nn

from bakeoff.core.errors import NetworkError, in_one_line
from bakeoff.core.untrusted import ALWAYS_ALLOWED, GROWTH, ZIP_DAMAGE
from bakeoff.models.prepared import head_of

NESTED = ("state_dict", "model", "model_state_dict", "state_dict_ema")
"""Under what names training scripts store weights among other things."""
PREFIXES = ("module.", "_orig_mod.", "model.")
"""What wrappers put before each name."""


def load_weights(name: str, network: nn.Module, path: Path) -> None:
    """Gives a network weights from a file; its last layer begins anew where that of the file has another shape.

    Args:
        name: The network, for messages.
        network: Changed in place.
        path: A safetensors file, or one of `torch.save`, which is read with `weights_only=True`.

    Raises:
        NetworkError: The file can't be read, holds no weights, or those of another network.
    """
    found, own = read_weights(path), network.state_dict()
    head = head_of(network)
    in_head = {key for key in own if key.startswith(f"{head}.")}
    wrong = {key for key, value in own.items() if key not in found or found[key].shape != value.shape}
    lacking = {key for key in wrong - in_head if not key.endswith("num_batches_tracked")}
    unknown = found.keys() - own.keys()
    if lacking or unknown:
        first = min(lacking & found.keys() or lacking or unknown)
        raise NetworkError(
            f"{path} does not hold the weights of {name!r}: {len(lacking):,} of its {len(own):,} tensors are not there "
            f"or have another shape, {len(unknown):,} others are, such as {first} "
            f"({_shape(found.get(first))} in the file, {_shape(own.get(first))} in the network)."
        )
    network.load_state_dict({**own, **{key: value for key, value in found.items() if key not in wrong}})
    if wrong & in_head:
        begin_anew(network.get_submodule(head))


def begin_anew(layer: nn.Module) -> None:
    """Gives a new last layer torch's initial weights, whose outputs are small.

    timm's own for some networks are so large that a linear probe is still under way when its epochs are over.
    """
    if isinstance(layer, nn.Linear | nn.Conv2d):
        layer.reset_parameters()


def read_weights(path: Path) -> dict[str, Tensor]:
    """The tensors of a safetensors file, or of one of `torch.save`, by their names in the network itself.

    Raises:
        NetworkError: The file can't be read, or holds no weights or more than weights.
    """
    try:
        loaded = load_file(path) if path.suffix == ".safetensors" else _unpickled(path)
    except FileNotFoundError:
        raise NetworkError(f"there is no file {path}; training.pretrained names the weights.") from None
    except (OSError, SafetensorError) as error:
        raise NetworkError(f"{path} can't be read as weights: {in_one_line(error)}.") from None
    for key in NESTED:
        if isinstance(loaded.get(key), Mapping):
            loaded = loaded[key]  # type: ignore[assignment]  # checked below
            break
    weights = {str(key): value for key, value in loaded.items() if isinstance(value, Tensor)}
    if not weights:
        raise NetworkError(f"{path} holds no weights; it must be a state dict: tensors by name.")
    _check_claims(path, weights)
    for prefix in PREFIXES:
        if all(key.startswith(prefix) for key in weights):
            weights = {key.removeprefix(prefix): value for key, value in weights.items()}
    return weights


def _unpickled(path: Path) -> Mapping[str, object]:
    _check_growth(path)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            loaded: object = torch.load(path, map_location="cpu", weights_only=True)
    except OSError:
        raise
    except Exception as error:  # torch has another error for each kind of damage
        raise NetworkError(
            f"{path} holds more than weights, or is damaged; nothing in it was run ({in_one_line(error)[:80]}). Save "
            "the state dict alone, best with safetensors."
        ) from None
    return loaded if isinstance(loaded, Mapping) else {}


def _check_growth(path: Path) -> None:
    """Refuses a bomb: torch writes its archives unpacked, but reads packed ones."""
    try:
        if not is_zipfile(path):
            return
        with ZipFile(path) as archive:
            size = sum(member.file_size for member in archive.infolist())
    except ZIP_DAMAGE:
        return  # torch says what is wrong
    if size > max(ALWAYS_ALLOWED, GROWTH * path.stat().st_size):
        raise NetworkError(f"{path} unpacks to {size:,} bytes, more than {GROWTH} times its own.")


def _check_claims(path: Path, weights: Mapping[str, Tensor]) -> None:
    """Refuses tensors without numbers of their own, and those that repeat a few of the file's without end."""
    for key, value in weights.items():
        if value.device.type != "cpu" or value.layout != torch.strided or value.is_quantized:
            raise NetworkError(f"{path}: {key} is no array of numbers; save the state dict of the network itself.")
    repeated = sum(max(0, value.nbytes - value.untyped_storage().nbytes()) for value in weights.values())
    limit = max(ALWAYS_ALLOWED, GROWTH * path.stat().st_size)
    if repeated > ALWAYS_ALLOWED or sum(value.nbytes for value in weights.values()) > limit:
        raise NetworkError(f"{path}: its tensors claim more than the file holds; save the state dict anew.")


def _shape(value: Tensor | None) -> str:
    return "nothing" if value is None else f"{tuple(value.shape)}"
