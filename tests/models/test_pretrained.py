"""Networks of timm and torchvision with pretrained weights: the real libraries, small models, files of weights."""

import pickle
from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from safetensors.torch import save_file
from torch import Tensor, nn

from bakeoff.config.schema import Recipe
from bakeoff.core.errors import NetworkError
from bakeoff.models.factory import create, weights_digest
from bakeoff.models.prepared import HALF, IMAGENET, InputSettings, Prepared, head_of

NAME = "timm:mobilenetv3_small_050"
Save = Callable[[Path, dict[str, Tensor]], None]

pytestmark = pytest.mark.usefixtures("model_libraries")


@pytest.fixture
def weights() -> dict[str, Tensor]:
    """Those of a network for seven classes."""
    torch.manual_seed(1)
    return {name: value.clone() for name, value in create(NAME, 7, 32).state_dict().items()}


SAVES: dict[str, Save] = {
    "w.safetensors": lambda path, weights: save_file(weights, path),
    "w.pth": lambda path, weights: torch.save(weights, path),
    "nested.pt": lambda path, weights: torch.save({"epoch": 3, "state_dict": weights}, path),
    "wrapped.bin": lambda path, weights: torch.save({f"module.{key}": value for key, value in weights.items()}, path),
}


@pytest.mark.parametrize("file", SAVES)
@pytest.mark.parametrize("classes", [3, 7])
def test_weights_of_a_file_are_taken_but_for_a_head_of_another_size(
    tmp_path: Path, weights: dict[str, Tensor], file: str, classes: int
) -> None:
    SAVES[file](tmp_path / file, weights)
    recipe = Recipe(pretrained=str(tmp_path / file))
    network = create(NAME, classes, 32, recipe)
    assert isinstance(network, Prepared)
    assert network.head == "classifier"
    for name, value in network.network.state_dict().items():
        same = value.shape == weights[name].shape and bool((value == weights[name]).all())
        assert same == (classes == 7 or not name.startswith("classifier."))
    assert weights_digest(NAME, recipe) != ""


def test_a_new_head_begins_with_small_weights(tmp_path: Path, weights: dict[str, Tensor]) -> None:
    save_file(weights, tmp_path / "w.safetensors")
    head = create(NAME, 3, 32, Recipe(pretrained=str(tmp_path / "w.safetensors"))).get_submodule("network.classifier")
    assert isinstance(head, nn.Linear)
    assert head.weight.abs().max().item() <= head.in_features**-0.5
    assert create(NAME, 3, 32).get_submodule("classifier").weight.abs().max().item() > head.in_features**-0.5


def test_images_are_scaled_and_resized_as_the_network_was_pretrained(
    tmp_path: Path, weights: dict[str, Tensor]
) -> None:
    save_file(weights, tmp_path / "w.safetensors")
    network = create(NAME, 7, 32, Recipe(pretrained=str(tmp_path / "w.safetensors"))).eval()
    images = torch.rand(2, 3, 32, 32) * 2 - 1
    mean, deviation = (torch.tensor(values)[:, None, None] for values in (IMAGENET.mean, IMAGENET.deviation))
    pixels = nn.functional.interpolate((images + 1) / 2, size=(224, 224), mode="bicubic", align_corners=False)
    plain = create(NAME, 7, 224).eval()
    plain.load_state_dict(weights)
    torch.testing.assert_close(network(images), plain((pixels - mean) / deviation), atol=1e-4, rtol=1e-3)


@pytest.mark.parametrize(
    ("recipe", "scale", "size"),
    [
        (Recipe(normalize="imagenet"), IMAGENET, 32),
        (Recipe(input_size=48), HALF, 48),
        (Recipe(normalize="imagenet", input_size=16), IMAGENET, 16),
    ],
)
def test_any_network_may_be_given_another_scale_or_size(recipe: Recipe, scale: InputSettings, size: int) -> None:
    network = create("net1", 4, 32, recipe)
    assert isinstance(network, Prepared)
    seen: list[Tensor] = []
    network.network.register_forward_pre_hook(lambda _layer, inputs: seen.append(inputs[0]))
    network(torch.ones(2, 3, 32, 32))
    white = (1 - torch.tensor(scale.mean)) / torch.tensor(scale.deviation)
    assert seen[0].shape == (2, 3, size, size)
    torch.testing.assert_close(seen[0][0, :, 3, 3], white)


def test_networks_of_no_library_start_from_scratch() -> None:
    assert not isinstance(create("net1", 4, 32, Recipe(pretrained=True, freeze="backbone")), Prepared)


def test_an_image_at_another_scale_is_resized_by_the_same_factor() -> None:
    seen: list[Tensor] = []

    def keep(images: Tensor) -> Tensor:
        seen.append(images)
        return images.mean((2, 3))

    class Keeper(nn.Module):
        def forward(self, images: Tensor) -> Tensor:
            return keep(images)

    network = Prepared(Keeper(), HALF._replace(size=128), 64)
    network(torch.zeros(1, 3, 48, 48))
    network(torch.zeros(1, 3, 64, 64))
    assert [images.shape[-1] for images in seen] == [96, 128]


def test_torchvisions_models_get_a_new_head() -> None:
    assert head_of(create("torchvision:mobilenet_v3_small", 5, 32)) == "classifier.3"


class Evil:
    """Runs a command when it is unpickled."""

    def __reduce__(self) -> tuple[object, tuple[str]]:
        return exec, ("raise SystemExit('run')",)


def evil(path: Path) -> None:
    path.write_bytes(pickle.dumps({"weights": Evil()}))


def other(path: Path) -> None:
    save_file({"conv.weight": torch.zeros(3, 3)}, path)


def smaller(path: Path) -> None:
    save_file({name: value[:1].clone() for name, value in create(NAME, 3, 32).state_dict().items() if value.ndim}, path)


@pytest.mark.parametrize(
    ("file", "write", "message"),
    [
        ("no.safetensors", lambda _: None, "there is no file"),
        ("w.safetensors", lambda path: path.write_bytes(b"no weights"), "can't be read as weights"),
        (
            "w.pth",
            lambda path: path.write_bytes(b"no weights"),
            "holds more than weights, or is damaged; nothing in it was run",
        ),
        ("w.pth", evil, "holds more than weights, or is damaged; nothing in it was run"),
        ("w.pth", lambda path: torch.save({"epoch": 3}, path), "holds no weights"),
        ("w.pth", lambda path: torch.save([1], path), "holds no weights"),
        ("w.safetensors", other, "does not hold the weights of 'timm:mobilenetv3_small_050': .* such as"),
        ("w.safetensors", smaller, r"does not hold the weights of .*\(1,"),
    ],
)
def test_what_holds_no_weights_of_the_network_is_one_error(
    tmp_path: Path, file: str, write: Callable[[Path], object], message: str
) -> None:
    write(tmp_path / file)
    with pytest.raises(NetworkError, match=message):
        create(NAME, 3, 32, Recipe(pretrained=str(tmp_path / file)))


def test_a_file_of_weights_that_is_not_there_is_said_before_any_run() -> None:
    with pytest.raises(NetworkError, match=r"pretrained = 'no.pth' can't be read: No such file"):
        weights_digest(NAME, Recipe(pretrained="no.pth"))


def test_without_a_hub_the_error_names_the_file_to_give(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    monkeypatch.setenv("HF_HOME", "/nowhere")
    with pytest.raises(NetworkError, match=r"pretrained weights of .* can't be had: .*Give them as a file"):
        create("timm:mobilenetv3_small_050.lamb_in1k", 3, 32, Recipe(pretrained=True))


def test_a_network_whose_last_layer_gives_no_logits_can_not_be_tuned(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, weights: dict[str, Tensor]
) -> None:
    save_file(weights, tmp_path / "w.safetensors")
    monkeypatch.setattr("bakeoff.models.factory.head_of", lambda _network: "conv_stem")
    with pytest.raises(NetworkError, match=r"can't be told from the others \(conv_stem does not give 3 logits\)"):
        create(NAME, 3, 32, Recipe(pretrained=str(tmp_path / "w.safetensors")))


def test_drop_path_is_that_of_the_network() -> None:
    assert create("timm:convnext_atto", 3, 32, Recipe(drop_path=0.25)).stages[-1].blocks[-1].drop_path.drop_prob == 0.25
    with pytest.raises(NetworkError, match="has no drop path"):
        create("torchvision:resnet18", 3, 32, Recipe(drop_path=0.1))
