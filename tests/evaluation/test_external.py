"""Predictions of other frameworks: every form, what is guessed, and what is refused."""

from collections.abc import Callable

import numpy as np
import polars as pl
import pytest
from sklearn.datasets import load_iris
from sklearn.linear_model import LogisticRegression
from sklearn.naive_bayes import GaussianNB

import bakeoff
from bakeoff.core.errors import ConfigError

CLASSES = ("ant", "bee", "cat")
LABELS = np.arange(60) % 3
IDS = [f"photo-{number}.jpg" for number in range(60)]


def logits(accuracy: float, seed: int = 0) -> np.ndarray:
    draws = np.random.default_rng(seed)
    named_class = np.where(draws.random(60) < accuracy, LABELS, (LABELS + 1) % 3)
    scores = draws.normal(0, 1, (60, 3))
    scores[np.arange(60), named_class] += 5
    return scores


def table(scores: np.ndarray, **columns: object) -> pl.DataFrame:
    return pl.DataFrame({"image": IDS, **dict(zip(CLASSES, scores.T, strict=True)), **columns})


LABEL_TABLE = pl.DataFrame({"file_name": IDS, "label": [CLASSES[label] for label in LABELS]})


def test_scikit_learns_models_are_compared() -> None:
    features, labels = load_iris(return_X_y=True)
    train, test = np.arange(0, 150, 2), np.arange(1, 150, 2)
    models = {"logistic": LogisticRegression(max_iter=500), "bayes": GaussianNB()}
    given = {
        name: model.fit(features[train], labels[train]).predict_proba(features[test]) for name, model in models.items()
    }
    found = bakeoff.compare(given, labels[test])
    for network in found.comparison.networks:
        assert network.val_accuracy.mean == pytest.approx(models[network.name].score(features[test], labels[test]))
        assert network.calibration is not None
    assert "logistic: an array as probabilities (they add up to 1)" in found.notes
    states = {finding.code: finding.state for finding in found.findings}
    assert states["failed-training"] == states["vanishing-signal"] == states["ambiguous-labels"] == "not applicable"
    assert states["leaks"] == "not applicable"


@pytest.mark.parametrize(
    "form",
    [
        lambda scores: scores,
        lambda scores: np.exp(scores) / np.exp(scores).sum(axis=1, keepdims=True),
        lambda scores: scores.argmax(axis=1),
        lambda scores: [CLASSES[label] for label in scores.argmax(axis=1)],
        lambda scores: {0: scores},
        lambda scores: scores[None],
    ],
    ids=["logits", "probabilities", "numbers", "names", "by seed", "stacked"],
)
def test_every_form_of_array_gives_the_same_accuracy(form: Callable[[np.ndarray], object]) -> None:
    scores = logits(0.7)
    found = bakeoff.compare({"mine": form(scores)}, [CLASSES[label] for label in LABELS])
    assert found.comparison.networks[0].val_accuracy.mean == pytest.approx((scores.argmax(axis=1) == LABELS).mean())


@pytest.mark.parametrize(
    ("rename", "note"),
    [
        ({}, "columns 'ant' to 'cat' as logits"),
        (dict(zip(CLASSES, ("prob_ant", "prob_bee", "prob_cat"), strict=True)), "'prob_ant' to 'prob_cat'"),
        (dict(zip(CLASSES, ("logit_0", "logit_1", "logit_2"), strict=True)), "'logit_0' to 'logit_2'"),
    ],
)
def test_columns_are_guessed_and_said(rename: dict[str, str], note: str) -> None:
    scores = logits(0.7)
    given = table(scores).rename(rename).sample(fraction=1, shuffle=True, seed=1)
    found = bakeoff.compare({"mine": given}, LABEL_TABLE)
    assert any(note in own for own in found.notes)
    assert "mine: 'image' as the image" in found.notes
    assert found.comparison.networks[0].val_accuracy.mean == pytest.approx((scores.argmax(axis=1) == LABELS).mean())


def test_what_else_is_in_the_photos_may_be_said() -> None:
    objects = ["ant;bee" if label == 0 else CLASSES[label] for label in LABELS]
    labels = LABEL_TABLE.with_columns(annotated=pl.Series(objects))
    predicted = np.where(LABELS == 0, 1, LABELS)
    found = bakeoff.compare({"mine": predicted, "same": predicted}, labels)
    network = found.comparison.networks[0]
    assert (network.val_accuracy.mean, network.any_label_accuracy.mean) == (pytest.approx(2 / 3), 1.0)


def test_only_the_validation_rows_of_labels_count() -> None:
    split = ["train" if number < 30 else "val" for number in range(60)]
    found = bakeoff.compare({"mine": table(logits(1.0))}, LABEL_TABLE.with_columns(split=pl.Series(split)))
    assert found.comparison.counts == {"val": 30}
    assert "mine: 30 rows of other images are left out" in found.notes


def test_predictions_that_are_no_numbers_are_a_failed_run() -> None:
    broken = logits(0.7)
    broken[3, 1] = np.nan
    found = bakeoff.compare({"mine": {0: broken, 1: logits(0.7), 2: logits(0.8)}}, LABELS)
    failures = found.comparison.networks[0].failures
    assert (failures.failed, failures.runs) == (1, 3)


def test_a_table_of_pandas_is_read_without_pandas() -> None:
    class Frame:
        def __init__(self, columns: dict[str, list[object]]) -> None:
            self.columns, self._values = list(columns), columns

        def __getitem__(self, name: str) -> list[object]:
            return self._values[name]

        def to_dict(self) -> dict[str, list[object]]:
            return self._values

    given = Frame({"image_id": IDS, "prediction": [CLASSES[label] for label in LABELS]})
    assert bakeoff.compare({"mine": given}, LABEL_TABLE).comparison.networks[0].val_accuracy.mean == 1.0


@pytest.mark.parametrize(
    ("given", "labels", "message"),
    [
        ({}, LABELS, "there are no predictions"),
        ({"a": LABELS}, None, "the labels are missing"),
        ({"a": LABELS[:50]}, LABELS, "a: 50 predictions for 60 labels"),
        ({"a": LABELS + 1}, LABELS, "a: class 3 is predicted, the labels have 3 classes, 0 to 2"),
        ({"a": ["dog"] * 60}, LABEL_TABLE, "'dog' is none of the classes ant, bee, cat"),
        ({"a": np.zeros((60, 4))}, LABELS, r"a: an array has the shape \(60, 4\), the labels have 3 classes"),
        (
            {"a": table(logits(1.0))[:50]},
            LABEL_TABLE,
            "a: 10 of 60 images of the labels are missing in",
        ),
        (
            {"a": pl.concat([table(logits(1.0))] * 2)},
            LABEL_TABLE,
            "'image' holds an image more than once",
        ),
        ({"a": table(logits(1.0)).drop("image")[:5]}, LABEL_TABLE, "5 rows without a column of image ids"),
        ({"a": pl.DataFrame({"image": IDS, "x": LABELS})}, LABEL_TABLE, "a: no column for the predicted class"),
        ({"a": LABELS}, pl.concat([LABEL_TABLE] * 2), "occur more than once in 'file_name'"),
        ({"a": LABELS}, pl.DataFrame({"file_name": IDS}), "labels: no column for the true labels among file_name"),
        (
            {"a": table(logits(1.0)).with_columns(bee=pl.Series(["0.5", " 1 ", "n/a", *["0"] * 57]))},
            LABEL_TABLE,
            "a: 'n/a' in column 'bee' is no number",
        ),
        ({"a": table(logits(1.0), cat=[[1.0]] * 60)}, LABEL_TABLE, "in column 'cat' is no number"),
        (
            {"a": pl.DataFrame({"image": IDS, "probs": [[0.5, 0.2, 0.3]] * 59 + [[0.5]]})},
            LABEL_TABLE,
            "a: 'probs' holds something else than as many numbers for each image",
        ),
        ({"a": np.array([["x", "y", "z"]] * 60)}, LABELS, "a: an array holds something else than as many numbers"),
        ({"a": {"one": LABELS}}, LABELS, "a: the predictions are no array, nor arrays by seed"),
        ({"a": [[0, 1], [0]]}, LABELS, "a: the predictions are no array, nor arrays by seed"),
        (
            {"a": pl.DataFrame({"image": IDS, "predicted": [None, *LABELS[1:].tolist()]})},
            LABEL_TABLE,
            "a: 'predicted': an image has no class",
        ),
        ({"a": LABELS}, LABEL_TABLE.with_columns(label=None), "labels: an image has no class; give one for each"),
        ({"a": LABELS}, LABEL_TABLE.with_columns(label=[0.5, 1]), "labels: a list is no class"),
        ({"a": LABELS}, LABEL_TABLE.with_columns(file_name=None), "labels: an image has no id in 'file_name'"),
        ({"a": LABELS}, LABEL_TABLE.with_columns(file_name=[1, 2]), r"'file_name' holds List\(.*, no ids"),
        ({"a": LABELS}, [0, float("nan"), *[1] * 58], "labels: an image has no class"),
        ({"a": ["ant"] * 60}, ["ant"] * 60, r"the labels name one class only \(ant\), .*; give all classes"),
        ({"a": LABELS}, "labels.xlsx", "is no table that is read here; give one of .csv"),
        ({"a": "missing.csv"}, LABELS, "missing.csv can't be read as a table"),
    ],
)
def test_what_does_not_fit_is_refused(given: dict[str, object], labels: object, message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        bakeoff.compare(given, labels)
