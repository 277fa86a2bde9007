"""A run that was killed ends with the bytes of one that was not."""

from pathlib import Path

import msgspec
import pytest

from bakeoff.config.schema import Recipe
from bakeoff.data.build.dataset import Dataset
from bakeoff.training.run import BatchLog, EpochLog, Run, RunSpec
from bakeoff.training.train import train

OWN = """
from torch import nn
class Drops(nn.Module):
    def __init__(self, num_classes):
        super().__init__()
        self.layers = nn.Sequential(nn.Flatten(), nn.Linear(768, 16), nn.Dropout(), nn.Linear(16, num_classes))
    def forward(self, images):
        return self.layers(images)
"""
RECIPES = {
    "adam": Recipe(epochs=4, log_every=4),
    "sgd": Recipe(epochs=4, log_every=7, optimizer="sgd", schedule="cosine", random_crop=2, horizontal_flip=True),
    "holdout": Recipe(epochs=4, log_every=4, holdout_fraction=0.25, learning_rate=0.01, ema_decay=0.5),
    "all": Recipe(
        epochs=4,
        log_every=7,
        optimizer="adamw",
        weight_decay=0.05,
        schedule="cosine",
        warmup=0.3,
        ema_decay=0.9,
        cutmix=0.5,
        resized_crop=0.5,
        color_jitter=0.3,
        mixup=0.3,
        eval_every=3,
        precision="bfloat16",
    ),
}


class StoppedError(BaseException):
    """Ends a training from outside, as a signal does."""


def of_recipe(spec: RunSpec, recipe: Recipe, network: str = "net1") -> RunSpec:
    return msgspec.structs.replace(spec, recipe=recipe, network=network)


def stop_at(step: int) -> object:
    def progress(done: int, _total: int, _status: str = "", /) -> None:
        if done >= step:
            raise StoppedError

    return progress


def content(run: Run) -> list[object]:
    """All that a run leaves but its timings."""
    lines = [msgspec.structs.replace(line, seconds=0.0) if isinstance(line, EpochLog) else line for line in run.log]
    return [*((run.folder / name).read_bytes() for name in ("model.safetensors", "predictions.parquet")), lines]


@pytest.mark.parametrize("network", ["net1", "net3-bn", "own"])
@pytest.mark.parametrize("recipe", RECIPES)
def test_a_resumed_run_ends_as_if_it_had_not_been_stopped(
    dataset: Dataset, spec: RunSpec, tmp_path: Path, recipe: str, network: str
) -> None:
    (tmp_path / "own.py").write_text(OWN)
    name = f"{tmp_path / 'own.py'}:Drops" if network == "own" else network
    asked = of_recipe(spec, RECIPES[recipe], name)
    undisturbed = train(asked, dataset, tmp_path / "undisturbed")
    place, kept = tmp_path / "run", tmp_path / "kept"
    for step in (20, 40):
        with pytest.raises(StoppedError):
            train(asked, dataset, place, stop_at(step), checkpoint=kept)
        assert kept.exists() == (step > 15)
        assert not place.exists()
    told: list[int] = []
    run = train(asked, dataset, place, lambda done, _total, _status="": told.append(done), checkpoint=kept)
    assert told[0] > 30, "two epochs of 15 batches are not trained again"
    assert content(run) == content(undisturbed)
    assert not kept.exists()


def test_seconds_and_events_go_on(dataset: Dataset, spec: RunSpec, tmp_path: Path) -> None:
    asked = of_recipe(spec, RECIPES["adam"])
    with pytest.raises(StoppedError):
        train(asked, dataset, tmp_path / "run", stop_at(40), checkpoint=tmp_path / "kept")
    rest = msgspec.json.decode((tmp_path / "kept" / "state.json").read_bytes())
    run = train(asked, dataset, tmp_path / "run", events=tmp_path / "events", checkpoint=tmp_path / "kept")
    assert run.record.seconds > rest["seconds"] > 0
    epochs = [line.seconds for line in run.log if isinstance(line, EpochLog)]
    assert epochs == sorted(epochs)
    assert [line.step for line in run.log if isinstance(line, BatchLog)] == list(range(4, 61, 4))


@pytest.mark.parametrize("damage", ["other run", "no tensors", "half of the tensors", "no JSON", "older schema"])
def test_what_can_not_be_used_is_not(dataset: Dataset, spec: RunSpec, tmp_path: Path, damage: str) -> None:
    asked, kept = of_recipe(spec, RECIPES["adam"]), tmp_path / "kept"
    other = msgspec.structs.replace(asked, seed=1) if damage == "other run" else asked
    with pytest.raises(StoppedError):
        train(other, dataset, tmp_path / "run", stop_at(40), checkpoint=kept)
    tensors, rest = kept / "state.safetensors", kept / "state.json"
    if damage == "no tensors":
        tensors.unlink()
    elif damage == "half of the tensors":
        tensors.write_bytes(tensors.read_bytes()[: tensors.stat().st_size // 2])
    elif damage == "no JSON":
        rest.write_text("{")
    elif damage == "older schema":
        rest.write_bytes(msgspec.json.encode({**msgspec.json.decode(rest.read_bytes()), "schema": 0}))
    told: list[int] = []
    run = train(asked, dataset, tmp_path / "run", lambda done, _total, _status="": told.append(done), checkpoint=kept)
    assert told[0] == 0, "from the beginning on"
    assert content(run) == content(train(asked, dataset, tmp_path / "undisturbed"))


def test_without_a_folder_nothing_is_kept(dataset: Dataset, spec: RunSpec, tmp_path: Path) -> None:
    before = {*tmp_path.iterdir()}
    train(of_recipe(spec, RECIPES["adam"]), dataset, tmp_path / "run")
    assert {*tmp_path.iterdir()} - before == {tmp_path / "run"}
