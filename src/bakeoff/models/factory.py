"""Building a network by its name, one of the user's own included.

A network is what gives a `torch.nn.Module` when it is called with `num_classes` and `image_size`, as far as it accepts
them. The module maps images, float32 (N, 3, S, S) in [-1, 1], to logits, float (N, K).
"""

import importlib
import inspect
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from types import ModuleType

import torch
from torch import Tensor, nn

from bakeoff.config.schema import Recipe
from bakeoff.core.errors import NetworkError, unknown_name
from bakeoff.core.registry import networks
from bakeoff.core.storage import digest, file_digest
from bakeoff.models.library import input_settings, library_factory
from bakeoff.models.library_names import is_library
from bakeoff.models.prepared import HALF, IMAGENET, Prepared, head_of
from bakeoff.models.summary import undisturbed
from bakeoff.models.weights import load_weights

Factory = Callable[..., object]
"""Gives a `torch.nn.Module`; a class, or a function."""


def create(
    name: str, num_classes: int, image_size: int, recipe: Recipe | None = None, *, weights: bool = True
) -> nn.Module:
    """Builds a network by its name and checks that it fits the data set.

    Names are registered ones, `path/to/file.py:Class`, `package.module:Class`, `timm:NAME` and `torchvision:NAME`. The
    initial weights come from torch's random state; beyond them nothing is drawn. It is in training mode, on the CPU.

    Args:
        name: The network.
        num_classes: K.
        image_size: S.
        recipe: Says whether it gets pretrained weights, and how it wants its input.
        weights: Whether pretrained weights are loaded, or only the input prepared as for them.

    Raises:
        ConfigError: No network is registered under the name.
        NetworkError: The network can't be loaded or built, or it does not give logits (N, K); or its pretrained weights
            can't be had, or are another network's.
    """
    recipe = recipe or Recipe()
    with torch.random.fork_rng(devices=[]):  # a file that seeds torch when it is loaded must not undo the run's seed
        factory = _find(name, recipe, weights=weights)
    if not is_prepared(name, recipe):
        return build(name, factory, num_classes, image_size)
    return build(name, partial(_prepared, name, factory, recipe, weights=weights), num_classes, image_size)


def is_prepared(name: str, recipe: Recipe) -> bool:
    """Whether a network gets its input otherwise than in [-1, 1] at the images' size, or pretrained weights."""
    return is_pretrained(name, recipe) or recipe.normalize == "imagenet" or bool(recipe.input_size)


def is_pretrained(name: str, recipe: Recipe) -> bool:
    """Whether a network gets pretrained weights: one of a library, where they are asked for."""
    return bool(recipe.pretrained) and is_library(name)


def weights_digest(name: str, recipe: Recipe) -> str:
    """The digest of the file of pretrained weights; empty without one.

    Raises:
        NetworkError: There is no such file.
    """
    if not (is_pretrained(name, recipe) and isinstance(recipe.pretrained, str)):
        return ""
    try:
        return file_digest(Path(recipe.pretrained))
    except OSError as error:
        raise NetworkError(
            f"the weights training.pretrained = {recipe.pretrained!r} can't be read: {error.strerror or error}."
        ) from None


def _prepared(
    name: str, factory: Factory, recipe: Recipe, num_classes: int, image_size: int, *, weights: bool
) -> nn.Module:
    network = factory(**_accepted(factory, num_classes=num_classes, image_size=recipe.input_size or image_size))
    if not isinstance(network, nn.Module):
        raise TypeError(f"it is of type {type(network).__name__}, not a torch.nn.Module")
    pretrained = is_pretrained(name, recipe)
    own = input_settings(name, network) if pretrained else HALF
    scale = {"auto": own, "imagenet": IMAGENET, "half": HALF}[recipe.normalize]
    settings = own._replace(mean=scale.mean, deviation=scale.deviation, size=recipe.input_size or own.size)
    head = _head(name, network, num_classes) if pretrained else ""
    if pretrained and weights and isinstance(recipe.pretrained, str):
        load_weights(name, network, Path(recipe.pretrained))
    return Prepared(network, settings, image_size, head)


def _head(name: str, network: nn.Module, num_classes: int) -> str:
    """The name of the layer that gives the logits."""
    head = head_of(network)
    weight = network.get_submodule(head).weight if head else None
    if not isinstance(weight, Tensor) or len(weight) != num_classes:
        raise NetworkError(
            f"the last layer of {name!r} can't be told from the others ({head or 'none'} does not give {num_classes} "
            "logits), so that it can't be fine-tuned; leave its training.pretrained at false."
        )
    return head


def build(name: str, factory: Factory, num_classes: int, image_size: int) -> nn.Module:
    """The network that a factory makes, checked as `create` does; `name` is what errors call it."""
    with _their_errors(
        f"network {name!r} can't be built",
        "Its class is called with num_classes and image_size, as far as it accepts them; all else needs a default.",
    ):
        network = factory(**_accepted(factory, num_classes=num_classes, image_size=image_size))
    return _checked(name, network, num_classes, image_size).train()


def source_file(name: str) -> Path | None:
    """The source of a network of the user's own: a file, or that of a module; None for all others.

    Raises:
        NetworkError: There is no such file, or the module can't be imported.
    """
    source = name.rpartition(":")[0]
    if not source or is_library(name):
        return None
    if source.endswith(".py"):
        return _existing(source)
    with torch.random.fork_rng(devices=[]):
        path = getattr(_imported(source), "__file__", None)
    return Path(path) if path else None


def source_digest(name: str) -> str:
    """The digest of `source_file`; empty without one."""
    path = source_file(name)
    return file_digest(path) if path else ""


def _find(name: str, recipe: Recipe, *, weights: bool) -> Factory:
    if is_library(name):
        hub = weights and recipe.pretrained is True
        return library_factory(name, pretrained=hub, drop_path=recipe.drop_path)
    source, _, target = name.rpartition(":")
    if source:
        return _member(_loaded(_existing(source)) if source.endswith(".py") else _imported(source), source, target)
    if name.endswith(".py"):
        raise NetworkError(f"network {name!r} names a file and no class; write {name}:Class.")
    return networks[name]


def _existing(source: str) -> Path:
    path = Path(source).expanduser().resolve()
    if not path.is_file():
        raise NetworkError(f"there is no file {path}, where a network should be; paths start at the current folder.")
    return path


def _loaded(path: Path) -> ModuleType:
    """The module of a file, under a name that no other file and no other version of the file has."""
    raw = path.read_bytes()
    name = f"bakeoff_user_{digest(str(path).encode(), raw)}"
    if name not in sys.modules:
        module = ModuleType(name)
        module.__file__ = str(path)
        sys.modules[name] = module
        try:
            with _their_errors(f"{path} can't be loaded", "Running it with Python must work."):
                # No import: that would write a cache beside the file, which can outlive an edit.
                exec(compile(raw, str(path), "exec"), module.__dict__)
        except BaseException:
            del sys.modules[name]
            raise
    return sys.modules[name]


def _imported(source: str) -> ModuleType:
    advice = "Install the package it is in, or give the file: path/to/file.py:Class."
    with _their_errors(f"module {source!r} can't be imported", advice):
        return importlib.import_module(source)


def _member(module: ModuleType, source: str, target: str) -> Factory:
    if not hasattr(module, target):
        own = [value for value in vars(module).values() if inspect.isclass(value) and issubclass(value, nn.Module)]
        raise NetworkError(f"{source}: " + unknown_name("class", target, [value.__name__ for value in own]))
    member: object = getattr(module, target)
    if isinstance(member, nn.Module) or not callable(member):
        raise NetworkError(
            f"{source}: {target} is of type {type(member).__name__}; name a class that is a torch.nn.Module."
        )
    return member


def _accepted(factory: Factory, **offers: int) -> dict[str, int]:
    """Those of the offers that a signature accepts by name."""
    parameters = inspect.signature(factory).parameters.values()
    if any(parameter.kind is parameter.VAR_KEYWORD for parameter in parameters):
        return offers
    named = {parameter.name for parameter in parameters if parameter.kind is not parameter.POSITIONAL_ONLY}
    return {name: value for name, value in offers.items() if name in named}


def _checked(name: str, network: object, num_classes: int, image_size: int) -> nn.Module:
    """The network, if two rows of K logits come out of it for two grey images; else raises `NetworkError`."""
    if not isinstance(network, nn.Module):
        raise NetworkError(f"network {name!r} is of type {type(network).__name__}; it must be a torch.nn.Module.")
    images = torch.zeros(2, 3, image_size, image_size)
    given = f"images of {_kind(images)}"
    if not any(parameter.requires_grad for parameter in network.parameters()):
        raise NetworkError(f"network {name!r} has no learnable parameters; there is nothing to train.")
    with (
        undisturbed(network),
        torch.no_grad(),
        _their_errors(f"network {name!r} fails on {given}", "Let its class take image_size."),
    ):
        logits = network(images)
    if not isinstance(logits, Tensor) or logits.shape != (2, num_classes) or not logits.is_floating_point():
        raise NetworkError(
            f"network {name!r} gives {_kind(logits)} for {given}; it must give float32 (2, {num_classes}), a logit per "
            "class. Let its class take num_classes."
        )
    return network


def _kind(value: object) -> str:
    """For a tensor its type and shape, such as "float32 (2, 5)"."""
    if not isinstance(value, Tensor):
        return f"a value of type {type(value).__name__}"
    return f"{str(value.dtype).removeprefix('torch.')} {tuple(value.shape)}"


@contextmanager
def _their_errors(problem: str, advice: str) -> Iterator[None]:
    """Turns whatever a user's code raises, an exit too, into a `NetworkError` that gives its text."""
    try:
        yield
    except NetworkError:
        raise
    except (Exception, SystemExit) as error:
        raise NetworkError(f"{problem}: {type(error).__name__}: {error}. {advice}") from error
