"""SVG and PNG: the same twice, apart from one another in one page, and true to texts from outside."""

import re
from xml.etree import ElementTree

import pytest

from bakeoff.report import charts
from bakeoff.report.rendering import INK, inline, printable, to_png, to_svg

STRANGE = ('id="x"', "url(#part0)", INK, "a > b & <c>", 'it\'s "so"')


@pytest.fixture(scope="module")
def svg() -> str:
    return to_svg(charts.confusion([[number + 1] * 5 for number in range(5)], STRANGE))


def texts(svg: str) -> set[str]:
    return {
        "".join(element.itertext()) for element in ElementTree.fromstring(svg).iter() if element.tag.endswith("text")
    }


def test_the_same_chart_gives_the_same_bytes(svg: str) -> None:
    assert to_svg(charts.confusion([[number + 1] * 5 for number in range(5)], STRANGE)) == svg
    assert to_png(svg) == to_png(svg)
    assert to_png(svg).startswith(b"\x89PNG")


def test_texts_that_look_like_markup_stay_as_they_are(svg: str) -> None:
    assert set(STRANGE) <= texts(svg)
    assert set(STRANGE) <= texts(inline(svg, "first"))


def test_ids_in_one_page_are_apart_and_found(svg: str) -> None:
    for name in ("first", "second"):
        page = inline(svg, name)
        ids = {element.get("id") for element in ElementTree.fromstring(page).iter()} - {None}
        assert ids == {f"{name}-part0"}, "the colour scale's gradient"
        assert f'fill="url(#{name}-part0)"' in page


def test_inline_charts_take_the_colours_and_width_of_the_page(svg: str) -> None:
    page = inline(svg, "first")
    assert 'fill="currentColor"' in page
    assert f'fill="{INK}"' not in page
    assert re.match(r'<svg aria-hidden="true" [^>]*viewBox="[^"]+">', page)
    assert not re.match(r"<svg [^>]* width=", page)


def test_what_xml_forbids_is_written_out() -> None:
    spec = {"a\x00": ["b\x1bc", {"d": "e\ufffe\udc80"}, 1.5, None], "ok": "ünï ☃ 🐈"}
    assert printable(spec) == {r"a\x00": [r"b\x1bc", {"d": r"e\ufffe\udc80"}, 1.5, None], "ok": "ünï ☃ 🐈"}
    assert printable("a\x00") != printable("a\x01")
