"""What learns of a pretrained network, and how fast; a linear probe on features that are computed once."""

from pathlib import Path

import numpy as np
import pytest
import torch
from msgspec.structs import replace
from safetensors.torch import save_file
from torch import nn

from bakeoff.config.data import DataConfig
from bakeoff.config.experiment import Variant
from bakeoff.config.schema import Recipe
from bakeoff.core.errors import NetworkError
from bakeoff.core.types import TRAIN, VAL
from bakeoff.data.build.dataset import Dataset
from bakeoff.data.build.load import load
from bakeoff.models.factory import create
from bakeoff.models.prepared import Prepared
from bakeoff.training.batches import Features, Split
from bakeoff.training.export import to_onnx
from bakeoff.training.features import with_features
from bakeoff.training.finetune import freeze, parameter_groups
from bakeoff.training.predict import OnnxModel
from bakeoff.training.run import EpochLog, Run, load_run
from bakeoff.training.train import make_spec, train
from bakeoff.training.trained import probabilities

NAME = "timm:mobilenetv3_small_050"
CPU = torch.device("cpu")

pytestmark = pytest.mark.usefixtures("model_libraries")


@pytest.fixture(scope="module")
def dataset(finished: Path) -> Dataset:
    return load(finished / "dataset")


@pytest.fixture(scope="module")
def recipe(model_libraries: None, tmp_path_factory: pytest.TempPathFactory) -> Recipe:
    """Starts from the weights of a network for nine classes, at the images' own size."""
    path = tmp_path_factory.mktemp("weights") / "w.safetensors"
    torch.manual_seed(3)
    save_file(create(NAME, 9, 32).state_dict(), path)
    return Recipe(pretrained=str(path), input_size=32, epochs=2, batch_size=16, log_every=2)


def trained(dataset: Dataset, recipe: Recipe, folder: Path) -> Run:
    variant = Variant("tuned", NAME, recipe, DataConfig())
    return train(make_spec(variant, 0, "cpu", dataset.info), dataset, folder, network=NAME)


def parts(network: nn.Module) -> tuple[dict[str, torch.Tensor], dict[str, torch.Tensor]]:
    """The tensors of the backbone, and those of the head."""
    state = {name: value.clone() for name, value in network.state_dict().items()}
    head = {name: value for name, value in state.items() if ".classifier." in name}
    return {name: value for name, value in state.items() if name not in head}, head


def same(first: dict[str, torch.Tensor], second: dict[str, torch.Tensor]) -> bool:
    return all(bool((value == second[name]).all()) for name, value in first.items())


def test_learning_rates_fall_from_the_head_down(recipe: Recipe) -> None:
    tuned = replace(recipe, layer_decay=0.5, head_learning_rate=0.1, learning_rate=0.01, weight_decay=0.3)
    network = create(NAME, 3, 32, tuned)
    groups = parameter_groups(network, tuned)
    rates = {id(own): group["lr"] for group in groups for own in group["params"]}  # type: ignore[attr-defined]
    by_name = {name: rates[id(own)] for name, own in network.named_parameters()}
    assert by_name["network.classifier.weight"] == 0.1
    assert by_name["network.conv_head.weight"] == pytest.approx(0.005)
    assert by_name["network.blocks.5.0.conv.weight"] < by_name["network.conv_head.weight"]
    stages = [by_name[name] for name in by_name if name.startswith("network.blocks.")]
    assert stages == sorted(stages)
    assert by_name["network.conv_stem.weight"] == min(by_name.values())
    for group in groups:
        assert all((own.ndim > 1) == (group["weight_decay"] == 0.3) for own in group["params"])  # type: ignore[attr-defined]


def test_of_a_network_from_scratch_no_key_of_fine_tuning_has_an_effect() -> None:
    tuned = Recipe(layer_decay=0.5, head_learning_rate=0.1, freeze="backbone", freeze_epochs=9, freeze_fraction=1.0)
    network = create("net1", 3, 32, tuned)
    freeze(network, tuned, 1)
    assert network.training
    assert all(parameter.requires_grad for parameter in network.parameters())
    assert {group["lr"] for group in parameter_groups(network, tuned)} == {tuned.learning_rate}


def test_a_frozen_backbone_stays_and_learns_after_its_epochs(dataset: Dataset, recipe: Recipe, tmp_path: Path) -> None:
    torch.manual_seed(0)
    before = parts(create(NAME, len(dataset.info.classes), dataset.info.size, recipe))[0]
    frozen = replace(recipe, freeze_epochs=2, horizontal_flip=True)
    first = trained(dataset, frozen, tmp_path / "first")
    assert first.finished
    assert first.record.pretrained
    backbone, head = parts(first.model)
    assert same(before, backbone)
    later = trained(dataset, replace(frozen, freeze_epochs=1), tmp_path / "later")
    assert not same(before, parts(later.model)[0])
    assert not same(head, parts(later.model)[1])


def test_the_lower_stages_stay_and_the_upper_ones_learn(dataset: Dataset, recipe: Recipe, tmp_path: Path) -> None:
    torch.manual_seed(0)
    before = parts(create(NAME, len(dataset.info.classes), dataset.info.size, recipe))[0]
    frozen = replace(recipe, freeze_fraction=0.7)  # six of nine stages: conv_stem, bn1, blocks 0 to 3
    after = parts(trained(dataset, frozen, tmp_path / "run").model)[0]
    lower = {name: value for name, value in before.items() if name.startswith(("network.conv_stem", "network.bn1"))}
    lower |= {
        name: value
        for name, value in before.items()
        if name.startswith(tuple(f"network.blocks.{n}." for n in range(4)))
    }
    assert same(lower, after)
    upper = {name: value for name, value in before.items() if name not in lower and "num_batches" not in name}
    assert upper
    assert not any(torch.equal(value, after[name]) for name, value in upper.items())


def test_batch_normalisation_keeps_its_statistics_and_learns_its_scale(
    dataset: Dataset, recipe: Recipe, tmp_path: Path
) -> None:
    torch.manual_seed(0)
    before = parts(create(NAME, len(dataset.info.classes), dataset.info.size, recipe))[0]
    after = parts(trained(dataset, replace(recipe, freeze_batch_norm=True), tmp_path / "run").model)[0]
    statistics = {name: value for name, value in before.items() if ".running_" in name}
    assert statistics
    assert same(statistics, after)
    learned = [name for name in before if ".running_" not in name and "num_batches" not in name]
    assert not any(torch.equal(before[name], after[name]) for name in learned)


def test_a_linear_probe_on_features_is_the_frozen_network_trained_on_images(
    dataset: Dataset, recipe: Recipe, tmp_path: Path
) -> None:
    probe = replace(recipe, freeze="backbone", epochs=3)
    quick = trained(dataset, probe, tmp_path / "quick")
    slow = trained(dataset, replace(probe, tta_flip=True), tmp_path / "slow")  # TTA alone keeps it from the features
    assert quick.finished
    assert slow.finished
    torch.testing.assert_close(parts(quick.model)[1], parts(slow.model)[1], atol=1e-4, rtol=1e-3)
    assert same(*(parts(run.model)[0] for run in (quick, slow)))
    images = np.asarray(dataset.images[VAL])
    logits = torch.tensor(quick.predictions.of(VAL)["logits"].to_list())
    np.testing.assert_allclose(probabilities(quick, images, "cpu"), torch.softmax(logits, 1).numpy(), atol=1e-4)
    epochs = [line for line in quick.log if isinstance(line, EpochLog)]
    assert [line.epoch for line in epochs] == [0, 1, 2, 3]


@pytest.mark.parametrize(
    ("change", "cached"),
    [({}, True), ({"freeze": "none"}, False), ({"horizontal_flip": True}, False), ({"tta_scales": (1.0, 1.5)}, False)],
)
def test_features_are_computed_once_where_an_image_is_always_the_same(
    dataset: Dataset, recipe: Recipe, change: dict[str, object], cached: bool
) -> None:
    probe = replace(recipe, **{"freeze": "backbone", **change})
    network = create(NAME, 3, dataset.info.size, probe)
    splits = {name: Split(np.asarray(dataset.images[name]), dataset.labels[name], CPU) for name in (TRAIN, VAL)}
    beats: list[None] = []
    module, found = with_features(network, splits, probe, lambda: beats.append(None))
    assert bool(beats) == cached
    assert isinstance(found[TRAIN], Features) == cached
    assert (module is network) != cached
    if cached:
        assert isinstance(network, Prepared)
        assert found[TRAIN].images.shape == (
            len(splits[TRAIN]),
            network.network.get_submodule("classifier").in_features,
        )


def test_gradients_are_clipped(dataset: Dataset, recipe: Recipe, tmp_path: Path) -> None:
    still = trained(dataset, replace(recipe, optimizer="sgd", clip_grad_norm=1e-9, epochs=1), tmp_path / "still")
    torch.manual_seed(0)
    before = create(NAME, len(dataset.info.classes), dataset.info.size, recipe)
    moved = [
        (value - dict(before.named_parameters())[name]).abs().max().item()
        for name, value in still.model.named_parameters()
    ]
    assert max(moved) < 1e-6


def test_a_tuned_network_is_loaded_without_its_file_and_exported(
    dataset: Dataset, recipe: Recipe, tmp_path: Path
) -> None:
    moved = tmp_path / "w.safetensors"
    moved.write_bytes(Path(str(recipe.pretrained)).read_bytes())
    larger = replace(recipe, pretrained=str(moved), input_size=48, epochs=1)
    run = trained(dataset, larger, tmp_path / "run")
    moved.unlink()
    again = load_run(tmp_path / "run")
    images = np.asarray(dataset.images[VAL])[:5]
    expected = probabilities(again, images, "cpu")
    model = OnnxModel(to_onnx(again), "net.onnx")
    np.testing.assert_allclose([model.probabilities(image) for image in images], expected, atol=1e-4)
    assert run.spec.weights_digest != ""


def test_weights_that_change_after_the_plan_are_not_used(dataset: Dataset, recipe: Recipe, tmp_path: Path) -> None:
    path = tmp_path / "w.safetensors"
    path.write_bytes(Path(str(recipe.pretrained)).read_bytes())
    spec = make_spec(
        Variant("tuned", NAME, replace(recipe, pretrained=str(path)), DataConfig()), 0, "cpu", dataset.info
    )
    path.write_bytes(path.read_bytes() + b" ")
    with pytest.raises(NetworkError, match="was changed after the run was planned"):
        train(spec, dataset, tmp_path / "run", network=NAME)
