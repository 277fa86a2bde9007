"""Experiment files: the presets, a user's own, overrides, and what is wrong in them."""

import re
from pathlib import Path

import pytest

from bakeoff.config.loading import RENAMED, load_experiment, preset_names
from bakeoff.config.schema import TrainingConfig
from bakeoff.core.errors import ConfigError
from bakeoff.core.registry import networks, policies


@pytest.mark.parametrize("name", preset_names())
def test_each_preset_is_valid_and_names_what_exists(name: str) -> None:
    experiment = load_experiment(name)
    assert experiment.name == name
    assert experiment.data.policy in policies
    own = [network for network in experiment.training.networks if not network.startswith("timm:")]
    assert all(network in networks for network in own)
    assert experiment.training.recipe.pretrained == (len(own) < len(experiment.training.networks))


def test_the_homeworks_preset_is_the_assignment() -> None:
    experiment = load_experiment("hw4-2024")
    training = experiment.training
    assert training.networks == ("net1", "net2", "net3", "linear", "majority"), "its three, and two baselines"
    assert (experiment.data.train_per_class, experiment.data.val_per_class, experiment.data.size) == (1600, 400, 64)
    assert (training.optimizer, training.learning_rate, training.betas) == ("adam", 1e-3, (0.9, 0.99))
    assert (training.epochs, training.batch_size, training.log_every) == (15, 4, 0)


def test_overrides_replace_values_of_every_type() -> None:
    experiment = load_experiment(
        "hw4-2023",
        [
            "training.networks=net1, net2",
            "training.seeds=[4,5]",
            "training.learning_rate=0.01",
            "training.shuffle=false",
            "data.annotations=a,b.json",
            "data.classes=1,2",
            "name=2024",
        ],
    )
    training = experiment.training
    assert (training.networks, training.seeds, training.learning_rate) == (("net1", "net2"), (4, 5), 0.01)
    assert (training.shuffle, experiment.name) == (False, "2024")
    assert (experiment.data.annotations, experiment.data.classes) == ("a,b.json", ("1", "2"))
    assert load_experiment("hw4-2023", ["training.seeds=3"]).training.seed_list == (0, 1, 2)


def test_a_variant_changes_what_it_names_of_the_recipe_and_the_data(tmp_path: Path) -> None:
    path = tmp_path / "mine.toml"
    path.write_text(
        "[training]\nnetworks = ['net1', 'net2']\nepochs = 7\n[variants.net2]\nbatch_size = 64\n"
        "[variants.flipped]\nnetwork = 'net1'\nhorizontal_flip = true\n[variants.clean]\nnetwork = 'net2'\n"
        "data = {policy = 'exclusive'}"
    )
    config = load_experiment(str(path), ["variants.net2.betas=0.9,0.95", "variants.net2-late.network=net2"])
    net1, net2, flipped, clean, late = config.variant_list
    assert (net1.name, net1.network, net1.recipe, net1.data) == ("net1", "net1", config.training.recipe, config.data)
    assert (net2.recipe.epochs, net2.recipe.batch_size, net2.recipe.betas) == (7, 64, (0.9, 0.95))
    assert (flipped.name, flipped.network, flipped.recipe.horizontal_flip) == ("flipped", "net1", True)
    assert (clean.network, clean.data.policy, clean.recipe, config.data.policy) == (
        "net2",
        "exclusive",
        config.training.recipe,
        "balanced",
    )
    assert (late.name, late.network) == ("net2-late", "net2")
    with pytest.raises(ConfigError, match="unknown key 'epoch'"):
        load_experiment(str(path), ["variants.net2.epoch=3"])


@pytest.mark.parametrize("images", ["url", "https://example.org/train2017"])
def test_what_is_downloaded_is_no_path(tmp_path: Path, images: str) -> None:
    (tmp_path / "own.toml").write_text(f"[data]\nimages = '{images}'\ncache = 'kept'\n")
    data = load_experiment(str(tmp_path / "own.toml")).data
    assert (data.images, data.cache) == (images, str(tmp_path / "kept"))


def test_relative_paths_of_a_file_are_taken_from_its_folder(tmp_path: Path) -> None:
    path = tmp_path / "mine.toml"
    path.write_text('[data]\nannotations = "a.json"\nimages = "/photos"\n[training]\nnetworks = ["net1", "n.py:Net"]')
    experiment = load_experiment(str(path))
    assert (experiment.data.annotations, experiment.data.images) == (str(tmp_path / "a.json"), "/photos")
    assert experiment.training.networks == ("net1", f"{tmp_path / 'n.py'}:Net")
    path.write_text(
        '[data]\nfolder = "photos"\n[variants.mine]\nnetwork = "n.py:Net"\ndata = {images = "b", policy = "random"}'
    )
    experiment = load_experiment(str(path))
    assert experiment.data.folder == str(tmp_path / "photos")
    mine = experiment.variant_list[-1]
    assert (mine.network, mine.data.images) == (f"{tmp_path / 'n.py'}:Net", str(tmp_path / "b"))


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("[data]\nclases = ['a']", r"\[data\] has an unknown key 'clases'. Did you mean 'classes'"),
        ("color = 1", "the top level has an unknown key 'color'"),
        ("[training]\nepochs = '15'", "training.epochs = '15': expected int, got str"),
        ("[training]\nepochs = -3", "training.epochs = -3: expected int >= 1"),
        ("[training]\nseeds = [1, -2]", r"training.seeds = \[1, -2\]: expected int >= 0"),
        ("[data]\nfilter = 'cubic'", "data.filter = 'cubic': invalid enum value 'cubic'. Choices: area, linear"),
        ("data = 3", "data = 3: expected table, got int"),
        (
            "[variants.net1]\nepoch = 1",
            r"\[variants.net1\] has an unknown key 'epoch'. Did you mean 'epochs'",
        ),
        (
            "[variants]\nnet1 = {epochs = 1}\nnet2 = {betas = [0.9, 3.0]}",
            r"variants.net2.betas = \[0.9, 3.0\]: expected float < 1.0",
        ),
        ("variants = {net1 = 3}", "variants.net1 = 3: expected table, got int"),
        ("[variants.x]\noptimizer = 'adem'", "variants.x.optimizer = 'adem': .* Choices: adam, adamw, sgd"),
        ("[data", "is not valid TOML"),
        (f"x = {'[' * 100_000}", "is not valid TOML: maximum recursion depth"),
        (f"x = {'9' * 5000}", "is not valid TOML: Exceeds the limit"),
    ],
)
def test_what_is_wrong_in_a_file_is_named(tmp_path: Path, text: str, message: str) -> None:
    path = tmp_path / "mine.toml"
    path.write_text(text)
    with pytest.raises(ConfigError, match=message):
        load_experiment(str(path))


@pytest.mark.parametrize(("key", "new"), RENAMED.items())
def test_an_old_key_is_an_error_that_names_the_new_one(key: str, new: str, tmp_path: Path) -> None:
    path = tmp_path / "old.toml"
    section, old = key.split(".")
    path.write_text(f"[{section}]\n{old} = 1\n")
    with pytest.raises(ConfigError, match=rf"\[{section}\] .*{old}.* {re.escape(new)}"):
        load_experiment(str(path))
    assert section == "improve" or "[variants" in new or new in TrainingConfig.__struct_fields__


@pytest.mark.parametrize(
    ("override", "message"),
    [
        ("training.epochs=0", "training.epochs = 0: expected int >= 1"),
        ("training.epochs=1000001", "training.epochs = 1000001: expected int <= 1000000"),
        ("data.train_per_class=9223372036854775808", "data.train_per_class = 9223372036854775808: expected int <="),
        ("training.learning_rate=inf", "training.learning_rate = inf: expected float <="),
        ("training.weight_decay=1e999", "training.weight_decay = inf: expected float <="),
        ("training.clip_grad_norm=nan", "training.clip_grad_norm = nan: expected float"),
        ("training.epoch=1", r"unknown key 'epoch'. Did you mean 'epochs'\?"),
        ("traning.epochs=1", r"unknown key 'traning'. Did you mean 'training'\?"),
        ("training=1", "training = 1: expected table"),
        ("name.first=1", "'name' is not a section"),
        ("epochs", "write it as section.key=value"),
        (f"training.epochs={'[' * 3000}", "training.epochs = .*: expected int"),
        (f"training.epochs={'9' * 5000}", "training.epochs = .*: expected int"),
    ],
)
def test_what_is_wrong_in_an_override_is_named(override: str, message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        load_experiment("demo", [override])


def test_a_file_that_is_not_there_is_an_error_that_names_the_presets(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"does not exist\. Presets: demo"):
        load_experiment(str(tmp_path / "x.toml"))
    with pytest.raises(ConfigError, match=r"unknown preset 'hw4-2022'. Did you mean 'hw4-202"):
        load_experiment("hw4-2022")
    (tmp_path / "binary.toml").write_bytes(b"\xff\xfe")
    with pytest.raises(ConfigError, match="can't be read"):
        load_experiment(str(tmp_path / "binary.toml"))


@pytest.mark.parametrize(
    ("merge", "message"),
    [
        ('{vehicle = "car"}', "data.merge.vehicle = 'car': expected list"),
        ("{a = ['b'], c = [3]}", r"data.merge.c = \[3\]: expected str"),
    ],
)
def test_what_is_wrong_in_a_table_of_own_names_is_named(tmp_path: Path, merge: str, message: str) -> None:
    path = tmp_path / "own.toml"
    path.write_text(f"[data]\nmerge = {merge}\n")
    with pytest.raises(ConfigError, match=message):
        load_experiment(str(path))


@pytest.mark.parametrize("name", ["../out", "a/b", "a\\\\b", "demo\\n", "<b>", "a b", "\\u001b[31m", ""])
def test_a_name_that_no_folder_should_have_is_refused(tmp_path: Path, name: str) -> None:
    (tmp_path / "own.toml").write_text(f'name = "{name}"\n')
    with pytest.raises(ConfigError, match=r"own\.toml: name = "):
        load_experiment(str(tmp_path / "own.toml"))
    (tmp_path / "own.toml").write_text(f'[variants."{name}"]\nepochs = 2\n')
    with pytest.raises(ConfigError, match=r"own\.toml: "):
        load_experiment(str(tmp_path / "own.toml"))
