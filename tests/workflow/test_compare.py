"""Predictions and experiments side by side: files, their names, the report, the command."""

from pathlib import Path

import polars as pl
import pytest
from tests.evaluation.test_external import CLASSES, LABEL_TABLE, LABELS, logits, table

import bakeoff
from bakeoff.cli import main as cli
from bakeoff.core.errors import ConfigError, StorageError
from bakeoff.evaluation.external import named
from bakeoff.workflow.compare import compare_files


def test_seeds_come_from_a_column_or_from_the_files_names(tmp_path: Path) -> None:
    scores = [logits(0.7, seed) for seed in range(3)]
    pl.concat([table(own, seed=[seed] * 60) for seed, own in enumerate(scores)]).write_parquet(tmp_path / "a.parquet")
    for seed, own in enumerate(scores):
        table(own).write_csv(tmp_path / f"b-seed{seed}.csv")
    LABEL_TABLE.write_csv(tmp_path / "labels.csv")
    files = [tmp_path / "a.parquet", *sorted(tmp_path.glob("b-*.csv"))]
    found = compare_files(files, tmp_path / "labels.csv")
    first, second = found.comparison.networks
    assert [run.seed for run in first.runs] == [run.seed for run in second.runs] == [0, 1, 2]
    assert (first.val_accuracy, found.comparison.pairs[0].difference) == (second.val_accuracy, 0.0)
    assert named("my.net_seed12") == ("my.net", 12)
    assert named("resnet50") == ("resnet50", None)


def test_runs_of_an_experiment_stand_beside_others(finished: Path) -> None:
    experiment = bakeoff.open(finished)
    rows = experiment.dataset.rows("val")
    perfect = pl.DataFrame({"file_name": rows["file_name"], "predicted": rows["label"]})
    found = bakeoff.compare({"ours": experiment, "perfect": perfect})
    assert [network.name for network in found.comparison.networks] == ["net1", "net2", "perfect"]
    own = {network.name: network.val_accuracy for network in experiment.comparison.networks}
    assert {network.name: network.val_accuracy for network in found.comparison.networks[:2]} == own
    assert found.comparison.networks[2].val_accuracy.mean == 1.0
    twice = bakeoff.compare({"one": str(finished), "two": experiment})
    assert [network.name for network in twice.comparison.networks][:3] == ["one: net1", "one: net2", "two: net1"]
    with pytest.raises(ConfigError, match="two of the predictions are called 'net1'"):
        bakeoff.compare({"ours": experiment, "net1": perfect})


def test_the_report_holds_what_predictions_can_tell(tmp_path: Path) -> None:
    given = {name: {seed: logits(level, seed) for seed in range(3)} for name, level in (("good", 0.95), ("bad", 0.4))}
    found = bakeoff.compare(given, [CLASSES[label] for label in LABELS])
    page = found.write_report(tmp_path / "report").read_text(encoding="utf-8")
    assert "good is better than every other network." in page
    assert "2 networks, 6 runs, 3 classes, 60 validation photos" in page
    for title in ("Gradients", "How to reproduce it", "The data set", "Five questions"):
        assert f">{title}" not in page
    assert (tmp_path / "report" / "tables" / "measures.csv").exists()
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "thesis.txt").touch()
    with pytest.raises(StorageError, match="holds something else"):
        found.write_report(tmp_path / "mine")


def test_files_that_are_missing_or_share_a_name_are_refused(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="does not exist"):
        compare_files([tmp_path / "a.csv"], None)
    (tmp_path / "b").mkdir()
    for folder in (tmp_path, tmp_path / "b"):
        table(logits(1.0)).write_csv(folder / "a.csv")
    with pytest.raises(ConfigError, match="two of the files are called 'a'"):
        compare_files([tmp_path / "a.csv", tmp_path / "b" / "a.csv"], None)


def test_the_command_prints_what_it_guessed_and_the_verdicts(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    for name, accuracy in (("good", 0.95), ("bad", 0.4)):
        for seed in range(3):
            table(logits(accuracy, seed)).write_csv(tmp_path / f"{name}-seed{seed}.csv")
    LABEL_TABLE.write_csv(tmp_path / "labels.csv")
    files = sorted(map(str, tmp_path.glob("*-seed*.csv")))
    options = ["--labels", str(tmp_path / "labels.csv"), "--out", str(tmp_path / "report"), "--margin", "2"]
    monkeypatch.setattr("sys.argv", ["bakeoff", "compare", *files, *options])
    with pytest.raises(SystemExit) as end:
        cli.main()
    assert not end.value.code
    out = capsys.readouterr().out
    assert "good: columns 'ant' to 'cat' as logits (their softmax is taken)" in out
    assert "good is better than every other network." in out
    assert (tmp_path / "report" / "index.html").exists()
