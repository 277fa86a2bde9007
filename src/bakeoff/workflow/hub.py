"""A run as a folder that the Hugging Face Hub takes, and its upload where a token is given."""

from dataclasses import replace
from importlib.util import find_spec
from pathlib import Path, PurePath

import msgspec

from bakeoff.core.atomic import atomic_folder, write_bytes
from bakeoff.core.errors import ConfigError, StorageError, in_one_line
from bakeoff.core.storage import MARKER, check_owned, mark_owned
from bakeoff.data.build.card import data_card
from bakeoff.data.build.dataset import Dataset
from bakeoff.training.run import SOURCE, load_run
from bakeoff.workflow.experiment import Experiment
from bakeoff.workflow.model_card import model_card

KIND = "hub"
CARD = "README.md"


def write_hub(run_folder: Path, target: Path, *, allow_code: bool = False) -> bool:
    """Writes the folder: model card, weights, `config.json`, the data card, and an ONNX file where that can be written.

    Args:
        run_folder: The run, in its experiment, which was scored.
        target: The folder, which must be new, empty, or one that this wrote.
        allow_code: Whether the source of a user's own network that is stored with the run may be run.

    Returns:
        Whether it holds an ONNX file: only where the libraries that write it are installed.

    Raises:
        StorageError: The run or its experiment can't be used, or the folder holds something else.
        NetworkError: The network can't be built or exported.
    """
    from bakeoff.training.export import to_onnx
    from bakeoff.training.hub import hub_files

    check_owned(target, KIND)
    run, experiment = load_run(run_folder, allow_code=allow_code), Experiment.of_run(run_folder)
    dataset = _without_folders(experiment.datasets(experiment.config, experiment.variants)[run.spec.variant])
    with_onnx = bool(find_spec("onnx") and find_spec("onnxscript"))
    files = hub_files(run)
    card = model_card(run, dataset, experiment.comparison, experiment.findings, with_onnx=with_onnx)
    files |= {CARD: card.encode(), "DATA.md": data_card(dataset.info, dataset.manifest, dataset.ledger).encode()}
    if with_onnx:
        files["model.onnx"] = to_onnx(run)
    if (run.folder / SOURCE).exists():
        files[SOURCE] = (run.folder / SOURCE).read_bytes()
    with atomic_folder(target) as partial:
        mark_owned(partial, KIND)
        for name, raw in files.items():
            write_bytes(partial / name, raw)
    return with_onnx


def _without_folders(dataset: Dataset) -> Dataset:
    """The data set as others may see it: where the photos and annotations lay on this machine is nobody's business."""
    info, selection = dataset.info, dataset.info.selection
    selection = msgspec.structs.replace(selection, source=_name(selection.source))
    return replace(dataset, info=msgspec.structs.replace(info, photos=_name(info.photos), selection=selection))


def _name(place: str) -> str:
    return place if "://" in place else PurePath(place).name


def push(folder: Path, repository: str, token: str) -> str:
    """Uploads such a folder to a repository of the Hub, which is made, private, where it does not exist; gives its URL.

    Raises:
        ConfigError: There is no token, or huggingface_hub is not installed.
        StorageError: The Hub can't be reached, or refuses it.
    """
    if not token:
        raise ConfigError("pushing needs a token of the Hub that may write: set HF_TOKEN, or give --token.")
    if not find_spec("huggingface_hub"):
        raise ConfigError("pushing needs huggingface_hub; install it with: pip install 'bakeoff[hub]'.")
    from huggingface_hub import HfApi

    try:
        api = HfApi(token=token)
        url = api.create_repo(repository, private=True, exist_ok=True)
        api.upload_folder(repo_id=repository, folder_path=folder, ignore_patterns=[MARKER], commit_message="bakeoff")
    except Exception as error:  # the library raises whatever its connection does
        raise StorageError(f"{folder} can't be pushed to {repository}: {in_one_line(error)}.") from None
    return str(url)
