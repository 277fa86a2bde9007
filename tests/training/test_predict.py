"""Trained networks applied to photos, and exported."""

import json
import shutil
import zipfile
from pathlib import Path

import numpy as np
import polars as pl
import pytest
from PIL import Image

from bakeoff.core.errors import ConfigError, NetworkError, StorageError
from bakeoff.data.build.load import load
from bakeoff.data.sample import CLASSES
from bakeoff.training.export import export
from bakeoff.training.predict import RunModel, predict


@pytest.fixture(scope="session")
def exported(finished: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """net1 of the finished experiment as an ONNX file."""
    target = tmp_path_factory.mktemp("exported") / "net1.onnx"
    difference = export(finished / "runs" / "net1-seed0", target, load(finished / "dataset"))
    assert difference is not None
    assert 0 <= difference < 1e-5, "on every validation photo"
    return target


def test_predict_agrees_with_the_run_and_tells_what_it_can_not_read(
    sample: Path, finished: Path, tmp_path: Path
) -> None:
    run = finished / "runs" / "net1-seed0"
    table = pl.read_parquet(run / "predictions.parquet").filter(pl.col("split") == "val")
    manifest = pl.read_parquet(finished / "dataset" / "manifest.parquet").filter(pl.col("split") == "val")
    photos = [sample / "images" / name for name in manifest["file_name"]]
    answers = predict(run, photos, "cpu")
    guesses = [max(answer.probabilities, key=answer.probabilities.__getitem__) for answer in answers]
    assert guesses == [sorted(CLASSES)[label] for label in table["predicted"]]
    (tmp_path / "a.jpg").write_bytes(b"")
    shutil.copy(photos[0], tmp_path / "b.JPG")
    (tmp_path / "notes.txt").write_text("no photo")
    first, second = predict(run, [tmp_path], "cpu")
    assert first.error
    assert not first.probabilities
    assert second.probabilities == pytest.approx(answers[0].probabilities, abs=1e-6)
    with pytest.raises(ConfigError, match="does not exist"):
        predict(run, [tmp_path / "c.jpg"])
    (tmp_path / "empty").mkdir()
    with pytest.raises(ConfigError, match="holds no photo"):
        predict(run, [tmp_path / "empty"])


@pytest.mark.parametrize("hidden", [".cache/a.jpg", "@eaDir/a.jpg", "__MACOSX/._a.jpg", "Thumbs.db", "sub/.a.jpg"])
def test_what_systems_leave_in_a_folder_is_not_predicted(
    sample: Path, finished: Path, tmp_path: Path, hidden: str
) -> None:
    photo = next((sample / "images").glob("*.jpg"))
    for name in (hidden, "sub/b.jpg"):
        (tmp_path / name).parent.mkdir(exist_ok=True, parents=True)
        shutil.copy(photo, tmp_path / name)
    (answer,) = predict(finished / "runs" / "net1-seed0", [tmp_path], "cpu")
    assert answer.image == str(tmp_path / "sub" / "b.jpg")


def test_an_exported_file_predicts_what_the_run_does(
    sample: Path, finished: Path, exported: Path, tmp_path: Path
) -> None:
    photos = sorted((sample / "images").iterdir())[:8]
    (tmp_path / "broken.jpg").write_bytes(b"x")
    by_run = predict(finished / "runs" / "net1-seed0", [*photos, tmp_path], "cpu")
    by_file = predict(exported, [*photos, tmp_path])
    for one, other in zip(by_run, by_file, strict=True):
        assert one.image == other.image
        assert other.probabilities == pytest.approx(one.probabilities, abs=2e-3), "pixels differ by at most one level"
    assert "can't be" in by_file[-1].error or "not a" in by_file[-1].error


def test_an_archive_gives_what_its_photos_give_alone_however_many_go_together(
    sample: Path, finished: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run, photos = finished / "runs" / "net1-seed0", sorted((sample / "images").iterdir())[:5]
    with zipfile.ZipFile(tmp_path / "photos.zip", "w") as archive:
        for photo in photos:
            archive.write(photo, f"day/{photo.name}")
        archive.writestr("day/zz.jpg", b"x")
    alone = predict(run, photos, "cpu")
    monkeypatch.setattr(RunModel, "batch", 2)
    *packed, broken = predict(run, [tmp_path / "photos.zip"], "cpu")
    assert [answer.image for answer in packed] == [str(tmp_path / "photos.zip" / "day" / one.name) for one in photos]
    for one, other in zip(alone, packed, strict=True):
        assert other.probabilities == pytest.approx(one.probabilities, abs=1e-6)
        assert other.predicted == one.predicted == max(one.probabilities, key=one.probabilities.__getitem__)
        assert other.probability == other.probabilities[other.predicted]
    assert "is not a" in broken.error
    assert (broken.predicted, broken.probability) == ("", None)


def test_a_photo_of_a_camera_is_predicted_upright(finished: Path, exported: Path, tmp_path: Path) -> None:
    small = np.random.default_rng(0).integers(0, 256, (12, 16, 3)).astype(np.uint8)
    large = Image.fromarray(small).resize((6000, 4500), Image.Resampling.BICUBIC)
    exif = Image.Exif()
    exif[0x0112] = 6  # turned by a quarter
    large.rotate(90, expand=True).save(tmp_path / "turned.jpg", quality=95, exif=exif)
    large.save(tmp_path / "upright.png", compress_level=1)
    for model in (finished / "runs" / "net1-seed0", exported):
        turned, upright = predict(model, [tmp_path / "turned.jpg", tmp_path / "upright.png"], "cpu")
        assert turned.probabilities == pytest.approx(upright.probabilities, abs=0.01)


def test_without_its_data_set_a_run_is_exported_unchecked(finished: Path, tmp_path: Path) -> None:
    run = Path(shutil.copytree(finished / "runs" / "net1-seed0", tmp_path / "runs" / "net1-seed0"))
    assert export(run, tmp_path / "net1.onnx") is None
    assert (tmp_path / "net1.onnx").stat().st_size > 1000


def test_a_network_that_computes_otherwise_is_not_left_behind(
    finished: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("bakeoff.training.export.TOLERANCE", -1.0)
    with pytest.raises(NetworkError, match="gives other probabilities than the run"):
        export(finished / "runs" / "net1-seed0", tmp_path / "net1.onnx", load(finished / "dataset"))
    assert [*tmp_path.iterdir()] == []


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "is no ONNX file, or damaged"),
        (b"x" * 100, "is no ONNX file, or damaged"),
        (None, "can't read .*No such file"),
    ],
)
def test_what_is_no_model_is_refused(sample: Path, tmp_path: Path, content: bytes | None, message: str) -> None:
    file = tmp_path / "model.onnx"
    if content is not None:
        file.write_bytes(content)
    with pytest.raises(StorageError, match=message):
        predict(file, [sample / "images"])


def test_a_model_of_another_program_is_refused(sample: Path, exported: Path, tmp_path: Path) -> None:
    import onnx

    model = onnx.load(str(exported))
    facts = json.loads(model.metadata_props[-1].value)
    assert (facts["network"], facts["size"], sorted(facts["classes"])) == ("net1", 16, sorted(CLASSES))
    del model.metadata_props[:]
    (tmp_path / "other.onnx").write_bytes(model.SerializeToString())
    with pytest.raises(StorageError, match="was not written by bakeoff export"):
        predict(tmp_path / "other.onnx", [sample / "images"])
