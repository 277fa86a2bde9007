"""From a chart's specification to SVG and PNG, on disk and in the page; no network is needed."""

import re
from collections.abc import Callable
from functools import cache
from typing import Any, TypeAlias

import vl_convert

Json: TypeAlias = Any  # nested as JSON is; narrowed where it is used
Spec = dict[str, Json]
"""A Vega-Lite specification."""

INK, LINE = "#24292f", "#d0d7de"
"""The colours of text and of lines, which the page replaces by its own."""

HOVER = "hover"
"""The name of layers that are there for tooltips alone."""

PNG_SCALE = 2

VEGALITE = "application/vnd.vegalite.v6+json"
"""The MIME type by which a notebook draws a specification itself."""

_TAG = re.compile(r"""<(?:[^<>"']|"[^"]*"|'[^']*')*>""")
_ATTRIBUTE = re.compile(r' (id|href|xlink:href|fill|stroke|clip-path)="([^"]*)"')
_REFERENCE = re.compile(r"^(url\(#|#)([^)]*)(\)?)$")
_UNPRINTABLE = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028-\u202e\u2066-\u2069\ud800-\udfff\ufffe\uffff]")


def printable(value: Json) -> Json:
    r"""A specification whose texts hold no character that XML or Vega forbids: each is written out, such as `\x00`.

    The renderer ends the whole process on such a character, and names of classes come from outside. Controls of the
    direction of writing are written out, too: they would show other names than there are.
    """
    if isinstance(value, str):
        return _UNPRINTABLE.sub(lambda found: found[0].encode("unicode_escape").decode(), value)
    if isinstance(value, list):
        return [printable(item) for item in value]
    if isinstance(value, dict):
        return {printable(key): printable(item) for key, item in value.items()}
    return value


def to_svg(chart: Spec) -> str:
    """The chart as SVG; the same chart gives the same bytes."""
    svg = str(vl_convert.vegalite_to_svg(_still(chart)))
    names: dict[str, str] = {}  # the renderer's own ids count on from chart to chart

    def number(name: str) -> str:
        return names.setdefault(name, f"part{len(names)}")

    return _rename(svg, number)


def to_png(svg: str) -> bytes:
    """An SVG of `to_svg` as PNG, on white, at twice its size."""
    return bytes(vl_convert.svg_to_png(on_paper(svg), scale=PNG_SCALE))


def on_paper(svg: str) -> str:
    """An SVG of `to_svg` on white, for where its background is not known."""
    paper = '<rect width="100%" height="100%" fill="white"/>'
    return _TAG.sub(lambda tag: tag[0] + paper, svg, count=1)


def to_pdf(svg: str) -> bytes:
    """An SVG of `to_svg` as a PDF of one page, its texts and lines still such."""
    return bytes(vl_convert.svg_to_pdf(svg))


def inline(svg: str, name: str) -> str:
    """An SVG for the page: with ids of its own, text and lines in the page's colours, its width left to the page."""
    colors = {INK: "currentColor", LINE: "var(--line)"}
    svg = _rename(svg, lambda own: f"{name}-{own}", colors)
    sized = r'<svg ([^>]*?)width="(\d+)" height="\d+"'
    return re.sub(sized, r'<svg aria-hidden="true" style="--width: \2px" \1', svg, count=1)


def to_page(chart: Spec) -> Spec:
    """The chart as the page's script draws it: text and lines in the page's colours."""
    return dict(_replace(chart, {INK: "currentColor", LINE: "var(--line)"}))


@cache
def bundle() -> str:
    """The JavaScript that draws charts in the page: Vega, Vega-Lite and Vega-Embed, all in one."""
    return vl_convert.javascript_bundle("window.vegaEmbed = vegaEmbed;")


def _replace(value: Json, new: dict[str, str]) -> Json:
    if isinstance(value, str):
        return new.get(value, value)
    if isinstance(value, list):
        return [_replace(item, new) for item in value]
    if isinstance(value, dict):
        return {key: _replace(item, new) for key, item in value.items()}
    return value


def _still(value: Json) -> Json:
    """A specification without the layers that are there for tooltips alone."""
    if isinstance(value, list):
        return [_still(item) for item in value if not (isinstance(item, dict) and item.get("name") == HOVER)]
    if isinstance(value, dict):
        return {key: _still(item) for key, item in value.items()}
    return value


def _rename(svg: str, change: Callable[[str], str], colors: dict[str, str] | None = None) -> str:
    """Changes ids, the references to them, and colours; texts that look like one stay as they are."""

    def attribute(found: re.Match[str]) -> str:
        key, value = found[1], found[2]
        if key == "id":
            value = change(value)
        elif reference := _REFERENCE.match(value):
            known = reference[1] == "url(#" or key.endswith("href")
            value = f"{reference[1]}{change(reference[2])}{reference[3]}" if known else value
        return f' {key}="{(colors or {}).get(value, value)}"'

    return _TAG.sub(lambda tag: _ATTRIBUTE.sub(attribute, tag[0]), svg)
