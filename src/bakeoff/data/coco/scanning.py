"""Where an array's entries end, by counting brackets: exact, and slow beside a parser."""

import re

TOKEN = re.compile(rb'"[^"\\]*+(?:\\.[^"\\]*+)*+"|["\[\]{}]', re.DOTALL)
"""A whole string, a bracket, or the quote of a string that does not end."""
QUOTE, OPENING = ord('"'), b"[{"


def find_cut(text: bytes | bytearray) -> tuple[int, bool] | None:
    """Where a text that begins with an array can be cut.

    Args:
        text: Begins with the array's bracket; may end anywhere, in the array or behind it.

    Returns:
        The place of the bracket that ends the array, and true; or, where it does not end, that of the last comma
        between an entry and a list or object, and false; or None where there is neither.
    """
    depth, end, cut = 0, None, None
    for token in TOKEN.finditer(text):
        kind = text[token.start()]
        if kind == QUOTE:
            if token.end() == token.start() + 1:
                break
        elif kind in OPENING:
            if depth == 1 and end is not None and (comma := text.find(b",", end, token.start())) >= 0:
                cut = comma
            depth += 1
        else:
            depth -= 1
            if depth == 0:
                return token.start(), True
            if depth == 1:
                end = token.end()
    return None if cut is None else (cut, False)


def is_whole(text: bytes | bytearray) -> bool:
    """Whether all of a text's strings and brackets end in it."""
    depth = 0
    for token in TOKEN.finditer(text):
        kind = text[token.start()]
        if kind != QUOTE:
            depth += 1 if kind in OPENING else -1
        elif token.end() == token.start() + 1:
            return False
    return depth == 0
