"""Sentences that begin with a number."""

import re

_ONE = re.compile(r"1 (?P<noun>[a-z]+s)\b(?: (?P<verb>[a-z']+))?")
_NOUNS = {"boxes": "box", "categories": "category", "classes": "class", "entries": "entry"}
_REGULAR = ("hold", "leak", "leave", "lie", "name", "occur", "say", "state")
_VERBS = {"are": "is", "aren't": "isn't", "have": "has", "were": "was"} | {verb: f"{verb}s" for verb in _REGULAR}


def agree(sentence: str) -> str:
    """A sentence in the singular where it begins with 1: "1 images state no size" becomes "1 image states no size"."""

    def singular(found: re.Match[str]) -> str:
        noun, verb = found["noun"], found["verb"]
        own = f"1 {_NOUNS.get(noun, noun.removesuffix('s'))}"
        return f"{own} {_VERBS.get(verb, verb)}" if verb else own

    return _ONE.sub(singular, sentence, count=1) if sentence.startswith("1 ") else sentence
