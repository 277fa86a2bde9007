"""Reading in pieces: the same as Python's own reader, wherever the text is cut and whatever stands in it."""

import json
import re
from collections.abc import Iterator
from itertools import chain, repeat
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bakeoff.data.coco.document import read_document
from bakeoff.data.coco.entries import Annotation, Document
from bakeoff.data.coco.mending import Mender
from bakeoff.data.coco.schema_errors import Unusable

TRAPS = st.sampled_from(
    ['},{"id":1', '"annotations": [', '"annotations":[{"id"', "}]", '\\"', "\\", '"', "{", "]", "}},{", "\u20ac", ""]
)
NAMES = TRAPS.filter(len)
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-9, 9) | st.floats(-9, 9) | TRAPS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TRAPS | st.just("annotations"), inner, max_size=3),
    max_leaves=8,
)
NUMBERS = st.integers(-(2**63), 2**63 - 1)
SIDES = st.floats(-1e6, 1e6) | st.integers(-5, 5)
ANNOTATIONS = st.fixed_dictionaries(
    {"id": NUMBERS, "image_id": NUMBERS, "category_id": NUMBERS, "bbox": st.tuples(SIDES, SIDES, SIDES, SIDES)},
    optional={
        "area": SIDES | st.none(),
        "iscrowd": st.sampled_from([0, 1, True]),
        "segmentation": VALUES,
        "},{": VALUES,
    },
)
IMAGES = st.fixed_dictionaries(
    {"id": NUMBERS, "file_name": NAMES, "width": NUMBERS, "height": NUMBERS}, optional={"annotations": VALUES}
)
CATEGORIES = st.fixed_dictionaries({"id": NUMBERS, "name": NAMES})
DOCUMENTS = st.fixed_dictionaries(
    {
        "annotations": st.lists(ANNOTATIONS, max_size=5),
        "images": st.lists(IMAGES, max_size=3),
        "categories": st.lists(CATEGORIES, max_size=3),
    },
    optional={"info": VALUES, "licenses": st.just([{"id": 1}])},
)
FORMS: st.SearchStrategy[dict[str, Any]] = st.sampled_from(
    [{}, {"separators": (",", ":")}, {"indent": 1}, {"separators": (" ,\r\n", " :\t"), "ensure_ascii": False}]
)

DAMAGE = [b"", b"}", b"]", b",", b'"', b"{", b"[", b"NaN", b"\\", b"\xff", b" "]


def pieces(raw: bytes, size: int) -> Iterator[bytes]:
    return (raw[place : place + size] for place in range(0, len(raw), size))


def read(raw: bytes, size: int = 2**20, mender: Mender | None = None) -> tuple[Document, list[Annotation]]:
    annotations: list[Annotation] = []
    return read_document(pieces(raw, size), annotations.extend, mender or Mender()), annotations


def outcome(raw: bytes, size: int) -> object:
    mender = Mender()
    try:
        return *read(raw, size, mender), mender.problems
    except Unusable as error:
        return re.sub(r"byte [\d,]+", "", str(error))


@st.composite
def texts(draw: st.DrawFn) -> tuple[dict[str, Any], bytes]:
    content = draw(DOCUMENTS)
    shuffled = {key: content[key] for key in draw(st.permutations(sorted(content)))}
    return content, draw(st.sampled_from([b"", b"\xef\xbb\xbf"])) + json.dumps(shuffled, **draw(FORMS)).encode()


@settings(max_examples=150)
@given(made=texts(), size=st.integers(1, 400))
def test_it_reads_what_pythons_reader_reads_wherever_the_text_is_cut(
    made: tuple[dict[str, Any], bytes], size: int
) -> None:
    content, raw = made
    document, annotations = read(raw, size)
    assert annotations == msgspec.convert(content["annotations"], list[Annotation])
    assert document == msgspec.convert({**content, "annotations": []}, Document)


@settings(max_examples=150)
@given(made=texts(), size=st.integers(1, 400), draws=st.data())
def test_what_it_refuses_is_what_the_parser_refuses_of_the_whole(
    made: tuple[dict[str, Any], bytes], size: int, draws: st.DataObject
) -> None:
    """A changed text is read as the whole of it is, mended where it is JSON, or is refused with the same place."""
    raw = bytearray(made[1])
    start, end = sorted(draws.draw(st.tuples(*[st.integers(0, len(raw))] * 2)))
    end = min(end, start + 3)
    raw[start:end] = draws.draw(st.sampled_from(DAMAGE))
    try:
        whole = msgspec.json.decode(bytes(raw).removeprefix(b"\xef\xbb\xbf"), type=Document)
    except msgspec.ValidationError:
        assert outcome(bytes(raw), size) == outcome(bytes(raw), 2**20)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        with pytest.raises(Unusable) as refused:
            read(bytes(raw), size)
        place = re.search(r"byte (\d+)\)", str(error))
        if place and type(error) is msgspec.DecodeError and "(byte" in str(refused.value):
            told = re.search(r"byte ([\d,]+)\)", str(refused.value))
            assert told
            mark = 3 * raw.startswith(b"\xef\xbb\xbf")
            assert int(told[1].replace(",", "")) - mark == pytest.approx(int(place[1]), abs=1)  # as msgspec counts
    else:
        document, annotations = read(bytes(raw), size)
        assert annotations == whole.annotations
        whole.annotations = []
        assert document == whole


BARE = '"images": [], "categories": []'
ENTRY = '{"id": 1, "image_id": 2, "category_id": 3, "bbox": [1, 2, 3, 4]}'


@pytest.mark.parametrize(
    "text",
    [
        f'{{"info": {{"annotations": [{ENTRY}, 5]}}, {BARE}, "annotations": [{ENTRY}]}}',
        f'{{"info": "\\"annotations\\": [", {BARE}, "annotations": [{ENTRY}]}}',
        f'{{"my \\"annotations": [1], {BARE}, "annotations": [{ENTRY}]}}',
        f'{{{BARE}, "annotations"{" " * 200}: [{ENTRY}]}}',
        f'{{{BARE}, "annotat\\u0069ons": [{ENTRY}]}}',
    ],
)
@pytest.mark.parametrize("size", [1, 30, 1000])
def test_only_the_documents_own_list_counts(text: str, size: int) -> None:
    assert [annotation.image_id for annotation in read(text.encode(), size)[1]] == [2]


@pytest.mark.parametrize("second", ["[]", f"[{ENTRY}]", "[5]", "null"])
def test_two_lists_of_annotations_are_refused(second: str) -> None:
    with pytest.raises(Unusable, match=r"more than one list of annotations|annotations: expected|annotations\[0\]"):
        read(f'{{{BARE}, "annotations": [{ENTRY}], "annotations": {second}}}'.encode())


def test_of_a_key_that_stands_twice_in_an_entry_the_last_counts_as_for_pythons_reader() -> None:
    twice = ENTRY.replace('"id": 1', '"id": 1, "id": 7')
    assert read(f'{{{BARE}, "annotations": [{twice}]}}'.encode())[1][0].id == json.loads(twice)["id"] == 7


@pytest.mark.parametrize(("size", "number"), [(1, 5), (40, 5), (10_000, 5)])
def test_an_entry_is_named_by_its_number_in_the_file(size: int, number: int) -> None:
    entries = ", ".join([ENTRY] * number + [ENTRY.replace('"image_id": 2, ', "")] + [ENTRY])
    mender = Mender()
    _, annotations = read(f'{{{BARE}, "annotations": [{entries}]}}'.encode(), size, mender)
    assert len(annotations) == number + 1
    assert [problem.message for problem in mender.problems] == [
        f'1 annotation can\'t be used (annotations[{number}] has no "image_id"): dropped'
    ]


@pytest.mark.parametrize("between", [",", ", ,", "", ",]"])
@pytest.mark.parametrize("size", [1, 50, 10_000])
def test_entries_without_one_comma_between_them_are_no_json(between: str, size: int) -> None:
    text = f'{{{BARE}, "annotations": [{between}{ENTRY}{between}{ENTRY}{between}]}}'
    with pytest.raises(Unusable, match="it is not JSON"):
        read(text.encode(), size)


def test_a_file_of_nested_lists_is_read_where_no_cut_can_be_guessed() -> None:
    entry = ENTRY.replace("}", ', "parts": [{"a": "},{"},{"b": [{},{}]}]}')
    text = f'{{{BARE}, "annotations": [{",".join([entry] * 50)}]}}'
    assert len(read(text.encode(), 700)[1]) == 50


@pytest.mark.parametrize(
    ("begin", "message"),
    [
        ('{"info": "', "more than 536,870,912 bytes beside its annotations"),
        (
            f'{{{BARE}, "annotations": [{ENTRY}, {{"more": "',
            "more than 536,870,912 bytes beside its annotations, or in one of them",
        ),
        (f'{{{BARE}, "annotations": [{ENTRY}], "more": "', "more than 536,870,912 bytes beside its annotations"),
    ],
)
def test_a_string_without_end_is_refused_before_it_fills_the_memory(begin: str, message: str) -> None:
    with pytest.raises(Unusable, match=message):
        read_document(chain([begin.encode()], repeat(b"x" * 2**20)), lambda _: None, Mender())
