"""Numbers agree with their nouns and verbs."""

import pytest

from bakeoff.core.words import agree
from bakeoff.data.index import Problem


@pytest.mark.parametrize(
    ("sentence", "said"),
    [
        ("1 images state no size (ids 7)", "1 image states no size (ids 7)"),
        ("1 classes aren't in a.json", "1 class isn't in a.json"),
        ("1 annotations can't be used: dropped", "1 annotation can't be used: dropped"),
        ("1 images, 12 annotations", "1 image, 12 annotations"),
        ("1 boxes", "1 box"),
        ("1,204 images state no size", "1,204 images state no size"),
        ("21 images state no size", "21 images state no size"),
        ("1 of 9 images are lost", "1 of 9 images are lost"),
        ("a file states 1 images are", "a file states 1 images are"),
        ("", ""),
    ],
)
def test_a_sentence_that_begins_with_one_is_in_the_singular(sentence: str, said: str) -> None:
    assert agree(sentence) == said
    assert Problem("odd", 1, sentence).message == said
