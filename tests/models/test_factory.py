"""Networks of the user's own, and names that can't be used."""

import sys
from pathlib import Path
from types import ModuleType

import pytest
import torch
from torch import Tensor, nn

from bakeoff.config.tables import network_label
from bakeoff.core.errors import ConfigError, NetworkError
from bakeoff.models.factory import create, source_digest

HEAD = """
import torch
from torch import nn

class Net(nn.Module):
    def __init__(self{signature}):
        super().__init__()
        self.asked = {asked}
        self.norm = nn.BatchNorm2d(3)
        self.linear = nn.Linear(3, {outputs})

    def forward(self, images):
        return {result}
"""
POOLED = "self.linear(self.norm(images).mean((2, 3)))"


def write_network(
    path: Path, signature: str = "", asked: str = "()", outputs: str = "4", result: str = POOLED, extra: str = ""
) -> str:
    path.parent.mkdir(parents=True, exist_ok=True)
    text = HEAD.format(signature=signature, asked=asked, outputs=outputs, result=result)
    path.write_text(text + extra, encoding="utf-8")
    return f"{path}:Net"


@pytest.mark.parametrize(
    ("signature", "asked", "expected"),
    [
        ("", "()", ()),
        (", num_classes", "(num_classes,)", (4,)),
        (", image_size, width=7", "(image_size, width)", (16, 7)),
        (", num_classes=10, *, image_size=32", "(num_classes, image_size)", (4, 16)),
        (", **settings", "(settings['num_classes'], settings['image_size'])", (4, 16)),
        (", num_classes=10, /", "(num_classes,)", (10,)),
    ],
)
def test_a_class_gets_of_the_sizes_what_it_accepts(
    tmp_path: Path, signature: str, asked: str, expected: tuple[int, ...]
) -> None:
    network = create(write_network(tmp_path / "mine.py", signature, asked), num_classes=4, image_size=16)
    assert network.asked == expected
    assert network.training


def test_a_function_can_make_the_network(tmp_path: Path) -> None:
    name = write_network(tmp_path / "mine.py", extra="\ndef small(num_classes):\n    return Net()\n")
    assert isinstance(create(name.replace(":Net", ":small"), 4, 8), nn.Module)


def test_a_lazy_layer_takes_its_size_from_the_check(tmp_path: Path) -> None:
    path = tmp_path / "lazy.py"
    path.write_text("from torch import nn\ndef lazy():\n    return nn.Sequential(nn.Flatten(), nn.LazyLinear(4))\n")
    torch.manual_seed(3)
    first = create(f"{path}:lazy", 4, 8)
    torch.manual_seed(3)
    second = create(f"{path}:lazy", 4, 8)
    assert first[1].weight.shape == (4, 3 * 8 * 8)
    assert torch.equal(first[1].weight, second[1].weight)


def test_files_of_one_name_and_edits_of_a_file_are_distinguished(tmp_path: Path) -> None:
    first = write_network(tmp_path / "a" / "net.py", asked="'a'")
    second = write_network(tmp_path / "b" / "net.py", asked="'b'")
    digests = {source_digest(first), source_digest(second)}
    assert [create(name, 4, 8).asked for name in (first, second, first)] == ["a", "b", "a"]
    write_network(tmp_path / "a" / "net.py", asked="'c'")
    digests.add(source_digest(first))
    assert create(first, 4, 8).asked == "c"
    assert len(digests) == 3
    assert [path.name for path in (tmp_path / "a").iterdir()] == ["net.py"]


def test_a_class_of_one_file_stays_the_same_class(tmp_path: Path) -> None:
    name = write_network(tmp_path / "net.py")
    assert type(create(name, 4, 8)) is type(create(name, 4, 8))


def test_a_path_is_taken_from_the_working_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write_network(tmp_path / "sub" / "net.py")
    monkeypatch.chdir(tmp_path)
    assert isinstance(create("sub/net.py:Net", 4, 8), nn.Module)


def test_a_module_that_can_be_imported_will_do(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write_network(tmp_path / "their_package_of_nets" / "small.py", ", num_classes", "num_classes")
    (tmp_path / "their_package_of_nets" / "__init__.py").touch()
    monkeypatch.syspath_prepend(tmp_path)
    name = "their_package_of_nets.small:Net"
    assert create(name, 4, 8).asked == 4
    assert source_digest(name) == source_digest(f"{tmp_path}/their_package_of_nets/small.py:Net") != ""


def linear_model(name: str, **settings: int) -> nn.Module:
    """What timm and torchvision have in common: no setting that the model doesn't know is accepted."""
    assert name == "tiny.v1"
    assert settings.keys() == {"num_classes"}
    return nn.Sequential(nn.Flatten(), nn.LazyLinear(settings["num_classes"]))


@pytest.mark.parametrize(
    ("library", "module", "function"),
    [("timm", "timm", "create_model"), ("torchvision", "torchvision.models", "get_model")],
)
def test_a_library_of_models_gives_a_model_by_name(
    library: str, module: str, function: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    stand_in = ModuleType(module)
    setattr(stand_in, function, linear_model)
    monkeypatch.setitem(sys.modules, library, ModuleType(library))
    monkeypatch.setitem(sys.modules, module, stand_in)
    assert isinstance(create(f"{library}:tiny.v1", 4, 8), nn.Module)
    assert source_digest(f"{library}:tiny.v1") == ""


@pytest.mark.parametrize(("library", "module"), [("timm", "timm"), ("torchvision", "torchvision.models")])
def test_a_missing_library_is_named_with_the_line_that_installs_it(
    library: str, module: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, library, None)
    monkeypatch.setitem(sys.modules, module, None)  # another test may have imported it
    with pytest.raises(NetworkError, match=f"needs {library}, which is not installed: pip install {library}$"):
        create(f"{library}:resnet18", 4, 8)


def test_an_unknown_name_brings_the_nearest_ones() -> None:
    with pytest.raises(
        ConfigError, match=r"unknown network 'net3_bn'.*Did you mean .*'net3-bn'.*Choices: linear, majority, net1, net2"
    ):
        create("net3_bn", 5, 64)


@pytest.mark.parametrize(
    ("parts", "message"),
    [
        ({"outputs": "7"}, r"gives float32 \(2, 7\) for images of float32 \(2, 3, 8, 8\); it must give .* \(2, 4\)"),
        ({"result": "images"}, r"gives float32 \(2, 3, 8, 8\)"),
        ({"result": "images[:, 0, 0, :4].long()"}, r"gives int64 \(2, 4\)"),
        ({"result": "(images, 1)"}, "gives a value of type tuple"),
        ({"result": "self.linear(images)"}, r"fails on images of float32 \(2, 3, 8, 8\): RuntimeError: mat1 and mat2"),
        ({"signature": ", depth"}, "can't be built: TypeError: .*missing 1 required positional argument: 'depth'"),
        ({"asked": "1 / 0"}, "can't be built: ZeroDivisionError: division by zero"),
        ({"extra": "\nraise SystemExit('no data')\n"}, r"net\.py can't be loaded: SystemExit: no data"),
        ({"extra": "\nimport no_such_module_at_all\n"}, "ModuleNotFoundError: No module named 'no_such_module_at_all'"),
        ({"extra": "\ndef broken(:\n"}, r"can't be loaded: SyntaxError: .*line \d+"),
        ({"extra": "\nNet = Net()\n"}, "Net is of type Net; name a class that is a torch.nn.Module"),
        ({"extra": "\nNet = 3\n"}, "Net is of type int; name a class"),
        ({"extra": "\ndef Net():\n    return {}\n"}, "is of type dict; it must be a torch.nn.Module"),
        ({"extra": "\nNet = nn.Identity\n"}, "has no learnable parameters"),
    ],
)
def test_a_network_that_can_not_be_used_is_an_error_that_says_why(
    tmp_path: Path, parts: dict[str, str], message: str
) -> None:
    with pytest.raises(NetworkError, match=message):
        create(write_network(tmp_path / "net.py", **parts), num_classes=4, image_size=8)


def test_a_file_that_failed_can_be_mended(tmp_path: Path) -> None:
    name = write_network(tmp_path / "net.py", extra="\nraise ValueError('not yet')\n")
    for _ in range(2):
        with pytest.raises(NetworkError, match="ValueError: not yet"):
            create(name, 4, 8)
    assert isinstance(create(write_network(tmp_path / "net.py"), 4, 8), nn.Module)


def test_a_class_that_is_not_there_brings_those_that_are(tmp_path: Path) -> None:
    name = write_network(tmp_path / "mine.py")
    with pytest.raises(NetworkError, match=r"mine\.py: unknown class 'Nte'\. Did you mean 'Net'\? Choices: Net\.$"):
        create(name.replace(":Net", ":Nte"), 4, 8)


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("nowhere/net.py:Net", r"there is no file .*nowhere/net\.py"),
        ("nowhere/net.py", r"names a file and no class; write nowhere/net\.py:Class"),
        ("no_such_package_at_all.nets:Net", "can't be imported: ModuleNotFoundError: .*path/to/file.py:Class"),
        ("torch.nn:Linera", "unknown class 'Linera'. Did you mean 'Linear'"),
    ],
)
def test_a_source_that_is_not_there_is_an_error(name: str, message: str) -> None:
    with pytest.raises(NetworkError, match=message):
        create(name, 4, 8)


@pytest.mark.parametrize("name", ["nowhere/net.py:Net", "no_such_package_at_all.nets:Net"])
def test_a_source_that_is_not_there_has_no_digest(name: str) -> None:
    with pytest.raises(NetworkError):
        source_digest(name)


def test_a_module_without_a_file_has_an_empty_digest() -> None:
    assert source_digest("sys:Net") == ""


def test_neither_loading_nor_checking_moves_the_random_state(tmp_path: Path) -> None:
    noisy = "self.linear(images.mean((2, 3))) + torch.rand(1)"
    name = write_network(tmp_path / "net.py", result=noisy, extra="\ntorch.manual_seed(1)\n")
    draws = []
    for _ in range(2):
        torch.manual_seed(9)
        network = create(name, 4, 8)
        draws.append((network.linear.weight.clone(), torch.rand(3)))
    torch.manual_seed(9)
    expected = (nn.Linear(3, 4).weight, torch.rand(3))
    for drawn in draws:
        assert all(torch.equal(one, other) for one, other in zip(drawn, expected, strict=True))


def test_the_check_leaves_batch_norm_as_it_was(tmp_path: Path) -> None:
    network = create(write_network(tmp_path / "net.py"), 4, 8)
    norm = network.norm
    assert isinstance(norm, nn.BatchNorm2d)
    assert isinstance(norm.running_mean, Tensor)
    assert norm.num_batches_tracked == 0
    assert torch.equal(norm.running_var, torch.ones(3))


@pytest.mark.parametrize(
    ("name", "label"),
    [
        ("net3-bn", "net3-bn"),
        ("path/to/file.py:MyNet", "MyNet"),
        (r"C:\nets\file.py:MyNet", "MyNet"),
        ("package.module:Net_2", "Net_2"),
        ("timm:resnet18.a1_in1k", "timm-resnet18.a1_in1k"),
        ("timm:hf-hub:someone/model", "timm-hf-hub-someone-model"),
        ("torchvision:vgg11", "torchvision-vgg11"),
        ("../../etc", "..-..-etc"),
    ],
)
def test_a_label_can_name_a_folder(name: str, label: str) -> None:
    assert network_label(name) == label
