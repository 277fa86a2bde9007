"""A run as a folder for the Hugging Face Hub."""

import json
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
import safetensors.numpy
import yaml
from tests.conftest import experiment

from bakeoff.core.errors import ConfigError, StorageError
from bakeoff.training.predict import predict
from bakeoff.training.run import load_run
from bakeoff.workflow import hub, pipeline
from bakeoff.workflow.experiment import Experiment


@pytest.fixture(scope="module")
def written(finished: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    target = tmp_path_factory.mktemp("hub") / "net1-hub"
    assert hub.write_hub(finished / "runs" / "net1-seed0", target) is True
    return target


def test_the_folder_is_whole_and_its_weights_are_the_runs(written: Path, finished: Path, sample: Path) -> None:
    assert {path.name for path in written.iterdir()} == {
        *("README.md", "DATA.md", "config.json", "model.safetensors", "model.onnx", "bakeoff.json")
    }
    config = json.loads((written / "config.json").read_text())
    assert (config["architecture"], config["num_classes"]) == ("net1", 5)
    assert config["pretrained_cfg"]["input_size"] == [3, 16, 16]
    stored, given = (
        safetensors.numpy.load_file(folder / "model.safetensors") for folder in (finished / "runs/net1-seed0", written)
    )
    assert stored.keys() == given.keys()
    assert all(np.array_equal(stored[name], given[name]) for name in stored)
    photo = sorted((sample / "images").iterdir())[0]
    (by_run,), (by_file,) = (
        predict(model, [photo]) for model in (finished / "runs/net1-seed0", written / "model.onnx")
    )
    assert by_file.probabilities == pytest.approx(by_run.probabilities, abs=2e-3)
    assert "## Licences of the photos" in (written / "DATA.md").read_text()
    assert all(str(sample.parent) not in (written / name).read_text() for name in ("README.md", "DATA.md"))


def test_the_card_has_the_measured_numbers_with_their_intervals(written: Path, finished: Path) -> None:
    _, front, text = (written / "README.md").read_text().split("---\n", 2)
    facts = yaml.safe_load(front)
    own = Experiment(finished).comparison.networks[0]
    (result,) = facts["model-index"][0]["results"]
    assert result["metrics"][0]["value"] == own.runs[0].val_accuracy
    assert (facts["pipeline_tag"], facts["library_name"]) == ("image-classification", "bakeoff")
    interval = own.runs[0].val_interval
    assert interval
    shown = f"{100 * own.runs[0].val_accuracy:.1f} % ({100 * interval.low:.1f} to {100 * interval.high:.1f})"
    assert f"| validation accuracy | {shown} |" in text
    assert all(f"| {one.name} | {one.support} |" in text for one in own.classes)
    assert Experiment(finished).dataset.info.digest in text


def test_the_card_is_the_same_each_time_and_a_folder_of_others_is_left_alone(
    written: Path, finished: Path, tmp_path: Path
) -> None:
    before = {path.name: path.read_bytes() for path in written.iterdir()}
    hub.write_hub(finished / "runs" / "net1-seed0", written)
    assert {path.name: path.read_bytes() for path in written.iterdir()} == before
    (tmp_path / "thesis.tex").write_text("mine")
    with pytest.raises(StorageError, match="holds something else"):
        hub.write_hub(finished / "runs" / "net1-seed0", tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["thesis.tex"]


def test_without_onnx_there_is_none(finished: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(hub, "find_spec", lambda _name: None)
    assert hub.write_hub(finished / "runs" / "net1-seed0", tmp_path / "out") is False
    assert not (tmp_path / "out" / "model.onnx").exists()
    assert "onnx" not in (tmp_path / "out" / "README.md").read_text()


@pytest.mark.usefixtures("model_libraries")
@pytest.mark.parametrize("changes", [("training.input_size=32", "training.normalize=imagenet"), ()])
def test_timm_loads_its_networks(sample: Path, tmp_path: Path, changes: tuple[str, ...]) -> None:
    import timm
    import torch

    networks = ("training.networks=timm:resnet10t", "training.epochs=1", "data.size=32", *changes)
    pipeline.run(experiment(sample, *networks), tmp_path / "out")
    run = load_run(tmp_path / "out" / "runs" / "timm-resnet10t-seed0")
    hub.write_hub(run.folder, tmp_path / "hub")
    network = timm.create_model(f"local-dir:{tmp_path / 'hub'}", pretrained=True).eval()
    settings = network.pretrained_cfg
    assert (network.num_classes, settings["input_size"]) == (5, [3, 32, 32])
    assert list(settings["label_names"]) == list(run.spec.classes)
    pixels = torch.from_numpy(np.asarray(Experiment(tmp_path / "out").dataset.images["val"])).permute(0, 3, 1, 2) / 255
    mean, deviation = (torch.tensor(settings[name])[:, None, None] for name in ("mean", "std"))
    with torch.no_grad():
        given = network((pixels - mean) / deviation)
    recorded = np.array(run.predictions.of("val")["logits"].to_list())
    np.testing.assert_allclose(given.numpy(), recorded, atol=1e-3)


def test_pushing_asks_for_a_token_and_sends_the_folder_once(written: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import huggingface_hub

    calls: list[tuple[str, dict[str, object]]] = []

    def fake(token: str) -> SimpleNamespace:
        calls.append(("token", {"token": token}))
        return SimpleNamespace(
            create_repo=lambda name, **options: calls.append(("create", options)) or f"https://hub/{name}",
            upload_folder=lambda **options: calls.append(("upload", options)),
        )

    monkeypatch.setattr(huggingface_hub, "HfApi", fake)
    with pytest.raises(ConfigError, match="HF_TOKEN"):
        hub.push(written, "me/net1", "")
    assert calls == []
    assert hub.push(written, "me/net1", "secret") == "https://hub/me/net1"
    assert [name for name, _ in calls] == ["token", "create", "upload"]
    assert calls[1][1]["private"] is True
    assert calls[2][1]["folder_path"] == written
    assert calls[2][1]["ignore_patterns"] == ["bakeoff.json"]
    monkeypatch.setattr(huggingface_hub, "HfApi", lambda **_: (_ for _ in ()).throw(OSError("no network")))
    with pytest.raises(StorageError, match=r"can't be pushed to me/net1: OSError: no network\.") as found:
        hub.push(written, "me/net1", "secret")
    assert "secret" not in str(found.value)
