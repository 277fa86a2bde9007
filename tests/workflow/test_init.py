"""A first experiment file for one's own photos."""

import os
from pathlib import Path
from typing import Any

import pytest

from bakeoff.config.loading import load_experiment
from bakeoff.core.errors import BakeoffError, ConfigError
from bakeoff.data.sample import CLASSES
from bakeoff.workflow import pipeline
from bakeoff.workflow.init import init


def test_the_file_runs_as_it_is(sample: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "experiments").mkdir()
    annotations, images = (os.path.relpath(sample / name) for name in ("instances.json", "images"))
    found = init(Path("experiments/mine.toml"), annotations=annotations, images=images, networks=("net1",))
    assert len(found) == 5
    config = load_experiment("experiments/mine.toml")
    assert (config.name, config.training.networks) == ("mine", ("net1",))
    assert Path(config.data.annotations).resolve() == (sample / "instances.json").resolve()
    selection = pipeline.select(config)
    assert set(selection.chosen["split"]) == {"train", "val"}


def test_a_tree_of_photos_has_all_of_its_classes(finished: Path, tmp_path: Path) -> None:
    assert init(tmp_path / "tree.toml", folder=str(finished / "dataset" / "images")) == ()
    assert pipeline.select(load_experiment(tmp_path / "tree.toml")).classes == tuple(sorted(CLASSES))


def test_nothing_is_replaced_unasked(tmp_path: Path) -> None:
    file = tmp_path / "mine.toml"
    file.write_text("mine")
    with pytest.raises(ConfigError, match=r"mine\.toml is there already; .*--overwrite"):
        init(file)
    assert file.read_text() == "mine"
    init(file, overwrite=True, classes=("cat",))
    assert load_experiment(file).data.classes == ("cat",)


@pytest.mark.parametrize(
    ("name", "options", "kind", "words"),
    [
        ("mine.txt", {}, ConfigError, r"mine\.txt: an experiment file is called something\.toml"),
        ("mine.toml", {"annotations": "nowhere.json"}, BakeoffError, "nowhere.json"),
        ("mine.toml", {"preset": "hw5"}, ConfigError, "hw5"),
        ("mine.toml", {"networks": ("net1", "")}, ConfigError, r"mine\.toml: training.networks"),
        ("mine.toml", {"classes": ("\udcff",)}, ConfigError, r"mine\.toml: a path or name in it is no UTF-8"),
    ],
)
def test_bad_input_writes_nothing(
    tmp_path: Path, name: str, options: dict[str, Any], kind: type[Exception], words: str
) -> None:
    with pytest.raises(kind, match=words):
        init(tmp_path / name, **options)
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(
    ("name", "expected"), [("my photos.toml", "my-photos"), ("a\n[b].toml", "a-b-"), (f"{'x' * 90}.toml", "x" * 80)]
)
def test_a_file_of_any_name_is_one_that_runs(tmp_path: Path, name: str, expected: str) -> None:
    init(tmp_path / name, classes=("cat",))
    assert load_experiment(tmp_path / name).name == expected
