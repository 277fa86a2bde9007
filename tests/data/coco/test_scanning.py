"""Where an array ends, and where it can be cut."""

import json

from hypothesis import assume, given
from hypothesis import strategies as st

from bakeoff.data.coco.scanning import find_cut, is_whole

TEXTS = st.text('ab"\\[]{},', max_size=8)
VALUES = st.recursive(
    st.integers() | TEXTS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXTS, inner, max_size=3),
    max_leaves=10,
)
ENTRIES = st.lists(st.dictionaries(TEXTS, VALUES, max_size=3), max_size=4)


@given(entries=ENTRIES, behind=TEXTS)
def test_it_finds_where_an_array_ends(entries: list[dict[str, object]], behind: str) -> None:
    text = json.dumps(entries)
    assert find_cut((text + behind).encode()) == (len(text) - 1, True)


@given(entries=ENTRIES, draws=st.data())
def test_before_a_cut_stand_the_first_entries(entries: list[dict[str, object]], draws: st.DataObject) -> None:
    text = json.dumps(entries).encode()
    part = text[: draws.draw(st.integers(0, len(text) - 1))]
    found = find_cut(part)
    if found is None:
        assume(len(entries) < 2 or json.dumps(entries[:1]).encode()[:-1] + b", {" not in part)
    else:
        cut, ended = found
        first = json.loads(part[:cut] + b"]")
        assert not ended
        assert first == entries[: len(first)]
        assert first


@given(value=VALUES, draws=st.data())
def test_a_text_is_whole_or_not(value: object, draws: st.DataObject) -> None:
    text = json.dumps([value]).encode()
    assert is_whole(text)
    assert not is_whole(text[: draws.draw(st.integers(1, len(text) - 1))])
