"""Experiment files with comments: they are read back as what was written."""

import tomllib
from pathlib import Path

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from bakeoff.config.commented import to_toml
from bakeoff.config.experiment import ExperimentConfig
from bakeoff.config.loading import load_experiment, preset_names

TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=20)


def read_back(config: ExperimentConfig) -> ExperimentConfig:
    return msgspec.convert(tomllib.loads(to_toml(config, "x.toml")), ExperimentConfig)


@pytest.mark.parametrize("name", preset_names())
def test_a_preset_with_comments_is_the_preset(name: str) -> None:
    assert read_back(load_experiment(name)) == load_experiment(name)


@settings(suppress_health_check=[HealthCheck.too_slow], deadline=None)
@given(st.dictionaries(st.from_regex(r"[a-z.+-]{1,8}", fullmatch=True), st.integers(1, 9), max_size=3), TEXT, TEXT)
def test_any_text_and_any_table_is_read_back(variants: dict[str, int], question: str, none: str) -> None:
    given_ = {name: {"epochs": epochs, "data": {"size": 32}} for name, epochs in variants.items()}
    config = msgspec.convert({"variants": given_, "tune": {"search": {"epochs": [1, 2]}}}, ExperimentConfig)
    data = replace(config.data, none=none, merge={none or "a": (question or "b",)}, train_per_class={"cat": 3})
    assert read_back(replace(config, question=question, data=data)) == replace(config, question=question, data=data)


def test_every_key_is_there_with_what_it_does(tmp_path: Path) -> None:
    text = to_toml(ExperimentConfig(), "x.toml")
    lines = text.splitlines()
    for section in ("data", "training", "evaluation", "improve", "tune"):
        own = lines[lines.index(f"[{section}]") + 1 :]
        assert own[0].startswith("# ")
        assert not own[0].removeprefix("# ").partition(" = ")[0].isidentifier(), "what it does comes first"
    assert "# epochs = 15" in lines
    assert lines[lines.index("# epochs = 15") - 1] == "# Passes over the training split."
    (tmp_path / "x.toml").write_text(text)
    assert load_experiment(tmp_path / "x.toml") == ExperimentConfig()
